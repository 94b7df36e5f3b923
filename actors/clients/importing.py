"""Imports in the background: a piece of the file is read, its rows are decided about, and the next piece is ordered.

The job row remembers how far the pass has come, and moves in the transaction that stores the rows: a worker that dies leaves a
piece that is read again, and a piece read twice changes nothing. Memory holds one piece, however long the file is.
"""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final
from uuid import UUID

from sqlalchemy import delete, select, update

from actors.clients.import_accounts import order_accounts
from actors.clients.import_batches import Decided, decide
from actors.clients.import_reading import Piece, ReadImport
from actors.clients.rules.imports import IMPORT
from messages.clients import (
    IMPORT_JOB_NOT_FOUND,
    MOST_ROWS,
    ClientImportCompleted,
    ImportCounters,
    ImportField,
    ImportOptions,
    ImportStatus,
    RowOutcome,
)
from messages.problem import Refused
from runtime.unit_of_work import Row, UnitOfWork
from storage.clients.tables import import_job, import_row

# -- the job's row -----------------------------------------------------------------------------------------------


async def locked_job(job_id: UUID, work: UnitOfWork) -> Row:
    """The job, locked."""
    job = import_job.c
    wanted = select(import_job).where(job.organisation_id == work.organisation_id, job.id == job_id)
    return await work.load(wanted.with_for_update(), "import_job", code=IMPORT_JOB_NOT_FOUND, id=job_id)


async def change_job(row: Row, work: UnitOfWork, **changes: Any) -> dict[str, Any]:
    """Store changes of a job; its row as it is afterwards."""
    after = {**row, **changes, "version": row["version"] + 1}
    await work.execute(
        update(import_job)
        .where(import_job.c.organisation_id == work.organisation_id, import_job.c.id == row["id"])
        .values(**changes, version=after["version"], updated_at=work.now, updated_by=work.caller.principal)
    )
    return after


async def start_pass(row: Row, trigger: str, work: UnitOfWork, **changes: Any) -> dict[str, Any]:
    """Begin a dry run or the reading in for good, from the first record on."""
    await work.execute(
        delete(import_row).where(import_row.c.organisation_id == work.organisation_id, import_row.c.job_id == row["id"])
    )
    after = await change_job(
        row,
        work,
        status=IMPORT.after(trigger, ImportStatus(row["status"])),
        run=row["run"] + 1,
        next_offset=row["header"]["offset"],
        next_line=row["header"]["line"],
        counters=ImportCounters().model_dump(),
        failure=None,
        heartbeat_at=work.now,
        **changes,
    )
    _order(after, work)
    return after


def _order(row: dict[str, Any], work: UnitOfWork) -> None:
    item = ReadImport(
        job_id=row["id"],
        document_id=row["file_document_id"],
        run=row["run"],
        offset=row["next_offset"],
        line=row["next_line"],
        encoding=row["encoding"],
        delimiter=row["delimiter"],
        columns=tuple(ImportField(row["mapping"].get(name, ImportField.IGNORED)) for name in row["header"]["cells"]),
        country=row["options"]["country"],
    )
    work.order(item, key=f"{row['id']}:{row['run']}:{row['next_offset']}")


# -- storing -----------------------------------------------------------------------------------------------------


async def store_piece(item: ReadImport, piece: Piece, work: UnitOfWork) -> None:
    """Store what became of the rows, and go on; a piece of a cancelled or restarted pass changes nothing."""
    job = await locked_job(item.job_id, work)
    if job["run"] != item.run or job["next_offset"] != item.offset or job["status"] not in _READING:
        return
    dry_run = job["status"] == ImportStatus.VALIDATING
    decided = await decide(piece.rows, ImportOptions.model_validate(job["options"]), work, dry_run=dry_run)
    await _store_rows(item.job_id, decided, work, dry_run=dry_run)
    if not dry_run and any(found.has_account for found in decided):
        order_accounts(item, piece.next_line, work)
    counters = _counted(job["counters"], decided, dry_run=dry_run)
    if counters["total"] > MOST_ROWS:
        await _fail(job, f"the file has more than {MOST_ROWS} rows; split it", work)
        return
    progress = {"counters": counters, "next_offset": piece.next_offset, "next_line": piece.next_line}
    progress["heartbeat_at"] = work.now
    if not piece.is_last:
        _order(await change_job(job, work, **progress), work)
        return
    trigger = "validated" if dry_run else "complete"
    status = IMPORT.after(trigger, ImportStatus(job["status"]))
    after = await change_job(job, work, status=status, **progress, committed_at=None if dry_run else work.now)
    if not dry_run:
        _tell(after, work)


async def give_up(item: ReadImport, error: Exception, work: UnitOfWork) -> None:
    """The file cannot be read: the job says why."""
    job = await locked_job(item.job_id, work)
    if job["run"] == item.run and job["status"] in _READING:
        reason = error.detail if isinstance(error, Refused) and error.detail else "the file could not be read"
        await _fail(job, reason, work)


_READING: Final = (ImportStatus.VALIDATING, ImportStatus.COMMITTING)


async def _fail(job: Row, reason: str, work: UnitOfWork) -> None:
    await change_job(job, work, status=IMPORT.after("fail", ImportStatus(job["status"])), failure=reason)


async def _store_rows(job_id: UUID, decided: Sequence[Decided], work: UnitOfWork, *, dry_run: bool) -> None:
    await work.insert_rows(
        import_row,
        [
            {
                "organisation_id": work.organisation_id,
                "job_id": job_id,
                "line_number": found.read.line,
                "raw": found.read.raw,
                "outcome": RowOutcome.PENDING_BANK if waits else found.outcome,
                "settled_outcome": found.outcome if waits else None,
                "errors": [asdict(error) for error in found.read.errors],
                "client_id": found.client_id,
            }
            for found in decided
            for waits in (not dry_run and found.has_account,)
        ],
    )


def _counted(before: dict[str, int], decided: Sequence[Decided], *, dry_run: bool) -> dict[str, int]:
    counters = dict(before)
    for found in decided:
        counters["total"] += 1
        counters[found.outcome.value.lower()] += 1
        counters["pending_bank"] += int(not dry_run and found.has_account)
    return counters


def _tell(job: dict[str, Any], work: UnitOfWork) -> None:
    counters = job["counters"]
    work.emit(
        ClientImportCompleted(
            job_id=job["id"],
            created=counters["created"],
            updated=counters["updated"],
            skipped=counters["skipped"] + counters["review"],
            failed=counters["invalid"],
            requested_by=job["requested_by"],
        ),
        version=job["version"],
    )
