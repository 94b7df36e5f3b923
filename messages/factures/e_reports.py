"""E-reporting (flow 10): sales to consumers and their payments, reported to the tax hub by period."""

from datetime import date
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field

from messages.base import Event, Reply, Request
from messages.errors import NOT_FOUND, PRECONDITION_FAILED
from messages.paging import Page, PageRequest
from messages.values.instants import Instant
from messages.values.money import Amount, Money
from messages.values.numbers import Rate

E_REPORT_NOT_FOUND = NOT_FOUND.specific("E_REPORT_NOT_FOUND", "E-reporting introuvable", "E-report not found")
EREPORT_CLOSED = PRECONDITION_FAILED.specific("EREPORT_CLOSED", "E-reporting clos", "The e-report is closed")


class EReportType(StrEnum):
    """What a report says: the sales of its period, or the money collected in it."""

    OUT_TRANSACTIONS = "OUT_TRANSACTIONS"
    PAYMENTS = "PAYMENTS"


class EReportPurpose(StrEnum):
    """The first report of a period, or one that takes the place of an earlier one."""

    INITIAL = "IN"
    RECTIFYING = "RE"


class EReportStatus(StrEnum):
    """Where a report stands."""

    GENERATED = "GENERATED"
    SENT = "SENT"
    ACCEPTED = "ACCEPTED"
    REJECTED = "REJECTED"
    RECTIFIED = "RECTIFIED"


class SaleCategory(StrEnum):
    """What was sold: goods, services, or what bears no VAT."""

    GOODS = "TLB1"
    SERVICES = "TPS1"
    UNTAXED = "TNT1"


class EReportLine(Reply):
    """A day's sales of one category and rate, or a day's collections at one rate; credit notes and returns are negative."""

    on: date
    category: SaleCategory | None = None
    rate: Rate
    base: Amount | None = None
    vat: Amount | None = None
    amount: Amount | None = None
    count: int | None = None


class EReportTotals(Reply):
    """What a report adds up to."""

    base: Money
    vat: Money
    collected: Money


class EReport(Reply):
    """A report of one period."""

    id: UUID
    company_id: UUID
    type: EReportType
    purpose: EReportPurpose
    period_start: date
    period_end: date
    deadline: date
    status: EReportStatus
    lines: tuple[EReportLine, ...]
    sha256: str
    error: str | None
    created_at: Instant
    version: int


class EReportPage(Page[EReport]):
    """Reports, newest first."""


class ListEReports(PageRequest, Request[EReportPage], query=True, permission="factures:e_report:read"):
    """The reports of the organisation."""

    company_id: UUID | None = None


class GetEReport(Request[EReport], query=True, permission="factures:e_report:read"):
    """One report."""

    e_report_id: UUID


class GenerateEReport(Request[EReport], permission="factures:e_report:write"):
    """Make the report of the ended period a day lies in; the clock does it on the first day after the period."""

    company_id: UUID
    type: EReportType
    on: date = Field(description="any day of the period")


class SubmitEReport(Request[EReport], permission="factures:e_report:write"):
    """Send a report that was generated, or rejected for a reason that is cured; the clock does it at once."""

    e_report_id: UUID


class RectifyEReport(Request[EReport], permission="factures:e_report:write"):
    """Replace a sent report whose period looks different by now: a late payment, a correction."""

    e_report_id: UUID


class EReportFacts(Reply):
    """What every fact about a report says."""

    e_report_id: UUID
    company_id: UUID
    type: EReportType
    period_start: date
    period_end: date
    totals: EReportTotals


class EReportGenerated(EReportFacts, Event, aggregate="e_report"):
    """A report is made."""


class EReportSubmitted(EReportFacts, Event, aggregate="e_report"):
    """A report is on its way to the tax hub."""


class EReportAccepted(EReportFacts, Event, aggregate="e_report"):
    """The tax hub has taken a report."""


class EReportRejected(EReportFacts, Event, aggregate="e_report"):
    """A report was not taken; somebody must look before its deadline."""

    reason: Annotated[str, Field(max_length=500)]
