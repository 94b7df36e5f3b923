"""clients: contact points, addresses, consents, payment terms, duplicates and search."""

import asyncio
from datetime import date

import pytest

from messages.clients import (
    AddAddress,
    AddContactPoint,
    AddressDraft,
    Client,
    ComputeDueDate,
    CreateClient,
    CreatePaymentTerm,
    FindDuplicates,
    GetClient,
    GetConsentMatrix,
    GetPaymentTerm,
    ListAddresses,
    ListClients,
    RecordConsent,
    RemoveAddress,
    RemoveContactPoint,
    SearchClients,
    SetPrimaryContactPoint,
    UpdateAddress,
    UpdatePaymentTerm,
)
from messages.problem import Refused
from messages.values.identifiers import new_id
from tests.actors.clients.builders import code_of, person
from tests.harness import Tenant

HOME = {"line1": "12 rue de la Roquette", "postal_code": "75011", "city": "Paris"}


async def test_case_6_the_same_number_is_one_contact_point(tenant: Tenant) -> None:
    client = await tenant.client.call(person(phones=()))
    added = await tenant.client.call(AddContactPoint(client_id=client.id, phone="0033612345678"))
    assert (added.value, added.is_primary) == ("+33612345678", True)
    again = AddContactPoint(client_id=client.id, phone="+33 6 12 34 56 78")
    assert await code_of(tenant.client.call(again)) == "CONTACT_POINT_EXISTS"
    updates = await tenant.running.events("client.updated", tenant.id)
    assert updates[-1][1]["phones"] == ["+33612345678"]
    assert "contact_points" in updates[-1][1]["changed_fields"]


async def test_removing_the_primary_contact_point_promotes_the_oldest_other(tenant: Tenant) -> None:
    client = await tenant.client.call(person())
    second = await tenant.client.call(AddContactPoint(client_id=client.id, email="b@example.fr"))
    third = await tenant.client.call(AddContactPoint(client_id=client.id, email="c@example.fr"))
    await tenant.client.call(SetPrimaryContactPoint(contact_point_id=third.id))
    await tenant.client.call(RemoveContactPoint(contact_point_id=third.id))
    found = await tenant.client.call(GetClient(client_id=client.id))
    primary = [point.value for point in found.contact_points if point.is_primary and point.kind == "EMAIL"]
    assert primary == ["jp@example.fr"]
    assert second.id in {point.id for point in found.contact_points}


async def test_addresses_are_added_changed_listed_and_removed(tenant: Tenant) -> None:
    client = await tenant.client.call(person())
    added = await tenant.client.call(AddAddress(client_id=client.id, address=AddressDraft.model_validate(HOME)))
    assert added.department == "75"
    moved = AddressDraft.model_validate(HOME | {"postal_code": "97110", "city": "Pointe-à-Pitre"})
    await tenant.client.call(UpdateAddress(address_id=added.id, address=moved))
    found = await tenant.client.call(GetClient(client_id=client.id))
    assert found.holiday_zone == "FR-971"
    listed = (await tenant.client.call(ListAddresses(client_id=client.id))).items
    assert [address.city for address in listed] == ["Pointe-à-Pitre"]
    await tenant.client.call(RemoveAddress(address_id=added.id))
    assert (await tenant.client.call(ListAddresses(client_id=client.id))).items == ()
    for fact in ("added", "updated", "removed"):
        assert len(await tenant.running.events(f"client_address.{fact}", tenant.id)) == 1


async def test_the_newest_decision_counts_and_sensitive_consent_needs_proof(tenant: Tenant) -> None:
    client = await tenant.client.call(person())

    def decision(purpose: str, given: str, **more: object) -> RecordConsent:
        fields = {"client_id": client.id, "purpose": purpose, "decision": given, "channel_of_collection": "WEB_FORM"}
        return RecordConsent.model_validate(fields | more)

    unproven = decision("HEALTH_DATA", "GRANTED")
    assert await code_of(tenant.client.call(unproven)) == "CONSENT_PROOF_REQUIRED"
    await tenant.client.call(decision("HEALTH_DATA", "GRANTED", proof_document_id=new_id()))
    await tenant.client.call(decision("MARKETING_EMAIL", "GRANTED"))
    await tenant.client.call(decision("MARKETING_EMAIL", "WITHDRAWN"))
    matrix = await tenant.client.call(GetConsentMatrix(client_id=client.id))
    assert {item.purpose: item.decision for item in matrix.items} == {
        "HEALTH_DATA": "GRANTED",
        "MARKETING_EMAIL": "WITHDRAWN",
    }
    assert len(await tenant.running.events("client_consent.recorded", tenant.id)) == 3


async def test_case_24_a_new_name_keeps_the_days_of_a_term(tenant: Tenant, other_tenant: Tenant) -> None:
    term = await tenant.client.call(GetPaymentTerm(code="NET_30"))
    changed = await tenant.client.call(
        UpdatePaymentTerm(payment_term_id=term.id, expected_version=term.version, name="Trente jours")
    )
    assert (changed.name, changed.days, changed.is_default) == ("Trente jours", 30, True)
    created = CreatePaymentTerm(code="NET_20", name="20 jours", days=20, is_default=True)
    await tenant.client.call(created)
    assert await code_of(tenant.client.call(created)) == "DICTIONARY_CODE_EXISTS"
    assert not (await tenant.client.call(GetPaymentTerm(code="NET_30"))).is_default
    await other_tenant.client.call(created)


async def test_case_15_due_dates_and_the_legal_cap(tenant: Tenant) -> None:
    due = await tenant.client.call(ComputeDueDate(code="NET_45_EOM", invoice_date=date(2026, 1, 15)))
    assert due.due_date == date(2026, 3, 31)
    too_long = CreatePaymentTerm.model_validate({"code": "NET_75", "name": "75", "days": 75, "audience": "B2B"})
    assert await code_of(tenant.client.call(too_long)) == "TERM_EXCEEDS_LEGAL_CAP"


def dupont(**changes: object) -> CreateClient:
    fields: dict[str, object] = {
        "given_name": "Jean",
        "family_name": "Dupont",
        "emails": (),
        "phones": ("0612345678",),
    }
    return CreateClient.model_validate(fields | changes)


async def known_dupont(tenant: Tenant) -> Client:
    return await tenant.client.call(
        dupont(emails=("jean.dupont@example.com",), birth_date="1990-01-15", addresses=[HOME])
    )


async def test_case_8_a_probable_duplicate_is_created_and_named(tenant: Tenant) -> None:
    known = await known_dupont(tenant)
    created = await tenant.client.call(dupont())
    (match,) = created.duplicates
    assert (match.client_id, match.score, match.level) == (known.id, 70, "PROBABLE")
    found = (await tenant.client.call(FindDuplicates(client_id=created.id))).items
    assert [(other.client_id, other.score) for other in found] == [(known.id, 70)]


async def test_case_8_a_certain_duplicate_is_refused_unless_allowed(tenant: Tenant) -> None:
    known = await known_dupont(tenant)
    same = {"phones": (), "birth_date": "1990-01-15", "addresses": [HOME | {"line1": "1 rue Oberkampf"}]}
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(dupont(**same))
    assert refusal.value.code.code == "DUPLICATE_CLIENT"
    assert refusal.value.details["candidates"][0]["client_id"] == str(known.id)
    allowed = await tenant.client.call(dupont(**same, on_duplicate="ALLOW"))
    assert [match.score for match in allowed.duplicates] == [80]
    probable = dupont(on_duplicate="REJECT_PROBABLE")
    assert await code_of(tenant.client.call(probable)) == "DUPLICATE_CLIENT"


async def test_case_10_the_same_person_in_another_organisation_is_nobody(tenant: Tenant, other_tenant: Tenant) -> None:
    known = await known_dupont(tenant)
    created = await known_dupont(other_tenant)
    assert created.duplicates == ()
    assert await code_of(other_tenant.client.call(FindDuplicates(client_id=known.id))) == "CLIENT_NOT_FOUND"


async def test_case_11_of_two_creations_at_once_one_is_refused(tenant: Tenant) -> None:
    company = CreateClient.model_validate(
        {"type": "BUSINESS", "business": {"legal_name": "Dépann SARL", "siret": "73282932000074"}}
    )
    answers = await asyncio.gather(tenant.client.call(company), tenant.client.call(company), return_exceptions=True)
    (refused,) = [answer for answer in answers if isinstance(answer, Refused)]
    assert refused.code.code == "DUPLICATE_CLIENT"


async def test_case_23_search_forgives_accents_and_small_errors(tenant: Tenant) -> None:
    sophie = await tenant.client.call(
        dupont(given_name="Sophie", family_name="Lefebvre", emails=("sophie@example.fr",), phones=("0612987654",))
    )
    company = await tenant.client.call(
        CreateClient.model_validate(
            {"type": "BUSINESS", "business": {"legal_name": "Dépann'Sûr", "siren": "732829320"}}
        )
    )
    await known_dupont(tenant)

    async def search(query: str) -> list[object]:
        return [hit.id for hit in (await tenant.client.call(SearchClients(query=query))).items]

    assert await search("lefevre 0612") == [sophie.id]
    assert await search("léfebvre") == [sophie.id]
    assert await search("sophie@ex") == [sophie.id]
    assert await search("987654") == [sophie.id]
    assert await search("73282932") == [company.id]
    assert await search("depann") == [company.id]
    assert await search(sophie.client_code) == [sophie.id]
    assert await search("nobody") == []


async def test_case_21_a_list_comes_in_pages_and_takes_no_other_order(tenant: Tenant) -> None:
    for number in range(5):
        await tenant.client.call(dupont(family_name=f"Martin{number}", phones=(f"061234567{number}",)))
    first = await tenant.client.call(ListClients(limit=3))
    await tenant.client.call(dupont(family_name="Nouveau", phones=("0698765432",)))
    rest = await tenant.client.call(ListClients(limit=3, cursor=first.next_cursor))
    assert len({client.id for client in (*first.items, *rest.items)}) == 5
    assert rest.next_cursor is None
    assert [client.display_name for client in (await tenant.client.call(ListClients(search="martin3"))).items] == [
        "Jean Martin3"
    ]


async def test_another_tenants_records_are_not_found_and_permissions_are_asked(
    tenant: Tenant, other_tenant: Tenant
) -> None:
    client = await tenant.client.call(person())
    point = client.contact_points[0].id
    removal = RemoveContactPoint(contact_point_id=point)
    assert await code_of(other_tenant.client.call(removal)) == "CONTACT_POINT_NOT_FOUND"
    reader = tenant.token("other:x:read")
    assert await code_of(tenant.client.call(removal, token=reader)) == "PERMISSION_MISSING"
    assert await code_of(tenant.client.call(SearchClients(query="tour"), token=reader)) == "PERMISSION_MISSING"
