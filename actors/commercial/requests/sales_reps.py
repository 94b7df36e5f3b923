"""Requests about representatives and whose contract is whose."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update

from actors.commercial import views
from actors.commercial.engine.accrual import locked_contract
from actors.commercial.engine.attribution import attribute, current_attribution
from actors.commercial.engine.rights import end_rights
from actors.commercial.engine.settings import take_number
from messages.commercial import (
    ATTRIBUTION_OVERLAP,
    CONTRACT_UNKNOWN,
    REP_DUPLICATE_CODE,
    REP_DUPLICATE_EMAIL,
    REP_DUPLICATE_NAME,
    REP_DUPLICATE_USER,
    REP_INACTIVE,
    SALES_REP_NOT_FOUND,
    ActivateSalesRep,
    AttributeContract,
    AttributionSource,
    CarryOverStatus,
    ClawbackStatus,
    CommissionStatus,
    ContractAttribution,
    CreateSalesRep,
    DeactivateSalesRep,
    GetSalesRep,
    LegalStatus,
    ListSalesReps,
    PossibleDuplicate,
    RepBalances,
    RepProfile,
    RightStatus,
    SalesRep,
    SalesRepActivated,
    SalesRepCreated,
    SalesRepDeactivated,
    SalesRepPage,
    SalesRepUpdated,
    UpdateSalesRep,
)
from messages.problem import Refused
from messages.values.identifiers import new_id
from messages.values.money import Money
from messages.values.text import search_form, tidy_name
from runtime.pagination import contains, page
from runtime.unit_of_work import Row, UnitOfWork
from storage.commercial.queries import one_of
from storage.commercial.tables import (
    carry_over,
    clawback,
    commission_entry,
    contract_attribution,
    recurring_right,
    sales_rep,
)

_LEGAL_STATUS = {RepProfile.VRP: LegalStatus.VRP_EXCLUSIVE, RepProfile.PARTNER: LegalStatus.INTRODUCER}
_VISIBLE = frozenset({"code", "user_id", "profile", "given_name", "family_name", "legal_name", "email", "company_id"})


async def create_sales_rep(request: CreateSalesRep, work: UnitOfWork) -> SalesRep:
    """Record a representative; one of the same name is only reported, unless homonyms are not wanted."""
    fields = request.model_dump(exclude={"id", "allow_homonym", "code", "legal_status"})
    row = {
        **_new_row(request.id or new_id(), work),
        **fields,
        **_names(fields),
        "code": request.code or f"REP-{await take_number('REP', work):05d}",
        "legal_status": request.legal_status or _LEGAL_STATUS.get(request.profile, LegalStatus.EMPLOYEE),
        "exit_date": None,
        "active": True,
    }
    await _refuse_duplicates(row, work)
    homonyms = await work.fetch(
        select(sales_rep.c.id, sales_rep.c.code).where(
            sales_rep.c.organisation_id == work.organisation_id, sales_rep.c.search_name == row["search_name"]
        )
    )
    if homonyms and not request.allow_homonym:
        raise Refused(
            REP_DUPLICATE_NAME,
            f"representative {homonyms[0]['code']} has this name; open that record, or allow homonyms",
            details={"rep_id": str(homonyms[0]["id"])},
        )
    await work.insert(sales_rep, **row)
    work.emit(SalesRepCreated.model_validate(views.rep_snapshot(row)), version=1)
    duplicates = tuple(PossibleDuplicate(rep_id=found["id"], code=found["code"]) for found in homonyms)
    return views.sales_rep(row, possible_duplicates=duplicates)


async def update_sales_rep(request: UpdateSalesRep, work: UnitOfWork) -> SalesRep:
    """Change the fields that were sent."""
    row = await _load(request.rep_id, work)
    work.check_version(request.expected_version, row["version"])
    sent = request.model_dump(exclude={"rep_id", "expected_version"}, exclude_unset=True)
    for required in ("profile", "legal_status"):
        if required in sent and sent[required] is None:
            raise Refused.field(required, "required", f"{required} cannot be empty; choose one or leave it out")
    merged = {**row, **sent}
    changes = {**sent, **_names(merged)}
    if not merged["legal_name"] and not (merged["given_name"] and merged["family_name"]):
        raise Refused.field(
            "family_name", "required", "a representative needs both names, or a legal_name; fill them in"
        )
    changed = {name: value for name, value in changes.items() if row[name] != value}
    if not changed:
        return views.sales_rep(row)
    await _refuse_duplicates(merged, work)
    after = await _store(row, work, **changed)
    fields = tuple(sorted(name for name in changed if name != "search_name"))
    if _VISIBLE & changed.keys():
        fact = SalesRepUpdated.model_validate({**views.rep_snapshot(after), "changed_fields": fields})
        work.emit(fact, version=after["version"])
    work.record("sales_rep", row["id"], before={"version": row["version"]}, after={"changed": list(fields)})
    return views.sales_rep(after)


async def get_sales_rep(request: GetSalesRep, work: UnitOfWork) -> SalesRep:
    """One representative with his balances."""
    column, value = next(
        (column, value)
        for column, value in (
            (sales_rep.c.id, request.rep_id),
            (sales_rep.c.user_id, request.user_id),
            (sales_rep.c.email, request.email),
            (sales_rep.c.code, request.code),
        )
        if value is not None
    )
    wanted = select(sales_rep).where(sales_rep.c.organisation_id == work.organisation_id, column == value)
    row = await work.load(wanted, "sales_rep", code=SALES_REP_NOT_FOUND)
    return views.sales_rep(row, await _balances(row["id"], work))


async def list_sales_reps(request: ListSalesReps, work: UnitOfWork) -> SalesRepPage:
    """A page of representatives."""
    statement = select(sales_rep).where(sales_rep.c.organisation_id == work.organisation_id)
    if request.search is not None:
        statement = statement.where(contains(sales_rep.c.search_name, request.search))
    if request.profile is not None:
        statement = statement.where(sales_rep.c.profile == request.profile)
    if request.company_id is not None:
        statement = statement.where(sales_rep.c.company_id.is_(None) | (sales_rep.c.company_id == request.company_id))
    if request.active is not None:
        statement = statement.where(sales_rep.c.active.is_(request.active))
    order = (sales_rep.c.code, sales_rep.c.id)
    return await page(work, request, statement, order=order, reply=SalesRepPage, item=views.sales_rep)


async def activate_sales_rep(request: ActivateSalesRep, work: UnitOfWork) -> SalesRep:
    """Let a representative sell again."""
    row = await _load(request.rep_id, work)
    if row["active"]:
        return views.sales_rep(row)
    after = await _store(row, work, active=True, exit_date=None)
    work.emit(SalesRepActivated.model_validate(views.rep_snapshot(after)), version=after["version"])
    return views.sales_rep(after)


async def deactivate_sales_rep(request: DeactivateSalesRep, work: UnitOfWork) -> SalesRep:
    """End a representative's sales; what is open between him and the companies is reported."""
    row = await _load(request.rep_id, work)
    if not row["active"]:
        return views.sales_rep(row, await _balances(row["id"], work))
    if row["entry_date"] is not None and request.exit_date < row["entry_date"]:
        raise Refused.field("exit_date", "order", f"exit_date lies before entry_date {row['entry_date']}; correct it")
    after = await _store(row, work, active=False, exit_date=request.exit_date)
    contracts = (
        select(recurring_right.c.contract_id)
        .distinct()
        .where(
            recurring_right.c.organisation_id == work.organisation_id,
            recurring_right.c.rep_id == row["id"],
            one_of(recurring_right.c.status, (RightStatus.PENDING, RightStatus.ACTIVE, RightStatus.SUSPENDED)),
        )
    )
    for found in await work.fetch(contracts):
        await end_rights(found["contract_id"], RightStatus.ENDED, "REP_EXIT", request.exit_date, work)
    fact = {
        **views.rep_snapshot(after),
        "exit_date": request.exit_date,
        "transfer_to_rep_id": request.transfer_to_rep_id,
    }
    work.emit(SalesRepDeactivated.model_validate(fact), version=after["version"])
    return views.sales_rep(after, await _balances(row["id"], work))


async def attribute_contract(request: AttributeContract, work: UnitOfWork) -> ContractAttribution:
    """Give a contract to an active representative."""
    contract = await locked_contract(request.contract_id, work)
    if contract is None:
        raise Refused(CONTRACT_UNKNOWN, f"no contract {request.contract_id} is known here; check contract_id")
    rep = await _load(request.rep_id, work)
    if not rep["active"]:
        raise Refused(REP_INACTIVE, f"representative {rep['code']} has left; choose an active one")
    current = await current_attribution(request.contract_id, work)
    if current is not None and current["valid_from"] > request.valid_from:
        raise Refused(
            ATTRIBUTION_OVERLAP,
            f"the contract is attributed from {current['valid_from']} on; give that date or a later one",
        )
    source = AttributionSource.MANUAL if current is None else AttributionSource.TRANSFER
    await attribute(
        request.contract_id, contract["client_id"], rep["id"], request.valid_from, source, request.reason, work
    )
    held = await work.load(
        select(contract_attribution).where(
            contract_attribution.c.organisation_id == work.organisation_id,
            contract_attribution.c.contract_id == request.contract_id,
            contract_attribution.c.valid_to.is_(None),
        ),
        "contract_attribution",
    )
    return ContractAttribution.model_validate(dict(held))


async def _load(rep_id: UUID, work: UnitOfWork) -> Row:
    wanted = select(sales_rep).where(sales_rep.c.organisation_id == work.organisation_id, sales_rep.c.id == rep_id)
    return await work.load(wanted.with_for_update(), "sales_rep", code=SALES_REP_NOT_FOUND, id=rep_id)


def _new_row(identity: UUID, work: UnitOfWork) -> dict[str, Any]:
    return {
        "id": identity,
        "organisation_id": work.organisation_id,
        "version": 1,
        "created_at": work.now,
        "created_by": work.caller.principal,
        "updated_at": work.now,
        "updated_by": work.caller.principal,
    }


def _names(fields: Row | dict[str, Any]) -> dict[str, Any]:
    given = tidy_name(fields["given_name"]) if fields["given_name"] else None
    family = tidy_name(fields["family_name"]) if fields["family_name"] else None
    shown = fields["legal_name"] or f"{given} {family}"
    return {"given_name": given, "family_name": family, "search_name": search_form(shown)}


async def _refuse_duplicates(row: Row | dict[str, Any], work: UnitOfWork) -> None:
    for name, code in (("code", REP_DUPLICATE_CODE), ("email", REP_DUPLICATE_EMAIL), ("user_id", REP_DUPLICATE_USER)):
        if row[name] is None:
            continue
        other = await work.fetch_one(
            select(sales_rep.c.id, sales_rep.c.code).where(
                sales_rep.c.organisation_id == work.organisation_id,
                sales_rep.c[name] == row[name],
                sales_rep.c.id != row["id"],
            )
        )
        if other is not None:
            raise Refused(
                code,
                f"{name} belongs to representative {other['code']}; open that record or give another one",
                details={"rep_id": str(other["id"])},
            )


async def _store(row: Row, work: UnitOfWork, **changes: Any) -> Row:
    version = row["version"] + 1
    await work.execute(
        update(sales_rep)
        .where(sales_rep.c.organisation_id == work.organisation_id, sales_rep.c.id == row["id"])
        .values(**changes, version=version, updated_at=work.now, updated_by=work.caller.principal)
    )
    return {**row, **changes, "version": version}


async def _balances(rep_id: UUID, work: UnitOfWork) -> RepBalances:
    """In euros: what is payable, what is to be taken back, what is carried."""
    entry, taken, carried = commission_entry.c, clawback.c, carry_over.c

    def total(column: Any, *where: Any) -> Any:
        return select(func.coalesce(func.sum(column), Decimal("0.00"))).where(*where).scalar_subquery()

    row = await work.load(
        select(
            total(
                entry.amount,
                entry.organisation_id == work.organisation_id,
                entry.rep_id == rep_id,
                entry.currency == "EUR",
                entry.status == CommissionStatus.PAYABLE,
            ).label("payable"),
            total(
                taken.amount,
                taken.organisation_id == work.organisation_id,
                taken.rep_id == rep_id,
                taken.currency == "EUR",
                taken.status == ClawbackStatus.PENDING,
            ).label("pending_clawbacks"),
            total(
                carried.remaining_amount,
                carried.organisation_id == work.organisation_id,
                carried.rep_id == rep_id,
                carried.currency == "EUR",
                carried.status == CarryOverStatus.OPEN,
            ).label("open_carry_overs"),
        ),
        "balances",
    )
    return RepBalances.model_validate({name: Money(amount=row[name]) for name in RepBalances.model_fields})
