"""Where a client stands, derived from his contracts and how he pays (clients 6.5); nobody sets it by hand."""

from collections.abc import Collection
from dataclasses import dataclass

from messages.clients import StatusCategory

_LATE = frozenset({"OVERDUE", "UNPAID", "LITIGATION"})


@dataclass(frozen=True, slots=True)
class Facts:
    """What the status is derived from. `late_without_standing`: a bill is late and payments has not judged it yet."""

    contract_statuses: Collection[str]
    had_contract_in_force: bool
    standings: Collection[str]
    late_without_standing: bool = False


def category_of(facts: Facts) -> StatusCategory:
    """The first rule that matches decides."""
    active = sum(status == "ACTIVE" for status in facts.contract_statuses)
    suspended = sum(status == "SUSPENDED" for status in facts.contract_statuses)
    if active + suspended == 0:
        return StatusCategory.INACTIVE if facts.had_contract_in_force else StatusCategory.PROSPECT
    if active == 0 or "SUSPENDED" in facts.standings:
        return StatusCategory.SUSPENDED
    if _LATE & set(facts.standings) or (not facts.standings and facts.late_without_standing):
        return StatusCategory.OVERDUE
    return StatusCategory.ACTIVE
