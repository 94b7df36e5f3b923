"""What engagement is told from outside beside the common settings."""

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from messages.engagement import SmtpSecurity


class EngagementSettings(BaseSettings):
    """`CRM_ENGAGEMENT_*`: the relay that new organisations send through until they have a mailbox of their own,
    and the operator that carries text messages."""

    model_config = SettingsConfigDict(env_prefix="CRM_ENGAGEMENT_", extra="ignore")

    smtp_host: str | None = Field(default=None, description="left out: new organisations begin without mailbox")
    smtp_port: int = Field(default=25, ge=1, le=65535)
    smtp_security: SmtpSecurity = SmtpSecurity.NONE
    smtp_sender: str = Field(default="ne-pas-repondre@crm.example", description="sender address of that relay")
    sms_url: str | None = Field(default=None, description="left out: text messages fail and their orderers write mails")
    sms_token: SecretStr = SecretStr("secret")
    sms_sender: str = Field(default="CRM", max_length=11, description="what stands as sender on the phone")

    def is_trusted_host(self, host: str) -> bool:
        """The operator's own relay may stand in the private network; hosts that tenants name may not."""
        return self.smtp_host is not None and host == self.smtp_host
