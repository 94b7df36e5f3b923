"""Facts that the key figures are made of."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import delete, or_, update
from sqlalchemy.dialects.postgresql import insert

from actors.engagement.rules import figures
from messages.contrats import (
    ContractActivated,
    ContractCancelled,
    ContractExpired,
    ContractResumed,
    ContractSnapshot,
    ContractSuspended,
    ContractTerminated,
    ContractWithdrawn,
)
from messages.factures import (
    CreditNoteIssued,
    InvoiceCancelled,
    InvoiceIssued,
    InvoiceOverdue,
    InvoicePaid,
    InvoicePartiallyPaid,
    InvoicePaymentReversed,
)
from messages.payments import PaymentReceived, PaymentReturned
from runtime.unit_of_work import UnitOfWork
from storage.engagement.queries import FRESH
from storage.engagement.read_models import contract_period, contract_ref, invoice_fact, money_fact
from storage.projections import keep_newest

_ONE_DAY = timedelta(days=1)
_NOTHING = Decimal("0.00")


async def contract_in_force(event: ContractActivated | ContractResumed, work: UnitOfWork) -> None:
    """From that day on the contract counts with its recurring revenue."""
    if await _is_news(event, work):
        await _begin_period(event, "ACTIVE", event.effective_on, work, counts=True)


async def contract_suspended(event: ContractSuspended, work: UnitOfWork) -> None:
    """A suspended contract still counts; its revenue only while it is billed."""
    if await _is_news(event, work):
        counts = event.billing_policy != "PAUSE"
        await _begin_period(event, "SUSPENDED", event.effective_on, work, counts=counts)


async def contract_ended(event: ContractTerminated | ContractExpired, work: UnitOfWork) -> None:
    """The last day of service counts; the contract is gone the day after."""
    if await _is_news(event, work):
        await _end_period(event, (event.ends_on or event.effective_on) + _ONE_DAY, work)


async def contract_undone(event: ContractCancelled | ContractWithdrawn, work: UnitOfWork) -> None:
    """The contract does not count from that day."""
    if await _is_news(event, work):
        await _end_period(event, event.effective_on, work)


async def keep_invoice(
    event: InvoiceIssued
    | InvoicePartiallyPaid
    | InvoicePaid
    | InvoicePaymentReversed
    | InvoiceOverdue
    | InvoiceCancelled
    | CreditNoteIssued,
    work: UnitOfWork,
) -> None:
    """What was billed, when it is due and what of it is open."""
    await work.execute(
        keep_newest(
            invoice_fact,
            organisation_id=work.organisation_id,
            invoice_id=event.invoice_id,
            kind="CREDIT_NOTE" if isinstance(event, CreditNoteIssued) else "INVOICE",
            number=event.number,
            issue_date=event.issue_date,
            due_date=event.due_date,
            net=event.net.amount,
            gross=event.gross.amount,
            outstanding=event.outstanding.amount,
            currency=event.gross.currency,
            status=event.status,
            company_id=event.company_id,
            client_id=event.client_id,
            contract_id=event.contract_id,
            sales_rep_id=event.sales_rep_id,
            version=work.source_version,
        )
    )
    await _refresh(work)


async def money_received(event: PaymentReceived, work: UnitOfWork) -> None:
    """Collected on the day the money came."""
    await _keep_money(event, "RECEIVED", "", event.paid_on, event.amount.amount, work)


async def money_returned(event: PaymentReturned, work: UnitOfWork) -> None:
    """Collected no longer, from the day it was taken back."""
    await _keep_money(event, "RETURNED", event.r_key, event.rejected_on, -event.amount.amount, work)


async def _is_news(event: ContractSnapshot, work: UnitOfWork) -> bool:
    await _refresh(work)
    statement = keep_newest(
        contract_ref,
        organisation_id=work.organisation_id,
        contract_id=event.contract_id,
        reference=event.reference,
        version=work.source_version,
    )
    return bool(await work.execute(statement))


async def _begin_period(event: ContractSnapshot, state: str, start: date, work: UnitOfWork, *, counts: bool) -> None:
    await _end_period(event, start, work)
    mrr, arr = _recurring(event) if counts else (_NOTHING, _NOTHING)
    await work.insert(
        contract_period,
        organisation_id=work.organisation_id,
        contract_id=event.contract_id,
        valid_from=start,
        valid_to=None,
        state=state,
        mrr=mrr,
        arr=arr,
        currency=event.currency,
        company_id=event.company_id,
        client_id=event.client_id,
        sales_rep_id=event.sales_rep_id,
    )


async def _end_period(event: ContractSnapshot, day: date, work: UnitOfWork) -> None:
    """Whatever was in force ends on that day; what was believed of later days is forgotten."""
    mine = (contract_period.c.organisation_id == work.organisation_id) & (
        contract_period.c.contract_id == event.contract_id
    )
    await work.execute(delete(contract_period).where(mine, contract_period.c.valid_from >= day))
    ends_later = or_(contract_period.c.valid_to.is_(None), contract_period.c.valid_to > day)
    await work.execute(update(contract_period).where(mine, ends_later).values(valid_to=day))


def _recurring(event: ContractSnapshot) -> tuple[Decimal, Decimal]:
    """Rounded per line; without lines the contract's own figures."""
    lines = [(line.net.amount, str(line.recurrence)) for line in event.lines]
    if not lines:
        return event.mrr.amount, event.arr.amount
    monthly = sum((figures.monthly_revenue(net, recurrence) for net, recurrence in lines), _NOTHING)
    return monthly, sum((figures.yearly_revenue(net, recurrence) for net, recurrence in lines), _NOTHING)


async def _keep_money(event: Any, kind: str, key: str, day: date, amount: Decimal, work: UnitOfWork) -> None:
    await work.execute(
        insert(money_fact)
        .values(
            organisation_id=work.organisation_id,
            payment_id=event.payment_id,
            kind=kind,
            key=key,
            on_date=day,
            amount=amount,
            currency=event.amount.currency,
            company_id=event.company_id,
            client_id=event.client_id,
            contract_id=event.contract_id,
        )
        .on_conflict_do_nothing()
    )
    await _refresh(work)


async def _refresh(work: UnitOfWork) -> None:
    await work.execute(FRESH, organisation_id=work.organisation_id, fresh_at=work.now)
