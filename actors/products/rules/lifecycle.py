"""How products and publications live, and who may be sold what."""

from datetime import datetime

from messages.products.catalogue import Lifecycle
from messages.products.pricing import PricePurpose
from messages.products.publications import PublicationState
from messages.products.ranges import Sector
from messages.transitions import StateMachine

PRODUCT = StateMachine(
    "product",
    {
        ("TEST", Lifecycle.DRAFT): Lifecycle.TEST,
        ("ACTIVE", Lifecycle.DRAFT): Lifecycle.ACTIVE,
        ("RETIRED", Lifecycle.DRAFT): Lifecycle.RETIRED,
        ("DRAFT", Lifecycle.TEST): Lifecycle.DRAFT,
        ("ACTIVE", Lifecycle.TEST): Lifecycle.ACTIVE,
        ("RETIRED", Lifecycle.TEST): Lifecycle.RETIRED,
        ("FROZEN", Lifecycle.ACTIVE): Lifecycle.FROZEN,
        ("RETIRED", Lifecycle.ACTIVE): Lifecycle.RETIRED,
        ("ACTIVE", Lifecycle.FROZEN): Lifecycle.ACTIVE,
        ("RETIRED", Lifecycle.FROZEN): Lifecycle.RETIRED,
    },
)

PUBLICATION = StateMachine(
    "publication",
    {
        ("start", PublicationState.SCHEDULED): PublicationState.LIVE,
        ("end", PublicationState.SCHEDULED): PublicationState.ENDED,
        ("end", PublicationState.LIVE): PublicationState.ENDED,
        ("withdraw", PublicationState.SCHEDULED): PublicationState.WITHDRAWN,
        ("withdraw", PublicationState.LIVE): PublicationState.WITHDRAWN,
    },
)

_PRICED_FOR = {
    PricePurpose.SALE: frozenset({Lifecycle.ACTIVE}),
    PricePurpose.RENEWAL: frozenset({Lifecycle.ACTIVE, Lifecycle.FROZEN}),
    PricePurpose.SIMULATION: frozenset({Lifecycle.DRAFT, Lifecycle.TEST, Lifecycle.ACTIVE, Lifecycle.FROZEN}),
}

CONSUMER_WITHDRAWAL_DAYS = 14
LIFE_INSURANCE_WITHDRAWAL_DAYS = 30
LONGEST_TELECOM_COMMITMENT_MONTHS = 24


def may_be_priced(lifecycle: Lifecycle, purpose: PricePurpose) -> bool:
    """Whether a product in that state of its life has a price for that purpose."""
    return lifecycle in _PRICED_FOR[purpose]


def withdrawal_days_of(sector: Sector) -> int:
    """The legal withdrawal delay: 14 days (C. consom. L221-18), 30 for life insurance (C. assur. L132-5-1)."""
    if sector in (Sector.INSURANCE_PROVIDENT, Sector.SAVINGS):
        return LIFE_INSURANCE_WITHDRAWAL_DAYS
    return CONSUMER_WITHDRAWAL_DAYS


def window_lies_within(
    start: datetime, end: datetime | None, outer_start: datetime | None, outer_end: datetime | None
) -> bool:
    """Whether [start, end) lies inside [outer_start, outer_end); no end means for ever."""
    if outer_start is None or start < outer_start:
        return False
    return outer_end is None or (end is not None and end <= outer_end)


def windows_overlap(
    left_start: datetime, left_end: datetime | None, right_start: datetime, right_end: datetime | None
) -> bool:
    """Whether two half-open windows share an instant."""
    return (left_end is None or right_start < left_end) and (right_end is None or left_start < right_end)
