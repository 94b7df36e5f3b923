"""Payments: the double-entry sub-ledger and its export."""

from datetime import date
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field, model_validator

from messages.base import Reply, Request
from messages.paging import Page, PageRequest
from messages.values.instants import Instant
from messages.values.money import Money
from messages.values.refusal import refusal


class ExportType(StrEnum):
    """What an export holds."""

    FEC = "FEC"


class ExportStatus(StrEnum):
    """How far an export has come."""

    PENDING = "PENDING"
    DONE = "DONE"
    FAILED = "FAILED"


class JournalCode(StrEnum):
    """Sales, bank, everything else."""

    VT = "VT"
    BAN = "BAN"
    OD = "OD"


class JournalLine(Reply):
    """One side of an entry; exactly one of debit and credit is above zero."""

    account: str
    client_id: UUID | None
    debit: Money
    credit: Money


class JournalEntry(Reply):
    """A posted entry; it never changes."""

    id: UUID
    company_id: UUID
    journal: JournalCode
    fiscal_year: int
    number: int
    entry_date: date
    piece_ref: str
    label: str
    rule: str
    lines: tuple[JournalLine, ...]
    posted_at: Instant


class JournalEntryPage(Page[JournalEntry]):
    """Entries by date."""


class AccountBalance(Reply):
    """The movements of an account, and debit less credit."""

    account: str
    debit: Money
    credit: Money
    balance: Money


class TrialBalance(Reply):
    """Every account of a company; the total is always zero."""

    company_id: UUID
    as_of: date
    accounts: tuple[AccountBalance, ...]
    total: Money


class ExportJob(Reply):
    """An export, from the order to the file."""

    id: UUID
    company_id: UUID
    type: ExportType
    period_from: date
    period_to: date
    status: ExportStatus
    file_name: str | None
    sha256: str | None
    size: int | None
    record_count: int | None
    created_at: Instant
    version: int


class ExportFile(Reply):
    """One part of an export, base64; the parts of 256 KiB joined have the given SHA-256."""

    job_id: UUID
    file_name: str
    sha256: str
    part: int
    parts: int
    content: str


class ListJournalEntries(PageRequest, Request[JournalEntryPage], query=True, permission="payments:ledger:read"):
    """Entries of a company by journal and date."""

    company_id: UUID
    journal: JournalCode | None = None
    from_date: date | None = None
    to_date: date | None = None


class GetTrialBalance(Request[TrialBalance], query=True, permission="payments:ledger:read"):
    """The balance of every account up to a day, today if none is given."""

    company_id: UUID
    as_of: date | None = None


class CreateExportJob(Request[ExportJob], permission="payments:payment_export:create"):
    """Order a file of the entries of a period inside one year. It is for import: the sub-ledger alone is not the statutory FEC."""

    company_id: UUID
    type: ExportType = ExportType.FEC
    period_from: date
    period_to: date

    @model_validator(mode="after")
    def _one_year(self) -> "CreateExportJob":
        if self.period_from > self.period_to or self.period_from.year != self.period_to.year:
            raise refusal("PERIOD_INVALID", "period_from and period_to must lie in one year, in this order")
        return self


class GetExportJob(Request[ExportJob], query=True, permission="payments:payment_export:read"):
    """How far an export has come."""

    job_id: UUID


class ExportJobPage(Page[ExportJob]):
    """Exports, the newest order first."""


class ListExportJobs(PageRequest, Request[ExportJobPage], query=True, permission="payments:payment_export:read"):
    """The exports that were ordered."""


class DownloadExport(Request[ExportFile], query=True, permission="payments:payment_export:download", audited=True):
    """A part of an export; it names clients, so each download is audited."""

    job_id: UUID
    part: Annotated[int, Field(ge=1)] = 1
