"""Recurring rights: opened with the initial commission, suspended, resumed and ended with their contract."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from actors.commercial import views
from actors.commercial.engine.entries import add_entry, hold, release
from actors.commercial.rules.amounts import earns_recurring, first_recurring_month, percentage
from actors.commercial.rules.periods import month_index, period_of
from messages.commercial import (
    CommissionKind,
    CommissionStatus,
    HoldReason,
    PlanTerms,
    RecurringRightEnded,
    RecurringRightResumed,
    RecurringRightSuspended,
    RightStatus,
)
from messages.values.identifiers import new_id
from runtime.unit_of_work import Row, UnitOfWork
from storage.commercial.queries import one_of
from storage.commercial.tables import (
    collected_line,
    commission_entry,
    commission_plan_version,
    contract_attribution,
    instalment_ref,
    recurring_right,
)

LIVE = (RightStatus.PENDING, RightStatus.ACTIVE, RightStatus.SUSPENDED)


async def rights_of(contract_id: Any, work: UnitOfWork) -> list[Row]:
    """The contract's rights, locked."""
    statement = select(recurring_right).where(
        recurring_right.c.organisation_id == work.organisation_id, recurring_right.c.contract_id == contract_id
    )
    return await work.fetch(statement.order_by(recurring_right.c.id).with_for_update())


async def open_right(contract: Row, line: Row, rep_id: Any, plan_id: Any, terms: PlanTerms, work: UnitOfWork) -> None:
    """Let later collections of the line earn, and book those that came before."""
    if not terms.recurring.enabled:
        return
    row = {
        "id": new_id(),
        "organisation_id": work.organisation_id,
        "version": 1,
        "created_at": work.now,
        "created_by": work.caller.principal,
        "updated_at": work.now,
        "updated_by": work.caller.principal,
        "contract_id": contract["contract_id"],
        "contract_line_id": line["line_id"],
        "rep_id": rep_id,
        "plan_id": plan_id,
        "first_month": first_recurring_month(terms),
        "duration_months": terms.recurring.duration_months,
        "base_effective_date": contract["effective_on"],
        "status": RightStatus.SUSPENDED if contract["suspended"] else RightStatus.PENDING,
        "status_reason": HoldReason.CONTRACT_SUSPENDED if contract["suspended"] else None,
    }
    await work.execute(insert(recurring_right).values(**row).on_conflict_do_nothing())
    earlier = select(collected_line).where(
        collected_line.c.organisation_id == work.organisation_id, collected_line.c.line_id == line["line_id"]
    )
    collections = await work.fetch(earlier.order_by(collected_line.c.collected_on, collected_line.c.id))
    await earn_recurring(contract, collections, work)


async def earn_recurring(contract: Row, collections: Sequence[Row], work: UnitOfWork) -> None:
    """One entry per collected amount that a right covers; on hold while the right is suspended."""
    rights = {right["contract_line_id"]: right for right in await rights_of(contract["contract_id"], work)}
    for collection in collections:
        right = rights.get(collection["line_id"])
        if right is None or right["status"] not in (*LIVE, RightStatus.ENDED):
            continue
        if right["status"] == RightStatus.PENDING:
            right = rights[collection["line_id"]] = await _store(right, work, status=RightStatus.ACTIVE)
        if _is_covered(contract, right, collection):
            await _earn(contract, right, collection, work)


def _is_covered(contract: Row, right: Row, collection: Row) -> bool:
    return earns_recurring(
        effective_on=right["base_effective_date"],
        period_start=collection["period_start"],
        due_on=collection["due_on"],
        first_month=right["first_month"],
        duration_months=right["duration_months"],
        ended_on=contract["ended_on"],
    )


async def _earn(contract: Row, right: Row, collection: Row, work: UnitOfWork) -> None:
    version = await _version_on(right["plan_id"], collection["collected_on"], work)
    if version is None:
        return
    terms = PlanTerms.model_validate(version["payload"])
    if not terms.recurring.enabled or terms.recurring.rate_percent is None:
        return
    earned = percentage(collection["net"], terms.recurring.rate_percent)
    if earned.amount == 0:
        return
    suspended = right["status"] == RightStatus.SUSPENDED
    rep_id = await _seller_on(contract["contract_id"], collection["due_on"], work) or right["rep_id"]
    index = month_index(right["base_effective_date"], collection["period_start"])
    await add_entry(
        {
            "kind": CommissionKind.RECURRING,
            "component": "recurring",
            "rep_id": rep_id,
            "company_id": contract["company_id"],
            "contract_id": contract["contract_id"],
            "contract_line_id": collection["line_id"],
            "billing_instalment_id": collection["billing_instalment_id"],
            "invoice_id": collection["invoice_id"],
            "payment_id": collection["payment_id"],
            "client_id": contract["client_id"],
            "plan_id": right["plan_id"],
            "plan_version_id": version["id"],
            "plan_version_no": version["version_no"],
            "trigger": "COLLECTED",
            "accrual_date": collection["collected_on"],
            "origin_period": period_of(collection["collected_on"]),
            "base_kind": "COLLECTED",
            "base_amount": earned.base,
            "rate_percent": terms.recurring.rate_percent,
            "amount": earned.amount,
            "currency": contract["currency"],
            "status": CommissionStatus.ON_HOLD if suspended else CommissionStatus.PAYABLE,
            "held_from": CommissionStatus.PAYABLE if suspended else None,
            "hold_reason": HoldReason.RECURRENCE_SUSPENDED if suspended else None,
            "source_key": f"recurring:recurring:{collection['line_id']}:{collection['id']}:r1",
            "calculation": [{"step": "month", "value": index}, *earned.steps],
        },
        work,
    )


async def suspend_rights(contract_id: Any, reason: HoldReason | str, on: date, work: UnitOfWork) -> None:
    """Later collections earn on hold."""
    for right in await rights_of(contract_id, work):
        if right["status"] in (RightStatus.PENDING, RightStatus.ACTIVE):
            after = await _store(right, work, status=RightStatus.SUSPENDED, status_reason=reason)
            work.emit(
                RecurringRightSuspended.model_validate(views.right_ref(after, str(reason), on)),
                version=after["version"],
            )


async def resume_rights(contract: Row, reason: str, on: date, work: UnitOfWork) -> None:
    """Rights earn again once the contract runs and nothing of it is in default; what they held is released."""
    contract_id = contract["contract_id"]
    in_default = select(instalment_ref.c.billing_instalment_id).where(
        instalment_ref.c.organisation_id == work.organisation_id,
        instalment_ref.c.contract_id == contract_id,
        instalment_ref.c.defaulted_on.is_not(None),
    )
    if contract["suspended"] or await work.fetch_one(in_default.limit(1)) is not None:
        return
    for right in await rights_of(contract_id, work):
        if right["status"] == RightStatus.SUSPENDED:
            status = RightStatus.ACTIVE if contract["first_collected_on"] else RightStatus.PENDING
            after = await _store(right, work, status=status, status_reason=None)
            work.emit(
                RecurringRightResumed.model_validate(views.right_ref(after, reason, on)), version=after["version"]
            )
    await release_held(contract_id, HoldReason.RECURRENCE_SUSPENDED, work)


async def end_rights(contract_id: Any, status: RightStatus, reason: str, on: date, work: UnitOfWork) -> None:
    """Nothing due later earns any more."""
    for right in await rights_of(contract_id, work):
        if right["status"] in LIVE:
            await _end(right, status, reason, on, work)


async def expire_rights(today: date, limit: int, work: UnitOfWork) -> int:
    """End rights whose last month has passed, at most `limit`; how many."""
    right = recurring_right.c
    last_month = right.base_effective_date + func.make_interval(0, right.duration_months)
    statement = select(recurring_right).where(
        right.organisation_id == work.organisation_id,
        one_of(right.status, LIVE),
        right.duration_months.is_not(None),
        # The last instalment is often collected in the month after it.
        last_month + func.make_interval(0, 1) < today,
    )
    rows = await work.fetch(statement.order_by(right.id).limit(limit).with_for_update())
    for row in rows:
        await _end(row, RightStatus.ENDED, "DURATION", today, work)
    return len(rows)


async def hold_entries(contract_id: Any, work: UnitOfWork) -> None:
    """What a suspended contract has not paid out yet waits."""
    for entry in await _entries(contract_id, work, (CommissionStatus.ACCRUED, CommissionStatus.PAYABLE)):
        await hold(entry, HoldReason.CONTRACT_SUSPENDED, work)


async def release_held(contract_id: Any, reason: HoldReason, work: UnitOfWork) -> None:
    """Entries held for that reason are what they were before."""
    for entry in await _entries(contract_id, work, (CommissionStatus.ON_HOLD,)):
        if entry["hold_reason"] == reason:
            await release(entry, work)


async def _end(right: Row, status: RightStatus, reason: str, on: date, work: UnitOfWork) -> None:
    after = await _store(right, work, status=status, status_reason=reason)
    work.emit(RecurringRightEnded.model_validate(views.right_ref(after, reason, on)), version=after["version"])


async def _entries(contract_id: Any, work: UnitOfWork, statuses: tuple[CommissionStatus, ...]) -> list[Row]:
    statement = select(commission_entry).where(
        commission_entry.c.organisation_id == work.organisation_id,
        commission_entry.c.contract_id == contract_id,
        one_of(commission_entry.c.status, statuses),
    )
    return await work.fetch(statement.order_by(commission_entry.c.id).with_for_update())


async def _store(right: Row, work: UnitOfWork, **changes: Any) -> Row:
    version = right["version"] + 1
    await work.execute(
        update(recurring_right)
        .where(recurring_right.c.organisation_id == work.organisation_id, recurring_right.c.id == right["id"])
        .values(**changes, version=version, updated_at=work.now, updated_by=work.caller.principal)
    )
    return {**right, **changes, "version": version}


async def _version_on(plan_id: Any, day: date, work: UnitOfWork) -> Row | None:
    """The version of a plan in force on a day."""
    version = commission_plan_version.c
    statement = select(commission_plan_version).where(
        version.organisation_id == work.organisation_id,
        version.plan_id == plan_id,
        version.state != "DRAFT",
        version.effective_from <= day,
        version.effective_to.is_(None) | (version.effective_to >= day),
    )
    return await work.fetch_one(statement.order_by(version.version_no.desc()).limit(1))


async def _seller_on(contract_id: Any, day: date, work: UnitOfWork) -> Any:
    held = contract_attribution.c
    statement = select(held.rep_id).where(
        held.organisation_id == work.organisation_id,
        held.contract_id == contract_id,
        held.valid_from <= day,
        held.valid_to.is_(None) | (held.valid_to >= day),
    )
    return await work.fetch_value(statement.limit(1))
