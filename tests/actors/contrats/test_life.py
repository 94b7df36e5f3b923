"""The life of a contract: signature, quality, delays, bills, provider, debts, suspension."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from messages.commercial import SalesRepCreated
from messages.contrats import (
    ActivateContract,
    ApproveQuality,
    ContractStatus,
    ListContractStatusHistory,
    ListOperations,
    ProviderOutcome,
    RejectQuality,
    SubmitQualityReview,
    SuspendContract,
    UpdateContract,
)
from messages.documents import GetDocument
from messages.factures import InvoiceIssued
from messages.payments import PaymentReceived, PaymentRejected
from messages.payments.receivables import ReceivableDefaultCured, ReceivableDefaulted
from messages.payments.suspensions import SuspensionLiftRequested, SuspensionRequested, SuspensionWithdrawn
from tests.actors.contrats.builders import MARCH_2, Sale, at, fact
from tests.actors.contrats.test_drafting import refused
from tests.harness import Running, Tenant

APRIL_20 = at(date(2026, 4, 20))


@pytest.fixture
async def sale(running: Running, tenant: Tenant) -> Sale:
    """A client and a product."""
    return await Sale(running, tenant).prepare()


async def test_a_contract_is_signed_when_its_proof_is_stored(sale: Sale, tenant: Tenant) -> None:
    await sale.draft()
    signed = await sale.sign()
    assert (signed.status, signed.quality_status) == ("SIGNED", "PENDING")
    assert (signed.concluded_on, signed.withdrawal_ends_on) == (date(2026, 3, 2), date(2026, 3, 16))
    ((header, body),) = await sale.stated("contract.signed")
    assert body["mandate_consent"]["document_id"] == body["signature_evidence_document_id"]
    assert (body["total_contract_value"]["amount"], body["mandate_scheme"]) == ("358.80", "SEPA_CORE")
    ((after, submitted),) = await sale.stated("contract.quality_submitted")
    assert int(after["ce-crmversion"]) == int(header["ce-crmversion"]) + 1
    assert submitted["quality_status"] == "PENDING"
    proof = await tenant.client.call(GetDocument(document_id=body["signature_evidence_document_id"]))
    assert (proof.type, proof.contract_id, proof.mime) == ("CONTRACT_SIGNED", signed.contract_id, "application/pdf")
    history = await tenant.client.call(ListContractStatusHistory(contract_id=signed.contract_id))
    assert [entry.to_status for entry in history.items] == ["SIGNED", "AWAITING_SIGNATURE"]
    assert len((await sale.contract(with_details=True)).service_links) == 1


async def test_contract_signed_waits_for_documents(sale: Sale, running: Running, tenant: Tenant) -> None:
    await sale.draft()
    await running.settled()
    await running.stop_actor("documents")
    try:
        waiting = await tenant.client.call(sale.signature())
        assert waiting.status == "AWAITING_SIGNATURE"
        assert await running.events("contract.signed", tenant.id) == []
        change = UpdateContract(contract_id=sale.contract_id, expected_version=waiting.version, terms=sale.terms())
        assert await refused(tenant.client.call(change)) == "USE_AMENDMENT"
    finally:
        await running.start_actor("documents")
    await running.settled()
    assert (await sale.contract()).status == "SIGNED"
    assert len(await sale.stated("contract.signed")) == 1


async def test_each_proof_is_linked_to_the_one_before(sale: Sale, running: Running, tenant: Tenant) -> None:
    for _ in range(2):
        await sale.draft()
        await sale.sign()
    connection = await asyncpg.connect(running.database("contrats"))
    try:
        await connection.execute(f"set app.organisation_id = '{tenant.id}'")
        rows = await connection.fetch(
            "select prev_evidence_sha256, evidence_sha256 from signature_evidence where organisation_id = $1 order by id",
            tenant.id,
        )
    finally:
        await connection.close()
    assert rows[0]["prev_evidence_sha256"] == ""
    assert rows[1]["prev_evidence_sha256"] == rows[0]["evidence_sha256"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"signed_at": MARCH_2 + timedelta(hours=1)}, "EVIDENCE_REQUIRED"),
        (
            {"signers": [{"full_name": "X", "signed_at": "2026-03-02T09:00:00Z", "role": "COMPANY"}]},
            "EVIDENCE_REQUIRED",
        ),
    ],
)
async def test_weak_evidence_is_refused(sale: Sale, tenant: Tenant, changes: dict[str, Any], code: str) -> None:
    await sale.draft()
    assert await refused(tenant.client.call(sale.signature(**changes))) == code
    assert (await sale.contract()).status == "DRAFT"


async def test_a_direct_debit_needs_an_account(sale: Sale, tenant: Tenant) -> None:
    await sale.draft(terms={"bank_details_id": None})
    assert await refused(tenant.client.call(sale.signature())) == "MISSING_BANK_DETAILS"


async def test_the_back_office_rejects_and_approves_but_never_its_own_sale(sale: Sale, tenant: Tenant) -> None:
    await sale.draft()
    await sale.sign()
    seller = uuid4()
    await sale.hears(fact(SalesRepCreated, rep_id=sale.rep_id, user_id=seller, active=True))
    own = tenant.token("contrats:*:*", user_id=seller)
    assert (
        await refused(
            tenant.client.call(
                ApproveQuality(contract_id=sale.contract_id, expected_version=await sale.version()), token=own
            )
        )
        == "SAME_REVIEWER"
    )
    rejected = await tenant.client.call(
        RejectQuality(contract_id=sale.contract_id, expected_version=await sale.version(), codes=("IDENTITY",))
    )
    assert (rejected.status, rejected.rejection_codes) == ("REJECTED", ("IDENTITY",))
    assert (
        await refused(
            tenant.client.call(ApproveQuality(contract_id=sale.contract_id, expected_version=await sale.version()))
        )
        == "NOT_PENDING"
    )
    await tenant.client.call(SubmitQualityReview(contract_id=sale.contract_id, expected_version=await sale.version()))
    await sale.approve()
    ((_, body),) = await sale.stated("contract.quality_approved")
    assert (body["approved_on"], body["quality_status"]) == ("2026-03-02", "APPROVED")


async def test_case_32_gates_keep_the_service_from_starting(sale: Sale, tenant: Tenant) -> None:
    await sale.draft(terms={"starts_on": date(2026, 3, 2)})
    await sale.sign(early_performance_requested=True)
    await sale.activate_mandate()
    start = ActivateContract(contract_id=sale.contract_id, expected_version=await sale.version())
    assert await refused(tenant.client.call(start)) == "GATE_NOT_MET"
    assert await sale.stated("contract.provisioning_requested") == []
    forced = ActivateContract(
        contract_id=sale.contract_id,
        expected_version=await sale.version(),
        force_gates=frozenset({"QUALITY"}),
        reason="test",
    )
    clerk = tenant.token("contrats:contract:activate")
    assert await refused(tenant.client.call(forced, token=clerk)) == "PERMISSION_MISSING"
    assert (await tenant.client.call(forced)).status == "RUNNING"


async def test_collection_unlocks_after_the_withdrawal_period(sale: Sale) -> None:
    await sale.draft()
    await sale.sign()
    await sale.approve()
    await sale.activate_mandate()
    await sale.day(date(2026, 3, 16))
    assert await sale.stated("contract.withdrawal_period_ended") == []
    await sale.day(date(2026, 3, 17))
    await sale.day(date(2026, 3, 17))
    ((_, ended),) = await sale.stated("contract.withdrawal_period_ended")
    ((_, unlocked),) = await sale.stated("contract.collection_unlocked")
    assert (ended["withdrawal_ends_on"], unlocked["not_before"]) == ("2026-03-16", "2026-03-17")


async def test_without_a_mandate_nothing_is_unlocked_or_billed(sale: Sale) -> None:
    await sale.draft()
    await sale.sign()
    await sale.approve()
    await sale.day(date(2026, 3, 20))
    assert await sale.stated("contract.collection_unlocked") == []
    assert await sale.stated("contract.billing_due") == []
    await sale.activate_mandate(now=at(date(2026, 3, 24)))
    await sale.day(date(2026, 3, 25))
    ((_, unlocked),) = await sale.stated("contract.collection_unlocked")
    ((_, due),) = await sale.stated("contract.billing_due")
    assert (unlocked["not_before"], due["instalments"][0]["bill_on"]) == ("2026-03-17", "2026-03-24")


async def test_case_35_periods_are_billed_once_and_caught_up_in_order(sale: Sale) -> None:
    contract = await sale.in_force()
    ((_, first),) = await sale.stated("contract.billing_due")
    assert (first["net_total"], first["gross_total"]) == (
        {"amount": "29.90", "currency": "EUR"},
        {"amount": "35.88", "currency": "EUR"},
    )
    assert first["billing_address_id"] == str(contract.billing_address_id)
    (instalment,) = first["instalments"]
    assert (instalment["period_start"], instalment["period_end"]) == ("2026-04-01", "2026-04-30")
    assert (instalment["bill_on"], instalment["due_on"]) == ("2026-03-17", "2026-04-01")
    await sale.day(date(2026, 6, 20))
    await sale.day(date(2026, 6, 20))
    starts = [body["instalments"][0]["period_start"] for _, body in await sale.stated("contract.billing_due")]
    assert starts == ["2026-04-01", "2026-05-01", "2026-06-01", "2026-07-01"]


async def test_case_39_the_provider_activates_once(sale: Sale) -> None:
    await sale.draft()
    await sale.sign()
    await sale.approve()
    await sale.activate_mandate()
    await sale.day(date(2026, 4, 1))
    ((_, order),) = await sale.stated("contract.provisioning_requested")
    assert (order["action"], order["service_links"][0]["provider_code"]) == ("ACTIVATE", "TELCO")
    sale.at(at(date(2026, 4, 1)))
    await sale.provider(times=2, callback_id="cb-1", external_service_id="L-100")
    await sale.provider()
    ((_, body),) = await sale.stated("contract.activated")
    assert (body["operation_id"], body["effective_on"]) == (order["operation_id"], "2026-04-01")
    active = await sale.contract(with_details=True)
    assert (active.status, active.service_links[0].external_service_id) == ("ACTIVE", "L-100")


async def test_case_39_a_refused_suspension_leaves_the_contract_active(sale: Sale, tenant: Tenant) -> None:
    await sale.in_force()
    await tenant.client.call(
        SuspendContract(contract_id=sale.contract_id, expected_version=await sale.version(), reason="FRAUD")
    )
    await sale.provider(ProviderOutcome.REFUSED, error_code="LINE_LOCKED")
    ((_, failed),) = await sale.stated("contract.operation_failed")
    assert (failed["operation"], failed["error_code"], failed["step"]) == ("SUSPEND", "LINE_LOCKED", "provision")
    assert (await sale.contract()).status == "ACTIVE"
    operations = await tenant.client.call(ListOperations(contract_id=sale.contract_id))
    assert [(item.operation, item.status) for item in operations.items] == [
        ("SUSPEND", "FAILED"),
        ("ACTIVATE", "SUCCEEDED"),
    ]


async def test_a_provider_that_fails_is_asked_again_and_then_given_up(
    sale: Sale, running: Running, tenant: Tenant
) -> None:
    await sale.in_force()
    now = at(date(2026, 4, 2))
    sale.at(now)
    await tenant.client.call(
        SuspendContract(contract_id=sale.contract_id, expected_version=await sale.version(), reason="TECHNICAL")
    )
    await sale.provider(ProviderOutcome.FAILED)
    await sale.tick("minute", now + timedelta(seconds=30))
    assert len(await sale.stated("contract.provisioning_requested")) == 2
    await sale.tick("minute", now + timedelta(minutes=1))
    assert len(await sale.stated("contract.provisioning_requested")) == 3
    for attempt in range(1, 8):
        await sale.tick("minute", now + timedelta(hours=2 * attempt))
    ((_, failed),) = await sale.stated("contract.operation_failed")
    assert (failed["attempts"], failed["error_code"]) == (6, "PROVIDER_FAILED")


async def test_a_late_gate_moves_the_whole_term(sale: Sale) -> None:
    await sale.draft(terms={"commitment_months": 12})
    await sale.sign()
    await sale.approve()
    await sale.activate_mandate(now=at(date(2026, 4, 9)))
    await sale.day(date(2026, 4, 10))
    sale.at(at(date(2026, 4, 10)))
    await sale.provider()
    active = await sale.contract()
    assert (active.starts_on, active.ends_on, active.effective_on) == (
        date(2026, 4, 9), date(2027, 4, 8), date(2026, 4, 9),
    )  # fmt: skip
    ((_, due),) = await sale.stated("contract.billing_due")
    assert due["instalments"][0]["period_start"] == "2026-04-09"


async def test_an_issued_invoice_marks_its_period(sale: Sale) -> None:
    await sale.in_force()
    ((_, due),) = await sale.stated("contract.billing_due")
    invoice = fact(InvoiceIssued, billing_instalment_ids=[due["instalments"][0]["billing_instalment_id"]])
    await sale.hears(invoice, times=2)
    (first, second, *_) = (await sale.contract(with_details=True)).instalments
    assert (first.status, first.invoice_id, second.status) == ("INVOICED", invoice.invoice_id, "PLANNED")


async def test_case_30_debts_change_the_standing_once(sale: Sale) -> None:
    await sale.in_force()
    contract_id = sale.contract_id
    rejected = fact(PaymentRejected, contract_id=contract_id, consecutive_failures=2)
    await sale.hears(rejected, times=2)
    late = await sale.contract()
    assert (late.payment_standing, late.consecutive_rejections) == ("LATE", 2)
    await sale.hears(fact(ReceivableDefaulted, contract_id=contract_id), times=2)
    await sale.hears(fact(PaymentReceived, contract_id=contract_id), times=2)
    assert (await sale.contract()).payment_standing == "DEFAULT"
    await sale.hears(fact(ReceivableDefaultCured, contract_id=contract_id), times=2)
    changes = [(body["from"], body["to"]) for _, body in await sale.stated("contract.standing_changed")]
    assert changes == [("GOOD", "LATE"), ("LATE", "DEFAULT"), ("DEFAULT", "GOOD")]
    await sale.hears(fact(PaymentRejected, contract_id=uuid4()))  # a contract nobody knows


async def test_case_30_a_lift_that_overtakes_the_cut_is_done_right_after_it(sale: Sale) -> None:
    await sale.in_force()
    cut = fact(SuspensionRequested, contract_id=sale.contract_id, effective_at=APRIL_20)
    lift = fact(SuspensionLiftRequested, request_id=cut.request_id, contract_id=sale.contract_id, effective_at=APRIL_20)
    await sale.hears(cut, now=APRIL_20, times=2)
    await sale.hears(lift, now=APRIL_20, version=2, times=2)
    sale.at(APRIL_20)
    await sale.provider()
    ((_, suspended),) = await sale.stated("contract.suspended")
    assert (suspended["request_id"], suspended["suspension_reason"]) == (str(cut.request_id), "PAYMENT_DEFAULT")
    assert (await sale.stated("contract.provisioning_requested"))[-1][1]["action"] == "RESUME"
    await sale.provider()
    ((_, resumed),) = await sale.stated("contract.resumed")
    assert (resumed["request_id"], resumed["status"]) == (str(cut.request_id), "ACTIVE")
    assert (await sale.contract()).status == ContractStatus.ACTIVE


async def test_a_suspension_waits_for_its_instant_and_can_be_withdrawn_before(sale: Sale, running: Running) -> None:
    await sale.in_force()
    first = fact(SuspensionRequested, contract_id=sale.contract_id, effective_at=APRIL_20)
    await sale.hears(first, now=at(date(2026, 4, 18)))
    withdrawn = fact(SuspensionWithdrawn, request_id=first.request_id, contract_id=sale.contract_id)
    await sale.hears(withdrawn, now=at(date(2026, 4, 19)), version=2)
    second = fact(SuspensionRequested, contract_id=sale.contract_id, effective_at=APRIL_20 + timedelta(hours=1))
    await sale.hears(second, now=at(date(2026, 4, 19)))
    await sale.tick("minute", APRIL_20)
    assert len(await sale.stated("contract.provisioning_requested")) == 1
    await sale.tick("minute", APRIL_20 + timedelta(hours=1))
    sale.at(APRIL_20 + timedelta(hours=2))
    await sale.provider()
    ((_, suspended),) = await sale.stated("contract.suspended")
    assert suspended["request_id"] == str(second.request_id)


async def test_case_27_a_pause_of_ten_days_is_given_back(sale: Sale, running: Running) -> None:
    await sale.in_force()
    cut = fact(SuspensionRequested, contract_id=sale.contract_id, effective_at=at(date(2026, 4, 10)))
    await sale.hears(cut, now=at(date(2026, 4, 10)))
    sale.at(at(date(2026, 4, 10)))
    await sale.provider()
    await sale.day(date(2026, 4, 17))
    assert len(await sale.stated("contract.billing_due")) == 1  # no bill during the pause
    lift = fact(SuspensionLiftRequested, request_id=cut.request_id, contract_id=sale.contract_id, effective_at=APRIL_20)
    await sale.hears(lift, now=APRIL_20)
    sale.at(APRIL_20)
    await sale.provider()
    await sale.day(date(2026, 4, 21))
    _, due = (await sale.stated("contract.billing_due"))[-1]
    (credit,) = due["adjustments"]
    assert (credit["kind"], credit["net"]["amount"], credit["cause"]) == ("CREDIT", "9.97", "SUSPENSION")
    assert (due["net_total"]["amount"], due["vat_total"]["amount"]) == ("19.93", "3.99")
    ((_, resumed),) = await sale.stated("contract.resumed")
    assert (resumed["suspended_from"], resumed["suspended_to"]) == ("2026-04-10", "2026-04-19")


async def test_a_suspension_asked_by_the_client_ends_on_its_day(sale: Sale, tenant: Tenant) -> None:
    await sale.in_force()
    sale.at(datetime(2026, 4, 10, 9, tzinfo=MARCH_2.tzinfo))
    request = SuspendContract(
        contract_id=sale.contract_id,
        expected_version=await sale.version(),
        reason="CLIENT_REQUEST",
        resume_on=date(2026, 4, 12),
    )
    await tenant.client.call(request)
    again = request.model_copy(update={"expected_version": await sale.version()})
    assert await refused(tenant.client.call(again)) == "OPERATION_IN_PROGRESS"
    await sale.provider()
    await sale.day(date(2026, 4, 12))
    await sale.provider()
    assert (await sale.contract()).status == "ACTIVE"
