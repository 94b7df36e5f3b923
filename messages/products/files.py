"""products: price lists and the catalogue as CSV files."""

from typing import Annotated
from uuid import UUID

from pydantic import Field, model_validator

from messages.base import Reply, Request
from messages.errors import VALIDATION_FAILED
from messages.values.refusal import refusal

INLINE_BYTES = 256 * 1024
MOST_ROWS = 5000

CSV_INVALID = VALIDATION_FAILED.specific("CSV_INVALID", "Fichier CSV illisible", "CSV file cannot be read")
FILE_TOO_BIG = VALIDATION_FAILED.specific("FILE_TOO_BIG", "Fichier trop volumineux", "File too big")

Content = Annotated[str, Field(max_length=4 * INLINE_BYTES // 3 + 8)]


class FileRowError(Reply):
    """What is wrong with a row; the header is row 1."""

    row: int
    column: str | None
    code: str
    message: str


class FileReport(Reply):
    """What a file did, or with dry_run would do; one error keeps the whole file out."""

    dry_run: bool
    rows: int
    created: int
    updated: int
    errors: tuple[FileRowError, ...]


class WrittenFile(Reply):
    """A file: UTF-8 with BOM, semicolons, decimal points."""

    filename: str
    content_base64: str
    row_count: int


class ImportPriceList(Request[FileReport], permission="products:price:write", timeout_seconds=30.0):
    """Prices by SKU: `sku;plan;price;discount;min;max;from_qty`; rows of one SKU with rising from_qty are its bands."""

    list_id: UUID
    content_base64: Content | None = None
    document_id: UUID | None = Field(default=None, description="an uploaded file of at most 1 MiB")
    dry_run: bool = True

    @model_validator(mode="after")
    def _one_source(self) -> "ImportPriceList":
        if (self.document_id is None) == (self.content_base64 is None):
            raise refusal("ONE_SOURCE", "give either document_id or content_base64")
        return self


class ExportPriceList(Request[WrittenFile], query=True, permission="products:price:read", audited=True):
    """The prices of a list as import_price_list reads them."""

    list_id: UUID


class ImportCatalogue(Request[FileReport], permission="products:product:write", timeout_seconds=30.0):
    """Products by SKU: `sku;name;short_name;range;product_type;sector;tax_class;price;tax_included`.

    A new SKU becomes a DRAFT with a version at that price; a known one gets name, short name, range and product type.
    """

    content_base64: Content | None = None
    document_id: UUID | None = Field(default=None, description="an uploaded file of at most 1 MiB")
    dry_run: bool = True

    @model_validator(mode="after")
    def _one_source(self) -> "ImportCatalogue":
        if (self.document_id is None) == (self.content_base64 is None):
            raise refusal("ONE_SOURCE", "give either document_id or content_base64")
        return self


class ExportCatalogue(Request[WrittenFile], query=True, permission="products:product:read", audited=True):
    """The products as import_catalogue reads them, below a range when one is named."""

    range_id: UUID | None = None
