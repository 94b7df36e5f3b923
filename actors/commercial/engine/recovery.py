"""Clawbacks and what is given again: each cause once, never more than was earned (6.7)."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from actors.commercial import views
from actors.commercial.engine.entries import add_entry, cancel, change_entry, replace
from actors.commercial.engine.settings import commission_reference
from actors.commercial.rules.periods import next_period, period_of
from actors.commercial.rules.recovery import Window, to_give_back, to_take_back
from actors.commercial.rules.states import ENTRY, FROZEN, UNFROZEN
from messages.commercial import (
    ClawbackCreated,
    ClawbackKind,
    ClawbackStatus,
    CommissionKind,
    CommissionRegularised,
    CommissionStatus,
    StatementStatus,
)
from messages.values.identifiers import new_id
from runtime.unit_of_work import Row, UnitOfWork
from storage.commercial.queries import none_of, one_of
from storage.commercial.tables import clawback, commission_entry, statement

_NOTHING = Decimal("0.00")


@dataclass(frozen=True, slots=True)
class Cause:
    """Why commissions are taken back. `ref` makes the cause happen once per entry."""

    kind: ClawbackKind
    ref: str
    on: date
    reason: str
    method: str = "FULL"
    window: Window | None = None
    billing_instalment_id: UUID | None = None


async def entries_of(contract_id: UUID, work: UnitOfWork, *kinds: CommissionKind) -> list[Row]:
    """The contract's entries that something can be taken back of, locked."""
    entry = commission_entry.c
    statement = select(commission_entry).where(
        entry.organisation_id == work.organisation_id,
        entry.contract_id == contract_id,
        one_of(entry.status, (*UNFROZEN, *FROZEN)),
    )
    if kinds:
        statement = statement.where(one_of(entry.kind, kinds))
    return await work.fetch(statement.order_by(entry.id).with_for_update())


async def take_back(entry: Row, cause: Cause, share_percent: Decimal, work: UnitOfWork) -> Row | None:
    """Bring what is taken of an entry to the cause's share: a clawback when frozen, else a smaller entry or none."""
    already = entry["original_amount"] - entry["amount"] + entry["clawed_back_amount"] - entry["regularised_amount"]
    taken = to_take_back(entry["original_amount"], share_percent, already)
    if taken == 0:
        return None
    if entry["status"] in UNFROZEN:
        ref = str(cause.billing_instalment_id) if cause.billing_instalment_id else None
        if taken >= entry["amount"]:
            await cancel(entry, cause.reason, work, cut_ref=ref)
        else:
            await replace(entry, entry["amount"] - taken, cause.reason, work, cut_ref=ref)
        return None
    return await claw_back(entry, cause, share_percent, taken, work)


async def claw_back(entry: Row, cause: Cause, share_percent: Decimal, taken: Decimal, work: UnitOfWork) -> Row | None:
    """Write the clawback of a frozen entry; None when this cause has had it already."""
    known = select(clawback.c.id).where(
        clawback.c.organisation_id == work.organisation_id,
        clawback.c.entry_id == entry["id"],
        clawback.c.kind == cause.kind,
        clawback.c.event_ref == cause.ref,
    )
    if await work.fetch_value(known) is not None:
        return None
    period = await open_period(entry["rep_id"], entry["company_id"], max(cause.on, work.today()), work)
    row = {
        "id": new_id(),
        "organisation_id": work.organisation_id,
        "version": 1,
        "created_at": work.now,
        "created_by": work.caller.principal,
        "updated_at": work.now,
        "updated_by": work.caller.principal,
        "reference": await commission_reference("CLW", period, work),
        "entry_id": entry["id"],
        "rep_id": entry["rep_id"],
        "company_id": entry["company_id"],
        "contract_id": entry["contract_id"],
        "billing_instalment_id": cause.billing_instalment_id,
        "kind": cause.kind,
        "method": cause.method,
        "share_percent": share_percent,
        "window_start": cause.window.start if cause.window else None,
        "window_end": cause.window.end if cause.window else None,
        "event_date": cause.on,
        "event_ref": cause.ref,
        "original_amount": entry["original_amount"],
        "target_total": taken + entry["clawed_back_amount"] - entry["regularised_amount"],
        "amount": taken,
        "regularised_amount": _NOTHING,
        "currency": entry["currency"],
        "application_period": period,
        "status": ClawbackStatus.PENDING,
        "statement_id": None,
        "reason": cause.reason,
    }
    await work.insert(clawback, **row)
    await _note_taken(entry, taken, work)
    work.emit(ClawbackCreated.model_validate(views.clawback_ref(row)), version=1)
    return row


async def _note_taken(entry: Row, taken: Decimal, work: UnitOfWork) -> None:
    total = entry["clawed_back_amount"] + taken
    changes: dict[str, Any] = {"clawed_back_amount": total}
    status = CommissionStatus(entry["status"])
    if total - entry["regularised_amount"] >= entry["amount"] and ENTRY.allows("claw_back", status):
        changes["status"] = ENTRY.after("claw_back", status)
    await change_entry(entry, work, **changes)


async def open_period(rep_id: UUID, company_id: UUID, day: date, work: UnitOfWork) -> str:
    """The day's period, or the first one after it whose statement is not frozen yet."""
    period = period_of(day)
    frozen = select(statement.c.period).where(
        statement.c.organisation_id == work.organisation_id,
        statement.c.rep_id == rep_id,
        statement.c.company_id == company_id,
        statement.c.period >= period,
        none_of(statement.c.status, (StatementStatus.DRAFT, StatementStatus.DISCARDED)),
    )
    taken = {row["period"] for row in await work.fetch(frozen)}
    while period in taken:
        period = next_period(period)
    return period


async def regularise_instalment(instalment: Row | dict[str, Any], recovered: Decimal, work: UnitOfWork) -> None:
    """Give again, cumulated, what an instalment in default took, for the part of it that has come in.

    `recovered` of the instalment's gross; all of it restores the entries that were cut before a statement froze them.
    """
    identity = instalment["billing_instalment_id"]
    taken = select(clawback).where(
        clawback.c.organisation_id == work.organisation_id,
        clawback.c.billing_instalment_id == identity,
        clawback.c.status != ClawbackStatus.CANCELLED,
    )
    for row in await work.fetch(taken.order_by(clawback.c.id).with_for_update()):
        given = to_give_back(row["amount"], recovered, instalment["gross"], row["regularised_amount"])
        if given > 0:
            await _give_again(row, given, work)
    if recovered >= instalment["gross"]:
        await _restore_cut(identity, work)


async def _give_again(taken: Row, given: Decimal, work: UnitOfWork) -> None:
    entry = await work.load(
        select(commission_entry).where(commission_entry.c.id == taken["entry_id"]).with_for_update(), "commission"
    )
    total = taken["regularised_amount"] + given
    await work.execute(
        update(clawback)
        .where(clawback.c.organisation_id == work.organisation_id, clawback.c.id == taken["id"])
        .values(regularised_amount=total, version=taken["version"] + 1, updated_at=work.now)
    )
    changes: dict[str, Any] = {"regularised_amount": entry["regularised_amount"] + given}
    if entry["status"] == CommissionStatus.CLAWED_BACK:
        was_paid = entry["paid_on"] is not None
        changes["status"] = CommissionStatus.PAID if was_paid else CommissionStatus.VALIDATED
    await change_entry(entry, work, **changes)
    names = ("rep_id", "company_id", "contract_id", "contract_line_id", "product_id", "client_id", "currency")
    plan = ("plan_id", "plan_version_id", "plan_version_no")
    period = await open_period(entry["rep_id"], entry["company_id"], work.today(), work)
    row = await add_entry(
        {
            **{name: entry[name] for name in (*names, *plan)},
            "kind": CommissionKind.REGULARISATION,
            "component": "regularisation",
            "trigger": "RECOVERED",
            "accrual_date": work.today(),
            "origin_period": period,
            "base_kind": "CLAWBACK",
            "base_amount": taken["amount"],
            "amount": given,
            "status": CommissionStatus.PAYABLE,
            "clawback_id": taken["id"],
            "source_key": f"regularisation:{taken['id']}:{total:f}:r1",
            "calculation": [
                {"step": "clawback", "reference": taken["reference"], "value": f"{taken['amount']:f}"},
                {"step": "given_again_so_far", "value": f"{total:f}"},
            ],
        },
        work,
    )
    if row is not None:
        work.emit(
            CommissionRegularised.model_validate({**views.commission_ref(row), "clawback_id": taken["id"]}), version=1
        )


async def _restore_cut(billing_instalment_id: UUID, work: UnitOfWork) -> None:
    """Entries that the default cancelled or made smaller before they were frozen get their amount back."""
    entry = commission_entry.c
    cut = select(commission_entry).where(
        entry.organisation_id == work.organisation_id, entry.cut_ref == str(billing_instalment_id)
    )
    for row in await work.fetch(cut.order_by(entry.id).with_for_update()):
        await change_entry(row, work, cut_ref=None)
        if row["status"] == CommissionStatus.CANCELLED:
            await replace(row, row["amount"], "RESTORED", work)
            continue
        smaller = await work.fetch_one(
            select(commission_entry)
            .where(entry.organisation_id == work.organisation_id, entry.supersedes_id == row["id"])
            .with_for_update()
        )
        if smaller is not None and smaller["status"] in UNFROZEN:
            await replace(smaller, row["amount"], "RESTORED", work)
