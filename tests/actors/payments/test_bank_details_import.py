"""payments: accounts that are imported under another system's ids."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from messages.payments import (
    ListBankDetails,
    SetupMandate,
    UpdateBankDetails,
    UpsertBankDetailsByExternalId,
    UpsertedBankDetails,
)
from messages.problem import Refused
from messages.values.identifiers import new_id
from tests.actors.payments.builders import IBAN, OTHER_IBAN, client_created, creditor_account
from tests.harness import Running, Tenant

JUNE = datetime(2026, 6, 1, tzinfo=UTC)


async def imported_row(running: Running, tenant: Tenant) -> UpsertBankDetailsByExternalId:
    client_id = new_id()
    await running.state(client_created(client_id, tenant.company_id), tenant.id)
    await running.settled()
    return UpsertBankDetailsByExternalId(
        external_id="CRM-4711", client_id=client_id, iban=IBAN, holder_name="Élodie Martin", updated_at=JUNE
    )


def said(reply: UpsertedBankDetails) -> tuple[bool, bool, int, str]:
    return reply.created, reply.stale, reply.bank_details.version, reply.bank_details.iban_last4


async def test_clients_case_25_a_row_sent_again_and_again_is_one_account(running: Running, tenant: Tenant) -> None:
    row = await imported_row(running, tenant)
    replies = await asyncio.gather(*(tenant.client.call(row) for _ in range(4)))
    assert sorted(reply.created for reply in replies) == [False, False, False, True]
    assert {reply.bank_details.version for reply in replies} == {1}
    (stored,) = (await tenant.client.call(ListBankDetails(external_id="CRM-4711"))).items
    assert (stored.client_id, stored.iban_masked) == (row.client_id, "FR76 **** **** 0189")
    await running.settled()
    ((_, body),) = await running.events("bank_details.created", tenant.id)
    assert IBAN not in str(body)


async def test_what_was_true_last_wins_in_whatever_order_it_comes(running: Running, tenant: Tenant) -> None:
    row = await imported_row(running, tenant)
    later = row.model_copy(update={"iban": OTHER_IBAN, "updated_at": JUNE + timedelta(days=2)})
    between = row.model_copy(update={"holder_name": "Martin", "updated_at": JUNE + timedelta(days=1)})
    assert said(await tenant.client.call(row)) == (True, False, 1, "0189")
    assert said(await tenant.client.call(later)) == (False, False, 2, "3000")
    assert said(await tenant.client.call(between)) == (False, True, 2, "3000")
    await running.settled()
    ((_, body),) = await running.events("bank_details.updated", tenant.id)
    assert "iban" in body["changed_fields"]


async def test_a_users_correction_is_not_undone_by_an_older_import(running: Running, tenant: Tenant) -> None:
    row = await imported_row(running, tenant)
    created = (await tenant.client.call(row)).bank_details
    correction = UpdateBankDetails(
        bank_details_id=created.bank_details_id, expected_version=1, holder_name="Élodie Durand"
    )
    await tenant.client.call(correction)
    stale = await tenant.client.call(row.model_copy(update={"updated_at": JUNE + timedelta(days=1)}))
    assert (stale.stale, stale.bank_details.holder_name) == (True, "Élodie Durand")


async def test_the_account_of_a_live_mandate_keeps_its_number(running: Running, tenant: Tenant) -> None:
    row = await imported_row(running, tenant)
    created = (await tenant.client.call(row)).bank_details
    await creditor_account(tenant)
    mandate = SetupMandate(
        company_id=tenant.company_id, client_id=row.client_id, bank_details_id=created.bank_details_id
    )
    await tenant.client.call(mandate, key=str(new_id()))
    other = row.model_copy(update={"iban": OTHER_IBAN, "updated_at": JUNE + timedelta(days=1)})
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(other)
    assert refusal.value.code.code == "IN_USE"


async def test_an_external_id_belongs_to_one_client_of_one_organisation(
    running: Running, tenant: Tenant, other_tenant: Tenant
) -> None:
    row = await imported_row(running, tenant)
    await tenant.client.call(row)
    assert (await other_tenant.client.call(await imported_row(running, other_tenant))).created
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(row.model_copy(update={"client_id": new_id()}))
    assert refusal.value.code.code == "EXTERNAL_ID_IN_USE"
