"""What identity is told from outside beside the common settings."""

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class IdentitySettings(BaseSettings):
    """`CRM_IDENTITY_*`: the OpenID issuer that signs people in, and where invitation links lead."""

    model_config = SettingsConfigDict(env_prefix="CRM_IDENTITY_", extra="ignore")

    issuer_url: str | None = Field(
        default=None, description="the issuer exactly as in its tokens; unset: nobody signs in"
    )
    issuer_audience: str = Field(default="crm-api", description="what the issuer's tokens must be made for")
    issuer_clients: tuple[str, ...] = Field(
        default=("crm-web", "crm-cli"), description="clients whose tokens count (azp)"
    )
    keycloak_url: str | None = Field(
        default=None, description="base URL of Keycloak's admin interface; unset: accounts are kept by other means"
    )
    keycloak_realm: str = "crm"
    keycloak_client_id: str = Field(default="crm", description="a service account with manage-users and view-users")
    keycloak_client_secret: SecretStr = SecretStr("")
    platform_administrators: tuple[str, ...] = Field(
        default=(), description="e-mail addresses of platform staff: they list and suspend tenants, and rotate keys"
    )
    trial_days: int = Field(
        default=0, ge=0, le=365, description="days a new organisation is tried for before it is suspended; 0: no trial"
    )
    invitation_url: str = Field(
        default="http://127.0.0.1:8080/invitations/{token}", description="the invitation page; {token} is replaced"
    )
