"""Dates of collection: TARGET days, the withdrawal floor, presentation and the windows in which a debit may come back."""

from datetime import date, timedelta

from actors.payments.rules.reasons import REFUND_CLAIMS, is_refusal
from messages.payments import FailurePhase, RType
from messages.values.business_days import TARGET, add_business_days, business_day_on_or_after
from messages.values.due_dates import add_months

_RETURN_TARGET_DAYS = {"SEPA_CORE": 5, "SEPA_B2B": 3}
_REFUND_CLAIM_DAYS = 56
_UNAUTHORISED_MONTHS = 13


def target_day(day: date) -> date:
    """The day itself, or the next one on which SEPA money moves."""
    return business_day_on_or_after(day, TARGET)


def add_target_days(day: date, count: int) -> date:
    """That many TARGET days later, earlier if negative."""
    return add_business_days(day, count, TARGET)


def latest_presentation(planned: date, lead: int) -> date:
    """The last day on which a file must leave so that the debit happens as planned."""
    return add_target_days(target_day(planned), -lead)


def collection_date(planned: date, presented_on: date, lead: int, *, cutoff_passed: bool = False) -> date:
    """When a debit presented on that day is collected: as planned while the bank still accepts it, else later."""
    wanted = target_day(planned)
    start = add_target_days(presented_on, 1) if cutoff_passed else presented_on
    if start <= add_target_days(wanted, -lead):
        return wanted
    return max(wanted, add_target_days(start, lead))


def first_debit_floor(
    *,
    concluded_on: date | None,
    withdrawal_applicable: bool | None,
    withdrawal_ends_on: date | None,
    first_payment_not_before: date | None,
    collectable_from: date | None,
    off_premises: bool,
    guard_days: int = 14,
) -> date | None:
    """The first day on which a contract may be debited; None when nothing limits it.

    14 days after conclusion, extended to the next working day (Code de la consommation, art. L221-18 and L221-19);
    off premises no payment within 7 days whatever was agreed (art. L221-10).
    """
    floors = [day for day in (first_payment_not_before, collectable_from) if day is not None]
    if withdrawal_applicable:
        ends = withdrawal_ends_on
        if ends is None and concluded_on is not None:
            ends = business_day_on_or_after(concluded_on + timedelta(days=guard_days))
        if ends is not None:
            floors.append(ends + timedelta(days=1))
    if off_premises and concluded_on is not None:
        floors.append(concluded_on + timedelta(days=8))
    return max(floors, default=None)


_WITHOUT_SCHEME_DATES = frozenset({"CARD", "PAYPAL"})
"""Cards and wallets: what is taken back is a dispute, judged by the provider, not by SEPA's dates."""


def return_type(phase: FailurePhase, code: str, scheme: str, settled_on: date | None, booked_on: date) -> RType:
    """What the scheme calls this failure."""
    if phase is FailurePhase.PRE_SETTLEMENT:
        return RType.REFUSAL if is_refusal(code) else RType.REJECT
    if scheme in _WITHOUT_SCHEME_DATES:
        return RType.CHARGEBACK
    late = settled_on is not None and booked_on > return_deadline(scheme, settled_on)
    return RType.REFUND if code in REFUND_CLAIMS or late else RType.RETURN


def return_deadline(scheme: str, settled_on: date) -> date:
    """The last day on which the debtor's bank may return a debit: 5 TARGET days, 3 for B2B."""
    return add_target_days(settled_on, _RETURN_TARGET_DAYS.get(scheme, 5))


def refund_claim_deadline(settled_on: date) -> date:
    """The end of the debtor's right to a refund without questions: 8 weeks."""
    return settled_on + timedelta(days=_REFUND_CLAIM_DAYS)


def within_window(phase: FailurePhase, code: str, scheme: str, settled_on: date | None, booked_on: date) -> bool:
    """Whether the failure came inside the time the scheme grants for it; late ones are booked all the same."""
    if phase is FailurePhase.PRE_SETTLEMENT or settled_on is None or scheme in _WITHOUT_SCHEME_DATES:
        return True
    if code == "MD01":
        return booked_on <= add_months(settled_on, _UNAUTHORISED_MONTHS)
    if code in REFUND_CLAIMS:
        return scheme == "SEPA_CORE" and booked_on <= refund_claim_deadline(settled_on)
    return booked_on <= return_deadline(scheme, settled_on)


def mandate_is_dormant(as_of: date, last_presented_on: date | None, signed_on: date | None, months: int = 36) -> bool:
    """Whether a mandate lapsed for want of use: more than 36 months since it was presented, or signed."""
    known = [day for day in (last_presented_on, signed_on) if day is not None]
    return bool(known) and as_of > add_months(max(known), months)
