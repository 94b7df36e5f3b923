"""Drafts of statements: their lines are built from what is payable, and their totals follow every choice (6.8, 6.9)."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, literal_column, select, update

from actors.commercial import views
from actors.commercial.engine.statement_sources import sources_of
from actors.commercial.rules.settlement import Settlement, settle
from messages.commercial import (
    STATEMENT_FROZEN,
    STATEMENT_NOT_FOUND,
    LineSection,
    LineStatus,
    SelectionOrigin,
    StatementGenerated,
    StatementStatus,
)
from messages.problem import Refused
from messages.values.identifiers import new_id
from runtime.unit_of_work import Row, UnitOfWork
from storage.commercial.tables import (
    statement,
    statement_line,
)

_NOTHING = Decimal("0.00")


async def lock_statement_of(rep_id: UUID, company_id: UUID, period: str, work: UnitOfWork) -> None:
    """One at a time drafts or freezes the statement of a representative, company and period."""
    key = f"statement:{work.organisation_id}:{rep_id}:{company_id}:{period}"
    await work.fetch_value(select(func.pg_advisory_xact_lock(func.hashtextextended(key, literal_column("0")))))


async def load_statement(statement_id: UUID, work: UnitOfWork, *, lock: bool = True) -> Row:
    """One statement."""
    wanted = select(statement).where(
        statement.c.organisation_id == work.organisation_id, statement.c.id == statement_id
    )
    return await work.load(
        wanted.with_for_update() if lock else wanted, "statement", code=STATEMENT_NOT_FOUND, id=statement_id
    )


async def build_draft(rep_id: UUID, company_id: UUID, period: str, currency: str, work: UnitOfWork) -> Row:
    """Draft or redraft a statement; nothing but the draft changes, and what people chose is kept."""
    await lock_statement_of(rep_id, company_id, period, work)
    same = (
        statement.c.organisation_id == work.organisation_id,
        statement.c.rep_id == rep_id,
        statement.c.company_id == company_id,
        statement.c.period == period,
        statement.c.currency == currency,
    )
    known = await work.fetch_one(
        select(statement).where(*same, statement.c.status != StatementStatus.DISCARDED).with_for_update()
    )
    if known is None:
        revision = await work.fetch_value(select(func.count()).select_from(statement).where(*same))
        known = await _insert_draft(rep_id, company_id, period, currency, int(revision) + 1, work)
    elif known["status"] != StatementStatus.DRAFT:
        raise Refused(
            STATEMENT_FROZEN,
            f"statement {known['number']} of {period} is {known['status']}; later commissions go into the next period",
        )
    choices = {row["source_id"]: row for row in await lines_of(known["id"], work)}
    await work.execute(
        delete(statement_line).where(
            statement_line.c.organisation_id == work.organisation_id, statement_line.c.statement_id == known["id"]
        )
    )
    lines = await sources_of(known, work)
    for position, line in enumerate(lines, start=1):
        line["position"] = position
        _keep_choice(line, choices.get(line["source_id"]))
    await work.insert_rows(statement_line, lines)
    row = await store_totals(known, lines, work)
    work.emit(StatementGenerated.model_validate(views.statement_ref(row)), version=row["version"])
    return row


def _keep_choice(line: dict[str, Any], before: Row | None) -> None:
    if before is not None and before["selection_origin"] == SelectionOrigin.MANUAL and line["selectable"]:
        line["selected"] = before["selected"]
        line["selection_origin"] = SelectionOrigin.MANUAL
        line["selection_reason"] = before["selection_reason"]
        line["status"] = LineStatus.SELECTED if line["selected"] else LineStatus.DESELECTED


async def _insert_draft(
    rep_id: UUID, company_id: UUID, period: str, currency: str, revision: int, work: UnitOfWork
) -> Row:
    row = {
        "id": new_id(),
        "organisation_id": work.organisation_id,
        "version": 0,
        "created_at": work.now,
        "created_by": work.caller.principal,
        "updated_at": work.now,
        "updated_by": work.caller.principal,
        "rep_id": rep_id,
        "company_id": company_id,
        "period": period,
        "currency": currency,
        "revision": revision,
        "status": StatementStatus.DRAFT,
        **_totals(settle(_NOTHING, _NOTHING, [])),
        "line_count": 0,
        "selected_count": 0,
    }
    await work.insert(statement, **row)
    return await load_statement(row["id"], work)


async def lines_of(statement_id: UUID, work: UnitOfWork) -> list[Row]:
    """The lines of a statement by position."""
    line = statement_line.c
    return await work.fetch(
        select(statement_line)
        .where(line.organisation_id == work.organisation_id, line.statement_id == statement_id)
        .order_by(line.position)
    )


def settlement_of(lines: Sequence[Row | dict[str, Any]]) -> Settlement:
    """The totals of the selected lines: clawback and carry-over lines hold negative amounts."""
    chosen = [line for line in lines if line["selected"]]

    def of(section: LineSection) -> list[Decimal]:
        return [line["amount"] for line in chosen if line["section"] == section]

    return settle(
        sum(of(LineSection.LINEAR), _NOTHING),
        -sum(of(LineSection.CLAWBACK), _NOTHING),
        [-amount for amount in of(LineSection.CARRY_OVER)],
    )


async def store_totals(row: Row, lines: Sequence[Row | dict[str, Any]], work: UnitOfWork, **more: Any) -> Row:
    """Store the live totals; the statement's version rises by one."""
    changes = {
        **_totals(settlement_of(lines)),
        "line_count": len(lines),
        "selected_count": sum(1 for line in lines if line["selected"]),
        "version": row["version"] + 1,
        "updated_at": work.now,
        "updated_by": work.caller.principal,
        **more,
    }
    await work.execute(
        update(statement)
        .where(statement.c.organisation_id == work.organisation_id, statement.c.id == row["id"])
        .values(**changes)
    )
    return {**row, **changes}


def _totals(found: Settlement) -> dict[str, Any]:
    names = ("gross", "clawbacks", "clawbacks_recovered", "carry_over_applied", "new_carry_over", "net", "debt_forward")
    return {name: getattr(found, name) for name in names}
