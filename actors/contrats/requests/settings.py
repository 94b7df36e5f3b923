"""The choices of the organisation and of its companies, read and made."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from actors.contrats.choices import choices_of, laid_over, own_choices_of
from messages.contrats import MISSING_COMPANY
from messages.contrats.settings import ContractSettings, GetContractSettings, UpdateContractSettings
from messages.problem import Refused
from runtime.unit_of_work import UnitOfWork
from storage.contrats.tables import company_copy, company_settings, contract_settings


async def get_contract_settings(request: GetContractSettings, work: UnitOfWork) -> ContractSettings:
    """What counts now."""
    return await choices_of(work, request.company_id)


async def update_contract_settings(request: UpdateContractSettings, work: UnitOfWork) -> ContractSettings:
    """What was given replaces what counted so far; a company's own choices win over the organisation's."""
    before = await choices_of(work, request.company_id)
    given = request.model_dump(mode="json", exclude={"company_id"}, exclude_unset=True, exclude_none=True)
    if request.company_id is None:
        await _store_organisation(given, before, work)
    else:
        await _store_company(request, given, work)
    after = await choices_of(work, request.company_id)
    work.record(
        "contract_settings",
        request.company_id or work.organisation_id,
        before=before.model_dump(mode="json"),
        after=after.model_dump(mode="json"),
    )
    return after


async def _store_organisation(given: dict[str, Any], before: ContractSettings, work: UnitOfWork) -> None:
    choices = laid_over(before.model_dump(mode="json", exclude={"company_id"}), given)
    row = {"organisation_id": work.organisation_id, "choices": choices, **_changed(work)}
    statement = insert(contract_settings).values(**row)
    changed = {name: statement.excluded[name] for name in ("choices", "updated_at", "updated_by")}
    await work.execute(statement.on_conflict_do_update(index_elements=["organisation_id"], set_=changed))


async def _store_company(request: UpdateContractSettings, given: dict[str, Any], work: UnitOfWork) -> None:
    assert request.company_id is not None
    known = select(company_copy.c.company_id).where(
        company_copy.c.organisation_id == work.organisation_id, company_copy.c.company_id == request.company_id
    )
    if await work.fetch_one(known) is None or not work.caller.sees_company(request.company_id):
        raise Refused.field("company_id", "unknown", "company_id is not a company of yours; check it", MISSING_COMPANY)
    choices = laid_over(await own_choices_of(work, request.company_id), given)
    row = {"organisation_id": work.organisation_id, "company_id": request.company_id, "choices": choices}
    statement = insert(company_settings).values(**row, **_changed(work))
    changed = {name: statement.excluded[name] for name in ("choices", "updated_at", "updated_by")}
    keys = ["organisation_id", "company_id"]
    await work.execute(statement.on_conflict_do_update(index_elements=keys, set_=changed))


def _changed(work: UnitOfWork) -> dict[str, Any]:
    return {"updated_at": work.now, "updated_by": work.caller.principal}
