"""Closings, rates of late interest, and an organisation's own words for statuses."""

from datetime import date
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field

from messages.base import Empty, Reply, Request
from messages.errors import NOT_FOUND
from messages.factures.values import DocumentKind
from messages.paging import Page, PageRequest
from messages.values.instants import Instant
from messages.values.money import Amount
from messages.values.numbers import Rate
from messages.values.text import Label, Line

INVOICE_STATUS_UNKNOWN = NOT_FOUND.specific("INVOICE_STATUS_UNKNOWN", "Statut inconnu", "Status unknown")


class ClosingPeriod(StrEnum):
    """What a closing sums up; a YEAR is the company's fiscal year."""

    DAY = "DAY"
    MONTH = "MONTH"
    YEAR = "YEAR"


class KindTotals(Reply):
    """What the documents of one kind come to."""

    kind: DocumentKind
    net: Amount
    vat: Amount
    gross: Amount


class Closing(Reply):
    """The sealed totals of a period; the perpetual total only ever grows."""

    company_id: UUID
    period: ClosingPeriod
    period_start: date
    period_end: date
    document_count: int
    totals: tuple[KindTotals, ...]
    perpetual_total: Amount
    first_seq: int | None
    last_seq: int | None
    last_seal_hash: str
    prev_closing_hash: str
    closing_hash: str
    closed_at: Instant


class ClosingPage(Page[Closing]):
    """Closings, newest period first."""


class ListClosings(PageRequest, Request[ClosingPage], query=True, permission="factures:closing:read"):
    """The closings of a company."""

    company_id: UUID
    period: ClosingPeriod = ClosingPeriod.DAY


class RunClosing(Request[ClosingPage], permission="factures:closing:run"):
    """Close every ended period that is not closed yet; the clock does it after each midnight."""

    company_id: UUID
    period: ClosingPeriod = ClosingPeriod.DAY


class LateInterestRate(Reply):
    """The yearly rate between businesses in a semester: that of the European Central Bank and ten points."""

    semester: str
    ecb_rate: Rate
    rate: Rate
    source: str


class LateInterestRates(Reply):
    """All known semesters, oldest first."""

    items: tuple[LateInterestRate, ...]


class UpsertLateInterestRate(Request[LateInterestRate], permission="factures:late_interest_rate:write"):
    """Enter or correct the central bank's rate of a semester; documents issued later print it."""

    semester: Annotated[str, Field(pattern="^20[0-9]{2}-S[12]$")]
    ecb_rate: Rate
    source: Line


class ListLateInterestRates(Request[LateInterestRates], query=True, permission="factures:invoice:read"):
    """The rates of late interest by semester."""


class StatusLabel(Reply):
    """A status as the organisation calls it."""

    code: str
    label: str
    description: str | None
    display_order: int
    colour: str | None


class StatusLabels(Reply):
    """All statuses in their order."""

    items: tuple[StatusLabel, ...]


class ListInvoiceStatuses(Request[StatusLabels], query=True, permission="factures:invoice:read"):
    """The statuses of documents and how the organisation calls them."""


class UpsertStatusLabel(Request[StatusLabel], permission="factures:status_label:write"):
    """Call a status differently; the code stays what it is."""

    code: Label
    label: Label
    description: Line | None = None
    display_order: Annotated[int, Field(ge=0, le=1000)] | None = None
    colour: Annotated[str, Field(pattern="^#[0-9A-Fa-f]{6}$")] | None = None


class DeleteStatusLabel(Request[Empty], permission="factures:status_label:write"):
    """Go back to the word a status came with."""

    code: Label
