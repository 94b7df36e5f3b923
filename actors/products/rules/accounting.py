"""The accounts amounts are booked on where nobody said otherwise, and which mapping wins.

Accounts of the French chart (PCG): 706 services, 7082 commissions and brokerage, 628 various services, 44571 VAT.
"""

from collections.abc import Sequence
from uuid import UUID

from messages.products.catalogue import RevenueModel
from messages.products.publications import AccountingMapping, AccountNature

DEFAULT_ACCOUNTS = {
    AccountNature.REVENUE: ("706000", "VT"),
    AccountNature.COMMISSION: ("708200", "VT"),
    AccountNature.FEE: ("628000", "AC"),
    AccountNature.TAX: ("445710", "VT"),
}

NATURES_OF = {
    RevenueModel.REVENUE: (AccountNature.REVENUE, AccountNature.TAX),
    RevenueModel.COMMISSION: (AccountNature.COMMISSION,),
    RevenueModel.MIXED: (AccountNature.REVENUE, AccountNature.COMMISSION, AccountNature.TAX),
}
"""What a revenue model books."""


def best_mapping(
    mappings: Sequence[AccountingMapping], ranges: Sequence[UUID], company_id: UUID | None
) -> AccountingMapping | None:
    """Product, then its ranges nearest first, then the default; within each the company before all companies."""

    def rank(mapping: AccountingMapping) -> tuple[int, bool]:
        if mapping.product_id is not None:
            place = 0
        elif mapping.range_id is not None:
            place = 1 + list(ranges).index(mapping.range_id)
        else:
            place = 1 + len(ranges)
        return place, mapping.company_id is None

    usable = [mapping for mapping in mappings if mapping.company_id in (None, company_id)]
    return min(usable, key=rank, default=None)
