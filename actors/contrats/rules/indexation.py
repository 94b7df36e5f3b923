"""Price indexation: always from the base price and the base index, so that rounding never adds up."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from messages.contrats import ContractType
from messages.contrats.indexation import (
    GENERAL_INDEX_FORBIDDEN,
    IndexationFormula,
    IndexCode,
    RevisionAnchor,
)
from messages.problem import Refused
from messages.values.due_dates import add_months, whole_months
from messages.values.money import round_cents

QUARTERLY = (IndexCode.ILC, IndexCode.ILAT, IndexCode.ICC)
_GENERAL = (IndexCode.CONSUMER_PRICES,)
_YEAR = 12


def ratio_of(clause: Mapping[str, Any], value: Decimal | None) -> Decimal:
    """By how much the price moves against its base; FIXED_PERCENT compounds once per revision."""
    if clause["index_code"] == IndexCode.FIXED_PERCENT:
        rate: Decimal = clause["annual_rate"]
        compounded: Decimal = (1 + rate) ** (clause["revisions"] + 1)
        return compounded
    moved: Decimal = (value or clause["base_value"]) / clause["base_value"]
    if clause["formula"] == IndexationFormula.FIXED_SHARE:
        fixed: Decimal = clause["fixed_share"]
        return fixed + (1 - fixed) * moved
    return moved


def revised_price(
    base: Decimal, ratio: Decimal, previous: Decimal, cap: Decimal | None, floor: Decimal | None
) -> Decimal:
    """The new price: base times ratio, held between cap and floor of the last price, rounded once."""
    price = base * ratio
    if cap is not None:
        price = min(price, previous * (1 + cap / 100))
    if floor is not None:
        price = max(price, previous * (1 + floor / 100))
    return round_cents(price)


def index_period(code: str, revision_date: date, lag_months: int) -> str:
    """The period whose value counts: `2026-03`, or `2026-Q1` for quarterly indices."""
    month = add_months(revision_date.replace(day=1), -lag_months)
    if code in QUARTERLY:
        return f"{month.year}-Q{(month.month - 1) // 3 + 1}"
    return f"{month.year}-{month.month:02d}"


def next_revision(starts_on: date, anchor: str, frequency_months: int, after: date) -> date:
    """The first revision after a day."""
    origin = date(starts_on.year, 1, 1) if anchor == RevisionAnchor.JANUARY else starts_on
    number = max(whole_months(origin, after) // frequency_months, 0)
    while add_months(origin, number * frequency_months) <= max(after, starts_on):
        number += 1
    return add_months(origin, number * frequency_months)


def refuse_general_index(code: IndexCode, contract_type: str, legal_basis: str | None) -> None:
    """An index must have to do with what is sold or with the parties (Code monétaire et financier, art. L112-2)."""
    if code in _GENERAL and contract_type != ContractType.INSURANCE and legal_basis is None:
        raise Refused(
            GENERAL_INDEX_FORBIDDEN,
            "the general price level may not be followed (L112-2 CMF); choose an index of the activity, or give legal_basis",
        )


def warnings_of(cap_percent: Decimal | None, floor_percent: Decimal | None) -> tuple[str, ...]:
    """What a court may strike."""
    if floor_percent is not None and floor_percent >= 0:
        return ("upward-only clause, unenforceable risk",)
    return ()
