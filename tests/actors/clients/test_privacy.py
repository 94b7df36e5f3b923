"""clients: how long data is kept, what is held, and its erasure."""

from datetime import date
from uuid import UUID

import asyncpg
import pytest

from actors.clients.requests.privacy import resolve_privacy_subject
from actors.clients.rules.retention import NOTICE, RetentionFacts, archived_on, scheduled_on
from messages.clients import (
    AnonymiseClient,
    AssessErasure,
    ExportPersonalData,
    GetClient,
    MergeClients,
    PrivacySubject,
    ResolvePrivacySubject,
    SearchClients,
    UpdateClient,
)
from messages.contrats import ContractActivated
from messages.values.identifiers import new_id
from runtime import clock
from runtime.caller import system
from runtime.headers import Cause
from storage.shared.outgoing import Outgoing
from tests.actors.clients.builders import code_of, contract, issued, noon, person, say
from tests.harness import Tenant

HOME = {"line1": "12 rue de la Roquette", "postal_code": "75011", "city": "Paris"}


def test_case_18_a_prospect_is_kept_36_months_after_his_last_word() -> None:
    facts = RetentionFacts(date(2020, 1, 1), customer=False, last_inbound_contact_on=date(2022, 11, 30))
    due = scheduled_on(facts)
    assert due == date(2025, 12, 1)
    assert due - NOTICE == date(2025, 11, 1)
    assert archived_on(facts) is None


def test_case_18_a_customer_is_kept_36_months_after_relation_contact_and_debts_ended() -> None:
    facts = RetentionFacts(
        date(2020, 1, 1),
        customer=True,
        last_inbound_contact_on=date(2021, 9, 10),
        relation_ended_on=date(2021, 6, 30),
        balance_zero_on=date(2021, 7, 15),
    )
    assert (archived_on(facts), scheduled_on(facts)) == (date(2022, 9, 11), date(2024, 9, 11))
    assert scheduled_on(RetentionFacts(date(2020, 1, 1), customer=True)) is None
    leap = RetentionFacts(date(2024, 2, 29), customer=False)
    assert scheduled_on(leap) == date(2027, 3, 1)


async def test_a_client_is_erased_only_after_his_retention_and_then_for_good(
    tenant: Tenant, other_tenant: Tenant
) -> None:
    tenant.client.now = noon(date(2020, 1, 10))
    try:
        client = await tenant.client.call(person(addresses=[HOME], birth_date="1990-01-15"))
        twin = await tenant.client.call(person(emails=("twin@example.fr",), phones=("0699999999",)))
        await tenant.client.call(MergeClients(survivor_id=client.id, merged_ids=(twin.id,)))
        erase = AnonymiseClient(client_id=client.id, reason="asked by post")
        assert await code_of(tenant.client.call(erase)) == "RETENTION_NOT_REACHED"
        tenant.client.now = noon(date(2023, 1, 10))
        assert await code_of(tenant.client.call(erase)) == "RETENTION_NOT_REACHED"
        tenant.client.now = noon(date(2023, 1, 11))
        assert await code_of(other_tenant.client.call(erase)) == "CLIENT_NOT_FOUND"
        reader = tenant.token("clients:client:*")
        assert await code_of(tenant.client.call(erase, token=reader)) == "PERMISSION_MISSING"
        erased = await tenant.client.call(erase)
    finally:
        tenant.client.now = None
    assert (erased.display_name, erased.record_state, erased.birth_date) == ("Client effacé", "ANONYMISED", None)
    assert (erased.contact_points, erased.addresses, erased.client_code) == ((), (), client.client_code)
    assert (await tenant.client.call(SearchClients(query="tour", archived=True))).items == ()
    change = UpdateClient(client_id=client.id, expected_version=erased.version, family_name="X")
    assert await code_of(tenant.client.call(change)) == "CLIENT_ANONYMISED"
    assert (await tenant.client.call(GetClient(client_id=twin.id))).display_name == "Client effacé"
    for fact in ("erasure_requested", "anonymised"):
        assert len(await tenant.running.events(f"client.{fact}", tenant.id)) == 1, fact
    connection = await asyncpg.connect(tenant.running.database("clients"))
    try:
        for table in ("client", "contact_point", "address", "client_word", "merge_operation", "duplicate_pair"):
            found = f"select count(*) from {table} as kept where organisation_id = $1 and kept::text ~* 'tour|twin|roquette'"
            assert await connection.fetchval(found, tenant.id) == 0, table
    finally:
        await connection.close()


async def test_contracts_and_debts_keep_a_client(tenant: Tenant) -> None:
    debtor = await tenant.client.call(person())
    await say(tenant, issued(tenant, debtor, "0.01", date(2026, 1, 31)), 1)
    erase = AnonymiseClient(client_id=debtor.id, reason="x")
    assert await code_of(tenant.client.call(erase)) == "HAS_OPEN_BALANCE"
    await say(tenant, ContractActivated.model_validate(contract(tenant, debtor, new_id(), "ACTIVE")), 3)
    assert await code_of(tenant.client.call(erase)) == "HAS_LIVE_CONTRACTS"
    rows = {row.entity: row for row in (await tenant.client.call(AssessErasure(client_id=debtor.id))).items}
    assert (rows["invoices"].count, rows["identity"].reason) == (1, "HAS_LIVE_CONTRACTS")


async def test_everything_held_is_handed_out_to_those_who_may(tenant: Tenant, other_tenant: Tenant) -> None:
    client = await tenant.client.call(person(addresses=[HOME], birth_date="1990-01-15"))
    await say(tenant, issued(tenant, client, "29.90", date(2026, 1, 31)), 1)
    found = await tenant.client.call(ExportPersonalData(client_id=client.id))
    assert found.data["client"]["birth_date"] == "1990-01-15"
    assert {point["value"] for point in found.data["contact_points"]} == {"jp@example.fr", "+33612345678"}
    assert [entry["key"] for entry in found.data["timeline"]] == ["invoice.issued"]
    request = ExportPersonalData(client_id=client.id)
    assert await code_of(other_tenant.client.call(request)) == "CLIENT_NOT_FOUND"
    assert await code_of(tenant.client.call(request, token=tenant.token("clients:client:read"))) == "PERMISSION_MISSING"


async def test_by_what_a_client_is_known(tenant: Tenant, other_tenant: Tenant) -> None:
    client = await tenant.client.call(person())
    heart = tenant.running.hosts["clients"].heart

    async def subject(organisation_id: UUID) -> PrivacySubject:
        async with heart.database.transaction(organisation_id, read_only=True) as connection:
            work = heart.unit(
                connection, organisation_id, system("identity"), clock.now(), Cause("test", "test"), Outgoing()
            )
            return await resolve_privacy_subject(ResolvePrivacySubject(client_id=client.id), work)

    found = await subject(tenant.id)
    assert (found.emails, found.phones, found.merged_ids) == (("jp@example.fr",), ("+33612345678",), ())
    assert await code_of(subject(other_tenant.id)) == "CLIENT_NOT_FOUND"


pytestmark = pytest.mark.timeout(120)
