"""Encrypted fields and blind indexes; numbers are those of the acceptance cases of cross_cutting section 9."""

import unicodedata
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messages.errors import DECRYPTION_FAILED, ENCRYPTION_FAILED, KEY_NOT_FOUND, VALIDATION_FAILED
from messages.problem import Refused
from runtime.field_encryption import (
    IndexKind,
    associated_data,
    blind_index,
    decrypt,
    encrypt,
    key_version_of,
    normalised,
)

ORGANISATION = UUID("0190a6f0-0000-7000-8000-0000000000a1")
CLIENT = UUID("0190a6f0-0000-7000-8000-0000000000c1")
OTHER_ROW = UUID("0190a6f0-0000-7000-8000-0000000000c2")
DATA_KEY = bytes(range(32))
INDEX_KEY = bytes([0xAA]) * 32
PLACE = associated_data("payments", "mandate", "iban", ORGANISATION, CLIENT)
IBAN = b"FR7630006000011234567890189"
BLOB = bytes.fromhex(
    "0100000003000102030405060708090a0b0150e12df6d5f22bbb71a7bb81d8495fb0e2b202c743664c095fdcc8907ca61668c211f8e481c5c56eefb0"
)


def refused_code(blob: bytes, place: bytes = PLACE, keys: dict[int, bytes] | None = None) -> object:
    with pytest.raises(Refused) as refused:
        decrypt(blob, keys={3: DATA_KEY} if keys is None else keys, associated_data=place)
    return refused.value.code


def test_case_5_the_blob_is_reproduced_byte_for_byte() -> None:
    nonce = bytes.fromhex("000102030405060708090a0b")
    assert PLACE.decode() == f"crm|payments|mandate|iban|{ORGANISATION}|{CLIENT}"
    assert encrypt(IBAN, key=DATA_KEY, version=3, associated_data=PLACE, nonce=nonce) == BLOB
    assert len(BLOB) == 60
    assert decrypt(BLOB, keys={3: DATA_KEY}, associated_data=PLACE) == IBAN


def test_case_5_a_blob_copied_to_another_row_does_not_decrypt() -> None:
    elsewhere = associated_data("payments", "mandate", "iban", ORGANISATION, OTHER_ROW)
    assert refused_code(BLOB, elsewhere) is DECRYPTION_FAILED


@pytest.mark.parametrize(
    "elsewhere",
    [
        associated_data("clients", "mandate", "iban", ORGANISATION, CLIENT),
        associated_data("payments", "refund", "iban", ORGANISATION, CLIENT),
        associated_data("payments", "mandate", "bic", ORGANISATION, CLIENT),
        associated_data("payments", "mandate", "iban", OTHER_ROW, CLIENT),
    ],
)
def test_a_blob_moved_anywhere_else_does_not_decrypt(elsewhere: bytes) -> None:
    assert refused_code(BLOB, elsewhere) is DECRYPTION_FAILED


@given(position=st.integers(0, 59), flip=st.integers(1, 255))
def test_no_byte_of_a_blob_can_be_changed(position: int, flip: int) -> None:
    changed = bytes(byte ^ flip if place == position else byte for place, byte in enumerate(BLOB))
    assert refused_code(changed) in {DECRYPTION_FAILED, KEY_NOT_FOUND}


@given(length=st.integers(0, 59))
def test_a_cut_blob_does_not_decrypt(length: int) -> None:
    assert refused_code(BLOB[:length]) is DECRYPTION_FAILED


def test_a_blob_asks_for_its_own_key_version() -> None:
    assert key_version_of(BLOB) == 3
    assert refused_code(BLOB, keys={2: DATA_KEY}) is KEY_NOT_FOUND
    assert refused_code(BLOB, keys={3: bytes(32)}) is DECRYPTION_FAILED
    assert refused_code(BLOB, keys={3: b"short"}) is DECRYPTION_FAILED


@given(plaintext=st.binary(max_size=200), version=st.integers(1, 2**32 - 1))
def test_what_is_encrypted_decrypts_and_never_looks_the_same_twice(plaintext: bytes, version: int) -> None:
    blobs = {encrypt(plaintext, key=DATA_KEY, version=version, associated_data=PLACE) for _ in range(2)}
    assert len(blobs) == 2
    assert {decrypt(blob, keys={version: DATA_KEY}, associated_data=PLACE) for blob in blobs} == {plaintext}


@pytest.mark.parametrize(("key", "version"), [(bytes(16), 1), (bytes(32), 0), (bytes(32), 2**32)])
def test_an_unusable_key_or_version_is_refused(key: bytes, version: int) -> None:
    with pytest.raises(Refused) as refused:
        encrypt(b"value", key=key, version=version, associated_data=PLACE)
    assert refused.value.code is ENCRYPTION_FAILED


@pytest.mark.parametrize(
    ("kind", "value", "index"),
    [
        (
            IndexKind.EMAIL,
            " Jean.Dupont@Example.FR ",
            "36cb0b14a56c8d15e5d5749234c9336fb67ae2d0f56502853718d506d7ca9c39",
        ),
        (IndexKind.PHONE, "06 12 34 56 78", "7966e6369a40ea164df16269668b1dc36a8a059334ab8b0bfed8b60e71dfe043"),
        (
            IndexKind.IBAN,
            "fr76 3000 6000 0112 3456 7890 189",
            "ff8539186d298b8094df2e789e254c98abf77b08ae59825685a51e55f35a2a23",
        ),
        (IndexKind.IP, "203.0.113.7", "a982e9554373c33fe1ff840f8bc19aa668687e17ab0d8883e6156a6f0b4cebbc"),
    ],
)
def test_case_6_blind_indexes(kind: IndexKind, value: str, index: str) -> None:
    assert blind_index(INDEX_KEY, kind, value).hex() == index


@pytest.mark.parametrize(
    ("kind", "spellings"),
    [
        (IndexKind.EMAIL, {"jean@example.fr", "JEAN@EXAMPLE.FR", "\tjean@example.fr\n", "ｊean@example.fr"}),
        (IndexKind.PHONE, {"06 12 34 56 78", "+33612345678", "0033 6 12.34.56.78", "06-12-34-56-78"}),
        (IndexKind.IBAN, {"FR7630006000011234567890189", " fr76 3000 6000 0112 3456 7890 189"}),
        (IndexKind.GENERIC, {"Éric", " E\u0301ric "}),
        (IndexKind.IP, {"203.0.113.7", "::ffff:203.0.113.7"}),
    ],
)
def test_spellings_of_one_value_are_found_by_one_index(kind: IndexKind, spellings: set[str]) -> None:
    assert len({blind_index(INDEX_KEY, kind, spelling) for spelling in spellings}) == 1


def test_what_differs_in_kind_key_or_case_is_not_found() -> None:
    value = "jean@example.fr"
    indexes = {
        blind_index(INDEX_KEY, IndexKind.EMAIL, value),
        blind_index(INDEX_KEY, IndexKind.GENERIC, value),
        blind_index(INDEX_KEY, IndexKind.GENERIC, value.upper()),
        blind_index(bytes(32), IndexKind.EMAIL, value),
    }
    assert len(indexes) == 4


@pytest.mark.parametrize(("kind", "value"), [(IndexKind.PHONE, "no number"), (IndexKind.IP, "203.0.113.999")])
def test_what_is_no_phone_and_no_address_is_refused_without_showing_it(kind: IndexKind, value: str) -> None:
    with pytest.raises(Refused) as refused:
        blind_index(INDEX_KEY, kind, value)
    assert refused.value.code is VALIDATION_FAILED
    assert refused.value.fields[0].field == kind.lower()
    assert value not in str(refused.value)


def test_a_short_index_key_is_refused() -> None:
    with pytest.raises(Refused) as refused:
        blind_index(b"", IndexKind.GENERIC, "value")
    assert refused.value.code is ENCRYPTION_FAILED


@given(st.text())
def test_normalising_generic_text_twice_changes_nothing_more(value: str) -> None:
    once = normalised(IndexKind.GENERIC, value)
    assert normalised(IndexKind.GENERIC, once) == once == unicodedata.normalize("NFC", once)


@given(st.integers(600000000, 799999999))
def test_french_mobile_numbers_are_one_value_with_and_without_prefix(national: int) -> None:
    assert normalised(IndexKind.PHONE, f"0{national}") == f"+33{national}"
    assert normalised(IndexKind.PHONE, f"+33{national}") == f"+33{national}"
