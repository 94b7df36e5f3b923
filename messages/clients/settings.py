"""clients, settings: what an organisation decides itself about codes, duplicates and calls."""

from datetime import date
from typing import Annotated

from pydantic import Field, model_validator

from messages.base import Part, Reply, Request
from messages.clients.vocabulary import OnDuplicate
from messages.values.refusal import refusal

CodePrefix = Annotated[str, Field(pattern=r"^[A-Z0-9-]{0,10}$")]
Score = Annotated[int, Field(ge=1, le=100)]


class DuplicateThresholds(Part):
    """From which score on two records are possibly, probably, certainly one client."""

    possible: Score = 40
    probable: Score = 60
    certain: Score = 80

    @model_validator(mode="after")
    def _rise(self) -> "DuplicateThresholds":
        if not self.possible < self.probable < self.certain:
            raise refusal("THRESHOLDS", "the thresholds rise: possible, then probable, then certain")
        return self


class ClientSettings(Reply):
    """The organisation's choices; version 0 is the default that nobody changed."""

    client_code_prefix: CodePrefix = "CLI-"
    duplicate_thresholds: DuplicateThresholds = DuplicateThresholds()
    on_duplicate: OnDuplicate = Field(
        default=OnDuplicate.REJECT_CERTAIN, description="where create_client says nothing"
    )
    phone_optin_from: date = Field(
        default=date(2026, 8, 11), description="calls to persons need consent (law 2025-594)"
    )
    sector_ban_from: date = Field(default=date(2025, 7, 2), description="no calls for energy renovation and adaptation")
    version: int = 0


class GetClientSettings(Request[ClientSettings], query=True, permission="clients:settings:read"):
    """The settings."""


class UpdateClientSettings(Request[ClientSettings], permission="clients:settings:write"):
    """Change settings; a field left out stays. Codes that were given stay, too."""

    client_code_prefix: CodePrefix | None = None
    duplicate_thresholds: DuplicateThresholds | None = None
    on_duplicate: OnDuplicate | None = None
    phone_optin_from: date | None = None
    sector_ban_from: date | None = None
    expected_version: int
