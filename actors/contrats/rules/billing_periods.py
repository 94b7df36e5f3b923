"""Billing periods and their amounts: pure arithmetic that never drifts from the anchor and loses no cent."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from actors.contrats.rules.amounts import MONTHS_OF, Line, amounts_of, net_in, vat_of
from messages.contrats import BillingAnchor, BillingFrequency, BillingMode, LineKind, PaymentMethod, ProrationMethod
from messages.values.due_dates import TermBasis, add_months, due_date, end_of_month
from messages.values.identifiers import derived_id
from messages.values.money import prorata

_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Period:
    """The days that are billed (both included) and the full period they belong to."""

    number: int
    start: date
    end: date
    full_start: date
    full_end: date

    @property
    def used(self) -> int:
        """How many days are billed."""
        return (self.end - self.start).days + 1

    @property
    def total(self) -> int:
        """How many days the full period has."""
        return (self.full_end - self.full_start).days + 1


def periods(starts_on: date, anchor: str, frequency: str, until: date, ends_on: date | None) -> Iterator[Period]:
    """The periods that begin on or before `until`; the last day of the contract cuts the last one."""
    months = MONTHS_OF[frequency]
    origin = starts_on if anchor == BillingAnchor.ANNIVERSARY else _calendar_start(starts_on, months)
    number = 0
    while True:
        full_start = add_months(origin, number * months)
        full_end = add_months(origin, (number + 1) * months) - _ONE_DAY
        start = max(full_start, starts_on)
        if start > until or (ends_on is not None and start > ends_on):
            return
        end = full_end if ends_on is None else min(full_end, ends_on)
        yield Period(number, start, end, full_start, full_end)
        number += 1


def _calendar_start(day: date, months: int) -> date:
    return date(day.year, (day.month - 1) // months * months + 1, 1)


def period_containing(starts_on: date, anchor: str, frequency: str, day: date) -> Period:
    """The full period of that frequency in which a day lies."""
    return list(periods(starts_on, anchor, frequency, max(day, starts_on), None))[-1]


def discount_is_over(contract: Mapping[str, Any], line: Line, day: date) -> bool:
    """Whether a discount for some periods no longer counts in the period of that day."""
    if line["discount_periods"] is None:
        return False
    period = period_containing(contract["starts_on"], contract["billing_anchor"], line["billing_period"], day)
    limit: int = line["discount_periods"]
    return period.number >= limit


def next_period_start(starts_on: date, anchor: str, frequency: str, day: date) -> date:
    """The first day of a period that is not before the given day."""
    period = period_containing(starts_on, anchor, frequency, day)
    return period.start if period.start >= day else period.end + _ONE_DAY


def days_360(first: date, last: date) -> int:
    """The days from first to last, both included, where every month has thirty."""
    months = (last.year - first.year) * 12 + last.month - first.month
    last_day = 30 if last == end_of_month(last) else last.day
    return months * 30 + last_day - min(first.day, 30) + 1


def share_of(period: Period, first: date, last: date, method: str) -> tuple[int, int]:
    """The days of a period that are billed, and those it has, as the contract counts them."""
    if method == ProrationMethod.THIRTY_360:
        return days_360(first, last), days_360(period.full_start, period.full_end)
    return (last - first).days + 1, period.total


def part_of(net: Decimal, used: int, total: int, method: str) -> Decimal:
    """The price of a broken period; without proration the full price."""
    return prorata(net, min(used, total), total) if used != total and method != ProrationMethod.NONE else net


def cut(net: Decimal, days: Sequence[int]) -> list[Decimal]:
    """One full period cut into parts: all but the last are rounded, the last is what is left."""
    total = sum(days)
    parts = [prorata(net, part, total) for part in days[:-1]]
    return [*parts, net - sum(parts, Decimal("0.00"))]


def plan(contract: Mapping[str, Any], lines: Sequence[Line], until: date, ends_on: date | None) -> list[dict[str, Any]]:
    """The instalments of a contract whose period begins on or before `until`, as rows; ids repeat with the period."""
    rows: list[dict[str, Any]] = []
    for frequency in MONTHS_OF:
        billed = [line for line in lines if line["billing_period"] == frequency and line["kind"] == LineKind.RECURRING]
        if billed:
            found = periods(contract["starts_on"], contract["billing_anchor"], frequency, until, ends_on)
            rows += [row for period in found if (row := _instalment(contract, frequency, period, billed))]
    return rows + _once(contract, lines, rows)


def _once(
    contract: Mapping[str, Any], lines: Sequence[Line], rows: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """What is billed once: with the first regular instalment, or on the day an amendment brought it."""
    by_day: dict[date, list[Line]] = {}
    for line in lines:
        if line["kind"] == LineKind.ONE_OFF and line["valid_to"] is None:
            by_day.setdefault(max(line["valid_from"], contract["starts_on"]), []).append(line)
    found = []
    for day, billed in sorted(by_day.items()):
        row = _instalment(contract, BillingFrequency.ONE_OFF, Period(0, day, day, day, day), billed)
        if row and rows and day == contract["starts_on"]:
            first = min(rows, key=lambda other: other["bill_on"])
            row |= {"bill_on": first["bill_on"], "due_on": first["due_on"]}
        found += [row] if row else []
    return found


def _instalment(
    contract: Mapping[str, Any], frequency: str, period: Period, lines: Sequence[Line]
) -> dict[str, Any] | None:
    """One period as a row, or None when no line falls in it."""
    billed = [part for line in lines if (part := _line(line, period, contract)) is not None]
    if not billed:
        return None
    net = sum((amount for _, amount, _ in billed), Decimal("0.00"))
    vat = vat_of((line["vat_category"], line["vat_rate"], amount) for _, amount, line in billed)
    bill_on = bill_day(contract, period)
    return {
        "id": derived_id("billing_instalment", contract["id"], frequency, period.start),
        "organisation_id": contract["organisation_id"],
        "contract_id": contract["id"],
        "frequency": frequency,
        "period_no": period.number,
        "period_start": period.start,
        "period_end": period.end,
        "bill_on": bill_on,
        "due_on": due_day(contract, bill_on, period.start),
        "status": "PLANNED",
        "lines": [stored for stored, _, _ in billed],
        "net_total": net,
        "vat_total": vat,
        "gross_total": net + vat,
        "version_no": contract["version_no"],
        "invoice_id": None,
    }


def _line(line: Line, period: Period, contract: Mapping[str, Any]) -> tuple[dict[str, Any], Decimal, Line] | None:
    """One line of a period as it is stored (JSON), its amount, and the line; None when it is not in force then."""
    recurring, method = line["kind"] == LineKind.RECURRING, contract["proration_method"]
    first, last = window(line, period.start, period.end)
    if first > last or (method == ProrationMethod.NONE and first > period.start):
        return None
    used, total = share_of(period, first, last, method) if recurring else (1, 1)
    price = net_in(line, period.number) if recurring else line["net"]
    net, currency, broken = part_of(price, used, total, method), contract["currency"], used != total
    discounted = line["discount_periods"] is None or period.number < line["discount_periods"]
    stored = {
        "line_id": str(line["id"]),
        "product_id": str(line["product_id"]),
        "description": line["description"],
        "quantity": f"{line['quantity'].normalize():f}",
        "unit_price": {"amount": f"{line['unit_price_net']:.2f}", "currency": currency},
        "discount_pct": None if line["discount_pct"] is None or not discounted else f"{line['discount_pct']:f}",
        "net": {"amount": f"{net:.2f}", "currency": currency},
        "vat_rate": f"{line['vat_rate']:f}",
        "vat_category": line["vat_category"],
        "recurring": recurring,
        "proration": {"used": used, "total": total} if broken else None,
    }
    if (first, last) != (period.start, period.end):
        stored |= {"covers_from": first.isoformat(), "covers_to": last.isoformat()}
    return stored, net, line


def window(line: Line, first: date, last: date) -> tuple[date, date]:
    """The days between two in which a line is in force; the first lies after the last when there are none."""
    ends = line["valid_to"]
    return max(first, line["valid_from"]), last if ends is None else min(last, ends)


def bill_day(contract: Mapping[str, Any], period: Period) -> date:
    """When the instalment is billed: ahead of its period, but not before every gate is open; or the day after it."""
    if contract["billing_mode"] == BillingMode.ARREARS:
        return period.end + _ONE_DAY
    day = period.start - timedelta(days=contract["invoice_lead_days"])
    return max(day, contract["gates_met_on"]) if contract["gates_met_on"] is not None else day


def due_day(contract: Mapping[str, Any], bill_on: date, period_start: date) -> date:
    """When the instalment is to be paid; for debits a proposal that payments replaces by its plan."""
    if contract["payment_method"] in (PaymentMethod.SEPA_DIRECT_DEBIT, PaymentMethod.CARD):
        return max(bill_on, period_start)
    basis = contract["payment_terms_basis"] or TermBasis.NET
    due = due_date(bill_on, contract["payment_terms_days"], basis, contract["payment_terms_day"])
    return max(due, period_start)


def term_value(contract: Mapping[str, Any], lines: Sequence[Line]) -> Decimal:
    """What the current term brings, net; an open-ended contract counts its first twelve months."""
    ends_on = contract["ends_on"] or add_months(contract["starts_on"], 12) - _ONE_DAY
    return sum((row["net_total"] for row in plan(contract, lines, ends_on, ends_on)), Decimal("0.00"))


def draft_amounts(contract: Mapping[str, Any], lines: Sequence[Line]) -> dict[str, Decimal]:
    """What a draft brings by month, year, period and term."""
    amounts = amounts_of(lines, contract["billing_frequency"])
    return amounts | {"total_contract_value": term_value(contract, lines)}


def price_between(contract: Mapping[str, Any], line: Line, first: date, last: date) -> Decimal:
    """A recurring line's price for the days of one period in which it is in force."""
    start, end = window(line, first, last)
    if start > end:
        return Decimal("0.00")
    period = period_containing(contract["starts_on"], contract["billing_anchor"], line["billing_period"], first)
    used, total = share_of(period, start, end, contract["proration_method"])
    return part_of(net_in(line, period.number), used, total, contract["proration_method"])


def unused_part(line: Mapping[str, Any], start: date, end: date, unused_from: date, unused_to: date) -> Decimal:
    """The part of a billed line that falls on days not served, both included."""
    if not line["recurring"]:
        return Decimal("0.00")
    covered = date.fromisoformat(line["covers_from"]) if line.get("covers_from") else start
    covered_to = date.fromisoformat(line["covers_to"]) if line.get("covers_to") else end
    days = (min(covered_to, unused_to) - max(covered, unused_from)).days + 1
    if days <= 0:
        return Decimal("0.00")
    return prorata(Decimal(line["net"]["amount"]), days, (covered_to - covered).days + 1)


def line_id_of(line: Mapping[str, Any]) -> UUID:
    """The id of the contract line behind a stored instalment line."""
    return UUID(line["line_id"])
