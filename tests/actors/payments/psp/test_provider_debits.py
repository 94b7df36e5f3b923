"""The daily emission debits through a provider where the client's mandate is the provider's."""

from datetime import timedelta
from decimal import Decimal

import pytest

from actors.payments.psp.simulation import Trouble
from messages.contrats import ContractWithdrawn
from messages.payments import (
    CancelMandate,
    CreatePayment,
    CreateProviderOverride,
    CreateRetryPolicy,
    CreateRoutingRule,
    DisablePspAccount,
    GetPaymentSettings,
    GetPspHealth,
    GetRetryPlan,
    ListAlerts,
    ListCollectionBatches,
    ListInstalments,
    ListProviderStatusMappings,
    ListRetryPlans,
    OverrideScope,
    PaymentSettingsValues,
    PaymentStatus,
    Provider,
    ResetCircuit,
    RetryTerms,
    RoutingConditions,
    RunEmission,
    UpdatePaymentSettings,
    UpsertProviderStatusMapping,
)
from messages.problem import Refused
from messages.values.identifiers import new_id
from messages.values.money import Money
from tests.actors.payments.builders import at, creditor_account, look_behind
from tests.actors.payments.psp.debits import PRESENTED, DebitDesk
from tests.actors.payments.steps import DEBIT, SIGNED
from tests.harness import Tenant

CENTS = 2490


async def test_a_due_instalment_is_debited_at_the_provider_and_settled_by_its_webhook(debits: DebitDesk) -> None:
    await creditor_account(debits.tenant)  # the bank route exists, and is not taken
    mandate = await debits.sign()
    sent = await debits.debit()
    assert (sent.status, sent.provider, sent.method, sent.mandate_id, sent.psp_account_id) == (
        "SUBMITTED", "GOCARDLESS", "SEPA_CORE", mandate.mandate_id, debits.account.psp_account_id,
    )  # fmt: skip
    (ordered,) = debits.gocardless.things["payments"].values()
    assert (ordered["amount"], ordered["charge_date"]) == (CENTS, DEBIT.isoformat())
    assert (await debits.tenant.client.call(ListCollectionBatches())).items == ()
    paid = await debits.collect(sent)
    assert paid.status == "PAID"
    (instalment, *_) = (await debits.tenant.client.call(ListInstalments())).items
    assert instalment.status == "PAID"
    found = await debits.read(mandate.mandate_id)
    assert (found.last_presented_on, str(found.first_collection_state)) == (DEBIT, "FRST_DONE")
    for fact in ("payment.created", "payment.submitted", "payment.received"):
        assert [body["payment_id"] for body in await debits.facts(fact)] == [str(paid.payment_id)]


async def test_case_1_nothing_is_ordered_before_the_providers_lead(debits: DebitDesk) -> None:
    await debits.sign()
    await debits.subscriber.open_gates(SIGNED)
    await debits.emit(PRESENTED - timedelta(days=1))
    assert await debits.payments() == ()
    await debits.emit(PRESENTED + timedelta(days=1))
    (late,) = await debits.payments()
    assert str(late.requested_collection_date) == "2026-05-06", "a day too late: it moves by a TARGET day"
    assert [body["reason"] for body in await debits.facts("instalment.rescheduled")] == ["LATE"]


async def test_the_provider_says_from_when_it_debits(debits: DebitDesk) -> None:
    await debits.sign("submitted", earliest="2026-05-12")
    sent = await debits.debit()
    assert str(sent.requested_collection_date) == "2026-05-12"
    (ordered,) = debits.gocardless.things["payments"].values()
    assert ordered["charge_date"] == "2026-05-12"


async def test_case_5_two_emissions_at_once_make_one_debit(debits: DebitDesk) -> None:
    await debits.sign()
    await debits.debit()
    debits.tenant.client.now = at(PRESENTED, 7)
    again = await debits.tenant.client.call(RunEmission(company_id=debits.tenant.company_id, business_date=PRESENTED))
    assert again.emitted == 0
    await debits.emit(PRESENTED, 8)
    assert len(await debits.payments()) == 1
    assert (debits.gocardless.calls["create"], len(debits.gocardless.things["payments"])) == (1, 1)


async def test_a_refused_debit_is_a_rejected_payment_with_the_banks_reason(debits: DebitDesk) -> None:
    mandate = await debits.sign(holder="ISSUE-SEPA-REJ-MD01")
    rejected = await debits.collect(await debits.debit())
    assert (rejected.status, rejected.reason_code) == ("REJECTED", "MD01")
    assert [body["phase"] for body in await debits.facts("payment.rejected")] == ["PRE_SETTLEMENT"]
    assert (await debits.read(mandate.mandate_id)).status == "CANCELLED"


async def test_case_24_a_debit_that_failed_after_it_was_confirmed_is_returned(debits: DebitDesk) -> None:
    await debits.sign()
    sent = await debits.debit()
    (taken,) = debits.gocardless.things["payments"].values()
    for status in ("submitted", "confirmed", "failed"):
        details = {"scheme": "sepa_core", "cause": "insufficient_funds", "reason_code": "AM04"}
        debits.gocardless.move(taken, status, at(DEBIT, 9), details)
        await debits.report(now=at(DEBIT, 9))
    assert await debits.report(3, now=at(DEBIT, 9)) == [204] * 3, "told again, in any order"
    (returned,) = await debits.payments()
    assert (returned.payment_id, returned.status, returned.reason_code) == (sent.payment_id, "RETURNED", "AM04")
    assert len(await debits.facts("payment.received")) == len(await debits.facts("payment.returned")) == 1


async def test_a_word_that_nobody_knows_changes_nothing_until_its_meaning_is_recorded(
    debits: DebitDesk, other_tenant: Tenant
) -> None:
    await debits.sign()
    sent = await debits.debit()
    (taken,) = debits.gocardless.things["payments"].values()
    debits.gocardless.move(taken, "withheld", at(DEBIT, 9), {})
    await debits.report(now=at(DEBIT, 9))
    assert [payment.status for payment in await debits.payments()] == [sent.status]
    call = debits.tenant.client.call
    assert [alert.code for alert in (await call(ListAlerts())).items] == ["UNKNOWN_STATUS_MAPPING"]
    wanted = UpsertProviderStatusMapping(provider=Provider.GOCARDLESS, raw_status="withheld", status="CANCELLED")
    await other_tenant.client.call(wanted.model_copy(update={"status": PaymentStatus.REJECTED}))
    first, again = await call(wanted), await call(wanted)
    assert (again.mapping_id, again.version) == (first.mapping_id, 2)
    assert (await call(ListProviderStatusMappings(provider=Provider.GOCARDLESS))).items == (again,)
    assert (await call(ListProviderStatusMappings(provider=Provider.STRIPE))).items == ()
    narrower = wanted.model_copy(update={"raw_reason": "am04", "status": PaymentStatus.REJECTED})
    await call(narrower)
    clerk = debits.tenant.token("payments:settings:write")
    with pytest.raises(Refused) as refusal:
        await call(wanted.model_copy(update={"status": PaymentStatus.PAID}), token=clerk)
    assert refusal.value.code.code == "PERMISSION_MISSING", "to take a word for paid is more than a setting"
    debits.gocardless.move(taken, "withheld", at(DEBIT, 10), {})
    await debits.report(now=at(DEBIT, 10))
    assert [payment.status for payment in await debits.payments()] == ["CANCELLED"]


async def test_case_19_a_lost_answer_is_uncertain_looked_for_and_debited_once(debits: DebitDesk) -> None:
    await debits.sign()
    debits.gocardless.trouble("create", Trouble.TIME_OUT)
    lost = await debits.debit()
    assert (lost.status, debits.gocardless.charged(lost.end_to_end_id)) == ("UNCERTAIN", CENTS)
    await debits.emit(PRESENTED + timedelta(days=1))
    assert len(await debits.payments()) == 1, "an uncertain debit is a live one"
    await debits.running.tick("minute", at(PRESENTED, 5, 6))
    await debits.running.settled()
    (found,) = await debits.payments()
    assert (found.status, debits.gocardless.calls["create"]) == ("SUBMITTED", 1)


async def test_case_20_while_the_provider_is_down_its_debits_wait_and_go_when_it_is_back(debits: DebitDesk) -> None:
    await creditor_account(debits.tenant)
    await debits.sign()
    await debits.subscriber.open_gates(SIGNED)
    await open_circuit(debits)
    await debits.emit()
    assert await debits.payments() == (), "no failover: elsewhere it would be a debit without mandate"
    assert (await debits.tenant.client.call(ListCollectionBatches())).items == ()
    await debits.tenant.client.call(ResetCircuit(psp_account_id=debits.account.psp_account_id))
    await debits.emit(PRESENTED + timedelta(days=1))
    (sent,) = await debits.payments()
    assert (sent.status, sent.provider) == ("SUBMITTED", "GOCARDLESS")


async def test_rules_and_overrides_lead_to_the_provider_where_the_client_has_a_mandate(debits: DebitDesk) -> None:
    await creditor_account(debits.tenant)
    await debits.sign()
    company = debits.tenant.company_id
    rule = CreateRoutingRule(
        company_id=company,
        name="small",
        priority=1,
        psp_account_id=debits.account.psp_account_id,
        conditions=RoutingConditions(amount_lte=Decimal("50.00")),
    )
    await debits.tenant.client.call(rule)
    override = CreateProviderOverride(
        company_id=company,
        scope=OverrideScope.CONTRACT,
        scope_id=debits.subscriber.contract_id,
        psp_account_id=debits.account.psp_account_id,
        reason="asked for",
    )
    await debits.tenant.client.call(override)
    sent = await debits.debit()
    assert sent.provider == "GOCARDLESS"
    query = "select routing_decision from payment where id = $1"
    (row,) = await look_behind(debits.running, debits.tenant, query, sent.payment_id)
    assert "CONTRACT_OVERRIDE" in str(row["routing_decision"])


async def test_a_mandate_that_the_payer_suspended_blocks_the_debit(debits: DebitDesk) -> None:
    await creditor_account(debits.tenant)
    await debits.sign()
    await debits.tell("suspended_by_payer")
    await debits.subscriber.open_gates(SIGNED)
    await debits.emit(PRESENTED + timedelta(days=1))
    assert await debits.payments() == ()
    (blocked, *_) = await debits.facts("instalment.blocked")
    assert blocked["block_reason"] == "MANDATE_NOT_USABLE"


async def test_a_disabled_account_debits_nobody_and_the_bank_does_not_either(debits: DebitDesk) -> None:
    await creditor_account(debits.tenant)
    await debits.sign()
    await debits.tenant.client.call(DisablePspAccount(psp_account_id=debits.account.psp_account_id))
    await debits.subscriber.open_gates(SIGNED)
    await debits.emit()
    await debits.emit(PRESENTED + timedelta(days=1))
    assert await debits.payments() == ()
    assert (await debits.tenant.client.call(ListCollectionBatches())).items == ()


async def test_what_failed_at_the_provider_is_presented_again_there_and_never_in_a_file(debits: DebitDesk) -> None:
    await creditor_account(debits.tenant)
    clause = RetryTerms(delays_days=(3,), max_attempts=1, prenotification_clause_ref="CGV art. 7")
    await debits.tenant.client.call(CreateRetryPolicy(name="3 days", terms=clause, is_default=True))
    await debits.sign(holder="ISSUE-SEPA-REJ-AM04")
    first = await debits.collect(await debits.debit())
    assert (await debits.read(first.mandate_id or new_id())).status == "ACTIVE", "AM04 leaves the mandate as it is"
    (plan,) = (await debits.tenant.client.call(ListRetryPlans())).items
    (attempt,) = (await debits.tenant.client.call(GetRetryPlan(plan_id=plan.plan_id))).attempts
    await debits.running.tick("minute", attempt.submit_at)
    await debits.running.settled()
    second, _ = await debits.payments()
    assert (second.type, second.status, second.provider, second.mandate_id) == (
        "REEMISSION", "SUBMITTED", "GOCARDLESS", first.mandate_id,
    )  # fmt: skip
    assert debits.gocardless.charged(second.end_to_end_id) == CENTS
    assert (await debits.tenant.client.call(ListCollectionBatches())).items == ()


async def test_case_33_a_debit_under_way_is_taken_back_where_the_provider_lets_it_go(debits: DebitDesk) -> None:
    mandate = await debits.sign()
    sent = await debits.debit()
    await debits.tenant.client.call(CancelMandate(mandate_id=mandate.mandate_id, reason="asked for"))
    await debits.running.settled()
    (cancelled,) = await debits.payments()
    assert (cancelled.payment_id, cancelled.status) == (sent.payment_id, "CANCELLED")
    assert debits.gocardless.charged(sent.end_to_end_id) == 0
    assert debits.gocardless.things["mandates"][debits.token]["status"] == "cancelled"


async def test_case_33_the_withdrawal_of_a_contract_takes_its_debit_back(debits: DebitDesk) -> None:
    await debits.sign()
    sent = await debits.debit()
    withdrawn = ContractWithdrawn.model_validate(
        debits.subscriber.snapshot("WITHDRAWN")
        | {
            "sent_on": PRESENTED,
            "received_on": PRESENTED,
            "prorata_due": Money.of("0.00"),
            "refund_deadline": DEBIT,
        }
    )
    await debits.subscriber.state(withdrawn, PRESENTED)
    await debits.running.settled()
    (cancelled,) = await debits.payments()
    assert (cancelled.status, debits.gocardless.charged(sent.end_to_end_id)) == ("CANCELLED", 0)


async def open_circuit(debits: DebitDesk) -> None:
    """Five payments in a row that the provider does not answer, a moment before the emission."""
    client, company_id = debits.tenant.client, debits.tenant.company_id
    client.now = at(PRESENTED, 5)
    settings = await client.call(GetPaymentSettings(company_id=company_id))
    many = PaymentSettingsValues.model_validate(
        settings.model_dump(exclude={"company_id", "version"}) | {"max_live_payments_per_client_per_day": 20}
    )
    await client.call(UpdatePaymentSettings(company_id=company_id, expected_version=settings.version, values=many))
    debits.gocardless.trouble("create", *[Trouble.DOWN] * 5)
    for _ in range(5):
        asked = CreatePayment(
            company_id=company_id,
            client_id=debits.subscriber.client_id,
            amount=Money.of("24.90"),
            psp_account_id=debits.account.psp_account_id,
        )
        await client.call(asked, key=str(new_id()))
        await debits.running.settled()
    health = await client.call(GetPspHealth(psp_account_id=debits.account.psp_account_id))
    assert (health.state, health.consecutive_failures) == ("OPEN", 5)
