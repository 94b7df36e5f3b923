"""What the local issuer is told from outside."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from runtime.settings import Environment, Settings


class LocalIssuerSettings(BaseSettings):
    """`CRM_LOCAL_ISSUER_*`. Clients are public: what protects a code is PKCE and the exact redirect address."""

    model_config = SettingsConfigDict(env_prefix="CRM_LOCAL_ISSUER_", extra="ignore")

    url: str | None = Field(default=None, description="the issuer as in its tokens; unset: there is no local issuer")
    folder: Path = Field(default=Path(), description="where accounts.json and keys.json lie, readable by their owner")
    clients: dict[str, tuple[str, ...]] = Field(
        default={"crm-web": (), "crm-cli": ()}, description="the exact redirect addresses of each client"
    )
    auto_login: bool = Field(default=False, description="a known login_hint needs no password; on loopback only")
    loopback: bool = Field(default=True, description="whether the bridge listens on loopback")

    def check(self, settings: Settings) -> None:
        """Refuse to start where it may not run."""
        if self.url is not None and settings.environment is Environment.PRODUCTION:
            raise SystemExit(
                "CRM_LOCAL_ISSUER_URL must not be set in production: unset it and set CRM_IDENTITY_ISSUER_URL to your issuer"
            )
        if self.auto_login and not self.loopback:
            raise SystemExit(
                "CRM_LOCAL_ISSUER_AUTO_LOGIN needs a bridge on loopback: turn it off or listen on 127.0.0.1"
            )
