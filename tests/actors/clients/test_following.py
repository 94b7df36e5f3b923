"""clients follows contracts, bills, payments and representatives."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from messages.clients import (
    ArchiveClient,
    GetClient,
    GetClient360,
    ListClientTimeline,
    ListDictionary,
    ListPaymentTerms,
)
from messages.commercial import ContractAttributionChanged, SalesRepCreated, SalesRepDeactivated
from messages.contrats import (
    ContractActivated,
    ContractResumed,
    ContractSigned,
    ContractSuspended,
    ContractTerminated,
)
from messages.payments import (
    BankDetailsCreated,
    InstalmentPlanned,
    MandateActivated,
    MandateConsumed,
    MandateFailed,
    MandateSuspended,
)
from messages.problem import Refused
from messages.values.identifiers import new_id
from tests.actors.clients.builders import (
    contract,
    credit,
    issued,
    money,
    noon,
    person,
    received,
    rejected,
    say,
    standing,
)
from tests.harness import Tenant


async def test_case_13_the_status_follows_the_facts_once_per_change(tenant: Tenant) -> None:
    client = await tenant.client.call(person())
    contract_id = new_id()

    async def now_is() -> str:
        return (await tenant.client.call(GetClient(client_id=client.id))).status_category

    signature = {
        "signed_at": noon(date(2026, 1, 10)),
        "concluded_on": date(2026, 1, 10),
        "evidence_id": new_id(),
        "signature_evidence_document_id": new_id(),
        "total_contract_value": money("0"),
        "withdrawal_applicable": True,
        "withdrawal_ends_on": None,  # goods: the period starts with their delivery
        "early_performance_requested": False,
    }
    signed = contract(tenant, client, contract_id, "SIGNED") | signature
    await say(tenant, ContractSigned.model_validate(signed), 2)
    assert await now_is() == "PROSPECT"
    activated = ContractActivated.model_validate(contract(tenant, client, contract_id, "ACTIVE"))
    await say(tenant, activated, 3)
    await say(tenant, activated, 3)
    assert await now_is() == "ACTIVE"
    await say(tenant, standing(client, "OVERDUE"), 1)
    assert await now_is() == "OVERDUE"
    await say(tenant, standing(client, "SUSPENDED"), 2)
    await say(tenant, ContractSuspended.model_validate(contract(tenant, client, contract_id, "SUSPENDED")), 4)
    assert await now_is() == "SUSPENDED"
    await say(tenant, ContractResumed.model_validate(contract(tenant, client, contract_id, "ACTIVE")), 5)
    assert await now_is() == "SUSPENDED"
    await say(tenant, standing(client, "GOOD"), 3)
    assert await now_is() == "ACTIVE"
    await say(tenant, ContractTerminated.model_validate(contract(tenant, client, contract_id, "TERMINATED")), 6)
    ended = await tenant.client.call(GetClient(client_id=client.id))
    assert (ended.status_category, ended.status_code) == ("INACTIVE", "INACTIF")
    assert (ended.relation_started_on, ended.relation_ended_on) == (date(2026, 1, 15), date(2026, 6, 30))
    changes = await tenant.running.events("client.status_changed", tenant.id)
    steps = [body["to_category"] for _, body in changes]
    assert steps == ["ACTIVE", "OVERDUE", "SUSPENDED", "ACTIVE", "INACTIVE"]
    timeline = (await tenant.client.call(ListClientTimeline(client_id=client.id, kinds=("STATUS",)))).items
    assert len(timeline) == 5


async def test_a_rejected_debit_makes_a_client_overdue_until_he_has_paid(tenant: Tenant) -> None:
    client = await tenant.client.call(person())
    await say(tenant, ContractActivated.model_validate(contract(tenant, client, new_id(), "ACTIVE")), 1)
    bill = issued(tenant, client, "29.90", date(2026, 3, 31))
    await say(tenant, bill, 1)
    await say(tenant, rejected(tenant, client, "29.90", bill.invoice_id, date(2026, 3, 5)), 1)
    assert (await tenant.client.call(GetClient(client_id=client.id))).status_category == "OVERDUE"
    await say(tenant, received(tenant, client, "29.90", bill.invoice_id, date(2026, 3, 8)), 1)
    assert (await tenant.client.call(GetClient(client_id=client.id))).status_category == "ACTIVE"


async def test_a_bill_past_due_is_noticed_by_the_daily_job(tenant: Tenant) -> None:
    client = await tenant.client.call(person())
    await say(tenant, ContractActivated.model_validate(contract(tenant, client, new_id(), "ACTIVE")), 1)
    await say(tenant, issued(tenant, client, "29.90", date(2027, 5, 31)), 1)
    await tenant.running.tick("day", datetime(2027, 5, 31, 1, tzinfo=UTC))
    assert (await tenant.client.call(GetClient(client_id=client.id))).status_category == "ACTIVE"
    await tenant.running.tick("day", datetime(2027, 6, 1, 1, tzinfo=UTC))
    assert (await tenant.client.call(GetClient(client_id=client.id))).status_category == "OVERDUE"


async def test_a_bill_whose_debit_is_planned_is_late_five_days_after_that_day(tenant: Tenant) -> None:
    client = await tenant.client.call(person())
    await say(tenant, ContractActivated.model_validate(contract(tenant, client, new_id(), "ACTIVE")), 1)
    bill = issued(tenant, client, "29.90", date(2027, 7, 1))
    await say(tenant, bill.model_copy(update={"planned_debit_date": date(2027, 7, 15)}), 1)
    for day, category in ((20, "ACTIVE"), (21, "OVERDUE")):
        await tenant.running.tick("day", datetime(2027, 7, day, 1, tzinfo=UTC))
        assert (await tenant.client.call(GetClient(client_id=client.id))).status_category == category


async def test_case_14_the_whole_picture(tenant: Tenant) -> None:
    client = await tenant.client.call(person())
    for mrr in ("29.90", "9.90", "15.00"):
        await say(tenant, ContractActivated.model_validate(contract(tenant, client, new_id(), "ACTIVE", mrr)), 1)
    january, february, march = (
        issued(tenant, client, "29.90", day) for day in (date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31))
    )
    for bill in (january, february, march):
        await say(tenant, bill, 1)
    await say(tenant, received(tenant, client, "29.90", january.invoice_id, date(2026, 1, 31)), 1)
    note = credit(tenant, client, january.invoice_id, "10.00")
    await say(tenant, note, 1)
    await say(tenant, note, 1)
    await say(tenant, rejected(tenant, client, "29.90", february.invoice_id, date(2026, 2, 28)), 1)
    found = await tenant.client.call(GetClient360(client_id=client.id, as_of=date(2026, 3, 15)))
    (balance,) = found.balances
    assert (balance.outstanding.amount, balance.unapplied_credit.amount) == (Decimal("59.80"), Decimal("10.00"))
    assert (balance.balance_due.amount, balance.overdue_amount.amount) == (Decimal("49.80"), Decimal("29.90"))
    assert (balance.oldest_overdue_days, balance.lifetime_value.amount) == (15, Decimal("29.90"))
    assert (found.mrr.amount, found.contracts.active, found.rejections_12m) == (Decimal("54.80"), 3, 1)
    assert found.alerts == ("OVERDUE",)
    assert found.last_payment is not None
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(ArchiveClient(client_id=client.id, reason="test"))
    assert refusal.value.code.code == "HAS_LIVE_CONTRACTS"


async def test_an_open_balance_keeps_a_client_from_being_archived(tenant: Tenant) -> None:
    client = await tenant.client.call(person())
    await say(tenant, issued(tenant, client, "29.90", date(2026, 3, 31)), 1)
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(ArchiveClient(client_id=client.id, reason="test"))
    assert refusal.value.code.code == "HAS_OPEN_BALANCE"


async def test_the_timeline_shows_each_fact_once_newest_first(tenant: Tenant) -> None:
    client = await tenant.client.call(person())
    bill = issued(tenant, client, "29.90", date(2026, 3, 31))
    await say(tenant, bill, 1, date(2026, 3, 1))
    await say(tenant, received(tenant, client, "29.90", bill.invoice_id, date(2026, 3, 2)), 1, date(2026, 3, 2))
    first = await tenant.client.call(ListClientTimeline(client_id=client.id, limit=1))
    rest = await tenant.client.call(ListClientTimeline(client_id=client.id, limit=1, cursor=first.next_cursor))
    assert [entry.key for entry in (*first.items, *rest.items)] == ["payment.received", "invoice.issued"]
    assert rest.next_cursor is None


async def test_accounts_and_debits_are_shown_masked(tenant: Tenant) -> None:
    client = await tenant.client.call(person())
    account_id = new_id()
    account = {
        "bank_details_id": account_id,
        "client_id": client.id,
        "iban_country": "FR",
        "iban_last4": "0189",
        "iban_masked": "FR76 **** **** 0189",
        "iban_fingerprint": "f" * 64,
        "holder_name": "Jean",
        "status": "ACTIVE",
    }
    await say(tenant, BankDetailsCreated.model_validate(account), 1)
    mandate = {
        "mandate_id": new_id(),
        "rum": "RUM1",
        "client_id": client.id,
        "company_id": tenant.company_id,
        "scheme": "SEPA_CORE",
        "kind": "RECURRENT",
        "creditor_identifier": "FR72ZZZ123456",
        "bank_details_id": account_id,
        "status": "ACTIVE",
    }
    await say(tenant, MandateActivated.model_validate(mandate), 1)
    planned = {
        "instalment_id": new_id(),
        "attempt": 1,
        "company_id": tenant.company_id,
        "client_id": client.id,
        "period_index": 1,
        "period_start": date(2026, 4, 1),
        "period_end": date(2026, 4, 30),
        "original_target_date": date(2026, 4, 5),
        "planned_debit_date": date(2026, 4, 7),
        "planned_by": "CALENDAR",
        "rail": "SEPA_CORE",
        "amount": money("29.90"),
        "paid_amount": money("0"),
        "status": "PLANNED",
    }
    await say(tenant, InstalmentPlanned.model_validate(planned), 1)
    found = await tenant.client.call(GetClient360(client_id=client.id, as_of=date(2026, 4, 1)))
    (shown,) = found.bank_refs
    assert (shown.iban_masked, shown.mandate_status) == ("FR76 **** **** 0189", "ACTIVE")
    assert found.next_debit is not None
    assert found.next_debit.on == date(2026, 4, 7)
    assert "MANDATE_MISSING" not in found.alerts
    lost = (
        MandateSuspended.model_validate(mandate | {"status": "SUSPENDED_BY_PAYER"}),
        MandateConsumed.model_validate(mandate | {"status": "CONSUMED"}),
        MandateFailed.model_validate(mandate | {"status": "FAILED"}),
    )
    for version, fact in enumerate(lost, start=2):
        await say(tenant, fact, version)
        found = await tenant.client.call(GetClient360(client_id=client.id, as_of=date(2026, 4, 1)))
        assert [account.mandate_status for account in found.bank_refs] == [fact.status]
        assert "MANDATE_MISSING" in found.alerts
    await say(tenant, MandateActivated.model_validate(mandate), 1)
    (kept,) = (await tenant.client.call(GetClient360(client_id=client.id, as_of=date(2026, 4, 1)))).bank_refs
    assert kept.mandate_status == "FAILED"


async def test_a_client_belongs_to_the_seller_of_his_contract_until_he_leaves(tenant: Tenant) -> None:
    client = await tenant.client.call(person())
    rep_id, successor_id = new_id(), new_id()

    def rep(**changes: Any) -> dict[str, Any]:
        fields = {
            "rep_id": rep_id,
            "code": "REP-1",
            "profile": "VRP",
            "given_name": "Paul",
            "family_name": "V",
            "active": True,
        }
        return fields | changes

    await say(tenant, SalesRepCreated.model_validate(rep()), 1)
    attributed = ContractAttributionChanged(
        contract_id=new_id(), client_id=client.id, rep_id=rep_id, valid_from=date(2026, 1, 1)
    )
    await say(tenant, attributed, 1)
    await say(tenant, attributed, 1)
    assert (await tenant.client.call(GetClient(client_id=client.id))).sales_rep_id == rep_id
    assert len(await tenant.running.events("client.updated", tenant.id)) == 1
    left = rep(active=False, exit_date=date(2026, 6, 1), transfer_to_rep_id=successor_id)
    await say(tenant, SalesRepDeactivated.model_validate(left), 2)
    await tenant.running.tick("minute", datetime(2027, 7, 1, 1, tzinfo=UTC))
    assert (await tenant.client.call(GetClient(client_id=client.id))).sales_rep_id == successor_id


async def test_facts_of_unknown_clients_are_kept_and_harm_nobody(tenant: Tenant) -> None:
    client = await tenant.client.call(person())
    stranger = client.model_copy(update={"id": new_id()})
    await say(tenant, ContractActivated.model_validate(contract(tenant, stranger, new_id(), "ACTIVE")), 1)
    await say(tenant, standing(stranger, "OVERDUE"), 1)
    assert await tenant.running.events("client.status_changed", tenant.id) == []


async def test_an_organisation_starts_with_its_dictionaries(tenant: Tenant) -> None:
    terms = (await tenant.client.call(ListPaymentTerms())).items
    assert [term.code for term in terms if term.is_default] == ["NET_30"]
    assert len(await tenant.running.events("payment_term.saved", tenant.id)) == len(terms) == 7
    statuses = (await tenant.client.call(ListDictionary(kind="CLIENT_STATUS"))).items
    assert [entry.code for entry in statuses] == ["PROSPECT", "ACTIF", "IMPAYE", "SUSPENDU", "INACTIF"]
    for fact in ("billing_period", "billing_mode", "invoice_issue_mode", "client_status_definition"):
        assert await tenant.running.events(f"{fact}.saved", tenant.id)
