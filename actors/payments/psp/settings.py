"""What payments is told from outside about providers."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from messages.payments import Provider


class ProviderSettings(BaseSettings):
    """`CRM_PAYMENTS_*`: `CRM_PAYMENTS_PROVIDER_URLS` is JSON, {"STRIPE": "http://127.0.0.1:9000/v1"}."""

    model_config = SettingsConfigDict(env_prefix="CRM_PAYMENTS_", extra="ignore")

    provider_urls: dict[Provider, str] = Field(
        default_factory=dict, description="where a provider answers instead of its own hosts: simulators"
    )
    provider_timeout_seconds: float = Field(default=30.0, gt=0, description="for one call to a provider")
