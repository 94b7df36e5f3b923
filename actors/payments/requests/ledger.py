"""The sub-ledger as accountants read it, and its exports."""

import asyncio
import base64
import hashlib
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update

from actors.payments.rules.ledger import Balance, FecLine, fec_file, opening_lines
from actors.payments.rules.outcomes import NOTHING
from actors.payments.vault import opened_file, sealed_file
from actors.payments.views import money
from messages.payments import (
    EXPORT_JOB_NOT_FOUND,
    FILE_NOT_READY,
    AccountBalance,
    CreateExportJob,
    DownloadExport,
    ExportFile,
    ExportJob,
    ExportJobPage,
    ExportStatus,
    GetExportJob,
    GetTrialBalance,
    JournalEntry,
    JournalEntryPage,
    JournalLine,
    ListExportJobs,
    ListJournalEntries,
    TrialBalance,
)
from messages.problem import Refused
from messages.values.identifiers import new_id
from messages.values.instants import local_date
from runtime.pagination import page
from runtime.unit_of_work import Row, UnitOfWork, WorkItem
from runtime.work_queue import Outside
from storage.payments.tables.bank import stored_file
from storage.payments.tables.ledger import export_job, journal_entry, journal_line
from storage.payments.tables.views import company_view

_PART = 256 * 1024


class BuildExport(WorkItem):
    """Build the file of an export."""

    job_id: UUID


async def list_journal_entries(request: ListJournalEntries, work: UnitOfWork) -> JournalEntryPage:
    """A page of entries with their lines."""
    statement = select(journal_entry).where(
        journal_entry.c.organisation_id == work.organisation_id, journal_entry.c.company_id == request.company_id
    )
    if request.journal is not None:
        statement = statement.where(journal_entry.c.journal == request.journal)
    if request.from_date is not None:
        statement = statement.where(journal_entry.c.entry_date >= request.from_date)
    if request.to_date is not None:
        statement = statement.where(journal_entry.c.entry_date <= request.to_date)
    if work.caller.company_ids is not None:
        statement = statement.where(journal_entry.c.company_id.in_(work.caller.company_ids))
    found = await page(
        work,
        request,
        statement,
        order=(journal_entry.c.entry_date, journal_entry.c.id),
        reply=JournalEntryPage,
        item=lambda row: JournalEntry.model_validate({**row, "lines": ()}),
    )
    lines = await _lines_of(work, [entry.id for entry in found.items])
    items = tuple(entry.model_copy(update={"lines": lines.get(entry.id, ())}) for entry in found.items)
    return JournalEntryPage(items=items, next_cursor=found.next_cursor)


async def shown_entry(work: UnitOfWork, posting_key: str) -> JournalEntry:
    """An entry that was posted in this transaction."""
    row = await work.fetch_one(
        select(journal_entry).where(
            journal_entry.c.organisation_id == work.organisation_id, journal_entry.c.posting_key == posting_key
        )
    )
    assert row is not None  # it was posted just before
    lines = await _lines_of(work, [row["id"]])
    return JournalEntry.model_validate({**row, "lines": lines[row["id"]]})


async def _lines_of(work: UnitOfWork, ids: list[UUID]) -> dict[UUID, tuple[JournalLine, ...]]:
    rows = await work.fetch(
        select(journal_line)
        .where(journal_line.c.organisation_id == work.organisation_id, journal_line.c.entry_id.in_(ids))
        .order_by(journal_line.c.entry_id, journal_line.c.line_no)
    )
    found: dict[UUID, list[JournalLine]] = {}
    for row in rows:
        line = JournalLine(
            account=row["account"], client_id=row["client_id"], debit=money(row["debit"]), credit=money(row["credit"])
        )
        found.setdefault(row["entry_id"], []).append(line)
    return {id_: tuple(lines) for id_, lines in found.items()}


async def get_trial_balance(request: GetTrialBalance, work: UnitOfWork) -> TrialBalance:
    """Debit and credit of every account."""
    as_of = request.as_of or work.today()
    if not work.caller.sees_company(request.company_id):
        return TrialBalance(company_id=request.company_id, as_of=as_of, accounts=(), total=money(NOTHING))
    rows = await work.fetch(
        select(
            journal_line.c.account,
            func.sum(journal_line.c.debit).label("debit"),
            func.sum(journal_line.c.credit).label("credit"),
        )
        .join(journal_entry, journal_entry.c.id == journal_line.c.entry_id)
        .where(
            journal_entry.c.organisation_id == work.organisation_id,
            journal_line.c.organisation_id == work.organisation_id,
            journal_entry.c.company_id == request.company_id,
            journal_entry.c.entry_date <= as_of,
        )
        .group_by(journal_line.c.account)
        .order_by(journal_line.c.account)
    )
    accounts = tuple(
        AccountBalance(
            account=row["account"],
            debit=money(row["debit"]),
            credit=money(row["credit"]),
            balance=money(row["debit"] - row["credit"]),
        )
        for row in rows
    )
    total = sum((account.balance.amount for account in accounts), NOTHING)
    return TrialBalance(company_id=request.company_id, as_of=as_of, accounts=accounts, total=money(total))


# -- exports -------------------------------------------------------------------------------------------------------


async def create_export_job(request: CreateExportJob, work: UnitOfWork) -> ExportJob:
    """Order a file; the workers build it."""
    row: dict[str, Any] = {
        "id": new_id(),
        "organisation_id": work.organisation_id,
        "version": 1,
        "created_at": work.now,
        "created_by": work.caller.principal,
        "updated_at": work.now,
        "updated_by": work.caller.principal,
        "company_id": request.company_id,
        "type": request.type,
        "period_from": request.period_from,
        "period_to": request.period_to,
        "status": ExportStatus.PENDING,
    }
    await work.insert(export_job, **row)
    work.record("payment_export", row["id"], after={"from": str(request.period_from), "to": str(request.period_to)})
    work.order(BuildExport(job_id=row["id"]), key=str(row["id"]))
    blank = dict.fromkeys(("file_name", "sha256", "size", "record_count"))
    return ExportJob.model_validate(row | blank)


async def get_export_job(request: GetExportJob, work: UnitOfWork) -> ExportJob:
    """One export."""
    return ExportJob.model_validate(dict(await _job(work, request.job_id)))


async def list_export_jobs(request: ListExportJobs, work: UnitOfWork) -> ExportJobPage:
    """A page of exports, newest first."""
    statement = select(export_job).where(export_job.c.organisation_id == work.organisation_id)
    if work.caller.company_ids is not None:
        statement = statement.where(export_job.c.company_id.in_(work.caller.company_ids))
    return await page(
        work,
        request,
        statement,
        order=(export_job.c.created_at, export_job.c.id),
        descending=True,
        reply=ExportJobPage,
        item=lambda row: ExportJob.model_validate(dict(row)),
    )


async def build_export(item: BuildExport, outside: Outside) -> list[FecLine]:
    """Read the entries of the period in the order of the file."""
    async with outside.heart.database.transaction(outside.organisation_id, read_only=True) as connection:
        rows = await connection.fetch(
            "select e.journal, e.number, e.entry_date, e.piece_ref, e.label, e.posted_at, l.account, l.debit, l.credit,"
            " c.client_code, c.display_name, t.letter, t.lettered_on from export_job j"
            " join journal_entry e on e.organisation_id = j.organisation_id and e.company_id = j.company_id"
            " and e.entry_date between j.period_from and j.period_to"
            " join journal_line l on l.organisation_id = e.organisation_id and l.entry_id = e.id"
            " left join lettering t on t.organisation_id = l.organisation_id and t.entry_id = l.entry_id"
            " and t.line_no = l.line_no"
            " left join client_view c on c.organisation_id = l.organisation_id and c.client_id = l.client_id"
            " where j.organisation_id = $1 and j.id = $2"
            " order by (e.posted_at at time zone 'Europe/Paris')::date, e.journal, e.fiscal_year, e.number, l.line_no",
            outside.organisation_id,
            item.job_id,
        )
        opening = await _opening(connection, outside.organisation_id, item.job_id)
    return [*opening, *(_line(row) for row in rows)]


async def _opening(connection: Any, organisation_id: UUID, job_id: UUID) -> list[FecLine]:
    """What the years before leave, where the file begins with a year."""
    rows = await connection.fetch(
        "select j.period_from, l.account, c.client_code, c.display_name, sum(l.debit - l.credit) as amount"
        " from export_job j"
        " join journal_entry e on e.organisation_id = j.organisation_id and e.company_id = j.company_id"
        " and e.entry_date < j.period_from"
        " join journal_line l on l.organisation_id = e.organisation_id and l.entry_id = e.id"
        " left join client_view c on c.organisation_id = l.organisation_id and c.client_id = l.client_id"
        " where j.organisation_id = $1 and j.id = $2 and j.period_from = date_trunc('year', j.period_from)::date"
        " group by j.period_from, l.account, l.client_id, c.client_code, c.display_name"
        " order by l.account, c.client_code",
        organisation_id,
        job_id,
    )
    if not rows:
        return []
    balances = [Balance(row["account"], row["amount"], row["client_code"], row["display_name"]) for row in rows]
    return opening_lines(balances, rows[0]["period_from"])


def _line(row: Any) -> FecLine:
    return FecLine(
        journal=row["journal"],
        number=row["number"],
        entry_date=row["entry_date"],
        account=row["account"],
        client_code=row["client_code"],
        client_name=row["display_name"],
        piece_ref=row["piece_ref"],
        piece_date=row["entry_date"],
        label=row["label"],
        debit=row["debit"],
        credit=row["credit"],
        validated_on=local_date(row["posted_at"]),
        letter=row["letter"],
        lettered_on=row["lettered_on"],
    )


async def store_export(item: BuildExport, lines: list[FecLine], work: UnitOfWork) -> None:
    """Keep the file, encrypted: it names clients."""
    job = await _job(work, item.job_id)
    content = await asyncio.to_thread(fec_file, lines)
    siren = await work.fetch_value(
        select(company_view.c.siren).where(
            company_view.c.organisation_id == work.organisation_id, company_view.c.company_id == job["company_id"]
        )
    )
    sealed = await sealed_file(content, row_id=item.job_id, organisation_id=work.organisation_id, keys=work.keys)
    await work.insert(
        stored_file, id=item.job_id, organisation_id=work.organisation_id, content=sealed, created_at=work.now
    )
    await work.execute(
        update(export_job)
        .where(export_job.c.id == item.job_id)
        .values(
            status=ExportStatus.DONE,
            file_name=_file_name(siren, job["period_to"]),
            sha256=hashlib.sha256(content).hexdigest(),
            size=len(content),
            record_count=len(lines),
            version=export_job.c.version + 1,
            updated_at=work.now,
        )
    )


def _file_name(siren: str | None, last: date) -> str:
    """A part of the books is named so: the client sub-ledger alone is not the statutory file."""
    return f"{siren or ''}FEC{last:%Y%m%d}_AUXILIAIRE.txt"


async def download_export(request: DownloadExport, work: UnitOfWork) -> ExportFile:
    """A part of the file."""
    job = await _job(work, request.job_id)
    if job["status"] != ExportStatus.DONE:
        raise Refused(FILE_NOT_READY, "the export is being built; try again in a few seconds", retry_after_seconds=2)
    content = await work.fetch_value(
        select(stored_file.c.content).where(
            stored_file.c.organisation_id == work.organisation_id, stored_file.c.id == request.job_id
        )
    )
    clear = await opened_file(content, row_id=request.job_id, organisation_id=work.organisation_id, keys=work.keys)
    parts = max(1, -(-len(clear) // _PART))
    if request.part > parts:
        raise Refused.field("part", "range", f"the file has {parts} parts; ask for 1 to {parts}")
    work.record("payment_export", request.job_id, after={"downloaded_part": request.part})
    return ExportFile(
        job_id=request.job_id,
        file_name=job["file_name"],
        sha256=job["sha256"],
        part=request.part,
        parts=parts,
        content=base64.b64encode(clear[(request.part - 1) * _PART : request.part * _PART]).decode(),
    )


async def _job(work: UnitOfWork, job_id: UUID) -> Row:
    return await work.load(
        select(export_job).where(export_job.c.organisation_id == work.organisation_id, export_job.c.id == job_id),
        "export",
        code=EXPORT_JOB_NOT_FOUND,
    )
