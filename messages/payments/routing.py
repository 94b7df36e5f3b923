"""Which account a payment goes through: rules by priority, overrides of a client or contract, and the accounts' health."""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field

from messages.base import Empty, Part, Reply, Request
from messages.errors import ALREADY_EXISTS, NOT_FOUND
from messages.paging import Page, PageRequest
from messages.payments.vocabulary import PaymentMethod, RiskLevel
from messages.values.instants import Instant
from messages.values.money import Amount
from messages.values.text import Code, Label

ROUTING_RULE_NOT_FOUND = NOT_FOUND.specific(
    "ROUTING_RULE_NOT_FOUND", "Règle de routage introuvable", "Routing rule not found"
)
PROVIDER_OVERRIDE_NOT_FOUND = NOT_FOUND.specific(
    "PROVIDER_OVERRIDE_NOT_FOUND", "Exception de routage introuvable", "Provider override not found"
)
PROVIDER_OVERRIDE_EXISTS = ALREADY_EXISTS.specific(
    "PROVIDER_OVERRIDE_EXISTS", "Exception de routage déjà présente", "Provider override exists already"
)

Wanted = Annotated[tuple[Code, ...], Field(max_length=20)]
Days = Annotated[tuple[Annotated[int, Field(ge=1, le=31)], ...], Field(max_length=31)]
MoneyBound = Annotated[Amount, Field(ge=Decimal(0))]


class RoutingConditions(Part):
    """What must all hold; a condition that is left out always holds. Texts are compared without case."""

    source_channel: Wanted = ()
    product_code: Wanted = ()
    debit_slot_in: Wanted = ()
    preferred_debit_day_in: Days = ()
    risk_tier: Annotated[tuple[RiskLevel, ...], Field(max_length=3)] = ()
    payment_method: Annotated[tuple[PaymentMethod, ...], Field(max_length=10)] = ()
    currency: Wanted = ()
    client_kind: Wanted = ()
    contract_age_months_gte: Annotated[int, Field(ge=0, le=600)] | None = None
    contract_age_months_lt: Annotated[int, Field(ge=0, le=600)] | None = None
    amount_gte: MoneyBound | None = None
    amount_lte: MoneyBound | None = None


class OverrideScope(StrEnum):
    """Whose payments an override is about."""

    CLIENT = "CLIENT"
    CONTRACT = "CONTRACT"


class CircuitState(StrEnum):
    """Whether an account may be called: OPEN after technical failures, HALF_OPEN for one try."""

    CLOSED = "CLOSED"
    OPEN = "OPEN"
    HALF_OPEN = "HALF_OPEN"


class RoutingRule(Reply):
    """A rule; the enabled one with the lowest priority number whose conditions hold wins, the fallback comes last."""

    routing_rule_id: UUID
    company_id: UUID
    name: str
    priority: int
    conditions: RoutingConditions
    psp_account_id: UUID
    is_fallback: bool
    is_enabled: bool
    created_at: Instant
    version: int


class RoutingRulePage(Page[RoutingRule]):
    """Routing rules by creation."""


class ProviderOverride(Reply):
    """An exception for one client or contract; it wins over every rule, a contract's over its client's."""

    provider_override_id: UUID
    company_id: UUID
    scope: OverrideScope
    scope_id: UUID
    psp_account_id: UUID
    reason: str
    created_at: Instant
    version: int


class ProviderOverridePage(Page[ProviderOverride]):
    """Overrides by creation."""


class RoutingEvaluation(Reply):
    """What became of one candidate."""

    source: str
    source_id: UUID | None = None
    psp_account_id: UUID | None = None
    outcome: str


class RoutingResult(Reply):
    """The account that a payment would go through, and why each other one would not do."""

    psp_account_id: UUID | None = None
    evaluations: tuple[RoutingEvaluation, ...]


class PspHealth(Reply):
    """Whether an account answers."""

    psp_account_id: UUID
    state: CircuitState
    consecutive_failures: int
    opened_at: Instant | None = None


class CreateRoutingRule(Request[RoutingRule], permission="payments:routing:write"):
    """Send the payments that meet the conditions through an account; an unknown condition is refused."""

    id: UUID | None = None
    company_id: UUID
    name: Label
    priority: Annotated[int, Field(ge=1, le=10_000)]
    conditions: RoutingConditions = RoutingConditions()
    psp_account_id: UUID
    is_fallback: bool = False


class UpdateRoutingRule(Request[RoutingRule], permission="payments:routing:write"):
    """Change a rule; a field left out stays."""

    routing_rule_id: UUID
    expected_version: int
    name: Label | None = None
    priority: Annotated[int, Field(ge=1, le=10_000)] | None = None
    conditions: RoutingConditions | None = None
    psp_account_id: UUID | None = None
    is_enabled: bool | None = None


class DeleteRoutingRule(Request[Empty], permission="payments:routing:write"):
    """Remove a rule; payments under way keep the decision they were made by."""

    routing_rule_id: UUID


class ListRoutingRules(PageRequest, Request[RoutingRulePage], query=True, permission="payments:routing:read"):
    """The rules of a company."""

    company_id: UUID | None = None


class CreateProviderOverride(Request[ProviderOverride], permission="payments:routing:write"):
    """Send all payments of one client or contract through an account."""

    id: UUID | None = None
    company_id: UUID
    scope: OverrideScope
    scope_id: UUID
    psp_account_id: UUID
    reason: Label


class DeleteProviderOverride(Request[Empty], permission="payments:routing:write"):
    """Let the rules decide again."""

    provider_override_id: UUID


class ListProviderOverrides(PageRequest, Request[ProviderOverridePage], query=True, permission="payments:routing:read"):
    """The overrides of a company."""

    company_id: UUID | None = None


class TestRouting(Request[RoutingResult], query=True, permission="payments:routing:read"):
    """Which account a payment of a client would go through now, with the fate of every candidate."""

    company_id: UUID
    client_id: UUID
    contract_id: UUID | None = None
    payment_method: PaymentMethod = PaymentMethod.CARD
    amount: MoneyBound


class GetPspHealth(Request[PspHealth], query=True, permission="payments:settings:read"):
    """Whether an account answers."""

    psp_account_id: UUID


class ResetCircuit(Request[PspHealth], permission="payments:settings:write"):
    """Call an account again at once."""

    psp_account_id: UUID
