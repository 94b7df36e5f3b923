"""What a status of the life cycle does to an invoice, whoever stated it."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy.dialects.postgresql import insert

from actors.factures import announcing, recovering, transmitting
from actors.factures.alerts import raise_alert
from actors.factures.platform import cdar
from actors.factures.rules import lifecycle as rules
from messages.base import Event
from messages.factures import Channel, DocumentKind, InvoiceStatus, RateAmount, TransmissionStatus
from messages.factures.platform import (
    AlertKind,
    Direction,
    EinvoiceApproved,
    EinvoiceCollected,
    EinvoiceDeposited,
    EinvoiceDisputed,
    EinvoiceRefused,
    EinvoiceRejected,
    EinvoiceStatusChanged,
    EinvoiceSuspended,
    EinvoiceTransmissionFailed,
)
from messages.values.identifiers import new_id
from messages.values.money import Money
from runtime.unit_of_work import Row, UnitOfWork
from storage.factures.tables import lifecycle_event

_FACTS: dict[int, type[Event]] = {
    200: EinvoiceDeposited,
    205: EinvoiceApproved,
    207: EinvoiceDisputed,
    208: EinvoiceSuspended,
    210: EinvoiceRefused,
    212: EinvoiceCollected,
    213: EinvoiceRejected,
    501: EinvoiceRejected,
}
_REJECTING = frozenset({213, 501})
_REFUSED = 210
COLLECTED, CANCELLED = 212, 220


@dataclass(frozen=True, slots=True)
class Stated:
    """A status as it came, or as we state it."""

    code: int
    occurred_at: datetime
    direction: Direction
    label: str = ""
    emitter_role: str | None = None
    reason_code: str | None = None
    reason_text: str | None = None
    amounts: tuple[tuple[Decimal, Decimal], ...] = ()
    content: bytes = b""
    cause: str = ""
    """What makes two statuses of one code and instant different: the settlement of a collection."""


async def apply(row: Row, stated: Stated, work: UnitOfWork) -> Row | None:
    """Keep a status of a locked invoice, once, and what it changes; the stored event, or None when it was known."""
    event = await _keep(row, stated, work)
    if event is None:
        return None
    before = TransmissionStatus(row["transmission_status"])
    after = rules.status_after(before, stated.code)
    if rules.is_unexpected(before, stated.code):
        text = f"status {stated.code} {stated.label} came for an invoice that is {before}; ask the platform"
        raise_alert(AlertKind.UNEXPECTED_STATUS, row["company_id"], text, work, invoice_id=row["id"])
    if after is not before or stated.code == COLLECTED:
        await _change(row, stated, before, after, work)
    if after is not before and stated.code in _REJECTING:
        await recovering.take_back_and_copy(row, work)
    elif after is not before and stated.code == _REFUSED:
        await recovering.take_back(row, work)
    return event


async def state(row: Row, stated: Stated, work: UnitOfWork) -> Row:
    """State a seller's status of a locked invoice: the message is queued for the platform, and applied here."""
    message = _message(row, stated)
    event = await apply(row, stated, work)
    assert event is not None
    await transmitting.queue_message(row, event["id"], stated.code, cdar.message(message), work)
    return event


async def tell_cancelled(row: Row, work: UnitOfWork) -> None:
    """A transmitted invoice that is fully credited or replaced is cancelled for its buyer too."""
    if row["status"] == InvoiceStatus.CANCELLED and is_with_a_platform(row):
        await state(row, Stated(CANCELLED, work.now, Direction.OUT, rules.LABELS[CANCELLED], "SE"), work)


def is_with_a_platform(row: Row) -> bool:
    """Whether statuses of the invoice mean something to its platform."""
    status = TransmissionStatus(row["transmission_status"])
    waiting = (TransmissionStatus.QUEUED, TransmissionStatus.BLOCKED)
    return rules.LIFE_CYCLE.allows(str(COLLECTED), status) and status not in waiting


async def block(row: Row, code: str, text: str, work: UnitOfWork, *, failed: bool) -> None:
    """The invoice cannot reach its buyer by the platform; it stays valid."""
    before = TransmissionStatus(row["transmission_status"])
    facts = {"code": code, "reason_code": None, "reason_text": text[:255], "occurred_at": work.now}
    events: list[tuple[type[Event], dict[str, Any]]] = []
    if rules.LIFE_CYCLE.allows("block", before):
        events.append((EinvoiceStatusChanged, {"from_status": before, "to_status": TransmissionStatus.BLOCKED}))
    if failed:
        events.append((EinvoiceTransmissionFailed, {"error_code": code}))
    if events:
        status = TransmissionStatus.BLOCKED if rules.LIFE_CYCLE.allows("block", before) else before
        await _say(row, events, facts, {"transmission_status": status}, work)


async def _change(
    row: Row, stated: Stated, before: TransmissionStatus, after: TransmissionStatus, work: UnitOfWork
) -> None:
    facts = {
        "code": str(stated.code),
        "reason_code": stated.reason_code,
        "reason_text": stated.reason_text,
        "occurred_at": stated.occurred_at,
    }
    events: list[tuple[type[Event], dict[str, Any]]] = []
    if after is not before:
        events.append((EinvoiceStatusChanged, {"from_status": before, "to_status": after}))
    if stated.code in _FACTS:
        more = {"amounts": rate_amounts(stated.amounts)} if stated.code == COLLECTED else {}
        events.append((_FACTS[stated.code], more))
    changed = await _say(row, events, facts, {"transmission_status": after, "lifecycle_code": stated.code}, work)
    if row["sent_at"] is None and row["channel"] == Channel.PLATFORM and is_with_a_platform(changed):
        await announcing.note_sent(changed, Channel.PLATFORM, stated.occurred_at, work)


async def _say(
    row: Row,
    events: list[tuple[type[Event], dict[str, Any]]],
    facts: dict[str, Any],
    columns: dict[str, Any],
    work: UnitOfWork,
) -> Row:
    changed = await announcing.change(row, work, steps=max(len(events), 1), **columns)
    reference = {name: row[name] for name in ("number", "company_id", "client_id")} | {"invoice_id": row["id"]}
    for version, (event, more) in enumerate(events, row["version"] + 1):
        work.emit(event.model_validate(reference | facts | more), version=version)
    return changed


def rate_amounts(amounts: tuple[tuple[Decimal, Decimal], ...]) -> tuple[RateAmount, ...]:
    """Amounts by rate as messages carry them."""
    return tuple(RateAmount(rate=rate, amount=Money(amount=amount)) for rate, amount in amounts)


async def _keep(row: Row, stated: Stated, work: UnitOfWork) -> Row | None:
    parts = (
        row["id"],
        stated.code,
        stated.occurred_at.isoformat(),
        stated.emitter_role,
        stated.reason_code,
        stated.cause,
    )
    kept = {
        "id": new_id(),
        "organisation_id": work.organisation_id,
        "invoice_id": row["id"],
        "code": stated.code,
        "label": stated.label or rules.LABELS.get(stated.code, ""),
        "direction": stated.direction,
        "emitter_role": stated.emitter_role,
        "reason_code": stated.reason_code,
        "reason_text": stated.reason_text,
        "amounts": [{"rate": f"{rate:.2f}", "amount": f"{amount:.2f}"} for rate, amount in stated.amounts],
        "occurred_at": stated.occurred_at,
        "received_at": work.now,
        "sha256": hashlib.sha256(stated.content).hexdigest(),
        "source_key": hashlib.sha256("|".join(map(str, parts)).encode()).hexdigest(),
    }
    added = await work.execute(insert(lifecycle_event).values(**kept).on_conflict_do_nothing())
    return kept if added else None


def _message(row: Row, stated: Stated) -> cdar.Status:
    seller, buyer = row["seller"], row["buyer"]
    return cdar.Status(
        code=stated.code,
        label=stated.label or rules.LABELS[stated.code],
        occurred_at=stated.occurred_at,
        invoice_number=row["number"],
        invoice_type=DocumentKind(row["kind"]).type_code,
        invoice_date=row["issue_date"],
        seller_siren=seller["siren"],
        issuer=cdar.Party(seller["siren"], seller["name"], "SE"),
        recipient=cdar.Party(buyer["siren"], buyer["name"], "BY"),
        message_id=str(new_id()),
        reason_code=stated.reason_code,
        reason_text=stated.reason_text,
        amounts=stated.amounts,
    )


def received(status: cdar.Status, content: bytes) -> Stated:
    """A message that came in."""
    return Stated(
        code=status.code,
        occurred_at=status.occurred_at,
        direction=Direction.IN,
        label=status.label,
        emitter_role=status.issuer.role,
        reason_code=status.reason_code,
        reason_text=status.reason_text,
        amounts=status.amounts,
        content=content,
    )
