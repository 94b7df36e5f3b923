"""What factures does on time for the approved platform: retries, readings, collected amounts, e-reports."""

from datetime import timedelta

from sqlalchemy import or_, select

from actors.factures import collecting, reporting, transmitting
from actors.factures.ordering import PollPlatform
from actors.factures.rules.e_reports import ended_before
from messages.factures.e_reports import EReportStatus, EReportType
from messages.factures.platform import VatPeriodicity
from runtime.actor import MORE, Moment
from runtime.unit_of_work import Row, UnitOfWork
from storage.factures.tables import e_report, platform_account

_MOST = 100
_POLL_EVERY = timedelta(minutes=5)
_PERIODS_BACK = 3
_OPEN = (EReportStatus.GENERATED, EReportStatus.SENT, EReportStatus.REJECTED)


async def work_on_platforms(moment: Moment, work: UnitOfWork) -> object:
    """Try again what waited, and read every platform that was not read for five minutes."""
    due = await transmitting.due(work, _MOST)
    for row in due:
        transmitting.order_send(row["id"], row["attempts"], work)
    statement = select(platform_account.c.company_id).where(
        platform_account.c.organisation_id == work.organisation_id,
        or_(platform_account.c.polled_at.is_(None), platform_account.c.polled_at <= moment.as_of - _POLL_EVERY),
    )
    for row in await work.fetch(statement):
        work.order(PollPlatform(company_id=row["company_id"]), key=f"{row['company_id']}:{moment.as_of.isoformat()}")
    return None


async def state_collections(moment: Moment, work: UnitOfWork) -> object:
    """212 for what was collected since yesterday."""
    return MORE if await collecting.state_collections(work, _MOST) else None


async def report_to_tax_hub(moment: Moment, work: UnitOfWork) -> object:
    """Generate and send the reports of ended periods, and warn of deadlines."""
    accounts = await work.fetch(
        select(platform_account).where(
            platform_account.c.organisation_id == work.organisation_id,
            platform_account.c.einvoicing_start_on < work.today(),
        )
    )
    for account in accounts:
        for type_ in EReportType:
            await _report(account, type_, work)
    waiting = select(e_report).where(
        e_report.c.organisation_id == work.organisation_id,
        e_report.c.status.in_(_OPEN),
        e_report.c.alerted_at.is_(None),
    )
    for row in await work.fetch(waiting.with_for_update()):
        await reporting.warn_of_deadline(row, work)
    return None


async def _report(account: Row, type_: EReportType, work: UnitOfWork) -> None:
    periods = ended_before(type_, VatPeriodicity(account["vat_periodicity"]), work.today(), _PERIODS_BACK)
    for period in reversed(periods):
        if period.end < account["einvoicing_start_on"]:
            continue
        known = select(e_report.c.id).where(
            e_report.c.organisation_id == work.organisation_id,
            e_report.c.company_id == account["company_id"],
            e_report.c.type == type_,
            e_report.c.period_start == period.start,
        )
        if await work.fetch_one(known) is not None:
            continue
        lines = await reporting.lines_of(account["company_id"], type_, period, work)
        if lines:
            await reporting.submit(await reporting.generate(account, type_, period, lines, work), work)
