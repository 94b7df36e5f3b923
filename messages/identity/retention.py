"""How long what is kept: policies with legal bounds, and the runs that end it."""

from datetime import date
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field

from messages.base import Access, Event, Idempotency, Reply, Request
from messages.identity.organisations import OTHER_ACTORS
from messages.paging import Page, PageRequest
from messages.values.instants import Instant
from messages.values.text import Label, Paragraph


class RetentionCategory(StrEnum):
    """What a policy is about. Only what an actor executes is listed here."""

    PROSPECT = "PROSPECT"
    CUSTOMER_ACTIVE = "CUSTOMER_ACTIVE"
    INVITATION = "INVITATION"
    NOTIFICATION = "NOTIFICATION"
    PRIVACY_FILE = "PRIVACY_FILE"


class RetentionAnchor(StrEnum):
    """From when the period runs."""

    LAST_CONTACT = "LAST_CONTACT"
    LAST_ACTIVITY = "LAST_ACTIVITY"
    CREATED = "CREATED"
    COMPLETED = "COMPLETED"


class RetentionMode(StrEnum):
    """What happens at the end."""

    DELETE = "DELETE"
    ANONYMISE = "ANONYMISE"


class PurgeStatus(StrEnum):
    """How a run went; PARTIAL kept something that the law or a hold wants kept."""

    RUNNING = "RUNNING"
    SUCCESS = "SUCCESS"
    PARTIAL = "PARTIAL"
    FAILED = "FAILED"


Months = Annotated[int, Field(ge=1, le=120)]


class RetentionState(Reply):
    """A policy as every actor knows it; the period is in whole calendar months."""

    policy_id: UUID
    category: RetentionCategory
    actor: str
    entity: str
    months: int
    anchor: RetentionAnchor
    mode: RetentionMode
    is_active: bool


class RetentionPolicy(RetentionState):
    """A policy with its legal bounds; version 0 is the default that nobody changed."""

    min_months: int
    max_months: int
    legal_basis: str
    description: str | None = None
    version: int


class RetentionPolicies(Reply):
    """All policies, by category."""

    items: tuple[RetentionPolicy, ...]


class PurgeRun(Reply):
    """One run of one policy. A dry run counts and changes nothing."""

    run_id: UUID
    policy_id: UUID
    category: RetentionCategory
    actor: str
    as_of: Instant
    cutoff: date
    dry_run: bool
    status: PurgeStatus
    scanned: int = 0
    deleted: int = 0
    anonymised: int = 0
    archived: int = 0
    retained: int = 0
    retention_reason: str | None = None
    completed_at: Instant | None = None


class PurgeRunPage(Page[PurgeRun]):
    """Runs, the newest first."""


class PurgeRuns(Reply):
    """The runs that were started, or had been for that day."""

    items: tuple[PurgeRun, ...]


class PurgeRunAccepted(Reply):
    """Whether the report was new."""

    accepted: bool


class UpsertRetentionPolicy(Request[RetentionPolicy]):
    """Keep a category longer or shorter than by default, within its legal bounds (RETENTION_POLICY_INVALID)."""

    category: RetentionCategory
    months: Months
    is_active: bool = True
    legal_basis: Label | None = None
    description: Paragraph | None = None
    expected_version: int


class ListRetentionPolicies(Request[RetentionPolicies], query=True, permission="identity:retention_policy:read"):
    """The organisation's policies, defaults included."""

    category: RetentionCategory | None = None


class GetRetentionPolicy(Request[RetentionPolicy], query=True):
    """One policy with its legal bounds; the default where the organisation changed nothing."""

    category: RetentionCategory


class RunRetentionPurge(Request[PurgeRuns], permission="identity:purge_run:execute"):
    """Run policies now; by default they only count what a real run would end."""

    category: RetentionCategory | None = None
    dry_run: bool = True


class ListPurgeRuns(PageRequest, Request[PurgeRunPage], query=True):
    """The runs of all policies, the newest first."""

    category: RetentionCategory | None = None
    status: PurgeStatus | None = None


class ReportPurgeRun(
    Request[PurgeRunAccepted], access=Access.INTERNAL, internal_callers=OTHER_ACTORS, idempotency=Idempotency.NONE
):
    """An actor has run a policy. A second report of the same run changes nothing."""

    run_id: UUID
    status: PurgeStatus
    scanned: Annotated[int, Field(ge=0)] = 0
    deleted: Annotated[int, Field(ge=0)] = 0
    anonymised: Annotated[int, Field(ge=0)] = 0
    archived: Annotated[int, Field(ge=0)] = 0
    retained: Annotated[int, Field(ge=0)] = 0
    retention_reason: Label | None = None


class RetentionPolicyUpdated(RetentionState, Event, aggregate="retention_policy", aggregate_id="policy_id"):
    """A period changed; notices and runs follow it from now on."""


class RetentionPolicyRunRequested(Event, aggregate="retention_policy", aggregate_id="policy_id"):
    """The named actor ends what its anchor day before `cutoff` makes due, and reports the run."""

    run_id: UUID
    policy_id: UUID
    category: RetentionCategory
    actor: str
    entity: str
    cutoff: date
    as_of: Instant
    dry_run: bool
