"""commercial, statements: the monthly document of a representative and company, frozen when validated."""

from datetime import date
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field, model_validator

from messages.base import Event, Reply, Request
from messages.commercial.commissions import Period
from messages.errors import (
    BUSINESS_RULE_VIOLATION,
    FORBIDDEN,
    INVALID_TRANSITION,
    NOT_FOUND,
    PRECONDITION_FAILED,
    VERSION_CONFLICT,
)
from messages.paging import Page, PageRequest
from messages.values.instants import Instant
from messages.values.money import Money
from messages.values.numbers import Rate
from messages.values.refusal import refusal
from messages.values.text import Code, Label

STATEMENT_NOT_FOUND = NOT_FOUND.specific("STATEMENT_NOT_FOUND", "Bordereau introuvable", "Statement not found")
STATEMENT_FROZEN = INVALID_TRANSITION.specific("STATEMENT_FROZEN", "Bordereau figé", "Statement is frozen")
STATEMENT_NOT_DRAFT = INVALID_TRANSITION.specific(
    "STATEMENT_NOT_DRAFT", "Le bordereau n'est plus un brouillon", "The statement is no draft any more"
)
STATEMENT_EMPTY = BUSINESS_RULE_VIOLATION.specific("STATEMENT_EMPTY", "Aucune ligne retenue", "No line selected")
TOTALS_CHANGED = VERSION_CONFLICT.specific("TOTALS_CHANGED", "Les totaux ont changé", "Totals changed")
SELF_VALIDATION_FORBIDDEN = FORBIDDEN.specific(
    "SELF_VALIDATION_FORBIDDEN", "On ne valide pas son propre bordereau", "Nobody validates his own statement"
)
LINE_ALREADY_VALIDATED = INVALID_TRANSITION.specific(
    "LINE_ALREADY_VALIDATED", "Ligne déjà validée", "Line already validated"
)
REASON_REQUIRED = BUSINESS_RULE_VIOLATION.specific("REASON_REQUIRED", "Motif obligatoire", "Reason required")
EXPORT_NOT_READY = PRECONDITION_FAILED.specific("EXPORT_NOT_READY", "Fichiers en préparation", "Files not ready yet")


class StatementStatus(StrEnum):
    """The life of a statement; everything after DRAFT is frozen."""

    DRAFT = "DRAFT"
    VALIDATED = "VALIDATED"
    PUBLISHED = "PUBLISHED"
    PAID = "PAID"
    DISCARDED = "DISCARDED"


class LineSection(StrEnum):
    """Where a line is shown."""

    LINEAR = "LINEAR"
    CLAWBACK = "CLAWBACK"
    CARRY_OVER = "CARRY_OVER"


class LineType(StrEnum):
    """What a line comes from."""

    COMMISSION = "COMMISSION"
    RECURRING = "RECURRING"
    REGULARISATION = "REGULARISATION"
    ADJUSTMENT = "ADJUSTMENT"
    CLAWBACK = "CLAWBACK"
    CARRY_OVER = "CARRY_OVER"


class LineStatus(StrEnum):
    """Whether a line counts."""

    SELECTED = "SELECTED"
    DESELECTED = "DESELECTED"
    VALIDATED = "VALIDATED"


class SelectionOrigin(StrEnum):
    """Who chose."""

    AUTO = "AUTO"
    MANUAL = "MANUAL"


class FileFormat(StrEnum):
    """The formats a statement is stored in."""

    CSV = "CSV"
    PDF = "PDF"


class FileStatus(StrEnum):
    """Whether a file is stored."""

    PENDING = "PENDING"
    READY = "READY"
    FAILED = "FAILED"


class StatementTotals(Reply):
    """net = gross - clawbacks recovered - carry-over applied, never below zero; the rest is carried over."""

    gross: Money
    clawbacks: Money
    advances: Money
    carry_over: Money
    net: Money


class StatementRef(Reply):
    """A statement as facts name it."""

    statement_id: UUID
    number: str | None = None
    revision: int
    rep_id: UUID
    company_id: UUID
    period: Period
    totals: StatementTotals
    content_sha256: str | None = None
    dispute_deadline: date | None = None


class StatementFileRef(Reply):
    """A stored file of a statement."""

    document_id: UUID
    format: FileFormat
    sha256: str


class StatementFile(Reply):
    """A file of a statement and whether it is stored yet."""

    format: FileFormat
    file_name: str
    status: FileStatus
    document_id: UUID | None = None
    sha256: str | None = None


class Statement(StatementRef):
    """A statement with its balances."""

    currency: str
    status: StatementStatus
    clawbacks_recovered: Money
    new_carry_over: Money
    debt_forward: Money
    line_count: int
    selected_count: int
    validated_at: Instant | None = None
    published_at: Instant | None = None
    paid_on: date | None = None
    payment_reference: str | None = None
    files: tuple[StatementFile, ...] = ()
    version: int


class StatementPage(Page[Statement]):
    """Statements, newest first."""


class Statements(Reply):
    """The drafts that were built."""

    items: tuple[Statement, ...]


class StatementLine(Reply):
    """A line: what it comes from, as it was when the line was built."""

    line_id: UUID
    position: int
    section: LineSection
    line_type: LineType
    source_id: UUID
    contract_reference: str | None = None
    client_name: str | None = None
    product_name: str | None = None
    origin_period: Period
    instalment_month: Period | None = None
    base: Money | None = None
    rate: Rate | None = None
    plan_code: str | None = None
    plan_version_no: int | None = None
    reason: str | None = None
    amount: Money
    selected: bool
    selection_origin: SelectionOrigin
    selection_reason: str | None = None
    status: LineStatus


class StatementLinePage(Page[StatementLine]):
    """Lines by position."""


class StatementSelection(Reply):
    """The statement after a choice of lines, with its live totals."""

    statement: Statement
    changed: int


# -- requests ----------------------------------------------------------------------------------------------------


class GenerateStatements(Request[Statements], resource="statement", timeout_seconds=30.0):
    """Draft the statements of a company and period; drafts are rebuilt and keep what people chose."""

    company_id: UUID
    period: Period
    rep_id: UUID | None = None


class GenerateStatement(Request[Statement], resource="statement"):
    """Draft or redraft one statement."""

    rep_id: UUID
    company_id: UUID
    period: Period


class GetStatement(Request[Statement], query=True):
    """One statement by id, number, or representative, company and period."""

    statement_id: UUID | None = None
    number: Code | None = None

    @model_validator(mode="after")
    def _one_key(self) -> "GetStatement":
        if (self.statement_id is None) == (self.number is None):
            raise refusal("ONE_KEY", "give either statement_id or number")
        return self


class ListStatements(PageRequest, Request[StatementPage], query=True, resource="statement"):
    """The statements of the organisation; a representative sees his published ones."""

    rep_id: UUID | None = None
    company_id: UUID | None = None
    period: Period | None = None
    status: tuple[StatementStatus, ...] = ()


class ListStatementLines(PageRequest, Request[StatementLinePage], query=True, permission="commercial:statement:read"):
    """The lines of a statement."""

    statement_id: UUID
    section: LineSection | None = None
    selected: bool | None = None


class PreselectLines(Request[StatementSelection], permission="commercial:statement:write"):
    """Forget what people chose and select by rule again."""

    statement_id: UUID


class SetLineSelection(Request[StatementSelection], permission="commercial:statement:write"):
    """Take lines in or out; a choice against the rule needs a reason of five characters or more."""

    line_ids: Annotated[tuple[UUID, ...], Field(min_length=1, max_length=100)]
    selected: bool
    reason: Label | None = None


class ValidateStatement(Request[Statement]):
    """Number and freeze a draft, book clawbacks and carry-overs, and order its files."""

    statement_id: UUID
    expected_version: int | None = None
    expected_net: Money | None = None


class PublishStatement(Request[Statement]):
    """Show a validated statement to its representative."""

    statement_id: UUID


class MarkStatementPaid(Request[Statement], permission="commercial:statement:pay"):
    """Close a published statement: its commissions are paid."""

    statement_id: UUID
    paid_on: date
    bank_reference: Label | None = None


class DiscardDraftStatement(Request[Statement], permission="commercial:statement:write"):
    """Throw a draft away; its commissions wait for another one."""

    statement_id: UUID


class ExportStatement(Request[Statement], resource="statement"):
    """The files of a frozen statement; those that failed are ordered again."""

    statement_id: UUID


# -- events ------------------------------------------------------------------------------------------------------


class StatementGenerated(StatementRef, Event, aggregate="statement"):
    """A draft was built."""


class StatementValidated(StatementRef, Event, aggregate="statement"):
    """The statement is numbered and frozen."""


class StatementFilesReady(StatementRef, Event, aggregate="statement"):
    """The files are rendered and stored."""

    files: tuple[StatementFileRef, ...]


class StatementPublished(StatementRef, Event, aggregate="statement"):
    """The representative sees the statement."""

    files: tuple[StatementFileRef, ...]


class StatementPaid(StatementRef, Event, aggregate="statement"):
    """The statement was paid."""

    paid_on: date
    bank_reference: str | None = None
