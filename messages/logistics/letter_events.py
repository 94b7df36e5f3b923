"""logistics: what is stated of letters, from the order to the proof of their delivery."""

from datetime import date
from uuid import UUID

from pydantic import ConfigDict, Field

from messages.base import Event, Reply
from messages.logistics.letters import LetterPurpose, LetterStatus, NoticeStatus, ProofKind, UndeliveredReason
from messages.shared import LetterKind
from messages.values.instants import Instant


class LetterRef(Reply):
    """What every fact about a letter says of it."""

    letter_id: UUID
    number: str
    kind: LetterKind
    purpose: LetterPurpose
    company_id: UUID
    client_id: UUID | None = None
    contract_id: UUID | None = None
    invoice_id: UUID | None = None
    action_id: UUID | None = None
    notice_id: UUID | None = None
    reminder_id: UUID | None = None
    request_id: UUID | None = None
    tracking_number: str | None = None
    notice_status: NoticeStatus | None = None
    effective_notice_date: date | None = None


class LetterCreated(LetterRef, Event, aggregate="letter"):
    """A letter is written."""


class LetterSubmitted(LetterRef, Event, aggregate="letter"):
    """The provider has the order; nothing stops it any more."""


class LetterAccepted(LetterRef, Event, aggregate="letter"):
    """The provider will print it."""


class LetterPosted(LetterRef, Event, aggregate="letter"):
    """Handed to the post: the deposit date of the sender, not a delivery."""

    posted_at: Instant


class LetterFirstPresented(LetterRef, Event, aggregate="letter"):
    """The postman was there for the first time; many delays run from this day."""

    first_presented_at: Instant


class LetterDelivered(LetterRef, Event, aggregate="letter"):
    """Handed to the recipient against a signature."""

    delivered_at: Instant
    proof_available: bool


class LetterUndelivered(LetterRef, Event, aggregate="letter"):
    """The post keeps it no longer; it is on its way back."""

    reason: UndeliveredReason


class LetterReturned(LetterRef, Event, aggregate="letter"):
    """Back with the sender."""

    returned_at: Instant


class LetterProofAvailable(LetterRef, Event, aggregate="letter"):
    """A proof is stored with documents."""

    proof_kind: ProofKind
    document_id: UUID
    proof_date: date


class PostalAddressInvalidDetected(Event, aggregate="postal_address", aggregate_id="client_id"):
    """The post says that a client's address is wrong."""

    client_id: UUID
    letter_id: UUID
    reason: UndeliveredReason


class LetterCancelled(LetterRef, Event, aggregate="letter"):
    """It will not be sent."""

    reason: str


class LetterFailed(LetterRef, Event, aggregate="letter"):
    """Our side gave up."""

    reason: str


class LetterRejected(LetterRef, Event, aggregate="letter"):
    """The provider refused it."""

    reason: str


class LetterStatusChanged(LetterRef, Event, aggregate="letter"):
    """Every step, for timelines."""

    # `from` is a word of Python: the wire keeps it, the code says from_status.
    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True, validate_by_alias=True)

    from_status: LetterStatus = Field(alias="from")
    to_status: LetterStatus = Field(alias="to")
    reason: str | None = None
    occurred_at: Instant
