"""What accountants do with the sub-ledger: entries, reversals, letters, closed periods."""

from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

from sqlalchemy import and_, delete, select
from sqlalchemy.dialects.postgresql import insert

from actors.payments import ledger, lettering
from actors.payments.closing import closed_until
from actors.payments.requests.ledger import shown_entry
from actors.payments.rules.ledger import Entry, Journal, UnbalancedEntry, mirror_of
from actors.payments.rules.ledger import Line as LedgerSide
from actors.payments.views import money
from messages.payments import (
    ALREADY_REVERSED,
    LEDGER_ENTRY_NOT_FOUND,
    PERIOD_CLOSED,
    UNBALANCED_ENTRY,
    AccountingPeriod,
    CloseAccountingPeriod,
    GetAccountingPeriod,
    JournalEntry,
    LedgerLine,
    LedgerLinePage,
    Lettering,
    LetterLines,
    ListAccountLines,
    PostManualEntry,
    ReopenAccountingPeriod,
    ReverseEntry,
    UnletterLines,
)
from messages.problem import Refused
from messages.values.identifiers import new_id
from runtime.pagination import page
from runtime.unit_of_work import Row, UnitOfWork
from storage.payments.tables import ledger as tables
from storage.payments.tables.ledger import accounting_period, journal_entry, journal_line

_REVERSAL = "X1"


async def post_manual_entry(request: PostManualEntry, work: UnitOfWork) -> JournalEntry:
    """Post an entry of an accountant in OD."""
    _see(request.company_id, work)
    await _refuse_closed(request.company_id, request.entry_date, work)
    lines = tuple(LedgerSide(line.account, line.debit, line.credit, line.client_id) for line in request.lines)
    try:
        entry = Entry("M1", f"M1|{new_id()}", Journal.OD, request.entry_date, request.piece_ref, request.label, lines)
    except UnbalancedEntry as error:
        raise Refused(UNBALANCED_ENTRY, "debits and credits differ; make them equal") from error
    return await _posted(request.company_id, entry, work)


async def reverse_entry(request: ReverseEntry, work: UnitOfWork) -> JournalEntry:
    """Post the mirror of an entry, once."""
    row = await work.load(
        select(journal_entry).where(
            journal_entry.c.organisation_id == work.organisation_id, journal_entry.c.id == request.entry_id
        ),
        "journal entry",
        code=LEDGER_ENTRY_NOT_FOUND,
    )
    _see(row["company_id"], work)
    if row["rule"] == _REVERSAL:
        raise Refused(ALREADY_REVERSED, "this entry is a reversal itself; post a manual entry instead")
    key = f"{_REVERSAL}|{row['id']}"
    known = await work.fetch_value(
        select(journal_entry.c.id).where(
            journal_entry.c.organisation_id == work.organisation_id, journal_entry.c.posting_key == key
        )
    )
    if known is not None:
        raise Refused(ALREADY_REVERSED, f"entry {known} reverses it already")
    day = request.entry_date or work.today()
    await _refuse_closed(row["company_id"], day, work)
    lines = await work.fetch(
        select(journal_line)
        .where(journal_line.c.organisation_id == work.organisation_id, journal_line.c.entry_id == row["id"])
        .order_by(journal_line.c.line_no)
    )
    sides = tuple(LedgerSide(line["account"], line["debit"], line["credit"], line["client_id"]) for line in lines)
    label = f"Annulation {row['journal']} {row['number']:06} : {request.reason}"[:100]
    entry = Entry(_REVERSAL, key, Journal(row["journal"]), day, row["piece_ref"], label, mirror_of(sides))
    return await _posted(row["company_id"], entry, work)


async def _posted(company_id: UUID, entry: Entry, work: UnitOfWork) -> JournalEntry:
    await ledger.post(work, [(company_id, entry)])
    found = await shown_entry(work, entry.key)
    work.record("ledger", found.id, after={"rule": entry.rule, "piece_ref": entry.piece_ref})
    return found


async def _refuse_closed(company_id: UUID, day: date, work: UnitOfWork) -> None:
    closed = (await closed_until(work, {company_id}, lock=True)).get(company_id)
    if closed is not None and day <= closed:
        raise Refused(PERIOD_CLOSED, f"the books are closed until {closed}; give a later day, or reopen the period")


def _see(company_id: UUID, work: UnitOfWork) -> None:
    if not work.caller.sees_company(company_id):
        raise Refused(LEDGER_ENTRY_NOT_FOUND, "the company keeps no books that you may see; check company_id")


# -- letters -------------------------------------------------------------------------------------------------------

_WITH_LETTER = and_(
    tables.lettering.c.organisation_id == journal_line.c.organisation_id,
    tables.lettering.c.entry_id == journal_line.c.entry_id,
    tables.lettering.c.line_no == journal_line.c.line_no,
)


async def list_account_lines(request: ListAccountLines, work: UnitOfWork) -> LedgerLinePage:
    """A page of an account's lines by date."""
    if not work.caller.sees_company(request.company_id):
        return LedgerLinePage(items=(), next_cursor=None)
    statement = (
        select(
            journal_line, journal_entry.c.journal, journal_entry.c.number, journal_entry.c.entry_date,
            journal_entry.c.piece_ref, journal_entry.c.label, tables.lettering.c.letter, tables.lettering.c.lettered_on,
        )
        .join(journal_entry, journal_entry.c.id == journal_line.c.entry_id)
        .outerjoin(tables.lettering, _WITH_LETTER)
        .where(
            journal_line.c.organisation_id == work.organisation_id,
            journal_entry.c.organisation_id == work.organisation_id,
            journal_entry.c.company_id == request.company_id,
            journal_line.c.account == request.account,
        )
    )  # fmt: skip
    if request.client_id is not None:
        statement = statement.where(journal_line.c.client_id == request.client_id)
    if request.open_only:
        # the joined column: by it the planner sees that rows without a partner are wanted, and estimates them
        statement = statement.where(tables.lettering.c.entry_id.is_(None))
    return await page(
        work,
        request,
        statement,
        order=(journal_entry.c.entry_date, journal_line.c.entry_id, journal_line.c.line_no),
        reply=LedgerLinePage,
        item=_line,
    )


def _line(row: Row) -> LedgerLine:
    return LedgerLine.model_validate({**row, "debit": money(row["debit"]), "credit": money(row["credit"])})


async def letter_lines(request: LetterLines, work: UnitOfWork) -> Lettering:
    """Letter lines of one sub-account."""
    _see(request.company_id, work)
    wanted = {(line.entry_id, line.line_no) for line in request.lines}
    rows = await work.fetch(
        select(journal_line, journal_entry.c.company_id, tables.lettering.c.letter)
        .join(journal_entry, journal_entry.c.id == journal_line.c.entry_id)
        .outerjoin(tables.lettering, _WITH_LETTER)
        .where(
            journal_line.c.organisation_id == work.organisation_id,
            journal_line.c.entry_id.in_(sorted({entry_id for entry_id, _ in wanted})),
            journal_line.c.account == request.account,
            journal_line.c.client_id == request.client_id,
            journal_entry.c.company_id == request.company_id,
        )
        .order_by(journal_line.c.entry_id, journal_line.c.line_no)
    )
    lines = [row for row in rows if (row["entry_id"], row["line_no"]) in wanted]
    if len(lines) != len(wanted):
        raise Refused.field("lines", "unknown", "a line is not of that company, account and client")
    if any(line["letter"] is not None for line in lines):
        raise Refused.field("lines", "lettered", "a line has a letter already; take it off first")
    if sum((line["debit"] - line["credit"] for line in lines), Decimal("0.00")) != 0:
        raise Refused(UNBALANCED_ENTRY, "debits and credits of these lines differ; letter lines that settle each other")
    code = await lettering.letter(work, lines)
    return Lettering(letter=code, lettered_on=work.today(), lines=len(lines))


async def unletter_lines(request: UnletterLines, work: UnitOfWork) -> Lettering:
    """Take a letter off."""
    _see(request.company_id, work)
    rows = await work.fetch(
        delete(tables.lettering)
        .where(
            tables.lettering.c.organisation_id == work.organisation_id,
            tables.lettering.c.company_id == request.company_id,
            tables.lettering.c.account == request.account,
            tables.lettering.c.client_id == request.client_id,
            tables.lettering.c.letter == request.letter,
        )
        .returning(tables.lettering.c.lettered_on)
    )
    if not rows:
        raise Refused(LEDGER_ENTRY_NOT_FOUND, f"no line of that client has the letter {request.letter}")
    return Lettering(letter=request.letter, lettered_on=rows[0]["lettered_on"], lines=len(rows))


# -- periods -------------------------------------------------------------------------------------------------------


async def close_accounting_period(request: CloseAccountingPeriod, work: UnitOfWork) -> AccountingPeriod:
    """Close up to the end of a month that is over."""
    _see(request.company_id, work)
    if (request.until + timedelta(days=1)).day != 1 or request.until >= work.today():
        raise Refused.field("until", "month_end", "until must be the last day of a month that is over")
    before = (await closed_until(work, {request.company_id})).get(request.company_id)
    if before is not None and request.until <= before:
        raise Refused(PERIOD_CLOSED, f"the books are closed until {before} already")
    return await _set(request.company_id, before, request.until, work)


async def reopen_accounting_period(request: ReopenAccountingPeriod, work: UnitOfWork) -> AccountingPeriod:
    """Open again from a month on."""
    _see(request.company_id, work)
    before = (await closed_until(work, {request.company_id})).get(request.company_id)
    if before is None or request.since > before or request.since.day != 1:
        raise Refused.field("since", "closed_month", "since must be the first day of a closed month")
    work.record("ledger", request.company_id, after={"reopened": request.reason})
    return await _set(request.company_id, before, request.since - timedelta(days=1), work)


async def _set(company_id: UUID, before: date | None, until: date, work: UnitOfWork) -> AccountingPeriod:
    changed = {"closed_until": until, "changed_at": work.now, "changed_by": work.caller.principal}
    statement = insert(accounting_period).values(organisation_id=work.organisation_id, company_id=company_id, **changed)
    await work.execute(statement.on_conflict_do_update(index_elements=["organisation_id", "company_id"], set_=changed))
    work.record("ledger", company_id, before={"closed_until": str(before)}, after={"closed_until": until.isoformat()})
    return AccountingPeriod(company_id=company_id, closed_until=until, changed_at=work.now)


async def get_accounting_period(request: GetAccountingPeriod, work: UnitOfWork) -> AccountingPeriod:
    """Up to when the books are closed."""
    _see(request.company_id, work)
    row = await work.fetch_one(
        select(accounting_period).where(
            accounting_period.c.organisation_id == work.organisation_id,
            accounting_period.c.company_id == request.company_id,
        )
    )
    return AccountingPeriod(
        company_id=request.company_id,
        closed_until=row["closed_until"] if row else None,
        changed_at=row["changed_at"] if row else None,
    )
