"""What providers' words mean to the organisation: listed and recorded."""

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from messages.payments import (
    ListProviderStatusMappings,
    PaymentStatus,
    ProviderStatusMapping,
    ProviderStatusMappingPage,
    UpsertProviderStatusMapping,
)
from messages.values.identifiers import new_id
from runtime.pagination import page
from runtime.unit_of_work import Row, UnitOfWork
from storage.payments.tables.providers import provider_status_mapping as mapping


async def list_provider_status_mappings(
    request: ListProviderStatusMappings, work: UnitOfWork
) -> ProviderStatusMappingPage:
    """A page of mappings."""
    statement = select(mapping).where(mapping.c.organisation_id == work.organisation_id)
    if request.provider is not None:
        statement = statement.where(mapping.c.provider == request.provider)
    order = (mapping.c.created_at, mapping.c.id)
    return await page(work, request, statement, order=order, reply=ProviderStatusMappingPage, item=_mapping_of)


async def upsert_provider_status_mapping(
    request: UpsertProviderStatusMapping, work: UnitOfWork
) -> ProviderStatusMapping:
    """The mapping of that word, new or changed."""
    if request.is_active and request.status is PaymentStatus.PAID:
        work.caller.require("payments:settings:approve")
    changes = {"status": request.status, "is_active": request.is_active}
    stamp = {"updated_at": work.now, "updated_by": work.caller.principal}
    statement = insert(mapping).values(
        id=new_id(),
        organisation_id=work.organisation_id,
        version=1,
        created_at=work.now,
        created_by=work.caller.principal,
        provider=request.provider,
        raw_status=request.raw_status,
        raw_reason=request.raw_reason or "",
        **changes,
        **stamp,
    )
    stored = await work.fetch_one(
        statement.on_conflict_do_update(
            index_elements=["organisation_id", "provider", "raw_status", "raw_reason"],
            set_={**changes, **stamp, "version": mapping.c.version + 1},
        ).returning(mapping)
    )
    assert stored is not None
    told = {"provider": request.provider, "raw_status": request.raw_status, "raw_reason": request.raw_reason}
    work.record("provider_status_mapping", stored["id"], after=told | changes)
    return _mapping_of(stored)


def _mapping_of(row: Row) -> ProviderStatusMapping:
    return ProviderStatusMapping.model_validate(
        {**row, "mapping_id": row["id"], "raw_reason": row["raw_reason"] or None}
    )
