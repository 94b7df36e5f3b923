"""The files of a frozen statement: written here, stored by documents, announced when all are there (6.16)."""

import base64
import hashlib
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from actors.commercial import views
from actors.commercial.rules.statement_content import csv_of, file_name
from messages.commercial import FileFormat, FileStatus, StatementFilesReady
from messages.documents import (
    Confidentiality,
    DocumentLinkDraft,
    DocumentOrigin,
    DocumentType,
    StoreDocument,
    SubjectType,
)
from messages.shared import Ref
from runtime.unit_of_work import Row, UnitOfWork, WorkItem
from runtime.work_queue import Outside
from storage.commercial.tables import company_ref, statement, statement_file, statement_line
from storage.shared.statements import render

_TOTALS = ("gross", "clawbacks_recovered", "carry_over_applied", "new_carry_over", "net")


class StoreStatementFile(WorkItem):
    """Write and store one file of a frozen statement."""

    statement_id: UUID
    format: FileFormat


async def order_files(row: Row, work: UnitOfWork, *, again: bool = False) -> None:
    """Order the CSV file; the answer arrives as statement.files_ready. `again` orders what failed."""
    company = await work.fetch_value(
        select(company_ref.c.code).where(
            company_ref.c.organisation_id == work.organisation_id, company_ref.c.company_id == row["company_id"]
        )
    )
    name = file_name(company or "COMPANY", row["period"], row["number"], "csv")
    pending = insert(statement_file).values(
        organisation_id=work.organisation_id,
        statement_id=row["id"],
        format=FileFormat.CSV,
        file_name=name,
        status=FileStatus.PENDING,
    )
    keys = ["organisation_id", "statement_id", "format"]
    await work.execute(
        pending.on_conflict_do_update(
            index_elements=keys,
            set_={"status": FileStatus.PENDING},
            where=statement_file.c.status == FileStatus.FAILED,
        )
    )
    suffix = f":{work.now.isoformat()}" if again else ""
    work.order(StoreStatementFile(statement_id=row["id"], format=FileFormat.CSV), key=f"{row['id']}:CSV{suffix}")


async def store_file(item: StoreStatementFile, outside: Outside) -> dict[str, str]:
    """Write the file from the frozen lines and have documents keep it."""
    row, lines, name = await _frozen(item, outside)
    content = csv_of(lines, {total: row[total] for total in _TOTALS})
    stored = await outside.ask(
        StoreDocument(
            type=DocumentType.REPORT_EXPORT,
            filename=name,
            content_base64=base64.b64encode(content).decode(),
            declared_mime="text/csv",
            title=f"Bordereau {row['number']}",
            reference=Ref(type="statement", id=item.statement_id),
            origin=DocumentOrigin.SYSTEM,
            links=(DocumentLinkDraft(subject_type=SubjectType.COMMISSION_STATEMENT, subject_id=item.statement_id),),
            company_id=row["company_id"],
            source_key=f"statement:{item.statement_id}:{item.format}",
            final=True,
            confidentiality=Confidentiality.RESTRICTED,
        )
    )
    return {"document_id": str(stored.document.id), "sha256": hashlib.sha256(content).hexdigest()}


async def keep_file(item: StoreStatementFile, result: dict[str, str], work: UnitOfWork) -> None:
    """Note the stored file; the last one announces that all are ready."""
    file = statement_file.c
    this = (file.organisation_id == work.organisation_id, file.statement_id == item.statement_id)
    await work.execute(
        update(statement_file)
        .where(*this, file.format == item.format)
        .values(status=FileStatus.READY, document_id=UUID(result["document_id"]), sha256=result["sha256"])
    )
    files = await work.fetch(select(statement_file).where(*this).order_by(file.format))
    if any(found["status"] != FileStatus.READY for found in files):
        return
    wanted = select(statement).where(
        statement.c.organisation_id == work.organisation_id, statement.c.id == item.statement_id
    )
    row = await work.load(wanted.with_for_update(), "statement", id=item.statement_id)
    version = row["version"] + 1
    await work.execute(
        update(statement)
        .where(statement.c.organisation_id == work.organisation_id, statement.c.id == row["id"])
        .values(version=version, updated_at=work.now)
    )
    fact = {**views.statement_ref(row), "files": [dict(found) for found in files]}
    work.emit(StatementFilesReady.model_validate(fact), version=version)


async def give_file_up(item: StoreStatementFile, error: Exception, work: UnitOfWork) -> None:
    """The file could not be stored; ExportStatement orders it again."""
    file = statement_file.c
    await work.execute(
        update(statement_file)
        .where(
            file.organisation_id == work.organisation_id,
            file.statement_id == item.statement_id,
            file.format == item.format,
        )
        .values(status=FileStatus.FAILED)
    )
    work.record("statement", item.statement_id, after={"file": item.format, "failed": repr(error)[:200]})


async def _frozen(item: StoreStatementFile, outside: Outside) -> tuple[Any, list[Any], str]:
    organisation_id = outside.organisation_id
    line, file = statement_line.c, statement_file.c
    head = select(statement).where(statement.c.organisation_id == organisation_id, statement.c.id == item.statement_id)
    chosen = select(statement_line).where(
        line.organisation_id == organisation_id, line.statement_id == item.statement_id, line.selected.is_(True)
    )
    name = select(file.file_name).where(
        file.organisation_id == organisation_id,
        file.statement_id == item.statement_id,
        file.format == item.format,
    )
    async with outside.heart.database.transaction(organisation_id, read_only=True) as connection:
        sql, values = render(head)
        row = await connection.fetchrow(sql, *values)
        sql, values = render(chosen.order_by(line.position))
        lines = await connection.fetch(sql, *values)
        sql, values = render(name)
        found = await connection.fetchval(sql, *values)
    return row, list(lines), found
