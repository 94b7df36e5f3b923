import json

import pycountry
import pytest
from pydantic import ValidationError

from messages.values.addresses import (
    COUNTRY_CODES,
    Address,
    CountryCode,
    check_postal_code,
    department_of,
    holiday_zone_of,
)
from messages.values.business_days import holidays_of
from messages.values.vat_zones import VatZone, vat_zone_of
from tests.messages.values.validation import code_of_refusal, text_of_refusal


def test_the_countries_are_those_of_iso_3166_and_kosovo() -> None:
    assert COUNTRY_CODES - {country.alpha_2 for country in pycountry.countries} == {"XK"}
    assert len(COUNTRY_CODES) == len(pycountry.countries) + 1


@pytest.mark.parametrize("text", ["France", "UK", "EU", "", "F"])
def test_what_is_no_country_code_is_refused(text: str) -> None:
    assert code_of_refusal(CountryCode, text) == "COUNTRY_INVALID"


@pytest.mark.parametrize(
    ("postal_code", "department"),
    [
        ("75011", "75"),
        ("01000", "01"),
        ("95880", "95"),
        ("20000", "2A"),
        ("20199", "2A"),
        ("20200", "2B"),
        ("20600", "2B"),
        ("97110", "971"),
        ("97400", "974"),
        ("97600", "976"),
        ("97500", "975"),
        ("98800", "988"),
        ("97133", "977"),
        ("97150", "978"),
        ("00100", None),
        ("96000", None),
        ("98000", None),
        ("7501", None),
        ("1000 AA", None),
    ],
)
def test_the_department_follows_from_the_postal_code(postal_code: str, department: str | None) -> None:
    assert department_of(postal_code) == department


@pytest.mark.parametrize(
    ("country", "postal_code", "zone"),
    [
        ("FR", "75011", "FR"),
        ("FR", "57000", "FR-57"),
        ("FR", "67000", "FR-6AE"),
        ("FR", "68100", "FR-6AE"),
        ("FR", "97400", "FR-974"),
        ("RE", "97400", "FR-974"),
        ("PF", "98714", "FR-PF"),
        ("FR", "97133", "FR-BL"),
        ("BE", "1000", "BE"),
        ("MC", "98000", "MC"),
        ("DE", "57072", "DE"),
    ],
)
def test_the_holiday_zone_follows_from_the_address(country: str, postal_code: str, zone: str) -> None:
    assert holiday_zone_of(country, postal_code) == zone
    assert holidays_of(zone, 2026)


@pytest.mark.parametrize(
    ("country", "postal_code", "zone"),
    [
        ("FR", "75011", VatZone.FR_METRO),
        ("MC", "98000", VatZone.FR_METRO),
        ("FR", "20090", VatZone.FR_CORSICA),
        ("FR", "97200", VatZone.FR_DOM),
        ("RE", "97400", VatZone.FR_DOM),
        ("FR", "97300", VatZone.FR_DOM_NO_VAT),
        ("FR", "97600", VatZone.FR_DOM_NO_VAT),
        ("FR", "97500", VatZone.FR_COM),
        ("NC", "98800", VatZone.FR_COM),
        ("BE", "1000", VatZone.EU),
        ("CH", "1201", VatZone.NON_EU),
        ("GB", "SW1A 1AA", VatZone.NON_EU),
    ],
)
def test_the_vat_zone_follows_from_the_address(country: str, postal_code: str, zone: VatZone) -> None:
    assert vat_zone_of(country, postal_code) is zone


def test_a_french_postal_code_has_five_digits_overseas_too() -> None:
    assert check_postal_code("FR", "75011") == "75011"
    assert check_postal_code("BE", "1000") == "1000"
    for country, postal_code in (("FR", "7501"), ("FR", "2A000"), ("RE", "974"), ("FR", "")):
        assert "write it like 75011" in text_of_refusal(check_postal_code, country, postal_code)


def test_an_address_is_trimmed_and_knows_its_department() -> None:
    address = Address(street=" 12 rue de la Roquette ", postal_code="75011 ", city="Paris", country_code="fr")
    assert (address.street, address.postal_code, address.country_code) == ("12 rue de la Roquette", "75011", "FR")
    assert address.department_code == "75"
    assert Address(postal_code="1000", city="Bruxelles", country_code="BE").department_code is None
    assert Address.model_validate_json(address.model_dump_json()) == address


def test_an_address_has_the_fields_of_the_shared_type() -> None:
    assert list(Address.model_fields) == [
        "address_id", "company", "person", "complement", "street", "locality", "postal_code", "city", "country_code",
        "region_code", "department_code",
    ]  # fmt: skip


def test_an_address_with_a_foreign_shape_of_postal_code_is_refused_in_france() -> None:
    with pytest.raises(ValidationError, match="five digits"):
        Address(postal_code="1000", city="Paris")


def test_a_reader_of_an_address_ignores_what_it_does_not_know() -> None:
    text = json.dumps({"postal_code": "75011", "city": "Paris", "country_code": "FR", "floor": "3"})
    assert Address.model_validate_json(text).city == "Paris"
    with pytest.raises(ValidationError, match="floor"):
        Address.model_validate_json(text, extra="forbid")
