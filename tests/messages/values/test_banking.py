import pytest
from hypothesis import given
from hypothesis import strategies as st
from schwifty import IBAN, registry

from messages.values.banking import (
    SEPA_COUNTRIES,
    Bic,
    Iban,
    bic_fits_iban,
    checked_iban,
    iban_country,
    is_sepa_country,
    mask_bic,
    mask_iban,
)
from tests.messages.values.validation import accepted, code_of_refusal, text_of_refusal

digits = st.text(alphabet="0123456789", min_size=11, max_size=11)
french_ibans = digits.map(lambda account: str(IBAN.generate("FR", "30006", account, "00001")))


@pytest.mark.parametrize(
    "iban",
    [
        "FR1420041010050500013M02606",
        "FR7630006000011234567890189",
        "MC5811222000010123456789030",
        "BE68539007547034",
        "DE89370400440532013000",
    ],
)
def test_valid_ibans_of_any_sepa_country_are_accepted(iban: str) -> None:
    assert accepted(Iban, iban) == iban
    assert type(accepted(Iban, iban)) is str
    assert is_sepa_country(iban_country(iban))


def test_an_iban_is_normalised() -> None:
    assert accepted(Iban, "fr76 3000 6000 0112 3456 7890 189") == "FR7630006000011234567890189"


@pytest.mark.parametrize(
    "iban", ["FR7630006000011234567890188", "FR763000600001123456789018", "XX82370400440532013000", "", "FR76"]
)
def test_invalid_ibans_are_refused(iban: str) -> None:
    assert code_of_refusal(Iban, iban) == "IBAN_INVALID"


def test_a_wrong_rib_key_is_noticed_though_the_iban_key_holds() -> None:
    assert code_of_refusal(Iban, "FR2130006000011234567890112") == "IBAN_NATIONAL_KEY_INVALID"


def test_the_refusal_names_the_cure_and_shows_the_mask_only() -> None:
    assert text_of_refusal(checked_iban, "FR7630006000011234567890188") == (
        "IBAN FR76 **** **** 0188 fails its length or check digits; correct it or leave it empty"
    )


def test_an_iban_outside_sepa_is_kept_but_not_debited() -> None:
    assert accepted(Iban, "TR330006100519786457841326") == "TR330006100519786457841326"
    assert not is_sepa_country(iban_country("TR330006100519786457841326"))


def test_the_sepa_list_covers_what_the_iban_registry_says() -> None:
    registered = {country for country in SEPA_COUNTRIES if registry.get_iban_spec(country).in_sepa_zone}
    assert SEPA_COUNTRIES - registered == {"AL", "MD", "ME", "MK", "RS"}  # joined in 2024 and 2025


@given(french_ibans, st.integers(2, 26), st.integers(1, 9))
def test_one_wrong_digit_of_an_iban_is_always_noticed(iban: str, position: int, shift: int) -> None:
    wrong = iban[:position] + str((int(iban[position]) + shift) % 10) + iban[position + 1 :]
    assert accepted(Iban, iban) == iban
    assert code_of_refusal(Iban, wrong) in {"IBAN_INVALID", "IBAN_NATIONAL_KEY_INVALID"}


def test_masks_show_both_ends_only() -> None:
    assert mask_iban("FR76 3000 6000 0112 3456 7890 189") == "FR76 **** **** 0189"
    assert mask_iban("FR76 30") == "****"
    assert mask_bic("AGRIFRPP882") == "AGR*****"


@given(st.text(alphabet="0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ ", max_size=40))
def test_a_masked_iban_never_shows_the_middle(text: str) -> None:
    shown, compacted = mask_iban(text), text.replace(" ", "")
    letters = shown.replace(" ", "").replace("*", "")
    assert letters in {"", compacted[:4] + compacted[-4:]}
    assert len(letters) <= 8
    assert len(compacted) - len(letters) >= 4 or not letters


@pytest.mark.parametrize(
    ("text", "bic"), [("bnpafrpp", "BNPAFRPP"), ("BNPA FR PP XXX", "BNPAFRPPXXX"), ("AGRIFRPP882", "AGRIFRPP882")]
)
def test_a_bic_is_normalised(text: str, bic: str) -> None:
    assert accepted(Bic, text) == bic


@pytest.mark.parametrize("bic", ["BNPA", "BNPAXXPP", "BNPAFRPPXX", "BNPAFRPPXXXX", ""])
def test_an_invalid_bic_is_refused(bic: str) -> None:
    assert code_of_refusal(Bic, bic) == "BIC_INVALID"


def test_a_bic_goes_with_an_iban_of_its_country_or_of_a_french_territory() -> None:
    french, belgian = "FR7630006000011234567890189", "BE68539007547034"
    assert bic_fits_iban("BNPAFRPP", french)
    assert bic_fits_iban("BFCOPFPT", french)
    assert not bic_fits_iban("BNPAFRPP", belgian)
    assert not bic_fits_iban("BFCOPFPT", belgian)
