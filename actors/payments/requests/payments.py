"""Payments: reading, cancelling, recording receipts and settling invoices with them."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import select

from actors.payments import removal, standing, views
from actors.payments.books import Books
from actors.payments.company import company_of
from actors.payments.psp import charging
from actors.payments.requests.balances import IS_OPEN
from actors.payments.rules.outcomes import allocate_to, pay_instalment
from actors.payments.sets import history, state_many
from messages.base import Event
from messages.identity import COMPANY_NOT_FOUND
from messages.payments import (
    AMOUNT_EXCEEDED,
    CASH_LIMIT,
    CASH_LIMIT_AMOUNT,
    PAYMENT_NOT_FOUND,
    TOO_LATE_TO_CANCEL,
    AllocatePayment,
    Allocation,
    AllocationOrder,
    CancelPayment,
    GetPayment,
    GetPaymentTimeline,
    InstalmentPaid,
    InstalmentStatus,
    ListPayments,
    Payment,
    PaymentAllocated,
    PaymentMethod,
    PaymentPage,
    PaymentReceived,
    PaymentStatus,
    PaymentTimeline,
    PaymentTimelineEntry,
    PaymentType,
    Provider,
    RecordManualPayment,
)
from messages.problem import Refused
from messages.values.identifiers import new_id
from runtime.pagination import page
from runtime.unit_of_work import UnitOfWork
from storage.payments.tables.dues import instalment
from storage.payments.tables.means import bank_details, mandate
from storage.payments.tables.others import payment_number_block
from storage.payments.tables.payments import payment, payment_event
from storage.payments.tables.views import invoice_view

_WITHDRAWABLE = (PaymentStatus.SUBMITTED, PaymentStatus.REQUIRES_ACTION)
_BY_HAND = (PaymentMethod.TRANSFER, PaymentMethod.CHEQUE, PaymentMethod.CASH)
_WITH_MEANS = select(payment, mandate.c.rum, bank_details.c.iban_masked).select_from(
    payment.outerjoin(mandate, mandate.c.id == payment.c.mandate_id).outerjoin(
        bank_details, bank_details.c.id == mandate.c.bank_details_id
    )
)
_FILTERS = ("client_id", "contract_id", "instalment_id", "batch_id", "company_id", "method", "provider")


async def get_payment(request: GetPayment, work: UnitOfWork) -> Payment:
    """One payment."""
    return await shown_payment(work, request.payment_id)


async def list_payments(request: ListPayments, work: UnitOfWork) -> PaymentPage:
    """A page of payments, newest first."""
    statement = _WITH_MEANS.where(payment.c.organisation_id == work.organisation_id)
    for column in _FILTERS:
        if getattr(request, column) is not None:
            statement = statement.where(payment.c[column] == getattr(request, column))
    if request.status:
        statement = statement.where(payment.c.status.in_(request.status))
    if request.collected_from is not None:
        statement = statement.where(payment.c.requested_collection_date >= request.collected_from)
    if request.collected_to is not None:
        statement = statement.where(payment.c.requested_collection_date <= request.collected_to)
    if request.amount_from is not None:
        statement = statement.where(payment.c.amount >= request.amount_from)
    if request.amount_to is not None:
        statement = statement.where(payment.c.amount <= request.amount_to)
    if request.reference is not None:
        statement = statement.where(payment.c.reference == request.reference.upper())
    if work.caller.company_ids is not None:
        statement = statement.where(payment.c.company_id.in_(work.caller.company_ids))
    return await page(
        work,
        request,
        statement,
        order=(payment.c.created_at, payment.c.id),
        descending=True,
        reply=PaymentPage,
        item=views.payment_of,
    )


async def get_payment_timeline(request: GetPaymentTimeline, work: UnitOfWork) -> PaymentTimeline:
    """The history of a payment."""
    await shown_payment(work, request.payment_id)
    rows = await work.fetch(
        select(payment_event)
        .where(
            payment_event.c.organisation_id == work.organisation_id,
            payment_event.c.payment_id == request.payment_id,
        )
        .order_by(payment_event.c.id)
    )
    entries = tuple(PaymentTimelineEntry.model_validate(dict(row)) for row in rows)
    return PaymentTimeline(payment_id=request.payment_id, entries=entries)


async def cancel_payment(request: CancelPayment, work: UnitOfWork) -> Payment:
    """Take a payment out of its file; refused once that is transmitted. A provider is asked, and decides."""
    found = await shown_payment(work, request.payment_id)
    if found.provider_payment_id is not None and found.status in _WITHDRAWABLE:
        charging.order_withdrawal(work, found.payment_id)
        return found
    if not await removal.take_out(work, [request.payment_id], request.reason):
        raise Refused(
            TOO_LATE_TO_CANCEL,
            f"payment {found.reference} is {found.status}; wait for the bank's answer and refund it",
            details={"status": found.status.value},
        )
    await standing.refresh(work, [found.client_id], only_known=True)
    return await shown_payment(work, request.payment_id)


# -- receipts ------------------------------------------------------------------------------------------------------


async def record_manual_payment(request: RecordManualPayment, work: UnitOfWork) -> Payment:
    """Book a receipt; it settles what it was given for, else the oldest debts of the client at the company."""
    company = await company_of(work, request.company_id)
    if company is None or not work.caller.sees_company(request.company_id):
        raise Refused(COMPANY_NOT_FOUND, f"company {request.company_id} is not an active company; check company_id")
    _refuse_wrong_receipt(request)
    payment_id, zero = request.id or new_id(), Decimal("0.00")
    number = await work.next_number(payment_number_block)
    await work.insert(
        payment,
        id=payment_id,
        organisation_id=work.organisation_id,
        version=0,
        created_at=work.now,
        created_by=work.caller.principal,
        updated_at=work.now,
        updated_by=work.caller.principal,
        reference=f"PAY-{company.code}-{request.received_on:%Y}-{number:06}",
        company_id=request.company_id,
        client_id=request.client_id,
        type=PaymentType.MANUAL,
        method=request.method,
        provider=Provider.MANUAL,
        attempt_no=1,
        amount=request.amount.amount,
        currency=request.amount.currency,
        refunded_amount=zero,
        charged_back_amount=zero,
        allocated_amount=zero,
        instalment_amount=zero,
        status=PaymentStatus.PAID,
        business_date=work.today(),
        settled_on=request.received_on,
        paid_at=work.now,
        idempotency_key=f"manual|{payment_id}",
        end_to_end_id=payment_id.hex.upper(),
        external_reference=request.reference,
    )
    allocations, paid = await _settle_invoices(work, payment_id, request.allocations or None)
    row = await _row(work, payment_id)
    fact = PaymentReceived(
        **views.payment_ref(row),
        paid_on=request.received_on,
        settled_on=request.received_on,
        allocations=allocations,
        fees=views.money(zero),
    )
    work.emit(fact, version=row["version"])
    state_many(work, paid, summary="instalment")
    await work.insert_rows(payment_event, [history(work, payment_id, "payment.received", by_hand=True)])
    await standing.refresh(work, [request.client_id], only_known=True)
    return await shown_payment(work, payment_id)


def _refuse_wrong_receipt(request: RecordManualPayment) -> None:
    if request.method not in _BY_HAND:
        raise Refused.field("method", "by_hand", "record TRANSFER, CHEQUE or CASH; debits come from the bank's files")
    if request.amount.amount <= 0:
        raise Refused.field("amount", "positive", "amount must be above zero")
    if request.method is PaymentMethod.CASH and request.amount.amount > CASH_LIMIT_AMOUNT:
        raise Refused(CASH_LIMIT, f"cash above {CASH_LIMIT_AMOUNT} EUR is forbidden; ask for a transfer or a card")


async def allocate_payment(request: AllocatePayment, work: UnitOfWork) -> Payment:
    """Settle invoices with the rest of a receipt; more than is left or open is refused."""
    await shown_payment(work, request.payment_id)
    allocations, paid = await _settle_invoices(work, request.payment_id, request.allocations)
    row = await _row(work, request.payment_id)
    facts: list[tuple[Event, int]] = []
    for allocation in allocations:
        fact = PaymentAllocated(
            payment_id=row["id"], client_id=row["client_id"], company_id=row["company_id"], allocation=allocation
        )
        facts.append((fact, row["version"]))
    state_many(work, [*facts, *paid], summary="payment")
    await standing.refresh(work, [row["client_id"]], only_known=True)
    return await shown_payment(work, request.payment_id)


async def _settle_invoices(
    work: UnitOfWork, payment_id: UUID, orders: Sequence[AllocationOrder] | None
) -> tuple[tuple[Allocation, ...], list[tuple[Event, int]]]:
    """Allocate a receipt: as ordered, else to the client's open invoices at the company, oldest due date first."""
    row = await _row(work, payment_id)
    wanted = [order.invoice_id for order in orders] if orders is not None else await _oldest_first(work, row)
    bound = await work.fetch(
        select(instalment.c.id, instalment.c.invoice_id).where(
            instalment.c.organisation_id == work.organisation_id, instalment.c.invoice_id.in_(wanted)
        )
    )
    books = Books(work)
    await books.load([payment_id])
    await books.load_instalments(found["id"] for found in bound)
    await books.load_invoices(wanted)
    state = books.payment_states[payment_id]
    limits = {order.invoice_id: order.amount.amount for order in orders} if orders is not None else {}
    instalments = {found["invoice_id"]: found["id"] for found in bound}
    allocations = []
    for invoice_id in wanted:
        if orders is not None:
            _refuse_excess(books, row, invoice_id, limits[invoice_id], state.unallocated)
        amount = allocate_to(state, books.invoice_states[invoice_id], limits.get(invoice_id))
        if amount <= 0:
            continue
        after = books.allocate(books.payments[payment_id], invoice_id, amount)
        if invoice_id in instalments:
            pay_instalment(books.instalment_states[instalments[invoice_id]], amount)
        allocations.append(views.allocation_of(after, amount, books.invoice_states[invoice_id].open))
    await books.store()
    return tuple(allocations), _paid(books)


def _paid(books: Books) -> list[tuple[Event, int]]:
    facts: list[tuple[Event, int]] = []
    for id_, state in sorted(books.instalment_states.items()):
        if books.instalment_changed(id_) and state.status is InstalmentStatus.PAID:
            after = books.instalment_after(id_)
            facts.append((InstalmentPaid(**views.instalment_snapshot(after)), after["version"]))
    return facts


def _refuse_excess(books: Books, row: Any, invoice_id: UUID, amount: Decimal, left: Decimal) -> None:
    invoice = books.invoices.get(invoice_id)
    if invoice is None or (invoice["client_id"], invoice["company_id"]) != (row["client_id"], row["company_id"]):
        raise Refused.field(
            "allocations", "unknown", f"invoice {invoice_id} is not one of this client at this company; check its id"
        )
    open_amount = books.invoice_states[invoice_id].open
    if not 0 < amount <= min(left, open_amount):
        raise Refused(
            AMOUNT_EXCEEDED,
            f"{amount} cannot be allocated: {left} of the payment are left and {open_amount} of the invoice are open",
        )


async def _oldest_first(work: UnitOfWork, row: Any) -> list[UUID]:
    rows = await work.fetch(
        select(invoice_view.c.invoice_id)
        .where(
            invoice_view.c.organisation_id == work.organisation_id,
            invoice_view.c.client_id == row["client_id"],
            invoice_view.c.company_id == row["company_id"],
            invoice_view.c.currency == row["currency"],
            IS_OPEN,
        )
        .order_by(invoice_view.c.due_date, invoice_view.c.number)
        .limit(100)
    )
    return [found["invoice_id"] for found in rows]


async def _row(work: UnitOfWork, payment_id: UUID) -> Any:
    return await work.load(
        select(payment).where(payment.c.organisation_id == work.organisation_id, payment.c.id == payment_id),
        "payment",
        code=PAYMENT_NOT_FOUND,
    )


async def shown_payment(work: UnitOfWork, payment_id: UUID) -> Payment:
    """A payment with its masked means; PAYMENT_NOT_FOUND."""
    row = await work.load(
        _WITH_MEANS.where(payment.c.organisation_id == work.organisation_id, payment.c.id == payment_id),
        "payment",
        code=PAYMENT_NOT_FOUND,
    )
    return views.payment_of(row)
