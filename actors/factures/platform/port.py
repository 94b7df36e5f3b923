"""What factures needs of an approved platform, whoever runs it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


class PlatformUnavailableError(Exception):
    """The platform did not answer, or not in a way that says what happened; repeat later."""


@dataclass(frozen=True, slots=True)
class PlatformAddress:
    """Where a platform's services are; each URL ends before the first path of its API."""

    flow_url: str
    directory_url: str
    token_url: str


@dataclass(frozen=True, slots=True)
class Upload:
    """A file for the platform. The same tracking_id is the same sending, however often it is tried."""

    tracking_id: str
    filename: str
    content: bytes
    sha256: str
    syntax: str
    processing_rule: str
    mime: str


@dataclass(frozen=True, slots=True)
class FoundFlow:
    """A flow as the platform lists it; `content` where it is a message to us."""

    flow_id: str
    type: str
    updated_at: datetime
    tracking_id: str | None
    ack_status: str | None
    ack_details: tuple[str, ...] = ()
    content: bytes | None = None


@dataclass(frozen=True, slots=True)
class DirectoryLine:
    """Where an address receives its invoices; WK: through an approved platform."""

    address: str
    platform_type: str
    is_enabled: bool


class ApprovedPlatform(Protocol):
    """A platform; every call may be repeated. Raises PlatformUnavailableError, or Refused (PLATFORM_REFUSED)."""

    async def send(self, upload: Upload) -> str:
        """The flow's id; the same one again when the sending is known already."""

    async def flows_since(self, since: datetime | None) -> Sequence[FoundFlow]:
        """Flows that changed after an instant, in the order of their change, with the messages to us."""

    async def directory_line(self, address: str) -> DirectoryLine | None:
        """The entry of an address in the directory; None when there is none."""

    async def subscribe(self, callback_url: str) -> str:
        """Have changes reported to a URL; the key that signs the reports."""
