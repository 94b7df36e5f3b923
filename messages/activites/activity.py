"""Activities: what happened with a client; and the timeline that shows it beside everybody else's facts."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field, model_validator

from messages.base import Event, Part, Reply, Request
from messages.errors import NOT_FOUND, VALIDATION_FAILED
from messages.paging import Page, PageRequest
from messages.values.instants import Instant
from messages.values.money import Money
from messages.values.refusal import refusal
from messages.values.text import PRINTABLE, Code, Line

ACTIVITY_NOT_FOUND = NOT_FOUND.specific("ACTIVITY_NOT_FOUND", "Activité introuvable", "Activity not found")
TYPE_INACTIVE = VALIDATION_FAILED.specific("TYPE_INACTIVE", "Type d'activité inactif", "Activity type inactive")


class Direction(StrEnum):
    """Who reached whom."""

    INBOUND = "INBOUND"
    OUTBOUND = "OUTBOUND"
    INTERNAL = "INTERNAL"


class ActivityOutcome(StrEnum):
    """How a contact ended."""

    NONE = "NONE"
    REACHED = "REACHED"
    NO_ANSWER = "NO_ANSWER"
    LEFT_MESSAGE = "LEFT_MESSAGE"
    INTERESTED = "INTERESTED"
    NOT_INTERESTED = "NOT_INTERESTED"
    DISPUTE = "DISPUTE"
    DONE = "DONE"


class ActivitySource(StrEnum):
    """How an activity came into the record."""

    MANUAL = "MANUAL"
    EMAIL = "EMAIL"
    SMS = "SMS"
    TASK = "TASK"
    SYSTEM = "SYSTEM"


class TimelineSubject(StrEnum):
    """What a timeline is about. A client's holds its contracts' and invoices' entries too."""

    CLIENT = "CLIENT"
    CONTRACT = "CONTRACT"
    INVOICE = "INVOICE"


class TimelineKind(StrEnum):
    """What an entry of the timeline tells."""

    ACTIVITY = "ACTIVITY"
    TASK = "TASK"
    EMAIL_OUT = "EMAIL_OUT"
    INVOICE = "INVOICE"
    PAYMENT = "PAYMENT"
    REJECTION = "REJECTION"
    CONTRACT = "CONTRACT"


class ActivityType(Reply):
    """A kind of activity; `counts_as_contact` feeds the date of the last contact."""

    id: UUID
    code: str
    name: str
    icon: str
    colour: str
    direction_default: Direction | None
    counts_as_contact: bool
    is_system: bool
    active: bool
    position: int


class ActivityTypePage(Page[ActivityType]):
    """Activity types in their order."""


class Activity(Reply):
    """Something that happened with a client, contract or invoice."""

    id: UUID
    type_code: str
    occurred_at: Instant
    subject: str
    comment: str | None
    follow_up_due_at: Instant | None
    follow_up_task_id: UUID | None
    client_id: UUID | None
    contract_id: UUID | None
    invoice_id: UUID | None
    direction: Direction
    outcome: ActivityOutcome
    author_id: UUID | None
    source: ActivitySource
    created_at: Instant
    version: int


class ActivityPage(Page[Activity]):
    """Activities, latest first."""


class TimelineEntry(Reply):
    """One line of a timeline."""

    id: UUID
    at: Instant
    kind: TimelineKind
    code: str
    title: str
    detail: str | None
    amount: Money | None
    ref_type: str
    ref_id: UUID
    actor_user_id: UUID | None


class TimelinePage(Page[TimelineEntry]):
    """The timeline, latest first."""


class ListActivityTypes(PageRequest, Request[ActivityTypePage], query=True, resource="activity_type"):
    """The kinds of activity one may record."""

    active: bool | None = True


class _Draft(Part):
    type_code: Code
    occurred_at: Instant | None = Field(default=None, description="left out: now; only meetings may lie ahead")
    subject: Line
    comment: Annotated[str, Field(max_length=20_000), PRINTABLE] | None = None
    follow_up_due_at: Instant | None = None
    client_id: UUID | None = None
    contract_id: UUID | None = None
    invoice_id: UUID | None = None
    internal: bool = Field(default=False, description="attached to nobody")
    direction: Direction | None = None
    outcome: ActivityOutcome = ActivityOutcome.NONE

    @model_validator(mode="after")
    def _is_about_somebody(self) -> "_Draft":
        if not (self.client_id or self.contract_id or self.invoice_id or self.internal):
            raise refusal("NO_SUBJECT_LINK", "give client_id, contract_id or invoice_id, or say internal")
        return self


class CreateActivity(_Draft, Request[Activity]):
    """Record what happened. Without direction the type's is taken; a follow-up date makes a task for the author."""


class GetActivity(Request[Activity], query=True):
    """One activity."""

    activity_id: UUID


class ListActivities(PageRequest, Request[ActivityPage], query=True, resource="activity"):
    """Activities, latest first."""

    client_id: UUID | None = None
    contract_id: UUID | None = None
    invoice_id: UUID | None = None
    type_code: Code | None = None
    author_id: UUID | None = None
    from_instant: Instant | None = None
    to_instant: Instant | None = None


class ListTimeline(PageRequest, Request[TimelinePage], query=True, permission="activites:timeline:read"):
    """Everything that happened around a client, contract or invoice, latest first."""

    subject_type: TimelineSubject
    subject_id: UUID
    kinds: tuple[TimelineKind, ...] = ()


class ActivityRef(Reply):
    """What a fact about an activity says of it."""

    activity_id: UUID
    type_code: str
    client_id: UUID | None = None
    contract_id: UUID | None = None
    invoice_id: UUID | None = None
    occurred_at: Instant
    direction: Direction
    outcome: str | None = None
    purpose: str | None = None
    author_id: UUID | None = None
    counts_as_contact: bool
    source: ActivitySource


class ActivityRecorded(ActivityRef, Event, aggregate="activity"):
    """Something happened with a client."""
