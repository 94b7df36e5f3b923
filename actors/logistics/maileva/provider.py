"""What logistics needs of a postal provider, whoever it is."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol

from messages.logistics import Postage, PostalLines, ProofKind
from messages.shared import LetterKind


class ProviderRefusedError(Exception):
    """The provider refuses for good; repeating the same changes nothing. `code` is its own."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text


class ProviderUnavailableError(Exception):
    """The provider did not answer, or not in a way that says what happened; repeat later."""


@dataclass(frozen=True, slots=True)
class Account:
    """Where and as whom letters are handed in."""

    base_url: str
    username: str
    password: str


@dataclass(frozen=True, slots=True)
class Sending:
    """What is asked of the provider. The same custom_id is the same sending, however often it is asked for."""

    custom_id: str
    name: str
    kind: LetterKind
    postage: Postage
    colour: bool
    duplex: bool
    recipient: PostalLines
    sender: PostalLines | None
    filename: str
    content: bytes


@dataclass(frozen=True, slots=True)
class PostalScan:
    """Where the post saw it: the provider's code, its words and the instant."""

    code: str
    label: str
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class PostalReport:
    """All that the provider knows of a sending's only recipient, oldest scan first."""

    status: str
    registered_number: str | None = None
    scans: tuple[PostalScan, ...] = ()
    proofs: tuple[tuple[ProofKind, date], ...] = ()


class PostalProvider(Protocol):
    """A provider's draft is free and can be deleted; `submit` cannot be taken back."""

    async def prepare(self, sending: Sending) -> str:
        """Bring the draft to completeness, whatever is there of it already; its id at the provider."""

    async def status(self, kind: LetterKind, sending_id: str) -> str:
        """The provider's word about the sending's only recipient, or about the sending while it is a draft."""

    async def report(self, kind: LetterKind, sending_id: str) -> PostalReport:
        """What became of it, read anew."""

    async def proof(self, kind: LetterKind, sending_id: str, proof: ProofKind) -> bytes:
        """The PDF of a proof that a report has shown."""

    async def submit(self, kind: LetterKind, sending_id: str) -> None:
        """Order it; of unknown outcome it raises ProviderUnavailableError, and `status` tells."""

    async def discard(self, kind: LetterKind, sending_id: str) -> None:
        """Delete a draft; what is gone already is fine."""


Json = dict[str, Any]
