"""What became of the debits that failed: how many cases were opened, how far they climbed, what was recovered."""

from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal

from rich.table import Table

from messages.payments import ListRecoveryCases, ListSuspensionRequests
from runtime.demo.books import every
from runtime.demo.setting import Demo

_ZERO = Decimal("0.00")
_CUT = ("CONFIRMED", "LIFT_REQUESTED", "LIFTED", "LIFT_FAILED")


@dataclass
class Funnel:
    """Counts of recovery cases; amounts in euros."""

    opened: int = 0
    refusals: int = 0
    levels: Counter[int] = field(default_factory=Counter)
    cut: int = 0
    closed: Counter[str] = field(default_factory=Counter)
    still_open: int = 0
    outstanding: Decimal = _ZERO

    def table(self) -> Table:
        """The funnel from its mouth to its end."""
        table = Table("recovery", "", box=None, padding=(0, 2))
        table.add_row("debits refused", f"{self.refusals}")
        table.add_row("cases opened", f"{self.opened}")
        for level in sorted(self.levels):
            table.add_row(f"  reached level {level}", f"{self.levels[level]}")
        table.add_row("services cut", f"{self.cut}")
        for reason, count in sorted(self.closed.items()):
            table.add_row(f"closed: {reason.lower().replace('_', ' ')}", f"{count}")
        table.add_row("still open", f"{self.still_open} ({self.outstanding} EUR)")
        return table


async def keep_funnel(demo: Demo) -> Funnel:
    """Ask payments."""
    funnel = Funnel()
    async for case in every(demo, ListRecoveryCases(limit=100)):
        funnel.opened += 1
        funnel.refusals += case.rejection_count
        for level in range(1, case.level + 1):
            funnel.levels[level] += 1
        if case.close_reason is not None:
            funnel.closed[str(case.close_reason)] += 1
        else:
            funnel.still_open += 1
            funnel.outstanding += case.outstanding.amount
    async for order in every(demo, ListSuspensionRequests(limit=100)):
        funnel.cut += str(order.status) in _CUT
    return funnel
