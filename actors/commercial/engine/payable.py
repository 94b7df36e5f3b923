"""When an initial commission may be paid: after the collections its plan asks for (6.3)."""

from typing import Any

from sqlalchemy import func, select

from actors.commercial.engine.entries import hold, make_payable, release
from actors.commercial.rules.amounts import waits_for_collections
from messages.commercial import CommissionKind, CommissionStatus, HoldReason, PlanTerms
from runtime.unit_of_work import UnitOfWork
from storage.commercial.queries import one_of
from storage.commercial.tables import (
    commission_entry,
    commission_plan_version,
    instalment_line_ref,
    instalment_ref,
    sales_rep,
)


async def weigh_payable(contract_id: Any, work: UnitOfWork) -> None:
    """Initial entries become payable with their collections, and wait again when a collection comes back."""
    entry, version = commission_entry.c, commission_plan_version.c
    statement = (
        select(commission_entry, version.payload, sales_rep.c.profile)
        .join(commission_plan_version, version.id == entry.plan_version_id)
        .join(sales_rep, sales_rep.c.id == entry.rep_id)
        .where(
            entry.organisation_id == work.organisation_id,
            entry.contract_id == contract_id,
            entry.kind == CommissionKind.INITIAL,
            one_of(entry.status, (CommissionStatus.ACCRUED, CommissionStatus.PAYABLE, CommissionStatus.ON_HOLD)),
        )
        .order_by(entry.id)
        .with_for_update(of=commission_entry)
    )
    for row in await work.fetch(statement):
        needed = waits_for_collections(PlanTerms.model_validate(row["payload"]), row["profile"])
        enough = needed == 0 or await _collected_in_full(row["contract_line_id"], work) >= needed
        if enough and row["status"] == CommissionStatus.ACCRUED:
            await make_payable(row, work)
        elif enough and row["hold_reason"] == HoldReason.INSTALMENT_REVERSED:
            await release(row, work)
        elif not enough and row["status"] == CommissionStatus.PAYABLE:
            await hold(row, HoldReason.INSTALMENT_REVERSED, work)


async def _collected_in_full(line_id: Any, work: UnitOfWork) -> int:
    """How many instalments of the line are collected to the last cent."""
    bill, part = instalment_ref.c, instalment_line_ref.c
    statement = (
        select(func.count())
        .select_from(instalment_ref)
        .join(
            instalment_line_ref,
            (part.organisation_id == bill.organisation_id) & (part.billing_instalment_id == bill.billing_instalment_id),
        )
        .where(
            bill.organisation_id == work.organisation_id,
            part.line_id == line_id,
            bill.gross > 0,
            bill.collected_gross >= bill.gross,
        )
    )
    return int(await work.fetch_value(statement))
