"""What a link asks for: read from the open items each time it is looked at."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select

from messages.payments import InstalmentStatus
from runtime.unit_of_work import Row, UnitOfWork
from storage.payments.sets import among
from storage.payments.tables.dues import instalment
from storage.payments.tables.views import invoice_view

NOTHING = Decimal("0.00")


@dataclass(frozen=True, slots=True)
class OpenItem:
    """An instalment, an invoice, or an instalment with the invoice it is bound to."""

    instalment_id: UUID | None
    invoice_id: UUID | None
    contract_id: UUID | None
    invoice_number: str | None
    due_date: date | None
    open: Decimal
    debit_on: date | None

    @property
    def ids(self) -> tuple[UUID, ...]:
        """The ids under which somebody else may pay the same thing."""
        return tuple(id_ for id_ in (self.instalment_id, self.invoice_id) if id_ is not None)


@dataclass(frozen=True, slots=True)
class Due:
    """The items of a link and what to pay now."""

    items: tuple[OpenItem, ...]
    amount: Decimal

    @property
    def contract_id(self) -> UUID | None:
        """The contract that all items belong to, if it is one."""
        found = {item.contract_id for item in self.items}
        return found.pop() if len(found) == 1 else None

    @property
    def debit_on(self) -> date | None:
        """The first debit of these items that is under way."""
        return min((item.debit_on for item in self.items if item.debit_on is not None), default=None)


async def due_of(work: UnitOfWork, session: Row) -> Due:
    """What a link asks for now: nothing once its items are paid, whoever paid them."""
    items = await open_items(work, session["instalment_ids"], session["invoice_ids"])
    return Due(items, amount_of(items, session["amount"]))


async def items_to_settle(work: UnitOfWork, session: Row) -> tuple[OpenItem, ...]:
    """What a payment with a link settles: the link's items, else the oldest open invoices of the client."""
    items = await open_items(work, session["instalment_ids"], session["invoice_ids"])
    if items:
        return items
    rows = await work.fetch(
        select(invoice_view.c.invoice_id)
        .where(
            invoice_view.c.organisation_id == work.organisation_id,
            invoice_view.c.client_id == session["client_id"],
            invoice_view.c.company_id == session["company_id"],
            invoice_view.c.currency == session["currency"],
            invoice_view.c.due - invoice_view.c.credited - invoice_view.c.allocated > 0,
        )
        .order_by(invoice_view.c.due_date, invoice_view.c.number)
        .limit(100)
    )
    return await open_items(work, (), [row["invoice_id"] for row in rows])


def amount_of(items: Sequence[OpenItem], at_most: Decimal | None) -> Decimal:
    """The sum of the items, at most what was ordered; what was ordered where there are no items."""
    if not items:
        return at_most or NOTHING
    left = sum((item.open for item in items), NOTHING)
    return left if at_most is None else min(left, at_most)


async def open_items(
    work: UnitOfWork, instalment_ids: Iterable[UUID], invoice_ids: Iterable[UUID]
) -> tuple[OpenItem, ...]:
    """The items, an instalment and its invoice as one, the oldest first; settled ones are open with nothing."""
    wanted, invoices_wanted = list(instalment_ids), list(invoice_ids)
    if not wanted and not invoices_wanted:
        return ()
    dues = await work.fetch(
        select(instalment).where(
            instalment.c.organisation_id == work.organisation_id,
            or_(among(instalment.c.id, wanted), among(instalment.c.invoice_id, invoices_wanted)),
        )
    )
    bound = [row["invoice_id"] for row in dues if row["invoice_id"] is not None]
    invoices = {
        row["invoice_id"]: row
        for row in await work.fetch(
            select(invoice_view).where(
                invoice_view.c.organisation_id == work.organisation_id,
                among(invoice_view.c.invoice_id, [*invoices_wanted, *bound]),
            )
        )
    }
    items = [_item(row, invoices.pop(row["invoice_id"], None)) for row in dues]
    items += [_item(None, row) for row in invoices.values()]
    return tuple(sorted(items, key=lambda item: (item.due_date or date.max, item.invoice_number or "", item.ids)))


def _item(due: Row | None, invoice: Row | None) -> OpenItem:
    return OpenItem(
        instalment_id=due["id"] if due is not None else None,
        invoice_id=invoice["invoice_id"] if invoice is not None else None,
        contract_id=_first(invoice and invoice["contract_id"], due and due["contract_id"]),
        invoice_number=invoice["number"] if invoice is not None else None,
        due_date=_first(invoice and invoice["due_date"], due and due["due_date"]),
        open=_open_of_invoice(invoice) if invoice is not None else _open_of_instalment(due or {}),
        debit_on=due["collection_date"]
        if due is not None and due["status"] == InstalmentStatus.IN_COLLECTION
        else None,
    )


def _open_of_invoice(invoice: Row) -> Decimal:
    """The invoice says what is owed: its instalment may be cancelled while it stands."""
    left: Decimal = invoice["due"] - invoice["credited"] - invoice["allocated"]
    return max(NOTHING, left)


def _open_of_instalment(due: Row) -> Decimal:
    left: Decimal = due["amount"] - due["paid_amount"]
    return NOTHING if due["status"] == InstalmentStatus.CANCELLED else left


def _first(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)
