"""What clients owe: open invoices, and receipts that settle nothing yet."""

from decimal import Decimal
from uuid import UUID

from sqlalchemy import ColumnElement, func, select

from actors.payments import views
from messages.payments import (
    ClientBalance,
    ClientOpenItem,
    GetClientBalance,
    ListOpenItems,
    OpenItem,
    OpenItemPage,
    PaymentStatus,
    Standing,
)
from messages.values.money import DEFAULT_CURRENCY
from runtime.pagination import page
from runtime.unit_of_work import Row, UnitOfWork
from storage.payments.tables.payments import payment, payment_standing
from storage.payments.tables.views import invoice_view

_ITEMS_SHOWN = 200
_NOTHING = Decimal("0.00")
_NOT_PAID_HERE = invoice_view.c.due - invoice_view.c.credited - invoice_view.c.allocated
_LEFT = _NOT_PAID_HERE - invoice_view.c.settled_elsewhere
IS_OPEN = invoice_view.c.settled_elsewhere < _NOT_PAID_HERE
"""Invoices with something left to settle, in the words of their partial index."""


async def get_client_balance(request: GetClientBalance, work: UnitOfWork) -> ClientBalance:
    """Everything open in the default currency, less what was paid ahead; what was settled outside payments is not owed."""
    is_his = (
        invoice_view.c.organisation_id == work.organisation_id,
        invoice_view.c.client_id == request.client_id,
        IS_OPEN,
        *_of_companies(invoice_view.c.company_id, work),
    )
    owed: Decimal = await work.fetch_value(
        select(func.coalesce(func.sum(_LEFT), _NOTHING)).where(*is_his, invoice_view.c.currency == DEFAULT_CURRENCY)
    )
    oldest = select(invoice_view).where(*is_his).order_by(invoice_view.c.due_date, invoice_view.c.number)
    rows = await work.fetch(oldest.limit(_ITEMS_SHOWN))
    unallocated = await _unallocated(request.client_id, work)
    stands = await work.fetch_value(
        select(payment_standing.c.standing).where(
            payment_standing.c.organisation_id == work.organisation_id,
            payment_standing.c.client_id == request.client_id,
        )
    )
    return ClientBalance(
        client_id=request.client_id,
        balance=views.money(owed - unallocated),
        unallocated=views.money(unallocated),
        standing=stands or Standing.GOOD,
        open_items=tuple(_open_item(row) for row in rows),
    )


async def _unallocated(client_id: UUID, work: UnitOfWork) -> Decimal:
    left = payment.c.amount - payment.c.refunded_amount - payment.c.charged_back_amount - payment.c.allocated_amount
    found: Decimal = await work.fetch_value(
        select(func.coalesce(func.sum(left), _NOTHING)).where(
            payment.c.organisation_id == work.organisation_id,
            payment.c.client_id == client_id,
            payment.c.status.in_((PaymentStatus.PAID, PaymentStatus.PARTIALLY_REFUNDED)),
            payment.c.currency == DEFAULT_CURRENCY,
            *_of_companies(payment.c.company_id, work),
        )
    )
    return found


async def list_open_items(request: ListOpenItems, work: UnitOfWork) -> OpenItemPage:
    """A page of invoices with something left to settle."""
    statement = select(invoice_view).where(
        invoice_view.c.organisation_id == work.organisation_id,
        IS_OPEN,
        invoice_view.c.issue_date.is_not(None),
        *_of_companies(invoice_view.c.company_id, work),
    )
    for column in ("company_id", "client_id"):
        if getattr(request, column) is not None:
            statement = statement.where(invoice_view.c[column] == getattr(request, column))
    return await page(
        work,
        request,
        statement,
        order=(invoice_view.c.issue_date, invoice_view.c.invoice_id),
        reply=OpenItemPage,
        item=_owned_item,
    )


def _of_companies(column: ColumnElement[UUID], work: UnitOfWork) -> tuple[ColumnElement[bool], ...]:
    """The rows of the companies that the caller sees."""
    return () if work.caller.company_ids is None else (column.in_(work.caller.company_ids),)


def _open_item(row: Row) -> OpenItem:
    return OpenItem(
        invoice_id=row["invoice_id"],
        number=row["number"],
        due_date=row["due_date"],
        amount=views.money(row["due"], row["currency"]),
        open=views.money(row["due"] - row["credited"] - row["allocated"] - row["settled_elsewhere"], row["currency"]),
    )


def _owned_item(row: Row) -> ClientOpenItem:
    whose = {name: row[name] for name in ("client_id", "company_id", "contract_id")}
    return ClientOpenItem(**vars(_open_item(row)), **whose)
