"""clients, imports and exports: files of clients, read in the background and reported row by row."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field

from messages.base import Event, Part, Reply, Request
from messages.clients.vocabulary import ClientSource
from messages.errors import ALREADY_EXISTS, NOT_FOUND, PRECONDITION_FAILED, VALIDATION_FAILED
from messages.paging import Page, PageRequest
from messages.values.addresses import CountryCode
from messages.values.instants import Instant
from messages.values.text import Line

IMPORT_JOB_NOT_FOUND = NOT_FOUND.specific("IMPORT_JOB_NOT_FOUND", "Import introuvable", "Import not found")
IMPORT_TOO_LARGE = VALIDATION_FAILED.specific("IMPORT_TOO_LARGE", "Fichier trop volumineux", "Import too large")
IMPORT_EMPTY = VALIDATION_FAILED.specific("IMPORT_EMPTY", "Fichier sans ligne", "Import without rows")
IMPORT_ENCODING = VALIDATION_FAILED.specific("IMPORT_ENCODING", "Encodage illisible", "Unreadable encoding")
IMPORT_NO_HEADER = VALIDATION_FAILED.specific("IMPORT_NO_HEADER", "En-tête non reconnu", "Header not recognised")
IMPORT_NOT_A_FILE_FOR_IMPORT = VALIDATION_FAILED.specific(
    "IMPORT_NOT_A_FILE_FOR_IMPORT", "Document d'un autre type", "Document is no import file"
)
IMPORT_NOT_VALIDATED = PRECONDITION_FAILED.specific(
    "IMPORT_NOT_VALIDATED", "Import non vérifié", "Import not validated"
)
IMPORT_ALREADY_COMMITTED = ALREADY_EXISTS.specific(
    "IMPORT_ALREADY_COMMITTED", "Fichier déjà importé", "File imported already"
)

MOST_ROWS = 50_000
MOST_BYTES = 10 * 1024 * 1024


class ImportStatus(StrEnum):
    """Where an import is: read as a dry run first, then for good."""

    CREATED = "CREATED"
    VALIDATING = "VALIDATING"
    VALIDATED = "VALIDATED"
    COMMITTING = "COMMITTING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


class DuplicatePolicy(StrEnum):
    """What becomes of a row whose client certainly exists.

    SKIP leaves him alone, UPDATE fills his empty fields, CREATE records him again, REVIEW leaves the row to a person.
    """

    SKIP = "SKIP"
    UPDATE = "UPDATE"
    CREATE = "CREATE"
    REVIEW = "REVIEW"


class RowOutcome(StrEnum):
    """What became of a row, or after the dry run would become of it (PENDING: a new client).

    PENDING_BANK: the client is there, and payments has not taken his account yet.
    """

    PENDING = "PENDING"
    PENDING_BANK = "PENDING_BANK"
    INVALID = "INVALID"
    CREATED = "CREATED"
    UPDATED = "UPDATED"
    SKIPPED = "SKIPPED"
    REVIEW = "REVIEW"


class ImportField(StrEnum):
    """What a column of the file may hold. IGNORED columns are not read, but an IBAN in one is masked in every report.

    An IBAN, with its BIC, goes to payments alone: this actor neither stores nor publishes it.
    """

    TYPE = "type"
    TITLE = "title"
    FAMILY_NAME = "family_name"
    GIVEN_NAME = "given_name"
    BIRTH_DATE = "birth_date"
    LEGAL_NAME = "legal_name"
    SIREN = "siren"
    SIRET = "siret"
    VAT_NUMBER = "vat_number"
    EMAIL = "email"
    PHONE = "phone"
    LINE1 = "line1"
    LINE2 = "line2"
    POSTAL_CODE = "postal_code"
    CITY = "city"
    COUNTRY = "country"
    CLIENT_CODE = "client_code"
    COMPANY = "company"
    TAG = "tag"
    IBAN = "iban"
    BIC = "bic"
    IGNORED = "ignored"


class ImportOptions(Part):
    """How rows are taken."""

    duplicate_policy: DuplicatePolicy = DuplicatePolicy.SKIP
    overwrite: bool = Field(default=False, description="with UPDATE: the file's values replace those known")
    default_company_id: UUID | None = None
    default_source: ClientSource = ClientSource.IMPORT
    country: CountryCode = "FR"


class ImportCounters(Reply):
    """How many rows went which way. Those whose account payments has not taken yet count as `pending_bank` as well."""

    total: int = 0
    pending: int = 0
    pending_bank: int = 0
    invalid: int = 0
    created: int = 0
    updated: int = 0
    skipped: int = 0
    review: int = 0


class ImportJob(Reply):
    """An import. `progress` runs from 0 to 1 over each pass; `samples` come with its creation only."""

    id: UUID
    file_document_id: UUID
    file_name: str
    file_sha256: str
    encoding: str
    delimiter: str
    mapping: dict[str, ImportField]
    options: ImportOptions
    status: ImportStatus
    counters: ImportCounters
    progress: Annotated[float, Field(ge=0, le=1)]
    failure: str | None = None
    created_at: Instant
    committed_at: Instant | None = None
    samples: tuple[tuple[str, ...], ...] = ()
    version: int


class ImportJobPage(Page[ImportJob]):
    """Imports, newest first."""


class RowError(Reply):
    """What is wrong with a cell: the field, the rule and the cure."""

    field: str
    code: str
    message: str


class ImportRow(Reply):
    """A row of the file; `line_number` is the physical line on which it begins."""

    line_number: int
    raw: str
    outcome: RowOutcome
    errors: tuple[RowError, ...]
    client_id: UUID | None = None


class ImportRowPage(Page[ImportRow]):
    """Rows in the file's order."""


class CreateImport(Request[ImportJob], permission="clients:client:import", timeout_seconds=15.0):
    """Look at a CSV file uploaded to documents (type IMPORT_FILE): its encoding, delimiter and columns. Nothing is read in yet."""

    file_document_id: UUID
    file_name: Line
    options: ImportOptions = ImportOptions()


class UpdateImportMapping(Request[ImportJob], permission="clients:client:import"):
    """Say what the columns hold; columns left out are ignored. The dry run starts over."""

    job_id: UUID
    mapping: Annotated[dict[str, ImportField], Field(min_length=1, max_length=200)]


class ValidateImport(Request[ImportJob], permission="clients:client:import"):
    """Read the whole file as a dry run: every row is checked and compared, nothing is written."""

    job_id: UUID


class CommitImport(Request[ImportJob], permission="clients:client:import"):
    """Read the validated file in; rows that are wrong never stop the others. `force` takes a file a second time."""

    job_id: UUID
    force: bool = False


class CancelImport(Request[ImportJob], permission="clients:client:import"):
    """Stop an import; clients it has created stay."""

    job_id: UUID


class GetImport(Request[ImportJob], query=True, permission="clients:client:import"):
    """One import with its progress."""

    job_id: UUID


class ListImports(PageRequest, Request[ImportJobPage], query=True, permission="clients:client:import"):
    """The imports of the organisation."""

    status: ImportStatus | None = None


class ListImportRows(PageRequest, Request[ImportRowPage], query=True, permission="clients:client:import"):
    """The rows of an import, for instance those that are invalid."""

    job_id: UUID
    outcome: RowOutcome | None = None


class ClientImportCompleted(Event, aggregate="client_import", aggregate_id="job_id"):
    """A file was read in; `failed` counts the rows that were refused."""

    job_id: UUID
    created: int
    updated: int
    skipped: int
    failed: int
    requested_by: UUID | None = None
