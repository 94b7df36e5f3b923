"""The dunning ladder: which step of a case is due when. Pure: the same facts always give the same answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from actors.payments.rules.contact import may_cut, on_contact_day
from messages.payments.policies import DunningStep, StepGuard
from messages.payments.recovery_vocabulary import (
    ActionKind,
    CustomerType,
    GuardKind,
    ServiceState,
    StepTrigger,
)
from messages.values.instants import PARIS

_COUNTED = (StepTrigger.REJECTION_COUNT, StepTrigger.RETRIES_EXHAUSTED)


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """What the ladder looks at. `done`: executed steps with their instants; `warned`: steps with the instant their message
    left; `plan_is_live`: further rejections may come; `debit_in_flight`: an attempt waits for the bank's answer;
    `notice_deadline`: of a formal notice that ran out; `closed`: holidays beside the computed ones."""

    opened_on: date
    level: int
    rejection_count: int
    retries_exhausted: bool
    plan_is_live: bool
    debit_in_flight: bool
    outstanding: Decimal
    customer_type: CustomerType
    service: ServiceState
    done: Mapping[str, datetime]
    warned: Mapping[str, datetime]
    was_due: frozenset[str] = frozenset()
    notice_deadline: date | None = None
    closed: frozenset[date] = frozenset()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to do with the steps now. `next_due_at`: when to look again, None when only a new fact can change anything."""

    execute: DunningStep | None = None
    skip: tuple[DunningStep, ...] = ()
    postponed: tuple[DunningStep, ...] = ()
    next_due_at: datetime | None = None


def judge(steps: Sequence[DunningStep], facts: CaseFacts, now: datetime, zone: ZoneInfo = PARIS) -> Verdict:
    """The first step to execute now, those that lost their sense or must wait, and the next instant at which one may be due."""
    skipped: list[DunningStep] = []
    postponed: list[DunningStep] = []
    upcoming: list[datetime] = []
    for step in steps:
        if step.code in facts.done:
            continue
        due = due_at(step, facts, zone)
        if step.level < facts.level and step.code not in facts.was_due and (due is None or due > now):
            skipped.append(step)  # the case has passed this level without the step ever being due
            continue
        if due is None:
            continue
        if due > now:
            upcoming.append(due)
            continue
        if any(not _holds(guard, facts) for guard in step.guards):
            skipped.append(step)
            continue
        later = _postponed_until(step, facts, now, zone)
        if later is None:
            return Verdict(step, tuple(skipped), tuple(postponed))
        postponed.append(step)
        upcoming.append(later)
    return Verdict(None, tuple(skipped), tuple(postponed), min(upcoming, default=None))


def due_at(step: DunningStep, facts: CaseFacts, zone: ZoneInfo = PARIS) -> datetime | None:
    """When a step is due; None while its trigger has not happened."""
    opened = datetime.combine(facts.opened_on, time(0), tzinfo=zone)
    match step.trigger:
        case StepTrigger.REJECTION_COUNT if facts.rejection_count >= step.trigger_value:
            return opened
        case StepTrigger.RETRIES_EXHAUSTED if facts.retries_exhausted:
            return opened
        case StepTrigger.DAYS_AFTER_OPEN:
            return _days_after(facts.opened_on, step.trigger_value, step, zone, facts.closed)
        case StepTrigger.DAYS_AFTER_STEP if (done := facts.done.get(step.after_step or "")) is not None:
            return _days_after(done.astimezone(zone).date(), step.trigger_value, step, zone, facts.closed)
        case StepTrigger.NOTICE_DEADLINE_PASSED if facts.notice_deadline is not None:
            return _days_after(facts.notice_deadline, 1, step, zone, facts.closed)
        case _ if step.trigger in _COUNTED and step.fallback_days is not None and not facts.plan_is_live:
            return _days_after(facts.opened_on, step.fallback_days, step, zone, facts.closed)
        case _:
            return None


def _days_after(day: date, days: int, step: DunningStep, zone: ZoneInfo, closed: frozenset[date]) -> datetime:
    moment = datetime.combine(day + timedelta(days=days), time(step.at_hour), tzinfo=zone).astimezone(UTC)
    return on_contact_day(moment, step.at_hour, zone, closed)


def _holds(guard: StepGuard, facts: CaseFacts) -> bool:
    """Guards that no time can cure: when one fails, the step is skipped."""
    match guard.kind:
        case GuardKind.MIN_OUTSTANDING:
            return facts.outstanding >= guard.amount
        case GuardKind.CUSTOMER_TYPE:
            return facts.customer_type is guard.customer_type
        case GuardKind.SERVICE_ACTIVE:
            return facts.service is ServiceState.ACTIVE
        case _:
            return True


def _postponed_until(step: DunningStep, facts: CaseFacts, now: datetime, zone: ZoneInfo) -> datetime | None:
    """Guards of law and time only postpone: look again at that instant."""
    again = now + timedelta(hours=1)
    for guard in step.guards:
        if guard.kind is GuardKind.NO_PENDING_PAYMENT and facts.debit_in_flight:
            return again
        if guard.kind is GuardKind.NOTICE_DEADLINE_PASSED and facts.notice_deadline is None:
            return again
        if guard.kind is GuardKind.MESSAGE_SENT_BEFORE:
            warned = facts.warned.get(guard.step or "")
            if warned is None:
                return again
            if now < warned + timedelta(hours=guard.hours):
                return warned + timedelta(hours=guard.hours)
    cuts = any(action.kind is ActionKind.REQUEST_SUSPENSION for action in step.actions)
    return again if cuts and not may_cut(now, zone, facts.closed) else None
