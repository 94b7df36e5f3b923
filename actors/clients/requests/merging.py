"""Requests that make one client of several records, and take that back."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, select

from actors.clients import views
from actors.clients.changes import live_client
from actors.clients.civil_status import names_of
from actors.clients.inheritance import united_parts
from actors.clients.merging import merge_records, readable, unmerge_records
from actors.clients.rules import merging as rules
from messages.clients import (
    CLIENT_NOT_FOUND,
    MERGE_OPERATION_NOT_FOUND,
    MERGE_SELF,
    MERGE_SIREN_CONFLICT,
    MERGE_TYPE_MISMATCH,
    UNMERGE_EXPIRED,
    UNMERGE_SUPERSEDED,
    Client,
    ClientType,
    ListMergeOperations,
    MergeClients,
    MergeConflict,
    MergeOperation,
    MergeOperationPage,
    MergePreview,
    PreviewMerge,
    UnmergeClient,
    UnmergedClients,
)
from messages.problem import Refused
from runtime.pagination import page
from runtime.unit_of_work import Row, UnitOfWork
from storage.clients import queries
from storage.clients.queries import one_of
from storage.clients.tables import contract_ref, merge_operation

_LIVE_CONTRACTS = ("ACTIVE", "SUSPENDED")


async def preview_merge(request: PreviewMerge, work: UnitOfWork) -> MergePreview:
    """The merged view and the fields in which the records differ."""
    ids = _distinct(request.survivor_id, request.merged_ids)
    rows = [await work.load(queries.CLIENT_BY_ID, "client", code=CLIENT_NOT_FOUND, id=found) for found in ids]
    _check(rows, request.field_choices)
    survivor, *others = [await readable(row, work) for row in rows]
    merged = dict(survivor)
    for other in others:
        merged |= rules.merged_fields(merged, other, request.field_choices) | united_parts(merged, other)
    merged |= names_of(merged)
    shown = await views.client_of({**merged, "birth_date": None}, work)
    conflicts = rules.conflicts([survivor, *others], request.field_choices)
    return MergePreview(
        client=shown.model_copy(update={"birth_date": merged["birth_date"]}),
        conflicts=tuple(MergeConflict(field=field, values=values) for field, values in conflicts.items()),
    )


async def merge_clients(request: MergeClients, work: UnitOfWork) -> Client:
    """Merge the records one after the other; each merge can be taken back on its own."""
    ids = _distinct(request.survivor_id, request.merged_ids)
    rows = {found: await live_client(found, work) for found in sorted(ids)}  # one order, or two merges would deadlock
    survivor_id = request.survivor_id or await _default_survivor(rows.values(), work)
    others = [rows[found] for found in ids if found != survivor_id]
    _check([rows[survivor_id], *others], request.field_choices)
    survivor: Row = rows[survivor_id]
    for other in others:
        survivor = await merge_records(survivor, other, request.field_choices, work)
    return await views.client_of(survivor, work)


async def unmerge_client(request: UnmergeClient, work: UnitOfWork) -> UnmergedClients:
    """Take a merge back."""
    operation = merge_operation.c
    row = await work.load(
        select(merge_operation)
        .where(operation.organisation_id == work.organisation_id, operation.id == request.merge_operation_id)
        .with_for_update(),
        "merge_operation",
        code=MERGE_OPERATION_NOT_FOUND,
        id=request.merge_operation_id,
    )
    if work.now > row["undoable_until"]:
        raise Refused(UNMERGE_EXPIRED, "a merge can be taken back for 30 days; record the second client anew")
    if row["undone_at"] is not None or await _merged_since(row, work):
        raise Refused(
            UNMERGE_SUPERSEDED, "the survivor was merged again since, or the merge was taken back; undo that first"
        )
    survivor, restored, kept = await unmerge_records(row, work)
    return UnmergedClients(
        survivor=await views.client_of(survivor, work), restored=await views.client_of(restored, work), kept_fields=kept
    )


async def list_merge_operations(request: ListMergeOperations, work: UnitOfWork) -> MergeOperationPage:
    """A page of merges, newest first."""
    operation = merge_operation.c
    await work.load(queries.CLIENT_BY_ID, "client", code=CLIENT_NOT_FOUND, id=request.client_id)
    wanted = select(
        operation.id,
        operation.survivor_id,
        operation.merged_id,
        operation.performed_by,
        operation.performed_at,
        operation.undoable_until,
        operation.undone_at,
    ).where(operation.organisation_id == work.organisation_id, operation.survivor_id == request.client_id)
    return await page(
        work,
        request,
        wanted,
        order=(operation.performed_at, operation.id),
        descending=True,
        reply=MergeOperationPage,
        item=lambda row: MergeOperation.model_validate(dict(row)),
    )


# -- steps of the handlers ---------------------------------------------------------------------------------------


def _distinct(survivor_id: UUID | None, merged_ids: Sequence[UUID]) -> list[UUID]:
    ids = [*([survivor_id] if survivor_id is not None else []), *merged_ids]
    if len(set(ids)) != len(ids):
        raise Refused(MERGE_SELF, "a client is named twice; name each record once")
    return ids


def _check(rows: Sequence[Row], choices: Mapping[str, UUID]) -> None:
    """Whether the records may be one client, and the choices name their fields."""
    if len({row["type"] == ClientType.INDIVIDUAL for row in rows}) > 1:
        raise Refused(MERGE_TYPE_MISMATCH, "a person and a company are two clients; merge records of one kind")
    if len({row["siren"] for row in rows if row["siren"]}) > 1:
        raise Refused(MERGE_SIREN_CONFLICT, "the records have different SIRENs, so they are two companies; correct one")
    ids = {row["id"] for row in rows}
    for field, chosen in choices.items():
        if field not in rules.CHOSEN or chosen not in ids:
            known = ", ".join(rules.CHOSEN)
            raise Refused.field(
                f"field_choices.{field}", "unknown", f"choose among the records named and these fields: {known}"
            )


async def _default_survivor(rows: Iterable[Row], work: UnitOfWork) -> UUID:
    known = list(rows)
    contract = contract_ref.c
    counted: dict[Any, int] = {
        found["client_id"]: found["live"]
        for found in await work.fetch(
            select(contract.client_id, func.count().label("live"))
            .where(
                contract.organisation_id == work.organisation_id,
                one_of(contract.client_id, [row["id"] for row in known]),
                one_of(contract.status, _LIVE_CONTRACTS),
            )
            .group_by(contract.client_id)
        )
    }
    return rules.default_survivor((counted.get(row["id"], 0), row) for row in known)


async def _merged_since(row: Row, work: UnitOfWork) -> bool:
    operation = merge_operation.c
    later = select(operation.id).where(
        operation.organisation_id == work.organisation_id,
        or_(operation.survivor_id == row["survivor_id"], operation.merged_id == row["survivor_id"]),
        operation.id > row["id"],
        operation.undone_at.is_(None),
    )
    return await work.fetch_one(later.limit(1)) is not None
