"""What the organisation decided for its contracts."""

from sqlalchemy import select

from messages.contrats.settings import ContractSettings
from runtime.unit_of_work import UnitOfWork
from storage.contrats.tables import contract_settings


async def choices_of(work: UnitOfWork) -> ContractSettings:
    """The organisation's choices, with the defaults of what nobody set."""
    stored = await work.fetch_value(
        select(contract_settings.c.choices).where(contract_settings.c.organisation_id == work.organisation_id)
    )
    return ContractSettings.model_validate(stored or {})
