"""Documents thrown away, brought back, given up."""

from actors.documents import library, trash, views
from messages.documents import Document, DocumentState, PurgeDocument, RestoreDocument, TrashDocument
from runtime.unit_of_work import UnitOfWork


async def trash_document(request: TrashDocument, work: UnitOfWork) -> Document:
    """Put a document into the trash; trashing twice changes nothing."""
    row = await library.load(request.document_id, work, for_update=True)
    if row["state"] != DocumentState.TRASHED:
        row = await trash.put_in(row, request.reason, work)
    return views.document_of(row)


async def restore_document(request: RestoreDocument, work: UnitOfWork) -> Document:
    """Take a document out of the trash."""
    row = await library.load(request.document_id, work, for_update=True)
    return views.document_of(await trash.take_out(row, work))


async def purge_document(request: PurgeDocument, work: UnitOfWork) -> Document:
    """Empty the trash of one document before its 30 days; purging twice changes nothing."""
    row = await library.load(request.document_id, work, for_update=True)
    if row["state"] != DocumentState.PURGED:
        row = await trash.give_up(row, request.reason, work)
    return views.document_of(row)
