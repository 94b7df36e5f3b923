"""The issuer's directory of accounts: Keycloak's admin REST interface, and its simulator."""
