"""Emission runs: one per company and date by the clock, others when a person asks."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from actors.payments.company import Company
from actors.payments.emission import Emission, Page
from messages.payments import RunStatus, RunTrigger
from messages.values.identifiers import new_id
from runtime.unit_of_work import Row, UnitOfWork
from storage.payments.tables.dues import emission_run


async def daily_run(work: UnitOfWork, company: Company, business_date: date) -> Row | None:
    """The company's run of the date, begun if it was not; None when it is finished."""
    begun = (
        insert(emission_run)
        .values(_run_row(work, company.id, business_date, RunTrigger.CLOCK))
        .on_conflict_do_nothing()
        .returning(emission_run)
    )
    row = await work.fetch_one(begun)
    if row is None:
        row = await work.fetch_one(
            select(emission_run)
            .where(
                emission_run.c.organisation_id == work.organisation_id,
                emission_run.c.company_id == company.id,
                emission_run.c.business_date == business_date,
                emission_run.c.trigger == RunTrigger.CLOCK,
            )
            .with_for_update()
        )
    return row if row is not None and row["status"] == RunStatus.RUNNING else None


async def go_on(work: UnitOfWork, company: Company, run: Row, local: datetime) -> Page:
    """Present the next page of a run and count it."""
    page = await Emission(work, company, run["business_date"], local).run(run["position"])
    await store_page(work, run["id"], page)
    return page


async def store_page(work: UnitOfWork, run_id: UUID, page: Page) -> None:
    """Add a page to the counters of its run; the last page finishes it."""
    changed: dict[str, Any] = {
        name: emission_run.c[name] + page.count(name) for name in ("emitted", "blocked", "skipped", "failed")
    }
    changed |= {"due": emission_run.c.due + len(page.results), "position": page.last}
    if page.complete:
        changed |= {"status": RunStatus.FINISHED, "finished_at": work.now}
    await work.execute(update(emission_run).where(emission_run.c.id == run_id).values(**changed))


async def manual_run(work: UnitOfWork, company_id: UUID, business_date: date) -> UUID:
    """Note a run that a person asked for."""
    row = _run_row(work, company_id, business_date, RunTrigger.MANUAL)
    await work.insert(emission_run, **row)
    run_id: UUID = row["id"]
    return run_id


def _run_row(work: UnitOfWork, company_id: UUID, business_date: date, trigger: RunTrigger) -> dict[str, Any]:
    return {
        "id": new_id(),
        "organisation_id": work.organisation_id,
        "company_id": company_id,
        "business_date": business_date,
        "trigger": trigger,
        "status": RunStatus.RUNNING,
        "started_at": work.now,
    }
