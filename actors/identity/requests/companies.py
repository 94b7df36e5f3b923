"""Companies: the legal entities of an organisation."""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select, update

from actors.identity.organisations import (
    change_organisation,
    company_fields,
    company_of,
    company_row,
    new_row,
    organisation_row,
)
from actors.identity.rules.life import COMPANY
from actors.identity.rules.organisations import changed_fields, check_legal_identity, check_siren_is_free
from messages.identity import (
    COMPANY_ALREADY_EXISTS,
    COMPANY_IN_USE,
    ArchiveCompany,
    Company,
    CompanyArchived,
    CompanyCreated,
    CompanyPage,
    CompanyStatus,
    CompanyUpdated,
    CreateCompany,
    GetCompany,
    ListCompanies,
    UpdateCompany,
)
from messages.problem import Refused
from messages.values.addresses import Address
from messages.values.identifiers import new_id
from runtime.pagination import page
from runtime.unit_of_work import Row, UnitOfWork
from storage.identity.tables import company, company_contract

_REQUIRED = ("legal_name", "siren", "vat_regime", "address", "fiscal_year_end")


async def create_company(request: CreateCompany, work: UnitOfWork) -> Company:
    """Add a legal entity; the first one becomes the default company."""
    check_legal_identity(request)
    organisation = await organisation_row(work, lock=True)
    await _check_is_new(request.siren, request.code, work)
    company_id = new_id()
    await work.insert(
        company,
        **new_row(company_id, work),
        **_columns(request.model_dump()),
        currency=organisation["currency"],
        timezone=organisation["timezone"],
        status=CompanyStatus.ACTIVE,
    )
    row = await company_row(company_id, work)
    work.emit(CompanyCreated.model_validate(company_fields(row)), version=1)
    if organisation["default_company_id"] is None:
        await change_organisation(organisation, {"default_company_id": company_id}, work)
    return company_of(row)


async def update_company(request: UpdateCompany, work: UnitOfWork) -> Company:
    """Change what was sent; the company as a whole must still satisfy the law."""
    await organisation_row(work, lock=True)
    row = await company_row(request.company_id, work, lock=True)
    work.check_version(request.expected_version, row["version"])
    COMPANY.after("update", CompanyStatus(row["status"]))
    sent = request.model_dump(exclude={"company_id", "expected_version"}, exclude_unset=True)
    changed = changed_fields(_columns(sent), row, required=_REQUIRED)
    if not changed:
        return company_of(row)
    after = {**row, **changed, "version": row["version"] + 1}
    if "siren" in changed:
        check_siren_is_free(in_use=row["in_use"], siren=row["siren"], changed_to=changed["siren"])
        await _check_is_new(changed["siren"], None, work)
    check_legal_identity(company_of(after))
    return company_of(await _store(row, changed, work))


async def archive_company(request: ArchiveCompany, work: UnitOfWork) -> Company:
    """Projections follow the snapshot; if it was the default company, the only other one becomes it, or none."""
    organisation = await organisation_row(work, lock=True)
    row = await company_row(request.company_id, work, lock=True)
    status = COMPANY.after("archive", CompanyStatus(row["status"]))
    live = await work.fetch_value(
        select(func.count()).where(
            company_contract.c.organisation_id == work.organisation_id,
            company_contract.c.company_id == row["id"],
            company_contract.c.live,
        )
    )
    if live:
        raise Refused(
            COMPANY_IN_USE, f"{live} contracts of this company run; end them first", details={"live_contracts": live}
        )
    after = await _store(row, {"status": status}, work)
    work.emit(CompanyArchived(company_id=row["id"], reason=request.reason), version=after["version"])
    work.record(
        "company", row["id"], before={"status": row["status"]}, after={"status": status, "reason": request.reason}
    )
    if organisation["default_company_id"] == row["id"]:
        await change_organisation(organisation, {"default_company_id": await _only_company(work)}, work)
    return company_of(after)


async def _only_company(work: UnitOfWork) -> UUID | None:
    active = select(company.c.id).where(
        company.c.organisation_id == work.organisation_id, company.c.status == CompanyStatus.ACTIVE
    )
    rows = await work.fetch(active.order_by(company.c.id).limit(2))
    return rows[0]["id"] if len(rows) == 1 else None


async def _store(row: Row, changed: dict[str, Any], work: UnitOfWork) -> Row:
    after = {**row, **changed, "version": row["version"] + 1}
    await work.execute(
        update(company)
        .where(company.c.id == row["id"])
        .values(**changed, version=after["version"], updated_at=work.now, updated_by=work.caller.principal)
    )
    event = CompanyUpdated.model_validate(company_fields(after) | {"changed_fields": tuple(sorted(changed))})
    work.emit(event, version=after["version"])
    return after


async def get_company(request: GetCompany, work: UnitOfWork) -> Company:
    """One company inside the caller's scope."""
    return company_of(await company_row(request.company_id, work))


async def list_companies(request: ListCompanies, work: UnitOfWork) -> CompanyPage:
    """A page of companies by code; the search compares code, name and SIREN."""
    statement = select(company).where(company.c.organisation_id == work.organisation_id)
    if work.caller.company_ids is not None:
        statement = statement.where(company.c.id.in_(work.caller.company_ids))
    if request.search is not None:
        sought = (company.c.code, company.c.legal_name, company.c.siren)
        statement = statement.where(or_(*(column.icontains(request.search, autoescape=True) for column in sought)))
    if request.status is not None:
        statement = statement.where(company.c.status == request.status)
    return await page(
        work, request, statement, order=(company.c.code, company.c.id), reply=CompanyPage, item=company_of
    )


def _columns(fields: dict[str, Any]) -> dict[str, Any]:
    """Fields of a request as the table stores them."""
    columns = dict(fields)
    if columns.get("share_capital") is not None:
        columns["share_capital"] = columns["share_capital"]["amount"]
    if columns.get("address") is not None:
        columns["address"] = Address.model_validate(columns["address"]).model_dump(mode="json")
    return columns


async def _check_is_new(siren: str, code: str | None, work: UnitOfWork) -> None:
    """Names the company that is in the way; the organisation's locked row lets no twin in between."""
    same: ColumnElement[bool] = and_(company.c.siren == siren, company.c.status == CompanyStatus.ACTIVE)
    same = same if code is None else or_(same, company.c.code == code)
    known = await work.fetch_value(
        select(company.c.code).where(company.c.organisation_id == work.organisation_id, same)
    )
    if known is not None:
        raise Refused(
            COMPANY_ALREADY_EXISTS,
            f"company {known} has this code or SIREN already; use another code",
            details={"company_code": known},
        )
