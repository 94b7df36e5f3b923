"""Mailboxes: the SMTP accounts an organisation or one of its companies sends from."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field, model_validator

from messages.base import Event, Reply, Request
from messages.errors import ALREADY_EXISTS, NOT_FOUND, PRECONDITION_FAILED, VALIDATION_FAILED
from messages.paging import Page, PageRequest
from messages.values.contact import EmailAddress
from messages.values.instants import Instant
from messages.values.refusal import refusal
from messages.values.text import Label, Line

MAILBOX_NOT_FOUND = NOT_FOUND.specific("MAILBOX_NOT_FOUND", "Boîte mail introuvable", "Mailbox not found")
MAILBOX_DUPLICATE = ALREADY_EXISTS.specific(
    "MAILBOX_DUPLICATE", "Boîte mail déjà enregistrée", "Mailbox exists already"
)
HOST_NOT_ALLOWED = VALIDATION_FAILED.specific("HOST_NOT_ALLOWED", "Serveur non autorisé", "Host not allowed")
NO_MAILBOX = PRECONDITION_FAILED.specific("NO_MAILBOX", "Aucune boîte mail pour envoyer", "No mailbox to send from")


class MailboxOwner(StrEnum):
    """Whom a mailbox speaks for."""

    COMPANY = "COMPANY"
    ORGANISATION = "ORGANISATION"


class MailProvider(StrEnum):
    """Whose servers carry the mail; the big ones have known hosts."""

    GMAIL = "GMAIL"
    OUTLOOK = "OUTLOOK"
    EXCHANGE = "EXCHANGE"
    SMTP = "SMTP"
    OTHER = "OTHER"


class SmtpSecurity(StrEnum):
    """How the connection is protected; NONE is for a relay on the same machine only."""

    TLS = "TLS"
    STARTTLS = "STARTTLS"
    NONE = "NONE"


class MailboxStatus(StrEnum):
    """Whether the account was seen to work; only CONNECTED mailboxes send."""

    PENDING = "PENDING"
    CONNECTED = "CONNECTED"
    ERROR = "ERROR"


class SecretState(Reply):
    """All that is ever told about a secret."""

    has_value: bool
    updated_at: Instant | None = None


class Mailbox(Reply):
    """An account to send from. The password goes in and never comes out."""

    id: UUID
    owner_type: MailboxOwner
    company_id: UUID | None
    name: str
    email_address: str
    display_name: str | None
    provider: MailProvider
    smtp_host: str
    smtp_port: int
    smtp_security: SmtpSecurity
    username: str | None
    password: SecretState
    is_default: bool
    status: MailboxStatus
    last_error_code: str | None
    last_error_at: Instant | None
    version: int


class MailboxPage(Page[Mailbox]):
    """Mailboxes by creation."""


Password = Annotated[str, Field(min_length=1, max_length=500)]
Port = Annotated[int, Field(ge=1, le=65535)]


class CreateMailbox(Request[Mailbox]):
    """Record an SMTP account; it is tried at once and sends from the moment its status is CONNECTED.

    Without host the provider's known servers are taken. Without password the relay must accept mail unauthenticated.
    """

    owner_type: MailboxOwner = MailboxOwner.ORGANISATION
    company_id: UUID | None = None
    name: Label
    email_address: EmailAddress
    display_name: Label | None = None
    provider: MailProvider = MailProvider.SMTP
    smtp_host: Line | None = None
    smtp_port: Port | None = None
    smtp_security: SmtpSecurity | None = None
    username: Line | None = None
    password: Password | None = Field(default=None, repr=False)
    is_default: bool = False

    @model_validator(mode="after")
    def _owner_is_named(self) -> "CreateMailbox":
        if (self.owner_type is MailboxOwner.COMPANY) != (self.company_id is not None):
            raise refusal("OWNER_MISMATCH", "give company_id for a mailbox of a company, and only then")
        return self


class UpdateMailbox(Request[Mailbox]):
    """Change a mailbox; a field left out stays. New host, user or password: it is tried again before it sends."""

    mailbox_id: UUID
    expected_version: int
    name: Label | None = None
    display_name: Label | None = None
    smtp_host: Line | None = None
    smtp_port: Port | None = None
    smtp_security: SmtpSecurity | None = None
    username: Line | None = None
    password: Password | None = Field(default=None, repr=False)


class GetMailbox(Request[Mailbox], query=True):
    """One mailbox, without its password."""

    mailbox_id: UUID


class ListMailboxes(PageRequest, Request[MailboxPage], query=True, resource="mailbox"):
    """The mailboxes of the organisation."""

    owner_type: MailboxOwner | None = None
    company_id: UUID | None = None
    status: MailboxStatus | None = None


class SetDefaultMailbox(Request[Mailbox], permission="engagement:mailbox:write"):
    """Make it the mailbox its owner sends from when nobody names another."""

    mailbox_id: UUID


class TestMailbox(Request[Mailbox], permission="engagement:mailbox:write"):
    """Sign in at the server again; the outcome is the mailbox's status and `mailbox.connected`."""

    __test__ = False  # not a test of pytest

    mailbox_id: UUID


class MailboxConnected(Event, aggregate="mailbox"):
    """The account was seen to work; waiting mail leaves."""

    mailbox_id: UUID
    owner_type: MailboxOwner
    owner_id: UUID


class MailboxDisconnected(Event, aggregate="mailbox"):
    """The account stopped working; its mail waits."""

    mailbox_id: UUID
    owner_type: MailboxOwner
    owner_id: UUID
    reason: str
