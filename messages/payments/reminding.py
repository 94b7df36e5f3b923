"""Reminder policies: when and how often debtors may be written to, and what they are told without a ladder."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field, model_validator

from messages.base import Part, Reply, Request
from messages.paging import Page, PageRequest
from messages.payments.policies import PolicyScope
from messages.payments.recovery_vocabulary import ReminderChannel
from messages.values.instants import Instant
from messages.values.refusal import refusal
from messages.values.text import Label


class ReminderTrigger(StrEnum):
    """What a rule answers to."""

    ON_REJECTION = "ON_REJECTION"
    PAYMENT_RECEIVED = "PAYMENT_RECEIVED"


class ReminderRule(Part):
    """One message. On a rejection the mail is the pre-notification of the next debit, so that one cannot be delayed."""

    trigger: ReminderTrigger
    channel: ReminderChannel
    template_key: Annotated[str, Field(min_length=1, max_length=80)]
    delay_hours: Annotated[int, Field(ge=0, le=240)] = 0
    only_first_rejection: bool = False


_DEFAULT_RULES = (
    ReminderRule(
        trigger=ReminderTrigger.ON_REJECTION, channel=ReminderChannel.EMAIL, template_key="reminder.debit_failed"
    ),
    ReminderRule(
        trigger=ReminderTrigger.PAYMENT_RECEIVED, channel=ReminderChannel.EMAIL, template_key="reminder.thanks"
    ),
)


class ReminderTerms(Part):
    """Local hours, the end exclusive; days count from 0 = Sunday; caps are per client, the cooldown also per channel."""

    cooldown_hours: Annotated[int, Field(ge=0, le=240)] = 24
    max_per_day: Annotated[int, Field(ge=1, le=20)] = 3
    max_per_week: Annotated[int, Field(ge=1, le=50)] = 10
    allowed_start_hour: Annotated[int, Field(ge=0, le=23)] = 9
    allowed_end_hour: Annotated[int, Field(ge=1, le=24)] = 19
    allowed_days_of_week: Annotated[tuple[Annotated[int, Field(ge=0, le=6)], ...], Field(min_length=1)] = (
        1,
        2,
        3,
        4,
        5,
    )
    exclude_public_holidays: bool = True
    rules: Annotated[tuple[ReminderRule, ...], Field(max_length=20)] = _DEFAULT_RULES

    @model_validator(mode="after")
    def _opens_before_it_closes(self) -> "ReminderTerms":
        if self.allowed_start_hour >= self.allowed_end_hour:
            raise refusal("HOURS_ORDER", "allowed_start_hour must lie before allowed_end_hour")
        return self


class ReminderPolicy(Reply):
    """A stored reminder policy."""

    id: UUID
    name: str
    scope: PolicyScope
    terms: ReminderTerms
    priority: int
    is_default: bool
    is_active: bool
    created_at: Instant
    version: int


class ReminderPolicyPage(Page[ReminderPolicy]):
    """Reminder policies, newest first."""


class CreateReminderPolicy(Request[ReminderPolicy], permission="payments:recovery_admin:write"):
    """Say when debtors of a scope may be written to. Companies and kinds of customers make a scope here."""

    name: Label
    scope: PolicyScope = PolicyScope()
    terms: ReminderTerms = ReminderTerms()
    priority: Annotated[int, Field(ge=0, le=1000)] = 0
    is_default: bool = False


class UpdateReminderPolicy(Request[ReminderPolicy], permission="payments:recovery_admin:write"):
    """Change a reminder policy; messages that wait are held to it when they leave."""

    policy_id: UUID
    expected_version: int
    name: Label | None = None
    terms: ReminderTerms | None = None
    priority: Annotated[int, Field(ge=0, le=1000)] | None = None
    is_active: bool | None = None


class GetReminderPolicy(Request[ReminderPolicy], query=True, permission="payments:recovery:read"):
    """One reminder policy."""

    policy_id: UUID


class ListReminderPolicies(PageRequest, Request[ReminderPolicyPage], query=True, permission="payments:recovery:read"):
    """Reminder policies; a company's list also has those of the whole organisation."""

    company_id: UUID | None = None
    active_only: bool = False
