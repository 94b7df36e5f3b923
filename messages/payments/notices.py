"""Formal notices: the registered letter that puts a debtor in default of payment, with its deadline."""

from datetime import date
from enum import StrEnum
from uuid import UUID

from messages.base import Event, Message, Reply, Request
from messages.paging import Page, PageRequest
from messages.shared import Party
from messages.values.instants import Instant
from messages.values.money import Money
from messages.values.text import Label


class NoticeKind(StrEnum):
    """What a notice demands; STANDARD: payment before its deadline."""

    STANDARD = "STANDARD"


class NoticeMedium(StrEnum):
    """How it is delivered, with proof."""

    REGISTERED_POST = "REGISTERED_POST"


class NoticeStatus(StrEnum):
    """The life of a notice. DRAFT: something is missing, such as the address; SENT: handed to the post, its deadline runs.

    UNCLAIMED: not fetched or refused, which counts as delivered; UNDELIVERABLE: the address is wrong, the notice is void.
    """

    DRAFT = "DRAFT"
    REQUESTED = "REQUESTED"
    RENDERED = "RENDERED"
    SENT = "SENT"
    PRESENTED = "PRESENTED"
    DELIVERED = "DELIVERED"
    UNCLAIMED = "UNCLAIMED"
    UNDELIVERABLE = "UNDELIVERABLE"
    SATISFIED = "SATISFIED"
    EXPIRED = "EXPIRED"
    CANCELLED = "CANCELLED"


class NoticeItem(Message):
    """One receivable that a notice claims; a consumer owes neither interest nor charges (CPCE, art. L111-8)."""

    invoice_number: str | None = None
    due_date: date
    principal: Money
    interest: Money
    charges: Money


class FormalNotice(Reply):
    """A notice with what it claimed when it was made."""

    notice_id: UUID
    case_id: UUID
    client_id: UUID
    kind: NoticeKind
    medium: NoticeMedium
    status: NoticeStatus
    items: tuple[NoticeItem, ...]
    total: Money
    deadline_days: int
    document_id: UUID | None
    letter_id: UUID | None
    tracking_number: str | None
    sent_on: date | None
    first_presented_on: date | None
    deadline_on: date | None
    error_code: str | None
    created_at: Instant
    version: int


class FormalNoticePage(Page[FormalNotice]):
    """Notices, newest first."""


_READ, _WRITE = "payments:recovery:read", "payments:recovery_legal:write"


class IssueFormalNotice(Request[FormalNotice], permission=_WRITE):
    """Demand payment of everything a case asks for, by registered letter; one that lacked something is ordered again."""

    case_id: UUID


class CancelFormalNotice(Request[FormalNotice], permission=_WRITE):
    """Keep a notice from being posted."""

    notice_id: UUID
    reason: Label


class GetFormalNotice(Request[FormalNotice], query=True, permission=_READ):
    """One notice."""

    notice_id: UUID


class ListFormalNotices(PageRequest, Request[FormalNoticePage], query=True, permission=_READ):
    """Notices by case, client and state."""

    case_id: UUID | None = None
    client_id: UUID | None = None
    status: tuple[NoticeStatus, ...] = ()


class FormalNoticeRequested(Event, aggregate="formal_notice", personal=True, aggregate_id="notice_id"):
    """The order to render a notice; the answer carries notice_id."""

    notice_id: UUID
    case_id: UUID
    case_number: str
    company_id: UUID
    client_id: UUID
    contract_id: UUID | None = None
    kind: NoticeKind
    medium: NoticeMedium
    recipient: Party
    consumer: bool
    items: tuple[NoticeItem, ...]
    total: Money
    template_key: str
    locale: str
    deadline_days: int


class FormalNoticeSent(Event, aggregate="formal_notice", aggregate_id="notice_id"):
    """The notice was posted: its deadline runs."""

    notice_id: UUID
    case_id: UUID
    client_id: UUID
    kind: NoticeKind
    sent_on: date
    deadline_on: date


class FormalNoticeExpired(Event, aggregate="formal_notice", aggregate_id="notice_id"):
    """The deadline passed and something is still owed."""

    notice_id: UUID
    case_id: UUID
    client_id: UUID
    deadline_on: date


class FormalNoticeCancelled(Event, aggregate="formal_notice", aggregate_id="notice_id"):
    """The notice need not be posted any more."""

    notice_id: UUID
    case_id: UUID
    client_id: UUID
