"""products: quotes, the prices that a contract may hold the company to."""

from datetime import date
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field

from messages.base import Reply, Request
from messages.errors import NOT_FOUND
from messages.paging import Page, PageRequest
from messages.products.pricing import LineDraft, PriceContext, PriceResult
from messages.values.instants import Instant
from messages.values.money import Money

QUOTE_NOT_FOUND = NOT_FOUND.specific("QUOTE_NOT_FOUND", "Devis introuvable", "Quote not found")


class QuoteStatus(StrEnum):
    """OPEN until a contract is signed on it or its last day has passed."""

    OPEN = "OPEN"
    ACCEPTED = "ACCEPTED"
    EXPIRED = "EXPIRED"


class PriceQuote(PriceResult):
    """An immutable price offer; `valid_until` is its last day."""

    quote_id: UUID
    status: QuoteStatus
    client_id: UUID | None
    valid_until: date
    content_hash: str
    accepted_contract_id: UUID | None
    created_at: Instant
    version: int


class PriceQuoteSummary(Reply):
    """A quote in a list."""

    quote_id: UUID
    status: QuoteStatus
    client_id: UUID | None
    company_id: UUID
    valid_until: date
    net: Money
    vat: Money
    gross: Money
    created_at: Instant


class PriceQuotePage(Page[PriceQuoteSummary]):
    """Quotes, newest first."""


class CreatePriceQuote(Request[PriceQuote]):
    """Offer prices as they are now, for 30 days at most or until they are known to change."""

    id: UUID | None = Field(default=None, description="chosen by the client, so that repeating is safe")
    lines: Annotated[tuple[LineDraft, ...], Field(min_length=1, max_length=200)]
    context: PriceContext = PriceContext()


class GetPriceQuote(Request[PriceQuote], query=True, internal_callers=("contrats",)):
    """One quote; contrats compares its contract lines with it."""

    quote_id: UUID


class ListPriceQuotes(PageRequest, Request[PriceQuotePage], query=True, resource="price_quote"):
    """The quotes of the organisation."""

    client_id: UUID | None = None
    status: QuoteStatus | None = None
