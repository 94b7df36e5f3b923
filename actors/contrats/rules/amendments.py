"""Amendments: who must agree, how long before the client is told, and which lines end and begin."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from actors.contrats.rules.amounts import Line, net_of
from actors.contrats.rules.billing_periods import next_period_start, period_containing
from messages.contrats import InitiatedBy, LegalRegime, LineKind
from messages.contrats.amendments import (
    AddLine,
    AmendmentKind,
    AmendmentProration,
    AmendmentStatus,
    ChangeLine,
    ConsentKind,
    EndLine,
    Operation,
)
from messages.problem import Refused
from messages.transitions import StateMachine
from messages.values.due_dates import add_months

_S = AmendmentStatus
_OPEN = (_S.DRAFT, _S.AWAITING_CONSENT, _S.ACCEPTED, _S.STALE)
AMENDMENT = StateMachine(
    "amendment",
    {
        ("rewrite", _S.DRAFT): _S.DRAFT,
        ("rewrite", _S.STALE): _S.DRAFT,
        ("send", _S.DRAFT): _S.AWAITING_CONSENT,
        ("accept", _S.AWAITING_CONSENT): _S.ACCEPTED,
        ("apply", _S.ACCEPTED): _S.APPLIED,
        ("outdate", _S.DRAFT): _S.STALE,
        ("outdate", _S.AWAITING_CONSENT): _S.STALE,
        ("outdate", _S.ACCEPTED): _S.STALE,
        ("refuse", _S.AWAITING_CONSENT): _S.REFUSED,
        **{("cancel", state): _S.CANCELLED for state in _OPEN},
    },
)
OUTDATED_BY_ANOTHER = (_S.DRAFT, _S.AWAITING_CONSENT, _S.ACCEPTED)
NOTICE_MONTHS = 1
"""A change is announced on a durable medium one month ahead (Code de la consommation, art. L224-33)."""
EXIT_MONTHS = {LegalRegime.CONSUMER_TELECOM: 4, LegalRegime.CONSUMER_ENERGY: 3}
"""How long a consumer may then leave without fee (Code de la consommation, art. L224-33 and L224-10)."""
_K = AmendmentKind
_ONLY_SIGNED = (_K.TERM_CHANGE,)
_BY_DAYS = (_K.LINE_ADD, _K.LINE_REMOVE, _K.QUANTITY_CHANGE)
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class LineChanges:
    """Which lines end on which day, and which begin; a changed line ends and begins anew."""

    ends: dict[UUID, date] = field(default_factory=dict)
    opens: list[dict[str, Any]] = field(default_factory=list)


def usual_proration(kind: AmendmentKind) -> AmendmentProration:
    """More or less service counts by days, another price from the next period on."""
    return AmendmentProration.PRORATE if kind in _BY_DAYS else AmendmentProration.NEXT_PERIOD


def consents_for(kind: AmendmentKind, initiated_by: InitiatedBy) -> tuple[ConsentKind, ...]:
    """How the client may agree to such a change."""
    if kind is _K.CORRECTION:
        return tuple(ConsentKind)
    if kind in _ONLY_SIGNED:
        return (ConsentKind.SIGNATURE,)
    given = (ConsentKind.SIGNATURE, ConsentKind.DURABLE_MEDIUM)
    return (*given, ConsentKind.NONE) if initiated_by is InitiatedBy.COMPANY else given


def notice_is_long_enough(notified_on: date, effective_from: date) -> bool:
    """Whether the client was told a month ahead."""
    return effective_from >= add_months(notified_on, NOTICE_MONTHS)


def exit_right_end(regime: str, notified_on: date, effective_from: date) -> date | None:
    """Until when the client may leave free because of a change by the company; None for businesses."""
    if regime in EXIT_MONTHS:
        return add_months(notified_on, EXIT_MONTHS[LegalRegime(regime)])
    return effective_from if regime == LegalRegime.CONSUMER_STANDARD else None


def changes_of(
    contract: Mapping[str, Any],
    lines: Sequence[Line],
    operations: Sequence[Operation],
    effective_from: date,
    proration: AmendmentProration,
) -> LineChanges:
    """The lines that end and begin; the lines given are those in force."""
    changes, by_id = LineChanges(), {line["id"]: line for line in lines}
    for operation in operations:
        match operation:
            case EndLine() | ChangeLine():
                line = by_id.get(operation.line_id)
                if line is None or operation.line_id in changes.ends:
                    raise Refused.field(
                        "operations", "line", f"line {operation.line_id} is not in force or named twice; read it again"
                    )
                day = _day(contract, line["billing_period"], effective_from, proration)
                changes.ends[line["id"]] = day - _ONE_DAY
                if isinstance(operation, ChangeLine):
                    changes.opens.append(_changed(line, operation) | {"valid_from": day})
            case AddLine():
                period = added_period(operation, contract)
                day = _day(contract, period, effective_from, proration)
                limit = _last_discounted(operation, contract, period, day)
                changes.opens.append({"draft": operation.line, "valid_from": day, "discount_periods": limit})
            case _:
                continue
    return changes


def added_period(operation: AddLine, contract: Mapping[str, Any]) -> str:
    """How often a new line is billed."""
    if operation.line.kind is LineKind.ONE_OFF:
        return "ONE_OFF"
    return operation.line.billing_period or str(contract["billing_frequency"])


def _last_discounted(operation: AddLine, contract: Mapping[str, Any], period: str, day: date) -> int | None:
    """How long a new line is discounted, counted from the contract's first period like those of the other lines."""
    if operation.line.discount_periods is None:
        return None
    first = period_containing(contract["starts_on"], contract["billing_anchor"], period, day)
    return first.number + operation.line.discount_periods


def _day(contract: Mapping[str, Any], period: str, effective_from: date, proration: AmendmentProration) -> date:
    """The first day of the change for lines billed that often."""
    if proration is not AmendmentProration.NEXT_PERIOD or period == "ONE_OFF":
        return effective_from
    return next_period_start(contract["starts_on"], contract["billing_anchor"], period, effective_from)


def _changed(line: Line, operation: ChangeLine) -> dict[str, Any]:
    quantity = operation.quantity or line["quantity"]
    price = operation.unit_price_net.amount if operation.unit_price_net is not None else line["unit_price_net"]
    percent, amount, limit = line["discount_pct"], line["discount_amount"], line["discount_periods"]
    if operation.discount_pct is not None:
        percent, amount, limit = operation.discount_pct, None, None
    if operation.discount_amount is not None:
        percent, amount, limit = None, operation.discount_amount.amount, None
    return {
        **line,
        "replaces": line["id"],
        "quantity": quantity,
        "unit_price_net": price,
        "discount_pct": percent,
        "discount_amount": amount,
        "discount_periods": limit,
        "net": net_of(quantity, price, percent, amount),
    }


def lines_after(lines: Sequence[Line], changes: LineChanges) -> list[Line]:
    """The lines in force once the change is made."""
    return [line for line in lines if line["id"] not in changes.ends] + list(changes.opens)


def commission_base_changed(old_mrr: Decimal, new_mrr: Decimal) -> bool:
    """Whether what commissions are computed on is another amount."""
    return old_mrr != new_mrr
