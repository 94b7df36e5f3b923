"""What the bridge is told beside the settings every process has: variables `CRM_BRIDGE_*` and secret files."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from messages.base import NIL_ORGANISATION
from messages.registry import ACTORS
from runtime.settings import SECRETS_DIRECTORY


def _split(value: Any) -> Any:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


CommaSeparated = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]


class WebhookRoute(BaseModel):
    """One address a provider calls. Either the bridge checks its signature, or the actor does with the raw body.

    `organisation_in_path`: the address goes on with an organisation's id and what the actor gets as `path`, so that one
    route serves the accounts of all organisations. Only where the actor verifies.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    secret: SecretStr | None = Field(default=None, min_length=16)
    verified_by_actor: bool = False
    organisation_id: UUID = NIL_ORGANISATION
    organisation_in_path: bool = False

    @model_validator(mode="after")
    def _somebody_verifies(self) -> "WebhookRoute":
        if (self.secret is None) is not self.verified_by_actor:
            raise ValueError("give a webhook route either a secret or verified_by_actor=true")
        if self.organisation_in_path and not self.verified_by_actor:
            raise ValueError(
                "organisation_in_path needs verified_by_actor=true: one secret cannot serve all organisations"
            )
        return self


class BridgeSettings(BaseSettings):
    """`CRM_BRIDGE_WEBHOOKS` is JSON: {"<actor>/<request>[/<more>]": {"secret": "...", "organisation_id": "..."}}.

    Any may also be a file named like its variable: /run/secrets/crm_bridge_webhooks.
    """

    model_config = SettingsConfigDict(env_prefix="CRM_BRIDGE_", extra="ignore", secrets_dir=SECRETS_DIRECTORY)

    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)
    cors_origins: CommaSeparated = Field(default=(), description="origins whose scripts may call, comma separated")
    webhooks: dict[str, WebhookRoute] = Field(default_factory=dict)
    actors: CommaSeparated = Field(default=(), description="serve these actors only; empty means all")
    timeout_seconds: float = Field(default=15.0, gt=0, description="for a whole HTTP request, the live feed excepted")
    streams_per_user: int = Field(default=5, ge=1, description="open live feeds of one user in this process")
    stalled_seconds: float = Field(default=10.0, gt=0, description="a live feed is cut when a write takes longer")

    @model_validator(mode="after")
    def _names_are_known(self) -> "BridgeSettings":
        if unknown := set(self.actors) - set(ACTORS):
            raise ValueError(f"CRM_BRIDGE_ACTORS names unknown actors: {', '.join(sorted(unknown))}")
        if "*" in self.cors_origins:
            raise ValueError("CRM_BRIDGE_CORS_ORIGINS must list origins; '*' would let every site call with a token")
        return self
