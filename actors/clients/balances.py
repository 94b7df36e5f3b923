"""A client's bills and money, read from what factures and payments stated about him and the records merged into him."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from actors.clients.rules.balances import Balance, Bill, balance_of
from messages.clients import Balances
from messages.values.money import Money
from runtime.unit_of_work import Row, UnitOfWork
from storage.clients.queries import one_of
from storage.clients.tables import invoice_payment_ref, invoice_ref, payment_ref

_NOTHING = Decimal("0.00")


async def bills_of(client_ids: Sequence[UUID], work: UnitOfWork) -> list[tuple[Bill, bool]]:
    """The client's bills, each with whether its newest debit failed while it is still open."""
    found = []
    for row in await _bill_rows(client_ids, work):
        bill = _bill(row)
        found.append((bill, row["rejected"] and bill.outstanding > 0))
    return found


async def balances_of(client_ids: Sequence[UUID], as_of: date, work: UnitOfWork) -> tuple[Balances, ...]:
    """The client's figures per currency; amounts of two currencies are never added."""
    bills: dict[str, list[Bill]] = {}
    for row in await _bill_rows(client_ids, work):
        bills.setdefault(row["currency"], []).append(_bill(row))
    money = {row["currency"]: row for row in await _money_rows(client_ids, work)}
    return tuple(
        _figures(
            currency, balance_of(bills.get(currency, ()), _unallocated(money.get(currency)), as_of), money.get(currency)
        )
        for currency in sorted({*bills, *money} or {"EUR"})
    )


def _figures(currency: str, balance: Balance, money: Row | None) -> Balances:
    received = money["received"] - money["refunded"] if money is not None else _NOTHING
    amounts = {
        "outstanding": balance.outstanding,
        "unapplied_credit": balance.unapplied_credit,
        "balance_due": balance.due,
        "overdue_amount": balance.overdue,
        "lifetime_value": received,
    }
    return Balances(
        currency=currency,
        oldest_overdue_days=balance.oldest_overdue_days,
        **{name: Money(amount=amount, currency=currency) for name, amount in amounts.items()},
    )


def _unallocated(money: Row | None) -> Decimal:
    return max(_NOTHING, money["received"] - money["allocated"]) if money is not None else _NOTHING


def _bill(row: Row) -> Bill:
    return Bill(row["gross"], row["credited"], row["paid"], row["due_on"], row["settled"], row["late_from"])


async def _bill_rows(client_ids: Sequence[UUID], work: UnitOfWork) -> list[Row]:
    bill, part = invoice_ref.c, invoice_payment_ref.c
    paid: Any = (
        select(func.coalesce(func.sum(part.allocated_after), _NOTHING))
        .where(part.organisation_id == bill.organisation_id, part.invoice_id == bill.invoice_id)
        .scalar_subquery()
        .label("paid")
    )
    return await work.fetch(
        select(invoice_ref, paid).where(
            bill.organisation_id == work.organisation_id, one_of(bill.client_id, client_ids)
        )
    )


async def _money_rows(client_ids: Sequence[UUID], work: UnitOfWork) -> list[Row]:
    payment, part = payment_ref.c, invoice_payment_ref.c
    allocated = (
        select(func.coalesce(func.sum(part.allocated_after), _NOTHING))
        .where(part.organisation_id == payment.organisation_id, part.payment_id == payment.payment_id)
        .scalar_subquery()
    )
    statement = (
        select(
            payment.currency,
            func.coalesce(func.sum(payment.amount), _NOTHING).label("received"),
            func.coalesce(func.sum(payment.refunded), _NOTHING).label("refunded"),
            func.coalesce(func.sum(allocated), _NOTHING).label("allocated"),
        )
        .where(
            payment.organisation_id == work.organisation_id,
            one_of(payment.client_id, client_ids),
            payment.status == "RECEIVED",
        )
        .group_by(payment.currency)
    )
    return await work.fetch(statement)
