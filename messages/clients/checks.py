"""clients, checks: identifiers of companies and accounts, and billing periods; nothing is stored."""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import Field, model_validator

from messages.base import Reply, Request
from messages.clients.dictionaries import DictionaryCode
from messages.values.refusal import refusal

Typed = Annotated[str, Field(min_length=1, max_length=64)]


class IdentifierCheck(Reply):
    """Whether an identifier holds. `derived` says what follows from it, such as the VAT number of a SIREN."""

    valid: bool
    normalised: str | None = None
    reason: str | None = None
    derived: dict[str, str] = Field(default_factory=dict)


class ValidateSiren(Request[IdentifierCheck], query=True, permission="clients:client:read"):
    """Check a SIREN."""

    value: Typed


class ValidateSiret(Request[IdentifierCheck], query=True, permission="clients:client:read"):
    """Check a SIRET."""

    value: Typed


class ValidateVat(Request[IdentifierCheck], query=True, permission="clients:client:read"):
    """Check a VAT number; with a SIREN also whether a French number is that company's."""

    value: Typed
    siren: Typed | None = None


class ValidateIban(Request[IdentifierCheck], query=True, permission="clients:client:read"):
    """Check an IBAN, the French and Monegasque RIB key included; the reply shows it masked only."""

    value: Typed


class ValidateBic(Request[IdentifierCheck], query=True, permission="clients:client:read"):
    """Check a BIC; with an IBAN also whether their countries agree."""

    value: Typed
    iban: Typed | None = None


class BillingPeriodDates(Reply):
    """One period; both dates belong to it."""

    index: int
    start: date
    end: date


class BillingPeriods(Reply):
    """Periods in order."""

    items: tuple[BillingPeriodDates, ...]


class ComputeBillingPeriods(Request[BillingPeriods], query=True, permission="clients:dictionary:read"):
    """The periods of a billing period, counted from the original anchor so that month ends never drift."""

    code: DictionaryCode | None = None
    billing_period_id: UUID | None = None
    anchor: date
    from_index: Annotated[int, Field(ge=0, le=1200)] = 0
    count: Annotated[int, Field(ge=1, le=120)] = 12

    @model_validator(mode="after")
    def _one_key(self) -> "ComputeBillingPeriods":
        if (self.code is None) == (self.billing_period_id is None):
            raise refusal("ONE_KEY", "give either code or billing_period_id")
        return self
