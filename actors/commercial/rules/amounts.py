"""What a contract line earns: base, initial and recurring commission; one rounding per entry (commercial 6.1, 6.2, 6.5)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from actors.commercial.rules.periods import full_months, month_index
from messages.commercial import BaseScope, CalculationType, PayableCondition, PlanTerms, RepProfile, Settlement
from messages.values.money import allocate, round_cents

MONTHS_OF = {
    "MONTHLY": 1,
    "BIMONTHLY": 2,
    "QUARTERLY": 3,
    "SEMIANNUAL": 6,
    "ANNUAL": 12,
    "ONE_OFF": 1,
}
_FINE = Decimal("0.000001")


@dataclass(frozen=True, slots=True)
class Earned:
    """An amount and how it came about: the inputs and each step, in order, so that it can be replayed."""

    amount: Decimal
    base: Decimal
    steps: list[dict[str, Any]]


def monthly_equivalent(net: Decimal, billing_period: str) -> Decimal:
    """A line's net amount per month, six decimals kept."""
    return (net / MONTHS_OF.get(billing_period, 1)).quantize(_FINE)


def initial_base(
    terms: PlanTerms,
    *,
    line_net: Decimal,
    billing_period: str,
    effective_on: date,
    commitment_ends_on: date | None,
    collected_net: Decimal,
) -> Decimal:
    """The base that a plan's rate applies to, without VAT."""
    monthly = monthly_equivalent(line_net, billing_period)
    match terms.calculation.base_scope:
        case BaseScope.ANNUALISED:
            return monthly * terms.upfront_months
        case BaseScope.CONTRACT_TOTAL:
            months = full_months(effective_on, commitment_ends_on) if commitment_ends_on else 1
            return monthly * max(months, 1)
        case BaseScope.COLLECTED:
            return collected_net
        case _:
            return monthly


def initial_commission(terms: PlanTerms, base: Decimal) -> Earned:
    """The initial commission of a line: fixed, a percentage of the base, or both, rounded once."""
    calculation = terms.calculation
    fixed = calculation.fixed_amount or Decimal(0)
    rate = calculation.rate_percent or Decimal(0)
    parts: list[dict[str, Any]] = []
    exact = Decimal(0)
    if calculation.type in (CalculationType.FIXED, CalculationType.MIXED):
        exact += fixed
        parts.append({"step": "fixed_amount", "value": f"{fixed:f}"})
    if calculation.type in (CalculationType.PERCENTAGE, CalculationType.MIXED):
        exact += base * rate / 100
        parts.append({"step": "base", "scope": calculation.base_scope.value, "value": f"{base:f}"})
        parts.append({"step": "rate_percent", "value": f"{rate:f}"})
    amount = round_cents(exact)
    parts.append({"step": "rounded_half_up", "exact": f"{exact:f}", "value": f"{amount:f}"})
    return Earned(amount, round_cents(base), parts)


def percentage(base: Decimal, rate_percent: Decimal) -> Earned:
    """A rate of a base, rounded once."""
    exact = base * rate_percent / 100
    amount = round_cents(exact)
    steps: list[dict[str, Any]] = [
        {"step": "base", "value": f"{base:f}"},
        {"step": "rate_percent", "value": f"{rate_percent:f}"},
        {"step": "rounded_half_up", "exact": f"{exact:f}", "value": f"{amount:f}"},
    ]
    return Earned(amount, round_cents(base), steps)


def first_recurring_month(terms: PlanTerms) -> int:
    """The first month whose collection earns: never both initial and recurring on the same first premium."""
    if terms.recurring.first_month is not None:
        return terms.recurring.first_month
    if terms.calculation.type is CalculationType.NONE:
        return 1
    return terms.upfront_months + 1 if terms.settlement is Settlement.UPFRONT else 2


def earns_recurring(
    *,
    effective_on: date,
    period_start: date,
    due_on: date,
    first_month: int,
    duration_months: int | None,
    ended_on: date | None,
) -> bool:
    """Whether a collected instalment earns: in the right's months and due before the contract ended."""
    index = month_index(effective_on, period_start)
    in_duration = duration_months is None or index <= duration_months
    return index >= first_month and in_duration and (ended_on is None or due_on <= ended_on)


def net_of_collection(net: Decimal, gross: Decimal, before: Decimal, after: Decimal) -> Decimal:
    """The part without VAT of what brings an instalment's collected total from `before` to `after`; no cent drifts."""
    if gross <= 0:
        return Decimal("0.00")
    return round_cents(net * min(after, gross) / gross) - round_cents(net * min(before, gross) / gross)


def shared_over_lines(net: Decimal, line_nets: Sequence[Decimal]) -> list[Decimal]:
    """A collected amount over the lines of its instalment, pro rata of their net amounts."""
    return allocate(net, line_nets) if sum(line_nets) > 0 else [Decimal("0.00")] * len(line_nets)


def shared_over_instalments(collected: Decimal, grosses: Sequence[Decimal]) -> list[Decimal]:
    """An invoice's collected total over its instalments, pro rata of gross; what is paid too much earns nothing."""
    total = sum(grosses, Decimal(0))
    return allocate(min(collected, total), grosses) if total > 0 else [Decimal("0.00")] * len(grosses)


def waits_for_collections(terms: PlanTerms, profile: str) -> int:
    """How many instalments must be collected in full before the initial commission is payable."""
    if terms.payable_condition is PayableCondition.ON_ACCRUAL and profile != RepProfile.PARTNER:
        return 0
    return terms.payable_after_collections
