"""When a term ends and the next one begins."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from actors.contrats.rules.draft_terms import last_day_of_term


def renewed_end(contract: Mapping[str, Any], old_end: date, months_since_start: int) -> date:
    """The last day of the next term: counted from the first day of the contract, so that month ends do not drift."""
    months = contract["renewal_term_months"]
    from_start = last_day_of_term(contract["starts_on"], months_since_start)
    follows = last_day_of_term(contract["starts_on"], months_since_start - months) == old_end
    return from_start if follows else last_day_of_term(old_end + timedelta(days=1), months)
