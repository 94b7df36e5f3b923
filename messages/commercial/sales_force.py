"""commercial, the sales force: representatives and who sold which contract."""

from datetime import date
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field, model_validator

from messages.base import Event, Reply, Request
from messages.errors import ALREADY_EXISTS, NOT_FOUND, PRECONDITION_FAILED
from messages.paging import Page, PageRequest
from messages.registry import ACTORS
from messages.values.companies import Siren, VatNumber
from messages.values.contact import EmailAddress, PhoneNumber
from messages.values.instants import Instant
from messages.values.money import Money
from messages.values.refusal import refusal
from messages.values.text import Code, Label, Line

SALES_REP_NOT_FOUND = NOT_FOUND.specific(
    "SALES_REP_NOT_FOUND", "Commercial introuvable", "Sales representative not found"
)
REP_DUPLICATE_EMAIL = ALREADY_EXISTS.specific(
    "REP_DUPLICATE_EMAIL", "E-mail déjà utilisé par un commercial", "E-mail already used by a representative"
)
REP_DUPLICATE_USER = ALREADY_EXISTS.specific(
    "REP_DUPLICATE_USER", "Utilisateur déjà rattaché à un commercial", "User already is a representative"
)
REP_DUPLICATE_CODE = ALREADY_EXISTS.specific("REP_DUPLICATE_CODE", "Code commercial déjà utilisé", "Code already used")
REP_DUPLICATE_NAME = ALREADY_EXISTS.specific(
    "REP_DUPLICATE_NAME", "Un commercial porte déjà ce nom", "A representative has this name"
)
REP_INACTIVE = PRECONDITION_FAILED.specific("REP_INACTIVE", "Commercial inactif", "Representative inactive")
ATTRIBUTION_OVERLAP = ALREADY_EXISTS.specific(
    "ATTRIBUTION_OVERLAP", "Attribution déjà existante à cette date", "Attribution overlaps another one"
)


class RepProfile(StrEnum):
    """How a representative is paid; plans select on it."""

    VRP = "VRP"
    MANAGER = "MANAGER"
    DIRECTOR = "DIRECTOR"
    HEAD_OF_SALES = "HEAD_OF_SALES"
    PARTNER = "PARTNER"


class LegalStatus(StrEnum):
    """The representative's status in law."""

    VRP_EXCLUSIVE = "VRP_EXCLUSIVE"
    VRP_MULTICARD = "VRP_MULTICARD"
    EMPLOYEE = "EMPLOYEE"
    COMMERCIAL_AGENT = "COMMERCIAL_AGENT"
    INTRODUCER = "INTRODUCER"
    BROKER = "BROKER"
    PARTNER_COMPANY = "PARTNER_COMPANY"


class AttributionSource(StrEnum):
    """Why a contract belongs to a representative."""

    CONTRACT = "CONTRACT"
    TRANSFER = "TRANSFER"
    MANUAL = "MANUAL"


# -- replies -----------------------------------------------------------------------------------------------------


class SalesRepSnapshot(Reply):
    """The visible state of a representative; without company he may sell for every company."""

    rep_id: UUID
    code: str
    user_id: UUID | None = None
    profile: RepProfile
    given_name: str
    family_name: str
    email: str | None = None
    company_id: UUID | None = None
    unit_id: UUID | None = None
    manager_rep_id: UUID | None = None
    active: bool


class PossibleDuplicate(Reply):
    """Another representative of the same name."""

    rep_id: UUID
    code: str


class RepBalances(Reply):
    """What a representative may still get, and what he still owes."""

    payable: Money
    pending_clawbacks: Money
    open_carry_overs: Money


class SalesRep(SalesRepSnapshot):
    """A representative in full."""

    legal_status: LegalStatus
    legal_name: str | None = None
    siren: str | None = None
    vat_number: str | None = None
    phone: str | None = None
    entry_date: date | None = None
    exit_date: date | None = None
    created_at: Instant
    version: int
    possible_duplicates: tuple[PossibleDuplicate, ...] = ()
    balances: RepBalances | None = None


class SalesRepPage(Page[SalesRep]):
    """Representatives by code."""


class ContractAttribution(Reply):
    """Who sold a contract, from a date to a date (inclusive)."""

    contract_id: UUID
    rep_id: UUID
    valid_from: date
    valid_to: date | None = None
    source: AttributionSource
    reason: str | None = None


# -- requests ----------------------------------------------------------------------------------------------------


class CreateSalesRep(Request[SalesRep]):
    """Record a representative: a person, or a partner firm with its legal name."""

    id: UUID | None = Field(default=None, description="chosen by the client, so that repeating is safe")
    code: Code | None = Field(default=None, description="left out: the next REP number")
    profile: RepProfile
    legal_status: LegalStatus | None = None
    given_name: Label | None = None
    family_name: Label | None = None
    legal_name: Line | None = None
    siren: Siren | None = None
    vat_number: VatNumber | None = None
    email: EmailAddress | None = None
    phone: PhoneNumber | None = None
    user_id: UUID | None = None
    company_id: UUID | None = None
    entry_date: date | None = None
    allow_homonym: bool = True

    @model_validator(mode="after")
    def _is_named(self) -> "CreateSalesRep":
        if self.legal_name is None and not (self.given_name and self.family_name):
            raise refusal("NAME_REQUIRED", "give given_name and family_name, or the firm's legal_name")
        return self


class UpdateSalesRep(Request[SalesRep]):
    """Correct a representative; a field left out stays as it is, null clears it."""

    rep_id: UUID
    expected_version: int
    profile: RepProfile | None = None
    legal_status: LegalStatus | None = None
    given_name: Label | None = None
    family_name: Label | None = None
    legal_name: Line | None = None
    siren: Siren | None = None
    vat_number: VatNumber | None = None
    email: EmailAddress | None = None
    phone: PhoneNumber | None = None
    user_id: UUID | None = None
    company_id: UUID | None = None
    entry_date: date | None = None


class GetSalesRep(
    Request[SalesRep], query=True, internal_callers=tuple(actor for actor in ACTORS if actor != "commercial")
):
    """One representative by id, login, e-mail or code, with his balances."""

    rep_id: UUID | None = None
    user_id: UUID | None = None
    email: EmailAddress | None = None
    code: Code | None = None

    @model_validator(mode="after")
    def _one_key(self) -> "GetSalesRep":
        if sum(key is not None for key in (self.rep_id, self.user_id, self.email, self.code)) != 1:
            raise refusal("ONE_KEY", "give exactly one of rep_id, user_id, email or code")
        return self


class ListSalesReps(PageRequest, Request[SalesRepPage], query=True, resource="sales_rep"):
    """The representatives of the organisation."""

    search: Annotated[str, Field(min_length=2, max_length=100)] | None = None
    profile: RepProfile | None = None
    company_id: UUID | None = None
    active: bool | None = None


class ActivateSalesRep(Request[SalesRep], permission="commercial:sales_rep:write"):
    """Let a representative sell again."""

    rep_id: UUID
    reason: Label | None = None


class DeactivateSalesRep(Request[SalesRep], permission="commercial:sales_rep:write"):
    """End a representative's sales: what he earned stays due, his recurring rights end with `exit_date`."""

    rep_id: UUID
    exit_date: date
    reason: Label
    transfer_to_rep_id: UUID | None = None


class AttributeContract(Request[ContractAttribution], permission="commercial:sales_rep:attribute"):
    """Give a contract to a representative from a date on; the one before him ends the day before."""

    contract_id: UUID
    rep_id: UUID
    valid_from: date
    reason: Label


# -- events ------------------------------------------------------------------------------------------------------


class SalesRepCreated(SalesRepSnapshot, Event, aggregate="sales_rep", aggregate_id="rep_id", personal=True):
    """A representative may sell."""


class SalesRepUpdated(SalesRepSnapshot, Event, aggregate="sales_rep", aggregate_id="rep_id", personal=True):
    """Something visible of the representative changed."""

    changed_fields: tuple[str, ...]


class SalesRepActivated(SalesRepSnapshot, Event, aggregate="sales_rep", aggregate_id="rep_id", personal=True):
    """The representative sells again."""


class SalesRepDeactivated(SalesRepSnapshot, Event, aggregate="sales_rep", aggregate_id="rep_id", personal=True):
    """The representative left; contracts need another one from the exit date on."""

    exit_date: date
    transfer_to_rep_id: UUID | None = None


class ContractAttributionChanged(Event, aggregate="contract_attribution", aggregate_id="contract_id"):
    """A contract goes to a representative: for the first time, or from another one."""

    contract_id: UUID
    client_id: UUID
    rep_id: UUID
    previous_rep_id: UUID | None = None
    valid_from: date
    reason: str | None = None
