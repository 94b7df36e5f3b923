"""clients, exports: lists of clients as files, written in the background and kept by documents for thirty days."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field, field_validator

from messages.base import Event, Reply, Request
from messages.clients.listing import ClientFilter
from messages.errors import NOT_FOUND, VALIDATION_FAILED
from messages.values.instants import Instant
from messages.values.refusal import refusal

CLIENT_EXPORT_NOT_FOUND = NOT_FOUND.specific("CLIENT_EXPORT_NOT_FOUND", "Export introuvable", "Export not found")
CLIENT_EXPORT_TOO_LARGE = VALIDATION_FAILED.specific(
    "CLIENT_EXPORT_TOO_LARGE", "Export trop volumineux", "Export too large"
)

MOST_EXPORTED = 200_000


class ExportStatus(StrEnum):
    """Where an export is; a FAILED one says why and is ordered anew."""

    PENDING = "PENDING"
    DONE = "DONE"
    FAILED = "FAILED"


class ExportFormat(StrEnum):
    """CSV: `;` between cells, UTF-8 with a byte order mark, lines end with CR LF. JSONL: a JSON object per line."""

    CSV = "CSV"
    JSONL = "JSONL"


class ExportColumn(StrEnum):
    """What a column may hold, and its heading. The address is the home, or the head office."""

    CLIENT_CODE = "client_code"
    TYPE = "type"
    TITLE = "title"
    FAMILY_NAME = "family_name"
    GIVEN_NAME = "given_name"
    LEGAL_NAME = "legal_name"
    DISPLAY_NAME = "display_name"
    EMAIL = "email"
    PHONE = "phone"
    LINE1 = "line1"
    LINE2 = "line2"
    POSTAL_CODE = "postal_code"
    CITY = "city"
    COUNTRY = "country"
    SIREN = "siren"
    SIRET = "siret"
    VAT_NUMBER = "vat_number"
    LANGUAGE = "language"
    STATUS_CODE = "status_code"
    STATUS_CATEGORY = "status_category"
    RECORD_STATE = "record_state"
    SOURCE = "source"
    DO_NOT_CONTACT = "do_not_contact"
    TAGS = "tags"
    CREATED_AT = "created_at"


class ExportJob(Reply):
    """An export. Once DONE, `document_id` is read with documents' open_content; `sha256` is that of the whole file."""

    id: UUID
    columns: tuple[ExportColumn, ...]
    format: ExportFormat
    status: ExportStatus
    row_count: int | None = None
    document_id: UUID | None = None
    sha256: str | None = None
    failure: str | None = None
    created_at: Instant
    version: int


class CreateExport(Request[ExportJob], permission="clients:client:export"):
    """Write the clients of a filter, inside the caller's companies, to a file; at most ten an hour and 200,000 rows each."""

    filters: ClientFilter = ClientFilter()
    columns: Annotated[tuple[ExportColumn, ...], Field(min_length=1, max_length=len(ExportColumn))]
    format: ExportFormat = ExportFormat.CSV

    @field_validator("columns")
    @classmethod
    def _each_once(cls, columns: tuple[ExportColumn, ...]) -> tuple[ExportColumn, ...]:
        if len({*columns}) != len(columns):
            raise refusal("DUPLICATE", "name each column once")
        return columns


class GetExport(Request[ExportJob], query=True, permission="clients:client:export"):
    """How far an export is, and where its file lies."""

    job_id: UUID


class ClientExportCompleted(Event, aggregate="client_export", aggregate_id="job_id"):
    """A list of clients was written to a file; whoever ordered it is told."""

    job_id: UUID
    document_id: UUID
    rows: int
    requested_by: UUID | None = None
