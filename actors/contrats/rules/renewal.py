"""When a term ends, until when its renewal may be refused, and when the client must be told."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from actors.contrats.rules.draft_terms import last_day_of_term
from messages.contrats import LegalRegime, NoticeUnit, RenewalMode
from messages.contrats.states import RenewalStatus
from messages.transitions import StateMachine
from messages.values.due_dates import add_months

_S = RenewalStatus
_OPEN = (_S.PENDING, _S.INFORMED, _S.INFO_MISSED, _S.NOT_APPLICABLE)
RENEWAL = StateMachine(
    "renewal",
    {
        ("inform", _S.PENDING): _S.INFORMED,
        ("inform", _S.INFORMED): _S.INFORMED,  # the letter that follows a mail proves the same thing again
        ("void_proof", _S.INFORMED): _S.PENDING,
        ("void_proof", _S.PENDING): _S.PENDING,
        ("miss", _S.PENDING): _S.INFO_MISSED,
        ("renew", _S.PENDING): _S.RENEWED,
        ("renew", _S.INFORMED): _S.RENEWED,
        ("renew", _S.INFO_MISSED): _S.INFO_MISSED,  # the client's right to leave free begins here
        ("renew", _S.NOT_APPLICABLE): _S.RENEWED,
        **{("refuse", state): _S.REFUSED for state in _OPEN},
    },
)
WARNING_DAYS = (90, 60, 30, 7)
_ONE_DAY = timedelta(days=1)
_RENEWS = (RenewalMode.TACIT, RenewalMode.TO_OPEN_ENDED)


@dataclass(frozen=True, slots=True)
class InformationWindow:
    """When a consumer must be told, both days included; the best day is in the middle."""

    opens_on: date
    closes_on: date
    planned_on: date


def refusal_deadline(ends_on: date, notice_value: int, notice_unit: str) -> date:
    """The last day to refuse the renewal of a term."""
    if notice_unit == NoticeUnit.MONTHS:
        return add_months(ends_on + _ONE_DAY, -notice_value) - _ONE_DAY
    return ends_on - timedelta(days=notice_value)


def information_window(deadline: date) -> InformationWindow:
    """Three months to one month before the deadline (Code de la consommation, art. L215-1)."""
    return InformationWindow(add_months(deadline, -3), add_months(deadline, -1), add_months(deadline, -2))


def must_be_told(contract: Mapping[str, Any]) -> bool:
    """Consumers are told before a tacit renewal; businesses look after themselves."""
    return bool(contract["legal_regime"] != LegalRegime.BUSINESS)


def renews_by_itself(contract: Mapping[str, Any]) -> bool:
    """Whether a new term begins unless somebody objects, and another one is allowed."""
    most = contract["max_renewals"]
    return contract["renewal_mode"] in _RENEWS and (most is None or contract["renewal_count"] < most)


def next_term_end(contract: Mapping[str, Any]) -> date | None:
    """The last day of the term that follows; None when it is open-ended."""
    if contract["renewal_mode"] == RenewalMode.TO_OPEN_ENDED:
        return None
    months = (contract["initial_term_months"] or 0) + contract["renewal_term_months"] * (contract["renewal_count"] + 1)
    return renewed_end(contract, contract["ends_on"], months)


def renewed_end(contract: Mapping[str, Any], old_end: date, months_since_start: int) -> date:
    """The last day of the next term: counted from the first day of the contract, so that month ends do not drift."""
    months = contract["renewal_term_months"]
    from_start = last_day_of_term(contract["starts_on"], months_since_start)
    follows = last_day_of_term(contract["starts_on"], months_since_start - months) == old_end
    return from_start if follows else last_day_of_term(old_end + _ONE_DAY, months)
