"""Runs of debits that are presented again."""

from datetime import date
from enum import StrEnum
from uuid import UUID

from messages.base import Reply, Request
from messages.paging import Page, PageRequest
from messages.payments.recovery_vocabulary import RetryEligibility
from messages.values.instants import Instant


class RetryOutcome(StrEnum):
    """What a run did with an attempt. MOVED: its bank day is missed, it got another date."""

    SUBMITTED = "SUBMITTED"
    SKIPPED = "SKIPPED"
    MOVED = "MOVED"


class RetryResult(Reply):
    """One attempt of a run; `eligibility` says why one was skipped."""

    plan_id: UUID
    attempt_number: int
    outcome: RetryOutcome
    eligibility: RetryEligibility
    payment_id: UUID | None = None


class RetryRunReport(Reply):
    """What a run did, or would do; attempts beyond the first hundred are left to the next minute."""

    run_id: UUID | None
    dry_run: bool
    total: int
    submitted: int
    skipped: int
    moved: int
    results: tuple[RetryResult, ...]


class RetryRun(Reply):
    """What was presented again on a day."""

    id: UUID
    target_date: date
    is_manual: bool
    triggered_by: str
    total: int
    submitted: int
    skipped: int
    moved: int
    created_at: Instant


class RetryRunPage(Page[RetryRun]):
    """Runs, newest first."""


class RunRetries(Request[RetryRunReport], permission="payments:recovery:write", timeout_seconds=30.0):
    """Present what is due now, or one plan's next attempt before its hour; `dry_run` changes nothing."""

    plan_id: UUID | None = None
    dry_run: bool = False


class ListRetryRuns(PageRequest, Request[RetryRunPage], query=True, permission="payments:recovery:read"):
    """Runs, newest first."""

    is_manual: bool | None = None
