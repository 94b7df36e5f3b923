"""Facts about issued documents, and the columns that change with them."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, update

from actors.factures import views
from actors.factures.rules import invoices, settlements
from actors.factures.rules.amounts import share_by_rate
from messages.base import Event
from messages.factures import (
    ALREADY_SETTLED,
    CancelledBy,
    Channel,
    ContractLineNet,
    CreditNoteIssued,
    DocumentKind,
    InvoiceCancelled,
    InvoiceDeliveryRequested,
    InvoiceDocumentArchived,
    InvoiceIssued,
    InvoiceOverpaid,
    InvoicePaid,
    InvoicePartiallyPaid,
    InvoicePaymentReversed,
    InvoiceSent,
    InvoiceStatus,
    RateAmount,
    SettlementFacts,
    SettlementSource,
    SettlementStatus,
)
from messages.problem import Refused
from messages.shared import LetterKind, LetterOrder, Party
from messages.values.identifiers import new_id
from messages.values.money import Money
from runtime.unit_of_work import Row, UnitOfWork
from storage.factures import queries
from storage.factures.tables import invoice, invoiced_item, settlement

_ZERO = Decimal("0.00")
CREDIT_NOTES = tuple(kind for kind in DocumentKind if kind.gives_back)
_FACTS: dict[str, type[Event]] = {
    "partially_paid": InvoicePartiallyPaid,
    "paid": InvoicePaid,
    "overpaid": InvoiceOverpaid,
    "payment_reversed": InvoicePaymentReversed,
}


async def change(row: Row, work: UnitOfWork, *, steps: int = 1, **columns: Any) -> dict[str, Any]:
    """Change a locked document by one version, or one for each fact; the row as it is then."""
    version = row["version"] + steps
    columns |= {"version": version, "updated_at": work.now, "updated_by": work.caller.principal}
    mine = (invoice.c.organisation_id == work.organisation_id, invoice.c.id == row["id"])
    await work.execute(update(invoice).where(*mine).values(**columns))
    return {**row, **columns}


async def archived(row: Row, document_id: UUID, sha256: str, work: UnitOfWork) -> None:
    """The file has its id: announce the document, or its late file, and ask for the delivery."""
    late, delivers = row["announced_at"] is not None, row["channel"] != Channel.MANUAL
    now = {"document_id": document_id, "announced_at": row["announced_at"] or work.now}
    # Two facts of one change take two versions.
    changed = await change(row, work, steps=2 if delivers else 1, **now)
    first = {**changed, "version": row["version"] + 1}
    if late:
        fact = InvoiceDocumentArchived(invoice_id=row["id"], document_id=document_id, sha256=sha256)
        work.emit(fact, version=first["version"])
    else:
        announce(first, sha256, work)
    if delivers:
        _state_delivery(changed, Channel(row["channel"]), (), work)


async def announce_without_file(row: Row, sha256: str, work: UnitOfWork) -> None:
    """Sixty seconds are over: the document is announced, its file follows."""
    announce(await change(row, work, announced_at=work.now), sha256, work)


def announce(row: Row, sha256: str, work: UnitOfWork) -> None:
    """State that the document is issued."""
    fields = {**views.reference_of(row), **views.facts_of(row, sha256)}
    if DocumentKind(row["kind"]).gives_back:
        work.emit(CreditNoteIssued.model_validate(fields | views.credit_facts_of(row)), version=row["version"])
    else:
        work.emit(InvoiceIssued.model_validate(fields), version=row["version"])


async def request_delivery(row: Row, channel: Channel, recipients: tuple[UUID, ...], work: UnitOfWork) -> None:
    """Ask engagement, or logistics by letter, to send the document."""
    _state_delivery(await change(row, work), channel, recipients, work)


def _state_delivery(row: Row, channel: Channel, recipients: tuple[UUID, ...], work: UnitOfWork) -> None:
    fact = InvoiceDeliveryRequested.model_validate(
        {
            **views.reference_of(row),
            "channel": channel,
            "recipient_contact_ids": recipients,
            "letter": _letter(row) if channel is Channel.POST else None,
            "document_id": row["document_id"],
        }
    )
    work.emit(fact, version=row["version"])


async def note_sent(row: Row, channel: Channel, sent_at: datetime, work: UnitOfWork) -> None:
    """The document left, as mail relay, post or platform confirm."""
    changed = await change(row, work, sent_at=sent_at, delivery_failed=False)
    fact = InvoiceSent(**views.reference_of(changed), channel=channel, sent_at=sent_at)
    work.emit(fact, version=changed["version"])


def _letter(row: Row) -> LetterOrder:
    buyer = row["buyer"]
    recipient = Party.model_validate(
        {
            "party_id": row["client_id"],
            "kind": buyer["kind"],
            "display_name": buyer["name"],
            "address": buyer["address"],
        }
    )
    return LetterOrder(
        request_id=new_id(),
        kind=LetterKind.SIMPLE,
        purpose="INVOICE",
        recipient=recipient,
        sender_company_id=row["company_id"],
        document_id=row["document_id"],
    )


async def pdf_hashes(invoice_ids: list[UUID], work: UnitOfWork) -> dict[UUID, str]:
    """The sha256 of the PDFs, by document."""
    rows = await work.fetch(queries.PDF_HASHES, organisation_id=work.organisation_id, ids=invoice_ids)
    return {row["invoice_id"]: row["sha256"] for row in rows}


async def settle(
    row: Row,
    amount: Decimal,
    work: UnitOfWork,
    *,
    source: SettlementSource,
    source_id: UUID,
    cause_id: UUID,
    on: date,
    method: str | None = None,
    presumed: bool = False,
    by_credit: bool = False,
) -> dict[str, Any]:
    """Add a settlement to a locked document, and say what it changed.

    `by_credit`: money went back for a credit note, which counts on the invoice instead: nothing is open again.
    """
    await work.insert(
        settlement,
        id=new_id(),
        organisation_id=work.organisation_id,
        invoice_id=row["id"],
        source=source,
        source_id=source_id,
        cause_id=cause_id,
        amount=amount,
        on_date=on,
        method=method,
        presumed=presumed,
        created_at=work.now,
    )
    before = SettlementStatus(row["settlement_status"])
    settled, credited = row["settled"] + amount, row["credited"]
    if by_credit:
        credited = min(credited - amount, await credited_gross(row["id"], work))
    after = settlements.standing(DocumentKind(row["kind"]), row["due"], settled, credited)
    changed = await change(
        row,
        work,
        settled=settled,
        credited=credited,
        outstanding=after.outstanding,
        settlement_status=after.status,
        overdue=row["overdue"] and after.outstanding > 0,
    )
    fact = settlements.fact_after(before, after.status, amount)
    if fact is not None and not by_credit:
        facts = _settlement_facts(row, amount, settled, source, source_id, on, presumed)
        work.emit(
            _FACTS[fact].model_validate({**views.reference_of(changed), **dict(facts)}), version=changed["version"]
        )
    return changed


def _settlement_facts(
    row: Row, amount: Decimal, settled: Decimal, source: SettlementSource, source_id: UUID, on: date, presumed: bool
) -> SettlementFacts:
    breakdown = views.breakdown_of(row)
    shares = share_by_rate(paid_part(row, row["settled"]), _change(row, amount), breakdown)
    return SettlementFacts(
        amount=Money(amount=amount),
        on_date=on,
        source=source,
        source_id=source_id,
        settled=Money(amount=settled),
        presumed=presumed,
        by_rate=tuple(
            RateAmount(rate=found.key.rate, amount=Money(amount=share))
            for found, share in zip(breakdown, shares, strict=True)
        ),
    )


def paid_part(row: Row, settled: Decimal) -> Decimal:
    """What of the gross is paid after so much was settled, deposits first, so that the shares close with the last payment."""
    gross: Decimal = row["gross"]
    prepaid: Decimal = row["prepaid"]
    return min(prepaid + max(settled, _ZERO), gross)


def _change(row: Row, amount: Decimal) -> Decimal:
    """The part of an amount that falls on the invoice; what is overpaid falls on no rate."""
    return paid_part(row, row["settled"] + amount) - paid_part(row, row["settled"])


async def credit_original(note: Row, work: UnitOfWork) -> Row | None:
    """A credit note reduces what is left of its invoice; the last one cancels it. The invoice as it is then."""
    scope = {"organisation_id": work.organisation_id}
    row = await work.fetch_one(queries.INVOICE_FOR_UPDATE, **scope, id=note["preceding_id"])
    if row is None or row["status"] != InvoiceStatus.ISSUED:
        return None
    # What is already paid is not credited a second time: it goes the way of the refund wish.
    set_off = min(note["gross"], row["outstanding"])
    await _set_off(note, set_off, work)
    credited = row["credited"] + set_off
    after = settlements.standing(DocumentKind(row["kind"]), row["due"], row["settled"], credited)
    cancelled = await credited_gross(row["id"], work) >= row["gross"]
    changed = await change(
        row,
        work,
        credited=credited,
        outstanding=after.outstanding,
        settlement_status=after.status,
        overdue=row["overdue"] and after.outstanding > 0,
        status=invoices.after("cancel", row["status"]) if cancelled else row["status"],
        cancelled_by_id=note["id"] if cancelled else None,
    )
    if cancelled:
        await _free_deposits(row, work)
        by = CancelledBy(id=note["id"], number=note["number"], kind=DocumentKind(note["kind"]))
        fact = {**views.reference_of(changed), "by": by, "rebill": note["rebill"]}
        work.emit(InvoiceCancelled.model_validate(fact), version=changed["version"])
    return changed


async def _set_off(note: Row, amount: Decimal, work: UnitOfWork) -> None:
    """What a credit note takes off its open invoice needs no refund; part of its issue, no change of its own."""
    standing = settlements.standing(DocumentKind(note["kind"]), note["due"], amount, _ZERO)
    mine = (invoice.c.organisation_id == work.organisation_id, invoice.c.id == note["id"])
    await work.execute(update(invoice).where(*mine).values(settled=amount, settlement_status=standing.status))


async def _free_deposits(row: Row, work: UnitOfWork) -> None:
    """The deposits of a cancelled final invoice may be deducted by another one."""
    if row["deposits"]:
        ids = [UUID(item["invoice_id"]) for item in row["deposits"]]
        mine = (
            invoiced_item.c.organisation_id == work.organisation_id,
            invoiced_item.c.invoice_id == row["id"],
            invoiced_item.c.item_id == func.any(ids),
        )
        await work.execute(delete(invoiced_item).where(*mine))


async def replace_original(corrective: Row, work: UnitOfWork) -> Row:
    """A corrective invoice takes the place of its original, on which nothing was paid or credited."""
    row = await work.load(
        queries.INVOICE_FOR_UPDATE, "invoice", organisation_id=work.organisation_id, id=corrective["preceding_id"]
    )
    refuse_settled(row)
    changed = await change(
        row,
        work,
        credited=row["gross"],
        outstanding=_ZERO,
        settlement_status=SettlementStatus.CREDITED,
        overdue=False,
        status=invoices.after("cancel", row["status"]),
        cancelled_by_id=corrective["id"],
    )
    by = CancelledBy(id=corrective["id"], number=corrective["number"], kind=DocumentKind.CORRECTIVE_INVOICE)
    net_by_line = [
        ContractLineNet(
            contract_id=row["contract_id"],
            contract_line_id=line["contract_line_id"],
            net=Money(amount=Decimal(line["net"])),
        )
        for line in row["lines"]
        if row["contract_id"] is not None and line["contract_line_id"] is not None
    ]
    fact = {**views.reference_of(changed), "by": by, "rebill": False, "net_by_contract_line": net_by_line}
    work.emit(InvoiceCancelled.model_validate(fact), version=changed["version"])
    return changed


def refuse_settled(row: Row) -> None:
    """An invoice on which money moved is corrected by a credit note, which says what becomes of that money."""
    if row["status"] != InvoiceStatus.ISSUED or row["settled"] or row["credited"]:
        raise Refused(
            ALREADY_SETTLED, "the invoice is paid, credited or cancelled in part; correct it by a credit note"
        )


async def credited_gross(invoice_id: UUID, work: UnitOfWork) -> Decimal:
    """What issued credit notes take back of an invoice."""
    statement = select(func.coalesce(func.sum(invoice.c.gross), 0)).where(
        invoice.c.organisation_id == work.organisation_id,
        invoice.c.preceding_id == invoice_id,
        invoice.c.kind.in_(CREDIT_NOTES),
        invoice.c.status == InvoiceStatus.ISSUED,
    )
    return Decimal(await work.fetch_value(statement))
