"""What money collected means by VAT rate, and the status 212 that states it (VAT due on receipt, CGI art. 269, 2)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import and_, or_, select

from actors.factures import lifecycle
from actors.factures.announcing import CREDIT_NOTES, paid_part
from actors.factures.rules.amounts import share_by_rate
from actors.factures.rules.lifecycle import LABELS, LIFE_CYCLE
from actors.factures.views import breakdown_of
from messages.factures import Processing, SettlementSource, TransmissionStatus
from messages.factures.platform import Direction
from runtime.unit_of_work import Row, UnitOfWork
from storage.factures import queries
from storage.factures.tables import invoice, payment_position, settlement, stated_collection

ON_RECEIPT: Final = "72"
_MONEY = (SettlementSource.PAYMENT, SettlementSource.RETURN, SettlementSource.MANUAL, SettlementSource.REFUND)
_STATED_FOR = tuple(
    status
    for status in TransmissionStatus
    if LIFE_CYCLE.allows(str(lifecycle.COLLECTED), status)
    and status not in (TransmissionStatus.QUEUED, TransmissionStatus.BLOCKED)
)


@dataclass(frozen=True, slots=True)
class Collected:
    """One settlement of a document and its gross parts by VAT rate; negative where money went back."""

    settlement_id: UUID
    on: date
    by_rate: tuple[tuple[Decimal, Decimal], ...]


def collected_of(row: Row) -> list[Collected]:
    """The settlements of a document by rate, in their order; running sums never exceed what a rate bears."""
    breakdown, settled, found = breakdown_of(row), Decimal("0.00"), []
    for item in row["settlements"] or ():
        before, after = paid_part(row, settled), paid_part(row, settled + Decimal(item["amount"]))
        settled += Decimal(item["amount"])
        shares = share_by_rate(before, after - before, breakdown)
        by_rate = tuple((part.key.rate, share) for part, share in zip(breakdown, shares, strict=True) if share)
        found.append(Collected(UUID(str(item["id"])), date.fromisoformat(str(item["on_date"])), by_rate))
    return found


def is_real() -> Any:
    """The condition that money for a sale is there, or went back: a presumed debit counts once its bank confirmed it."""
    confirmed = (
        select(payment_position.c.payment_id)
        .where(
            payment_position.c.organisation_id == settlement.c.organisation_id,
            payment_position.c.invoice_id == settlement.c.invoice_id,
            payment_position.c.payment_id == settlement.c.source_id,
            payment_position.c.confirmed_on.is_not(None),
        )
        .exists()
    )
    sale = and_(settlement.c.source.in_(_MONEY), invoice.c.kind.not_in(CREDIT_NOTES))
    return and_(sale, or_(settlement.c.presumed.is_(False), confirmed))


async def state_collections(work: UnitOfWork, most: int) -> bool:
    """State 212 for settlements that were not stated yet; whether there may be more."""
    statement = (
        select(settlement.c.id, settlement.c.invoice_id)
        .join(invoice, invoice.c.id == settlement.c.invoice_id)
        .outerjoin(
            stated_collection,
            and_(
                stated_collection.c.organisation_id == settlement.c.organisation_id,
                stated_collection.c.settlement_id == settlement.c.id,
            ),
        )
        .where(
            settlement.c.organisation_id == work.organisation_id,
            stated_collection.c.settlement_id.is_(None),
            invoice.c.vat_due_code == ON_RECEIPT,
            invoice.c.transmission_status.in_(_STATED_FOR),
            is_real(),
        )
        .order_by(settlement.c.id)
        .limit(most)
    )
    rows = await work.fetch(statement)
    for found in rows:
        await _state(found["invoice_id"], found["id"], work)
    return len(rows) == most


async def _state(invoice_id: UUID, settlement_id: UUID, work: UnitOfWork) -> None:
    row = await work.load(queries.INVOICE_FOR_UPDATE, "invoice", organisation_id=work.organisation_id, id=invoice_id)
    await work.insert(
        stated_collection,
        organisation_id=work.organisation_id,
        settlement_id=settlement_id,
        invoice_id=invoice_id,
        stated_at=work.now,
    )
    (collected,) = [found for found in collected_of(row) if found.settlement_id == settlement_id]
    if not collected.by_rate or not lifecycle.is_with_a_platform(row):
        return
    stated = lifecycle.Stated(
        lifecycle.COLLECTED,
        work.now,
        Direction.OUT,
        LABELS[lifecycle.COLLECTED],
        "SE",
        amounts=collected.by_rate,
        cause=str(settlement_id),
    )
    await lifecycle.state(row, stated, work)


async def consumers_paid(company_id: UUID, first: date, last: date, work: UnitOfWork) -> Sequence[Collected]:
    """What consumers paid in a period on documents whose VAT is due on receipt."""
    mine = select(settlement.c.id, settlement.c.invoice_id).join(invoice, invoice.c.id == settlement.c.invoice_id)
    rows = await work.fetch(
        mine.where(
            settlement.c.organisation_id == work.organisation_id,
            settlement.c.on_date >= first,
            settlement.c.on_date <= last,
            invoice.c.company_id == company_id,
            invoice.c.processing.in_((Processing.B2C, Processing.B2CINT)),
            invoice.c.vat_due_code == ON_RECEIPT,
            is_real(),
        )
    )
    wanted = {row["id"] for row in rows}
    ids = list({row["invoice_id"] for row in rows})
    documents = await work.fetch(queries.INVOICES_BY_ID, organisation_id=work.organisation_id, ids=ids) if ids else []
    return [found for row in documents for found in collected_of(row) if found.settlement_id in wanted]
