"""commercial, clawbacks: what is taken back, and the negative balances carried to later statements."""

from datetime import date
from enum import StrEnum
from uuid import UUID

from pydantic import model_validator

from messages.base import Event, Reply, Request
from messages.commercial.commissions import Period
from messages.errors import BUSINESS_RULE_VIOLATION, INVALID_TRANSITION, NOT_FOUND
from messages.paging import Page, PageRequest
from messages.values.money import Money
from messages.values.numbers import Rate
from messages.values.refusal import refusal
from messages.values.text import Label

CLAWBACK_NOT_FOUND = NOT_FOUND.specific("CLAWBACK_NOT_FOUND", "Reprise introuvable", "Clawback not found")


CLAWBACK_WINDOW_EXPIRED = BUSINESS_RULE_VIOLATION.specific(
    "CLAWBACK_WINDOW_EXPIRED", "Délai de reprise dépassé", "Clawback window expired"
)


CLAWBACK_NOTHING_TO_RECOVER = BUSINESS_RULE_VIOLATION.specific(
    "CLAWBACK_NOTHING_TO_RECOVER", "Rien à reprendre", "Nothing to recover"
)


CLAWBACK_EXCEEDS_ENTRY = BUSINESS_RULE_VIOLATION.specific(
    "CLAWBACK_EXCEEDS_ENTRY", "Reprise supérieure à la commission", "Clawback exceeds the commission"
)


CLAWBACK_ALREADY_APPLIED = INVALID_TRANSITION.specific(
    "CLAWBACK_ALREADY_APPLIED", "Reprise déjà appliquée", "Clawback already applied"
)


class ClawbackKind(StrEnum):
    """Why a commission is taken back."""

    TERMINATION = "TERMINATION"
    WITHDRAWAL = "WITHDRAWAL"
    UNPAID = "UNPAID"
    REVERSAL = "REVERSAL"
    REFUND = "REFUND"
    QUALITY_FAILURE = "QUALITY_FAILURE"
    FRAUD = "FRAUD"
    OTHER = "OTHER"


class ClawbackStatus(StrEnum):
    """PENDING waits for a statement."""

    PENDING = "PENDING"
    APPLIED = "APPLIED"
    CANCELLED = "CANCELLED"


class CarryOverStatus(StrEnum):
    """Whether a negative balance is still open."""

    OPEN = "OPEN"
    SETTLED = "SETTLED"


class ClawbackRef(Reply):
    """A clawback as facts name it."""

    clawback_id: UUID
    entry_id: UUID
    contract_id: UUID
    rep_id: UUID
    company_id: UUID
    kind: ClawbackKind
    amount: Money
    event_date: date
    application_period: Period


class CarryOverRef(Reply):
    """A carried negative balance as facts name it."""

    carry_over_id: UUID
    rep_id: UUID
    company_id: UUID
    amount: Money
    remaining: Money
    period: Period


class Clawback(ClawbackRef):
    """A clawback with what it was computed from."""

    reference: str
    method: str
    share_percent: Rate
    window_start: date | None = None
    window_end: date | None = None
    original_amount: Money
    target_total: Money
    regularised: Money
    status: ClawbackStatus
    statement_id: UUID | None = None
    reason: str | None = None
    version: int


class ClawbackPage(Page[Clawback]):
    """Clawbacks, newest first."""


class CarryOver(CarryOverRef):
    """A carried negative balance."""

    reference: str
    status: CarryOverStatus


class CarryOverPage(Page[CarryOver]):
    """Carry-overs, oldest first."""


class TriggerClawback(Request[ClawbackPage], resource="clawback"):
    """Take commissions of a contract or one entry back by hand; without amount, by the plan's window and method."""

    entry_id: UUID | None = None
    contract_id: UUID | None = None
    kind: ClawbackKind = ClawbackKind.OTHER
    event_date: date
    reason: Label
    amount: Money | None = None

    @model_validator(mode="after")
    def _one_target(self) -> "TriggerClawback":
        if (self.entry_id is None) == (self.contract_id is None):
            raise refusal("ONE_KEY", "give either entry_id or contract_id")
        if self.amount is not None and self.entry_id is None:
            raise refusal("ENTRY_REQUIRED", "an amount is taken back of one entry; give entry_id")
        return self


class GetClawback(Request[Clawback], query=True):
    """One clawback."""

    clawback_id: UUID


class ListClawbacks(PageRequest, Request[ClawbackPage], query=True, resource="clawback"):
    """The clawbacks of the organisation."""

    entry_id: UUID | None = None
    contract_id: UUID | None = None
    rep_id: UUID | None = None
    kind: ClawbackKind | None = None
    status: ClawbackStatus | None = None
    period: Period | None = None


class CancelClawback(Request[Clawback], resource="clawback"):
    """Cancel a clawback that no statement applied."""

    clawback_id: UUID
    reason: Label


class ListCarryOvers(PageRequest, Request[CarryOverPage], query=True, resource="carry_over"):
    """Negative balances carried to later statements."""

    rep_id: UUID | None = None
    company_id: UUID | None = None
    status: CarryOverStatus | None = None


class ClawbackCreated(ClawbackRef, Event, aggregate="clawback"):
    """A commission, or a part of it, is to be taken back."""


class ClawbackApplied(ClawbackRef, Event, aggregate="clawback"):
    """A validated statement took it back."""

    statement_id: UUID


class ClawbackCancelled(ClawbackRef, Event, aggregate="clawback"):
    """It is not taken back after all."""

    reason: str


class CarryOverCreated(CarryOverRef, Event, aggregate="carry_over"):
    """A statement could not take everything back; the rest waits for later commissions."""


class CarryOverSettled(CarryOverRef, Event, aggregate="carry_over"):
    """The carried balance is used up."""
