"""contrats: prices that follow an index - published values, the clause of a contract, and the runs that revise prices."""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field, model_validator

from messages.base import Event, Part, Reply, Request
from messages.contrats.contract import ContractSnapshot
from messages.errors import BUSINESS_RULE_VIOLATION, NOT_FOUND, PRECONDITION_FAILED
from messages.paging import Page, PageRequest
from messages.values.instants import Instant
from messages.values.money import Money
from messages.values.numbers import Percent, Rate
from messages.values.refusal import refusal
from messages.values.text import Label, Paragraph

GENERAL_INDEX_FORBIDDEN = BUSINESS_RULE_VIOLATION.specific(
    "GENERAL_INDEX_FORBIDDEN", "Indice général interdit", "A general price index is forbidden"
)
INDEX_PROVISIONAL = PRECONDITION_FAILED.specific(
    "INDEX_PROVISIONAL", "Indice provisoire", "The value of the index is provisional"
)
INDEXATION_RUN_NOT_FOUND = NOT_FOUND.specific(
    "INDEXATION_RUN_NOT_FOUND", "Campagne d'indexation introuvable", "Indexation run not found"
)
_PERIOD = Annotated[str, Field(pattern=r"^[0-9]{4}-(0[1-9]|1[0-2]|Q[1-4])$")]
_VALUE = Annotated[Rate, Field(gt=0, lt=100_000_000)]


class IndexCode(StrEnum):
    """Published indices; the general level of consumer prices is known so that it can be refused."""

    SYNTEC = "SYNTEC"
    ILC = "ILC"
    ILAT = "ILAT"
    ICC = "ICC"
    BT01 = "BT01"
    CUSTOM = "CUSTOM"
    CONSUMER_PRICES = "CONSUMER_PRICES"
    FIXED_PERCENT = "FIXED_PERCENT"


class IndexationFormula(StrEnum):
    """FULL follows the index; FIXED_SHARE leaves a part of the price where it is."""

    FULL = "FULL"
    FIXED_SHARE = "FIXED_SHARE"


class RevisionAnchor(StrEnum):
    """When prices are revised: on the contract's own day, or each January."""

    ANNIVERSARY = "ANNIVERSARY"
    JANUARY = "JANUARY"


class IndexationRunStatus(StrEnum):
    """A run is proposed first; confirming it makes the changes."""

    PROPOSED = "PROPOSED"
    CONFIRMED = "CONFIRMED"


class IndexationItemStatus(StrEnum):
    """What became of one line in a run."""

    PROPOSED = "PROPOSED"
    APPLIED = "APPLIED"
    SKIPPED = "SKIPPED"


class IndexValue(Reply):
    """One published value of an index."""

    id: UUID
    code: IndexCode
    period: str
    value: Rate
    published_on: date
    provisional: bool
    source: str | None = None


class IndexValuePage(Page[IndexValue]):
    """Published values, newest period first."""


class ClauseDraft(Part):
    """How the price follows an index; base value and base price stay, so that rounding never adds up."""

    index_code: IndexCode
    base_period: _PERIOD | None = None
    base_value: _VALUE | None = None
    annual_rate: Annotated[Rate, Field(gt=0, le=1)] | None = Field(default=None, description="with FIXED_PERCENT only")
    formula: IndexationFormula = IndexationFormula.FULL
    fixed_share: Annotated[Rate, Field(ge=0, lt=1)] = Decimal(0)
    frequency_months: Annotated[int, Field(ge=1, le=60)] = 12
    revision_anchor: RevisionAnchor = RevisionAnchor.ANNIVERSARY
    reference_lag_months: Annotated[int, Field(ge=0, le=24)] = 0
    cap_percent: Percent | None = None
    floor_percent: Annotated[Rate, Field(ge=-100, le=100)] | None = None
    notice_days: Annotated[int, Field(ge=0, le=180)] = 30

    @model_validator(mode="after")
    def _has_a_base(self) -> "ClauseDraft":
        fixed = self.index_code is IndexCode.FIXED_PERCENT
        if fixed is not (self.annual_rate is not None):
            raise refusal("ANNUAL_RATE", "annual_rate goes with FIXED_PERCENT, and only with it; correct one of them")
        if not fixed and (self.base_value is None or self.base_period is None):
            raise refusal("NO_BASE", "give base_period and base_value of the index the price was agreed on")
        return self


class IndexationClause(ClauseDraft, Reply):
    """The clause of a contract, and when it is next applied."""

    contract_id: UUID
    next_revision_on: date
    revisions: int
    warnings: tuple[str, ...] = ()


class IndexationItem(Reply):
    """One line of a run."""

    contract_id: UUID
    line_id: UUID
    old_price: Money
    new_price: Money | None = None
    ratio: Rate | None = None
    index_period: str | None = None
    status: IndexationItemStatus
    skipped_reason: str | None = None


class IndexationRun(Reply):
    """A revision of prices: what it would do, and what it did."""

    id: UUID
    revision_date: date
    company_id: UUID | None = None
    status: IndexationRunStatus
    items: tuple[IndexationItem, ...]
    created_at: Instant


# -- requests ----------------------------------------------------------------------------------------------------


class UpsertIndexValue(Request[IndexValue], permission="contrats:indexation:write"):
    """Enter a published value, or correct it."""

    code: IndexCode
    period: _PERIOD
    value: _VALUE
    published_on: date
    provisional: bool = False
    source: Label | None = None


class ListIndexValues(PageRequest, Request[IndexValuePage], query=True, permission="contrats:indexation:read"):
    """The published values of one index."""

    code: IndexCode


class SetIndexation(Request[IndexationClause], permission="contrats:indexation:write"):
    """Agree on a clause: the prices in force now are its base prices."""

    contract_id: UUID
    expected_version: int
    clause: ClauseDraft
    legal_basis: Paragraph | None = Field(default=None, description="why a general index may be used here (L112-2 CMF)")


class RunIndexation(Request[IndexationRun], permission="contrats:indexation:run"):
    """Propose the revision of a date, or confirm a proposed run by its id."""

    revision_date: date | None = None
    company_id: UUID | None = None
    run_id: UUID | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> "RunIndexation":
        if (self.revision_date is None) == (self.run_id is None):
            raise refusal("ONE_KEY", "give revision_date to propose, or run_id to confirm")
        return self


class GetIndexationRun(Request[IndexationRun], query=True, permission="contrats:indexation:read"):
    """What a run does or did."""

    run_id: UUID


# -- events ------------------------------------------------------------------------------------------------------


class IndexedLine(Reply):
    """One price that changed; the line that begins replaces the one that ends."""

    line_id: UUID
    old: Money
    new: Money


class ContractPriceIndexed(ContractSnapshot, Event, aggregate="contract"):
    """Prices follow the index from effective_from on."""

    items: tuple[IndexedLine, ...]
    ratio: Rate
    index_code: str
    index_period: str
    notified_on: date | None = None
    exit_right_until: date | None = None
    effective_from: date


class PriceIndexSaved(Event, aggregate="price_index"):
    """A value of an index was entered or corrected."""

    price_index_id: UUID
    code: str
    period: str
    value: Rate
    provisional: bool
    published_on: date
