"""clients, the whole picture: contracts, balances and dates of a client, his timeline, and search."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from messages.base import Reply, Request
from messages.clients.client import Client
from messages.clients.sub_records import BankRef, Consent
from messages.clients.vocabulary import ClientType, RecordState, StatusCategory
from messages.paging import Page, PageRequest
from messages.values.instants import Instant
from messages.values.money import Money


class TimelineKind(StrEnum):
    """What happened."""

    CONTRACT = "CONTRACT"
    INVOICE = "INVOICE"
    PAYMENT = "PAYMENT"
    MANDATE = "MANDATE"
    STATUS = "STATUS"
    LETTER = "LETTER"
    DOCUMENT = "DOCUMENT"


class Alert(StrEnum):
    """What a person should know before he talks to the client."""

    OVERDUE = "OVERDUE"
    DO_NOT_CONTACT = "DO_NOT_CONTACT"
    DECEASED = "DECEASED"
    GUARDIANSHIP = "GUARDIANSHIP"
    BLOCKED = "BLOCKED"
    INSOLVENCY = "INSOLVENCY"
    MANDATE_MISSING = "MANDATE_MISSING"
    KYC_EXPIRED = "KYC_EXPIRED"
    EMAIL_BOUNCED = "EMAIL_BOUNCED"
    ADDRESS_UNDELIVERABLE = "ADDRESS_UNDELIVERABLE"
    NO_CONTACT_POINT = "NO_CONTACT_POINT"


class ContractCounts(Reply):
    """How many contracts of the client are where."""

    signed: int
    active: int
    suspended: int
    ended: int


class Balances(Reply):
    """What the client owes and has paid, in one currency; balance_due = outstanding - unapplied_credit."""

    currency: str
    outstanding: Money
    unapplied_credit: Money
    balance_due: Money
    overdue_amount: Money
    oldest_overdue_days: int
    lifetime_value: Money


class LastPayment(Reply):
    """The newest payment that came in."""

    payment_id: UUID
    on: date
    amount: Money


class NextDebit(Reply):
    """The next planned debit."""

    instalment_id: UUID
    on: date
    amount: Money


class Client360(Reply):
    """Everything a person needs before he talks to the client."""

    client: Client
    owner_name: str | None = Field(default=None, description="the account manager")
    contracts: ContractCounts
    mrr: Money
    balances: tuple[Balances, ...]
    standing: str | None = None
    risk: str | None = None
    rejections_12m: int
    last_invoice_on: date | None = None
    last_payment: LastPayment | None = None
    next_debit: NextDebit | None = None
    bank_refs: tuple[BankRef, ...] = ()
    consents: tuple[Consent, ...] = ()
    documents: int = 0
    open_duplicates: int = 0
    alerts: tuple[Alert, ...] = ()


class GetClient360(Request[Client360], query=True, permission="clients:client:read"):
    """The whole picture of a client, today or as of a day."""

    client_id: UUID
    as_of: date | None = None


class TimelineEntry(Reply):
    """One thing that happened with the client; `key` names the text, `params` fill it."""

    id: UUID
    occurred_at: Instant
    kind: TimelineKind
    source_actor: str
    key: str
    ref_id: UUID
    params: dict[str, Any]
    amount: Money | None = None


class TimelinePage(Page[TimelineEntry]):
    """Entries, newest first."""


class ListClientTimeline(PageRequest, Request[TimelinePage], query=True, permission="clients:client:read"):
    """What happened with a client."""

    client_id: UUID
    kinds: tuple[TimelineKind, ...] = ()
    since: Instant | None = None
    until: Instant | None = None


class SearchHit(Reply):
    """A client that matches a search."""

    id: UUID
    client_code: str
    display_name: str
    type: ClientType
    status_category: StatusCategory
    record_state: RecordState
    primary_email: str | None
    primary_phone: str | None
    city: str | None
    score: float
    highlights: tuple[str, ...] = Field(default=(), description="the shown fields that matched")


class SearchHits(Reply):
    """The best matches first."""

    items: tuple[SearchHit, ...]


class SearchClients(Request[SearchHits], query=True, permission="clients:client:read"):
    """Find clients by any mix of name, e-mail, phone, code, SIREN and postal code; small typing errors are forgiven."""

    query: Annotated[str, Field(min_length=2, max_length=100)]
    limit: Annotated[int, Field(ge=1, le=50)] = 20
    archived: bool = False
