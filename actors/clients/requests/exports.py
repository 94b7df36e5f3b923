"""Requests about exports."""

from datetime import timedelta
from typing import Final

from sqlalchemy import func, literal, select

from actors.clients.exporting import Selection, WriteExport, load_job
from actors.clients.requests.listing import conditions
from messages.clients import (
    CLIENT_EXPORT_TOO_LARGE,
    MOST_EXPORTED,
    CreateExport,
    ExportJob,
    ExportStatus,
    GetExport,
)
from messages.errors import RATE_LIMITED
from messages.problem import Refused
from messages.values.identifiers import new_id
from runtime.unit_of_work import UnitOfWork
from storage.clients.tables import client, export_job

_HOUR: Final = timedelta(hours=1)
_MOST_PER_HOUR: Final = 10


async def create_export(request: CreateExport, work: UnitOfWork) -> ExportJob:
    """Count at once, write later."""
    await _check_rate(work)
    found = (
        select(literal(1)).where(*await conditions(request.filters, work)).select_from(client).limit(MOST_EXPORTED + 1)
    )
    if await work.fetch_value(select(func.count()).select_from(found.subquery())) > MOST_EXPORTED:
        raise Refused(CLIENT_EXPORT_TOO_LARGE, f"more than {MOST_EXPORTED} clients match; narrow the filter")
    scope = work.caller.company_ids
    chosen = Selection(filter=request.filters, company_ids=None if scope is None else tuple(sorted(scope)))
    job_id = new_id()
    await work.insert(
        export_job,
        id=job_id,
        organisation_id=work.organisation_id,
        version=1,
        **dict.fromkeys(("created_at", "updated_at"), work.now),
        **dict.fromkeys(("created_by", "updated_by"), work.caller.principal),
        filters=chosen.model_dump(mode="json"),
        columns=list(request.columns),
        format=request.format,
        status=ExportStatus.PENDING,
        requested_by=work.caller.user_id,
    )
    work.record("client_export", job_id, after={"columns": list(request.columns), "format": request.format})
    work.order(WriteExport(job_id=job_id), key=str(job_id))
    return ExportJob.model_validate(dict(await load_job(job_id, work)))


async def get_export(request: GetExport, work: UnitOfWork) -> ExportJob:
    """One export."""
    return ExportJob.model_validate(dict(await load_job(request.job_id, work)))


async def _check_rate(work: UnitOfWork) -> None:
    own = export_job.c
    recent = select(func.count()).where(
        own.organisation_id == work.organisation_id,
        own.requested_by == work.caller.user_id,
        own.created_at > work.now - _HOUR,
    )
    if await work.fetch_value(recent) >= _MOST_PER_HOUR:
        raise Refused(
            RATE_LIMITED,
            f"{_MOST_PER_HOUR} exports an hour are the most; wait for the hour to pass",
            retry_after_seconds=int(_HOUR.total_seconds()),
            details={"limit": _MOST_PER_HOUR, "window_seconds": int(_HOUR.total_seconds())},
        )
