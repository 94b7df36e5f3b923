"""What is left to pay, and which fact a change of it is."""

from dataclasses import dataclass
from decimal import Decimal

from messages.factures.values import DocumentKind, SettlementStatus

ZERO = Decimal("0.00")


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a document stands: status and what is left."""

    status: SettlementStatus
    outstanding: Decimal


def standing(kind: DocumentKind, due: Decimal, settled: Decimal, credited: Decimal) -> Standing:
    """The settlement status of an issued document; what is left is never negative.

    What a credit note gives back is settled once it reduced its invoice or was paid out.
    """
    if kind.gives_back:
        return Standing(SettlementStatus.REFUNDED if settled >= due else SettlementStatus.REFUNDABLE, ZERO)
    left = due - settled - credited
    outstanding = max(left, ZERO)
    if left < 0:
        return Standing(SettlementStatus.OVERPAID, outstanding)
    if left == 0:
        fully_credited = credited > 0 and settled == 0
        return Standing(SettlementStatus.CREDITED if fully_credited else SettlementStatus.PAID, outstanding)
    return Standing(SettlementStatus.UNPAID if left == due else SettlementStatus.PARTIALLY_PAID, outstanding)


def fact_after(before: SettlementStatus, after: SettlementStatus, amount: Decimal) -> str | None:
    """The fact a settlement makes: a negative amount always came back, else only a change of status is news."""
    if amount < 0:
        return "payment_reversed"
    if before is after and after is not SettlementStatus.PARTIALLY_PAID:
        return None
    return {
        SettlementStatus.PARTIALLY_PAID: "partially_paid",
        SettlementStatus.PAID: "paid",
        SettlementStatus.OVERPAID: "overpaid",
    }.get(after)
