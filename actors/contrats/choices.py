"""What the organisation, or one of its companies, decided for its contracts."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import select

from messages.contrats.settings import ContractSettings
from runtime.unit_of_work import UnitOfWork
from storage.contrats.tables import company_settings, contract_settings


async def choices_of(work: UnitOfWork, company_id: UUID | None = None) -> ContractSettings:
    """What counts: the company's choices, then the organisation's, then the defaults."""
    stored = await work.fetch_value(
        select(contract_settings.c.choices).where(contract_settings.c.organisation_id == work.organisation_id)
    )
    own = await own_choices_of(work, company_id) if company_id is not None else {}
    return ContractSettings.model_validate(laid_over(stored or {}, own) | {"company_id": company_id})


async def own_choices_of(work: UnitOfWork, company_id: UUID) -> dict[str, Any]:
    """Only what a company decided for itself."""
    found: dict[str, Any] | None = await work.fetch_value(
        select(company_settings.c.choices).where(
            company_settings.c.organisation_id == work.organisation_id, company_settings.c.company_id == company_id
        )
    )
    return found or {}


def laid_over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """The choices of `above` where it has any, else those of `below`; the defaults are mixed field by field."""
    found = {**below, **above}
    if "defaults" in below and "defaults" in above:
        found["defaults"] = {**below["defaults"], **above["defaults"]}
    return found
