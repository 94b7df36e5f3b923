"""payments: facts about a debtor, his days and his invoices steer recovery."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from messages.calendar import HolidayChanged
from messages.clients import ClientDeceased, ClientInsolvencyOpened, ClientMerged, ClientUnmerged, ClientUpdated
from messages.factures import InvoicePaid, InvoiceRef
from messages.payments import (
    CreateReminderPolicy,
    GetClientBalance,
    GetPaymentStanding,
    GetRecoveryCase,
    ListInstalments,
    ListMandates,
    ListReminders,
    ReminderTerms,
)
from messages.values.identifiers import new_id
from tests.actors.payments.builders import at, client_created, invoice_issued, money
from tests.actors.payments.steps import PRESENTED, facts
from tests.actors.payments.test_recovery import case_of, paid, rejected, with_policies
from tests.harness import Running, Tenant

DAY = date(2026, 5, 4)


async def test_death_stops_everything_and_blocks_the_mandate(running: Running, tenant: Tenant) -> None:
    await with_policies(tenant)
    found = await rejected(running, tenant)
    await running.state(ClientDeceased(client_id=found.client_id), tenant.id, version=5, now=at(DAY))
    await running.settled()
    case = await case_of(tenant)
    assert (case.status, case.pause_reason) == ("PAUSED", "DECEASED")
    assert (case.plans[0].status, case.plans[0].eligibility) == ("NOT_ELIGIBLE", "NOT_ELIGIBLE_CLIENT_BLOCKED")
    assert {row.status for row in (await tenant.client.call(ListReminders())).items} == {"CANCELLED"}
    (mandate,) = (await tenant.client.call(ListMandates(client_id=found.client_id))).items
    assert mandate.status == "BLOCKED"
    (task,) = await facts(running, tenant, "dunning_action.requested")
    assert "estate" in task["title"]


async def test_insolvency_pauses_the_case_and_dates_the_claim(running: Running, tenant: Tenant) -> None:
    await with_policies(tenant)
    found = await rejected(running, tenant)
    opened = ClientInsolvencyOpened.model_validate(
        {
            "client_id": found.client_id, "kind": "SAUVEGARDE", "opened_on": "2026-05-01",
            "published_on": "2026-05-04",
        }
    )  # fmt: skip
    await running.state(opened, tenant.id, version=5, now=at(DAY))
    await running.settled()
    case = await case_of(tenant)
    assert (case.status, case.pause_reason, case.plans[0].eligibility) == (
        "PAUSED",
        "INSOLVENCY",
        "NOT_ELIGIBLE_INSOLVENCY",
    )
    (task,) = await facts(running, tenant, "dunning_action.requested")
    assert task["due_at"].startswith("2026-07-04")


async def test_a_debtor_who_is_insolvent_already_is_not_written_to(running: Running, tenant: Tenant) -> None:
    await with_policies(tenant)
    client_id = new_id()
    event = client_created(client_id, tenant.company_id).model_dump()
    flags = event["flags"] | {"in_insolvency": True}
    known = ClientUpdated.model_validate(event | {"flags": flags, "changed_fields": ("flags",)})
    await running.state(known, tenant.id, version=9)
    await rejected(running, tenant, client_id=client_id)
    case = await case_of(tenant)
    assert (case.status, case.pause_reason, case.level) == ("PAUSED", "INSOLVENCY", 0)
    assert (await tenant.client.call(ListReminders())).items == ()


async def test_a_bank_day_that_closes_moves_the_debit_and_its_submission(running: Running, tenant: Tenant) -> None:
    await with_policies(tenant)
    await rejected(running, tenant)
    case = await case_of(tenant)
    assert case.plans[0].attempts[0].planned_collection_date == date(2026, 5, 6)
    for version, closed in ((1, date(2026, 5, 6)), (2, date(2026, 5, 7))):
        await running.state(holiday("TARGET", closed), tenant.id, version=version, now=at(PRESENTED, 13))
    await running.settled()
    (attempt,) = (await case_of(tenant)).plans[0].attempts
    assert attempt.planned_collection_date == date(2026, 5, 8)
    assert attempt.submit_at.date() == DAY  # two TARGET days before, the 6th and 7th are none
    assert len(await facts(running, tenant, "retry_attempt.scheduled")) == 3


async def test_messages_wait_over_a_holiday_announced_after_they_were_planned(running: Running, tenant: Tenant) -> None:
    await with_policies(tenant)
    await rejected(running, tenant)  # its message is planned for Thursday 30 April
    await running.state(holiday("FR", PRESENTED), tenant.id, now=at(PRESENTED, 11))
    await running.settled()
    await running.tick("minute", at(PRESENTED, 12))
    assert await facts(running, tenant, "reminder.requested") == []
    (waiting,) = (await tenant.client.call(ListReminders())).items
    assert (waiting.status, waiting.planned_at.isoformat()) == ("PENDING", "2026-05-04T07:00:00+00:00")


async def test_the_hours_of_a_company_are_its_own(running: Running, tenant: Tenant, other_tenant: Tenant) -> None:
    terms = ReminderTerms(allowed_start_hour=14, allowed_days_of_week=(1,))
    for owner in (tenant, other_tenant):
        policy = CreateReminderPolicy(name="Mondays", terms=terms, is_default=True)
        assert (await owner.client.call(policy)).terms == terms
    await with_policies(tenant)
    await rejected(running, tenant)
    (waiting,) = (await tenant.client.call(ListReminders())).items
    assert waiting.planned_at.isoformat() == "2026-05-04T12:00:00+00:00"  # Monday, 14:00 in Paris


async def test_an_invoice_settled_by_hand_at_billing_ends_the_case(running: Running, tenant: Tenant) -> None:
    await with_policies(tenant)
    found = await rejected(running, tenant)
    (due,) = [
        row for row in (await tenant.client.call(ListInstalments(client_id=found.client_id))).items if row.invoice_id
    ]
    issued = invoice_issued(found, found.amount, date(2026, 4, 10), invoice_id=due.invoice_id)
    settled = {
        "amount": money(found.amount), "on_date": DAY, "source": "MANUAL", "source_id": new_id(),
        "settled": money(found.amount), "presumed": False, "by_rate": (), "outstanding": money("0.00"),
    }  # fmt: skip
    owing = await tenant.client.call(GetClientBalance(client_id=found.client_id))
    assert due.invoice_id in {item.invoice_id for item in owing.open_items}
    fields: dict[str, Any] = {name: getattr(issued, name) for name in InvoiceRef.model_fields}
    for _ in range(2):
        await running.state(InvoicePaid.model_validate(fields | settled), tenant.id, version=3, now=at(DAY))
    await running.settled()
    case = await case_of(tenant)
    assert (case.status, case.close_reason) == ("CLOSED", "RECOVERED")
    standing = await tenant.client.call(GetPaymentStanding(client_id=found.client_id))
    assert (standing.standing, standing.outstanding.amount) == ("GOOD", Decimal("0.00"))
    balance = await tenant.client.call(GetClientBalance(client_id=found.client_id))
    assert due.invoice_id not in {item.invoice_id for item in balance.open_items}
    assert owing.balance.amount - balance.balance.amount == Decimal("24.90")


async def test_two_records_of_one_debtor_become_one_and_two_again(running: Running, tenant: Tenant) -> None:
    await with_policies(tenant)
    found = await rejected(running, tenant)
    survivor, operation = new_id(), new_id()
    snapshot = client_created(survivor, tenant.company_id)
    merged = ClientMerged(
        survivor_id=survivor, merged_ids=(found.client_id,), survivor=snapshot, merge_operation_id=operation
    )
    await running.state(merged, tenant.id, version=7, now=at(DAY))
    await running.settled()
    case = await case_of(tenant)
    assert (case.client_id, case.status, case.outstanding.amount) == (survivor, "OPEN", Decimal("24.90"))
    assert await stands(tenant, survivor) == "OVERDUE"
    assert await stands(tenant, found.client_id) == "GOOD"
    restored = client_created(found.client_id, tenant.company_id)
    apart = ClientUnmerged(
        survivor_id=survivor, restored_id=found.client_id, restored=restored, merge_operation_id=operation
    )
    await running.state(apart, tenant.id, version=8, now=at(DAY))
    await running.settled()
    assert (await case_of(tenant)).client_id == found.client_id
    assert (await stands(tenant, survivor), await stands(tenant, found.client_id)) == ("GOOD", "OVERDUE")
    await paid(tenant, found, "24.90", DAY)
    assert (await tenant.client.call(GetRecoveryCase(case_id=case.case_id))).status == "CLOSED"


async def stands(tenant: Tenant, client_id: UUID) -> str:
    return (await tenant.client.call(GetPaymentStanding(client_id=client_id))).standing.value


def holiday(zone: str, day: date) -> HolidayChanged:
    return HolidayChanged.model_validate(
        {
            "holiday_id": new_id(), "change": "CREATED", "zone_id": new_id(), "zone_code": zone, "country_code": "FR",
            "date": day, "name": "Fermeture", "holiday_type": "BANK", "effect": "CLOSED", "is_recurring": False,
        }
    )  # fmt: skip
