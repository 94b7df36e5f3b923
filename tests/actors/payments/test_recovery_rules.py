"""Recovery's rules with the numbers of its acceptance cases (Paris time unless Z)."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from pydantic import ValidationError

from actors.payments.rules import policies, retrying
from actors.payments.rules.contact import ContactHours, Sent, hours_of, may_cut, next_allowed
from actors.payments.rules.ladder import CaseFacts, judge
from actors.payments.rules.policies import TELECOM_SEPA
from actors.payments.rules.retrying import AttemptDate, Debtor, attempt_date, eligibility
from messages.payments.policies import DunningStep, DunningTerms, RetryTerms, StepAction, StepGuard
from messages.payments.recovery_vocabulary import (
    ActionKind,
    CustomerType,
    GuardKind,
    ReminderChannel,
    RetryAnchor,
    RetryEligibility,
    ServiceState,
    StepTrigger,
)
from messages.payments.reminding import ReminderTerms
from messages.values.instants import PARIS, local_date

TERMS = RetryTerms(prenotification_clause_ref="CGV art. 7")
LADDER = RetryTerms(
    delays_days=(3, 7), max_attempts=2, anchor=RetryAnchor.LAST_REJECTION, prenotification_clause_ref="CGV art. 7"
)


def z(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def paris(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=PARIS)


def attempt(
    first: str, now: str, number: int = 1, terms: RetryTerms = TERMS, taken: tuple[date, ...] = ()
) -> AttemptDate | None:
    told = next_allowed(z(now), ReminderChannel.EMAIL)
    assert told is not None
    return attempt_date(
        terms,
        first_rejection=local_date(z(first)),
        number=number,
        last_outcome=local_date(z(now)),
        notice_on=local_date(told),
        now=z(now),
        lead=1,
        taken=taken,
    )


@pytest.mark.parametrize(
    ("case", "first", "now", "number", "day", "submit"),
    [
        (1, "2026-03-25T14:00", "2026-03-25T14:00", 1, "2026-03-30", "2026-03-27T09:00"),
        (2, "2026-03-25T14:00", "2026-04-01T12:00", 2, "2026-04-07", "2026-04-02T08:00"),
        (3, "2026-03-25T14:00", "2026-04-08T12:00", 2, "2026-04-10", "2026-04-09T08:00"),
        (4, "2026-03-25T14:00", "2026-04-17T10:00", 3, "2026-04-21", "2026-04-20T08:00"),
        (7, "2026-03-28T23:30", "2026-03-28T23:30", 1, "2026-04-07", "2026-04-02T08:00"),
    ],
)
def test_cases_1_2_3_4_and_7_attempts_wait_for_banks_and_holidays(
    case: int, first: str, now: str, number: int, day: str, submit: str
) -> None:
    assert attempt(first, now, number) == AttemptDate(date.fromisoformat(day), z(submit))


def test_case_5_beyond_the_window_nothing_is_presented() -> None:
    terms = TERMS.model_copy(update={"max_total_days": 20})
    inside = attempt("2026-03-25T14:00", "2026-04-09T12:00", 3, terms)
    assert inside == AttemptDate(date(2026, 4, 14), z("2026-04-13T08:00"))
    assert attempt("2026-03-25T14:00", "2026-04-14T12:00", 3, terms) is None


def test_case_6_without_a_clause_the_debtor_is_told_fourteen_days_before() -> None:
    found = attempt("2026-03-25T14:00", "2026-03-25T14:00", 1, RetryTerms())
    assert found == AttemptDate(date(2026, 4, 8), z("2026-04-07T08:00"))


@pytest.mark.parametrize(
    ("rejected", "delay", "day", "submit"),
    [
        ("2026-06-12T07:00", 3, "2026-06-15", "2026-06-12T08:00"),
        ("2026-06-12T12:00", 3, "2026-06-16", "2026-06-15T08:00"),
        ("2026-12-23T16:00", 2, "2026-12-28", "2026-12-24T09:00"),
    ],
)
def test_cases_8_and_9_the_submission_hour_and_christmas_move_an_attempt(
    rejected: str, delay: int, day: str, submit: str
) -> None:
    terms = TERMS.model_copy(update={"delays_days": (delay,)})
    assert attempt(rejected, rejected, 1, terms) == AttemptDate(date.fromisoformat(day), z(submit))


def test_case_10_one_mandate_is_not_debited_twice_on_one_day() -> None:
    terms = TERMS.model_copy(update={"delays_days": (3,)})
    found = attempt("2026-06-12T07:00", "2026-06-12T07:00", 1, terms, taken=(date(2026, 6, 15),))
    assert found == AttemptDate(date(2026, 6, 16), z("2026-06-15T08:00"))


def debtor(**changes: object) -> Debtor:
    facts: dict[str, object] = {
        "outstanding": Decimal("24.90"),
        "client_blocked": False,
        "contract_ended": False,
        "mandate_usable": True,
    }
    return Debtor(**(facts | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("code", "made", "changes", "expected"),
    [
        ("AM04", 0, {}, "ELIGIBLE"),
        ("AM04", 3, {}, "NOT_ELIGIBLE_MAX_ATTEMPTS"),
        ("MS03", 1, {}, "NOT_ELIGIBLE_MAX_ATTEMPTS"),
        ("AC04", 0, {"mandate_usable": False}, "NOT_ELIGIBLE_REASON_CODE"),
        ("AM04", 0, {"mandate_usable": False}, "NOT_ELIGIBLE_MANDATE_REVOKED"),
        ("AM04", 0, {"client_blocked": True}, "NOT_ELIGIBLE_CLIENT_BLOCKED"),
        ("AM04", 0, {"contract_ended": True}, "NOT_ELIGIBLE_CONTRACT_CANCELLED"),
        ("AM04", 0, {"outstanding": Decimal("0.00")}, "NOT_ELIGIBLE_PAYMENT_SETTLED"),
        ("AM04", 0, {"outstanding": Decimal("0.99")}, "NOT_ELIGIBLE_AMOUNT"),
        ("MD07", 0, {}, "NOT_ELIGIBLE_CLIENT_BLOCKED"),
        ("MD06", 0, {}, "NOT_ELIGIBLE_REASON_CODE"),
    ],
)
def test_the_first_rule_that_forbids_a_retry_is_named(
    code: str, made: int, changes: dict[str, object], expected: str
) -> None:
    assert eligibility(TERMS, code, made, debtor(**changes)) == RetryEligibility(expected)


def test_a_policy_opens_manual_codes_but_never_those_that_must_not_be_retried() -> None:
    terms = TERMS.model_copy(update={"retryable_codes": ("MD06", "MD01"), "non_retryable_codes": ("MS03",)})
    assert eligibility(terms, "MD06", 0, debtor()) is RetryEligibility.ELIGIBLE
    assert eligibility(terms, "MD01", 0, debtor()) is RetryEligibility.NOT_ELIGIBLE_REASON_CODE
    assert eligibility(terms, "MS03", 0, debtor()) is RetryEligibility.NOT_ELIGIBLE_REASON_CODE


def policy(number: int, **changes: object) -> dict[str, object]:
    row: dict[str, object] = dict.fromkeys(policies.SCOPE)
    row |= {"is_active": True, "is_default": False, "priority": 0}
    return row | {"id": UUID(int=number), "created_at": z("2026-01-01T00:00")} | changes


def test_case_16_the_closest_policy_wins_and_scope_is_never_left() -> None:
    one, two = policy(1, is_default=True), policy(2, company_id="C1")
    three, four = policy(3, product_code="X"), policy(4, company_id="C1", product_code="X")
    six = policy(6, company_id="C2", priority=100)
    every = [one, two, three, four, six]

    def found(company: str | None, product: str | None, rows: list[dict[str, object]] = every) -> object:
        best = policies.best(rows, {"company_id": company, "product_code": product})
        assert best is not None
        return best["id"]

    assert found("C1", "X") == four["id"]
    assert found("C1", "X", [one, two, three, six]) == three["id"]
    assert found("C1", "Y") == two["id"]
    assert found("C3", "X") == three["id"]
    assert found("C3", "Y") == one["id"]
    assert found(None, None) == one["id"]
    assert found("C2", "X") == six["id"]
    assert policies.best([], {}) is None


def test_case_20_nobody_is_written_to_at_night_on_week_ends_and_holidays() -> None:
    sms = ReminderChannel.SMS
    assert next_allowed(paris("2026-04-03T20:15"), sms) == z("2026-04-07T07:00")
    assert next_allowed(paris("2026-04-02T18:59:59"), sms) == paris("2026-04-02T18:59:59")
    assert next_allowed(paris("2026-04-02T19:00:00"), sms) == paris("2026-04-03T09:00")


def test_case_21_a_day_of_cooldown_is_twenty_four_elapsed_hours() -> None:
    sent = [Sent(ReminderChannel.SMS, z("2026-10-24T08:00"))]
    every_day = ContactHours(days=frozenset(range(1, 8)))
    asked = z("2026-10-24T08:30")
    assert next_allowed(asked, ReminderChannel.SMS, sent, every_day) == z("2026-10-25T08:00")
    assert next_allowed(asked, ReminderChannel.SMS, sent) == z("2026-10-26T08:00")


def test_case_22_three_a_day_and_ten_a_week() -> None:
    email, sms = ReminderChannel.EMAIL, ReminderChannel.SMS
    first = paris("2026-06-01T09:00")
    ten = [Sent(email, first + timedelta(hours=8 * index)) for index in range(10)]
    assert next_allowed(paris("2026-06-04T14:00"), sms, ten) == paris("2026-06-08T09:00")
    assert next_allowed(paris("2026-06-04T14:00"), sms, ten, legal=True) == paris("2026-06-04T14:00")
    three = [Sent(email, paris(f"2026-06-02T{hour:02}:00")) for hour in (9, 10, 11)]
    six = [*three, *(Sent(email, paris(f"2026-06-01T{hour:02}:00")) for hour in (9, 10, 11))]
    assert next_allowed(paris("2026-06-02T14:00"), sms, six) == paris("2026-06-03T09:00")


def test_a_policy_narrows_hours_days_and_caps() -> None:
    terms = ReminderTerms(
        allowed_start_hour=10, allowed_end_hour=17, allowed_days_of_week=(0, 2), max_per_day=1, cooldown_hours=0
    )
    hours, sms = hours_of(terms, frozenset({date(2026, 6, 9)})), ReminderChannel.SMS
    assert next_allowed(paris("2026-06-02T09:59"), sms, (), hours) == paris("2026-06-02T10:00")  # a Tuesday
    assert next_allowed(paris("2026-06-02T17:00"), sms, (), hours) == paris("2026-06-07T10:00")  # 0 is Sunday
    sent = [Sent(ReminderChannel.EMAIL, paris("2026-06-07T10:00"))]
    assert next_allowed(paris("2026-06-07T11:00"), sms, sent, hours) == paris("2026-06-14T10:00")  # the 9th is closed


def test_a_service_is_cut_only_when_help_is_at_hand_tomorrow() -> None:
    assert may_cut(paris("2026-06-22T09:00"))
    assert not may_cut(paris("2026-06-22T17:00"))
    assert not may_cut(paris("2026-06-19T10:00"))  # a Friday
    assert not may_cut(paris("2026-07-13T10:00"))  # the eve of 14 July


def facts(**changes: object) -> CaseFacts:
    known: dict[str, object] = {
        "opened_on": date(2026, 6, 10),
        "level": 0,
        "rejection_count": 1,
        "retries_exhausted": False,
        "plan_is_live": True,
        "debit_in_flight": False,
        "outstanding": Decimal("29.99"),
        "customer_type": CustomerType.B2B,
        "service": ServiceState.ACTIVE,
        "done": {},
        "warned": {},
    }
    return CaseFacts(**(known | changes))  # type: ignore[arg-type]


def step_now(given: CaseFacts, now: datetime, terms: DunningTerms = TELECOM_SEPA) -> str | None:
    found = judge(terms.steps, given, now).execute
    return found.code if found else None


def test_case_23_the_telecom_ladder_day_by_day() -> None:
    opened = z("2026-06-10T08:00")
    assert step_now(facts(), opened) == "T1"
    first = attempt("2026-06-10T08:00", "2026-06-10T08:00", 1, LADDER)
    assert first == AttemptDate(date(2026, 6, 15), z("2026-06-12T08:00"))
    second = z("2026-06-18T07:00")
    reminded = {"level": 1, "rejection_count": 2, "done": {"T1": opened}}
    assert step_now(facts(**reminded), second) == "T2"
    assert attempt("2026-06-10T08:00", "2026-06-18T07:00", 2, LADDER) == AttemptDate(
        date(2026, 6, 25), z("2026-06-24T08:00")
    )
    warned = {"level": 2, "rejection_count": 2, "done": {"T1": opened, "T2": second}, "warned": {"T2": second}}
    waiting = judge(TELECOM_SEPA.steps, facts(**warned), z("2026-06-20T10:00"))
    assert (waiting.execute, waiting.next_due_at) == (None, z("2026-06-22T07:00"))
    assert step_now(facts(**warned), z("2026-06-22T07:00")) == "T2S"
    assert step_now(facts(**warned, debit_in_flight=True), z("2026-06-24T09:00")) is None
    third = facts(**(warned | {"rejection_count": 3, "done": {**warned["done"], "T2S": second}}))  # type: ignore[dict-item]
    assert step_now(third, z("2026-06-29T08:00")) == "T3"


def test_case_13_without_retries_the_ladder_climbs_on_its_fallback_days() -> None:
    done = {"T1": z("2026-06-10T08:00")}
    dead = {"plan_is_live": False, "level": 1, "done": done}
    found = judge(TELECOM_SEPA.steps, facts(**dead), z("2026-06-11T08:00"))
    assert (found.execute, found.next_due_at) == (None, z("2026-06-18T07:00"))
    second = z("2026-06-18T07:00")
    dead |= {"level": 2, "done": done | {"T2": second}, "warned": {"T2": second}}
    assert judge(TELECOM_SEPA.steps, facts(**dead), second).next_due_at == z("2026-06-22T07:00")
    dead["done"] = done | {"T2": second, "T2S": z("2026-06-22T07:00")}
    assert judge(TELECOM_SEPA.steps, facts(**dead), z("2026-06-22T07:00")).next_due_at == z("2026-06-30T07:00")


def demo_step(code: str, level: int, trigger: StepTrigger, value: int, **changes: object) -> DunningStep:
    fields: dict[str, object] = {"actions": (StepAction(kind=ActionKind.NOTIFY_STAFF),)} | changes
    return DunningStep(code=code, level=level, trigger=trigger, trigger_value=value, **fields)  # type: ignore[arg-type]


def demo_ladder(level_of_cut: int, after: str) -> DunningTerms:
    guards = (
        StepGuard(kind=GuardKind.MESSAGE_SENT_BEFORE, step="D2", hours=48),
        StepGuard(kind=GuardKind.NO_PENDING_PAYMENT),
    )
    cut = demo_step(
        "D3S", level_of_cut, StepTrigger.DAYS_AFTER_STEP, 2, after_step=after, guards=guards,
        actions=(StepAction(kind=ActionKind.REQUEST_SUSPENSION),),
    )  # fmt: skip
    steps = [demo_step(f"D{n}", n, StepTrigger.REJECTION_COUNT, n) for n in (1, 2, 3)]
    steps.insert(steps.index(next(step for step in steps if step.code == after)) + 1, cut)
    return DunningTerms(steps=tuple(steps))


def test_case_47_the_cut_follows_two_days_after_the_third_rejection_and_survives_a_higher_level() -> None:
    third, warned = z("2026-04-16T08:00"), {"D2": z("2026-04-09T08:00")}
    done = {"D1": z("2026-04-01T08:00"), "D2": z("2026-04-09T08:00")}
    known = {"opened_on": date(2026, 4, 1), "rejection_count": 3, "warned": warned, "plan_is_live": False}
    assert step_now(facts(**known, level=2, done=done), third, demo_ladder(3, "D3")) == "D3"
    after = facts(**known, level=3, done={**done, "D3": third})
    assert judge(demo_ladder(3, "D3").steps, after, third).next_due_at == z("2026-04-20T07:00")
    assert step_now(after, z("2026-04-20T07:00"), demo_ladder(3, "D3")) == "D3S"
    late = facts(**known, level=3, done={**done, "D3": third}, was_due=frozenset({"D3S"}))
    assert step_now(late, z("2026-04-20T07:00"), demo_ladder(2, "D2")) == "D3S"
    never_due = facts(**known, level=3, done={"D1": third, "D2": third, "D3": third})
    assert "D3S" in {step.code for step in judge(demo_ladder(2, "D2").steps, never_due, third).skip}


def test_a_ladder_that_cuts_without_warning_is_refused() -> None:
    with pytest.raises(ValidationError, match="MESSAGE_SENT_BEFORE"):
        DunningTerms(
            steps=(
                demo_step(
                    "X", 1, StepTrigger.DAYS_AFTER_OPEN, 1, actions=(StepAction(kind=ActionKind.REQUEST_SUSPENSION),)
                ),
            )
        )


@pytest.mark.parametrize(
    ("rejections", "level_three", "days", "score"), [(1, 0, 3, 11), (3, 0, 12, 34), (4, 1, 45, 80), (20, 3, 300, 100)]
)
def test_case_46_the_risk_score_is_explainable(rejections: int, level_three: int, days: int, score: int) -> None:
    assert retrying.risk_score(rejections, level_three, days) == score
