"""Runs of price indexation: proposed contract by contract, applied each in a transaction of its own."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from actors.contrats import views
from actors.contrats.changes import amending
from actors.contrats.contract_record import ContractRecord, find
from actors.contrats.facts import first_time
from actors.contrats.rules.amendments import LineChanges, exit_right_end, notice_is_long_enough
from actors.contrats.rules.amounts import net_of
from actors.contrats.rules.billing_periods import next_period_start
from actors.contrats.rules.indexation import index_period, next_revision, ratio_of, revised_price
from actors.contrats.rules.status import BOUND
from messages.contrats import LegalRegime, LineKind
from messages.contrats.amendments import ContractLineChanged, LineChangeCause, VersionKind
from messages.contrats.indexation import (
    ContractPriceIndexed,
    IndexationItemStatus,
    IndexationRunStatus,
    IndexCode,
)
from messages.values.identifiers import new_id
from runtime.unit_of_work import Row, UnitOfWork, WorkItem
from runtime.work_queue import Outside
from storage.contrats.tables import (
    contract,
    indexation_clause,
    indexation_item,
    indexation_run,
    price_index_value,
)


class IndexContract(WorkItem):
    """The prices of one contract are to be revised as a confirmed run proposed."""

    run_id: UUID
    contract_id: UUID


async def propose(revision_date: date, company_id: UUID | None, work: UnitOfWork) -> Row:
    """Write down what the revision of that date would do; changes no contract."""
    run = {
        "id": new_id(),
        "organisation_id": work.organisation_id,
        "revision_date": revision_date,
        "company_id": company_id,
        "status": IndexationRunStatus.PROPOSED,
        "created_at": work.now,
        "created_by": work.caller.principal,
    }
    await work.insert(indexation_run, **run)
    due = (
        select(indexation_clause.c.contract_id)
        .join(contract, contract.c.id == indexation_clause.c.contract_id)
        .where(
            indexation_clause.c.organisation_id == work.organisation_id,
            indexation_clause.c.next_revision_on == revision_date,
            contract.c.status.in_(BOUND),
        )
        .order_by(indexation_clause.c.contract_id)
    )
    if company_id is not None:
        due = due.where(contract.c.company_id == company_id)
    for row in await work.fetch(due):
        record = await find(row["contract_id"], work, lock=False)
        clause = await clause_of(row["contract_id"], work)
        if record is not None and clause is not None:
            items = await _items(record, clause, revision_date)
            await work.insert_rows(indexation_item, [item | {"run_id": run["id"]} for item in items])
    return run


async def clause_of(contract_id: UUID, work: UnitOfWork) -> Row | None:
    """The clause of a contract."""
    return await work.fetch_one(
        select(indexation_clause).where(
            indexation_clause.c.organisation_id == work.organisation_id, indexation_clause.c.contract_id == contract_id
        )
    )


async def items_of(run_id: UUID, work: UnitOfWork, contract_id: UUID | None = None) -> list[Row]:
    """The lines of a run, those of one contract when it is named."""
    statement = select(indexation_item).where(
        indexation_item.c.organisation_id == work.organisation_id, indexation_item.c.run_id == run_id
    )
    if contract_id is not None:
        statement = statement.where(indexation_item.c.contract_id == contract_id)
    return await work.fetch(statement.order_by(indexation_item.c.id))


async def nothing_outside(item: IndexContract, outside: Outside) -> None:
    """Prices are revised inside the database alone."""


async def index_contract(item: IndexContract, result: None, work: UnitOfWork) -> None:
    """Revise the prices of one contract, once per contract and revision."""
    record, clause = await find(item.contract_id, work), await clause_of(item.contract_id, work)
    run = await work.fetch_one(
        select(indexation_run).where(
            indexation_run.c.organisation_id == work.organisation_id, indexation_run.c.id == item.run_id
        )
    )
    if record is None or clause is None or run is None or record.status not in BOUND:
        return
    revision_date = run["revision_date"]
    if clause["next_revision_on"] != revision_date or not await first_time(
        f"indexed:{record.id}:{revision_date}", work
    ):
        return
    fresh = await _items(record, clause, revision_date)
    revised = [entry for entry in fresh if entry["status"] == IndexationItemStatus.PROPOSED]
    if revised:
        await _revise(record, clause, revised, revision_date)
    await _settle(item.run_id, fresh, work)
    await _move_on(record, clause, revision_date)
    await record.save()


async def _revise(record: ContractRecord, clause: Row, items: Sequence[dict[str, Any]], revision_date: date) -> None:
    old_mrr, currency, by_line = record["mrr"], record["currency"], {line["id"]: line for line in record.lines}
    ends, opens = {}, []
    for item in items:
        line = by_line[item["line_id"]]
        day = next_period_start(record["starts_on"], record["billing_anchor"], line["billing_period"], revision_date)
        net = net_of(line["quantity"], item["new_price"], line["discount_pct"], line["discount_amount"])
        ends[line["id"]] = day - timedelta(days=1)
        opens.append(
            {**line, "replaces": line["id"], "unit_price_net": item["new_price"], "net": net, "valid_from": day}
        )
    changes = amending.numbered(record, LineChanges(ends, opens))
    label = f"Indexation {clause['index_code']}"
    await amending.apply(
        record, changes, VersionKind.INDEXATION, revision_date, source_id=items[0]["id"], label=label, prorate=False
    )
    until = exit_right_end(record["legal_regime"], record.today, revision_date)
    if until is not None:
        record.set(exit_right_until=max(until, record["exit_right_until"] or until))
    amounts = {"old_mrr": views.money(old_mrr, currency), "new_mrr": views.money(record["mrr"], currency)}
    record.state(ContractLineChanged, cause=LineChangeCause.INDEXATION, **amounts)
    record.state(
        ContractPriceIndexed,
        items=[
            {
                "line_id": item["line_id"],
                "old": views.money(item["old_price"], currency),
                "new": views.money(item["new_price"], currency),
            }
            for item in items
        ],
        ratio=items[0]["ratio"],
        index_code=clause["index_code"],
        index_period=items[0]["index_period"] or "",
        notified_on=record.today,
        exit_right_until=until,
        effective_from=revision_date,
    )


async def _items(record: ContractRecord, clause: Row, revision_date: date) -> list[dict[str, Any]]:
    """What the revision does to each recurring line, or why it leaves it alone."""
    period, value, reason = await _value(clause, revision_date, record.work)
    consumer = record["legal_regime"] != LegalRegime.BUSINESS
    if consumer and not notice_is_long_enough(record.today, revision_date):
        reason = reason or "NOTICE_TOO_SHORT"
    ratio = ratio_of(clause, value) if reason is None else None
    found = []
    for line in record.lines_in_force:
        if line["kind"] != LineKind.RECURRING or not line["indexable"]:
            continue
        base = line["base_unit_price"]
        skipped = reason or ("NO_BASE_PRICE" if base is None else None)
        price = None
        if skipped is None and ratio is not None:
            price = revised_price(base, ratio, line["unit_price_net"], clause["cap_percent"], clause["floor_percent"])
        found.append(
            {
                "id": new_id(),
                "organisation_id": record.work.organisation_id,
                "contract_id": record.id,
                "line_id": line["id"],
                "old_price": line["unit_price_net"],
                "new_price": price,
                "ratio": None if ratio is None else ratio.quantize(Decimal("0.000001")),
                "index_period": period,
                "status": IndexationItemStatus.PROPOSED if skipped is None else IndexationItemStatus.SKIPPED,
                "skipped_reason": skipped,
            }
        )
    return found


async def _value(clause: Row, revision_date: date, work: UnitOfWork) -> tuple[str | None, Decimal | None, str | None]:
    """The period of the index, its value, and why it cannot be used yet."""
    if clause["index_code"] == IndexCode.FIXED_PERCENT:
        return None, None, None
    period = index_period(clause["index_code"], revision_date, clause["reference_lag_months"])
    row = await work.fetch_one(
        select(price_index_value).where(
            price_index_value.c.organisation_id == work.organisation_id,
            price_index_value.c.code == clause["index_code"],
            price_index_value.c.period == period,
        )
    )
    if row is None:
        return period, None, "INDEX_MISSING"
    return period, row["value"], "INDEX_PROVISIONAL" if row["provisional"] else None


async def _settle(run_id: UUID, items: Sequence[dict[str, Any]], work: UnitOfWork) -> None:
    """Keep in the run what really became of its lines."""
    for item in items:
        applied = item["status"] == IndexationItemStatus.PROPOSED
        await work.execute(
            update(indexation_item)
            .where(
                indexation_item.c.organisation_id == work.organisation_id,
                indexation_item.c.run_id == run_id,
                indexation_item.c.line_id == item["line_id"],
            )
            .values(
                status=IndexationItemStatus.APPLIED if applied else item["status"],
                new_price=item["new_price"],
                ratio=item["ratio"],
                skipped_reason=item["skipped_reason"],
            )
        )


async def _move_on(record: ContractRecord, clause: Row, revision_date: date) -> None:
    following = next_revision(record["starts_on"], clause["revision_anchor"], clause["frequency_months"], revision_date)
    await record.work.execute(
        update(indexation_clause)
        .where(
            indexation_clause.c.organisation_id == record.work.organisation_id,
            indexation_clause.c.contract_id == record.id,
        )
        .values(
            next_revision_on=following,
            propose_on=following - timedelta(days=clause["notice_days"]),
            revisions=clause["revisions"] + 1,
        )
    )
