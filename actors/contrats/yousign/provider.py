"""What contrats needs of a provider of electronic signatures, whoever it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from messages.contrats.signatures import AuthenticationMode, SignatureLevel, SignatureStatus, SignerStatus


class ProviderUnavailableError(Exception):
    """The provider did not answer, or not in a way that says what happened; repeat later."""


@dataclass(frozen=True, slots=True)
class Person:
    """Who is to sign; the position is the order."""

    first_name: str
    last_name: str
    email: str
    phone: str | None
    authentication: AuthenticationMode


@dataclass(frozen=True, slots=True)
class Envelope:
    """What is put before the signers. The same external_id is the same envelope, however often it is asked for."""

    external_id: str
    name: str
    level: SignatureLevel
    expires_at: datetime
    filename: str
    content: bytes
    signers: Sequence[Person]


@dataclass(frozen=True, slots=True)
class SignerState:
    """What a signer did, in the provider's words."""

    provider_signer_id: str
    status: SignerStatus
    signed_at: datetime | None
    decline_reason: str | None


@dataclass(frozen=True, slots=True)
class EnvelopeState:
    """Where the envelope stands at the provider; signers in their order."""

    provider_request_id: str
    status: SignatureStatus
    signers: tuple[SignerState, ...]


class Signatures(Protocol):
    """A provider of electronic signatures; every call may be repeated. Raises ProviderUnavailableError, or Refused."""

    async def open(self, envelope: Envelope) -> EnvelopeState:
        """Bring the envelope before its signers, whatever is there of it already."""

    async def read(self, provider_request_id: str) -> EnvelopeState:
        """Where the envelope stands."""

    async def signed_file(self, provider_request_id: str) -> bytes:
        """The signed PDF."""

    async def audit_trail(self, provider_request_id: str, provider_signer_id: str) -> bytes:
        """The provider's proof of what one signer did, as a PDF."""

    async def remind(self, provider_request_id: str, provider_signer_id: str) -> None:
        """Write once more to a signer whose turn it is."""

    async def cancel(self, provider_request_id: str) -> None:
        """Take the envelope back; what is over already is fine."""
