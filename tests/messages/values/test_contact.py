import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messages.values.contact import (
    EmailAddress,
    PhoneLineType,
    PhoneNumber,
    checked_email,
    display_phone,
    mask_email,
    mask_phone,
    normalise_email,
    normalise_iban,
    normalise_phone,
    phone_line_type,
)
from tests.messages.values.validation import accepted, code_of_refusal, text_of_refusal

local_parts = st.text(alphabet="abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=20)


@pytest.mark.parametrize(
    "text", ["06 12 34 56 78", "0033612345678", "+33 6 12 34 56 78", "06.12.34.56.78", "(+33) 612345678"]
)
def test_one_phone_has_one_form(text: str) -> None:
    assert accepted(PhoneNumber, text) == "+33612345678"


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0692 12 34 56", "+262692123456"),
        ("0690 12 34 56", "+590690123456"),
        ("0639 01 23 45", "+262639012345"),
        ("0262 20 12 34", "+262262201234"),
        ("0269 61 23 45", "+262269612345"),
        ("0594 30 12 34", "+594594301234"),
        ("0696 20 12 34", "+596696201234"),
        ("+33 692 12 34 56", "+262692123456"),
    ],
)
def test_overseas_numbers_dialled_with_the_national_zero_get_their_own_calling_code(text: str, number: str) -> None:
    assert normalise_phone(text) == number


@pytest.mark.parametrize(
    "text", ["06123", "3949", "15", "0899 12 34 56", "bonjour", "", "01 23 45 67 89 poste 12 x12", "+999123456"]
)
def test_short_unknown_premium_and_extended_numbers_are_refused(text: str) -> None:
    assert code_of_refusal(PhoneNumber, text) == "PHONE_INVALID"


def test_another_region_may_be_the_default() -> None:
    assert normalise_phone("0470 12 34 56", "BE") == "+32470123456"


def test_the_refusal_of_a_phone_names_the_cure() -> None:
    assert "write it like 06 12 34 56 78" in text_of_refusal(normalise_phone, "bonjour")


@pytest.mark.parametrize(
    ("phone", "line"),
    [
        ("+33612345678", PhoneLineType.MOBILE),
        ("+33123456789", PhoneLineType.FIXED),
        ("+33970123456", PhoneLineType.VOIP),
        ("+33899123456", PhoneLineType.PREMIUM),
        ("+12025550123", PhoneLineType.UNKNOWN),
        ("bonjour", PhoneLineType.UNKNOWN),
    ],
)
def test_the_kind_of_line_is_told(phone: str, line: PhoneLineType) -> None:
    assert phone_line_type(phone) is line


def test_a_phone_is_displayed_as_people_read_it() -> None:
    assert display_phone("+33612345678") == "06 12 34 56 78"
    assert display_phone("+32470123456") == "+32 470 12 34 56"


@pytest.mark.parametrize(
    ("text", "address"),
    [
        (" Jean.Dupont@Example.FR ", "jean.dupont@example.fr"),
        ("jean＠example.fr", "jean@example.fr"),
        ("contact@éléphant.fr", "contact@xn--lphant-9uab.fr"),
        ("o'brien+tag@sub.example.co.uk", "o'brien+tag@sub.example.co.uk"),
    ],
)
def test_an_address_is_normalised(text: str, address: str) -> None:
    assert accepted(EmailAddress, text) == address
    assert normalise_email(text) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "p@x",
        "jean",
        "@example.fr",
        "jean@",
        "a@b@example.fr",
        "jean dupont@example.fr",
        ".jean@example.fr",
        "jean..dupont@example.fr",
        "jean@-example.fr",
        "jean@example..fr",
        "jean@127.0.0.1",
        f"{'a' * 65}@example.fr",
        f"a@{'b' * 60}.{'c' * 60}.{'d' * 60}.{'e' * 60}.{'f' * 10}.fr",
        "jean@example.fr\nbcc: x@y.fr",
    ],
)
def test_an_address_nobody_could_be_reached_at_is_refused(text: str) -> None:
    assert code_of_refusal(EmailAddress, text) == "EMAIL_INVALID"


@given(local_parts, local_parts)
def test_normalising_twice_changes_nothing(local: str, domain: str) -> None:
    once = checked_email(f" {local.upper()}@x{domain}.fr")
    assert checked_email(once) == once


@pytest.mark.parametrize(
    ("kind", "normalised", "index"),
    [
        (
            "EMAIL",
            normalise_email(" Jean.Dupont@Example.FR "),
            "36cb0b14a56c8d15e5d5749234c9336fb67ae2d0f56502853718d506d7ca9c39",
        ),
        (
            "PHONE",
            normalise_phone("06 12 34 56 78"),
            "7966e6369a40ea164df16269668b1dc36a8a059334ab8b0bfed8b60e71dfe043",
        ),
        (
            "IBAN",
            normalise_iban("fr76 3000 6000 0112 3456 7890 189"),
            "ff8539186d298b8094df2e789e254c98abf77b08ae59825685a51e55f35a2a23",
        ),
    ],
)
def test_the_normal_forms_give_the_golden_blind_indexes(kind: str, normalised: str, index: str) -> None:
    assert hmac.digest(b"\xaa" * 32, f"{kind}\n{normalised}".encode(), "sha256").hex() == index


def test_an_iban_loses_every_kind_of_blank() -> None:
    assert normalise_iban("FR76\u00a03000\u202f6000") == "FR7630006000"


def test_masks_show_the_ends_only() -> None:
    assert mask_email("Jean.Dupont@example.fr") == "j***@example.fr"
    assert mask_email("j@example.fr") == "***@example.fr"
    assert mask_email("jean") == "***"
    assert mask_phone("+33612345678") == "+33 ** ** ** 78"
    assert mask_phone("3949") == "***"
    assert mask_phone("bonjour") == "***"


@given(local_parts)
def test_a_masked_address_never_shows_the_name(local: str) -> None:
    masked_local = mask_email(f"{local}@example.fr").partition("@")[0]
    assert masked_local.replace("*", "") in {"", local[0]}
    assert len(masked_local) in {3, 4}


@given(st.integers(600000000, 699999999))
def test_a_masked_phone_never_shows_the_middle(number: int) -> None:
    assert mask_phone(f"+33{number}") == f"+33 ** ** ** {number % 100:02}"
