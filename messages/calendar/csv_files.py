"""calendar: files of preferences, closed days, dates and forecasts that are read in, and files that are written."""

from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, model_validator

from messages.base import Event, Part, Reply, Request
from messages.errors import NOT_FOUND, PRECONDITION_FAILED, VALIDATION_FAILED
from messages.paging import Page, PageRequest
from messages.values.instants import Instant
from messages.values.refusal import refusal
from messages.values.text import Code, Line

INLINE_BYTES = 256 * 1024
MOST_BYTES = 10 * 1024 * 1024
MOST_ROWS = 50_000
CONFIRM_WITHIN = timedelta(hours=24)
_LONGEST_EXPORT_DAYS = 366

DRY_RUN_REQUIRED = VALIDATION_FAILED.specific("DRY_RUN_REQUIRED", "Simulation obligatoire", "A dry run comes first")
FILE_TOO_LARGE = VALIDATION_FAILED.specific("FILE_TOO_LARGE", "Fichier trop volumineux", "File too large")
NOT_CSV = VALIDATION_FAILED.specific("NOT_CSV", "Le fichier n'est pas un CSV", "Not a CSV file")
IMPORT_NOT_FOUND = NOT_FOUND.specific("CSV_IMPORT_NOT_FOUND", "Import introuvable", "Import not found")
IMPORT_EXPIRED = PRECONDITION_FAILED.specific("IMPORT_EXPIRED", "Simulation expirée", "The dry run has expired")
IMPORT_HAS_ERRORS = PRECONDITION_FAILED.specific("IMPORT_HAS_ERRORS", "Import en erreur", "The import has errors")
ALREADY_APPLIED = PRECONDITION_FAILED.specific("ALREADY_APPLIED", "Import déjà appliqué", "Import already applied")
CONFLICT_SINCE_PREVIEW = PRECONDITION_FAILED.specific(
    "CONFLICT_SINCE_PREVIEW", "Données modifiées depuis la simulation", "Data changed since the dry run"
)
EXPORT_NOT_FOUND = NOT_FOUND.specific("CSV_EXPORT_NOT_FOUND", "Export introuvable", "Export not found")


class CsvImportType(StrEnum):
    """What the rows of a file are; DEBIT_CONFIG names the level in each row."""

    COMPANY_CONFIG = "COMPANY_CONFIG"
    CLIENT_CONFIG = "CLIENT_CONFIG"
    CONTRACT_CONFIG = "CONTRACT_CONFIG"
    DEBIT_CONFIG = "DEBIT_CONFIG"
    HOLIDAYS = "HOLIDAYS"
    DEBIT_DATES = "DEBIT_DATES"
    VOLUME_FORECAST = "VOLUME_FORECAST"


class CsvImportStatus(StrEnum):
    """READING goes on in the background. VALIDATED may be confirmed for 24 hours, INVALID needs another file.

    CONFIRMED is being applied in the background; FAILED says why.
    """

    READING = "READING"
    VALIDATED = "VALIDATED"
    INVALID = "INVALID"
    CONFIRMED = "CONFIRMED"
    APPLIED = "APPLIED"
    FAILED = "FAILED"
    EXPIRED = "EXPIRED"


class OnError(StrEnum):
    """Whether one bad row keeps the whole file out, or only itself."""

    REJECT_ALL = "REJECT_ALL"
    SKIP_INVALID = "SKIP_INVALID"


class RowAction(StrEnum):
    """What a row does; SKIP: it says what is so already."""

    CREATE = "CREATE"
    UPDATE = "UPDATE"
    SKIP = "SKIP"


class CsvImportOptions(Part):
    """How to read the file; what is left out is detected."""

    on_error: OnError = OnError.REJECT_ALL
    delimiter: Annotated[str, Field(pattern="^[,;\t]$")] | None = None
    encoding: Annotated[str, Field(pattern="^(utf-8|cp1252)$")] | None = None


class CsvRowError(Reply):
    """One thing that is wrong with a row; the header is row 1."""

    row: int
    column: str | None
    value: str | None
    code: str
    message: str


class CsvPreviewRow(Reply):
    """What a row would do."""

    row: int
    action: RowAction
    entity_type: str
    entity_id: UUID | None
    data: dict[str, Any]
    change_summary: str | None


class CsvImport(Reply):
    """A file that was looked at: the first 200 rows as they would be applied, and the first 1,000 errors."""

    import_id: UUID
    type: CsvImportType
    filename: str
    document_id: UUID | None
    sha256: str
    status: CsvImportStatus
    success: bool
    options: CsvImportOptions
    rows_total: int
    rows_valid: int
    rows_error: int
    warnings: tuple[str, ...]
    errors: tuple[CsvRowError, ...]
    preview: tuple[CsvPreviewRow, ...]
    created_count: int | None
    updated_count: int | None
    skipped_count: int | None
    failure: str | None
    expires_at: Instant
    created_at: Instant
    version: int


class CsvImportSummary(Reply):
    """An import in a list."""

    import_id: UUID
    type: CsvImportType
    filename: str
    status: CsvImportStatus
    rows_total: int
    rows_error: int
    created_at: Instant


class CsvImportPage(Page[CsvImportSummary]):
    """Imports, newest first."""


class CsvTemplate(Reply):
    """The header of a file, and which columns must be there."""

    type: CsvImportType
    header: str
    required: tuple[str, ...]


class CsvExportStatus(StrEnum):
    """A small file is DONE at once, a large one is PENDING until documents keeps it; a FAILED one says why."""

    PENDING = "PENDING"
    DONE = "DONE"
    FAILED = "FAILED"


class ExportedCsv(Reply):
    """A file: UTF-8 with BOM, semicolons, decimal points, ISO dates. Here, or (above 256 KiB) kept by documents."""

    filename: str
    status: CsvExportStatus = CsvExportStatus.DONE
    content_base64: str | None = None
    export_id: UUID | None = Field(default=None, description="of a large file: ask get_calendar_export when it is DONE")
    document_id: UUID | None = None
    row_count: int | None = Field(default=None, description="null until a large file is written")
    failure: str | None = None


class ImportCsv(Request[CsvImport], permission="calendar:import:create", timeout_seconds=30.0):
    """Look at a file without changing anything; confirm_csv_import applies it within 24 hours.

    More than 1,000 rows or 256 KiB are READING in the background: ask get_csv_import for the findings. At most 50,000 rows.
    """

    type: CsvImportType
    filename: Line = "import.csv"
    document_id: UUID | None = Field(default=None, description="an uploaded file of at most 10 MiB")
    content_base64: Annotated[str, Field(max_length=4 * INLINE_BYTES // 3 + 8)] | None = None
    dry_run: bool
    options: CsvImportOptions = CsvImportOptions()

    @model_validator(mode="after")
    def _one_source(self) -> "ImportCsv":
        if (self.document_id is None) == (self.content_base64 is None):
            raise refusal("ONE_SOURCE", "give either document_id or content_base64")
        return self


class ConfirmCsvImport(Request[CsvImport], permission="calendar:import:confirm", timeout_seconds=30.0):
    """Apply a file that was looked at; refused when the data changed since.

    At most 1,000 rows are applied whole or not at all. More are CONFIRMED and applied in the background, 500 at a time: an
    import that ends FAILED says how far it came, and a second one skips what is so already.
    """

    import_id: UUID


class GetCsvImport(Request[CsvImport], query=True, permission="calendar:import:create"):
    """One import."""

    import_id: UUID


class ListCsvImports(PageRequest, Request[CsvImportPage], query=True, permission="calendar:import:create"):
    """The imports of the organisation."""

    type: CsvImportType | None = None


class GetCsvTemplate(Request[CsvTemplate], query=True, permission="calendar:import:create"):
    """How a file of that type begins."""

    type: CsvImportType


class CsvExportType(StrEnum):
    """Single debits, days by company and lot, or days of the whole organisation with their intensity."""

    PLANNED_DEBITS = "PLANNED_DEBITS"
    VOLUMES = "VOLUMES"
    HEATMAP = "HEATMAP"


class ExportCalendarCsv(Request[ExportedCsv], permission="calendar:export:create"):
    """Write what is planned between two days as a file; above 256 KiB it is written in the background."""

    type: CsvExportType = CsvExportType.PLANNED_DEBITS
    start_date: date
    end_date: date
    company_ids: Annotated[tuple[UUID, ...], Field(max_length=100)] = ()
    lots: Annotated[tuple[Code, ...], Field(max_length=31)] = ()

    @model_validator(mode="after")
    def _not_too_long(self) -> "ExportCalendarCsv":
        if not 0 <= (self.end_date - self.start_date).days <= _LONGEST_EXPORT_DAYS:
            raise refusal("INVALID_DATE_RANGE", "start_date lies before end_date, at most 366 days; correct them")
        return self


class GetCalendarExport(Request[ExportedCsv], query=True, permission="calendar:export:create"):
    """Whether a large file is written, and which document it is."""

    export_id: UUID


class AppliedImport(Reply):
    """What a file changed."""

    import_id: UUID
    type: CsvImportType
    created: int
    updated: int
    skipped: int


class DebitCalendarImportApplied(
    AppliedImport, Event, aggregate="debit_calendar", fact="import_applied", aggregate_id="import_id"
):
    """A file was applied."""
