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
class Article:
    """What an invoice line keeps of its product: the article number, and the version of its commercial terms."""

    sku: str | None
    version_id: UUID | None


@dataclass(frozen=True, slots=True)
class RevenueAccount:
    """A mapping of products: for a product, a range, or (neither) for all; for one company, or for all."""

    account: str
    product_id: UUID | None = None
    range_id: UUID | None = None
    company_id: UUID | None = None


def mapped_account(product_id: UUID | None, ranges: Sequence[UUID], known: Sequence[RevenueAccount]) -> str | None:
    """The account of the product, else of the nearest of its ranges, else of all; in each the company's before everybody's.

    `ranges` begin with the product's own and go up.
    """

    def fits(found: RevenueAccount) -> bool:
        if found.product_id is not None:
            return found.product_id == product_id
        return found.range_id is None or found.range_id in ranges

    def rank(found: RevenueAccount) -> tuple[bool, int, bool]:
        height = len(ranges) if found.range_id is None else ranges.index(found.range_id)
        return found.product_id is None, height, found.company_id is None

    best = min(filter(fits, known), key=rank, default=None)
    return best.account if best else None


def default_account(nature: Nature, *, recurring: bool) -> str:
    """Where nobody mapped the product."""
    if nature is Nature.GOODS:
        return GOODS
    return SUBSCRIPTIONS if recurring else SERVICES
