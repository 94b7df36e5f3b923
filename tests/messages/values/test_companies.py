import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import luhn

from messages.values.companies import (
    SepaCreditorId,
    Siren,
    Siret,
    VatNumber,
    french_vat_number,
    normalise_siren,
    sepa_creditor_id,
    siren_of,
    siren_of_vat_number,
    vat_number_matches_siren,
)
from tests.messages.values.validation import accepted, code_of_refusal, text_of_refusal

digits = st.text(alphabet="0123456789", min_size=8, max_size=8)
sirens = digits.map(lambda eight: eight + luhn.calc_check_digit(eight)).filter(lambda siren: siren != "000000000")


@pytest.mark.parametrize("siren", ["732829320", "552100554", "800397291", "404833048", "732 829 320", "732.829-320"])
def test_valid_sirens_lose_their_separators(siren: str) -> None:
    assert accepted(Siren, siren).isdigit()


@pytest.mark.parametrize("siren", ["530895710", "123456789", "000000000", "73282932", "7328293200", "73282932O", ""])
def test_invalid_sirens_are_refused(siren: str) -> None:
    assert code_of_refusal(Siren, siren) == "SIREN_INVALID"


def test_the_refusal_names_the_cure() -> None:
    assert "copy it from the register" in text_of_refusal(normalise_siren, "123456789")


@pytest.mark.parametrize("siret", ["73282932000074", "732 829 320 00074", "35600000000048", "35600000049837"])
def test_valid_sirets_and_those_of_la_poste_are_accepted(siret: str) -> None:
    assert len(accepted(Siret, siret)) == 14


@pytest.mark.parametrize(
    "siret", ["73282932000075", "12345678901234", "35600000012345", "00000000000000", "7328293200007"]
)
def test_invalid_sirets_are_refused(siret: str) -> None:
    assert code_of_refusal(Siret, siret) == "SIRET_INVALID"


def test_an_establishment_belongs_to_its_legal_unit() -> None:
    assert siren_of("732 829 320 00074") == "732829320"


@pytest.mark.parametrize(
    ("siren", "vat_number"),
    [
        ("732829320", "FR44732829320"),
        ("404833048", "FR83404833048"),
        ("552100554", "FR96552100554"),
        ("800397291", "FR50800397291"),
    ],
)
def test_the_french_vat_number_follows_from_the_siren(siren: str, vat_number: str) -> None:
    assert french_vat_number(siren) == vat_number
    assert siren_of_vat_number(vat_number) == siren


@pytest.mark.parametrize(
    "vat_number",
    [
        "FRK7399859412",
        "BE0403019261",
        "IE6388047V",
        "ESB58378431",
        "NL004495445B01",
        "DE136695976",
        "EL094259216",
        "GB123456789",
    ],
)
def test_vat_numbers_of_the_union_and_unverified_ones_are_accepted(vat_number: str) -> None:
    assert accepted(VatNumber, vat_number) == vat_number


def test_vat_numbers_are_normalised() -> None:
    assert accepted(VatNumber, "fr 44 732 829 320") == "FR44732829320"
    assert accepted(VatNumber, "GR094259216") == "EL094259216"
    assert accepted(VatNumber, "CHE-116.281.710 TVA") == "CHE116281710TVA"


@pytest.mark.parametrize(
    "vat_number", ["FR45732829320", "732829320", "BE0403019262", "US123456789", "FR", "", "FR4473282932\x00"]
)
def test_invalid_vat_numbers_are_refused(vat_number: str) -> None:
    assert code_of_refusal(VatNumber, vat_number) == "VAT_INVALID"


def test_a_vat_number_of_another_siren_is_noticed() -> None:
    assert not vat_number_matches_siren("FR96552100554", "732829320")
    assert vat_number_matches_siren("FR44732829320", "732829320")
    assert vat_number_matches_siren("BE0403019261", "732829320")


def test_numbers_of_monaco_carry_no_siren() -> None:
    assert siren_of_vat_number("FR53000004605") is None


def test_the_sepa_creditor_identifier_follows_from_the_national_id() -> None:
    assert sepa_creditor_id("FR", "123456") == "FR72ZZZ123456"
    assert accepted(SepaCreditorId, "FR72 ZZZ 123456") == "FR72ZZZ123456"
    assert accepted(SepaCreditorId, "FR72ABC123456") == "FR72ABC123456"


@pytest.mark.parametrize("identifier", ["FR73ZZZ123456", "FR72ZZZ", "XX72ZZZ123456", "FR72ZZZ12/3456", ""])
def test_an_invalid_creditor_identifier_is_refused(identifier: str) -> None:
    assert code_of_refusal(SepaCreditorId, identifier) == "SEPA_CREDITOR_ID_INVALID"


@given(sirens, st.integers(0, 8), st.integers(1, 9))
def test_one_wrong_digit_of_a_siren_is_always_noticed(siren: str, position: int, shift: int) -> None:
    wrong = siren[:position] + str((int(siren[position]) + shift) % 10) + siren[position + 1 :]
    assert accepted(Siren, siren) == siren
    assert code_of_refusal(Siren, wrong) == "SIREN_INVALID"


@given(sirens, st.integers(2, 12), st.integers(1, 9))
def test_one_wrong_digit_of_a_french_vat_number_is_always_noticed(siren: str, position: int, shift: int) -> None:
    number = french_vat_number(siren)
    wrong = number[:position] + str((int(number[position]) + shift) % 10) + number[position + 1 :]
    assert accepted(VatNumber, number) == number
    if wrong[4:7] != "000":
        assert code_of_refusal(VatNumber, wrong) == "VAT_INVALID"


@given(st.text(alphabet="0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=6, max_size=6), st.integers(0, 97))
def test_a_creditor_identifier_has_one_right_pair_of_check_digits(national_id: str, key: int) -> None:
    right = sepa_creditor_id("FR", national_id)
    other = f"FR{key:02}ZZZ{national_id}"
    if key >= 2 and other != right:
        assert code_of_refusal(SepaCreditorId, other) == "SEPA_CREDITOR_ID_INVALID"
