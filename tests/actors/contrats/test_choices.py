"""contrats: what companies decide for their contracts, the payment terms they name, and clients who may not buy."""

from datetime import date
from uuid import uuid4

import pytest

from actors.contrats.rules.billing_periods import due_day
from messages.clients import (
    BlockedScope,
    ClientAnonymised,
    ClientBlocked,
    ClientCreated,
    ClientDeceased,
    ClientMerged,
    ClientUnblocked,
    ClientUnmerged,
)
from messages.clients.dictionaries import PaymentTermSaved
from messages.contrats import ActivateContract, ApproveQuality, ListContracts, ListOperations
from messages.contrats.settings import ContractDefaults, GetContractSettings, UpdateContractSettings
from messages.contrats.upkeep import (
    DeleteContract,
    GetOperation,
    GetSignatureEvidence,
    ListQualityQueue,
    RebillInstalment,
    SkipInstalment,
    VerifySignatureEvidence,
)
from messages.problem import Refused
from messages.products.catalogue import Lifecycle, TransitionProduct
from messages.values.due_dates import TermBasis
from tests.actors.contrats.builders import Sale, at, fact
from tests.actors.contrats.test_amounts import agreement
from tests.harness import Running, Tenant


async def test_a_company_decides_what_the_organisation_left_open(
    running: Running, tenant: Tenant, other_tenant: Tenant
) -> None:
    for defaults, company_id in (
        (ContractDefaults(payment_terms_days=15, commitment_months=6), None),
        (ContractDefaults(commitment_months=3), tenant.company_id),
    ):
        await tenant.client.call(UpdateContractSettings(company_id=company_id, defaults=defaults))
    found = (await tenant.client.call(GetContractSettings(company_id=tenant.company_id))).defaults
    assert (found.commitment_months, found.payment_terms_days) == (3, 15)
    assert (await other_tenant.client.call(GetContractSettings())).defaults == ContractDefaults()
    with pytest.raises(Refused, match="MISSING_COMPANY"):
        await other_tenant.client.call(UpdateContractSettings(company_id=tenant.company_id, free_contract=True))
    sale = await Sale(running, tenant).prepare()
    drafted = await sale.draft()
    assert (drafted.commitment_ends_on, drafted.payment_terms_days) == (date(2026, 6, 30), 15)
    own = await sale.draft(terms={"commitment_months": 0})
    assert own.commitment_ends_on is None


async def test_a_contract_costs_something_unless_the_seller_wants_otherwise(running: Running, tenant: Tenant) -> None:
    sale = await Sale(running, tenant).prepare()
    free = sale.request(lines=(sale.line("0.00"),))
    with pytest.raises(Refused, match="FREE_CONTRACT"):
        await tenant.client.call(free)
    await tenant.client.call(UpdateContractSettings(free_contract=True))
    assert (await tenant.client.call(free)).mrr.amount == 0


async def test_only_required_gates_keep_the_service_from_starting(running: Running, tenant: Tenant) -> None:
    sale = await Sale(running, tenant).prepare()
    await tenant.client.call(UpdateContractSettings(required_gates=frozenset({"SIGNATURE", "START_DATE"})))
    await sale.draft()
    await sale.sign()
    await sale.day(date(2026, 4, 1))
    assert len(await sale.stated("contract.provisioning_requested")) == 1


async def test_a_payment_term_of_clients_decides_the_due_date(running: Running, tenant: Tenant) -> None:
    sale = await Sale(running, tenant).prepare()
    term_id = uuid4()
    term = fact(
        PaymentTermSaved, id=term_id, days=30, end_of_month=TermBasis.NET_THEN_EOM, active=True, is_default=False
    )
    await sale.hears(term)
    drafted = await sale.draft(terms={"payment_terms_id": term_id, "payment_method": "TRANSFER"})
    assert (drafted.payment_terms_id, drafted.payment_terms_days) == (term_id, 30)
    await sale.sign()
    first = (await sale.contract(with_details=True)).instalments[0]
    assert first.due_on == date(2026, 5, 31)
    with pytest.raises(Refused, match="CONTRACT_PAYMENT_TERM_NOT_FOUND"):
        await sale.draft(terms={"payment_terms_id": uuid4()})


@pytest.mark.parametrize(
    ("basis", "day", "due"),
    [
        (None, None, date(2026, 4, 9)),
        (TermBasis.NET_THEN_EOM, None, date(2026, 4, 30)),
        (TermBasis.EOM_THEN_NET, None, date(2026, 4, 30)),
        (TermBasis.NEXT_DAY_OF_MONTH, 15, date(2026, 4, 15)),
    ],
)
def test_a_bill_of_10_march_is_due_by_its_term(basis: TermBasis | None, day: int | None, due: date) -> None:
    terms = {"payment_method": "TRANSFER", "payment_terms_basis": basis, "payment_terms_day": day}
    assert due_day(agreement(date(2026, 3, 10), **terms), date(2026, 3, 10), date(2026, 3, 10)) == due


async def test_a_long_telecom_commitment_needs_a_short_offer_beside_it(running: Running, tenant: Tenant) -> None:
    sale = await Sale(running, tenant).prepare()
    long_terms = {"commitment_months": 24, "initial_term_months": 24}
    assert (await sale.draft(terms=long_terms)).commitment_ends_on == date(2028, 3, 31)
    stop = TransitionProduct(product_id=sale.product.product_id, to=Lifecycle.FROZEN, reason="test")
    quote = await sale.quote()
    await tenant.client.call(stop)
    await running.settled()
    with pytest.raises(Refused, match="SHORT_OFFER_MISSING"):
        await sale.draft(terms=long_terms, price_quote_id=quote.quote_id)


async def test_a_blocked_or_dead_client_gets_no_new_contract(running: Running, tenant: Tenant) -> None:
    sale = await Sale(running, tenant).prepare()
    client_id = sale.client.id
    await sale.hears(fact(ClientBlocked, client_id=client_id, scope=BlockedScope.COLLECTION), version=20)
    await sale.draft()
    await sale.hears(fact(ClientBlocked, client_id=client_id, scope=BlockedScope.SALES), version=21)
    with pytest.raises(Refused, match="CONTRACT_CLIENT_BLOCKED"):
        await sale.draft()
    await sale.hears(fact(ClientUnblocked, client_id=client_id, scope=BlockedScope.SALES), version=22)
    await sale.draft()
    await sale.hears(fact(ClientDeceased, client_id=client_id), version=23)
    with pytest.raises(Refused, match="CONTRACT_CLIENT_BLOCKED"):
        await sale.draft()


async def test_contracts_follow_a_merge_and_come_back(running: Running, tenant: Tenant) -> None:
    sale = await Sale(running, tenant).prepare()
    await sale.draft()
    merged_id, survivor_id, operation_id = sale.client.id, uuid4(), uuid4()
    merge = ClientMerged(
        survivor_id=survivor_id, merged_ids=(merged_id,), merge_operation_id=operation_id,
        survivor=fact(ClientCreated, client_id=survivor_id),
    )  # fmt: skip
    await sale.hears(merge, version=30, times=2)
    assert (await sale.contract()).client_id == survivor_id
    unmerge = ClientUnmerged(
        survivor_id=survivor_id, restored_id=merged_id, merge_operation_id=operation_id,
        restored=fact(ClientCreated, client_id=merged_id),
    )  # fmt: skip
    await sale.hears(unmerge, version=31)
    assert (await sale.contract()).client_id == merged_id
    owners = [body["client_id"] for _, body in await sale.stated("contract.updated")]
    assert owners == [str(survivor_id), str(merged_id)]


async def test_a_proof_is_verified_until_its_signer_is_forgotten(
    running: Running, tenant: Tenant, other_tenant: Tenant
) -> None:
    sale = await Sale(running, tenant).prepare()
    await sale.draft()
    await sale.sign()
    ((_, body),) = await sale.stated("contract.signed")
    shown = await tenant.client.call(GetSignatureEvidence(evidence_id=body["evidence_id"]))
    assert shown.signers[0]["full_name"] == "Jeanne Moreau"
    verify = VerifySignatureEvidence(evidence_id=body["evidence_id"])
    assert (await tenant.client.call(verify)).valid
    with pytest.raises(Refused, match="EVIDENCE_NOT_FOUND"):
        await other_tenant.client.call(verify)
    await sale.hears(fact(ClientAnonymised, client_id=sale.client.id), version=40)
    forgotten = await tenant.client.call(GetSignatureEvidence(evidence_id=body["evidence_id"]))
    assert (forgotten.signers[0]["full_name"], forgotten.evidence_sha256) == ("-", shown.evidence_sha256)
    verdict = await tenant.client.call(verify)
    assert {check.name: check.passed for check in verdict.checks} == {"evidence": False, "chain": True}


async def test_an_unsent_draft_is_deleted_and_nothing_else(
    running: Running, tenant: Tenant, other_tenant: Tenant
) -> None:
    sale = await Sale(running, tenant).prepare()
    kept = await sale.draft()
    await sale.sign()
    refused = DeleteContract(contract_id=kept.contract_id, expected_version=await sale.version(), reason="test")
    with pytest.raises(Refused, match="CANNOT_DELETE"):
        await tenant.client.call(refused)
    with pytest.raises(Refused, match="CONTRACT_NOT_FOUND"):
        await other_tenant.client.call(refused)
    gone = await sale.draft()
    await tenant.client.call(DeleteContract(contract_id=gone.contract_id, expected_version=1, reason="doublon"))
    ((_, body),) = await sale.stated("contract.deleted")
    assert body["reference"] == gone.reference
    with pytest.raises(Refused, match="CONTRACT_NOT_FOUND"):
        await sale.contract()
    assert [item.id for item in (await tenant.client.call(ListContracts())).items] == [kept.contract_id]


async def test_reviews_wait_in_the_order_of_the_sales(running: Running, tenant: Tenant, other_tenant: Tenant) -> None:
    sale = await Sale(running, tenant).prepare()
    waiting = []
    for _ in range(2):
        await sale.draft()
        await sale.sign()
        waiting.append(sale.contract_id)
    queue = await tenant.client.call(ListQualityQueue(company_id=tenant.company_id))
    assert [review.contract_id for review in queue.items] == waiting
    assert (await other_tenant.client.call(ListQualityQueue())).items == ()
    await tenant.client.call(ApproveQuality(contract_id=waiting[1], expected_version=await sale.version()))
    assert [review.contract_id for review in (await tenant.client.call(ListQualityQueue())).items] == waiting[:1]


async def test_a_skipped_period_is_billed_only_when_somebody_asks(
    running: Running, tenant: Tenant, other_tenant: Tenant
) -> None:
    sale = await Sale(running, tenant).prepare()
    await sale.in_force()
    second = (await sale.contract(with_details=True)).instalments[1]
    skip = SkipInstalment(billing_instalment_id=second.billing_instalment_id, reason="geste commercial")
    with pytest.raises(Refused, match="BILLING_INSTALMENT_NOT_FOUND"):
        await other_tenant.client.call(skip)
    assert (await tenant.client.call(skip)).status == "SKIPPED"
    with pytest.raises(Refused, match="INVALID_TRANSITION"):
        await tenant.client.call(skip)
    await sale.day(date(2026, 4, 20))
    assert len(await sale.stated("contract.billing_due")) == 1
    sale.at(at(date(2026, 4, 21)))
    again = RebillInstalment(billing_instalment_id=second.billing_instalment_id, reason="erreur")
    assert (await tenant.client.call(again)).bill_on == date(2026, 4, 21)
    await sale.day(date(2026, 4, 22))
    _, bill = (await sale.stated("contract.billing_due"))[-1]
    assert [row["billing_instalment_id"] for row in bill["instalments"]] == [str(second.billing_instalment_id)]


async def test_service_that_began_earlier_is_activated_for_that_day_by_someone_allowed(
    running: Running, tenant: Tenant, other_tenant: Tenant
) -> None:
    sale = await Sale(running, tenant).prepare()
    await sale.draft(terms={"sales_channel": "IN_STORE"})
    await sale.sign()
    await sale.approve()
    await sale.activate_mandate()
    sale.at(at(date(2026, 3, 20)))
    fields = {"contract_id": sale.contract_id, "expected_version": await sale.version()}
    with pytest.raises(Refused, match="effective_on"):
        await tenant.client.call(ActivateContract(**fields, effective_on=date(2026, 3, 21)))
    early = ActivateContract(
        **fields, effective_on=date(2026, 3, 10), force_gates=frozenset({"START_DATE"}), reason="déjà raccordé"
    )
    seller = tenant.token("contrats:contract:activate", "contrats:contract:force_gate")
    with pytest.raises(Refused, match="PERMISSION_MISSING"):
        await tenant.client.call(early, token=seller)
    operation = await tenant.client.call(early)
    assert [(step.name, step.status) for step in operation.steps] == [
        ("CHECK", "SUCCEEDED"), ("PROVISION", "RUNNING"), ("SET_STATUS", "PENDING"),
    ]  # fmt: skip
    with pytest.raises(Refused, match="NOT_FOUND"):
        await other_tenant.client.call(GetOperation(operation_id=operation.id))
    await sale.provider()
    done = await tenant.client.call(GetOperation(operation_id=operation.id))
    assert {step.status for step in done.steps} == {"SUCCEEDED"}
    (listed,) = (await tenant.client.call(ListOperations(contract_id=sale.contract_id))).items
    assert listed == done
    contract = await sale.contract()
    assert (contract.status, contract.effective_on) == ("ACTIVE", date(2026, 3, 10))
