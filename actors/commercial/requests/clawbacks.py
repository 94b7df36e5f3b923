"""Requests about clawbacks and carried balances."""

from typing import Any

from sqlalchemy import select, update

from actors.commercial import views
from actors.commercial.engine.accrual import locked_contract
from actors.commercial.engine.entries import change_entry
from actors.commercial.engine.recovery import Cause, claw_back, entries_of, take_back
from actors.commercial.engine.terms import terms_of
from actors.commercial.requests.own import visible
from actors.commercial.rules.recovery import Window, termination_share, window_of
from actors.commercial.rules.states import FROZEN
from messages.commercial import (
    CLAWBACK_ALREADY_APPLIED,
    CLAWBACK_EXCEEDS_ENTRY,
    CLAWBACK_NOT_FOUND,
    CLAWBACK_NOTHING_TO_RECOVER,
    CLAWBACK_WINDOW_EXPIRED,
    COMMISSION_NOT_FOUND,
    CONTRACT_UNKNOWN,
    ENTRY_FROZEN,
    CancelClawback,
    CarryOverPage,
    Clawback,
    ClawbackCancelled,
    ClawbackMethod,
    ClawbackPage,
    ClawbackStatus,
    CommissionKind,
    CommissionStatus,
    GetClawback,
    ListCarryOvers,
    ListClawbacks,
    TriggerClawback,
    WindowStart,
)
from messages.problem import Refused
from messages.values.identifiers import new_id
from runtime.pagination import page
from runtime.unit_of_work import Row, UnitOfWork
from storage.commercial.tables import carry_over, clawback, commission_entry


async def trigger_clawback(request: TriggerClawback, work: UnitOfWork) -> ClawbackPage:
    """Take back by hand: an amount of one frozen entry, or by the plan's window and method."""
    entries = await _targets(request, work)
    made: list[Row] = []
    inside = False
    for entry in entries:
        if request.amount is not None:
            made.append(await _take_amount(entry, request, work))
            continue
        window, share, method = await _share(entry, request, work)
        inside = inside or window.holds(request.event_date)
        cause = Cause(request.kind, f"manual:{new_id()}", request.event_date, request.reason, method, window)
        taken = await take_back(entry, cause, share, work)
        made += [taken] if taken is not None else []
    if request.amount is None and not inside:
        raise Refused(
            CLAWBACK_WINDOW_EXPIRED, f"{request.event_date} lies outside every window; give an amount to insist"
        )
    if not made:
        raise Refused(
            CLAWBACK_NOTHING_TO_RECOVER, "nothing frozen is left to take back; cancel open commissions instead"
        )
    return ClawbackPage(items=tuple(views.clawback(row) for row in made))


async def get_clawback(request: GetClawback, work: UnitOfWork) -> Clawback:
    """One clawback."""
    wanted = select(clawback).where(
        clawback.c.organisation_id == work.organisation_id,
        clawback.c.id == request.clawback_id,
        visible(clawback.c.rep_id, work),
    )
    return views.clawback(await work.load(wanted, "clawback", code=CLAWBACK_NOT_FOUND, id=request.clawback_id))


async def list_clawbacks(request: ListClawbacks, work: UnitOfWork) -> ClawbackPage:
    """A page of clawbacks."""
    taken = clawback.c
    wanted = select(clawback).where(taken.organisation_id == work.organisation_id, visible(taken.rep_id, work))
    filters = {
        taken.entry_id: request.entry_id,
        taken.contract_id: request.contract_id,
        taken.rep_id: request.rep_id,
        taken.kind: request.kind,
        taken.status: request.status,
        taken.application_period: request.period,
    }
    for column, value in filters.items():
        if value is not None:
            wanted = wanted.where(column == value)
    order = (taken.created_at, taken.id)
    return await page(work, request, wanted, order=order, descending=True, reply=ClawbackPage, item=views.clawback)


async def cancel_clawback(request: CancelClawback, work: UnitOfWork) -> Clawback:
    """Cancel a clawback that no statement applied; the commission is whole again."""
    wanted = select(clawback).where(
        clawback.c.organisation_id == work.organisation_id, clawback.c.id == request.clawback_id
    )
    row = await work.load(wanted.with_for_update(), "clawback", code=CLAWBACK_NOT_FOUND, id=request.clawback_id)
    if row["status"] != ClawbackStatus.PENDING or row["regularised_amount"]:
        raise Refused(
            CLAWBACK_ALREADY_APPLIED,
            f"clawback {row['reference']} is {row['status']} or partly given again; book an adjustment instead",
        )
    after = {**row, "status": ClawbackStatus.CANCELLED, "version": row["version"] + 1}
    await work.execute(
        update(clawback)
        .where(clawback.c.organisation_id == work.organisation_id, clawback.c.id == row["id"])
        .values(status=after["status"], version=after["version"], updated_at=work.now)
    )
    entry = await work.load(
        select(commission_entry).where(commission_entry.c.id == row["entry_id"]).with_for_update(), "commission"
    )
    changes: dict[str, Any] = {"clawed_back_amount": entry["clawed_back_amount"] - row["amount"]}
    if entry["status"] == CommissionStatus.CLAWED_BACK:
        was_paid = entry["paid_on"] is not None
        changes["status"] = CommissionStatus.PAID if was_paid else CommissionStatus.VALIDATED
    await change_entry(entry, work, **changes)
    fact = ClawbackCancelled.model_validate({**views.clawback_ref(after), "reason": request.reason})
    work.emit(fact, version=after["version"])
    return views.clawback(after)


async def list_carry_overs(request: ListCarryOvers, work: UnitOfWork) -> CarryOverPage:
    """A page of carried balances."""
    carried = carry_over.c
    wanted = select(carry_over).where(carried.organisation_id == work.organisation_id, visible(carried.rep_id, work))
    for name in ("rep_id", "company_id", "status"):
        value = getattr(request, name)
        if value is not None:
            wanted = wanted.where(carried[name] == value)
    return await page(work, request, wanted, order=(carried.id,), reply=CarryOverPage, item=views.carry_over)


async def _targets(request: TriggerClawback, work: UnitOfWork) -> list[Row]:
    if request.contract_id is not None:
        if await locked_contract(request.contract_id, work) is None:
            raise Refused(CONTRACT_UNKNOWN, f"no contract {request.contract_id} is known here; check contract_id")
        return await entries_of(request.contract_id, work, CommissionKind.INITIAL)
    entry = commission_entry.c
    wanted = select(commission_entry).where(entry.organisation_id == work.organisation_id, entry.id == request.entry_id)
    row = await work.load(wanted.with_for_update(), "commission", code=COMMISSION_NOT_FOUND, id=request.entry_id)
    if row["status"] not in FROZEN:
        raise Refused(
            ENTRY_FROZEN, f"commission {row['reference']} is {row['status']}, not validated; cancel it instead"
        )
    return [row]


async def _take_amount(entry: Row, request: TriggerClawback, work: UnitOfWork) -> Row:
    assert request.amount is not None
    left = entry["amount"] - entry["clawed_back_amount"] + entry["regularised_amount"]
    if entry["contract_id"] is None or request.amount.amount <= 0 or request.amount.amount > left:
        raise Refused(
            CLAWBACK_EXCEEDS_ENTRY,
            f"between 0.01 and {left} can be taken back of commission {entry['reference']}; give such an amount",
            details={"left": f"{left:f}"},
        )
    share = 100 * request.amount.amount / entry["original_amount"]
    cause = Cause(request.kind, f"manual:{new_id()}", request.event_date, request.reason, "MANUAL")
    row = await claw_back(entry, cause, share, request.amount.amount, work)
    assert row is not None  # the reference is new
    return row


async def _share(entry: Row, request: TriggerClawback, work: UnitOfWork) -> tuple[Window, Any, str]:
    contract = await locked_contract(entry["contract_id"], work) if entry["contract_id"] else None
    if contract is None or entry["plan_version_id"] is None:
        raise Refused(
            CLAWBACK_NOTHING_TO_RECOVER,
            f"commission {entry['reference']} comes from no plan; give an amount to take back",
        )
    terms = (await terms_of(entry["plan_version_id"], work)).clawback
    by_collection = terms.window_start is WindowStart.FIRST_COLLECTION_DATE and contract["first_collected_on"]
    start = contract["first_collected_on"] if by_collection else contract["effective_on"]
    method = ClawbackMethod(terms.method)
    return window_of(terms, start), termination_share(terms, start, request.event_date), method
