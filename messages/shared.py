"""Payload types that two actors or more use (events.md 0.5)."""

from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from messages.base import Message
from messages.values.addresses import Address
from messages.values.money import Money
from messages.values.numbers import Rate


class Ref(Message):
    """A reference to any aggregate: its token and id."""

    type: str
    id: UUID


class DictRef(Message):
    """A reference to a dictionary entry."""

    id: UUID
    code: str


class PartyKind(StrEnum):
    """How the law sees a party."""

    CONSUMER = "CONSUMER"
    BUSINESS = "BUSINESS"
    PUBLIC = "PUBLIC"


class Party(Message):
    """Somebody a message, letter or invoice is addressed to."""

    party_id: UUID | None = None
    kind: PartyKind
    display_name: str
    legal_name: str | None = None
    siren: str | None = None
    siret: str | None = None
    vat_number: str | None = None
    email: str | None = None
    phone: str | None = None
    address: Address | None = None


class VatTotal(Message):
    """VAT of one category and rate: base and amount."""

    category: str
    rate: Rate | None = None
    base: Money
    amount: Money
    exemption_code: str | None = None


class LetterKind(StrEnum):
    """How a letter is posted."""

    SIMPLE = "SIMPLE"
    REGISTERED = "REGISTERED"
    REGISTERED_AR = "REGISTERED_AR"
    ELECTRONIC_QUALIFIED = "ELECTRONIC_QUALIFIED"


class LetterOrder(Message):
    """An order to post a letter; without document it is rendered first."""

    request_id: UUID
    kind: LetterKind
    purpose: str
    recipient: Party
    sender_company_id: UUID
    document_id: UUID | None = None


def total_of(amounts: list[Money], currency: str = "EUR") -> Money:
    """The sum of amounts in one currency."""
    return sum(amounts, Money(amount=Decimal("0.00"), currency=currency))
