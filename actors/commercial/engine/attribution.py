"""Which representative a contract belongs to, from when to when; never two on one day."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from messages.commercial import AttributionSource, ContractAttributionChanged
from runtime.unit_of_work import Row, UnitOfWork
from storage.commercial.tables import contract_attribution, contract_ref


async def current_attribution(contract_id: UUID, work: UnitOfWork) -> Row | None:
    """The open attribution of a contract."""
    held = contract_attribution.c
    return await work.fetch_one(
        select(contract_attribution).where(
            held.organisation_id == work.organisation_id, held.contract_id == contract_id, held.valid_to.is_(None)
        )
    )


async def attribute(
    contract_id: UUID,
    client_id: UUID,
    rep_id: UUID,
    valid_from: date,
    source: AttributionSource,
    reason: str | None,
    work: UnitOfWork,
) -> None:
    """Give the contract to a representative from a day on; the one before him has it until the day before."""
    before = await current_attribution(contract_id, work)
    if before is not None and before["rep_id"] == rep_id:
        return
    held = contract_attribution.c
    if before is not None:
        valid_from = max(valid_from, before["valid_from"])
        await work.execute(
            update(contract_attribution)
            .where(
                held.organisation_id == work.organisation_id, held.contract_id == contract_id, held.valid_to.is_(None)
            )
            .values(valid_to=valid_from - timedelta(days=1))
        )
    columns: dict[str, Any] = {"rep_id": rep_id, "source": source, "reason": reason, "valid_to": None}
    statement = insert(contract_attribution).values(
        organisation_id=work.organisation_id,
        contract_id=contract_id,
        valid_from=valid_from,
        created_at=work.now,
        **columns,
    )
    keys = ["organisation_id", "contract_id", "valid_from"]
    await work.execute(statement.on_conflict_do_update(index_elements=keys, set_=columns))
    version = await work.fetch_value(
        update(contract_ref)
        .where(contract_ref.c.organisation_id == work.organisation_id, contract_ref.c.contract_id == contract_id)
        .values(attribution_version=contract_ref.c.attribution_version + 1)
        .returning(contract_ref.c.attribution_version)
    )
    work.emit(
        ContractAttributionChanged(
            contract_id=contract_id,
            client_id=client_id,
            rep_id=rep_id,
            previous_rep_id=before["rep_id"] if before is not None else None,
            valid_from=valid_from,
            reason=reason,
        ),
        version=version,
    )
