"""Commission entries: born, held, released, cancelled and replaced, each time with its fact."""

from decimal import Decimal
from typing import Any

from sqlalchemy import select, update

from actors.commercial import views
from actors.commercial.engine.settings import commission_reference
from actors.commercial.rules.states import ENTRY
from messages.commercial import (
    CommissionBecamePayable,
    CommissionCalculated,
    CommissionCancelled,
    CommissionHeld,
    CommissionKind,
    CommissionStatus,
    CommissionSuperseded,
    HoldReason,
)
from messages.values.identifiers import new_id
from runtime.unit_of_work import Row, UnitOfWork
from storage.commercial.tables import commission_entry

_NOTHING = Decimal("0.00")
_OPTIONAL: dict[str, Any] = dict.fromkeys(
    (
        "contract_id", "contract_line_id", "billing_instalment_id", "invoice_id", "payment_id", "product_id", "client_id",
        "plan_id", "plan_version_id", "plan_version_no", "base_kind", "rate_percent", "fixed_amount", "held_from",
        "hold_reason", "supersedes_id", "clawback_id", "statement_id", "payable_at", "validated_at", "paid_on",
        "cancel_reason", "cut_ref",
    )
)  # fmt: skip


async def add_entry(fields: dict[str, Any], work: UnitOfWork) -> Row | None:
    """Store a new entry and state it; None when this source has earned its entry already."""
    known = select(commission_entry.c.id).where(
        commission_entry.c.organisation_id == work.organisation_id,
        commission_entry.c.source_key == fields["source_key"],
    )
    if await work.fetch_value(known) is not None:
        return None
    row = {
        **_OPTIONAL,
        "id": new_id(),
        "organisation_id": work.organisation_id,
        "version": 1,
        "created_at": work.now,
        "created_by": work.caller.principal,
        "updated_at": work.now,
        "updated_by": work.caller.principal,
        "reference": await commission_reference("COM", fields["origin_period"], work),
        "status": CommissionStatus.ACCRUED,
        "original_amount": fields["amount"],
        "clawed_back_amount": _NOTHING,
        "regularised_amount": _NOTHING,
        "revision": 1,
        "base_amount": _NOTHING,
        **fields,
    }
    if row["status"] == CommissionStatus.PAYABLE:
        row["payable_at"] = work.now
    await work.insert(commission_entry, **row)
    work.emit(CommissionCalculated.model_validate(views.commission_ref(row)), version=1)
    if row["status"] == CommissionStatus.PAYABLE:
        work.emit(CommissionBecamePayable.model_validate(views.commission_ref(row)), version=1)
    if row["status"] == CommissionStatus.ON_HOLD:
        work.emit(CommissionHeld.model_validate({**views.commission_ref(row), "reason": row["hold_reason"]}), version=1)
    return row


async def change_entry(row: Row, work: UnitOfWork, **changes: Any) -> Row:
    """Store changed columns of an entry; its version rises by one."""
    version = row["version"] + 1
    await work.execute(
        update(commission_entry)
        .where(commission_entry.c.organisation_id == work.organisation_id, commission_entry.c.id == row["id"])
        .values(**changes, version=version, updated_at=work.now, updated_by=work.caller.principal)
    )
    return {**row, **changes, "version": version}


async def make_payable(row: Row, work: UnitOfWork) -> Row:
    """The entry may enter a statement."""
    status = ENTRY.after("become_payable", CommissionStatus(row["status"]))
    after = await change_entry(row, work, status=status, payable_at=work.now)
    work.emit(CommissionBecamePayable.model_validate(views.commission_ref(after)), version=after["version"])
    return after


async def hold(row: Row, reason: HoldReason, work: UnitOfWork) -> Row:
    """The entry waits; it leaves the drafts at their next build."""
    status = ENTRY.after("hold", CommissionStatus(row["status"]))
    after = await change_entry(row, work, status=status, held_from=row["status"], hold_reason=reason)
    work.emit(
        CommissionHeld.model_validate({**views.commission_ref(after), "reason": reason}), version=after["version"]
    )
    return after


async def release(row: Row, work: UnitOfWork) -> Row:
    """The cause of the hold is gone: the entry is what it was before."""
    after = await change_entry(row, work, status=row["held_from"], held_from=None, hold_reason=None)
    if after["status"] == CommissionStatus.PAYABLE:
        work.emit(CommissionBecamePayable.model_validate(views.commission_ref(after)), version=after["version"])
    return after


async def cancel(row: Row, reason: str, work: UnitOfWork, *, cut_ref: str | None = None) -> Row:
    """The entry is no longer due."""
    status = ENTRY.after("cancel", CommissionStatus(row["status"]))
    after = await change_entry(row, work, status=status, cancel_reason=reason, cut_ref=cut_ref)
    work.emit(
        CommissionCancelled.model_validate({**views.commission_ref(after), "reason": reason}), version=after["version"]
    )
    return after


async def replace(row: Row, amount: Decimal, why: str, work: UnitOfWork, *, cut_ref: str | None = None) -> Row | None:
    """Put an entry of another amount in the place of an unfrozen or cancelled one; the chain keeps its first amount."""
    revision = row["revision"] + 1
    kept = {name: row[name] for name in _KEPT}
    status = _reborn(row) if row["status"] in _ENDED else {"status": row["status"]}
    replacement = await add_entry(
        {
            **kept,
            **status,
            "amount": amount,
            "original_amount": row["original_amount"],
            "revision": revision,
            "supersedes_id": row["id"],
            "source_key": f"{row['source_key'].rpartition(':r')[0]}:r{revision}",
            "calculation": [*row["calculation"], {"step": why, "before": f"{row['amount']:f}", "value": f"{amount:f}"}],
        },
        work,
    )
    if replacement is None or row["status"] in _ENDED:
        return replacement
    status_after = ENTRY.after("supersede", CommissionStatus(row["status"]))
    after = await change_entry(row, work, status=status_after, cut_ref=cut_ref)
    work.emit(
        CommissionSuperseded.model_validate({**views.commission_ref(after), "superseded_by": replacement["id"]}),
        version=after["version"],
    )
    return replacement


def _reborn(row: Row) -> dict[str, Any]:
    """An initial commission waits for its collections again; what a collection earned is payable at once."""
    initial = row["kind"] == CommissionKind.INITIAL
    status = CommissionStatus.ACCRUED if initial else CommissionStatus.PAYABLE
    return {"status": status, "held_from": None, "hold_reason": None}


_ENDED = (CommissionStatus.CANCELLED, CommissionStatus.SUPERSEDED)
_KEPT = (
    "kind", "component", "rep_id", "company_id", "contract_id", "contract_line_id", "billing_instalment_id", "invoice_id",
    "payment_id", "product_id", "client_id", "plan_id", "plan_version_id", "plan_version_no", "trigger", "accrual_date",
    "origin_period", "base_kind", "base_amount", "rate_percent", "fixed_amount", "currency", "held_from", "hold_reason",
)  # fmt: skip
