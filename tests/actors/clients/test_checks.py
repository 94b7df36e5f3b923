"""clients: identifiers are checked, periods counted, dictionaries kept."""

from datetime import date

import pytest

from messages.clients import (
    ComputeBillingPeriods,
    ComputeDueDate,
    CreateClient,
    CreateDictionaryEntry,
    GetDictionaryEntry,
    ListDictionary,
    ListPaymentTerms,
    RetireDictionaryEntry,
    RetirePaymentTerm,
    UpdateBusinessProfile,
    UpdateDictionaryEntry,
    ValidateBic,
    ValidateIban,
    ValidateSiren,
    ValidateSiret,
    ValidateVat,
)
from messages.values.due_dates import TermBasis
from tests.actors.clients.builders import code_of
from tests.harness import Tenant


@pytest.mark.parametrize(
    ("siren", "vat_number"),
    [("732829320", "FR44732829320"), ("552100554", "FR96552100554"), ("800397291", "FR50800397291")],
)
async def test_case_1_and_3_a_siren_gives_its_vat_number(tenant: Tenant, siren: str, vat_number: str) -> None:
    found = await tenant.client.call(ValidateSiren(value=siren))
    assert (found.valid, found.derived) == (True, {"vat_number": vat_number})


async def test_case_1_a_wrong_siren_is_told(tenant: Tenant) -> None:
    found = await tenant.client.call(ValidateSiren(value="530895710"))
    assert (found.valid, found.reason) == (False, "SIREN_INVALID")


@pytest.mark.parametrize(
    ("siret", "valid"),
    [("73282932000074", True), ("73282932000075", False), ("35600000049837", True), ("35600000012345", False)],
)
async def test_case_2_sirets(tenant: Tenant, siret: str, valid: bool) -> None:
    found = await tenant.client.call(ValidateSiret(value=siret))
    assert found.valid is valid
    assert found.derived.get("siren") == (siret[:9] if valid else None)


@pytest.mark.parametrize(
    "number", ["FRK7399859412", "BE0403019261", "IE6388047V", "ESB58378431", "NL004495445B01", "FR44732829320"]
)
async def test_case_3_vat_numbers_of_europe(tenant: Tenant, number: str) -> None:
    assert (await tenant.client.call(ValidateVat(value=number))).valid


async def test_case_3_a_vat_number_must_be_the_companys_own(tenant: Tenant) -> None:
    wrong = await tenant.client.call(ValidateVat(value="FR45732829320"))
    assert (wrong.valid, wrong.reason) == (False, "VAT_INVALID")
    other = await tenant.client.call(ValidateVat(value="FR96552100554", siren="732829320"))
    assert other.reason == "VAT_SIREN_MISMATCH"


@pytest.mark.parametrize(
    ("iban", "reason"),
    [
        ("FR1420041010050500013M02606", None),
        ("FR7630006000011234567890189", None),
        ("FR7630006000011234567890188", "IBAN_INVALID"),
        ("FR2130006000011234567890112", "IBAN_NATIONAL_KEY_INVALID"),
        ("MC5811222000010123456789030", None),
        ("BE68539007547034", None),
        ("DE89370400440532013000", None),
    ],
)
async def test_case_4_ibans(tenant: Tenant, iban: str, reason: str | None) -> None:
    found = await tenant.client.call(ValidateIban(value=iban))
    assert (found.valid, found.reason) == (reason is None, reason)
    assert iban not in found.model_dump_json()


async def test_case_4_an_iban_is_shown_masked_and_a_bic_must_fit_it(tenant: Tenant) -> None:
    iban = "FR7630006000011234567890189"
    found = await tenant.client.call(ValidateIban(value=iban))
    assert (found.derived["masked"], found.derived["bank_code"]) == ("FR76 **** **** 0189", "30006")
    assert (await tenant.client.call(ValidateBic(value="AGRIFRPP", iban=iban))).valid
    assert (await tenant.client.call(ValidateBic(value="DEUTDEFF", iban=iban))).reason == "BIC_INVALID"


@pytest.mark.parametrize(
    ("invoiced", "days", "basis", "day", "due"),
    [
        (date(2026, 1, 31), 30, "NET", None, date(2026, 3, 2)),
        (date(2024, 1, 31), 30, "NET", None, date(2024, 3, 1)),
        (date(2026, 1, 15), 45, "NET_THEN_EOM", None, date(2026, 3, 31)),
        (date(2026, 1, 15), 45, "EOM_THEN_NET", None, date(2026, 3, 17)),
        (date(2026, 11, 20), 45, "NET_THEN_EOM", None, date(2027, 1, 31)),
        (date(2026, 11, 20), 45, "EOM_THEN_NET", None, date(2027, 1, 14)),
        (date(2026, 1, 25), 10, "NEXT_DAY_OF_MONTH", 10, date(2026, 2, 10)),
        (date(2026, 2, 1), 30, "NEXT_DAY_OF_MONTH", 31, date(2026, 3, 31)),
    ],
)
async def test_case_15_due_dates_of_terms_written_out(
    tenant: Tenant, invoiced: date, days: int, basis: TermBasis, day: int | None, due: date
) -> None:
    request = ComputeDueDate(days=days, basis=basis, day_of_month=day, invoice_date=invoiced)
    assert (await tenant.client.call(request)).due_date == due


async def test_case_16_periods_never_drift(tenant: Tenant) -> None:
    monthly = await tenant.client.call(ComputeBillingPeriods(code="MONTHLY", anchor=date(2026, 1, 31), count=4))
    assert [(period.start, period.end) for period in monthly.items] == [
        (date(2026, 1, 31), date(2026, 2, 27)),
        (date(2026, 2, 28), date(2026, 3, 30)),
        (date(2026, 3, 31), date(2026, 4, 29)),
        (date(2026, 4, 30), date(2026, 5, 30)),
    ]
    yearly = await tenant.client.call(ComputeBillingPeriods(code="ANNUAL", anchor=date(2024, 2, 29), count=4))
    assert [(period.start, period.end) for period in yearly.items][::1][:2] == [
        (date(2024, 2, 29), date(2025, 2, 27)),
        (date(2025, 2, 28), date(2026, 2, 27)),
    ]
    assert (yearly.items[3].start, yearly.items[3].end) == (date(2027, 2, 28), date(2028, 2, 28))
    once = ComputeBillingPeriods(code="ONE_OFF", anchor=date(2026, 1, 1), count=2)
    assert await code_of(tenant.client.call(once)) == "VALIDATION_FAILED"


async def test_a_dictionary_entry_is_added_made_default_and_retired(tenant: Tenant, other_tenant: Tenant) -> None:
    draft = {
        "kind": "BILLING_PERIOD",
        "code": "BIENNIAL",
        "name": "Bisannuel",
        "settings": {"unit": "YEAR", "count": 2},
    }
    created = await tenant.client.call(CreateDictionaryEntry.model_validate(draft))
    again = CreateDictionaryEntry.model_validate(draft)
    assert await code_of(tenant.client.call(again)) == "DICTIONARY_CODE_EXISTS"
    await other_tenant.client.call(again)
    default = UpdateDictionaryEntry(entry_id=created.id, expected_version=1, is_default=True)
    assert (await tenant.client.call(default)).is_default
    monthly = await tenant.client.call(GetDictionaryEntry(kind="BILLING_PERIOD", code="MONTHLY"))
    assert (monthly.is_default, monthly.version) == (False, 2)
    assert await code_of(tenant.client.call(RetireDictionaryEntry(entry_id=created.id))) == "DEFAULT_REQUIRED"
    retired = await tenant.client.call(RetireDictionaryEntry(entry_id=monthly.id))
    assert not retired.active
    await tenant.running.settled()
    assert len(await tenant.running.events("billing_period.retired", tenant.id)) == 1
    active = await tenant.client.call(ListDictionary(kind="BILLING_PERIOD", active=True, search="mens"))
    assert active.items == ()
    stranger = GetDictionaryEntry(kind="BILLING_PERIOD", entry_id=created.id)
    assert await code_of(other_tenant.client.call(stranger)) == "DICTIONARY_ENTRY_NOT_FOUND"


async def test_a_payment_term_is_retired_but_never_the_default(tenant: Tenant) -> None:
    terms = {term.code: term for term in (await tenant.client.call(ListPaymentTerms(limit=50))).items}
    default = RetirePaymentTerm(payment_term_id=terms["NET_30"].id)
    assert await code_of(tenant.client.call(default)) == "DEFAULT_REQUIRED"
    assert not (await tenant.client.call(RetirePaymentTerm(payment_term_id=terms["NET_15"].id))).active
    assert len(await tenant.running.events("payment_term.retired", tenant.id)) == 1
    found = await tenant.client.call(ListPaymentTerms(active=True, search="net_1"))
    assert found.items == ()


async def test_a_legal_entity_is_corrected_and_stays_consistent(tenant: Tenant, other_tenant: Tenant) -> None:
    company = {"type": "BUSINESS", "business": {"legal_name": "Dépann SARL", "siren": "732829320"}}
    created = await tenant.client.call(CreateClient.model_validate(company))

    def change(version: int, **fields: object) -> UpdateBusinessProfile:
        return UpdateBusinessProfile.model_validate({"client_id": created.id, "expected_version": version, **fields})

    moved = await tenant.client.call(change(1, siret="73282932000074", trade_name="Dépann'Sûr"))
    assert moved.business is not None and moved.business.siret == "73282932000074"
    wrong = change(2, vat_number="FR96552100554")
    assert await code_of(tenant.client.call(wrong)) == "VAT_SIREN_MISMATCH"
    assert await code_of(tenant.client.call(change(2, siret="35600000049837"))) == "SIRET_SIREN_MISMATCH"
    assert await code_of(tenant.client.call(change(2, siren=None))) == "VALIDATION_FAILED"
    assert await code_of(other_tenant.client.call(change(2, trade_name="x"))) == "CLIENT_NOT_FOUND"
    other = {"type": "BUSINESS", "business": {"legal_name": "Autre", "siren": "732829320"}, "on_duplicate": "ALLOW"}
    second = await tenant.client.call(CreateClient.model_validate(other))
    taken = UpdateBusinessProfile(client_id=second.id, expected_version=1, siret="73282932000074")
    assert await code_of(tenant.client.call(taken)) == "SIRET_IN_USE"
