"""What commercial does on time."""

from sqlalchemy import select

from actors.commercial.engine.drafts import build_draft
from actors.commercial.engine.rights import expire_rights
from actors.commercial.engine.settings import settings_of
from actors.commercial.engine.statement_sources import representatives_to_draft
from actors.commercial.requests.commissions import retry
from actors.commercial.rules.periods import previous_period
from messages.commercial import IssueStatus, StatementStatus
from messages.values.instants import local_date
from runtime.actor import MORE, Moment
from runtime.unit_of_work import UnitOfWork
from storage.commercial.queries import none_of
from storage.commercial.tables import calculation_issue, company_ref, statement

_BATCH = 100


async def retry_issues(moment: Moment, work: UnitOfWork) -> None:
    """Try open issues again, those that were tried least first."""
    issue = calculation_issue.c
    wanted = select(calculation_issue).where(
        issue.organisation_id == work.organisation_id, issue.status == IssueStatus.OPEN
    )
    for row in await work.fetch(wanted.order_by(issue.attempts, issue.id).limit(_BATCH)):
        await retry(row, work)


async def end_expired_rights(moment: Moment, work: UnitOfWork) -> object:
    """End recurring rights whose duration is over."""
    return MORE if await expire_rights(local_date(moment.as_of), _BATCH, work) == _BATCH else None


async def draft_statements(moment: Moment, work: UnitOfWork) -> None:
    """On the day of the settings, draft last month's statements of every company; frozen ones stay."""
    today = local_date(moment.as_of)
    if today.day != (await settings_of(work))["statement_day"]:
        return
    period = previous_period(today)
    companies = select(company_ref.c.company_id).where(company_ref.c.organisation_id == work.organisation_id)
    for company in await work.fetch(companies):
        frozen = await work.fetch(
            select(statement.c.rep_id, statement.c.currency).where(
                statement.c.organisation_id == work.organisation_id,
                statement.c.company_id == company["company_id"],
                statement.c.period == period,
                none_of(statement.c.status, (StatementStatus.DRAFT, StatementStatus.DISCARDED)),
            )
        )
        done = {(row["rep_id"], row["currency"]) for row in frozen}
        for rep_id, currency in await representatives_to_draft(company["company_id"], period, work):
            if (rep_id, currency) not in done:
                await build_draft(rep_id, company["company_id"], period, currency, work)
