"""Corrections billed beside the periods: what is given back, and what is charged."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert

from actors.contrats import views
from actors.contrats.billing.bills import BILLED, instalments
from actors.contrats.contract_record import ContractRecord
from actors.contrats.rules import billing_periods
from actors.contrats.rules.amounts import net_in
from actors.contrats.rules.corrections import creditable_states, credits_unused_days, days_price
from messages.contrats import (
    AdjustmentCause,
    AdjustmentKind,
    BillingFrequency,
    LineKind,
)
from messages.contrats.amendments import ContractBillingAdjusted
from messages.values.identifiers import new_id
from runtime.unit_of_work import Row
from storage.contrats.tables import billing_adjustment


async def credit(
    record: ContractRecord, cause: AdjustmentCause, source_id: UUID, unused_from: date, unused_to: date, label: str
) -> Decimal:
    """Give back the part of billed periods that falls on days not served, both included; the net total."""
    if not credits_unused_days(record.row, cause):
        return Decimal("0.00")
    rows, total = [], Decimal("0.00")
    for billed, line, net in await _unused(record, cause, unused_from, unused_to):
        total += net
        rows.append(
            _adjustment(record, AdjustmentKind.CREDIT, cause, source_id, net, label, line)
            | {"billing_instalment_id": billed["id"]}
        )
    await _store(record, rows)
    return total


async def unused_total(record: ContractRecord, cause: AdjustmentCause, unused_from: date, unused_to: date) -> Decimal:
    """What `credit` would give back."""
    if not credits_unused_days(record.row, cause):
        return Decimal("0.00")
    found = await _unused(record, cause, unused_from, unused_to)
    return sum((net for _, _, net in found), Decimal("0.00"))


async def correct_billed(
    record: ContractRecord,
    ended: Sequence[Mapping[str, Any]],
    opened: Sequence[Mapping[str, Any]],
    last_days: Mapping[UUID, date],
    source_id: UUID,
    label: str,
) -> None:
    """Lines changed inside periods that are billed: the old line's unused days are given back, the new line's charged."""
    rows = await corrections_of(record, ended, opened, last_days, source_id, label)
    await _store(record, rows)


async def corrections_of(
    record: ContractRecord,
    ended: Sequence[Mapping[str, Any]],
    opened: Sequence[Mapping[str, Any]],
    last_days: Mapping[UUID, date],
    source_id: UUID,
    label: str,
) -> list[dict[str, Any]]:
    """The adjustments that `correct_billed` stores."""
    rows, cause = [], AdjustmentCause.AMENDMENT
    changed = {line["id"] for line in ended}
    for row in await instalments(record.id, record.work):
        if row["status"] not in BILLED or row["frequency"] == BillingFrequency.ONE_OFF:
            continue
        start, end, link = row["period_start"], row["period_end"], {"billing_instalment_id": row["id"]}
        for line in row["lines"]:
            if billing_periods.line_id_of(line) in changed:
                after = last_days[billing_periods.line_id_of(line)] + timedelta(days=1)
                net = billing_periods.unused_part(line, start, end, after, end)
                rows.append(_adjustment(record, AdjustmentKind.CREDIT, cause, source_id, net, label, line) | link)
        for line in opened:
            if line["billing_period"] == row["frequency"]:
                net = billing_periods.price_between(record.row, line, start, end)
                stored = {"line_id": str(line["id"]), **{name: line[name] for name in ("vat_rate", "vat_category")}}
                rows.append(_adjustment(record, AdjustmentKind.CHARGE, cause, source_id, net, label, stored) | link)
    return [row for row in rows if row["net"] > 0]


async def charge(
    record: ContractRecord, kind: AdjustmentKind, cause: AdjustmentCause, source_id: UUID, net: Decimal, label: str
) -> None:
    """Bill an amount beside the periods, at the VAT rate of the service."""
    line = next(
        (line for line in record.lines_in_force if line["kind"] == LineKind.RECURRING), record.lines_in_force[0]
    )
    stored = {"line_id": None, "vat_rate": f"{line['vat_rate']:f}", "vat_category": line["vat_category"]}
    if net > 0:
        await _store(record, [_adjustment(record, kind, cause, source_id, net, label, stored)])


async def charge_days_served(record: ContractRecord, source_id: UUID, last_day: date) -> Decimal:
    """After a withdrawal: the days served at the client's express request, line by line; the net total."""
    start, total, rows = record["effective_on"], Decimal("0.00"), []
    for line in record.lines:
        if line["kind"] != LineKind.RECURRING:
            continue
        found = billing_periods.periods(
            record["starts_on"], record["billing_anchor"], line["billing_period"], last_day, None
        )
        shares = [
            days_price(
                net_in(line, period.number),
                *billing_periods.window(line, max(period.start, start), min(period.end, last_day)),
                period.total,
            )
            for period in found
        ]
        net = sum(shares, Decimal("0.00"))
        total += net
        stored = {"line_id": str(line["id"]), "vat_rate": f"{line['vat_rate']:f}", "vat_category": line["vat_category"]}
        label = f"Jours servis avant rétractation : {line['description']}"[:255]
        kind, cause = AdjustmentKind.WITHDRAWAL_PRORATA, AdjustmentCause.WITHDRAWAL
        rows.append(_adjustment(record, kind, cause, source_id, net, label, stored))
    await _store(record, [row for row in rows if row["net"] > 0])
    return total


async def _unused(
    record: ContractRecord, cause: AdjustmentCause, unused_from: date, unused_to: date
) -> list[tuple[Row, dict[str, Any], Decimal]]:
    """Per billed line: its instalment, the line and the net amount of the days not served."""
    states = creditable_states(cause)
    whole = cause is not AdjustmentCause.SUSPENSION and cause is not AdjustmentCause.TERMINATION
    found = []
    for row in await instalments(record.id, record.work):
        if row["status"] not in states:
            continue
        for line in row["lines"]:
            net = (
                Decimal(line["net"]["amount"])
                if whole
                else billing_periods.unused_part(line, row["period_start"], row["period_end"], unused_from, unused_to)
            )
            if net > 0:
                found.append((row, line, net))
    return found


def _adjustment(
    record: ContractRecord,
    kind: AdjustmentKind,
    cause: AdjustmentCause,
    source_id: UUID,
    net: Decimal,
    label: str,
    line: Mapping[str, Any],
) -> dict[str, Any]:
    return {
        "id": new_id(),
        "organisation_id": record.work.organisation_id,
        "contract_id": record.id,
        "kind": kind,
        "cause": cause,
        "source_id": source_id,
        "line_id": UUID(line["line_id"]) if line["line_id"] else None,
        "billing_instalment_id": None,
        "net": net,
        "vat_rate": Decimal(line["vat_rate"]),
        "vat_category": line["vat_category"],
        "label": label,
        "status": "PENDING",
        "invoice_id": None,
    }


async def _store(record: ContractRecord, rows: Sequence[Mapping[str, Any]]) -> None:
    for row in rows:
        stored = await record.work.execute(insert(billing_adjustment).values(**row).on_conflict_do_nothing())
        if stored:
            record.state(ContractBillingAdjusted, adjustment=views.adjustment_of(row, record["currency"]))
