"""What contrats is told from outside beside the common settings."""

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class ContratsSettings(BaseSettings):
    """`CRM_CONTRATS_*`: the account at the signature provider (development and demo: the simulator)."""

    model_config = SettingsConfigDict(env_prefix="CRM_CONTRATS_", extra="ignore")

    yousign_url: str | None = Field(
        default=None, description="left out: contracts are signed on paper or in the portal"
    )
    yousign_api_key: SecretStr = SecretStr("key")
    yousign_webhook_secret: SecretStr = Field(default=SecretStr(""), description="left out: every webhook is refused")

    @property
    def yousign_is_sandbox(self) -> bool:
        """Only the provider's production host signs for real."""
        return self.yousign_url is None or "//api.yousign.app" not in self.yousign_url
