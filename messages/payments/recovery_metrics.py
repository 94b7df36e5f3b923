"""How well recovery works, and how old what is owed has become."""

from datetime import date
from enum import StrEnum
from uuid import UUID

from messages.base import Reply, Request
from messages.payments.recovery_vocabulary import ReminderChannel, ReminderStatus, RetryEligibility
from messages.values.money import Money
from messages.values.numbers import Percent

_READ = "payments:recovery:read"


class CodeShare(Reply):
    """How many of the debits failed for one reason; percent of all."""

    reason_code: str
    count: int
    percent: Percent


class RetryCounts(Reply):
    """What became of new presentations."""

    scheduled: int
    pending: int
    succeeded: int
    failed: int


class EligibilityCount(Reply):
    """How many receivables may be presented again, or why not."""

    eligibility: RetryEligibility
    count: int


class ReminderCount(Reply):
    """Messages of one channel and state."""

    channel: ReminderChannel
    status: ReminderStatus
    count: int


class RecoveryDay(Reply):
    """Debits that failed for the first time on a day."""

    day: date
    rejections: int
    rejected: Money
    recovered: Money


class RecoveryMetrics(Reply):
    """Of the receivables whose debit first failed in a period, what became of them until now.

    Rates are percentages with two decimals, rounded half up; None where there is nothing to divide by.
    """

    from_date: date
    to_date: date
    rejections: int
    insufficient_funds: int
    rejected: Money
    recovered: Money
    outstanding: Money
    am04_rate: Percent | None
    recovery_rate: Percent | None
    retry_success_rate: Percent | None
    attempts: RetryCounts
    by_eligibility: tuple[EligibilityCount, ...]
    by_code: tuple[CodeShare, ...]
    by_day: tuple[RecoveryDay, ...]
    reminders: tuple[ReminderCount, ...]


class AgeBucket(StrEnum):
    """Days after the due date."""

    NOT_DUE = "NOT_DUE"
    UP_TO_30 = "0-30"
    UP_TO_60 = "31-60"
    UP_TO_90 = "61-90"
    OVER_90 = ">90"


class AgeGrouping(StrEnum):
    """What aged amounts are summed by."""

    COMPANY = "COMPANY"
    LEVEL = "LEVEL"
    CUSTOMER_TYPE = "CUSTOMER_TYPE"


class AgedGroup(Reply):
    """The open principal of one group by age; `group`: the company's id, the level or the customer type."""

    group: str
    buckets: dict[AgeBucket, Money]
    total: Money


class AgedReceivables(Reply):
    """Open principal of the receivables in recovery, by their age on a day."""

    as_of: date
    groups: tuple[AgedGroup, ...]


class GetRecoveryMetrics(Request[RecoveryMetrics], query=True, permission=_READ):
    """What recovery achieved for debits that first failed from one day to another, at most 366 days."""

    company_id: UUID | None = None
    from_date: date
    to_date: date


class GetAgedReceivables(Request[AgedReceivables], query=True, permission=_READ):
    """What is owed now, by age on a day, today if none is given."""

    as_of: date | None = None
    company_id: UUID | None = None
    group_by: AgeGrouping = AgeGrouping.COMPANY
