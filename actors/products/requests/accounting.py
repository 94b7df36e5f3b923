"""Requests about account mappings."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select, update

from actors.products import views
from actors.products.requests.ranges import ancestors_of
from actors.products.rows import changed_row, new_row
from actors.products.rules.accounting import DEFAULT_ACCOUNTS, NATURES_OF, best_mapping
from messages.problem import Refused
from messages.products.catalogue import PRODUCT_NOT_FOUND, RevenueModel
from messages.products.events import AccountingMappingSaved, AccountingMappingValidated
from messages.products.publications import (
    MAPPING_NOT_FOUND,
    MAPPING_OVERLAP,
    AccountingMapping,
    AccountingMappingPage,
    AccountNature,
    ListAccountingMappings,
    MappingStatus,
    ResolveAccounts,
    ResolvedAccounts,
    SetAccountingMapping,
    ValidateAccountingMapping,
)
from messages.values.identifiers import new_id
from messages.values.instants import local_date
from runtime.pagination import page
from runtime.unit_of_work import Row, UnitOfWork
from storage.products.queries import among
from storage.products.tables import accounting_mapping, product

_SCOPE = ("product_id", "range_id", "company_id", "nature")


async def set_accounting_mapping(request: SetAccountingMapping, work: UnitOfWork) -> AccountingMapping:
    """Map a scope from a day on; what held before ends the day before."""
    if request.product_id is not None and request.range_id is not None:
        raise Refused.field("range_id", "one_of", "give product_id or range_id, or neither for the whole organisation")
    valid_from = request.valid_from or work.today()
    scope = {name: getattr(request, name) for name in _SCOPE}
    same = [accounting_mapping.c[name].is_not_distinct_from(value) for name, value in scope.items()]
    latest = await work.fetch_one(
        _all(work).where(*same).order_by(accounting_mapping.c.valid_from.desc()).limit(1).with_for_update()
    )
    if latest is not None and latest["valid_from"] >= valid_from:
        raise Refused(
            MAPPING_OVERLAP,
            f"this scope is mapped from {latest['valid_from']} on; give a later valid_from",
            details={"mapping_id": str(latest["id"])},
        )
    if latest is not None:
        end = valid_from - timedelta(days=1)
        version = latest["version"] + 1
        await work.execute(
            update(accounting_mapping)
            .where(accounting_mapping.c.id == latest["id"])
            .values(valid_to=end, **changed_row(version, work))
        )
        ended = views.mapping_of({**latest, "valid_to": end})
        work.emit(AccountingMappingSaved(**dict(ended)), version=version)
    row = {
        **new_row(new_id(), work),
        **request.model_dump(),
        "valid_from": valid_from,
        "valid_to": None,
        "status": MappingStatus.TO_VALIDATE,
    }
    await insert_mapping(row, work)
    return views.mapping_of(row)


async def insert_mapping(row: dict[str, Any], work: UnitOfWork) -> None:
    """Store a new mapping and say so; the defaults come this way too."""
    await work.insert(accounting_mapping, **row)
    work.emit(AccountingMappingSaved(**dict(views.mapping_of(row))), version=1)


async def validate_accounting_mapping(request: ValidateAccountingMapping, work: UnitOfWork) -> AccountingMapping:
    """Confirm a mapping, or mark it as wrong."""
    statement = _all(work).where(accounting_mapping.c.id == request.mapping_id).with_for_update()
    row = await work.load(statement, "account mapping", code=MAPPING_NOT_FOUND)
    status = MappingStatus.VALIDATED if request.correct else MappingStatus.ERROR
    if row["status"] == status:
        return views.mapping_of(row)
    version = row["version"] + 1
    columns = {
        "status": status,
        "validated_by": work.caller.principal,
        "validated_at": work.now,
        **changed_row(version, work),
    }
    await work.execute(update(accounting_mapping).where(accounting_mapping.c.id == row["id"]).values(**columns))
    if request.correct:
        event = AccountingMappingValidated(mapping_id=row["id"], validated_by=work.caller.user_id)
        work.emit(event, version=version)
    else:
        work.record("accounting_mapping", row["id"], before={"status": row["status"]}, after={"status": status})
    return views.mapping_of({**row, **columns})


async def list_accounting_mappings(request: ListAccountingMappings, work: UnitOfWork) -> AccountingMappingPage:
    """A page of mappings."""
    statement = _all(work)
    if request.product_id is not None:
        statement = statement.where(accounting_mapping.c.product_id == request.product_id)
    if request.range_id is not None:
        statement = statement.where(accounting_mapping.c.range_id == request.range_id)
    if request.company_id is not None:
        statement = statement.where(accounting_mapping.c.company_id == request.company_id)
    if request.status is not None:
        statement = statement.where(accounting_mapping.c.status == request.status)
    order = (accounting_mapping.c.valid_from, accounting_mapping.c.id)
    return await page(work, request, statement, order=order, reply=AccountingMappingPage, item=views.mapping_of)


async def resolve_accounts(request: ResolveAccounts, work: UnitOfWork) -> ResolvedAccounts:
    """Where an amount of a product is booked on a day."""
    sought = select(product.c.id, product.c.range_id).where(
        product.c.organisation_id == work.organisation_id, product.c.id == request.product_id
    )
    row = await work.load(sought, "product", code=PRODUCT_NOT_FOUND)
    day = local_date(request.as_of or work.now)
    found = await _best(row, request.nature, request.company_id, day, work)
    if found is None:
        gl_account, journal = DEFAULT_ACCOUNTS[request.nature]
        return ResolvedAccounts(
            gl_account=gl_account, journal=journal, tax_code=None, cost_centre=None, is_default=True
        )
    return ResolvedAccounts(
        gl_account=found.gl_account,
        journal=found.journal,
        tax_code=found.tax_code,
        cost_centre=found.cost_centre,
        is_default=found.product_id is None and found.range_id is None,
    )


async def unmapped_natures(
    row: Row, model: RevenueModel, company_id: UUID | None, work: UnitOfWork
) -> list[AccountNature]:
    """The natures that the product's revenue model books and whose accounts nobody has confirmed."""
    missing = []
    for nature in NATURES_OF[model]:
        found = await _best(row, nature, company_id, work.today(), work)
        if found is None or found.status is not MappingStatus.VALIDATED:
            missing.append(nature)
    return missing


async def _best(
    row: Row, nature: AccountNature, company_id: UUID | None, day: date, work: UnitOfWork
) -> AccountingMapping | None:
    """The mapping of a product's nature that wins on a day."""
    ranges = await ancestors_of(row["range_id"], work)
    rows = await work.fetch(
        _all(work).where(
            accounting_mapping.c.nature == nature,
            or_(
                accounting_mapping.c.product_id == row["id"],
                among(accounting_mapping.c.range_id, ranges),
                accounting_mapping.c.product_id.is_(None) & accounting_mapping.c.range_id.is_(None),
            ),
            accounting_mapping.c.valid_from <= day,
            accounting_mapping.c.valid_to.is_(None) | (accounting_mapping.c.valid_to >= day),
        )
    )
    return best_mapping([views.mapping_of(found) for found in rows], ranges, company_id)


def _all(work: UnitOfWork) -> Any:
    return select(accounting_mapping).where(accounting_mapping.c.organisation_id == work.organisation_id)
