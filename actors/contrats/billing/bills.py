"""The billing schedule of a contract: planned ahead, and billed on its day."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, update

from actors.contrats import views
from actors.contrats.contract_record import ContractRecord
from actors.contrats.renewal import cycles
from actors.contrats.rules import billing_periods
from actors.contrats.rules.amounts import vat_of
from actors.contrats.rules.instalments import before, outcome
from actors.contrats.rules.renewal import renews_by_itself
from actors.contrats.rules.status import BOUND
from messages.contrats import (
    AdjustmentKind,
    ContractBillingDue,
    InstalmentStatus,
)
from messages.contrats.states import RenewalStatus
from runtime.unit_of_work import Row, UnitOfWork
from storage.contrats.tables import billing_adjustment, billing_instalment

HORIZON = timedelta(days=400)
BILLED = (InstalmentStatus.DUE, InstalmentStatus.INVOICED)
MOST_OVERDUE = 12
"""How many overdue billing days one transaction catches up per contract; the next one goes on."""


async def replan(record: ContractRecord) -> None:
    """Plan anew whatever is not billed yet, up to the horizon or the known end of the contract."""
    work, until = record.work, max(record.today, record["starts_on"]) + HORIZON
    ends = [day for day in (record["ends_on"], record["termination_ends_on"]) if day is not None]
    ends_on = min(ends) if ends else None
    await work.execute(
        delete(billing_instalment).where(
            *_of(record, billing_instalment),
            billing_instalment.c.status.in_((InstalmentStatus.PLANNED, InstalmentStatus.CANCELLED)),
        )
    )
    kept = {(row["frequency"], row["period_start"]) for row in await instalments(record.id, work)}
    planned = billing_periods.plan(record.row, record.lines, until, ends_on)
    await work.insert_rows(
        billing_instalment, [row for row in planned if (row["frequency"], row["period_start"]) not in kept]
    )
    record.set(planned_until=until if ends_on is None or ends_on > until else None)


async def drop_planned(record: ContractRecord) -> None:
    """Nothing more will be billed for periods, nor corrected in those that were only planned."""
    planned = select(billing_instalment.c.id).where(
        *_of(record, billing_instalment), billing_instalment.c.status == InstalmentStatus.PLANNED
    )
    await record.work.execute(
        delete(billing_adjustment).where(
            *_of(record, billing_adjustment),
            billing_adjustment.c.status == "PENDING",
            billing_adjustment.c.billing_instalment_id.in_(planned),
        )
    )
    await record.work.execute(
        update(billing_instalment)
        .where(*_of(record, billing_instalment), billing_instalment.c.status.in_(before("drop")))
        .values(status=outcome("drop"))
    )
    record.set(planned_until=None)


async def instalments(contract_id: UUID, work: UnitOfWork) -> list[Row]:
    """All instalments of a contract by their day."""
    return await work.fetch(
        select(billing_instalment)
        .where(
            billing_instalment.c.organisation_id == work.organisation_id,
            billing_instalment.c.contract_id == contract_id,
        )
        .order_by(billing_instalment.c.period_start, billing_instalment.c.frequency)
    )


async def projected(record: ContractRecord, until: date) -> list[dict[str, Any]]:
    """The periods beyond the planned ones, as far as the contract is known to go on."""
    if record.status not in BOUND or record["termination_ends_on"] is not None:
        return []
    cycle = await cycles.cycle_of(record)
    refused = cycle is not None and cycle["status"] == RenewalStatus.REFUSED
    ends_on = None if renews_by_itself(record.row) and not refused else record["ends_on"]
    known = {(row["frequency"], row["period_start"]) for row in await instalments(record.id, record.work)}
    return [
        row | {"status": InstalmentStatus.PROJECTED}
        for row in billing_periods.plan(record.row, record.lines, until, ends_on)
        if (row["frequency"], row["period_start"]) not in known
    ]


async def anything_was_billed(record: ContractRecord) -> bool:
    """Whether a period was billed already."""
    return any(row["status"] in BILLED for row in await instalments(record.id, record.work))


async def bill_due(record: ContractRecord) -> bool:
    """State contract.billing_due for each day that has come, oldest first; whether there was any."""
    rows = await record.work.fetch(
        select(billing_instalment)
        .where(
            *_of(record, billing_instalment),
            billing_instalment.c.status.in_(before("bill")),
            billing_instalment.c.bill_on <= record.today,
        )
        .order_by(billing_instalment.c.bill_on, billing_instalment.c.period_start, billing_instalment.c.frequency)
    )
    days = list(dict.fromkeys(row["bill_on"] for row in rows))
    for day in days[:MOST_OVERDUE]:
        due = [row for row in rows if row["bill_on"] == day]
        await record.work.execute(
            update(billing_instalment)
            .where(*_of(record, billing_instalment), billing_instalment.c.id.in_([row["id"] for row in due]))
            .values(status=outcome("bill"))
        )
        await _state_due(record, due, await _take_adjustments(record))
    return bool(days)


async def bill_adjustments(record: ContractRecord) -> None:
    """Bill what is still to be corrected, alone, after the last period."""
    pending = await _take_adjustments(record)
    if pending:
        await _state_due(record, [], pending)


async def skip_suspended(record: ContractRecord, first: date, last: date) -> None:
    """Periods that lie wholly inside a pause are not billed."""
    await record.work.execute(
        update(billing_instalment)
        .where(
            *_of(record, billing_instalment),
            billing_instalment.c.status.in_(before("skip")),
            billing_instalment.c.frequency != "ONE_OFF",
            billing_instalment.c.period_start >= first,
            billing_instalment.c.period_end <= last,
        )
        .values(status=outcome("skip"))
    )


async def _take_adjustments(record: ContractRecord) -> list[Row]:
    """What waits to be billed; the correction of a planned instalment leaves with that instalment."""
    planned = select(billing_instalment.c.id).where(
        *_of(record, billing_instalment), billing_instalment.c.status == InstalmentStatus.PLANNED
    )
    of_planned = func.coalesce(billing_adjustment.c.billing_instalment_id.in_(planned), False)
    return await record.work.fetch(
        update(billing_adjustment)
        .where(*_of(record, billing_adjustment), billing_adjustment.c.status == "PENDING", ~of_planned)
        .values(status="BILLED")
        .returning(billing_adjustment)
    )


async def _state_due(record: ContractRecord, due: Sequence[Row], adjustments: Sequence[Row]) -> None:
    """One order to bill: totals are exact sums, VAT of adjustments once per category and rate and direction."""
    currency, sign = record["currency"], _signed
    net = sum((row["net_total"] for row in due), Decimal("0.00")) + sum((sign(row) for row in adjustments), Decimal(0))
    vat = sum((row["vat_total"] for row in due), Decimal("0.00"))
    vat += vat_of((row["vat_category"], row["vat_rate"], sign(row)) for row in adjustments)
    record.state(
        ContractBillingDue,
        reference=record["reference"],
        client_id=record["client_id"],
        company_id=record["company_id"],
        sales_rep_id=record["sales_rep_id"],
        instalments=[views.instalment_of(row, currency) for row in due],
        adjustments=[views.adjustment_of(row, currency) for row in adjustments],
        net_total=views.money(net, currency),
        vat_total=views.money(vat, currency),
        gross_total=views.money(net + vat, currency),
        due_on=max((row["due_on"] for row in due), default=record.today),
        billing_address_id=record["billing_address_id"],
        payment_method=record["payment_method"],
        payment_terms_days=record["payment_terms_days"],
    )


def _signed(adjustment: Row) -> Decimal:
    net: Decimal = adjustment["net"]
    return -net if adjustment["kind"] == AdjustmentKind.CREDIT else net


def _of(record: ContractRecord, table: Any) -> tuple[Any, Any]:
    return table.c.organisation_id == record.work.organisation_id, table.c.contract_id == record.id
