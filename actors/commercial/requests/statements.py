"""Requests about statements: drafted, chosen, frozen, published, paid."""

from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from actors.commercial import views
from actors.commercial.engine.drafts import build_draft, lines_of, load_statement, lock_statement_of, store_totals
from actors.commercial.engine.entries import change_entry
from actors.commercial.engine.freezing import freeze
from actors.commercial.engine.statement_sources import representatives_to_draft
from actors.commercial.files import order_files
from actors.commercial.requests.own import is_restricted, visible
from actors.commercial.rules.periods import add_months
from actors.commercial.rules.states import ENTRY, STATEMENT
from messages.commercial import (
    EXPORT_NOT_READY,
    LINE_ALREADY_VALIDATED,
    REASON_REQUIRED,
    SALES_REP_NOT_FOUND,
    SELF_VALIDATION_FORBIDDEN,
    STATEMENT_NOT_DRAFT,
    STATEMENT_NOT_FOUND,
    TOTALS_CHANGED,
    CommissionPaid,
    CommissionStatus,
    DiscardDraftStatement,
    ExportStatement,
    FileStatus,
    GenerateStatement,
    GenerateStatements,
    GetStatement,
    LineSection,
    LineStatus,
    ListStatementLines,
    ListStatements,
    MarkStatementPaid,
    PreselectLines,
    PublishStatement,
    SelectionOrigin,
    SetLineSelection,
    Statement,
    StatementLinePage,
    StatementPage,
    StatementPaid,
    StatementPublished,
    Statements,
    StatementSelection,
    StatementStatus,
    ValidateStatement,
)
from messages.problem import Refused
from runtime.pagination import page
from runtime.unit_of_work import Row, UnitOfWork
from storage.commercial.queries import none_of, one_of
from storage.commercial.tables import commission_entry, sales_rep, statement, statement_file, statement_line

_DISPUTE_MONTHS = 2
_LEAST_REASON = 5
_SEEN_BY_REP = (StatementStatus.PUBLISHED, StatementStatus.PAID)


async def generate_statements(request: GenerateStatements, work: UnitOfWork) -> Statements:
    """Draft every statement of a company and period; frozen ones stay as they are."""
    drafted = []
    for rep_id, currency in await representatives_to_draft(request.company_id, request.period, work):
        if request.rep_id is not None and rep_id != request.rep_id:
            continue
        if not await _is_frozen(rep_id, request.company_id, request.period, currency, work):
            drafted.append(
                views.statement(await build_draft(rep_id, request.company_id, request.period, currency, work))
            )
    return Statements(items=tuple(drafted))


async def generate_statement(request: GenerateStatement, work: UnitOfWork) -> Statement:
    """Draft one statement, even an empty one."""
    rep = select(sales_rep.c.id).where(
        sales_rep.c.organisation_id == work.organisation_id, sales_rep.c.id == request.rep_id
    )
    await work.load(rep, "sales_rep", code=SALES_REP_NOT_FOUND, id=request.rep_id)
    return views.statement(await build_draft(request.rep_id, request.company_id, request.period, "EUR", work))


async def get_statement(request: GetStatement, work: UnitOfWork) -> Statement:
    """One statement with its files."""
    key = statement.c.id == request.statement_id if request.statement_id else statement.c.number == request.number
    wanted = select(statement).where(statement.c.organisation_id == work.organisation_id, key, *_seen(work))
    row = await work.load(wanted, "statement", code=STATEMENT_NOT_FOUND)
    return views.statement(row, await _files(row["id"], work))


async def list_statements(request: ListStatements, work: UnitOfWork) -> StatementPage:
    """A page of statements."""
    wanted = select(statement).where(statement.c.organisation_id == work.organisation_id, *_seen(work))
    for name in ("rep_id", "company_id", "period"):
        value = getattr(request, name)
        if value is not None:
            wanted = wanted.where(statement.c[name] == value)
    if request.status:
        wanted = wanted.where(one_of(statement.c.status, request.status))
    if work.caller.company_ids is not None:
        wanted = wanted.where(one_of(statement.c.company_id, work.caller.company_ids))
    order = (statement.c.created_at, statement.c.id)
    return await page(work, request, wanted, order=order, descending=True, reply=StatementPage, item=views.statement)


async def list_statement_lines(request: ListStatementLines, work: UnitOfWork) -> StatementLinePage:
    """A page of lines, by position."""
    seen = select(statement).where(
        statement.c.organisation_id == work.organisation_id, statement.c.id == request.statement_id, *_seen(work)
    )
    row = await work.load(seen, "statement", code=STATEMENT_NOT_FOUND, id=request.statement_id)
    line = statement_line.c
    wanted = select(statement_line).where(
        line.organisation_id == work.organisation_id, line.statement_id == request.statement_id
    )
    if request.section is not None:
        wanted = wanted.where(line.section == request.section)
    if request.selected is not None:
        wanted = wanted.where(line.selected.is_(request.selected))
    return await page(
        work,
        request,
        wanted,
        order=(line.position, line.id),
        reply=StatementLinePage,
        item=lambda found: views.statement_line(found, row["currency"]),
    )


async def preselect_lines(request: PreselectLines, work: UnitOfWork) -> StatementSelection:
    """Select by rule again."""
    row = await _draft(request.statement_id, work)
    line = statement_line.c
    changed = await work.execute(
        update(statement_line)
        .where(
            line.organisation_id == work.organisation_id,
            line.statement_id == row["id"],
            line.selection_origin == SelectionOrigin.MANUAL,
        )
        .values(
            selected=True,
            status=LineStatus.SELECTED,
            selection_origin=SelectionOrigin.AUTO,
            selection_reason=None,
        )
    )
    return await _selection(row, changed, work)


async def set_line_selection(request: SetLineSelection, work: UnitOfWork) -> StatementSelection:
    """Take lines in or out of one draft; against the rule only with a reason."""
    line = statement_line.c
    wanted = select(statement_line).where(
        line.organisation_id == work.organisation_id, one_of(line.id, request.line_ids)
    )
    lines = await work.fetch(wanted)
    statements = {found["statement_id"] for found in lines}
    if len(lines) != len(set(request.line_ids)) or len(statements) != 1:
        raise Refused(STATEMENT_NOT_FOUND, "line_ids names unknown lines, or lines of several statements; check them")
    if any(found["status"] == LineStatus.VALIDATED for found in lines):
        raise Refused(LINE_ALREADY_VALIDATED, "a line is part of a validated statement; it no longer changes")
    row = await _draft(next(iter(statements)), work)
    _check_choice(request, lines, work)
    changed = await work.execute(
        update(statement_line)
        .where(
            line.organisation_id == work.organisation_id,
            one_of(line.id, request.line_ids),
            line.selected.is_not(request.selected),
        )
        .values(
            selected=request.selected,
            status=LineStatus.SELECTED if request.selected else LineStatus.DESELECTED,
            selection_origin=SelectionOrigin.MANUAL,
            selection_reason=request.reason,
        )
    )
    return await _selection(row, changed, work)


async def validate_statement(request: ValidateStatement, work: UnitOfWork) -> Statement:
    """Number and freeze a draft; nobody validates his own, and the totals must be the ones that were seen."""
    seen = await load_statement(request.statement_id, work, lock=False)
    await lock_statement_of(seen["rep_id"], seen["company_id"], seen["period"], work)
    row = await _draft(request.statement_id, work)
    work.check_version(request.expected_version, row["version"])
    if request.expected_net is not None and request.expected_net.amount != row["net"]:
        raise Refused(
            TOTALS_CHANGED,
            f"the net is {row['net']} now, not {request.expected_net.amount}; read the statement again",
            details={"net": f"{row['net']:f}"},
        )
    rep = await work.fetch_one(
        select(sales_rep.c.user_id).where(
            sales_rep.c.organisation_id == work.organisation_id, sales_rep.c.id == row["rep_id"]
        )
    )
    if rep is not None and rep["user_id"] is not None and rep["user_id"] == work.caller.user_id:
        raise Refused(SELF_VALIDATION_FORBIDDEN, "this is your own statement; let somebody else validate it")
    frozen = await freeze(row, await lines_of(row["id"], work), work)
    await order_files(frozen, work)
    return views.statement(frozen, await _files(frozen["id"], work))


async def publish_statement(request: PublishStatement, work: UnitOfWork) -> Statement:
    """Show a statement whose files are stored to its representative."""
    row = await load_statement(request.statement_id, work)
    status = STATEMENT.after("publish", StatementStatus(row["status"]))
    files = await _files(row["id"], work)
    if not files or any(found["status"] != FileStatus.READY for found in files):
        raise Refused(EXPORT_NOT_READY, "the files are still being stored; publish again in a moment")
    after = await _store(
        row, work, status=status, published_at=work.now, dispute_deadline=add_months(work.today(), _DISPUTE_MONTHS)
    )
    fact = {**views.statement_ref(after), "files": [dict(found) for found in files]}
    work.emit(StatementPublished.model_validate(fact), version=after["version"])
    return views.statement(after, files)


async def mark_statement_paid(request: MarkStatementPaid, work: UnitOfWork) -> Statement:
    """Close a published statement and state each of its commissions as paid."""
    row = await load_statement(request.statement_id, work)
    status = STATEMENT.after("pay", StatementStatus(row["status"]))
    after = await _store(row, work, status=status, paid_on=request.paid_on, payment_reference=request.bank_reference)
    fact = {**views.statement_ref(after), "paid_on": request.paid_on, "bank_reference": request.bank_reference}
    work.emit(StatementPaid.model_validate(fact), version=after["version"])
    entry = commission_entry.c
    paid = select(commission_entry).where(
        entry.organisation_id == work.organisation_id, entry.statement_id == row["id"]
    )
    for found in await work.fetch(paid.order_by(entry.id).with_for_update()):
        entry_status = ENTRY.after("pay", CommissionStatus(found["status"]))
        changed = await change_entry(found, work, status=entry_status, paid_on=request.paid_on)
        paid_fact = CommissionPaid.model_validate({**views.commission_ref(changed), "statement_id": row["id"]})
        work.emit(paid_fact, version=changed["version"])
    return views.statement(after, await _files(row["id"], work))


async def discard_draft_statement(request: DiscardDraftStatement, work: UnitOfWork) -> Statement:
    """Throw a draft away."""
    row = await load_statement(request.statement_id, work)
    after = await _store(row, work, status=STATEMENT.after("discard", StatementStatus(row["status"])))
    work.record("statement", row["id"], after={"status": after["status"], "version": after["version"]})
    return views.statement(after)


async def export_statement(request: ExportStatement, work: UnitOfWork) -> Statement:
    """The files of a frozen statement; failed ones are ordered again."""
    row = await load_statement(request.statement_id, work)
    if row["status"] in (StatementStatus.DRAFT, StatementStatus.DISCARDED):
        raise Refused(EXPORT_NOT_READY, "a draft has no files; validate the statement first")
    if any(found["status"] == FileStatus.FAILED for found in await _files(row["id"], work)):
        await order_files(row, work, again=True)
    work.record("statement", row["id"], after={"exported": True})
    return views.statement(row, await _files(row["id"], work))


def _check_choice(request: SetLineSelection, lines: list[Row], work: UnitOfWork) -> None:
    if request.selected and not all(found["selectable"] for found in lines):
        raise Refused.field(
            "line_ids", "not_payable", "a line is not payable yet; it can be selected once its commission is payable"
        )
    if not request.selected and any(found["section"] != LineSection.LINEAR for found in lines):
        work.caller.require("commercial:clawback:defer")
    deviates = not request.selected
    if deviates and len(request.reason or "") < _LEAST_REASON:
        raise Refused(
            REASON_REQUIRED, f"say in reason, with {_LEAST_REASON} letters or more, why a payable line is left out"
        )


async def _selection(row: Row, changed: int, work: UnitOfWork) -> StatementSelection:
    after = await store_totals(row, await lines_of(row["id"], work), work)
    work.record("statement", row["id"], after={"net": f"{after['net']:f}", "version": after["version"]})
    return StatementSelection(statement=views.statement(after), changed=changed)


async def _draft(statement_id: UUID, work: UnitOfWork) -> Row:
    row = await load_statement(statement_id, work)
    if row["status"] != StatementStatus.DRAFT:
        raise Refused(STATEMENT_NOT_DRAFT, f"the statement is {row['status']}; only a draft can change")
    return row


async def _is_frozen(rep_id: UUID, company_id: UUID, period: str, currency: str, work: UnitOfWork) -> bool:
    wanted = select(statement.c.id).where(
        statement.c.organisation_id == work.organisation_id,
        statement.c.rep_id == rep_id,
        statement.c.company_id == company_id,
        statement.c.period == period,
        statement.c.currency == currency,
        none_of(statement.c.status, (StatementStatus.DRAFT, StatementStatus.DISCARDED)),
    )
    return await work.fetch_one(wanted) is not None


def _seen(work: UnitOfWork) -> tuple[Any, ...]:
    if not is_restricted(work):
        return ()
    return visible(statement.c.rep_id, work), one_of(statement.c.status, _SEEN_BY_REP)


async def _files(statement_id: UUID, work: UnitOfWork) -> list[Row]:
    file = statement_file.c
    wanted = select(statement_file).where(
        file.organisation_id == work.organisation_id, file.statement_id == statement_id
    )
    return await work.fetch(wanted.order_by(file.format))


async def _store(row: Row, work: UnitOfWork, **changes: Any) -> Row:
    version = row["version"] + 1
    await work.execute(
        update(statement)
        .where(statement.c.organisation_id == work.organisation_id, statement.c.id == row["id"])
        .values(**changes, version=version, updated_at=work.now, updated_by=work.caller.principal)
    )
    return {**row, **changes, "version": version}
