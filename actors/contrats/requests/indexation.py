"""Indices, clauses and runs: entered, agreed on, proposed and confirmed."""

from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from actors.contrats import views
from actors.contrats.changes import indexing
from actors.contrats.contract_record import load
from actors.contrats.rules.indexation import next_revision, refuse_general_index
from actors.contrats.rules.status import BOUND
from messages.contrats import ContractUpdated, LineKind
from messages.contrats.indexation import (
    INDEX_PROVISIONAL,
    INDEXATION_RUN_NOT_FOUND,
    GetIndexationRun,
    IndexationClause,
    IndexationItemStatus,
    IndexationRun,
    IndexationRunStatus,
    IndexValue,
    IndexValuePage,
    ListIndexValues,
    PriceIndexSaved,
    RunIndexation,
    SetIndexation,
    UpsertIndexValue,
)
from messages.errors import INVALID_TRANSITION
from messages.problem import Refused
from messages.values.identifiers import derived_id
from runtime.pagination import page
from runtime.unit_of_work import Row, UnitOfWork
from storage.contrats.tables import contract_line, indexation_clause, indexation_run, price_index_value


async def upsert_index_value(request: UpsertIndexValue, work: UnitOfWork) -> IndexValue:
    """Keep a published value; a definite one replaces a provisional one."""
    identity = derived_id("price_index_value", work.organisation_id, request.code, request.period)
    statement = insert(price_index_value).values(
        id=identity, organisation_id=work.organisation_id, version=1, **request.model_dump()
    )
    changed = {name: statement.excluded[name] for name in ("value", "published_on", "provisional", "source")}
    row = await work.load(
        statement.on_conflict_do_update(
            index_elements=["organisation_id", "code", "period"],
            set_=changed | {"version": price_index_value.c.version + 1},
        ).returning(price_index_value),
        "index value",
    )
    work.emit(PriceIndexSaved.model_validate({**row, "price_index_id": row["id"]}), version=row["version"])
    return IndexValue.model_validate(dict(row))


async def list_index_values(request: ListIndexValues, work: UnitOfWork) -> IndexValuePage:
    """The published values of an index."""
    return await page(
        work,
        request,
        select(price_index_value).where(
            price_index_value.c.organisation_id == work.organisation_id, price_index_value.c.code == request.code
        ),
        order=(price_index_value.c.period,),
        descending=True,
        reply=IndexValuePage,
        item=lambda row: IndexValue.model_validate(dict(row)),
    )


async def set_indexation(request: SetIndexation, work: UnitOfWork) -> IndexationClause:
    """Agree on a clause; the prices in force become base prices."""
    record = await load(request.contract_id, work, expected_version=request.expected_version)
    if record.status not in BOUND:
        raise Refused(INVALID_TRANSITION, f"a contract that is {record.status} has no prices to index; sign it first")
    refuse_general_index(request.clause.index_code, record["type"], request.legal_basis)
    clause = request.clause
    following = next_revision(record["starts_on"], clause.revision_anchor, clause.frequency_months, record.today)
    row = {
        **clause.model_dump(),
        "contract_id": record.id,
        "organisation_id": work.organisation_id,
        "next_revision_on": following,
        "propose_on": following - timedelta(days=clause.notice_days),
        "proposed_for": None,
        "revisions": 0,
        "legal_basis": request.legal_basis,
    }
    statement = insert(indexation_clause).values(**row)
    columns = {name: statement.excluded[name] for name in row if name not in ("contract_id", "organisation_id")}
    await work.execute(statement.on_conflict_do_update(index_elements=["contract_id"], set_=columns))
    await work.execute(
        update(contract_line)
        .where(
            contract_line.c.organisation_id == work.organisation_id,
            contract_line.c.contract_id == record.id,
            contract_line.c.kind == LineKind.RECURRING,
            contract_line.c.valid_to.is_(None),
        )
        .values(base_unit_price=contract_line.c.unit_price_net)
    )
    record.state(ContractUpdated, changed_fields=("indexation",))
    await record.save()
    return views.clause_of(row)


async def run_indexation(request: RunIndexation, work: UnitOfWork) -> IndexationRun:
    """Propose, or confirm: then each contract is revised in a transaction of its own."""
    if request.revision_date is not None:
        run = await indexing.propose(request.revision_date, request.company_id, work)
        return views.run_of(run, await indexing.items_of(run["id"], work))
    run = await _run(request, work, lock=True)
    items = await indexing.items_of(run["id"], work)
    if run["status"] == IndexationRunStatus.CONFIRMED:
        return views.run_of(run, items)
    if any(item["skipped_reason"] == "INDEX_PROVISIONAL" for item in items):
        raise Refused(
            INDEX_PROVISIONAL, "a value of the index is provisional; enter the definite one and propose again"
        )
    await work.execute(
        update(indexation_run)
        .where(indexation_run.c.organisation_id == work.organisation_id, indexation_run.c.id == run["id"])
        .values(status=IndexationRunStatus.CONFIRMED)
    )
    revised = {item["contract_id"] for item in items if item["status"] == IndexationItemStatus.PROPOSED}
    for contract_id in sorted(revised):
        item = indexing.IndexContract(run_id=run["id"], contract_id=contract_id)
        work.order(item, key=f"{run['id']}:{contract_id}")
    work.record("indexation_run", run["id"], after={"status": "CONFIRMED", "contracts": len(revised)})
    return views.run_of({**run, "status": IndexationRunStatus.CONFIRMED}, items)


async def get_indexation_run(request: GetIndexationRun, work: UnitOfWork) -> IndexationRun:
    """What the run does or did."""
    run = await _run(request, work)
    return views.run_of(run, await indexing.items_of(run["id"], work))


async def _run(request: RunIndexation | GetIndexationRun, work: UnitOfWork, *, lock: bool = False) -> Row:
    statement = select(indexation_run).where(
        indexation_run.c.organisation_id == work.organisation_id, indexation_run.c.id == request.run_id
    )
    found = statement.with_for_update() if lock else statement
    return await work.load(found, "indexation run", code=INDEXATION_RUN_NOT_FOUND)
