"""The privacy office: data-subject requests, the tasks they give every actor, legal holds and proofs (GDPR art. 12 to 21)."""

from datetime import date
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field

from messages.base import Access, Event, Idempotency, Part, Reply, Request
from messages.identity.organisations import OTHER_ACTORS
from messages.identity.vocabulary import Reason
from messages.paging import Page, PageRequest
from messages.values.contact import EmailAddress
from messages.values.instants import Instant
from messages.values.text import Label, Paragraph

ActorName = Annotated[str, Field(pattern=r"^[a-z]+$", max_length=30)]


class PrivacyKind(StrEnum):
    """What the person asks for."""

    ACCESS = "ACCESS"
    PORTABILITY = "PORTABILITY"
    ERASURE = "ERASURE"
    RECTIFICATION = "RECTIFICATION"
    RESTRICTION = "RESTRICTION"
    OBJECTION = "OBJECTION"


class SubjectType(StrEnum):
    """Who the person is to the organisation."""

    USER = "USER"
    CUSTOMER = "CUSTOMER"
    PARTNER = "PARTNER"
    SALES_REP = "SALES_REP"


class RequesterChannel(StrEnum):
    """How the request came in."""

    EMAIL = "EMAIL"
    LETTER = "LETTER"
    PORTAL = "PORTAL"
    PHONE = "PHONE"


class PrivacyStatus(StrEnum):
    """The life of a request; PARTIAL = something must be kept by law, with reason and end."""

    RECEIVED = "RECEIVED"
    IDENTITY_CHECK = "IDENTITY_CHECK"
    ASSESSING = "ASSESSING"
    READY = "READY"
    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    PARTIAL = "PARTIAL"
    FAILED = "FAILED"
    REJECTED = "REJECTED"
    CANCELLED = "CANCELLED"


class PrivacyPhase(StrEnum):
    """ASSESS counts, EXECUTE does."""

    ASSESS = "ASSESS"
    EXECUTE = "EXECUTE"


class PrivacyTaskStatus(StrEnum):
    """How an actor's part ended; SKIPPED = it holds nothing of the person."""

    PENDING = "PENDING"
    SUCCESS = "SUCCESS"
    PARTIAL = "PARTIAL"
    FAILED = "FAILED"
    SKIPPED = "SKIPPED"


class EntityReport(Part):
    """What one actor does, or did, with one kind of record of the person."""

    entity: Label
    deleted: Annotated[int, Field(ge=0)] = 0
    anonymised: Annotated[int, Field(ge=0)] = 0
    retained: Annotated[int, Field(ge=0)] = 0
    retained_reason: Label | None = None
    retained_until: date | None = None
    verification_passed: bool | None = Field(default=None, description="EXECUTE: nothing of it is found any more")


class ExportPart(Part):
    """One part of what an actor holds of the person, as JSON text; `number` counts from 1 to `total`."""

    number: Annotated[int, Field(ge=1, le=1000)]
    total: Annotated[int, Field(ge=1, le=1000)]
    content: Annotated[str, Field(max_length=400_000, repr=False)]


class PrivacyTask(Reply):
    """One actor's part in one phase."""

    actor: str
    phase: PrivacyPhase
    status: PrivacyTaskStatus
    entities: tuple[EntityReport, ...] = ()
    parts: int = 0
    reported_at: Instant | None = None
    error: str | None = None


class PrivacyRequest(Reply):
    """A data-subject request; `tasks` is filled where one request is read."""

    request_id: UUID
    kind: PrivacyKind
    subject_type: SubjectType
    subject_id: UUID
    received_at: Instant
    due_on: date
    extended: bool
    channel: RequesterChannel
    identity_verified_at: Instant | None = None
    identity_method: str | None = None
    reason: str
    external_reference: str | None = None
    status: PrivacyStatus
    rejection_reason: str | None = None
    attempt: int
    completed_at: Instant | None = None
    tasks: tuple[PrivacyTask, ...] = ()
    version: int


class PrivacyRequestPage(Page[PrivacyRequest]):
    """Requests, the newest first."""


class PrivacySubject(Reply):
    """Everything by which actors find the person; personal, so never in an event."""

    request_id: UUID
    kind: PrivacyKind
    subject_type: SubjectType
    subject_id: UUID
    linked_ids: dict[str, tuple[UUID, ...]] = Field(default_factory=dict, description="ids of the person by actor")
    emails: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    streets: tuple[str, ...] = ()
    ibans_masked: tuple[str, ...] = ()
    kept_because: str | None = Field(
        default=None, description="why the relation goes on, if it does: what it needs is kept until it ends"
    )


class PrivacyTaskAccepted(Reply):
    """The report is kept; the same report again changes nothing."""

    accepted: bool


class ExportPartContent(Reply):
    """One part of the export."""

    actor: str
    number: int
    total: int
    content: str


class ErasureProof(Reply):
    """What was done, signed; the signature is Ed25519 over the canonical JSON of the other fields, base64."""

    request_id: UUID
    deleted: int
    anonymised: int
    retained: int
    all_verifications_passed: bool
    failed_verifications: tuple[str, ...]
    generated_at: Instant
    signature: str
    kid: str


class CreatePrivacyRequest(Request[PrivacyRequest]):
    """Record what a person asks for; the legal month runs from its receipt (GDPR art. 12(3))."""

    kind: PrivacyKind
    subject_type: SubjectType
    subject_id: UUID
    subject_email: EmailAddress | None = None
    received_at: Instant
    channel: RequesterChannel
    reason: Paragraph
    external_reference: Label | None = None


class VerifyRequesterIdentity(Request[PrivacyRequest], permission="identity:privacy_request:write"):
    """Note how it was made sure that the request comes from the person (GDPR art. 12(6))."""

    request_id: UUID
    method: Label
    note: Paragraph | None = None


class AssessPrivacyRequest(Request[PrivacyRequest], permission="identity:privacy_request:write"):
    """Let every actor count what it holds; nothing is changed yet."""

    request_id: UUID


class ExecutePrivacyRequest(Request[PrivacyRequest], permission="identity:privacy_request:execute"):
    """Do it in every actor; refused while the person is under a legal hold."""

    request_id: UUID


class ExtendPrivacyRequest(Request[PrivacyRequest], permission="identity:privacy_request:write"):
    """Take two more months, once and before the first has passed (GDPR art. 12(3))."""

    request_id: UUID
    reason: Reason


class CancelPrivacyRequest(Request[PrivacyRequest], permission="identity:privacy_request:write"):
    """The person withdrew the request."""

    request_id: UUID
    reason: Reason


class RejectPrivacyRequest(Request[PrivacyRequest], permission="identity:privacy_request:write"):
    """The request is refused; the person must be told why (GDPR art. 12(4))."""

    request_id: UUID
    reason: Reason


class GetPrivacyRequest(Request[PrivacyRequest], query=True):
    """One request with the part of every actor."""

    request_id: UUID


class ListPrivacyRequests(PageRequest, Request[PrivacyRequestPage], query=True):
    """The requests, the newest first."""

    kind: PrivacyKind | None = None
    status: PrivacyStatus | None = None
    subject_id: UUID | None = None


class GetErasureProof(Request[ErasureProof], query=True, audited=True, permission="identity:privacy_request:read"):
    """The signed proof of an executed request."""

    request_id: UUID


class GetExportPart(Request[ExportPartContent], query=True, audited=True, permission="identity:privacy_request:read"):
    """One part of what an actor exported; each reading is audited."""

    request_id: UUID
    actor: ActorName
    number: Annotated[int, Field(ge=1)] = 1


class GetPrivacySubject(
    Request[PrivacySubject], access=Access.INTERNAL, internal_callers=OTHER_ACTORS, query=True, audited=True
):
    """Who the person of a request is; answered only while actors are counting or executing."""

    request_id: UUID


class ReportPrivacyTask(
    Request[PrivacyTaskAccepted],
    access=Access.INTERNAL,
    internal_callers=OTHER_ACTORS,
    idempotency=Idempotency.NONE,
):
    """An actor's part is done. A second report of the same phase, or of the same export part, changes nothing."""

    request_id: UUID
    phase: PrivacyPhase
    status: PrivacyTaskStatus
    entities: Annotated[tuple[EntityReport, ...], Field(max_length=100)] = ()
    part: ExportPart | None = None
    error: Label | None = None


class PrivacyCase(Reply):
    """A request as every actor hears of it; nothing personal."""

    request_id: UUID
    kind: PrivacyKind
    phase: PrivacyPhase
    subject_type: SubjectType
    subject_id: UUID
    attempt: int


class PrivacyRequestAssessmentRequested(PrivacyCase, Event, aggregate="privacy_request", aggregate_id="request_id"):
    """Count what you hold of this person and report; stated again for silent actors."""


class PrivacyRequestExecutionRequested(PrivacyCase, Event, aggregate="privacy_request", aggregate_id="request_id"):
    """Do what the request demands and report; stated again for silent actors."""


class PrivacyRequestCompleted(PrivacyCase, Event, aggregate="privacy_request", aggregate_id="request_id"):
    """The request has ended."""

    outcome: PrivacyStatus


class PrivacyRequestDueSoon(PrivacyCase, Event, aggregate="privacy_request", aggregate_id="request_id"):
    """Seven days are left."""

    due_at: date


class PrivacyRequestOverdue(PrivacyCase, Event, aggregate="privacy_request", aggregate_id="request_id"):
    """The legal time has passed."""

    due_at: date
