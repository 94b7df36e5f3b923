"""payments: the rules of dates, references, guards and outcomes, with the numbers of the acceptance cases."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from actors.payments.emission import latest_planned
from actors.payments.rules import dates, guards, outcomes, planning, reasons, references
from actors.payments.rules.outcomes import InstalmentState, InvoiceState, PaymentState
from messages.payments import (
    BlockReason,
    FailurePhase,
    InstalmentStatus,
    MandateEffect,
    PaymentSettingsValues,
    PaymentStatus,
    PlannedBy,
    PrenotificationMode,
    RetryAdvice,
    RType,
    ScheduleFrequency,
)
from messages.problem import Refused
from messages.values.companies import normalise_sepa_creditor_id, sepa_creditor_id


def test_case_1_a_debit_planned_on_a_holiday_is_presented_two_target_days_before_the_next_open_day() -> None:
    planned = date(2026, 12, 26)
    assert dates.latest_presentation(planned, 2) == date(2026, 12, 23)
    assert dates.collection_date(planned, date(2026, 12, 23), 2) == date(2026, 12, 28)
    assert dates.collection_date(planned, date(2026, 12, 24), 2) == date(2026, 12, 29)
    assert dates.collection_date(planned, date(2026, 12, 23), 2, cutoff_passed=True) == date(2026, 12, 29)
    assert latest_planned(date(2026, 12, 23), 2) >= planned > latest_planned(date(2026, 12, 22), 2)


def test_case_2_easter_moves_presentation_and_deadlines() -> None:
    assert dates.add_target_days(date(2026, 4, 7), -1) == date(2026, 4, 2)
    assert dates.add_target_days(date(2026, 4, 7), -2) == date(2026, 4, 1)
    settled = date(2026, 4, 2)
    assert dates.return_deadline("SEPA_CORE", settled) == date(2026, 4, 13)
    assert dates.return_deadline("SEPA_B2B", settled) == date(2026, 4, 9)
    assert dates.refund_claim_deadline(settled) == date(2026, 5, 28)


@pytest.mark.parametrize(
    ("concluded", "floor"),
    [
        (date(2026, 11, 24), date(2026, 12, 9)),
        (date(2026, 12, 11), date(2026, 12, 29)),
        (date(2026, 12, 6), date(2026, 12, 22)),
    ],
)
def test_case_3_nothing_is_debited_before_the_day_after_the_withdrawal_period(concluded: date, floor: date) -> None:
    assert floor_of(concluded) == floor


def test_off_premises_nothing_is_debited_within_seven_days_whatever_was_agreed() -> None:
    found = dates.first_debit_floor(
        concluded_on=date(2026, 11, 24),
        withdrawal_applicable=False,
        withdrawal_ends_on=None,
        first_payment_not_before=None,
        collectable_from=None,
        off_premises=True,
    )
    assert found == date(2026, 12, 2)


def floor_of(concluded: date) -> date | None:
    return dates.first_debit_floor(
        concluded_on=concluded,
        withdrawal_applicable=True,
        withdrawal_ends_on=None,
        first_payment_not_before=None,
        collectable_from=None,
        off_premises=False,
    )


def rhythm(frequency: ScheduleFrequency, anchor: date, **changes: object) -> planning.Rhythm:
    base = planning.Rhythm(frequency, 1, anchor, None, 0, None, None)
    return replace(base, **changes)  # type: ignore[arg-type]


def test_case_3_the_first_debit_is_in_the_first_month_whose_date_is_late_enough() -> None:
    monthly = rhythm(ScheduleFrequency.MONTHLY, date(2026, 11, 24), preferred_day=8)
    planned, offset = planning.plan(monthly, {}, date(2026, 12, 9), date(2027, 2, 28))
    assert [(period.start, period.debit.day) for period in planned] == [
        (date(2026, 11, 24), date(2027, 1, 8)),
        (date(2026, 12, 24), date(2027, 2, 8)),
    ]
    assert offset == 2
    assert {period.debit.planned_by for period in planned} == {PlannedBy.FALLBACK}


def test_case_4_periods_never_drift() -> None:
    monthly = rhythm(ScheduleFrequency.MONTHLY, date(2027, 1, 31))
    assert [planning.period_start(monthly, index) for index in range(6)] == [
        date(2027, 1, 31),
        date(2027, 2, 28),
        date(2027, 3, 31),
        date(2027, 4, 30),
        date(2027, 5, 31),
        date(2027, 6, 30),
    ]
    yearly = rhythm(ScheduleFrequency.YEARLY, date(2028, 2, 29))
    assert [planning.period_start(yearly, index) for index in range(1, 5)] == [
        date(2029, 2, 28),
        date(2030, 2, 28),
        date(2031, 2, 28),
        date(2032, 2, 29),
    ]


def test_calendars_dates_win_over_the_fallback() -> None:
    monthly = rhythm(ScheduleFrequency.MONTHLY, date(2026, 3, 1), preferred_day=5)
    given_ = planning.DebitDay(date(2026, 4, 9), date(2026, 4, 8), PlannedBy.CALENDAR)
    planned, _ = planning.plan(monthly, {date(2026, 4, 1): given_}, date(2026, 4, 1), date(2026, 5, 31))
    assert [period.debit.day for period in planned] == [date(2026, 4, 9), date(2026, 5, 5)]


def test_a_schedule_rests_until_its_next_debit_comes_into_sight() -> None:
    monthly = rhythm(ScheduleFrequency.MONTHLY, date(2026, 3, 1), next_index=3, month_offset=0)
    known = {date(2026, 6, 1): planning.DebitDay(date(2026, 6, 9), date(2026, 6, 8), PlannedBy.CALENDAR)}
    assert planning.planned_until(monthly, known, date(2026, 5, 20)) == date(2026, 6, 8)
    assert planning.planned_until(monthly, {}, date(2026, 5, 20)) == date(2026, 5, 31)
    assert planning.planned_until(monthly, {}, date(2026, 6, 3)) == date(2026, 6, 3)


@given(
    st.sampled_from(ScheduleFrequency),
    st.integers(1, 6),
    st.dates(date(2026, 1, 1), date(2026, 12, 31)),
    st.dictionaries(st.integers(0, 30), st.integers(1, 28)),
    st.integers(0, 400),
    st.integers(0, 400),
)
def test_nothing_is_missed_while_a_schedule_rests(
    frequency: ScheduleFrequency, interval: int, anchor: date, told: dict[int, int], horizon: int, later: int
) -> None:
    days = {
        (month := planning.month_of(anchor, offset)): planning.DebitDay(
            month.replace(day=day), month.replace(day=day), PlannedBy.CALENDAR
        )
        for offset, day in told.items()
    }
    before = rhythm(frequency, anchor, interval=interval)
    periods, offset = planning.plan(before, days, anchor, anchor + timedelta(days=horizon))
    if not periods:
        return
    after = replace(before, next_index=periods[-1].index + 1, month_offset=offset)
    rest = planning.planned_until(after, days, anchor + timedelta(days=horizon))
    until = min(rest, anchor + timedelta(days=horizon + later))
    assert planning.plan(after, days, anchor, until)[0] == []


def test_case_5_the_key_of_an_attempt_is_the_same_for_ever() -> None:
    organisation = UUID("0190a6f0-0000-7000-8000-000000000001")
    instalment = UUID("0190a6f0-1111-7000-8000-00000000000a")
    assert references.emission_key(organisation, instalment, 1) == "271d3e5fd9873f1e765c67a44daae3d9"
    assert references.emission_key(organisation, instalment, 2) == "f6b4bf3c085031fc91d708a6633d8ec6"


def test_case_7_a_mandate_reference_names_company_and_day() -> None:
    random = bytes.fromhex("00fff1c2a3748596")
    rum = references.mandate_reference("A1B2C3D4", UUID(int=0), date(2026, 11, 24), random)
    assert rum == "RUMA1B2C3D42611240ZH23M5P"
    assert references.is_own_reference(rum)
    for wrong in ("rum123", "A//B", "/A", "A/", " A"):
        assert not references.is_own_reference(wrong)
    assert not references.is_mandate_reference("A" * 36)
    assert not references.is_mandate_reference("A//B")
    assert references.is_mandate_reference("old-2019/17")


def test_case_8_creditor_identifiers_are_checked_and_compared_without_their_business_code() -> None:
    assert normalise_sepa_creditor_id("FR72ZZZ123456") == "FR72ZZZ123456"
    assert guards.same_creditor("FR72ZZZ123456", "FR72ABC123456")
    with pytest.raises(ValueError, match="check digits"):
        normalise_sepa_creditor_id("FR73ZZZ123456")
    assert sepa_creditor_id("FR", "0A1B2C").startswith("FR69")


def test_case_15_a_late_return_is_a_refund_outside_the_window() -> None:
    settled, booked = date(2026, 4, 2), date(2026, 4, 14)
    phase = FailurePhase.POST_SETTLEMENT
    assert dates.return_type(phase, "AM04", "SEPA_CORE", settled, booked) is RType.REFUND
    assert not dates.within_window(phase, "AM04", "SEPA_CORE", settled, booked)
    assert dates.within_window(phase, "MD01", "SEPA_CORE", date(2026, 11, 27), date(2027, 10, 20))
    assert dates.within_window(phase, "MD01", "SEPA_CORE", date(2026, 11, 27), date(2027, 12, 27))
    assert not dates.within_window(phase, "MD01", "SEPA_CORE", date(2026, 11, 27), date(2027, 12, 28))


def test_every_code_that_must_never_be_retried_says_so() -> None:
    for code in ("MD01", "MD07", "AC04"):
        assert reasons.reason_of(code).advice is RetryAdvice.NEVER
    assert reasons.reason_of("ZZ99").advice is RetryAdvice.MANUAL
    assert reasons.mandate_effect("MD06", 0) is MandateEffect.BLOCK
    assert reasons.mandate_effect("MS02", 0) is MandateEffect.NONE
    assert reasons.mandate_effect("MS02", 1) is MandateEffect.BLOCK


@given(st.text(max_size=200))
def test_any_text_becomes_sepa_text(text: str) -> None:
    found = references.sepa_text(text)
    assert 1 <= len(found) <= 70
    assert set(found) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+?/-:().,' ")


CONTRACT = guards.ContractFacts(
    "ACTIVE", False, date(2026, 1, 2), date(2026, 1, 1), False, None, None, None, "IN_STORE"
)
MANDATE = guards.MandateFacts("ACTIVE", "FR72ZZZ123456", date(2026, 1, 1), None, "ACTIVE")
FACTS = guards.EmissionFacts(
    amount=Decimal("24.90"),
    collection_date=date(2026, 3, 5),
    contract=CONTRACT,
    client_blocked=False,
    client_deceased=False,
    has_invoice=True,
    mandate=MANDATE,
    prenotified_on=date(2026, 2, 10),
    prenotified_amount=Decimal("24.90"),
    live_payments_of_client=0,
    creditor_identifier="FR72ABC123456",
)
STRICT = PaymentSettingsValues(prenotification_mode=PrenotificationMode.ENFORCE, require_invoice_before_debit=True)


def test_a_debit_that_breaks_no_guard_passes() -> None:
    assert guards.blocking_reason(FACTS, STRICT) is None


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"contract": replace(CONTRACT, status="SUSPENDED")}, BlockReason.CONTRACT_NOT_ACTIVE),
        ({"contract": replace(CONTRACT, locked=True)}, BlockReason.COLLECTION_LOCKED),
        ({"contract": replace(CONTRACT, collectable_from=date(2026, 3, 6))}, BlockReason.WITHDRAWAL_PERIOD),
        ({"contract": replace(CONTRACT, quality_approved_on=None)}, BlockReason.QUALITY_CHECK_PENDING),
        ({"client_blocked": True}, BlockReason.CLIENT_BLOCKED),
        ({"client_deceased": True}, BlockReason.CLIENT_BLOCKED),
        ({"has_invoice": False}, BlockReason.INVOICE_MISSING),
        ({"amount": Decimal("0.99")}, BlockReason.AMOUNT_OUT_OF_RANGE),
        ({"mandate": None}, BlockReason.NO_PAYMENT_MEANS),
        ({"creditor_identifier": None}, BlockReason.ROUTING_NOT_FOUND),
        ({"mandate": replace(MANDATE, status="BLOCKED")}, BlockReason.MANDATE_NOT_USABLE),
        ({"mandate": replace(MANDATE, bank_details_status="INACTIVE")}, BlockReason.MANDATE_NOT_USABLE),
        ({"mandate": replace(MANDATE, signed_on=date(2023, 3, 4))}, BlockReason.MANDATE_NOT_USABLE),
        ({"prenotified_on": date(2026, 2, 20)}, BlockReason.PRENOTIFICATION_MISSING),
        ({"prenotified_amount": Decimal("19.90")}, BlockReason.PRENOTIFICATION_MISSING),
        ({"live_payments_of_client": 5}, BlockReason.VELOCITY_LIMIT),
    ],
)
def test_the_first_guard_that_fails_names_the_block(change: dict[str, object], reason: BlockReason) -> None:
    assert guards.blocking_reason(replace(FACTS, **change), STRICT) is reason  # type: ignore[arg-type]


@given(st.sets(st.sampled_from(BlockReason)))
def test_waiving_opens_only_the_guards_that_are_named(waived: set[BlockReason]) -> None:
    failing = (BlockReason.QUALITY_CHECK_PENDING, BlockReason.INVOICE_MISSING, BlockReason.VELOCITY_LIMIT)
    facts = replace(
        FACTS,
        contract=replace(CONTRACT, quality_approved_on=None),
        has_invoice=False,
        live_payments_of_client=5,
        waived=frozenset(waived),
    )
    left = [reason for reason in failing if reason not in waived]
    assert guards.blocking_reason(facts, STRICT) is (left[0] if left else None)


AMOUNTS = st.integers(1, 20_000).map(lambda cents: Decimal(cents).scaleb(-2))


class Collection(RuleBasedStateMachine):
    """Debits and receipts of one instalment and its invoice, whose outcomes arrive in any order and more than once."""

    payments: Bundle[PaymentState] = Bundle("payments")

    def __init__(self) -> None:
        super().__init__()
        self.instalment = InstalmentState(Decimal("49.90"), InstalmentStatus.PLANNED)
        self.invoice = InvoiceState(Decimal("49.90"))
        self.all: list[PaymentState] = []
        self.allocated: dict[int, Decimal] = {}

    @rule(target=payments, amount=AMOUNTS)
    def present(self, amount: Decimal) -> PaymentState:
        if self.instalment.status in (
            InstalmentStatus.PLANNED,
            InstalmentStatus.FAILED,
            InstalmentStatus.PARTIALLY_PAID,
        ):
            self.instalment.status = InstalmentStatus.IN_COLLECTION
        payment = PaymentState(amount, PaymentStatus.SUBMITTED)
        self.all.append(payment)
        self.allocated[id(payment)] = Decimal(0)
        return payment

    @rule(payment=payments)
    def settle(self, payment: PaymentState) -> None:
        try:
            self.allocated[id(payment)] += outcomes.settle(payment, self.instalment, self.invoice)
        except Refused as refused:
            assert refused.code.code == "INVALID_TRANSITION"

    @rule(payment=payments, technical=st.booleans())
    def reject(self, payment: PaymentState, technical: bool) -> None:
        try:
            outcomes.reject(payment, self.instalment, technical=technical)
        except Refused as refused:
            assert refused.code.code == "INVALID_TRANSITION"

    @rule(payment=payments)
    def take_back(self, payment: PaymentState) -> None:
        try:
            outcomes.take_back(payment, self.instalment, [(self.invoice, self.allocated[id(payment)])])
            self.allocated[id(payment)] = Decimal(0)
        except Refused as refused:
            assert refused.code.code == "INVALID_TRANSITION"

    @rule(payment=payments)
    def withdraw(self, payment: PaymentState) -> None:
        try:
            outcomes.withdraw(payment, self.instalment)
        except Refused as refused:
            assert refused.code.code == "INVALID_TRANSITION"

    @rule(payment=payments, most=AMOUNTS)
    def allocate(self, payment: PaymentState, most: Decimal) -> None:
        self.allocated[id(payment)] += outcomes.allocate_to(payment, self.invoice, most)

    @rule(amount=AMOUNTS)
    def credit(self, amount: Decimal) -> None:
        self.invoice.credited = min(self.invoice.due, self.invoice.credited + amount)

    @invariant()
    def the_invoice_is_never_settled_beyond_its_amount(self) -> None:
        assert Decimal(0) <= self.invoice.allocated <= self.invoice.due
        assert self.invoice.allocated == sum(payment.allocated for payment in self.all)

    @invariant()
    def the_instalment_is_never_paid_twice(self) -> None:
        assert Decimal(0) <= self.instalment.paid <= self.instalment.amount
        assert self.instalment.paid == sum(payment.instalment_amount for payment in self.all)
        paid_in_full = self.instalment.paid == self.instalment.amount
        assert (self.instalment.status is InstalmentStatus.PAID) == paid_in_full

    @invariant()
    def no_payment_gives_more_than_it_brought(self) -> None:
        for payment in self.all:
            kept = payment.amount - payment.charged_back if payment.status in outcomes.SETTLED else Decimal(0)
            assert Decimal(0) <= payment.allocated <= kept
            assert payment.instalment_amount <= kept


TestCollection = Collection.TestCase
