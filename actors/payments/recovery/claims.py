"""What a case may claim on a day: the principal, and of businesses and public buyers interest and the fixed indemnity."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import select

from actors.payments.recovery.desk import Desk, Row
from actors.payments.rules import charges
from messages.payments import (
    CasePauseReason,
    ChargeMode,
    ChargeStatus,
    ChargeType,
    CustomerType,
    DunningTerms,
    RecoveryItemStatus,
)
from runtime.unit_of_work import UnitOfWork
from storage.payments.sets import among
from storage.payments.tables.payments import allocation, payment


@dataclass(frozen=True, slots=True)
class Claim:
    """One receivable's share."""

    item: Row
    interest: Decimal
    indemnity: Decimal
    fees: Decimal
    provisional: bool

    @property
    def total(self) -> Decimal:
        """Everything the receivable asks for."""
        principal: Decimal = self.item["outstanding"]
        return principal + self.interest + self.indemnity + self.fees


async def claims_of(
    desk: Desk, case: Row, as_of: date, status: RecoveryItemStatus = RecoveryItemStatus.OPEN
) -> list[Claim]:
    """The open receivables of a case, oldest first, or those in another state; what was billed already is not claimed again.

    A collective procedure stops interest and indemnities.
    """
    items = [item for item in desk.items_of(case) if item["status"] == status]
    customer, terms = CustomerType(case["customer_type"]), DunningTerms.model_validate(case["terms"])
    stopped = customer is CustomerType.B2C or case["pause_reason"] == CasePauseReason.INSOLVENCY
    if stopped:
        return [Claim(item, charges.NOTHING, charges.NOTHING, charges.NOTHING, provisional=False) for item in items]
    paid = await _paid(desk.work, items)
    found = []
    for item in items:
        parts = paid.get(item["id"], [])
        interest = charges.late_interest(customer, item["principal"], item["due_date"], as_of, parts)
        amount = interest.amount if terms.interest_mode is ChargeMode.AUTO else charges.NOTHING
        amount -= _charged(desk, item, ChargeType.LATE_INTEREST)
        fixed = charges.indemnity(customer, item["due_date"], as_of)
        fixed -= min(fixed, _charged(desk, item, ChargeType.FIXED_INDEMNITY))
        found.append(
            Claim(
                item,
                amount if amount >= charges.SMALLEST_CLAIM else charges.NOTHING,
                fixed if terms.indemnity_mode is ChargeMode.AUTO else charges.NOTHING,
                _charged(desk, item, ChargeType.REJECTION_FEE, ChargeStatus.RAISED),
                interest.provisional,
            )
        )
    return found


def _charged(desk: Desk, item: Row, type_: ChargeType, status: ChargeStatus | None = None) -> Decimal:
    """What was charged of a receivable already, waived or not, or what of it stands in one state."""
    amounts = [
        row["amount"]
        for row in desk.charges.values()
        if (row["item_id"], row["type"]) == (item["id"], type_) and status in (None, row["status"])
    ]
    return sum(amounts, charges.NOTHING)


async def _paid(work: UnitOfWork, items: Sequence[Row]) -> dict[UUID, list[tuple[date, Decimal]]]:
    """What was paid of each receivable and when: by its invoice's allocations, without invoice by its own payments."""
    by_invoice = {item["invoice_id"]: item["id"] for item in items if item["invoice_id"] is not None}
    by_instalment = {item["instalment_id"]: item["id"] for item in items if item["invoice_id"] is None}
    own = payment.c.organisation_id == work.organisation_id
    settled = payment.c.settled_on.is_not(None)
    allocated = await work.fetch(
        select(allocation.c.invoice_id.label("of"), payment.c.settled_on, allocation.c.amount)
        .join(payment, payment.c.id == allocation.c.payment_id)
        .where(own, settled, among(allocation.c.invoice_id, sorted(by_invoice)), allocation.c.amount > 0)
        .order_by(payment.c.settled_on, payment.c.id)
    )
    direct = await work.fetch(
        select(payment.c.instalment_id.label("of"), payment.c.settled_on, payment.c.instalment_amount.label("amount"))
        .where(own, settled, among(payment.c.instalment_id, sorted(by_instalment)), payment.c.instalment_amount > 0)
        .order_by(payment.c.settled_on, payment.c.id)
    )
    found: dict[UUID, list[tuple[date, Decimal]]] = {}
    for row in (*allocated, *direct):
        item_id = by_invoice.get(row["of"]) or by_instalment[row["of"]]
        found.setdefault(item_id, []).append((row["settled_on"], row["amount"]))
    return found
