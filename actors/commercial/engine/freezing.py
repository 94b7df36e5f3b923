"""Validation: a draft gets its number, its lines and sources freeze, clawbacks and carry-overs are booked (6.8, 6.9)."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from actors.commercial import views
from actors.commercial.engine.drafts import settlement_of, store_totals
from actors.commercial.engine.entries import change_entry
from actors.commercial.engine.settings import commission_reference, settings_of, take_number
from actors.commercial.rules.settlement import Settlement
from actors.commercial.rules.statement_content import content_sha256
from actors.commercial.rules.states import ENTRY, STATEMENT
from messages.commercial import (
    STATEMENT_EMPTY,
    TOTALS_CHANGED,
    CarryOverCreated,
    CarryOverSettled,
    CarryOverStatus,
    ClawbackApplied,
    ClawbackStatus,
    CommissionStatus,
    LineSection,
    LineStatus,
    LineType,
    StatementStatus,
    StatementValidated,
)
from messages.problem import Refused
from messages.values.identifiers import new_id
from runtime.unit_of_work import Row, UnitOfWork
from storage.commercial.tables import carry_over, carry_over_movement, clawback, commission_entry, statement_line

_NOT_CONTENT = frozenset(
    {
        "id",
        "organisation_id",
        "statement_id",
        "selectable",
        "selected",
        "status",
        "selection_origin",
        "selection_reason",
    }
)


async def freeze(draft: Row, lines: list[Row], work: UnitOfWork) -> Row:
    """Freeze a draft whose guards have passed."""
    chosen = [line for line in lines if line["selected"]]
    if not chosen:
        raise Refused(STATEMENT_EMPTY, "no line is selected; select one, or discard the draft")
    totals = settlement_of(lines)
    settings = await settings_of(work)
    prefix = f"{settings['statement_prefix']}-{draft['period']}"
    number = f"{prefix}-{await take_number(prefix, work):03d}"
    frozen = {**draft, "number": number}
    await _validate_entries(frozen, chosen, work)
    await _apply_clawbacks(frozen, chosen, work)
    await _use_carry_overs(frozen, chosen, totals, work)
    await _carry_forward(frozen, totals, work)
    await work.execute(
        update(statement_line)
        .where(
            statement_line.c.organisation_id == work.organisation_id,
            statement_line.c.statement_id == draft["id"],
            statement_line.c.selected.is_(True),
        )
        .values(status=LineStatus.VALIDATED)
    )
    row = await store_totals(
        draft,
        lines,
        work,
        number=number,
        status=STATEMENT.after("validate", StatementStatus(draft["status"])),
        validated_by=work.caller.principal,
        validated_at=work.now,
        content_sha256=content_sha256(content_of(frozen, chosen, totals)),
    )
    work.emit(StatementValidated.model_validate(views.statement_ref(row)), version=row["version"])
    return row


def content_of(frozen: Row, chosen: list[Row], totals: Settlement) -> dict[str, Any]:
    """What the hash stands for: header, totals and the selected lines with all they show."""
    return {
        "statement_number": frozen["number"],
        "revision": frozen["revision"],
        "rep_id": str(frozen["rep_id"]),
        "company_id": str(frozen["company_id"]),
        "period": frozen["period"],
        "currency": frozen["currency"],
        "gross": totals.gross,
        "clawbacks": totals.clawbacks,
        "clawbacks_recovered": totals.clawbacks_recovered,
        "carry_over_applied": totals.carry_over_applied,
        "new_carry_over": totals.new_carry_over,
        "net": totals.net,
        "debt_forward": totals.debt_forward,
        "lines": [
            {
                name: str(value) if isinstance(value, UUID) else value
                for name, value in line.items()
                if name not in _NOT_CONTENT
            }
            for line in chosen
        ],
    }


async def _validate_entries(frozen: Row, chosen: list[Row], work: UnitOfWork) -> None:
    for line in chosen:
        if line["line_type"] in (LineType.CLAWBACK, LineType.CARRY_OVER):
            continue
        entry = await _source(select(commission_entry).where(commission_entry.c.id == line["source_id"]), work)
        if entry is None or entry["status"] != CommissionStatus.PAYABLE or entry["amount"] != line["amount"]:
            raise _stale(line)
        await change_entry(
            entry,
            work,
            status=ENTRY.after("validate", CommissionStatus.PAYABLE),
            statement_id=frozen["id"],
            validated_at=work.now,
        )


async def _apply_clawbacks(frozen: Row, chosen: list[Row], work: UnitOfWork) -> None:
    for line in chosen:
        if line["line_type"] != LineType.CLAWBACK:
            continue
        taken = await _source(select(clawback).where(clawback.c.id == line["source_id"]), work)
        if taken is None or taken["status"] != ClawbackStatus.PENDING or taken["amount"] != -line["amount"]:
            raise _stale(line)
        after = {**taken, "status": ClawbackStatus.APPLIED, "version": taken["version"] + 1}
        await work.execute(
            update(clawback)
            .where(clawback.c.organisation_id == work.organisation_id, clawback.c.id == taken["id"])
            .values(status=after["status"], statement_id=frozen["id"], version=after["version"], updated_at=work.now)
        )
        fact = ClawbackApplied.model_validate({**views.clawback_ref(after), "statement_id": frozen["id"]})
        work.emit(fact, version=after["version"])


async def _use_carry_overs(frozen: Row, chosen: list[Row], totals: Settlement, work: UnitOfWork) -> None:
    carried = [line for line in chosen if line["section"] == LineSection.CARRY_OVER]
    for line, used in zip(carried, totals.applied, strict=True):
        row = await _source(select(carry_over).where(carry_over.c.id == line["source_id"]), work)
        if row is None or row["status"] != CarryOverStatus.OPEN or row["remaining_amount"] != -line["amount"]:
            raise _stale(line)
        if used == 0:
            continue
        remaining: Decimal = row["remaining_amount"] - used
        status = CarryOverStatus.OPEN if remaining else CarryOverStatus.SETTLED
        after = {**row, "remaining_amount": remaining, "status": status, "version": row["version"] + 1}
        await work.execute(
            update(carry_over)
            .where(carry_over.c.organisation_id == work.organisation_id, carry_over.c.id == row["id"])
            .values(remaining_amount=remaining, status=status, version=after["version"], updated_at=work.now)
        )
        await work.insert(
            carry_over_movement,
            id=new_id(),
            organisation_id=work.organisation_id,
            carry_over_id=row["id"],
            statement_id=frozen["id"],
            amount=used,
            balance_after=remaining,
        )
        if status is CarryOverStatus.SETTLED:
            work.emit(CarryOverSettled.model_validate(views.carry_over_ref(after)), version=after["version"])


async def _carry_forward(frozen: Row, totals: Settlement, work: UnitOfWork) -> None:
    if totals.new_carry_over == 0:
        return
    row = {
        "id": new_id(),
        "organisation_id": work.organisation_id,
        "version": 1,
        "created_at": work.now,
        "created_by": work.caller.principal,
        "updated_at": work.now,
        "updated_by": work.caller.principal,
        "reference": await commission_reference("RPT", frozen["period"], work),
        "rep_id": frozen["rep_id"],
        "company_id": frozen["company_id"],
        "currency": frozen["currency"],
        "origin_period": frozen["period"],
        "origin_statement_id": frozen["id"],
        "initial_amount": totals.new_carry_over,
        "remaining_amount": totals.new_carry_over,
        "status": CarryOverStatus.OPEN,
    }
    await work.insert(carry_over, **row)
    work.emit(CarryOverCreated.model_validate(views.carry_over_ref(row)), version=1)


async def _source(statement: Any, work: UnitOfWork) -> Row | None:
    return await work.fetch_one(statement.with_for_update())


def _stale(line: Row) -> Refused:
    return Refused(
        TOTALS_CHANGED,
        f"line {line['position']} ({line['contract_reference'] or line['line_type']}) is not what it was when the draft was "
        "built; generate the statement again",
        details={"line_id": str(line["id"])},
    )
