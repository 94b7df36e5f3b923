"""Documents thrown away, brought back, given up."""

from actors.documents import library, retention_runs, trash, views
from messages.clients import LEGAL_HOLD
from messages.documents import Document, DocumentState, PurgeDocument, RestoreDocument, TrashDocument
from messages.problem import Refused
from runtime.unit_of_work import Row, UnitOfWork


async def trash_document(request: TrashDocument, work: UnitOfWork) -> Document:
    """Put a document into the trash; trashing twice changes nothing."""
    row = await library.load(request.document_id, work, for_update=True)
    if row["state"] != DocumentState.TRASHED:
        await _check_free(row, work)
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
        await _check_free(row, work)
        row = await trash.give_up(row, request.reason, work)
    return views.document_of(row)


async def _check_free(row: Row, work: UnitOfWork) -> None:
    """Refused LEGAL_HOLD while a court or authority wants everything of its client kept."""
    for client_id in sorted(await retention_runs.clients_of(row, work)):
        if await retention_runs.is_held(client_id, work):
            raise Refused(
                LEGAL_HOLD, "the client is under a legal hold; his documents can be deleted when it is lifted"
            )
