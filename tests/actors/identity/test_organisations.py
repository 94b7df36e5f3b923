"""Organisations and companies: founding, changing, identifiers, the locked SIREN."""

from typing import Any
from uuid import uuid4

import pytest

from messages.commercial import SalesRepCreated
from messages.identity import (
    CreateCompany,
    CreateOrganisation,
    GetCompany,
    GetMyProfile,
    GetOrganisation,
    ListCompanies,
    UpdateCompany,
    UpdateOrganisation,
    UpdateSecuritySettings,
)
from messages.problem import Refused
from messages.values.addresses import Address
from tests.actors.engagement.builders import invoice_issued
from tests.actors.identity.people import IssuerServer, Person, person
from tests.actors.identity.test_sign_in import code_of
from tests.harness import Running, Tenant

PARIS = Address(street="1 rue de la Paix", postal_code="75002", city="Paris")
COMPANY: dict[str, Any] = {"code": "AP", "legal_name": "Assurances Paris", "siren": "404833048", "address": PARIS}


async def refusal(owner: Person, name: str, body: dict[str, Any]) -> dict[str, str]:
    """Field and rule of what a raw body is refused for."""
    await owner.enter(owner.organisation_id)
    import orjson

    answer = await owner.client.send(f"crm.identity.{name}", orjson.dumps(body))
    assert answer.problem is not None
    return {field.field: field.rule for field in answer.problem.fields}


@pytest.mark.parametrize(
    ("field", "value", "rule"),
    [
        ("siren", "123456789", "SIREN_INVALID"),
        ("siret_hq", "12345678901234", "SIRET_INVALID"),
        ("vat_number", "FR83732829320", "VAT_INVALID"),
        ("sepa_creditor_id", "FR73ZZZ123456", "SEPA_CREDITOR_ID_INVALID"),
    ],
)
async def test_case_01_and_03_wrong_identifiers_are_refused(
    owned: tuple[Person, Tenant], field: str, value: str, rule: str
) -> None:
    body = COMPANY | {"address": PARIS.model_dump(mode="json"), field: value}
    assert await refusal(owned[0], "create_company", body) == {field: rule}


async def test_case_01_the_vat_number_belongs_to_the_siren(owned: tuple[Person, Tenant]) -> None:
    owner, _ = owned
    with pytest.raises(Refused, match="FR83404833048"):
        await owner.call(CreateCompany(**COMPANY, vat_number="FR44732829320"))
    company = await owner.call(CreateCompany(**COMPANY, vat_number="FR83404833048", siret_hq=None))
    assert company.vat_number == "FR83404833048"


async def test_case_02_la_poste_has_its_own_check(owned: tuple[Person, Tenant]) -> None:
    owner, _ = owned
    organisation = await owner.call(GetOrganisation())
    for siret in ("35600000000048", "35600000049837", "73282932000074"):
        organisation = await owner.call(UpdateOrganisation(siret=siret, expected_version=organisation.version))
        assert organisation.siret == siret


async def test_case_03_the_business_code_is_not_part_of_the_check(owned: tuple[Person, Tenant]) -> None:
    owner, _ = owned
    company = await owner.call(CreateCompany(**COMPANY, sepa_creditor_id="FR72ABC123456"))
    changed = await owner.call(
        UpdateCompany(company_id=company.company_id, sepa_creditor_id="FR72ZZZ123456", expected_version=company.version)
    )
    assert changed.sepa_creditor_id == "FR72ZZZ123456"


async def test_case_04_founding_an_organisation(running: Running, issuer: IssuerServer) -> None:
    one, two = await person(running, issuer), await person(running, issuer)
    name = f"Étoile & Fils {uuid4().hex[:4]}"
    slug = "etoile-fils-" + name[-4:]
    key = f"founding-{uuid4()}"
    first = await one.call(CreateOrganisation(name=name), key=key)
    again = await one.call(CreateOrganisation(name=name), key=key)
    second = await two.call(CreateOrganisation(name=name))
    assert (first.organisation.slug, second.organisation.slug) == (slug, f"{slug}-2")
    assert again == first
    assert first.membership.role_codes == ("owner",)
    assert len((await one.call(GetMyProfile())).organisations) == 1
    assert len(await running.events("membership.created", first.organisation.organisation_id)) == 1


async def test_a_person_owns_at_most_five_organisations(running: Running, issuer: IssuerServer) -> None:
    someone = await person(running, issuer)
    for number in range(5):
        await someone.call(CreateOrganisation(name=f"Maison {number} {uuid4().hex[:6]}"))
    assert await code_of(someone.call(CreateOrganisation(name="Maison de trop"))) == "ORGANISATION_LIMIT_REACHED"


async def test_case_15_a_change_leaves_the_rest(running: Running, owned: tuple[Person, Tenant]) -> None:
    owner, tenant = owned
    first = await owner.call(GetOrganisation())
    fields = {"siret": "73282932000074", "email": "bonjour@x.fr"}
    filled = await owner.call(UpdateOrganisation(**fields, expected_version=first.version))
    called = await owner.call(UpdateOrganisation(phone="+33145678900", expected_version=filled.version))
    assert (called.name, called.siret, called.email) == (first.name, "73282932000074", "bonjour@x.fr")
    cleared = await owner.call(UpdateOrganisation(siret=None, expected_version=called.version))
    assert (cleared.siret, cleared.phone, cleared.email) == (None, "+33145678900", "bonjour@x.fr")
    assert await code_of(owner.call(UpdateOrganisation(name="Autre", expected_version=1))) == "VERSION_CONFLICT"
    stays = UpdateOrganisation(name=None, expected_version=cleared.version)
    assert await code_of(owner.call(stays)) == "VALIDATION_FAILED"
    (_, last) = (await running.events("organisation.updated", tenant.id))[-1]
    assert last["changed_fields"] == ["siret"]


async def test_security_settings_change_field_by_field(owned: tuple[Person, Tenant]) -> None:
    owner, _ = owned
    first = await owner.call(GetOrganisation())
    changed = await owner.call(
        UpdateSecuritySettings(invitation_days=3, allowed_email_domains=("@X.fr",), expected_version=first.version)
    )
    assert (changed.security.invitation_days, changed.security.allowed_email_domains) == (3, ("x.fr",))
    assert changed.security.session_idle_minutes == 30


async def test_case_26_a_company_of_another_organisation_does_not_exist(
    owned: tuple[Person, Tenant], other: tuple[Person, Tenant]
) -> None:
    owner, _ = owned
    _, theirs = other
    assert await code_of(owner.call(GetCompany(company_id=theirs.company_id))) == "COMPANY_NOT_FOUND"
    change = UpdateCompany(company_id=theirs.company_id, legal_name="Volée", expected_version=1)
    assert await code_of(owner.call(change)) == "COMPANY_NOT_FOUND"
    assert theirs.company_id not in {found.company_id for found in (await owner.call(ListCompanies())).items}


async def test_companies_are_found_by_code_name_or_siren(owned: tuple[Person, Tenant]) -> None:
    owner, _ = owned
    await owner.call(CreateCompany(**COMPANY))
    for search in ("AP", "assurances", "404833"):
        found = await owner.call(ListCompanies(search=search))
        assert [item.code for item in found.items] == ["AP"], search
    assert await code_of(owner.call(CreateCompany(**(COMPANY | {"code": "XX"})))) == "COMPANY_ALREADY_EXISTS"


async def test_mandatory_mentions_also_bind_a_change(owned: tuple[Person, Tenant]) -> None:
    owner, _ = owned
    company = await owner.call(CreateCompany(**COMPANY))
    becomes = UpdateCompany(company_id=company.company_id, legal_form="SAS", expected_version=1)
    assert await code_of(owner.call(becomes)) == "LEGAL_MENTIONS_REQUIRED"


async def test_case_35_the_siren_is_locked_by_the_first_invoice(running: Running, owned: tuple[Person, Tenant]) -> None:
    owner, tenant = owned
    company = await owner.call(CreateCompany(**COMPANY, sepa_creditor_id="FR72ZZZ123456"))
    (_, created) = (await running.events("company.created", tenant.id))[-1]
    assert (created["sepa_creditor_id"], created["timezone"]) == ("FR72ZZZ123456", "Europe/Paris")
    changed = await owner.call(UpdateCompany(company_id=company.company_id, siren="542065479", expected_version=1))
    assert changed.siren == "542065479"
    await running.state(invoice_issued(company.company_id, uuid4()), tenant.id)
    await running.settled()
    locked = UpdateCompany(company_id=company.company_id, siren="404833048", expected_version=2)
    assert await code_of(owner.call(locked)) == "COMPANY_SIREN_LOCKED"
    renamed = UpdateCompany(company_id=company.company_id, legal_name="Assurances de Paris", expected_version=2)
    assert (await owner.call(renamed)).in_use is True
    (_, last) = (await running.events("company.updated", tenant.id))[-1]
    assert (last["legal_name"], last["changed_fields"]) == ("Assurances de Paris", ["legal_name"])


async def test_a_representative_shows_in_his_users_profile(running: Running, owned: tuple[Person, Tenant]) -> None:
    owner, tenant = owned
    rep_id = uuid4()
    fields: dict[str, Any] = {
        "rep_id": rep_id,
        "code": "VRP-1",
        "user_id": owner.user.user_id,
        "profile": "VRP",
        "given_name": "Ana",
        "family_name": "Martin",
        "active": True,
    }
    await running.state(SalesRepCreated.model_validate(fields), tenant.id)
    await running.settled()
    profile = await owner.call(GetMyProfile())
    assert profile.organisations[0].sales_rep_id == rep_id
