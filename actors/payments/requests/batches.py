"""Bank files out: prepared, approved, downloaded, marked as transmitted, taken back."""

import base64

from sqlalchemy import select

from actors.payments import archiving, batches, release, removal, transmission, views
from actors.payments.batch_rows import change_batch, lock_batch
from actors.payments.company import company_of
from actors.payments.rules.machines import BATCH
from actors.payments.vault import opened_file
from messages.identity import COMPANY_NOT_FOUND
from messages.payments import (
    FILE_NOT_READY,
    FOUR_EYES_REQUIRED,
    ApproveCollectionBatch,
    BatchStatus,
    CancelCollectionBatch,
    CollectionBatch,
    CollectionBatches,
    CollectionBatchPage,
    CollectionFile,
    DownloadCollectionFile,
    GetCollectionBatch,
    ListCollectionBatches,
    MarkBatchTransmitted,
    PrepareCollectionBatches,
)
from messages.problem import Refused
from runtime.pagination import page
from runtime.unit_of_work import Row, UnitOfWork
from storage.payments.tables.bank import collection_batch, stored_file

_PART = 256 * 1024
_PAGES = 4
_APPROVERS = 2


async def prepare_collection_batches(request: PrepareCollectionBatches, work: UnitOfWork) -> CollectionBatches:
    """Put pending debits into files; what does not fit in one request is taken by the next."""
    if await company_of(work, request.company_id) is None or not work.caller.sees_company(request.company_id):
        raise Refused(COMPANY_NOT_FOUND, f"company {request.company_id} is not an active company; check company_id")
    for _ in range(_PAGES):
        if not await batches.collect_page(work, request.company_id):
            break
    closed = await batches.close_drafts(work, request.company_id)
    return CollectionBatches(items=tuple([await batches.show_batch(work, row["id"]) for row in closed]))


async def get_collection_batch(request: GetCollectionBatch, work: UnitOfWork) -> CollectionBatch:
    """One file."""
    return await batches.show_batch(work, request.batch_id)


async def list_collection_batches(request: ListCollectionBatches, work: UnitOfWork) -> CollectionBatchPage:
    """A page of files, newest first."""
    statement = select(collection_batch).where(collection_batch.c.organisation_id == work.organisation_id)
    if request.company_id is not None:
        statement = statement.where(collection_batch.c.company_id == request.company_id)
    if request.status:
        statement = statement.where(collection_batch.c.status.in_(request.status))
    if work.caller.company_ids is not None:
        statement = statement.where(collection_batch.c.company_id.in_(work.caller.company_ids))
    found = await page(
        work,
        request,
        statement,
        order=(collection_batch.c.created_at, collection_batch.c.id),
        descending=True,
        reply=CollectionBatchPage,
        item=lambda row: views.batch_of(row, []),
    )
    groups = await batches.groups_of(work, [item.batch_id for item in found.items])
    return CollectionBatchPage(
        items=tuple(_with_groups(item, groups) for item in found.items), next_cursor=found.next_cursor
    )


def _with_groups(item: CollectionBatch, groups: list[Row]) -> CollectionBatch:
    mine = [group for group in groups if group["batch_id"] == item.batch_id]
    return item.model_copy(update={"groups": views.groups_shown(mine)})


async def download_collection_file(request: DownloadCollectionFile, work: UnitOfWork) -> CollectionFile:
    """A part of a file; the audit trail says who took it."""
    batch = await batches.show_batch(work, request.batch_id)
    content = await work.fetch_value(
        select(stored_file.c.content).where(
            stored_file.c.organisation_id == work.organisation_id, stored_file.c.id == request.batch_id
        )
    )
    if content is None or batch.file_sha256 is None or batch.status is BatchStatus.DRAFT:
        raise Refused(FILE_NOT_READY, "the file is being built; try again in a few seconds", retry_after_seconds=2)
    clear = await opened_file(content, row_id=request.batch_id, organisation_id=work.organisation_id, keys=work.keys)
    parts = -(-len(clear) // _PART)
    if request.part > parts:
        raise Refused.field("part", "range", f"the file has {parts} parts; ask for 1 to {parts}")
    work.record("collection_batch", request.batch_id, after={"downloaded_part": request.part})
    if batch.document_id is None and len(clear) <= archiving.LARGEST:
        item = archiving.ArchiveCollectionFile(batch_id=request.batch_id)
        work.order(item, key=f"{request.batch_id}|{work.cause.causation_id}")
    return CollectionFile(
        batch_id=request.batch_id,
        file_name=batch.file_name or f"{batch.msg_id}.xml",
        sha256=batch.file_sha256,
        size=len(clear),
        part=request.part,
        parts=parts,
        content=base64.b64encode(clear[(request.part - 1) * _PART : request.part * _PART]).decode(),
        document_id=batch.document_id,
    )


async def approve_collection_batch(request: ApproveCollectionBatch, work: UnitOfWork) -> CollectionBatch:
    """One of two people approves; the second approval lets the file go if its control totals are known."""
    batch = await lock_batch(work, request.batch_id)
    BATCH.after("approve", BatchStatus(batch["status"]))
    person = work.caller.principal
    if person in batch["approvals"]:
        raise Refused(FOUR_EYES_REQUIRED, "you approved this file already; a second person must approve it")
    approvals = [*batch["approvals"], person]
    if len(approvals) < _APPROVERS:
        await change_batch(work, batch, approvals=approvals, status=BatchStatus.PENDING_APPROVAL)
        work.record("collection_batch", batch["id"], after={"approvals": len(approvals)})
        return await batches.show_batch(work, request.batch_id)
    after = await release.approve(work, batch, approvals)
    if after["released"]:
        await transmission.transmit(work, after)
    return await batches.show_batch(work, request.batch_id)


async def mark_batch_transmitted(request: MarkBatchTransmitted, work: UnitOfWork) -> CollectionBatch:
    """A person uploaded the file at the bank."""
    await transmission.mark_transmitted(work, await lock_batch(work, request.batch_id))
    return await batches.show_batch(work, request.batch_id)


async def cancel_collection_batch(request: CancelCollectionBatch, work: UnitOfWork) -> CollectionBatch:
    """Take a file back; its debits wait for the next one."""
    batch = await lock_batch(work, request.batch_id)
    BATCH.after("cancel", BatchStatus(batch["status"]))
    await removal.dissolve(work, batch)
    work.record("collection_batch", batch["id"], after={"status": BatchStatus.CANCELLED, "reason": request.reason})
    return await batches.show_batch(work, request.batch_id)
