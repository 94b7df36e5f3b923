"""Files of requests of access and portability."""

from actors.identity.privacy import request_row
from actors.identity.privacy_archives import archive_row
from messages.identity import GetExportArchive, PrivacyArchive, PrivacyArchiveStatus
from runtime.unit_of_work import UnitOfWork


async def get_export_archive(request: GetExportArchive, work: UnitOfWork) -> PrivacyArchive:
    """How far the file is; after its seven days it no longer names the document, which is deleted."""
    await request_row(request.request_id, work)
    row = dict(await archive_row(request.request_id, work))
    if row["status"] == PrivacyArchiveStatus.READY and row["expires_at"] <= work.now:
        row |= {"status": PrivacyArchiveStatus.EXPIRED, "document_id": None}
    return PrivacyArchive.model_validate(row)
