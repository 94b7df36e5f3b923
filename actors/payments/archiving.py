"""Bank files that somebody downloaded are copied to documents; while documents is stopped the file stays here."""

import base64
from uuid import UUID

from actors.payments import batch_rows
from actors.payments.vault import opened_file
from messages.documents import Confidentiality, DocumentOrigin, DocumentType, StoreDocument
from messages.problem import Refused
from messages.shared import Ref
from runtime.unit_of_work import UnitOfWork, WorkItem
from runtime.work_queue import Outside

LARGEST = 256 * 1024
"""What one request to documents may carry; a larger file is kept here only."""


class ArchiveCollectionFile(WorkItem):
    """Copy a bank file to documents."""

    batch_id: UUID


async def copy_file(item: ArchiveCollectionFile, outside: Outside) -> UUID | None:
    """The document's id; None when the file is too large or documents does not answer (the next download asks again)."""
    async with outside.heart.database.transaction(outside.organisation_id, read_only=True) as connection:
        row = await connection.fetchrow(
            "select b.file_name, b.company_id, b.file_sha256, b.business_date, f.content from collection_batch b"
            " join stored_file f on f.id = b.id"
            " where b.organisation_id = $1 and b.id = $2 and b.document_id is null and b.file_size <= $3",
            outside.organisation_id,
            item.batch_id,
            LARGEST,
        )
    if row is None:
        return None
    content = await opened_file(
        row["content"], row_id=item.batch_id, organisation_id=outside.organisation_id, keys=outside.heart.keys
    )
    request = StoreDocument(
        type=DocumentType.REPORT_EXPORT,
        filename=row["file_name"],
        content_base64=base64.b64encode(content).decode(),
        expected_sha256=row["file_sha256"],
        reference=Ref(type="collection_batch", id=item.batch_id),
        origin=DocumentOrigin.SYSTEM,
        company_id=row["company_id"],
        business_date=row["business_date"],
        source_key=f"collection_batch|{item.batch_id}|{row['file_sha256']}",
        confidentiality=Confidentiality.RESTRICTED,
    )
    try:
        return (await outside.ask(request)).document.id
    except Refused:
        return None


async def note_document(item: ArchiveCollectionFile, document_id: UUID | None, work: UnitOfWork) -> None:
    """Keep where the copy lies."""
    if document_id is not None:
        batch = await batch_rows.lock_batch(work, item.batch_id)
        await batch_rows.change_batch(work, batch, document_id=document_id)
