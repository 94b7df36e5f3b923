"""A small OpenID provider for a bare machine: sign-in works without Keycloak. Identity treats it like any other issuer."""

from runtime.local_issuer.accounts import Accounts
from runtime.local_issuer.app import create_local_issuer
from runtime.local_issuer.settings import LocalIssuerSettings

__all__ = ["Accounts", "LocalIssuerSettings", "create_local_issuer"]
