"""Bills, payments and defaults: what makes commissions payable, earns recurring ones, and takes back."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from actors.commercial.engine.accrual import locked_contract
from actors.commercial.engine.collecting import book_invoice, keep_collection
from actors.commercial.engine.payable import weigh_payable
from actors.commercial.engine.recovery import Cause, entries_of, regularise_instalment, take_back
from actors.commercial.engine.rights import resume_rights, suspend_rights
from actors.commercial.engine.terms import terms_of
from actors.commercial.reactions.contracts import window_start
from actors.commercial.rules.recovery import unpaid_share, window_of
from messages.commercial import ClawbackKind, CommissionKind
from messages.contrats import ContractBillingDue
from messages.factures import CreditNoteIssued, InvoiceIssued
from messages.payments import PaymentAllocated, PaymentReceived, PaymentReturned, PaymentUnallocated
from messages.payments.receivables import ReceivableDefaultCured, ReceivableDefaulted, ReceivableRef
from runtime.unit_of_work import Row, UnitOfWork
from storage.commercial.queries import none_of
from storage.commercial.tables import commission_entry, instalment_line_ref, instalment_ref

_NOTHING = Decimal("0.00")
_WHOLE = Decimal(100)


async def keep_instalments(event: ContractBillingDue, work: UnitOfWork) -> None:
    """What a contract bills, without VAT and with, line by line."""
    for found in event.instalments:
        lines = [(line.line_id, line.net.amount) for line in found.lines]
        await _keep_instalment(
            work,
            found.billing_instalment_id,
            lines,
            contract_id=event.contract_id,
            period_start=found.period_start,
            due_on=found.due_on,
            net=found.net_total.amount,
            gross=found.gross_total.amount,
        )


async def bind_invoice(event: InvoiceIssued, work: UnitOfWork) -> None:
    """Which instalments the invoice collects; what was collected before it was known is booked now."""
    by_instalment: dict[UUID, list[Any]] = {}
    for line in event.lines:
        if line.billing_instalment_id is not None and line.contract_line_id is not None:
            by_instalment.setdefault(line.billing_instalment_id, []).append(line)
    alone = len(by_instalment) == 1 and len(next(iter(by_instalment.values()))) == len(event.lines)
    for identity, lines in by_instalment.items():
        contract_id = lines[0].contract_id or event.contract_id
        if contract_id is None:
            continue
        nets = [(line.contract_line_id, line.net.amount) for line in lines]
        gross = event.gross.amount if alone else sum((line.gross.amount for line in lines), _NOTHING)
        await _keep_instalment(
            work,
            identity,
            nets,
            contract_id=contract_id,
            period_start=event.period_start or event.issue_date or work.today(),
            due_on=event.due_date or event.issue_date or work.today(),
            net=sum((net for _, net in nets), _NOTHING),
            gross=gross,
        )
        await work.execute(
            update(instalment_ref)
            .where(*_is_instalment(identity, work))
            .values(invoice_id=event.invoice_id, **({"gross": gross} if alone else {}))
        )
    await book_invoice(event.invoice_id, work)


async def collect(event: PaymentReceived, work: UnitOfWork) -> None:
    """Collections per invoice: commissions become payable, later months earn recurring ones."""
    for found in event.allocations:
        if found.invoice_id is not None:
            await keep_collection(found.invoice_id, event.payment_id, found.allocated_after.amount, event.paid_on, work)


async def collect_allocated(event: PaymentAllocated | PaymentUnallocated, work: UnitOfWork) -> None:
    """A payment settles another invoice, or more or less of it."""
    found = event.allocation
    if found.invoice_id is not None:
        await keep_collection(found.invoice_id, event.payment_id, found.allocated_after.amount, work.today(), work)


async def reverse(event: PaymentReturned, work: UnitOfWork) -> None:
    """The money was taken back: what it earned waits until it comes again or is in default."""
    for found in event.allocations_reversed:
        if found.invoice_id is not None:
            after = found.allocated_after.amount
            await keep_collection(found.invoice_id, event.payment_id, after, event.rejected_on, work)


async def take_back_defaulted(event: ReceivableDefaulted, work: UnitOfWork) -> None:
    """An instalment in default suspends recurring rights and takes back what it had earned, and a share of the initial."""
    for instalment in await _instalments_of(event, work):
        if instalment["defaulted_on"] is not None:
            continue
        contract = await locked_contract(instalment["contract_id"], work)
        if contract is None:
            continue
        await _set_default(instalment, event.defaulted_on, work)
        await suspend_rights(contract["contract_id"], "DEFAULT", event.defaulted_on, work)
        await _take_back_instalment(contract, instalment, event.defaulted_on, work)


async def give_back_cured(event: ReceivableDefaultCured, work: UnitOfWork) -> None:
    """The default is over: what it took is given again, rights earn again."""
    for instalment in await _instalments_of(event, work):
        contract = await locked_contract(instalment["contract_id"], work)
        if contract is None or instalment["defaulted_on"] is None:
            continue
        await _set_default(instalment, None, work)
        await regularise_instalment(instalment, instalment["gross"], work)
        await resume_rights(contract, "DEFAULT_CURED", event.cured_on, work)
        await weigh_payable(contract["contract_id"], work)


async def take_back_credited(event: CreditNoteIssued, work: UnitOfWork) -> None:
    """A credit note takes back, pro rata of net amounts, what the credited invoice's collections earned."""
    for original in event.originals:
        entry, bill = commission_entry.c, instalment_ref.c
        billed = await work.fetch(
            select(bill.net).where(bill.organisation_id == work.organisation_id, bill.invoice_id == original.invoice_id)
        )
        net = sum((row["net"] for row in billed), _NOTHING)
        if net <= 0:
            continue
        share = min(_WHOLE, _WHOLE * abs(original.net.amount) / net)
        on = event.issue_date or work.today()
        cause = Cause(ClawbackKind.REFUND, str(event.credit_note_id), on, "CREDIT_NOTE", method="PRORATA")
        statement = select(commission_entry).where(
            entry.organisation_id == work.organisation_id,
            entry.invoice_id == original.invoice_id,
            entry.kind == CommissionKind.RECURRING,
            none_of(entry.status, ("CANCELLED", "SUPERSEDED")),
        )
        for found in await work.fetch(statement.order_by(entry.id).with_for_update()):
            await take_back(found, cause, share, work)


async def _take_back_instalment(contract: Row, instalment: Row, on: date, work: UnitOfWork) -> None:
    identity = instalment["billing_instalment_id"]
    ref = f"{identity}:{on}"
    highest, collected = instalment["highest_collected_gross"], instalment["collected_gross"]
    reversed_share = _WHOLE * (highest - collected) / highest if highest > 0 else Decimal(0)
    billed = select(instalment_line_ref.c.line_id).where(
        instalment_line_ref.c.organisation_id == work.organisation_id,
        instalment_line_ref.c.billing_instalment_id == identity,
    )
    lines = {row["line_id"] for row in await work.fetch(billed)}
    for entry in await entries_of(contract["contract_id"], work, CommissionKind.INITIAL, CommissionKind.RECURRING):
        if entry["kind"] == CommissionKind.RECURRING:
            if entry["billing_instalment_id"] == identity:
                cause = Cause(ClawbackKind.REVERSAL, ref, on, "REVERSAL", billing_instalment_id=identity)
                await take_back(entry, cause, reversed_share, work)
        elif entry["contract_line_id"] in lines:
            terms = (await terms_of(entry["plan_version_id"], work)).clawback
            start = window_start(contract, terms.window_start)
            share = unpaid_share(
                terms, start=start, period_start=instalment["period_start"], due_on=instalment["due_on"]
            )
            cause = Cause(
                ClawbackKind.UNPAID, ref, on, "UNPAID", terms.unpaid_policy, window_of(terms, start), identity
            )
            await take_back(entry, cause, share, work)


async def _instalments_of(event: ReceivableRef, work: UnitOfWork) -> list[Row]:
    """The instalments a late item is about: those of its invoice, else the contract's of that due date."""
    bill = instalment_ref.c
    statement = select(instalment_ref).where(bill.organisation_id == work.organisation_id)
    if event.invoice_id is not None:
        statement = statement.where(bill.invoice_id == event.invoice_id)
    elif event.contract_id is not None:
        statement = statement.where(bill.contract_id == event.contract_id, bill.due_on == event.due_date)
    else:
        return []
    return await work.fetch(statement.order_by(bill.period_start).with_for_update())


async def _set_default(instalment: Row, on: date | None, work: UnitOfWork) -> None:
    await work.execute(
        update(instalment_ref).where(*_is_instalment(instalment["billing_instalment_id"], work)).values(defaulted_on=on)
    )


def _is_instalment(identity: UUID, work: UnitOfWork) -> tuple[Any, Any]:
    bill = instalment_ref.c
    return bill.organisation_id == work.organisation_id, bill.billing_instalment_id == identity


async def _keep_instalment(work: UnitOfWork, identity: UUID, lines: list[tuple[UUID, Decimal]], **columns: Any) -> None:
    """An instalment is kept as it was first stated; its bill and its invoice say the same."""
    statement = insert(instalment_ref).values(
        organisation_id=work.organisation_id,
        billing_instalment_id=identity,
        collected_gross=_NOTHING,
        highest_collected_gross=_NOTHING,
        earned_net=_NOTHING,
        **columns,
    )
    if not await work.execute(statement.on_conflict_do_nothing()):
        return
    totals: dict[UUID, Decimal] = {}
    for line_id, net in lines:
        totals[line_id] = totals.get(line_id, _NOTHING) + net
    rows = [
        {
            "organisation_id": work.organisation_id,
            "billing_instalment_id": identity,
            "line_id": line_id,
            "position": position,
            "net": net,
        }
        for position, (line_id, net) in enumerate(totals.items())
    ]
    await work.insert_rows(instalment_line_ref, rows)
