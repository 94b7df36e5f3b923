"""On which account the revenue of a line is booked (plan comptable général)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from messages.factures.values import Nature

SUBSCRIPTIONS: Final = "706100"
SERVICES: Final = "706000"
GOODS: Final = "707000"


@dataclass(frozen=True, slots=True)
class RevenueAccount:
    """A mapping of products: for a product, a range, or (neither) for all; for one company, or for all."""

    account: str
    product_id: UUID | None = None
    range_id: UUID | None = None
    company_id: UUID | None = None


def mapped_account(product_id: UUID | None, range_id: UUID | None, known: Sequence[RevenueAccount]) -> str | None:
    """The account of the product, else of its range, else of all; in each the company's before everybody's."""

    def fits(found: RevenueAccount) -> bool:
        if found.product_id is not None:
            return found.product_id == product_id
        return found.range_id is None or found.range_id == range_id

    def rank(found: RevenueAccount) -> tuple[bool, bool, bool]:
        return found.product_id is None, found.range_id is None, found.company_id is None

    best = min(filter(fits, known), key=rank, default=None)
    return best.account if best else None


def default_account(nature: Nature, *, recurring: bool) -> str:
    """Where nobody mapped the product."""
    if nature is Nature.GOODS:
        return GOODS
    return SUBSCRIPTIONS if recurring else SERVICES
