"""What logistics is told from outside beside the common settings."""

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class LogisticsSettings(BaseSettings):
    """`CRM_LOGISTICS_*`: the postal account that new organisations begin with (development and demo: the simulator)."""

    model_config = SettingsConfigDict(env_prefix="CRM_LOGISTICS_", extra="ignore")

    maileva_url: str | None = Field(default=None, description="left out: new organisations begin without account")
    maileva_username: str = "crm"
    maileva_password: SecretStr = SecretStr("secret")
