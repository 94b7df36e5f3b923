"""clients, registers: what public registers know of companies, VAT numbers and addresses."""

from datetime import date
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field, model_validator

from messages.base import Reply, Request
from messages.clients.vocabulary import ValidationStatus
from messages.values.companies import Siren, Siret
from messages.values.instants import Instant
from messages.values.refusal import refusal
from messages.values.text import PRINTABLE, Line, text_of


class VatCheckStatus(StrEnum):
    """What VIES says of a VAT number. UNAVAILABLE: the member state did not answer, and is asked again."""

    NOT_CHECKED = "NOT_CHECKED"
    VALID = "VALID"
    INVALID = "INVALID"
    UNAVAILABLE = "UNAVAILABLE"


class CompanyEntry(Reply):
    """A company as its register shows it; of those who object to publication nothing personal is shown."""

    siren: Siren
    legal_name: str | None = None
    active: bool
    legal_form_code: str | None = None
    naf_code: str | None = None
    created_on: date | None = None
    headcount_band: str | None = None
    siret: Siret | None = None
    street: str | None = None
    postal_code: str | None = None
    city: str | None = None


class CompanyEntries(Reply):
    """The entries that fit best."""

    items: tuple[CompanyEntry, ...]


class LookupCompany(Request[CompanyEntries], query=True, permission="clients:client:read", timeout_seconds=12.0):
    """Companies of the French register by number or by name; what was found is remembered for a day."""

    siren: Siren | None = None
    siret: Siret | None = None
    search: Annotated[str, Field(min_length=3, max_length=100)] | None = None
    limit: Annotated[int, Field(ge=1, le=5)] = 5

    @model_validator(mode="after")
    def _one_key(self) -> "LookupCompany":
        if sum(key is not None for key in (self.siren, self.siret, self.search)) != 1:
            raise refusal("ONE_KEY", "give one of siren, siret and search")
        return self


class VatVerification(Reply):
    """What is known of a client's VAT number; while `pending` VIES is being asked, and client.updated tells its answer."""

    client_id: UUID
    vat_number: str
    status: VatCheckStatus
    checked_at: Instant | None = None
    consultation_number: str | None = None
    pending: bool = False


class VerifyVat(Request[VatVerification], permission="clients:client:write"):
    """Have VIES asked about a client's VAT number; its answer with the consultation number is kept as evidence."""

    client_id: UUID


class AddressMatch(Reply):
    """An address as the national file writes it; `score` is 0 to 1."""

    label: str
    score: float
    street: str
    postal_code: str
    city: str
    insee_code: str | None = None


class AddressCheck(Reply):
    """What the national address file makes of an address; nothing is stored."""

    status: ValidationStatus
    score: float | None = None
    normalised: AddressMatch | None = None
    suggestions: tuple[AddressMatch, ...] = ()


class ValidateAddress(Request[AddressCheck], query=True, permission="clients:client:read", timeout_seconds=12.0):
    """Look an address up in the French national address file (BAN)."""

    line1: Line
    postal_code: Annotated[str, Field(pattern=r"^\d{5}$")]
    city: Annotated[str, text_of(100), PRINTABLE]
