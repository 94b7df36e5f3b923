"""Presenting a failed debit again: whether, and when. Dates count TARGET days; hours are local wall clock."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from actors.payments.rules.dates import add_target_days, target_day
from actors.payments.rules.reasons import reason_of
from messages.payments import ReasonCategory, RetryAdvice
from messages.payments.policies import RetryTerms
from messages.payments.recovery_vocabulary import RetryAnchor, RetryEligibility
from messages.values.instants import PARIS

SMALLEST_RETRY = Decimal("1.00")
_STATUTORY_NOTICE_DAYS = 14
STOP_ALL = frozenset({"MD07", "FRAD"})
COMPLIANCE = frozenset({"RR04"})
_OUTSIDE_THE_LADDER = frozenset({"AC13", "MD02", "MD05", "FRAD", "MD07", "RR04"})
_OURS = frozenset({ReasonCategory.TECHNICAL, ReasonCategory.CANCELLATION})

E = RetryEligibility


@dataclass(frozen=True, slots=True)
class AttemptDate:
    """When the debtor is debited, and when the debit leaves for its bank file."""

    collection_date: date
    submit_at: datetime


@dataclass(frozen=True, slots=True)
class Debtor:
    """What of a receivable decides whether its debit may be presented again."""

    outstanding: Decimal
    client_blocked: bool
    contract_ended: bool
    mandate_usable: bool
    new_instrument: bool = False
    insolvent: bool = False
    disputed: bool = False


def needs_recovery(code: str, *, technical: bool) -> bool:
    """Whether a failure is the debtor's affair; faults of our own files and data are repaired, not dunned."""
    return not technical and reason_of(code).category not in _OURS


def counts_for_ladder(code: str) -> bool:
    """Whether a failure brings the debtor nearer to the next step."""
    return code not in _OUTSIDE_THE_LADDER


def effective_attempts(terms: RetryTerms, code: str) -> int:
    """How often a debit that failed with that code is presented again at most."""
    most = reason_of(code).most
    limits = [terms.max_attempts, len(terms.delays_days)]
    return min(limits if most is None else [*limits, most])


def eligibility(terms: RetryTerms, code: str, attempts_made: int, debtor: Debtor) -> RetryEligibility:
    """The first rule that forbids another presentation, or ELIGIBLE. NEVER of the table cannot be overridden.

    A code forbids the instrument it was given for, not another one.
    """
    if debtor.outstanding <= 0:
        return E.NOT_ELIGIBLE_PAYMENT_SETTLED
    if debtor.client_blocked or code in STOP_ALL | COMPLIANCE:
        return E.NOT_ELIGIBLE_CLIENT_BLOCKED
    if debtor.insolvent:
        return E.NOT_ELIGIBLE_INSOLVENCY
    if debtor.disputed:
        return E.NOT_ELIGIBLE_DISPUTED
    if debtor.contract_ended:
        return E.NOT_ELIGIBLE_CONTRACT_CANCELLED
    if not debtor.new_instrument and not _code_allows(terms, code):
        return E.NOT_ELIGIBLE_REASON_CODE
    if not debtor.mandate_usable:
        return E.NOT_ELIGIBLE_MANDATE_REVOKED
    if attempts_made >= effective_attempts(terms, code):
        return E.NOT_ELIGIBLE_MAX_ATTEMPTS
    return E.NOT_ELIGIBLE_AMOUNT if debtor.outstanding < SMALLEST_RETRY else E.ELIGIBLE


def _code_allows(terms: RetryTerms, code: str) -> bool:
    advice = reason_of(code).advice
    if code in terms.non_retryable_codes or advice is RetryAdvice.NEVER:
        return False
    if code == "AM04" and not terms.retry_on_insufficient_funds:
        return False
    return code in terms.retryable_codes or advice is RetryAdvice.AUTO


def attempt_date(
    terms: RetryTerms,
    *,
    first_rejection: date,
    number: int,
    last_outcome: date,
    notice_on: date,
    now: datetime,
    lead: int,
    zone: ZoneInfo = PARIS,
    taken: Collection[date] = (),
    closed: Collection[date] = (),
    at_once: bool = False,
) -> AttemptDate | None:
    """The date of attempt `number` (from 1); None when it would lie beyond the policy's window.

    `notice_on`: the day the debtor can be told; `lead`: TARGET days between presentation and debit; `taken`: dates of
    other new presentations under the same mandate; `closed`: TARGET holidays beside the computed ones; `at_once`: no
    delay, because the debtor gave a new account. Never before the outcome of the attempt before it.
    """
    anchor = last_outcome if number > 1 and terms.anchor is RetryAnchor.LAST_REJECTION else first_rejection
    wanted = last_outcome if at_once else anchor + timedelta(days=terms.delays_days[number - 1])
    if number > 1 and not at_once:
        wanted = max(wanted, last_outcome + timedelta(days=terms.min_gap_days))
    wanted = max(wanted, notice_on + timedelta(days=notice_days(terms)))
    if wanted > first_rejection + timedelta(days=terms.max_total_days):
        return None
    day = target_day(wanted)
    while day in closed or day in taken or (submit := submission(terms, day, lead, zone, closed)) <= now:
        day = add_target_days(day, 1)
    return AttemptDate(day, submit)


def notice_days(terms: RetryTerms) -> int:
    """Calendar days between notice and debit: 14 by the SEPA rulebook unless a clause agreed fewer."""
    if terms.prenotification_clause_ref:
        return terms.prenotification_days
    return max(terms.prenotification_days, _STATUTORY_NOTICE_DAYS)


def submission(
    terms: RetryTerms, collection_date: date, lead: int, zone: ZoneInfo = PARIS, closed: Collection[date] = ()
) -> datetime:
    """The instant at which a debit of that date leaves."""
    day = collection_date
    for _ in range(lead):
        day = add_target_days(day, -1)
        while day in closed:
            day = add_target_days(day, -1)
    return datetime.combine(day, time.fromisoformat(terms.cutoff_time), tzinfo=zone).astimezone(UTC)


def risk_score(rejections: int, cases_at_level_three: int, overdue_days: int, broken_promises: int = 0) -> int:
    """0 to 100: 10 per rejection and 15 per broken promise in 12 months, 25 per case at level 3 in 24 months, and a third of
    the days overdue, at most 30."""
    return min(100, 10 * rejections + 15 * broken_promises + 25 * cases_at_level_three + min(30, overdue_days // 3))
