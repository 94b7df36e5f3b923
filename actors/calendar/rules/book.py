"""The book of planned debits: its mirror of what payments does, and the control totals of a day."""

import hashlib
from collections.abc import Iterable
from decimal import Decimal
from uuid import UUID

from messages.calendar.terms import DebitDayStatus, FailureKind, PlannedDebitStatus
from messages.transitions import StateMachine
from messages.values.identifiers import derived_id

_S = PlannedDebitStatus

# A mirror never refuses: facts may come out of order, so steps that are missing are implied, and what is not in the
# table leaves the entry as it is.
_MIRROR = {
    ("batched", _S.PLANNED): _S.CONFIRMED,
    ("submitted", _S.PLANNED): _S.PROCESSING,
    ("submitted", _S.CONFIRMED): _S.PROCESSING,
    ("received", _S.PLANNED): _S.EXECUTED,
    ("received", _S.CONFIRMED): _S.EXECUTED,
    ("received", _S.PROCESSING): _S.EXECUTED,
    ("rejected", _S.PLANNED): _S.FAILED,
    ("rejected", _S.CONFIRMED): _S.FAILED,
    ("rejected", _S.PROCESSING): _S.FAILED,
    ("returned", _S.PROCESSING): _S.FAILED,
    ("returned", _S.EXECUTED): _S.FAILED,
    ("cancelled_before_submission", _S.CONFIRMED): _S.PLANNED,
    ("cancelled", _S.PROCESSING): _S.CANCELLED,
    ("given_up", _S.PLANNED): _S.CANCELLED,
}

DEBIT_DAY = StateMachine(
    "debit day",
    {
        ("freeze", DebitDayStatus.OPEN): DebitDayStatus.CUT_OFF,
        ("freeze", DebitDayStatus.CUT_OFF): DebitDayStatus.CUT_OFF,
        ("empty", DebitDayStatus.OPEN): DebitDayStatus.EMPTY,
        ("reopen", DebitDayStatus.EMPTY): DebitDayStatus.OPEN,
        ("settle", DebitDayStatus.CUT_OFF): DebitDayStatus.SETTLED,
    },
)
"""A day is frozen again when its entries change before the bank's cut-off; an empty one opens when an entry comes in time."""

COUNTED_AT_CUTOFF = (_S.PLANNED, _S.CONFIRMED)
COUNTED_AGAIN = (_S.PLANNED, _S.CONFIRMED, _S.PROCESSING, _S.EXECUTED)
"""When a frozen day is counted again, what was presented meanwhile is still part of it: payments counts it too."""


def after(fact: str, status: PlannedDebitStatus) -> PlannedDebitStatus | None:
    """The status after a fact; None when the fact changes nothing."""
    return _MIRROR.get((fact, status))


def entry_id(instalment_id: UUID, attempt: int) -> UUID:
    """The id of an entry: of a first presentation its instalment's, so that payments can compute the checksum too."""
    return instalment_id if attempt == 1 else derived_id("planned_debit", instalment_id, attempt)


def failure_kind(r_type: str) -> FailureKind:
    """The kind of a bank's exception; kinds without a name of their own count as RETURN."""
    return FailureKind(r_type) if r_type in set(FailureKind) else FailureKind.RETURN


def checksum(entries: Iterable[tuple[UUID, Decimal, str]]) -> str:
    """sha256 over the lines `id|amount|currency`, sorted by id."""
    lines = [
        f"{id_}|{amount:.2f}|{currency}\n" for id_, amount, currency in sorted(entries, key=lambda found: str(found[0]))
    ]
    return hashlib.sha256("".join(lines).encode()).hexdigest()
