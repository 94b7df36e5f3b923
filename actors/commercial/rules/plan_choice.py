"""Which plan pays a sale: the most telling selectors win, a tie is never guessed (commercial 6.4)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from messages.commercial import AMBIGUOUS_PLAN, NO_APPLICABLE_PLAN
from messages.problem import Refused

_SCORES = {
    "product_id": 64,
    "product_range_id": 32,
    "product_type": 16,
    "partner_id": 8,
    "company_id": 4,
    "profile": 2,
    "channel": 1,
}


@dataclass(frozen=True, slots=True)
class Candidate:
    """A published version with its plan's selectors, as resolution sees it."""

    plan_id: UUID
    plan_code: str
    version_id: UUID
    version_no: int
    selectors: dict[str, Any]
    priority: int
    effective_from: date
    effective_to: date | None
    currency: str
    payload: dict[str, Any]


def _fits(candidate: Candidate, sale: dict[str, Any]) -> bool:
    return all(
        sale.get(name) is not None and str(sale[name]).upper() == str(wanted).upper()
        for name, wanted in candidate.selectors.items()
        if wanted is not None
    )


def is_in_force(candidate: Candidate, on_date: date) -> bool:
    """Whether the version applies to triggers of that day; both ends count."""
    return candidate.effective_from <= on_date and (candidate.effective_to is None or on_date <= candidate.effective_to)


def score(candidate: Candidate) -> int:
    """How telling the selectors are."""
    return sum(_SCORES[name] for name, wanted in candidate.selectors.items() if wanted is not None)


def choose_plan(candidates: Iterable[Candidate], sale: dict[str, Any], on_date: date) -> Candidate:
    """The version that pays the sale; NO_APPLICABLE_PLAN or AMBIGUOUS_PLAN otherwise.

    An unknown property of the sale never matches a selector.
    """
    fitting = [found for found in candidates if is_in_force(found, on_date) and _fits(found, sale)]
    if not fitting:
        raise Refused(
            NO_APPLICABLE_PLAN,
            f"no active plan covers this sale on {on_date}; publish one or widen its selectors",
        )

    def rank(found: Candidate) -> tuple[int, int, date]:
        return score(found), found.priority, found.effective_from

    best = max(fitting, key=rank)
    tied = sorted(found.plan_code for found in fitting if rank(found) == rank(best))
    if len(tied) > 1:
        raise Refused(
            AMBIGUOUS_PLAN,
            f"the plans {', '.join(tied)} cover this sale equally; give one of them a higher priority",
            details={"plans": tied},
        )
    return best
