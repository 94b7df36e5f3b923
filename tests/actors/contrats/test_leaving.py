"""Leaving a contract: withdrawal, cancellation, termination, and the end of a term."""

from datetime import UTC, date, datetime
from uuid import uuid4

import pytest

from messages.contrats import (
    CancelContract,
    QuoteTermination,
    RejectQuality,
    RevokeTermination,
    TerminateContract,
    UpdateContract,
    WithdrawContract,
)
from messages.contrats.settings import UpdateContractSettings
from messages.payments.terminations import ContractTerminationRequested
from tests.actors.contrats.builders import Sale, at, fact
from tests.actors.contrats.test_drafting import refused
from tests.harness import Running, Tenant


@pytest.fixture
async def sale(running: Running, tenant: Tenant) -> Sale:
    """A client and a product."""
    return await Sale(running, tenant).prepare()


async def leave(sale: Sale, **changes: object) -> TerminateContract:
    fields = {
        "contract_id": sale.contract_id,
        "expected_version": await sale.version(),
        "received_on": date(2026, 4, 5),
        "reason_code": "CLIENT_REQUEST",
        "channel": "ONLINE",
    }
    return TerminateContract.model_validate(fields | changes)


async def test_case_8_a_client_who_withdraws_owes_the_days_served(sale: Sale, tenant: Tenant) -> None:
    await sale.draft(terms={"starts_on": date(2026, 3, 2)})
    await sale.sign(early_performance_requested=True)
    await sale.approve()
    await sale.activate_mandate()
    await sale.day(date(2026, 3, 3))
    sale.at(at(date(2026, 3, 3)))
    await sale.provider()
    assert (await sale.contract()).status == "ACTIVE"
    assert await sale.stated("contract.collection_unlocked") == []
    day = date(2026, 3, 9)
    sale.at(at(day))
    request = WithdrawContract(
        contract_id=sale.contract_id, expected_version=await sale.version(), sent_on=day, received_on=day
    )
    withdrawal = await tenant.client.call(request)
    assert (str(withdrawal.prorata_due), withdrawal.refund_deadline) == ("7.72 EUR", date(2026, 3, 23))
    assert withdrawal.contract.status == "WITHDRAWN"
    ((_, body),) = await sale.stated("contract.withdrawn")
    assert body["prorata_due"]["amount"] == "7.72"
    _, due = (await sale.stated("contract.billing_due"))[-1]
    found = {adjustment["kind"]: adjustment["net"]["amount"] for adjustment in due["adjustments"]}
    assert found == {"CREDIT": "29.90", "WITHDRAWAL_PRORATA": "7.72"}
    assert due["instalments"] == []
    assert (await sale.stated("contract.provisioning_requested"))[-1][1]["action"] == "TERMINATE"
    await sale.provider()
    assert (await sale.contract()).status == "WITHDRAWN"
    again = request.model_copy(update={"expected_version": await sale.version()})
    assert await refused(tenant.client.call(again)) == "INVALID_TRANSITION"


async def test_without_express_request_a_withdrawal_costs_nothing(sale: Sale, tenant: Tenant) -> None:
    await sale.draft()
    await sale.sign()
    sale.at(at(date(2026, 3, 18)))
    late = WithdrawContract(
        contract_id=sale.contract_id,
        expected_version=await sale.version(),
        sent_on=date(2026, 3, 17),
        received_on=date(2026, 3, 18),
    )
    assert await refused(tenant.client.call(late)) == "WITHDRAWAL_PERIOD_OVER"
    in_time = WithdrawContract(
        contract_id=sale.contract_id,
        expected_version=await sale.version(),
        sent_on=date(2026, 3, 16),
        received_on=date(2026, 3, 18),
    )
    withdrawal = await tenant.client.call(in_time)
    assert (str(withdrawal.prorata_due), withdrawal.refund_deadline) == ("0.00 EUR", date(2026, 4, 1))
    statuses = {row.status for row in (await sale.contract(with_details=True)).instalments}
    assert statuses == {"CANCELLED"}


async def test_a_sale_in_a_shop_gives_no_right_to_withdraw(sale: Sale, tenant: Tenant) -> None:
    await sale.draft(terms={"sales_channel": "IN_STORE"})
    await sale.sign()
    day = date(2026, 3, 2)
    request = WithdrawContract(
        contract_id=sale.contract_id, expected_version=await sale.version(), sent_on=day, received_on=day
    )
    assert await refused(tenant.client.call(request)) == "WITHDRAWAL_NOT_APPLICABLE"


async def test_a_cancelled_contract_gives_back_what_was_billed_ahead(sale: Sale, tenant: Tenant) -> None:
    await sale.draft()
    await sale.sign()
    await sale.approve()
    await sale.activate_mandate()
    await sale.day(date(2026, 3, 17))
    sale.at(at(date(2026, 3, 18)))
    cancelled = await tenant.client.call(
        CancelContract(
            contract_id=sale.contract_id, expected_version=await sale.version(), reason_code="NOT_CONNECTABLE"
        )
    )
    assert cancelled.status == "CANCELLED"
    _, due = (await sale.stated("contract.billing_due"))[-1]
    assert (due["net_total"]["amount"], due["gross_total"]["amount"]) == ("-29.90", "-35.88")
    assert len(await sale.stated("contract.cancelled")) == 1


async def test_story_f_a_client_asks_the_price_leaves_and_gets_his_days_back(sale: Sale, tenant: Tenant) -> None:
    await sale.in_force()
    sale.at(at(date(2026, 4, 5)))
    quote = await tenant.client.call(QuoteTermination(contract_id=sale.contract_id, received_on=date(2026, 4, 5)))
    assert (quote.ends_on, str(quote.fee), str(quote.credit)) == (date(2026, 4, 15), "0.00 EUR", "14.95 EUR")
    scheduled = await tenant.client.call(await leave(sale))
    assert (scheduled.ends_on, scheduled.status, str(scheduled.credit)) == (date(2026, 4, 15), "SCHEDULED", "14.95 EUR")
    assert await refused(tenant.client.call(await leave(sale))) == "ALREADY_SCHEDULED"
    ((_, body),) = await sale.stated("contract.termination_scheduled")
    assert (body["ends_on"], body["channel"], body["credit"]["amount"]) == ("2026-04-15", "ONLINE", "14.95")
    await sale.day(date(2026, 4, 15))
    assert len(await sale.stated("contract.provisioning_requested")) == 1
    await sale.day(date(2026, 4, 16))
    _, due = (await sale.stated("contract.billing_due"))[-1]
    assert [(row["kind"], row["net"]["amount"]) for row in due["adjustments"]] == [("CREDIT", "14.95")]
    assert (due["net_total"]["amount"], due["vat_total"]["amount"]) == ("-14.95", "-2.99")
    sale.at(at(date(2026, 4, 16)))
    await sale.provider()
    ((_, ended),) = await sale.stated("contract.terminated")
    assert (ended["status"], ended["ends_on"], ended["months_in_force"]) == ("TERMINATED", "2026-04-15", 0)
    await sale.day(date(2026, 4, 17))
    assert len(await sale.stated("contract.terminated")) == 1
    assert len(await sale.stated("contract.billing_due")) == 2


async def test_the_legal_end_does_not_wait_for_the_provider(sale: Sale, tenant: Tenant) -> None:
    await sale.in_force(terms={"commitment_months": 12})
    sale.at(at(date(2026, 4, 5)))
    scheduled = await tenant.client.call(await leave(sale))
    # 15/30 of April and eleven whole months, all inside the first twelve months (L224-28).
    assert str(scheduled.fee) == "343.85 EUR"
    await sale.day(date(2026, 4, 16))
    assert (await sale.contract()).status == "ACTIVE"
    await sale.day(date(2026, 4, 17))
    assert (await sale.contract()).status == "TERMINATED"
    sale.at(at(date(2026, 4, 17)))
    await sale.provider()
    ended = await sale.contract(with_details=True)
    assert (ended.status, ended.service_links[0].status) == ("TERMINATED", "TERMINATED")
    assert len(await sale.stated("contract.terminated")) == 1
    _, due = (await sale.stated("contract.billing_due"))[-1]
    assert {row["kind"]: row["net"]["amount"] for row in due["adjustments"]} == {"CREDIT": "14.95", "ETF": "343.85"}


async def test_a_revoked_termination_restores_the_schedule(sale: Sale, tenant: Tenant) -> None:
    await sale.in_force()
    before = (await sale.contract(with_details=True)).instalments
    sale.at(at(date(2026, 4, 5)))
    await tenant.client.call(await leave(sale))
    assert len((await sale.contract(with_details=True)).instalments) == 1
    restored = await tenant.client.call(
        RevokeTermination(contract_id=sale.contract_id, expected_version=await sale.version())
    )
    assert (restored.status, restored.termination_ends_on) == ("ACTIVE", None)
    assert (await sale.contract(with_details=True)).instalments == before
    assert (
        await refused(
            tenant.client.call(RevokeTermination(contract_id=sale.contract_id, expected_version=await sale.version()))
        )
        == "TERMINATION_NOT_SCHEDULED"
    )
    await sale.day(date(2026, 4, 17))
    assert await sale.stated("contract.terminated") == []


async def test_backdating_needs_its_own_permission(sale: Sale, tenant: Tenant) -> None:
    await sale.in_force()
    sale.at(at(date(2026, 4, 25)))
    manager = tenant.token("contrats:contract:terminate")
    past = await leave(sale, received_on=date(2026, 4, 1))
    assert await refused(tenant.client.call(past, token=manager)) == "PERMISSION_MISSING"
    assert (await tenant.client.call(past)).ends_on == date(2026, 4, 11)


async def test_a_term_is_renewed_tacitly_and_the_consumer_may_then_leave_freely(sale: Sale, tenant: Tenant) -> None:
    await sale.in_force(lines=(sale.line(provider_code=None),))
    await sale.day(date(2027, 4, 1))
    ((_, body),) = await sale.stated("contract.renewed")
    assert (body["old_ends_on"], body["new_ends_on"]) == ("2027-03-31", "2028-03-31")
    sale.at(at(date(2027, 4, 2)))
    quote = await tenant.client.call(QuoteTermination(contract_id=sale.contract_id, received_on=date(2027, 4, 2)))
    assert (quote.ends_on, str(quote.fee)) == (date(2027, 4, 2), "0.00 EUR")


async def test_a_term_that_nobody_renews_expires(sale: Sale) -> None:
    terms = {"renewal_mode": "EXPRESS", "initial_term_months": 2}
    await sale.in_force(terms=terms, lines=(sale.line(provider_code=None),))
    await sale.day(date(2026, 6, 1))
    ((_, body),) = await sale.stated("contract.expired")
    assert (body["status"], body["months_in_force"], body["ends_on"]) == ("EXPIRED", 2, "2026-05-31")
    billed = [row["period_start"] for _, due in await sale.stated("contract.billing_due") for row in due["instalments"]]
    assert billed == ["2026-04-01", "2026-05-01"]


async def test_another_tenant_cannot_end_a_contract(sale: Sale, other_tenant: Tenant) -> None:
    await sale.draft()
    other_tenant.client.now = at(date(2026, 4, 5))
    assert await refused(other_tenant.client.call(await leave(sale))) == "CONTRACT_NOT_FOUND"
    unknown = RevokeTermination(contract_id=uuid4(), expected_version=1)
    assert await refused(other_tenant.client.call(unknown)) == "CONTRACT_NOT_FOUND"


async def test_a_legitimate_reason_is_proved_and_costs_nothing(sale: Sale, tenant: Tenant) -> None:
    await sale.in_force(terms={"commitment_months": 12})
    sale.at(at(date(2026, 4, 5)))
    assert await refused(tenant.client.call(await leave(sale, legitimate_reason=True))) == "EVIDENCE_REQUIRED"
    proved = await leave(sale, legitimate_reason=True, evidence_document_id=uuid4(), channel="REGISTERED_LETTER")
    scheduled = await tenant.client.call(proved)
    assert (scheduled.ends_on, str(scheduled.fee)) == (date(2026, 4, 5), "0.00 EUR")
    ((_, body),) = await sale.stated("contract.termination_scheduled")
    assert (body["letter"]["purpose"], body["letter"]["request_id"]) == ("TERMINATION", str(scheduled.id))
    ((_, asked),) = await sale.stated("contract.document_requested")
    assert (asked["request_id"], asked["purpose"]) == (str(scheduled.id), "TERMINATION_LETTER")
    assert "Aucune indemnité" in " ".join(asked["data"]["paragraphs"])
    ((_, rendered),) = await sale.running.events("document.generated", tenant.id)  # by the real documents
    assert (rendered["request_id"], rendered["type"]) == (str(scheduled.id), "LETTER")


async def test_only_a_manager_waives_the_fee(sale: Sale, tenant: Tenant) -> None:
    await sale.in_force(terms={"commitment_months": 12})
    sale.at(at(date(2026, 4, 5)))
    clerk = tenant.token("contrats:contract:terminate")
    assert await refused(tenant.client.call(await leave(sale, fee_waiver=True), token=clerk)) == "PERMISSION_MISSING"
    assert str((await tenant.client.call(await leave(sale, fee_waiver=True))).fee) == "0.00 EUR"


async def test_a_debt_ends_a_contract_only_after_the_formal_notice(sale: Sale, tenant: Tenant) -> None:
    await sale.in_force(terms={"commitment_months": 12})
    sale.at(at(date(2026, 4, 20)))
    unpaid = {"reason_code": "NON_PAYMENT", "initiated_by": "COMPANY", "received_on": date(2026, 4, 20)}
    assert await refused(tenant.client.call(await leave(sale, **unpaid))) == "FORMAL_NOTICE_RUNNING"
    running = unpaid | {"formal_notice_ends_on": date(2026, 4, 20)}
    assert await refused(tenant.client.call(await leave(sale, **running))) == "FORMAL_NOTICE_RUNNING"
    over = unpaid | {"formal_notice_ends_on": date(2026, 4, 19), "notice_id": uuid4()}
    scheduled = await tenant.client.call(await leave(sale, **over))
    # no notice: 10/30 of April and eleven whole months of the first twelve
    assert (scheduled.ends_on, str(scheduled.fee)) == (date(2026, 4, 20), "338.87 EUR")
    ((_, body),) = await sale.stated("contract.termination_scheduled")
    assert body["notice_id"] == str(over["notice_id"])


async def test_an_exempt_sale_cannot_be_withdrawn_from(sale: Sale, tenant: Tenant) -> None:
    await sale.draft(terms={"withdrawal_exemption": "PERSONALISED_GOODS"})
    signed = await sale.sign()
    assert (signed.withdrawal_applicable, signed.withdrawal_exemption) == (False, "PERSONALISED_GOODS")
    withdraw = WithdrawContract(
        contract_id=sale.contract_id, expected_version=signed.version, sent_on=date(2026, 3, 2), received_on=date(2026, 3, 2)
    )  # fmt: skip
    assert await refused(tenant.client.call(withdraw)) == "WITHDRAWAL_NOT_APPLICABLE"


async def test_recovery_ends_a_contract_that_nobody_pays(sale: Sale) -> None:
    await sale.in_force(terms={"commitment_months": 12})
    sale.at(at(date(2026, 4, 5)))
    later = await sale.tenant.client.call(await leave(sale, requested_ends_on=date(2026, 6, 30)))
    assert later.ends_on == date(2026, 6, 30)
    noticed = uuid4()
    # midnight of 26 April in Paris
    midnight = datetime(2026, 4, 25, 22, tzinfo=UTC)
    order = fact(ContractTerminationRequested, contract_id=sale.contract_id, notice_id=noticed, effective_at=midnight)
    await sale.hears(order, now=at(date(2026, 4, 24)), times=2)
    assert len(await sale.stated("contract.termination_revoked")) == 1  # the debtor's own later end
    (_, (_, scheduled)) = await sale.stated("contract.termination_scheduled")
    assert (scheduled["ends_on"], scheduled["reason_code"], scheduled["initiated_by"]) == (
        "2026-04-25", "NON_PAYMENT", "COMPANY",
    )  # fmt: skip
    # 5/30 of April and eleven whole months of the first twelve
    assert (scheduled["notice_id"], scheduled["fee"]["amount"]) == (str(noticed), "333.88")
    again = fact(ContractTerminationRequested, contract_id=sale.contract_id, effective_at=midnight)
    await sale.hears(again, now=at(date(2026, 4, 24)), times=2)
    ((_, failed),) = await sale.stated("contract.operation_failed")
    assert (failed["operation"], failed["request_id"], failed["error_code"]) == (
        "TERMINATE", str(again.request_id), "ALREADY_SCHEDULED",
    )  # fmt: skip
    await sale.day(date(2026, 4, 26))
    sale.at(at(date(2026, 4, 26)))
    await sale.provider()
    ((_, ended),) = await sale.stated("contract.terminated")
    assert (ended["ends_on"], ended["reason_code"], ended["notice_id"]) == ("2026-04-25", "NON_PAYMENT", str(noticed))
    late = fact(ContractTerminationRequested, contract_id=sale.contract_id, effective_at=midnight)
    await sale.hears(late, now=at(date(2026, 4, 27)))
    assert (await sale.stated("contract.operation_failed"))[-1][1]["error_code"] == "INVALID_TRANSITION"


async def test_case_7_a_missing_form_gives_the_client_a_year(sale: Sale, tenant: Tenant) -> None:
    await sale.draft()
    signed = await sale.sign(withdrawal_form_given=False)
    assert signed.withdrawal_ends_on == date(2027, 3, 16)
    sale.at(at(date(2026, 5, 11)))
    told = UpdateContract(
        contract_id=sale.contract_id, expected_version=signed.version, withdrawal_info_given_on=date(2026, 5, 10)
    )
    assert (await tenant.client.call(told)).withdrawal_ends_on == date(2026, 5, 26)
    again = told.model_copy(update={"expected_version": signed.version + 1})
    assert await refused(tenant.client.call(again)) == "VALIDATION_FAILED"


async def test_a_rejected_sale_that_nobody_mends_is_given_up(sale: Sale, tenant: Tenant) -> None:
    await tenant.client.call(UpdateContractSettings(cancel_on_rejection=True))
    await sale.draft()
    await sale.sign()
    await tenant.client.call(
        RejectQuality(contract_id=sale.contract_id, expected_version=await sale.version(), codes=("IDENTITY",))
    )
    await sale.day(date(2026, 4, 1))
    assert (await sale.contract()).status == "SIGNED"
    await sale.day(date(2026, 4, 2))
    ((_, body),) = await sale.stated("contract.cancelled")
    assert body["reason_code"] == "QUALITY_REJECTED"
