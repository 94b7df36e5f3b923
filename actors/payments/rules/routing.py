"""Which account a payment goes through. Pure: every candidate is named with what became of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from messages.payments.routing import CircuitState, RoutingConditions

MOST_CANDIDATES = 3
FAILURES_TO_OPEN = 5
FIRST_OPEN_SECONDS = 60
LONGEST_OPEN_SECONDS = 900
DOWN_AFTER = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Facts:
    """What of a payment the conditions look at; a fact that is not known makes its condition false."""

    payment_method: str
    currency: str
    amount: Decimal
    client_kind: str | None = None
    source_channel: str | None = None
    product_code: str | None = None
    debit_slot: str | None = None
    preferred_debit_day: int | None = None
    risk_tier: str | None = None
    contract_age_months: int | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """An account that something speaks for."""

    source: str
    account_id: UUID
    source_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """An enabled rule."""

    id: UUID
    account_id: UUID
    conditions: RoutingConditions
    is_fallback: bool = False


@dataclass(frozen=True, slots=True)
class Route:
    """What may be known of an account: whether it takes the method, answers, and holds the client's means."""

    active: bool
    takes_method: bool
    circuit: CircuitState
    holds_means: bool

    def obstacle(self) -> str | None:
        """Why no payment can go this way now."""
        if not self.active:
            return "account not active"
        if not self.takes_method:
            return "method not taken"
        if not self.holds_means:
            return "no means of payment there"
        return "circuit open" if self.circuit is CircuitState.OPEN else None


def holds(conditions: RoutingConditions, facts: Facts) -> bool:
    """Whether every condition that is set holds."""
    given = conditions.model_dump(exclude_defaults=True)
    return all(_holds(name, wanted, facts) for name, wanted in given.items())


def _holds(name: str, wanted: Any, facts: Facts) -> bool:
    match name.rpartition("_"):
        case (field, _, "gte"):
            value = getattr(facts, field)
            return value is not None and bool(value >= wanted)
        case (field, _, "lt"):
            value = getattr(facts, field)
            return value is not None and bool(value < wanted)
        case (field, _, "lte"):
            value = getattr(facts, field)
            return value is not None and bool(value <= wanted)
        case (field, _, "in"):
            return _among(getattr(facts, field), wanted)
        case _:
            return _among(getattr(facts, name), wanted)


def _among(value: Any, wanted: Sequence[Any]) -> bool:
    if value is None:
        return False
    return str(value).strip().upper() in {str(item).strip().upper() for item in wanted}


def candidates(
    facts: Facts,
    rules: Sequence[Rule],
    *,
    contract_override: Candidate | None = None,
    client_override: Candidate | None = None,
    default: Candidate | None = None,
) -> list[Candidate]:
    """In order of precedence: overrides, rules by priority, fallback, the company's default; each account once.

    `rules` come by priority, then age.
    """
    found = [override for override in (contract_override, client_override) if override is not None]
    matching = [rule for rule in rules if not rule.is_fallback and holds(rule.conditions, facts)]
    found += [Candidate("RULE", rule.account_id, rule.id) for rule in matching]
    found += [Candidate("FALLBACK", rule.account_id, rule.id) for rule in rules if rule.is_fallback]
    if default is not None:
        found.append(default)
    seen: dict[UUID, Candidate] = {}
    for candidate in found:
        seen.setdefault(candidate.account_id, candidate)
    return list(seen.values())


def choose(
    wanted: Sequence[Candidate], routes: Mapping[UUID, Route]
) -> tuple[Candidate | None, list[tuple[Candidate, str]]]:
    """The first of at most three candidates that can take the payment, and what became of each."""
    told: list[tuple[Candidate, str]] = []
    for candidate in wanted[:MOST_CANDIDATES]:
        route = routes.get(candidate.account_id)
        obstacle = route.obstacle() if route is not None else "account unknown"
        told.append((candidate, obstacle or "chosen"))
        if obstacle is None:
            return candidate, told
    return None, told


def circuit_state(failures: int, open_until: datetime | None, now: datetime) -> CircuitState:
    """OPEN until its time is over, then HALF_OPEN for one try."""
    if failures < FAILURES_TO_OPEN or open_until is None:
        return CircuitState.CLOSED
    return CircuitState.OPEN if now < open_until else CircuitState.HALF_OPEN


def next_open_seconds(before: int) -> int:
    """How long the circuit stays open this time: a minute, doubling to a quarter of an hour."""
    return min(LONGEST_OPEN_SECONDS, before * 2) if before else FIRST_OPEN_SECONDS
