"""Slow work of factures: issuing what waits, and bringing files to the archive."""

import asyncio
import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update

from actors.factures import announcing, issuing, lifecycle, transmitting
from actors.factures.issuing import Preparation, ReadingConnection
from actors.factures.ordering import ArchiveDocuments, IssueDrafts, order_archive
from messages.documents import (
    DocumentLinkDraft,
    DocumentOrigin,
    DocumentType,
    LinkRole,
    StoreDocument,
    SubjectType,
)
from messages.factures import DocumentKind, FileFormat, IntakeStatus, InvoiceStatus
from messages.problem import Refused
from messages.shared import Ref
from messages.values.identifiers import new_id
from messages.values.instants import local_date
from runtime.unit_of_work import Row, UnitOfWork
from runtime.work_queue import Outside
from storage.factures import queries
from storage.factures.tables import billing_intake, invoice

CHUNK = 50
"""Documents numbered in one transaction."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """What a worker prepared; `more` when the chunk was full."""

    preparation: Preparation | None
    more: bool


async def prepare_drafts(item: IssueDrafts, outside: Outside) -> Chunk:
    """Read a chunk of drafts, check them and make their files; nothing is locked."""
    async with outside.heart.database.transaction(outside.organisation_id, read_only=True) as connection:
        reading = ReadingConnection(connection)
        rows = await reading.fetch(
            queries.TO_ISSUE, organisation_id=outside.organisation_id, company_id=item.company_id, most=CHUNK
        )
        if not rows:
            return Chunk(None, False)
        desk = await issuing.desk_of(outside.organisation_id, item.company_id, rows, reading)
    preparation = await issuing.prepare(desk, rows, local_date(outside.now), outside.now)
    return Chunk(preparation, len(rows) == CHUNK)


async def issue_drafts(item: IssueDrafts, chunk: Chunk, work: UnitOfWork) -> None:
    """Number and seal what was prepared and is still a draft; park what was refused."""
    if chunk.preparation is None:
        return
    preparation = chunk.preparation
    ids = [prepared.row["id"] for prepared in preparation.ready] + [id_ for id_, _ in preparation.refused]
    locked = await work.fetch(queries.INVOICES_FOR_UPDATE, organisation_id=work.organisation_id, ids=ids)
    waiting = {row["id"]: row for row in locked if row["status"] == InvoiceStatus.DRAFT}
    unchanged = tuple(
        prepared
        for prepared in preparation.ready
        if prepared.row["id"] in waiting and waiting[prepared.row["id"]]["version"] == prepared.row["version"]
    )
    issued = await issuing.seal_all(
        Preparation(preparation.desk, preparation.issue_date, preparation.issued_at, unchanged, ()), work
    )
    for invoice_id, findings in preparation.refused:
        if invoice_id in waiting:
            await _park(waiting[invoice_id], [finding.rule for finding in findings], work)
    await after_issue(issued, work)
    if chunk.more:
        work.order(IssueDrafts(company_id=item.company_id), key=str(new_id()))


async def after_issue(issued: Sequence[Row], work: UnitOfWork) -> None:
    """What follows an issue in the same transaction: originals credited, intakes done, archive ordered."""
    for row in issued:
        original = None
        if DocumentKind(row["kind"]).gives_back:
            original = await announcing.credit_original(row, work)
        elif row["kind"] == DocumentKind.CORRECTIVE_INVOICE:
            original = await announcing.replace_original(row, work)
        if original is not None:
            await lifecycle.tell_cancelled(original, work)
    await transmitting.queue_invoices(issued, work)
    intakes = list({row["intake_id"] for row in issued if row["intake_id"] is not None})
    if intakes:
        done = update(billing_intake).where(
            billing_intake.c.organisation_id == work.organisation_id, billing_intake.c.id == func.any(intakes)
        )
        await work.execute(done.values(status=IntakeStatus.ISSUED, reason=None, updated_at=work.now))
    order_archive([row["id"] for row in issued], work)


async def _park(row: Row, rules: list[str], work: UnitOfWork) -> None:
    """A draft that breaks a rule waits for a person, or for the next retry of its intake."""
    mine = (invoice.c.organisation_id == work.organisation_id, invoice.c.id == row["id"])
    await work.execute(update(invoice).where(*mine).values(auto_issue=False))
    if row["intake_id"] is not None:
        failed = update(billing_intake).where(
            billing_intake.c.organisation_id == work.organisation_id, billing_intake.c.id == row["intake_id"]
        )
        await work.execute(
            failed.values(
                status=IntakeStatus.FAILED,
                reason=", ".join(sorted(set(rules))),
                attempts=billing_intake.c.attempts + 1,
                updated_at=work.now,
            )
        )


async def bring_to_archive(item: ArchiveDocuments, outside: Outside) -> dict[UUID, UUID]:
    """Store the files; the ids by invoice. What `documents` could not take now is ordered again by the clock."""
    async with outside.heart.database.transaction(outside.organisation_id, read_only=True) as connection:
        reading = ReadingConnection(connection)
        scope = {"organisation_id": outside.organisation_id}
        rows = await reading.fetch(queries.INVOICES_BY_ID, **scope, ids=list(item.invoice_ids))
        files = [
            (row, await reading.fetch(queries.FILE, **scope, invoice_id=row["id"], format=FileFormat.FACTURX_PDF))
            for row in rows
            if row["document_id"] is None
        ]
    stored = await asyncio.gather(*(_stored(row, found[0], outside) for row, found in files))
    return {row["id"]: document_id for (row, _), document_id in zip(files, stored, strict=True) if document_id}


async def _stored(row: Row, file: Row, outside: Outside) -> UUID | None:
    try:
        answer = await outside.ask(_store_order(row, file))
    except Refused as refusal:
        if not refusal.code.retriable:
            raise
        return None
    return answer.document.id


def _store_order(row: Row, file: Row) -> StoreDocument:
    is_credit_note = DocumentKind(row["kind"]).gives_back
    subject = SubjectType.CREDIT_NOTE if is_credit_note else SubjectType.INVOICE
    links = [DocumentLinkDraft(subject_type=subject, subject_id=row["id"])]
    links.append(
        DocumentLinkDraft(subject_type=SubjectType.CLIENT, subject_id=row["client_id"], role=LinkRole.ATTACHMENT)
    )
    if row["contract_id"] is not None:
        contract = row["contract_id"]
        links.append(
            DocumentLinkDraft(subject_type=SubjectType.CONTRACT, subject_id=contract, role=LinkRole.ATTACHMENT)
        )
    return StoreDocument(
        type=DocumentType.CREDIT_NOTE if is_credit_note else DocumentType.INVOICE,
        filename=filename_of(row, "pdf"),
        content_base64=base64.b64encode(file["bytes"]).decode(),
        expected_sha256=file["sha256"],
        declared_mime="application/pdf",
        reference=Ref(type="credit_note" if is_credit_note else "invoice", id=row["id"]),
        origin=DocumentOrigin.SYSTEM,
        links=tuple(links),
        client_id=row["client_id"],
        contract_id=row["contract_id"],
        company_id=row["company_id"],
        business_date=row["issue_date"],
        source_key=source_key_of(row["id"]),
        final=True,
        metadata={"number": row["number"]},
    )


def source_key_of(invoice_id: UUID) -> str:
    """Under which `documents` finds the file of an invoice again."""
    return f"factures:{invoice_id}:pdf"


def filename_of(row: Row, extension: str) -> str:
    """`FA2026-000123.pdf`."""
    return f"{row['number'].replace('/', '-')}.{extension}"


async def keep_archived(item: ArchiveDocuments, stored: dict[UUID, UUID], work: UnitOfWork) -> None:
    """Note the ids, then announce and order the delivery."""
    if not stored:
        return
    rows = await work.fetch(queries.INVOICES_FOR_UPDATE, organisation_id=work.organisation_id, ids=list(stored))
    hashes = await announcing.pdf_hashes(list(stored), work)
    for row in rows:
        if row["document_id"] is None:
            await announcing.archived(row, stored[row["id"]], hashes[row["id"]], work)


async def waiting_companies(work: UnitOfWork) -> list[UUID]:
    """Companies with drafts that nobody issued within a minute."""
    statement = select(invoice.c.company_id).distinct()
    rows: list[Any] = await work.fetch(
        statement.where(
            invoice.c.organisation_id == work.organisation_id,
            invoice.c.status == InvoiceStatus.DRAFT,
            invoice.c.auto_issue.is_(True),
            invoice.c.created_at <= work.now - timedelta(minutes=1),
        )
    )
    return [row["company_id"] for row in rows]
