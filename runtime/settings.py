"""What a process is told from outside: environment variables `CRM_*` and secret files, nothing else."""

from enum import StrEnum
from pathlib import Path

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

_MOUNTED_SECRETS = Path("/run/secrets")
SECRETS_DIRECTORY = _MOUNTED_SECRETS if _MOUNTED_SECRETS.is_dir() else None
"""Where container engines mount secret files; a variable of the environment wins over a file."""


class Environment(StrEnum):
    """Where the process runs; production refuses what only development may do."""

    DEVELOPMENT = "development"
    TEST = "test"
    PRODUCTION = "production"


class Settings(BaseSettings):
    """Settings shared by every process. Any may also be a file named like its variable: /run/secrets/crm_nats_seed."""

    model_config = SettingsConfigDict(env_prefix="CRM_", extra="ignore", secrets_dir=SECRETS_DIRECTORY)

    environment: Environment = Environment.DEVELOPMENT
    nats_url: str = "nats://127.0.0.1:4222"
    nats_seed: SecretStr | None = Field(default=None, description="NKey seed of this process's NATS user")
    database_url: SecretStr | None = Field(default=None, description="this actor's database, for its application role")
    key_file: Path | None = Field(default=None, description="32-byte key that wraps the data keys")
    simulated_time: bool = Field(default=False, description="the header crm-time is 'now'; never in production")
    development_issuer_seed: SecretStr | None = Field(default=None, description="hex seed of the development token key")
    max_concurrent_requests: int = Field(default=128, ge=1)
    database_pool_size: int = Field(default=8, ge=2)
    work_concurrency: int = Field(default=8, ge=1)
    mailbox_batch: int = Field(default=256, ge=1, le=1024)
    event_retention_days: int = Field(default=30, ge=1)
    log_level: str = "INFO"
    log_format: str = "json"
    otlp_endpoint: str | None = Field(default=None, description="OTLP/HTTP collector, such as http://collector:4318")
    drain_seconds: float = 10.0

    @model_validator(mode="after")
    def _production_is_strict(self) -> "Settings":
        if self.environment is Environment.PRODUCTION:
            if self.simulated_time:
                raise ValueError("CRM_SIMULATED_TIME must be off in production")
            if self.development_issuer_seed is not None:
                raise ValueError("CRM_DEVELOPMENT_ISSUER_SEED must not be set in production")
        return self

    def required_database_url(self) -> str:
        """The database URL, or an error that says how to give it."""
        if self.database_url is None:
            raise SystemExit(
                "CRM_DATABASE_URL is not set: give the URL of this actor's database, postgresql://role:password@host/name"
            )
        return self.database_url.get_secret_value()
