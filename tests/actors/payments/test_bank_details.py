"""payments: clients' accounts are checked, encrypted, masked and revealed one by one."""

import pytest

from messages.payments import (
    CreateBankDetails,
    DisableBankDetails,
    GetBankDetails,
    ListBankDetails,
    RevealIban,
    UpdateBankDetails,
)
from messages.problem import Refused
from messages.values.identifiers import new_id
from tests.actors.payments.builders import IBAN, OTHER_IBAN, client_created, look_behind
from tests.harness import Running, Tenant


async def known_client(running: Running, tenant: Tenant) -> CreateBankDetails:
    client_id = new_id()
    await running.state(client_created(client_id, tenant.company_id), tenant.id)
    await running.settled()
    return CreateBankDetails(client_id=client_id, iban=IBAN, holder_name="Élodie Martin")


async def test_an_account_is_shown_masked_and_its_number_never_travels(running: Running, tenant: Tenant) -> None:
    created = await tenant.client.call(await known_client(running, tenant))
    assert (created.iban_masked, created.iban_last4, created.iban_country) == ("FR76 **** **** 0189", "0189", "FR")
    await running.settled()
    ((_, body),) = await running.events("bank_details.created", tenant.id)
    assert body["iban_masked"] == "FR76 **** **** 0189"
    assert IBAN not in str(body)
    (row,) = await look_behind(running, tenant, "select iban from bank_details where id = $1", created.bank_details_id)
    assert IBAN.encode() not in row["iban"]


async def test_revealing_the_number_is_a_right_of_its_own_and_audited(running: Running, tenant: Tenant) -> None:
    created = await tenant.client.call(await known_client(running, tenant))
    reveal = RevealIban(bank_details_id=created.bank_details_id, purpose="call of the bank")
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(reveal, token=tenant.token("payments:bank_details:read"))
    assert refusal.value.code.code == "PERMISSION_MISSING"
    revealed = await tenant.client.call(reveal, token=tenant.token("payments:bank_details:reveal"))
    assert revealed.iban == IBAN
    query = "select result from audit_entry where action = 'payments.bank_details.reveal' and target ->> 'id' = $1"
    found = await look_behind(running, tenant, query, str(created.bank_details_id))
    assert [row["result"] for row in found] == ["ALLOWED"]


@pytest.mark.parametrize("iban", ["FR7630006000011234567890188", "FR76", "XX00"])
async def test_a_wrong_number_is_refused_with_the_cure(running: Running, tenant: Tenant, iban: str) -> None:
    request = await known_client(running, tenant)
    wrong = CreateBankDetails.model_construct(**request.model_dump() | {"iban": iban})
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(wrong)
    assert [field.field for field in refusal.value.fields] == ["iban"]


async def test_another_tenants_account_is_not_found(running: Running, tenant: Tenant, other_tenant: Tenant) -> None:
    created = await tenant.client.call(await known_client(running, tenant))
    with pytest.raises(Refused) as refusal:
        await other_tenant.client.call(GetBankDetails(bank_details_id=created.bank_details_id))
    assert refusal.value.code.code == "BANK_DETAILS_NOT_FOUND"
    assert (await other_tenant.client.call(ListBankDetails())).items == ()


async def test_a_corrected_account_keeps_its_history_of_versions(running: Running, tenant: Tenant) -> None:
    created = await tenant.client.call(await known_client(running, tenant))
    changed = await tenant.client.call(
        UpdateBankDetails(bank_details_id=created.bank_details_id, expected_version=1, iban=OTHER_IBAN)
    )
    assert (changed.iban_last4, changed.version) == ("3000", 2)
    disabled = await tenant.client.call(DisableBankDetails(bank_details_id=created.bank_details_id))
    assert (disabled.status, disabled.version) == ("INACTIVE", 3)
    again = await tenant.client.call(DisableBankDetails(bank_details_id=created.bank_details_id))
    assert again.version == 3
