"""clients: what a new client may say at once, and how versions guard what hangs on him."""

from datetime import date
from typing import Any

import pytest

from actors.clients.rules.periods import months_equivalent
from messages.clients import (
    AddContactPoint,
    Client,
    ContactKind,
    CreatePaymentTerm,
    DictionaryKind,
    GetClient,
    GetClient360,
    GetConsentMatrix,
    GetDictionaryEntry,
    GetPaymentTerm,
    ListDictionary,
    ListPaymentTerms,
    RemoveContactPoint,
    SetDefaultAddress,
    TermAudience,
    UpdateAddress,
    UpdateContactPoint,
    UpdateDictionaryEntry,
    UpdatePaymentTerm,
)
from messages.identity import UserRegistered, UserUpdated
from messages.values.due_dates import PeriodUnit
from messages.values.identifiers import new_id
from tests.actors.clients.builders import code_of, noon, person
from tests.harness import Running, Tenant

CONSENT = {"purpose": "MARKETING_EMAIL", "decision": "GRANTED", "channel_of_collection": "WEB_FORM"}


async def entry_id(tenant: Tenant, kind: str, code: str) -> Any:
    found = await tenant.client.call(GetDictionaryEntry(kind=DictionaryKind(kind), code=code))
    return found.id


async def test_first_consents_are_in_the_ledger_and_told(running: Running, tenant: Tenant) -> None:
    refused = {"purpose": "MARKETING_SMS", "decision": "WITHDRAWN", "channel_of_collection": "WEB_FORM"}
    made = await tenant.client.call(person(consents=(CONSENT, refused)))
    matrix = await tenant.client.call(GetConsentMatrix(client_id=made.id))
    assert {(item.purpose, item.decision) for item in matrix.items} == {
        ("MARKETING_EMAIL", "GRANTED"),
        ("MARKETING_SMS", "WITHDRAWN"),
    }
    await running.settled()
    told = await running.events("client_consent.recorded", tenant.id)
    assert [(headers["ce-subject"], headers["ce-crmversion"]) for headers, _ in told] == [(str(made.id), "1")] * 2


async def test_a_consent_without_its_proof_or_from_the_future_records_no_client(tenant: Tenant) -> None:
    phone = {**CONSENT, "purpose": "MARKETING_PHONE"}
    assert await code_of(tenant.client.call(person(consents=(phone,)))) == "CONSENT_PROOF_REQUIRED"
    tomorrow = {**CONSENT, "decided_at": noon(date(2036, 3, 1))}
    assert await code_of(tenant.client.call(person(consents=(tomorrow,)))) == "VALIDATION_FAILED"
    made = await tenant.client.call(person(consents=({**phone, "proof_document_id": new_id()},)))
    assert made.version == 1


async def test_preferences_given_at_once_are_kept_and_told(running: Running, tenant: Tenant) -> None:
    term = await tenant.client.call(GetPaymentTerm(code="NET_45"))
    chosen = {
        "default_payment_term_id": term.id,
        "invoice_issue_mode_id": await entry_id(tenant, "INVOICE_ISSUE_MODE", "POST"),
        "billing_mode_id": await entry_id(tenant, "BILLING_MODE", "COMPANY_PER_CLIENT"),
        "default_billing_period_id": await entry_id(tenant, "BILLING_PERIOD", "QUARTERLY"),
        "buyer_reference": "PO-1",
    }
    made = await tenant.client.call(person(**chosen))
    assert {name: getattr(made, name) for name in chosen} == chosen
    assert await tenant.client.call(GetClient(client_id=made.id)) == made
    await running.settled()
    [(_, fact)] = await running.events("client.created", tenant.id)
    assert (fact["default_payment_term"]["code"], fact["invoice_issue_mode"]["channel"]) == ("NET_45", "POST")


async def test_preferences_of_another_organisation_are_unknown(tenant: Tenant, other_tenant: Tenant) -> None:
    theirs = await other_tenant.client.call(
        CreatePaymentTerm.model_validate({"code": "NET_7", "name": "7 jours", "days": 7})
    )
    assert await code_of(tenant.client.call(person(default_payment_term_id=theirs.id))) == "PREFERENCE_UNKNOWN"


async def test_a_stale_version_changes_no_contact_point_and_no_address(tenant: Tenant) -> None:
    address = {"line1": "1 rue de la Paix", "postal_code": "75002", "city": "Paris"}
    made = await tenant.client.call(person(addresses=(address,)))
    added = await tenant.client.call(AddContactPoint(client_id=made.id, email="second@example.fr"))
    now = await tenant.client.call(GetClient(client_id=made.id))
    assert now.version == made.version + 1
    home = now.addresses[0].id
    stale: list[Any] = [
        UpdateContactPoint(contact_point_id=added.id, expected_version=made.version, email="third@example.fr"),
        RemoveContactPoint(contact_point_id=added.id, expected_version=made.version),
        UpdateAddress.model_validate({"address_id": home, "expected_version": made.version, "address": address}),
        SetDefaultAddress.model_validate({"address_id": home, "expected_version": made.version, "usage": "BILLING"}),
    ]
    for request in stale:
        assert await code_of(tenant.client.call(request)) == "VERSION_CONFLICT"
    assert await tenant.client.call(GetClient(client_id=made.id)) == now
    await tenant.client.call(RemoveContactPoint(contact_point_id=added.id, expected_version=now.version))
    after = await tenant.client.call(GetClient(client_id=made.id))
    assert [point.value for point in after.contact_points if point.kind is ContactKind.EMAIL] == ["jp@example.fr"]


async def test_a_terms_audience_decides_whether_the_legal_cap_holds(tenant: Tenant) -> None:
    fields = {"code": "NET_75", "name": "75 jours", "days": 75}
    for audience in ("B2B", "ANY"):  # ANY includes businesses
        request = CreatePaymentTerm.model_validate(fields | {"audience": audience})
        assert await code_of(tenant.client.call(request)) == "TERM_EXCEEDS_LEGAL_CAP"
    term = await tenant.client.call(CreatePaymentTerm.model_validate(fields | {"audience": "B2C"}))
    wider = {"payment_term_id": term.id, "expected_version": 1, "audience": "B2B"}
    assert await code_of(tenant.client.call(UpdatePaymentTerm.model_validate(wider))) == "TERM_EXCEEDS_LEGAL_CAP"
    agreed = await tenant.client.call(UpdatePaymentTerm.model_validate(wider | {"sector_agreement": True}))
    assert (agreed.audience, agreed.sector_agreement, agreed.version) == ("B2B", True, 2)
    for_consumers = await tenant.client.call(ListPaymentTerms(audience=TermAudience.B2C, limit=100))
    assert "NET_75" not in {item.code for item in for_consumers.items}
    assert "NET_30" in {item.code for item in for_consumers.items}


async def test_billing_periods_are_found_by_their_other_names_and_say_their_months(tenant: Tenant) -> None:
    listed = await tenant.client.call(ListDictionary(kind=DictionaryKind.BILLING_PERIOD))
    months = {item.code: str(item.months_equivalent) for item in listed.items}
    assert months == {
        "ONE_OFF": "None",
        "WEEKLY": "0.230769",
        "MONTHLY": "1.000000",
        "BIMONTHLY": "2.000000",
        "QUARTERLY": "3.000000",
        "SEMIANNUAL": "6.000000",
        "ANNUAL": "12.000000",
    }
    for name in ("mensuel", "MENSUELLE", "monthly", " Mensuel "):
        found = await tenant.client.call(GetDictionaryEntry(kind=DictionaryKind.BILLING_PERIOD, code=name))
        assert found.code == "MONTHLY"
    yearly = next(item for item in listed.items if item.code == "ANNUAL")
    change = {"entry_id": yearly.id, "expected_version": 1, "aliases": ("par an", "mensuel")}
    assert await code_of(tenant.client.call(UpdateDictionaryEntry.model_validate(change))) == "DICTIONARY_CODE_EXISTS"
    changed = await tenant.client.call(UpdateDictionaryEntry.model_validate(change | {"aliases": ("par an",)}))
    assert changed.aliases == ("PAR AN",)


async def owner_name(tenant: Tenant, made: Client) -> str | None:
    return (await tenant.client.call(GetClient360(client_id=made.id))).owner_name


async def test_the_account_managers_name_follows_identity(running: Running, tenant: Tenant) -> None:
    user = {
        "user_id": new_id(),
        "kind": "PERSON",
        "first_name": "Ana",
        "last_name": "Martin",
        "status": "ACTIVE",
        "locale": "fr-FR",
        "timezone": "Europe/Paris",
    }
    made = await tenant.client.call(person(owner_user_id=user["user_id"]))
    assert await owner_name(tenant, made) is None
    await running.state(UserRegistered.model_validate(user), tenant.id)
    await running.settled()
    assert await owner_name(tenant, made) == "Ana Martin"
    married = UserUpdated.model_validate(user | {"last_name": "Martin-Petit", "changed_fields": ("last_name",)})
    await running.state(married, tenant.id, version=2)
    await running.settled()
    assert await owner_name(tenant, made) == "Ana Martin-Petit"


@pytest.mark.parametrize(
    "unit,count,months", [("DAY", 1, "0.032877"), ("YEAR", 2, "24.000000"), ("WEEK", 4, "0.923077")]
)
def test_months_of_a_period_have_six_decimals(unit: str, count: int, months: str) -> None:
    assert str(months_equivalent(PeriodUnit(unit), count)) == months
