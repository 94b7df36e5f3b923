"""calendar: the book of planned debits, its days, their cut-offs and the calendar view."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from actors.calendar.rules.book import checksum
from messages.calendar.book import (
    DebitDay,
    GetCalendarView,
    GetDebitDay,
    GetPlannedDebit,
    ListDebitDays,
    ListPlannedDebits,
    PlannedDebit,
)
from messages.calendar.terms import DebitDayStatus, PlannedDebitStatus
from messages.payments import (
    BlockReason,
    InstalmentBlocked,
    InstalmentCancelled,
    InstalmentCancelReason,
    InstalmentPlanned,
    InstalmentRescheduled,
    InstalmentSnapshot,
    InstalmentUnblocked,
    PaymentBatched,
    PaymentCancelled,
    PaymentReceived,
    PaymentRejected,
    PaymentReturned,
    PaymentSubmitted,
    PaymentType,
    PlannedBy,
    RescheduleReason,
    ScheduleCancelled,
    ScheduleFrequency,
    ScheduleReason,
    ScheduleStatus,
)
from messages.problem import Refused
from messages.values.money import Money
from tests.actors.calendar.debits import payment, planned, stated_again
from tests.harness import Running, Tenant

MAY_11 = date(2026, 5, 11)
APRIL = datetime(2026, 4, 1, 8, tzinfo=UTC)


async def state(running: Running, tenant: Tenant, *events: Any, version: int = 1) -> None:
    for event in events:
        await running.state(event, tenant.id, version=version, now=APRIL)
    await running.settled()


async def entry(tenant: Tenant, instalment: InstalmentSnapshot) -> PlannedDebit:
    return await tenant.client.call(GetPlannedDebit(planned_debit_id=instalment.instalment_id))


async def day_of(tenant: Tenant, day: date = MAY_11) -> DebitDay:
    return await tenant.client.call(GetDebitDay(company_id=tenant.company_id, collection_date=day))


async def test_case_28_a_debit_day_is_frozen_and_what_missed_the_bank_is_named(
    running: Running, tenant: Tenant
) -> None:
    first, blocked, third = (planned(tenant.company_id, MAY_11, amount) for amount in ("29.90", "49.99", "100.00"))
    await state(running, tenant, first, blocked, third)
    reason = BlockReason.MANDATE_NOT_USABLE
    await state(running, tenant, stated_again(InstalmentBlocked, blocked, block_reason=reason), version=2)
    assert (await entry(tenant, blocked)).blocked_reason == reason
    await running.tick("minute", datetime(2026, 5, 7, 10, 59, tzinfo=UTC))
    assert await running.events("debit_calendar.cutoff_reached", tenant.id) == []
    await running.tick("hour", datetime(2026, 5, 7, 11, tzinfo=UTC))
    await running.tick("minute", datetime(2026, 5, 7, 11, 1, tzinfo=UTC))
    ((headers, reached),) = await running.events("debit_calendar.cutoff_reached", tenant.id)
    assert (reached["count"], reached["total"]["amount"], reached["seq"]) == (2, "129.90", 1)
    lines = [(event.instalment_id, event.amount.amount, "EUR") for event in (first, third)]
    assert (reached["checksum"], headers["ce-crmversion"]) == (checksum(lines), "1")
    await state(running, tenant, payment(PaymentBatched, first))
    await running.tick("minute", datetime(2026, 5, 7, 12, tzinfo=UTC))
    ((_, missed),) = await running.events("debit_calendar.cutoff_missed", tenant.id)
    assert [(item["instalment_id"], item["amount"]["amount"]) for item in missed["missing"]] == [
        (str(third.instalment_id), "100.00")
    ]
    found = await day_of(tenant)
    assert (found.status, found.count, found.batched_count, found.batched_total.amount) == (
        "CUT_OFF", 2, 1, Decimal("29.90"),
    )  # fmt: skip
    await running.tick("day", datetime(2026, 5, 18, 22, tzinfo=UTC))
    assert (await day_of(tenant)).status == DebitDayStatus.SETTLED


async def test_an_entry_after_the_freeze_is_counted_again(running: Running, tenant: Tenant) -> None:
    first, late = planned(tenant.company_id, MAY_11), planned(tenant.company_id, MAY_11, "10.10")
    await state(running, tenant, first)
    await running.tick("minute", datetime(2026, 5, 7, 11, tzinfo=UTC))
    await state(running, tenant, late)
    await running.tick("minute", datetime(2026, 5, 7, 11, 30, tzinfo=UTC))
    await running.tick("minute", datetime(2026, 5, 7, 11, 31, tzinfo=UTC))
    reached = [body for _, body in await running.events("debit_calendar.cutoff_reached", tenant.id)]
    assert [(body["seq"], body["count"], body["total"]["amount"]) for body in reached] == [
        (1, 1, "29.90"), (2, 2, "40.00"),
    ]  # fmt: skip


async def test_a_day_past_the_banks_cut_off_goes_straight_to_missed(running: Running, tenant: Tenant) -> None:
    await state(running, tenant, planned(tenant.company_id, MAY_11))
    await running.tick("minute", datetime(2026, 5, 8, 9, tzinfo=UTC))
    assert await running.events("debit_calendar.cutoff_reached", tenant.id) == []
    assert len(await running.events("debit_calendar.cutoff_missed", tenant.id)) == 1


async def test_a_day_whose_debits_all_left_is_empty(running: Running, tenant: Tenant) -> None:
    leaving = planned(tenant.company_id, MAY_11)
    await state(running, tenant, leaving)
    gone = stated_again(InstalmentCancelled, leaving, reason=next(iter(InstalmentCancelReason)))
    await state(running, tenant, gone, version=2)
    await running.tick("minute", datetime(2026, 5, 7, 11, 2, tzinfo=UTC))
    assert (await day_of(tenant)).status == DebitDayStatus.EMPTY
    await state(running, tenant, planned(tenant.company_id, MAY_11))
    await running.tick("minute", datetime(2026, 5, 7, 11, 5, tzinfo=UTC))
    assert len(await running.events("debit_calendar.cutoff_reached", tenant.id)) == 1


async def test_case_26_a_rescheduled_debit_moves_between_days(running: Running, tenant: Tenant) -> None:
    debit = planned(tenant.company_id, date(2026, 6, 8))
    await state(running, tenant, debit)
    moved = stated_again(
        InstalmentRescheduled,
        debit,
        planned_debit_date=date(2026, 6, 9),
        previous_date=date(2026, 6, 8),
        reason=RescheduleReason.REPLANNED,
    )
    await state(running, tenant, moved, version=2)
    assert [(await day_of(tenant, day)).count for day in (date(2026, 6, 8), date(2026, 6, 9))] == [0, 1]
    found = await entry(tenant, debit)
    assert (found.planned_debit_date, found.was_shifted, found.period) == (date(2026, 6, 9), True, "2026-06")
    await state(running, tenant, debit)  # an older fact, delivered late
    assert (await entry(tenant, debit)).planned_debit_date == date(2026, 6, 9)


async def test_case_30_received_then_returned(running: Running, tenant: Tenant) -> None:
    debit = planned(tenant.company_id, MAY_11)
    await state(running, tenant, debit)
    received = payment(PaymentReceived, debit)
    await state(running, tenant, received, received, payment(PaymentSubmitted, debit))
    assert (await entry(tenant, debit)).status == PlannedDebitStatus.EXECUTED
    await state(running, tenant, payment(PaymentReturned, debit))
    found = await entry(tenant, debit)
    assert (found.status, found.failure_kind, found.failure_code) == ("FAILED", "RETURN", "AM04")
    assert found.settled_on is None


async def test_case_38_cancelled_instalments_leave_their_day(running: Running, tenant: Tenant) -> None:
    debits = [planned(tenant.company_id, MAY_11) for _ in range(3)]
    await state(running, tenant, *debits, payment(PaymentBatched, debits[2]))
    reason = next(iter(InstalmentCancelReason))
    await state(
        running, tenant, *(stated_again(InstalmentCancelled, each, reason=reason) for each in debits), version=2
    )
    assert [(await entry(tenant, each)).status for each in debits] == ["CANCELLED", "CANCELLED", "CONFIRMED"]
    assert (await day_of(tenant)).count == 1
    await state(running, tenant, payment(PaymentCancelled, debits[2]))
    assert (await entry(tenant, debits[2])).status == PlannedDebitStatus.CANCELLED


async def test_a_payment_cancelled_before_submission_leaves_the_debit_planned(running: Running, tenant: Tenant) -> None:
    debit = planned(tenant.company_id, MAY_11)
    await state(running, tenant, debit, payment(PaymentBatched, debit), payment(PaymentCancelled, debit))
    found = await entry(tenant, debit)
    assert (found.status, found.batch_id) == ("PLANNED", None)


async def test_a_cancelled_schedule_gives_its_debits_up(running: Running, tenant: Tenant) -> None:
    debit = planned(tenant.company_id, MAY_11)
    assert debit.schedule_id is not None
    schedule = ScheduleCancelled(
        schedule_id=debit.schedule_id,
        reference="ECH-1",
        company_id=tenant.company_id,
        client_id=debit.client_id,
        amount=Money.of("29.90"),
        frequency=next(iter(ScheduleFrequency)),
        interval=1,
        start_date=MAY_11,
        status=next(iter(ScheduleStatus)),
        reason=next(iter(ScheduleReason)),
    )
    await state(running, tenant, debit, schedule)
    assert (await entry(tenant, debit)).status == PlannedDebitStatus.CANCELLED


async def test_case_40_conflicts_are_reported_once(running: Running, tenant: Tenant) -> None:
    debit = planned(tenant.company_id, date(2026, 4, 3), planned_by=PlannedBy.FALLBACK)
    await state(running, tenant, debit, debit)
    ((_, conflict),) = await running.events("debit_calendar.plan_conflict", tenant.id)
    assert (conflict["expected_date"], conflict["reason"]) == ("2026-04-07", "not_eligible:target:Good Friday")
    found = await tenant.client.call(ListPlannedDebits(start_date=date(2026, 4, 3), end_date=date(2026, 4, 3)))
    assert [item.instalment_id for item in found.items] == [debit.instalment_id]
    twin = planned(tenant.company_id, date(2026, 4, 3), contract_id=debit.contract_id, planned_by=PlannedBy.MANUAL)
    same_day = stated_again(InstalmentPlanned, twin, planned_debit_date=date(2026, 4, 9))
    moved = stated_again(InstalmentPlanned, debit, planned_debit_date=date(2026, 4, 9))
    await state(running, tenant, same_day, moved, version=2)
    reasons = [body["reason"] for _, body in await running.events("debit_calendar.plan_conflict", tenant.id)]
    assert reasons == ["not_eligible:target:Good Friday", "same_day"]


async def test_a_date_of_ours_that_is_too_early_is_a_conflict(running: Running, tenant: Tenant) -> None:
    target, early = date(2026, 3, 1), date(2026, 2, 27)
    debit = planned(
        tenant.company_id,
        early,
        original_target_date=target,
        planned_by=PlannedBy.CALENDAR,
    )
    await state(running, tenant, debit)
    ((_, conflict),) = await running.events("debit_calendar.plan_conflict", tenant.id)
    assert (conflict["date"], conflict["expected_date"], conflict["reason"]) == ("2026-02-27", "2026-03-02", "differs")


async def test_case_41_a_retry_gets_an_entry_of_its_own(running: Running, tenant: Tenant) -> None:
    debit = planned(tenant.company_id, MAY_11)
    await state(running, tenant, debit, payment(PaymentSubmitted, debit), payment(PaymentRejected, debit))
    retry: dict[str, Any] = {
        "type": PaymentType.REEMISSION,
        "attempt_no": 2,
        "requested_collection_date": date(2026, 5, 18),
    }
    await state(running, tenant, payment(PaymentSubmitted, debit, **retry))
    (again,) = (await tenant.client.call(ListPlannedDebits(start_date=date(2026, 5, 18)))).items
    assert (again.attempt, again.planned_by, again.status) == (2, "RETRY", "PROCESSING")
    await state(running, tenant, payment(PaymentReceived, debit, **retry))
    assert (await tenant.client.call(GetPlannedDebit(planned_debit_id=again.planned_debit_id))).status == "EXECUTED"
    assert (await entry(tenant, debit)).status == PlannedDebitStatus.FAILED
    portal = payment(PaymentReceived, debit, type=PaymentType.PORTAL, attempt_no=3)
    await state(running, tenant, portal)
    assert len((await tenant.client.call(ListPlannedDebits())).items) == 2


async def test_an_unblocked_debit_counts_again(running: Running, tenant: Tenant) -> None:
    debit = planned(tenant.company_id, MAY_11)
    await state(running, tenant, debit)
    await state(
        running, tenant, stated_again(InstalmentBlocked, debit, block_reason=next(iter(BlockReason))), version=2
    )
    assert (await day_of(tenant)).count == 0
    await state(running, tenant, stated_again(InstalmentUnblocked, debit), version=3)
    assert (await day_of(tenant)).count == 1


async def test_the_calendar_shows_closures_and_debits(running: Running, tenant: Tenant) -> None:
    await state(running, tenant, *(planned(tenant.company_id, MAY_11, f"{n}.00") for n in (10, 20, 30)))
    view = await tenant.client.call(GetCalendarView(start_date=date(2026, 5, 8), end_date=MAY_11, debits_per_day=2))
    victory, saturday, _, monday = view.days
    assert (victory.is_eligible, victory.holiday_name, victory.is_target_closed) == (
        False,
        "Fête de la Victoire",
        False,
    )
    assert (saturday.is_weekend, saturday.debit_count) == (True, 0)
    assert (monday.debit_count, monday.total.amount, monday.truncated_count) == (3, Decimal("60.00"), 1)
    assert [debit.amount.amount for debit in monday.debits] == [Decimal("30.00"), Decimal("20.00")]


async def test_the_book_is_read_in_pages(running: Running, tenant: Tenant) -> None:
    days = [date(2026, 5, 11), date(2026, 5, 12), date(2026, 5, 13)]
    await state(running, tenant, *(planned(tenant.company_id, day) for day in days))
    first = await tenant.client.call(ListPlannedDebits(limit=2, company_ids=(tenant.company_id,)))
    second = await tenant.client.call(
        ListPlannedDebits(limit=2, company_ids=(tenant.company_id,), cursor=first.next_cursor)
    )
    assert [item.planned_debit_date for item in (*first.items, *second.items)] == days
    listed = await tenant.client.call(ListDebitDays(limit=2))
    assert [item.collection_date for item in listed.items] == days[:2]
    assert listed.next_cursor is not None


async def test_another_tenants_debits_are_not_found(running: Running, tenant: Tenant, other_tenant: Tenant) -> None:
    debit = planned(tenant.company_id, MAY_11)
    await state(running, tenant, debit)
    with pytest.raises(Refused, match="PLANNED_DEBIT_NOT_FOUND"):
        await other_tenant.client.call(GetPlannedDebit(planned_debit_id=debit.instalment_id))
    assert (await other_tenant.client.call(ListPlannedDebits())).items == ()
    with pytest.raises(Refused, match="PERMISSION_MISSING"):
        await tenant.client.call(ListPlannedDebits(), token=tenant.token("calendar:holiday:read"))
