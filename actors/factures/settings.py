"""What factures is told from outside beside the common settings."""

from pydantic import BaseModel, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from actors.factures.platform.port import PlatformAddress
from messages.factures.platform import PLATFORM_UNKNOWN
from messages.problem import Refused


class PlatformUrls(BaseModel):
    """Where a platform's services are."""

    flow_url: str
    directory_url: str
    token_url: str


class FacturesSettings(BaseSettings):
    """`CRM_FACTURES_*`; `CRM_FACTURES_PLATFORMS` is JSON: {"SIM": {"flow_url": ..., "directory_url": ..., "token_url": ...}}."""

    model_config = SettingsConfigDict(env_prefix="CRM_FACTURES_", extra="ignore")

    platforms: dict[str, PlatformUrls] = Field(
        default_factory=dict, description="left out: invoices leave by mail or post"
    )
    webhook_url: str | None = Field(
        default=None,
        description="where platforms report to: the public address of the bridge's route for their reports",
    )

    def address(self, platform_code: str) -> PlatformAddress:
        """Where a platform is; PLATFORM_UNKNOWN when nobody configured it."""
        urls = self.platforms.get(platform_code)
        if urls is None:
            known = ", ".join(sorted(self.platforms)) or "none"
            raise Refused.field(
                "platform_code",
                "unknown",
                f"the platform '{platform_code}' is not configured (known: {known}); set CRM_FACTURES_PLATFORMS",
                PLATFORM_UNKNOWN,
            )
        return PlatformAddress(urls.flow_url, urls.directory_url, urls.token_url)
