"""payments: mandates that people ask for and confirm."""

from datetime import date

import pytest

from messages.payments import (
    CancelMandate,
    ConfirmMandateSignature,
    CreateBankDetails,
    ImportMandate,
    ListMandates,
    ListSchedules,
    MandateScheme,
    SetupMandate,
    SignatureChannel,
)
from messages.problem import Refused
from messages.values.identifiers import new_id
from tests.actors.payments.builders import OTHER_IBAN, at, creditor_account
from tests.actors.payments.steps import facts, subscriber
from tests.harness import Running, Tenant


async def test_a_new_account_gets_a_mandate_of_its_own_and_the_contract_follows(
    running: Running, tenant: Tenant, other_tenant: Tenant
) -> None:
    await creditor_account(tenant)
    found = await subscriber(running, tenant)
    assert found.bank_details_id is not None
    tenant.client.now = at(date(2026, 5, 1))
    same = SetupMandate(
        company_id=tenant.company_id,
        client_id=found.client_id,
        contract_id=found.contract_id,
        bank_details_id=found.bank_details_id,
    )
    (first,) = (await tenant.client.call(ListMandates())).items
    again = await tenant.client.call(same, key=str(new_id()))
    assert (again.mandate_id, again.reused, first.reused) == (first.mandate_id, True, False)
    details = await tenant.client.call(
        CreateBankDetails(client_id=found.client_id, iban=OTHER_IBAN, holder_name="Élodie Martin")
    )
    order = same.model_copy(update={"bank_details_id": details.bank_details_id})
    asked = await tenant.client.call(order, key=str(new_id()))
    assert (asked.status, asked.usable) == ("PENDING_CUSTOMER_APPROVAL", False)
    confirm = ConfirmMandateSignature(
        mandate_id=asked.mandate_id, signed_at=at(date(2026, 5, 1)), method=SignatureChannel.PAPER
    )
    with pytest.raises(Refused) as refusal:
        await other_tenant.client.call(confirm)
    assert refusal.value.code.code == "MANDATE_NOT_FOUND"
    signed = await tenant.client.call(confirm)
    assert (signed.status, signed.usable) == ("ACTIVE", True)
    (schedule,) = (await tenant.client.call(ListSchedules())).items
    assert schedule.mandate_id == asked.mandate_id
    await running.settled()
    assert len(await facts(running, tenant, "mandate.activated")) == 2
    await tenant.client.call(CancelMandate(mandate_id=asked.mandate_id, reason="closed"))
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(confirm)
    assert refusal.value.code.code == "INVALID_TRANSITION"


async def test_case_7_an_imported_mandate_keeps_its_reference_which_no_other_may_have(
    running: Running, tenant: Tenant, other_tenant: Tenant
) -> None:
    await creditor_account(tenant)
    found = await subscriber(running, tenant, iban=OTHER_IBAN)
    assert found.bank_details_id is not None
    tenant.client.now = at(date(2026, 5, 1))
    imported = ImportMandate(
        company_id=tenant.company_id,
        client_id=found.client_id,
        contract_id=found.contract_id,
        bank_details_id=found.bank_details_id,
        rum="rum-2021/0042",
        signed_on=date(2021, 3, 1),
        last_presented_on=date(2026, 3, 5),
        creditor_identifier="FR72ABC123456",
    )
    mandate = await tenant.client.call(imported, key=str(new_id()))
    assert (mandate.rum, mandate.status, mandate.usable, mandate.signature_method, mandate.creditor_identifier) == (
        "RUM-2021/0042", "ACTIVE", True, "IMPORTED", "FR72ZZZ123456",
    )  # fmt: skip
    assert (mandate.first_collection_state, mandate.last_presented_on) == ("FRST_DONE", date(2026, 3, 5))
    (schedule,) = (await tenant.client.call(ListSchedules())).items
    assert schedule.mandate_id == mandate.mandate_id
    again = await tenant.client.call(imported.model_copy(update={"rum": "RUM-2021/0042"}), key=str(new_id()))
    assert (again.mandate_id, again.reused) == (mandate.mandate_id, True)
    assert [mandate.mandate_id] == [
        m.mandate_id for m in (await tenant.client.call(ListMandates(rum="rum-2021/0042"))).items
    ]
    other = await subscriber(running, tenant)
    theirs = {"client_id": other.client_id, "contract_id": None, "bank_details_id": other.bank_details_id}
    assert await refused(tenant, imported.model_copy(update=theirs)) == "MANDATE_REFERENCE_TAKEN"
    for change in ({"rum": "A//B"}, {"signed_on": date(2027, 1, 1)}, {"creditor_identifier": "DE98ZZZ09999999999"}):
        assert await refused(tenant, imported.model_copy(update=change)) == "VALIDATION_FAILED"
    tenant.client.now = at(date(2026, 5, 1))
    unused = {"rum": "RUM-2019/7", "last_presented_on": date(2023, 4, 30), "contract_id": None}
    expired = await tenant.client.call(imported.model_copy(update=unused), key=str(new_id()))
    assert (expired.status, expired.usable) == ("EXPIRED", False)
    await running.settled()
    assert [len(await facts(running, tenant, f"mandate.{fact}")) for fact in ("created", "activated", "expired")] == [
        4, 3, 1,
    ]  # fmt: skip
    assert await refused(other_tenant, imported) == "COMPANY_NOT_FOUND"


async def refused(tenant: Tenant, request: ImportMandate) -> str:
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(request, key=str(new_id()))
    return refusal.value.code.code


async def test_a_consumer_signs_no_business_mandate_and_no_account_of_another(running: Running, tenant: Tenant) -> None:
    await creditor_account(tenant)
    found, other = await subscriber(running, tenant), await subscriber(running, tenant)
    assert found.bank_details_id is not None
    assert other.bank_details_id is not None
    order = SetupMandate(
        company_id=tenant.company_id,
        client_id=found.client_id,
        bank_details_id=found.bank_details_id,
        scheme=MandateScheme.SEPA_B2B,
    )
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(order, key=str(new_id()))
    assert refusal.value.code.code == "SCHEME_NOT_ALLOWED"
    foreign = order.model_copy(update={"scheme": MandateScheme.SEPA_CORE, "bank_details_id": other.bank_details_id})
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(foreign, key=str(new_id()))
    assert refusal.value.code.code == "BANK_DETAILS_NOT_FOUND"
