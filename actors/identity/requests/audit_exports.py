"""Ordering files of the audit trail."""

from datetime import timedelta
from typing import Final

from sqlalchemy import func, select

from actors.identity.audit_exporting import WriteAuditExport, load_export
from actors.identity.organisations import new_row
from messages.errors import RATE_LIMITED
from messages.identity import AuditExport, AuditExportStatus, AuditFilter, ExportAudit, GetAuditExport
from messages.problem import Refused
from messages.values.identifiers import new_id
from runtime.unit_of_work import Row, UnitOfWork
from storage.identity.tables import audit_export

_HOUR: Final = timedelta(hours=1)
_MOST_PER_HOUR: Final = 10
_NAMED_FOR: Final = timedelta(days=7)


async def export_audit(request: ExportAudit, work: UnitOfWork) -> AuditExport:
    """Take the order; the file is written in the background."""
    own = audit_export.c
    recent = select(func.count()).where(
        own.organisation_id == work.organisation_id,
        own.requested_by == work.caller.user_id,
        own.created_at > work.now - _HOUR,
    )
    if await work.fetch_value(recent) >= _MOST_PER_HOUR:
        raise Refused(
            RATE_LIMITED, f"{_MOST_PER_HOUR} exports an hour are the most; wait for the hour to pass",
            retry_after_seconds=3600, details={"limit": _MOST_PER_HOUR, "window_seconds": 3600},
        )  # fmt: skip
    export_id = new_id()
    wanted = AuditFilter.model_validate({name: getattr(request, name) for name in AuditFilter.model_fields})
    await work.insert(
        audit_export,
        **new_row(export_id, work),
        filter=wanted.model_dump(mode="json"),
        include_chain_proof=request.include_chain_proof,
        status=AuditExportStatus.REQUESTED,
        requested_by=work.caller.user_id,
        expires_at=work.now + _NAMED_FOR,
    )
    work.record("audit_export", export_id, after={"status": AuditExportStatus.REQUESTED})
    work.order(WriteAuditExport(export_id=export_id), key=str(export_id))
    return _export_of(await load_export(export_id, work), work)


async def get_audit_export(request: GetAuditExport, work: UnitOfWork) -> AuditExport:
    """One export; after its seven days it no longer names the file."""
    return _export_of(await load_export(request.export_id, work), work)


def _export_of(row: Row, work: UnitOfWork) -> AuditExport:
    fields = {**row, "export_id": row["id"]}
    if row["status"] == AuditExportStatus.READY and row["expires_at"] <= work.now:
        fields |= {"status": AuditExportStatus.EXPIRED, "document_id": None}
    return AuditExport.model_validate(fields)
