"""The rows that bank outcomes change, locked in one order and held as the states that the rules work on."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import select

from actors.payments.rules.outcomes import InstalmentState, InvoiceState, PaymentState
from actors.payments.sets import by_id, run_many
from messages.payments import InstalmentStatus, PaymentStatus
from messages.values.identifiers import derived_id
from runtime.unit_of_work import UnitOfWork
from storage.payments import queries
from storage.payments.sets import among
from storage.payments.tables.dues import instalment
from storage.payments.tables.payments import allocation, payment
from storage.payments.tables.views import invoice_view


class Books:
    """Payments, their instalments and invoices. Load, let the rules work on the states, then store what changed."""

    def __init__(self, work: UnitOfWork) -> None:
        self._work = work
        self.payments: dict[UUID, dict[str, Any]] = {}
        self.instalments: dict[UUID, dict[str, Any]] = {}
        self.invoices: dict[UUID, dict[str, Any]] = {}
        self.allocations: dict[tuple[UUID, UUID], dict[str, Any]] = {}
        self.payment_states: dict[UUID, PaymentState] = {}
        self.instalment_states: dict[UUID, InstalmentState] = {}
        self.invoice_states: dict[UUID, InvoiceState] = {}

    async def load(self, payment_ids: Iterable[UUID], *, invoices: Sequence[UUID] = ()) -> None:
        """Lock the payments and what they touch: payments, then instalments, then invoices, each by id."""
        ids = sorted(set(payment_ids))
        organisation_id = self._work.organisation_id
        rows = await self._work.fetch(
            select(payment)
            .where(payment.c.organisation_id == organisation_id, among(payment.c.id, ids))
            .order_by(payment.c.id)
            .with_for_update()
        )
        self.payments |= by_id(rows)
        wanted = {row["instalment_id"] for row in rows if row["instalment_id"] is not None}
        await self.load_instalments(wanted)
        allocated = await self._load_allocations(ids)
        await self.load_instalments(
            row["instalment_id"] for row in self.allocations.values() if row["instalment_id"] is not None
        )
        own = {row["invoice_id"] for row in (*rows, *self.instalments.values()) if row["invoice_id"] is not None}
        await self.load_invoices(own | allocated | set(invoices))
        for row in rows:
            self.payment_states[row["id"]] = PaymentState(
                row["amount"],
                PaymentStatus(row["status"]),
                row["allocated_amount"],
                row["instalment_amount"],
                row["refunded_amount"],
                row["charged_back_amount"],
            )

    async def load_instalments(self, ids: Iterable[UUID]) -> None:
        """Lock further instalments."""
        wanted = sorted(set(ids) - self.instalments.keys())
        if not wanted:
            return
        rows = await self._work.fetch(
            select(instalment)
            .where(instalment.c.organisation_id == self._work.organisation_id, among(instalment.c.id, wanted))
            .order_by(instalment.c.id)
            .with_for_update()
        )
        self.instalments |= by_id(rows)
        for row in rows:
            self.instalment_states[row["id"]] = InstalmentState(
                row["amount"], InstalmentStatus(row["status"]), row["paid_amount"]
            )

    async def load_invoices(self, ids: Iterable[UUID]) -> None:
        """Lock further invoices."""
        wanted = sorted(set(ids) - self.invoices.keys())
        if not wanted:
            return
        rows = await self._work.fetch(
            select(invoice_view)
            .where(
                invoice_view.c.organisation_id == self._work.organisation_id, among(invoice_view.c.invoice_id, wanted)
            )
            .order_by(invoice_view.c.invoice_id)
            .with_for_update()
        )
        for row in rows:
            self.invoices[row["invoice_id"]] = dict(row)
            self.invoice_states[row["invoice_id"]] = InvoiceState(row["due"], row["credited"], row["allocated"])

    async def _load_allocations(self, payment_ids: list[UUID]) -> set[UUID]:
        rows = await self._work.fetch(
            select(allocation).where(
                allocation.c.organisation_id == self._work.organisation_id, among(allocation.c.payment_id, payment_ids)
            )
        )
        for row in rows:
            self.allocations[row["payment_id"], row["invoice_id"]] = dict(row)
        return {row["invoice_id"] for row in rows}

    def invoice_of(self, row: dict[str, Any]) -> UUID | None:
        """The invoice that a payment is for: its own, else its instalment's."""
        found = row["invoice_id"]
        if found is None and row["instalment_id"] in self.instalments:
            found = self.instalments[row["instalment_id"]]["invoice_id"]
        return found if found in self.invoice_states else None

    def allocate(self, row: dict[str, Any], invoice_id: UUID, amount: Decimal) -> dict[str, Any]:
        """Note that a payment settles more (or less) of an invoice; the allocation row after it."""
        key = (row["id"], invoice_id)
        known = self.allocations.get(key)
        if known is None:
            known = self.allocations[key] = {
                "id": derived_id("allocation", row["id"], invoice_id),
                "organisation_id": self._work.organisation_id,
                "payment_id": row["id"],
                "invoice_id": invoice_id,
                "instalment_id": row["instalment_id"],
                "contract_id": row["contract_id"] or self.invoices[invoice_id]["contract_id"],
                "amount": Decimal("0.00"),
            }
        known["amount"] += amount
        known["updated_at"] = self._work.now
        known["changed"] = True
        return known

    async def store(self) -> None:
        """Write every state that differs from its row; versions rise by one."""
        stamp = {"now": self._work.now, "by": self._work.caller.principal}
        await run_many(
            self._work, queries.PAYMENT_OUTCOME, [self._payment_row(id_) | stamp for id_ in sorted(self.payment_states)]
        )
        changed = [id_ for id_ in sorted(self.instalment_states) if self.instalment_changed(id_)]
        await run_many(self._work, queries.INSTALMENT_OUTCOME, [self._instalment_row(id_) | stamp for id_ in changed])
        invoices = [
            {"organisation": self._work.organisation_id, "invoice": id_, "new_allocated": state.allocated}
            for id_, state in sorted(self.invoice_states.items())
            if state.allocated != self.invoices[id_]["allocated"]
        ]
        await run_many(self._work, queries.INVOICE_ALLOCATED, invoices)
        await run_many(
            self._work, queries.ALLOCATION_SAVED, [row for row in self.allocations.values() if row.get("changed")]
        )

    def instalment_changed(self, id_: UUID) -> bool:
        """Whether the rules moved an instalment."""
        row, state = self.instalments[id_], self.instalment_states[id_]
        return (row["status"], row["paid_amount"], row["retry_count"]) != (
            state.status,
            state.paid,
            row.get("new_retry_count", row["retry_count"]),
        )

    def payment_after(self, id_: UUID) -> dict[str, Any]:
        """A payment's row as it is stored in the end."""
        row, state = self.payments[id_], self.payment_states[id_]
        return row | {
            "status": state.status,
            "allocated_amount": state.allocated,
            "instalment_amount": state.instalment_amount,
            "charged_back_amount": state.charged_back,
            "refunded_amount": state.refunded,
            "version": row["version"] + 1,
        }

    def instalment_after(self, id_: UUID) -> dict[str, Any]:
        """An instalment's row as it is stored in the end."""
        row, state = self.instalments[id_], self.instalment_states[id_]
        return row | {"status": state.status, "paid_amount": state.paid, "version": row["version"] + 1}

    def _payment_row(self, id_: UUID) -> dict[str, Any]:
        row, state = self.payments[id_], self.payment_states[id_]
        return {
            "payment_id": id_,
            "new_status": state.status,
            "new_allocated": state.allocated,
            "new_instalment_amount": state.instalment_amount,
            "new_charged_back": state.charged_back,
            "new_refunded": state.refunded,
            "new_settled_on": row["settled_on"],
            "new_paid_at": row["paid_at"],
            "new_reason_code": row["reason_code"],
            "new_reason_category": row["reason_category"],
            "new_reason_message": row["reason_message"],
            "new_version": row["version"] + 1,
        }

    def _instalment_row(self, id_: UUID) -> dict[str, Any]:
        row, state = self.instalments[id_], self.instalment_states[id_]
        return {
            "instalment_id": id_,
            "new_status": state.status,
            "new_paid": state.paid,
            "new_retry_count": row.get("new_retry_count", row["retry_count"]),
            "new_reason_code": row["last_reason_code"],
            "new_version": row["version"] + 1,
        }
