"""Legal holds: what may not be erased for now (GDPR art. 17(3)(e))."""

from uuid import UUID

from messages.base import Event, Reply, Request
from messages.identity.privacy import SubjectType
from messages.identity.vocabulary import Reason
from messages.paging import Page, PageRequest
from messages.values.instants import Instant
from messages.values.text import Label, Paragraph


class LegalHold(Reply):
    """While active, nothing of the person is erased."""

    hold_id: UUID
    subject_type: SubjectType
    subject_id: UUID
    reason: str
    case_reference: str | None = None
    placed_at: Instant
    expires_at: Instant | None = None
    is_active: bool
    lifted_at: Instant | None = None
    lift_reason: str | None = None
    version: int


class LegalHoldPage(Page[LegalHold]):
    """Holds, the newest first."""


class LegalHoldCheck(Reply):
    """Whether the person is under a hold now."""

    held: bool


class PlaceLegalHold(Request[LegalHold], permission="identity:legal_hold:write"):
    """Keep everything of a person, for a dispute or an inquiry; erasure and retention pass him by."""

    subject_type: SubjectType
    subject_id: UUID
    reason: Paragraph
    case_reference: Label | None = None
    expires_at: Instant | None = None


class LiftLegalHold(Request[LegalHold], permission="identity:legal_hold:write"):
    """The reason to keep is gone."""

    hold_id: UUID
    reason: Reason


class CheckLegalHold(Request[LegalHoldCheck], query=True, internal_callers=("clients", "documents")):
    """Whether a person is under a hold now."""

    subject_type: SubjectType
    subject_id: UUID


class ListLegalHolds(PageRequest, Request[LegalHoldPage], query=True):
    """The holds, the newest first."""

    is_active: bool | None = None


class LegalHoldPlaced(Event, aggregate="legal_hold", aggregate_id="hold_id"):
    """Erase nothing of this person."""

    hold_id: UUID
    subject_type: SubjectType
    subject_id: UUID
    expires_at: Instant | None = None


class LegalHoldLifted(Event, aggregate="legal_hold", aggregate_id="hold_id"):
    """The person may be erased again."""

    hold_id: UUID
    subject_type: SubjectType
    subject_id: UUID
