"""What a client owes, computed from his bills, credit notes and payments (clients 6.7)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from messages.values.due_dates import late_from

_NOTHING = Decimal("0.00")


@dataclass(frozen=True, slots=True)
class Bill:
    """An issued invoice with what was credited and paid on it. `settled`: factures says nothing is open."""

    gross: Decimal
    credited: Decimal
    paid: Decimal
    due_on: date | None
    settled: bool = False
    late_from: date | None = None
    """The first day on which it is late; the day after `due_on` where no debit is planned for later."""

    @property
    def outstanding(self) -> Decimal:
        """What is still to be paid."""
        return _NOTHING if self.settled else max(_NOTHING, self.gross - self.credited - self.paid)

    @property
    def overpaid(self) -> Decimal:
        """What was credited or paid beyond the bill."""
        return max(_NOTHING, self.credited + self.paid - self.gross)

    def is_late(self, as_of: date) -> bool:
        """Whether something of it should have been paid before that day."""
        first = self.late_from or late_from(self.due_on, None)
        return self.outstanding > 0 and first is not None and first <= as_of


@dataclass(frozen=True, slots=True)
class Balance:
    """The figures of one currency."""

    outstanding: Decimal
    unapplied_credit: Decimal
    overdue: Decimal
    oldest_overdue_days: int

    @property
    def due(self) -> Decimal:
        """What the client would pay to owe nothing; negative when he has a credit."""
        return self.outstanding - self.unapplied_credit


def balance_of(bills: Iterable[Bill], unallocated: Decimal, as_of: date) -> Balance:
    """The client's figures on a day; `unallocated` is money that no bill has taken yet."""
    found = list(bills)
    late = [bill for bill in found if bill.is_late(as_of)]
    oldest = min((bill.due_on for bill in late if bill.due_on), default=None)
    return Balance(
        outstanding=sum((bill.outstanding for bill in found), _NOTHING),
        unapplied_credit=sum((bill.overpaid for bill in found), unallocated),
        overdue=sum((bill.outstanding for bill in late), _NOTHING),
        oldest_overdue_days=(as_of - oldest).days if oldest else 0,
    )
