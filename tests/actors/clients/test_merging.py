"""clients: one client recorded twice becomes one, and may become two again."""

from datetime import date, timedelta

import asyncpg
import pytest

from messages.clients import (
    AddAddress,
    AddressDraft,
    Client,
    CreateClient,
    DismissDuplicate,
    GetClient,
    GetClient360,
    GetConsentMatrix,
    ListAddresses,
    ListClients,
    ListClientTimeline,
    ListDuplicateCandidates,
    ListMergeOperations,
    MergeClients,
    PreviewMerge,
    RecordConsent,
    SearchClients,
    UnmergeClient,
    UpdateClient,
)
from messages.contrats import ContractActivated
from messages.payments import BankDetailsCreated
from messages.problem import Refused
from messages.values.identifiers import new_id
from tests.actors.clients.builders import code_of, contract, person, say
from tests.harness import Tenant

HOME = {"line1": "12 rue de la Roquette", "postal_code": "75011", "city": "Paris"}
WORK = {"line1": "3 place Bellecour", "postal_code": "69002", "city": "Lyon"}


def martin(**changes: object) -> CreateClient:
    return person(**{"given_name": "Luc", "family_name": "Martin", "emails": (), "phones": ("0611111111",)} | changes)


async def consent(tenant: Tenant, client: Client, decision: str, on: str) -> None:
    fields = {"client_id": client.id, "purpose": "MARKETING_EMAIL", "decision": decision, "decided_at": on}
    await tenant.client.call(RecordConsent.model_validate(fields | {"channel_of_collection": "PAPER"}))


async def active_contract(tenant: Tenant, client: Client) -> None:
    facts = contract(tenant, client, new_id(), "ACTIVE")
    await say(tenant, ContractActivated.model_validate(facts), 3)


async def test_case_12_two_records_become_one_client(tenant: Tenant) -> None:
    survivor = await tenant.client.call(martin())
    other = await tenant.client.call(martin(emails=("b@x.fr",), phones=("0622222222",), addresses=[HOME, WORK]))
    await consent(tenant, survivor, "GRANTED", "2026-02-01T10:00:00Z")
    await consent(tenant, other, "WITHDRAWN", "2025-06-01T10:00:00Z")
    await active_contract(tenant, survivor)
    merged = await tenant.client.call(MergeClients(survivor_id=survivor.id, merged_ids=(other.id,)))
    primary = [point.value for point in merged.contact_points if point.is_primary]
    assert sorted(primary) == ["+33611111111", "b@x.fr"]
    assert [address.city for address in merged.addresses] == ["Paris", "Lyon"]
    (decision,) = (await tenant.client.call(GetConsentMatrix(client_id=survivor.id))).items
    assert (decision.decision, decision.channel_of_collection) == ("WITHDRAWN", "MERGE")

    redirected = await tenant.client.call(GetClient(client_id=other.id))
    assert (redirected.id, redirected.redirected_from) == (survivor.id, other.id)
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(UpdateClient(client_id=other.id, expected_version=1, family_name="X"))
    assert refusal.value.code.code == "CLIENT_MERGED"
    assert refusal.value.details["survivor_id"] == str(survivor.id)

    await active_contract(tenant, other)
    assert (await tenant.client.call(GetClient360(client_id=survivor.id))).contracts.active == 2
    told = (await tenant.running.events("client.merged", tenant.id))[-1][1]
    assert (told["survivor_id"], told["merged_ids"]) == (str(survivor.id), [str(other.id)])
    assert told["survivor"]["primary_email"] == "b@x.fr"

    third = await tenant.client.call(martin(given_name="Lucien", phones=("0633333333",)))
    await tenant.client.call(MergeClients(survivor_id=third.id, merged_ids=(survivor.id,)))
    assert (await tenant.client.call(GetClient(client_id=other.id))).id == third.id
    picture = await tenant.client.call(GetClient360(client_id=other.id))
    assert (picture.client.id, picture.contracts.active, picture.client.status_category) == (third.id, 2, "ACTIVE")
    assert len((await tenant.client.call(ListClientTimeline(client_id=third.id, kinds=("CONTRACT",)))).items) == 2


async def test_a_merged_record_leaves_lists_and_search(tenant: Tenant) -> None:
    survivor = await tenant.client.call(martin())
    other = await tenant.client.call(martin(family_name="Zeller", phones=("0622222222",)))
    await tenant.client.call(MergeClients(survivor_id=survivor.id, merged_ids=(other.id,)))
    assert [found.id for found in (await tenant.client.call(ListClients())).items] == [survivor.id]
    assert (await tenant.client.call(SearchClients(query="zeller"))).items == ()
    assert [found.id for found in (await tenant.client.call(SearchClients(query="0622222222"))).items] == [survivor.id]


async def test_what_may_not_be_merged(tenant: Tenant, other_tenant: Tenant) -> None:
    someone = await tenant.client.call(martin())
    companies = [
        await tenant.client.call(
            CreateClient.model_validate({"type": "BUSINESS", "business": {"legal_name": name, "siren": siren}})
        )
        for name, siren in (("Dépann", "732829320"), ("Autre", "552100554"))
    ]

    async def refused(client: Tenant, *ids: object) -> str:
        request = MergeClients.model_validate({"survivor_id": ids[0], "merged_ids": ids[1:]})
        return await code_of(client.client.call(request))

    assert await refused(tenant, someone.id, someone.id) == "MERGE_SELF"
    assert await refused(tenant, someone.id, companies[0].id) == "MERGE_TYPE_MISMATCH"
    assert await refused(tenant, companies[0].id, companies[1].id) == "MERGE_SIREN_CONFLICT"
    assert await refused(other_tenant, someone.id, companies[0].id) == "CLIENT_NOT_FOUND"


async def test_the_survivor_is_chosen_and_fields_may_be(tenant: Tenant) -> None:
    old = await tenant.client.call(martin(birth_date="1990-01-15"))
    new = await tenant.client.call(martin(given_name="Lucas", phones=("0622222222",), title="MR"))
    await active_contract(tenant, new)
    preview = PreviewMerge(survivor_id=new.id, merged_ids=(old.id,), field_choices={})
    seen = await tenant.client.call(preview)
    assert [conflict.field for conflict in seen.conflicts] == ["given_name"]
    assert seen.client.birth_date == date(1990, 1, 15)
    merged = await tenant.client.call(MergeClients(merged_ids=(old.id, new.id), field_choices={"given_name": old.id}))
    assert (merged.id, merged.display_name, merged.birth_date) == (new.id, "Luc Martin", date(1990, 1, 15))
    assert (await tenant.client.call(GetClient(client_id=new.id))).birth_date == date(1990, 1, 15)
    unknown = PreviewMerge(survivor_id=new.id, merged_ids=(old.id,), field_choices={"siblings": old.id})
    assert await code_of(tenant.client.call(unknown)) == "VALIDATION_FAILED"


async def test_a_merge_is_taken_back_within_thirty_days(tenant: Tenant) -> None:
    survivor = await tenant.client.call(martin())
    other = await tenant.client.call(martin(title="MR", emails=("b@x.fr",), phones=("0622222222",), addresses=[HOME]))
    await active_contract(tenant, other)
    merged = await tenant.client.call(MergeClients(survivor_id=survivor.id, merged_ids=(other.id,)))
    assert (merged.title, merged.status_category) == ("MR", "ACTIVE")
    edited = UpdateClient(client_id=survivor.id, expected_version=merged.version, title="MRS")
    await tenant.client.call(edited)
    (operation,) = (await tenant.client.call(ListMergeOperations(client_id=survivor.id))).items
    undone = await tenant.client.call(UnmergeClient(merge_operation_id=operation.id))
    assert undone.kept_fields == ("title",)
    assert [point.value for point in undone.survivor.contact_points] == ["+33611111111"]
    assert (undone.survivor.title, undone.survivor.addresses) == ("MRS", ())
    assert (undone.survivor.status_category, undone.restored.status_category) == ("PROSPECT", "ACTIVE")
    assert (undone.restored.id, undone.restored.record_state, undone.restored.title) == (other.id, "LIVE", "MR")
    assert [found.city for found in (await tenant.client.call(ListAddresses(client_id=other.id))).items] == ["Paris"]
    assert len(await tenant.running.events("client.unmerged", tenant.id)) == 1
    again = UnmergeClient(merge_operation_id=operation.id)
    assert await code_of(tenant.client.call(again)) == "UNMERGE_SUPERSEDED"


async def test_a_merge_is_not_taken_back_late_nor_under_a_later_one(tenant: Tenant, other_tenant: Tenant) -> None:
    first, second, third = [
        await tenant.client.call(martin(given_name=name, phones=(f"061111111{number}",)))
        for number, name in enumerate(("Luc", "Lucie", "Lucien"))
    ]
    await tenant.client.call(MergeClients(survivor_id=first.id, merged_ids=(second.id,)))
    (operation,) = (await tenant.client.call(ListMergeOperations(client_id=first.id))).items
    request = UnmergeClient(merge_operation_id=operation.id)
    assert await code_of(other_tenant.client.call(request)) == "MERGE_OPERATION_NOT_FOUND"
    await tenant.client.call(MergeClients(survivor_id=first.id, merged_ids=(third.id,)))
    assert await code_of(tenant.client.call(request)) == "UNMERGE_SUPERSEDED"
    (newest, _) = (await tenant.client.call(ListMergeOperations(client_id=first.id))).items
    tenant.client.now = newest.undoable_until + timedelta(seconds=1)
    try:
        late = UnmergeClient(merge_operation_id=newest.id)
        assert await code_of(tenant.client.call(late)) == "UNMERGE_EXPIRED"
    finally:
        tenant.client.now = None


async def test_case_8_a_probable_duplicate_opens_a_pair_that_may_be_dismissed(
    tenant: Tenant, other_tenant: Tenant
) -> None:
    known = await tenant.client.call(martin())
    new = await tenant.client.call(martin())
    (pair,) = (await tenant.client.call(ListDuplicateCandidates())).items
    assert {pair.first.client_id, pair.second.client_id} == {known.id, new.id}
    assert (pair.score, pair.level) == (70, "PROBABLE")
    dismiss = DismissDuplicate(pair_id=pair.id, reason="father and son")
    assert await code_of(other_tenant.client.call(dismiss)) == "DUPLICATE_PAIR_NOT_FOUND"
    assert (await other_tenant.client.call(ListDuplicateCandidates())).items == ()
    assert (await tenant.client.call(dismiss)).status == "DISMISSED"
    assert await code_of(tenant.client.call(dismiss)) == "INVALID_TRANSITION"
    assert (await tenant.client.call(ListDuplicateCandidates())).items == ()
    await tenant.client.call(AddAddress(client_id=known.id, address=AddressDraft.model_validate(HOME)))
    changed = await tenant.client.call(AddAddress(client_id=new.id, address=AddressDraft.model_validate(HOME)))
    assert changed.city == "Paris"
    (again,) = (await tenant.client.call(ListDuplicateCandidates())).items
    assert (again.id, again.score, again.level) == (pair.id, 85, "CERTAIN")
    assert len(await tenant.running.events("client_duplicate.detected", tenant.id)) == 2
    await tenant.client.call(MergeClients(survivor_id=known.id, merged_ids=(new.id,)))
    assert (await tenant.client.call(ListDuplicateCandidates())).items == ()


async def test_case_19_one_account_of_two_clients_of_one_name_opens_a_pair(tenant: Tenant) -> None:
    first = await tenant.client.call(martin())
    second = await tenant.client.call(martin(phones=("0622222222",)))
    iban = "FR7630006000011234567890189"
    for client in (first, second):
        facts = {
            "bank_details_id": new_id(), "client_id": client.id, "iban_country": "FR", "iban_last4": "0189",
            "iban_masked": "FR76 **** **** 0189", "iban_fingerprint": fingerprint(tenant, iban),
            "holder_name": "Luc Martin", "status": "ACTIVE",
        }  # fmt: skip
        await say(tenant, BankDetailsCreated.model_validate(facts), 1)
    (pair,) = (await tenant.client.call(ListDuplicateCandidates())).items
    assert (pair.score, pair.level, "IBAN" in pair.evidence) == (75, "PROBABLE", True)
    found = await tenant.client.call(SearchClients(query="FR76 3000 6000 0112 3456 7890 189"))
    assert {hit.id for hit in found.items} == {first.id, second.id}
    assert {hit.id for hit in (await tenant.client.call(ListClients(iban=iban))).items} == {first.id, second.id}
    reader = tenant.token("clients:client:read")
    assert await code_of(tenant.client.call(SearchClients(query=iban), token=reader)) == "PERMISSION_MISSING"
    connection = await asyncpg.connect(tenant.running.database("clients"))
    try:
        tables = await connection.fetch("select tablename from pg_tables where schemaname = 'public'")
        for row in tables:
            dump = f"select count(*) from {row['tablename']} as kept where kept::text like '%' || $1 || '%'"
            assert await connection.fetchval(dump, iban[4:]) == 0, row["tablename"]
    finally:
        await connection.close()


def fingerprint(tenant: Tenant, iban: str) -> str:
    from runtime.field_encryption import IndexKind

    host = tenant.running.hosts["clients"]
    return host.heart.keys.fingerprint(IndexKind.IBAN, iban)
