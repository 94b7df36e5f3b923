"""When a contract may end and what that costs: one table of cases, first match wins."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from actors.contrats.rules.amounts import Line, net_in
from actors.contrats.rules.billing_periods import periods, window
from actors.contrats.rules.draft_terms import TELECOM_NOTICE_DAYS, last_day_of_term
from actors.contrats.rules.renewal import refusal_deadline
from messages.contrats import (
    EarlyTerminationPolicy,
    LegalRegime,
    LineKind,
    NoticeUnit,
    TerminationReason,
    TerminationStatus,
    TermKind,
)
from messages.transitions import StateMachine
from messages.values.due_dates import add_months, whole_months
from messages.values.money import round_cents

TELECOM_FEE_CAP = Decimal("0.20")
"""Of what falls after the twelfth month, with a subsidised device only (Code de la consommation, art. L224-28)."""
_ALWAYS_FREE = (TerminationReason.DEATH, TerminationReason.OVER_INDEBTEDNESS)
_ONE_DAY = timedelta(days=1)
TERMINATION = StateMachine(
    "termination",
    {
        ("execute", TerminationStatus.SCHEDULED): TerminationStatus.EXECUTED,
        ("revoke", TerminationStatus.SCHEDULED): TerminationStatus.REVOKED,
    },
)
_FREE_WORDS = ("no commitment with a price is left",)


@dataclass(frozen=True, slots=True)
class Ending:
    """When the contract ends, what leaving early costs (net), and why."""

    notice_ends_on: date
    ends_on: date
    fee: Decimal
    explanation: tuple[str, ...]


def ending_of(
    contract: Mapping[str, Any],
    lines: Sequence[Line],
    *,
    received_on: date,
    requested: date | None,
    reason: TerminationReason,
    legitimate: bool,
    without_notice: bool = False,
    telecom_cap: Decimal = TELECOM_FEE_CAP,
) -> Ending:
    """The end and the fee of a request to leave received on that day.

    A company that was not paid gives no notice and waits for no term; the fee is that of the clause.
    """
    wanted = max(requested or received_on, received_on)
    free = Decimal("0.00")
    if legitimate or reason in _ALWAYS_FREE or leaves_by_right(contract, received_on):
        notice = received_on if without_notice else notice_end(contract, received_on)
        return Ending(notice, wanted, free, ("no notice and no fee in this case",))
    if without_notice:
        return Ending(wanted, wanted, *_early_fee(contract, lines, wanted, telecom_cap))
    notice = notice_end(contract, received_on)
    ends_on = max(notice, wanted)
    if not _is_committed(contract, ends_on):
        if contract["legal_regime"] != LegalRegime.BUSINESS or contract["term_kind"] == TermKind.OPEN_ENDED:
            return Ending(notice, ends_on, free, _FREE_WORDS)
        return Ending(notice, _end_of_term(contract, received_on), free, ("at the end of a term",))
    if _leaves_at_term_only(contract):
        return Ending(notice, max(notice, contract["commitment_ends_on"]), free, ("at the end of the commitment",))
    return Ending(notice, ends_on, *_early_fee(contract, lines, ends_on, telecom_cap))


def _is_committed(contract: Mapping[str, Any], ends_on: date) -> bool:
    """Whether the commitment runs beyond that day."""
    return contract["commitment_ends_on"] is not None and contract["commitment_ends_on"] > ends_on


def _leaves_at_term_only(contract: Mapping[str, Any]) -> bool:
    policy = EarlyTerminationPolicy(contract["early_termination_policy"])
    telecom = contract["legal_regime"] == LegalRegime.CONSUMER_TELECOM
    return policy is EarlyTerminationPolicy.AT_TERM_ONLY and not telecom


def _early_fee(
    contract: Mapping[str, Any], lines: Sequence[Line], ends_on: date, telecom_cap: Decimal
) -> tuple[Decimal, tuple[str, ...]]:
    """What leaving on that day costs by law or by the clause, and why."""
    if _is_committed(contract, ends_on):
        if contract["legal_regime"] == LegalRegime.CONSUMER_TELECOM:
            return telecom_fee(contract, lines, ends_on, telecom_cap), _telecom_words(contract)
        if EarlyTerminationPolicy(contract["early_termination_policy"]) is EarlyTerminationPolicy.FEE_RATE:
            rate = contract["early_termination_fee_rate"]
            left = remaining(contract, lines, ends_on + _ONE_DAY, contract["commitment_ends_on"])
            return round_cents(rate * left), (f"{rate:f} times the charges left in the commitment",)
    return Decimal("0.00"), _FREE_WORDS


def notice_end(contract: Mapping[str, Any], received_on: date) -> date:
    """The last day of the notice; at most ten days for consumers of telecom services."""
    if contract["legal_regime"] == LegalRegime.CONSUMER_TELECOM:
        days = TELECOM_NOTICE_DAYS
        if contract["notice_unit"] == NoticeUnit.DAYS:
            days = min(days, contract["notice_value"])
        return received_on + timedelta(days=days)
    if contract["notice_unit"] == NoticeUnit.MONTHS:
        return add_months(received_on, contract["notice_value"])
    return received_on + timedelta(days=contract["notice_value"])


def months_in_force(starts_on: date, ends_on: date) -> int:
    """The whole months a contract ran, its last day included."""
    return whole_months(starts_on, ends_on + _ONE_DAY)


def telecom_fee(
    contract: Mapping[str, Any], lines: Sequence[Line], ends_on: date, cap: Decimal = TELECOM_FEE_CAP
) -> Decimal:
    """All that is left of the first twelve months, and a fifth of the rest when a device was subsidised."""
    year = add_months(contract["starts_on"], 12)
    left_from, left_to = ends_on + _ONE_DAY, contract["commitment_ends_on"]
    fee = remaining(contract, lines, left_from, min(left_to, year - _ONE_DAY))
    if contract["subsidised_device"]:
        fee += cap * remaining(contract, lines, max(left_from, year), left_to)
    return round_cents(fee)


def remaining(contract: Mapping[str, Any], lines: Sequence[Line], first: date, last: date) -> Decimal:
    """Recurring net charges between two days, both included: whole periods in full, broken ones by days; not rounded."""
    total = Decimal(0)
    if first > last:
        return total
    for line in lines:
        if line["kind"] != LineKind.RECURRING:
            continue
        for period in periods(contract["starts_on"], contract["billing_anchor"], line["billing_period"], last, None):
            start, end = window(line, max(period.start, first), min(period.end, last))
            if start <= end:
                total += net_in(line, period.number) * ((end - start).days + 1) / period.total
    return total


def _telecom_words(contract: Mapping[str, Any]) -> tuple[str, ...]:
    words = ("the charges left in the first twelve months",)
    return (*words, "a fifth of the charges after them") if contract["subsidised_device"] else words


def leaves_by_right(contract: Mapping[str, Any], received_on: date) -> bool:
    """Whether the law opens the door: a change of the company, or a renewal nobody told the consumer of (L215-1)."""
    until = contract["exit_right_until"]
    if until is not None and received_on <= until:
        return True
    return bool(contract["legal_regime"] != LegalRegime.BUSINESS and contract["renewal_info_missed"])


def _end_of_term(contract: Mapping[str, Any], received_on: date) -> date:
    ends_on: date = contract["ends_on"]
    if received_on <= refusal_deadline(ends_on, contract["notice_value"], contract["notice_unit"]):
        return ends_on
    return last_day_of_term(ends_on + _ONE_DAY, contract["renewal_term_months"])
