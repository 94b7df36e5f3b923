"""clients, contact: the persons of a company, and whether a client may be contacted."""

from enum import StrEnum
from uuid import UUID

from pydantic import Field, model_validator

from messages.base import Empty, Reply, Request
from messages.clients.vocabulary import Title
from messages.paging import Page, PageRequest
from messages.values.contact import EmailAddress, PhoneNumber
from messages.values.instants import Instant
from messages.values.refusal import refusal
from messages.values.text import Label


class ContactRole(StrEnum):
    """What a person does at the client."""

    DECISION_MAKER = "DECISION_MAKER"
    BILLING = "BILLING"
    TECHNICAL = "TECHNICAL"
    LEGAL = "LEGAL"
    OTHER = "OTHER"


class ContactPerson(Reply):
    """Somebody who acts for a client that is not a person."""

    id: UUID
    client_id: UUID
    title: Title | None
    given_name: str | None
    family_name: str
    job_title: str | None
    role: ContactRole
    email: str | None
    phone: str | None
    is_primary: bool
    active: bool
    version: int


class ContactPersonPage(Page[ContactPerson]):
    """Persons by creation."""


class AddContactPerson(Request[ContactPerson], permission="clients:client:write"):
    """Add a person to a client that is not one; the first becomes the primary one."""

    client_id: UUID
    title: Title | None = None
    given_name: Label | None = None
    family_name: Label
    job_title: Label | None = None
    role: ContactRole = ContactRole.OTHER
    email: EmailAddress | None = None
    phone: PhoneNumber | None = None
    is_primary: bool = False


class UpdateContactPerson(Request[ContactPerson], permission="clients:client:write"):
    """Correct a person; a field left out stays, null clears it."""

    contact_person_id: UUID
    expected_version: int
    title: Title | None = None
    given_name: Label | None = None
    family_name: Label | None = None
    job_title: Label | None = None
    role: ContactRole = ContactRole.OTHER
    email: EmailAddress | None = None
    phone: PhoneNumber | None = None
    is_primary: bool = False
    active: bool = True


class RemoveContactPerson(Request[Empty], permission="clients:client:write"):
    """Remove a person."""

    contact_person_id: UUID


class ListContactPersons(PageRequest, Request[ContactPersonPage], query=True, permission="clients:client:read"):
    """The persons of a client."""

    client_id: UUID


class ContactChannel(StrEnum):
    """How a client would be contacted."""

    EMAIL = "EMAIL"
    SMS = "SMS"
    PHONE = "PHONE"
    POST = "POST"


class ContactPurpose(StrEnum):
    """Why: to sell, or about what the client has already."""

    MARKETING = "MARKETING"
    SERVICE = "SERVICE"


class ContactDenial(StrEnum):
    """Why a client may not be contacted now."""

    ERASED = "ERASED"
    DECEASED = "DECEASED"
    DO_NOT_CONTACT = "DO_NOT_CONTACT"
    GUARDIANSHIP = "GUARDIANSHIP"
    TECHNICAL = "TECHNICAL"
    WITHDRAWN = "WITHDRAWN"
    NO_CONSENT = "NO_CONSENT"
    OPPOSED = "OPPOSED"
    SECTOR_BANNED = "SECTOR_BANNED"
    COOL_OFF = "COOL_OFF"
    FREQUENCY = "FREQUENCY"
    OUTSIDE_WINDOW = "OUTSIDE_WINDOW"


class ContactPermission(Reply):
    """The answer, and when to ask again where only the moment is wrong."""

    allowed: bool
    reasons: tuple[ContactDenial, ...] = ()
    next_window_at: Instant | None = None


class CheckContactPermission(Request[ContactPermission], query=True, permission="clients:consent:read"):
    """Whether a client may be contacted that way at that moment, now by default."""

    client_id: UUID
    channel: ContactChannel
    purpose: ContactPurpose = ContactPurpose.MARKETING
    email: EmailAddress | None = None
    phone: PhoneNumber | None = None
    related_to_contract: bool = Field(default=False, description="about a contract in force")
    as_of: Instant | None = None

    @model_validator(mode="after")
    def _address_fits_channel(self) -> "CheckContactPermission":
        if self.email is not None and self.phone is not None:
            raise refusal("ONE_VALUE", "give the address that would be used: an e-mail address or a phone number")
        return self
