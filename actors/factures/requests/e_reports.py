"""Requests about e-reports."""

from uuid import UUID

from sqlalchemy import select

from actors.factures import accounts, reporting
from actors.factures.rules.e_reports import REPORTING, period_of
from messages.factures.e_reports import (
    E_REPORT_NOT_FOUND,
    EREPORT_CLOSED,
    EReport,
    EReportPage,
    EReportStatus,
    EReportType,
    GenerateEReport,
    GetEReport,
    ListEReports,
    RectifyEReport,
    SubmitEReport,
)
from messages.factures.platform import VatPeriodicity
from messages.problem import Refused
from runtime.pagination import page
from runtime.unit_of_work import Row, UnitOfWork
from storage.factures.tables import e_report


async def list_e_reports(request: ListEReports, work: UnitOfWork) -> EReportPage:
    """A page of reports, newest first."""
    statement = select(*(column for column in e_report.c if column.key != "xml")).where(
        e_report.c.organisation_id == work.organisation_id
    )
    if request.company_id is not None:
        statement = statement.where(e_report.c.company_id == request.company_id)
    order = (e_report.c.created_at, e_report.c.id)
    return await page(work, request, statement, order=order, descending=True, reply=EReportPage, item=reporting.view)


async def get_e_report(request: GetEReport, work: UnitOfWork) -> EReport:
    """One report."""
    return reporting.view(_seen(await reporting.read(request.e_report_id, work), request.e_report_id, work))


async def generate_e_report(request: GenerateEReport, work: UnitOfWork) -> EReport:
    """Make the report of an ended period by hand."""
    account = await accounts.account_of(request.company_id, work, lock=True)
    period = period_of(request.type, VatPeriodicity(account["vat_periodicity"]), request.on)
    if period.end >= work.today():
        raise Refused(EREPORT_CLOSED, f"the period ends on {period.end}; generate its report after that")
    known = select(e_report).where(
        e_report.c.organisation_id == work.organisation_id,
        e_report.c.company_id == request.company_id,
        e_report.c.type == request.type,
        e_report.c.period_start == period.start,
    )
    if await work.fetch_one(known) is not None:
        raise Refused(EREPORT_CLOSED, f"the period from {period.start} is reported; rectify its report instead")
    lines = await reporting.lines_of(request.company_id, request.type, period, work)
    return reporting.view(await reporting.generate(account, request.type, period, lines, work))


async def submit_e_report(request: SubmitEReport, work: UnitOfWork) -> EReport:
    """Send a report."""
    return reporting.view(await reporting.submit(await _load(request.e_report_id, work), work))


async def rectify_e_report(request: RectifyEReport, work: UnitOfWork) -> EReport:
    """Replace a report whose period looks different by now."""
    row = await _load(request.e_report_id, work)
    if not REPORTING.allows("rectify", EReportStatus(row["status"])):
        raise Refused(EREPORT_CLOSED, f"the report is {row['status']}; only one that was sent can be rectified")
    account = await accounts.account_of(row["company_id"], work)
    period = period_of(EReportType(row["type"]), VatPeriodicity(account["vat_periodicity"]), row["period_start"])
    lines = await reporting.lines_of(row["company_id"], EReportType(row["type"]), period, work)
    if lines == row["lines"]:
        raise Refused(EREPORT_CLOSED, "nothing in the period has changed since the report; there is nothing to rectify")
    return reporting.view(await reporting.rectify(row, account, lines, work))


async def _load(e_report_id: UUID, work: UnitOfWork) -> Row:
    return _seen(await reporting.locked(e_report_id, work), e_report_id, work)


def _seen(row: Row | None, e_report_id: UUID, work: UnitOfWork) -> Row:
    if row is None or not work.caller.sees_company(row["company_id"]):
        raise Refused(E_REPORT_NOT_FOUND, f"e-report {e_report_id} does not exist; check the id")
    return row
