"""Plans to settle a debt in several dates, agreed with the debtor; not the schedule of a contract."""

from datetime import date
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field

from messages.base import Event, Message, Reply, Request
from messages.paging import Page, PageRequest
from messages.values.instants import Instant
from messages.values.money import Money
from messages.values.text import Label


class SettlementStatus(StrEnum):
    """The life of a plan. PROPOSED: waits ten days for the debtor; BROKEN: a tranche stayed unpaid for more than five days."""

    PROPOSED = "PROPOSED"
    ACTIVE = "ACTIVE"
    COMPLETED = "COMPLETED"
    BROKEN = "BROKEN"
    CANCELLED = "CANCELLED"


class TrancheStatus(StrEnum):
    """Whether a tranche was paid; money pays the oldest one first."""

    DUE = "DUE"
    PAID = "PAID"


class SettlementFrequency(StrEnum):
    """How far tranches lie apart."""

    WEEKLY = "WEEKLY"
    MONTHLY = "MONTHLY"


class SettlementCollection(StrEnum):
    """How the debtor pays: by links that he is sent, or by transfer."""

    LINK = "LINK"
    TRANSFER = "TRANSFER"


class TrancheAmount(Message):
    """What is to be paid by when."""

    due_on: date
    amount: Money


class SettlementTranche(TrancheAmount):
    """A part of a plan."""

    number: int
    status: TrancheStatus


class SettlementRef(Reply):
    """Whose debt a plan settles."""

    plan_id: UUID
    case_id: UUID
    client_id: UUID


class SettlementPlan(SettlementRef):
    """A plan; its tranches only where one plan is asked for."""

    total: Money
    frequency: SettlementFrequency
    collection: SettlementCollection
    status: SettlementStatus
    proposed_until: date
    accepted_at: Instant | None
    proof_document_id: UUID | None
    proof_session_id: UUID | None
    tranches: tuple[SettlementTranche, ...] = ()
    created_at: Instant
    version: int


class SettlementPlanPage(Page[SettlementPlan]):
    """Plans, newest first, without their tranches."""


_READ, _WRITE = "payments:recovery:read", "payments:recovery:write"


class ProposeSettlementPlan(Request[SettlementPlan], permission=_WRITE):
    """Divide what a case asks for into tranches due on TARGET days; cents that do not divide go to the first ones."""

    case_id: UUID
    count: Annotated[int, Field(ge=2, le=12)]
    frequency: SettlementFrequency = SettlementFrequency.MONTHLY
    first_due_on: date
    collection: SettlementCollection = SettlementCollection.TRANSFER


class AcceptSettlementPlan(Request[SettlementPlan], permission=_WRITE):
    """The debtor agreed, as the document or the portal session proves: recovery waits for the tranches."""

    plan_id: UUID
    proof_document_id: UUID | None = None
    proof_session_id: UUID | None = None


class CancelSettlementPlan(Request[SettlementPlan], permission=_WRITE):
    """Give a plan up; the case goes on."""

    plan_id: UUID
    reason: Label


class GetSettlementPlan(Request[SettlementPlan], query=True, permission=_READ):
    """One plan with its tranches."""

    plan_id: UUID


class ListSettlementPlans(PageRequest, Request[SettlementPlanPage], query=True, permission=_READ):
    """Plans by case, client and state."""

    case_id: UUID | None = None
    client_id: UUID | None = None
    status: tuple[SettlementStatus, ...] = ()


class SettlementPlanActivated(SettlementRef, Event, aggregate="settlement_plan", aggregate_id="plan_id"):
    """The debtor agreed to a plan; the case waits."""

    total: Money
    tranches: tuple[TrancheAmount, ...]


class SettlementPlanCompleted(SettlementRef, Event, aggregate="settlement_plan", aggregate_id="plan_id"):
    """Every tranche was paid."""


class SettlementPlanBroken(SettlementRef, Event, aggregate="settlement_plan", aggregate_id="plan_id"):
    """A tranche stayed unpaid; the case goes on at level 3 at least."""
