"""The organisation's choices, read and made."""

from sqlalchemy.dialects.postgresql import insert

from actors.contrats.choices import choices_of
from messages.contrats.settings import ContractSettings, GetContractSettings, UpdateContractSettings
from runtime.unit_of_work import UnitOfWork
from storage.contrats.tables import contract_settings


async def get_contract_settings(request: GetContractSettings, work: UnitOfWork) -> ContractSettings:
    """What counts now."""
    return await choices_of(work)


async def update_contract_settings(request: UpdateContractSettings, work: UnitOfWork) -> ContractSettings:
    """What was given replaces what counted so far."""
    before = await choices_of(work)
    given = {name: getattr(request, name) for name in request.model_fields_set}
    after = ContractSettings.model_validate(before.model_dump() | {k: v for k, v in given.items() if v is not None})
    choices = after.model_dump(mode="json")
    statement = insert(contract_settings).values(
        organisation_id=work.organisation_id, choices=choices, updated_at=work.now, updated_by=work.caller.principal
    )
    changed = {name: statement.excluded[name] for name in ("choices", "updated_at", "updated_by")}
    await work.execute(statement.on_conflict_do_update(index_elements=["organisation_id"], set_=changed))
    work.record("contract_settings", work.organisation_id, before=before.model_dump(mode="json"), after=choices)
    return after
