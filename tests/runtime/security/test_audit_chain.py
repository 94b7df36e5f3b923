"""The audit trail's hash chain; numbers are those of the acceptance cases of cross_cutting section 9."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.audit_chain import (
    GENESIS,
    ChainBreak,
    UncanonicalEntry,
    canonical,
    digest_value,
    entry_hash,
    masked,
    verify_chain,
)
from runtime.field_encryption import IndexKind, blind_index

HASH_1 = "8bb92d00d51085a8db3fb55a5921716c23883d8ece417b14bc8b10590c25f745"
HASH_2 = "16e08f68412626b886255730b834052ad508a27f7aa7f7da1fd00a25f377cd01"
HASH_3 = "10fdfc1bca852e084cd21c405255d82615bade6d84d36a9f2befee805d000c9c"
HASH_2_CHANGED = "ccaa45a33e816e0cc52e20fb1e8d252530473800b4631f6ced5f6d0d51cd74a1"

CANONICAL_1 = (
    '{"action":"clients.client.create","actor":{"breakglass_session_id":null,"service":null,"type":"USER",'
    '"user_id":"0190a6f0-0000-7000-8000-0000000000b1"},"after":{"status":"PROSPECT","version":1},"before":null,'
    '"correlation_id":"corr-1","error_code":null,"id":"0190a6f0-0000-7000-8000-00000000e001","meta":{},'
    '"occurred_at":"2026-03-02T09:15:00.000000Z","organisation_id":"0190a6f0-0000-7000-8000-0000000000a1",'
    '"permission":"clients:client:write","request_id":"req-1","result":"ALLOWED","seq":1,"stream":"clients",'
    '"target":{"id":"0190a6f0-0000-7000-8000-0000000000c1","type":"client"},"v":1}'
)

INDEX_KEY = bytes([0xAA]) * 32


def entry(seq: int, occurred_at: datetime, **changes: Any) -> dict[str, Any]:
    return {
        "v": 1,
        "id": UUID(f"0190a6f0-0000-7000-8000-00000000e{seq:03}"),
        "organisation_id": UUID("0190a6f0-0000-7000-8000-0000000000a1"),
        "stream": "clients",
        "occurred_at": occurred_at,
        "request_id": f"req-{seq}",
        "correlation_id": "corr-1",
        "actor": {
            "type": "USER",
            "user_id": "0190a6f0-0000-7000-8000-0000000000b1",
            "service": None,
            "breakglass_session_id": None,
        },
        "action": "clients.client.update",
        "permission": "clients:client:write",
        "result": "ALLOWED",
        "error_code": None,
        "target": {"type": "client", "id": "0190a6f0-0000-7000-8000-0000000000c1"},
        "before": None,
        "after": None,
        "meta": {},
        "seq": seq,
        **changes,
    }


ENTRIES = (
    entry(
        1,
        datetime(2026, 3, 2, 9, 15, tzinfo=UTC),
        action="clients.client.create",
        after={"status": "PROSPECT", "version": 1},
    ),
    entry(2, datetime(2026, 3, 2, 9, 16, 30, 250000, UTC), before={"status": "PROSPECT"}, after={"status": "ACTIVE"}),
    entry(
        3,
        datetime(2026, 3, 2, 9, 17, tzinfo=UTC),
        action="clients.client.delete",
        permission="clients:client:delete",
        result="DENIED",
        error_code="PERMISSION_MISSING",
    ),
)


def sealed(entries: tuple[dict[str, Any], ...]) -> list[dict[str, Any]]:
    chain, previous = [], GENESIS
    for unsealed in entries:
        own = entry_hash(previous, unsealed)
        chain.append({**unsealed, "prev_hash": previous, "entry_hash": own})
        previous = own
    return chain


def test_case_1_the_first_entry() -> None:
    assert canonical(ENTRIES[0]).decode() == CANONICAL_1
    assert entry_hash(GENESIS, ENTRIES[0]) == HASH_1


def test_case_2_the_second_and_third_entries() -> None:
    assert entry_hash(HASH_1, ENTRIES[1]) == HASH_2
    assert entry_hash(HASH_2, ENTRIES[2]) == HASH_3


def test_case_3_a_changed_entry_breaks_the_chain() -> None:
    chain = sealed(ENTRIES)
    chain[1]["after"] = {"status": "BLOCKED"}
    assert entry_hash(HASH_1, chain[1]) == HASH_2_CHANGED
    check = verify_chain(chain)
    assert not check.valid
    assert check.corrupted_entry_id == "0190a6f0-0000-7000-8000-00000000e002"
    assert check.entries_checked == 1
    assert check.reason is ChainBreak.HASH_MISMATCH


def test_case_3_a_cut_tail_shows_against_the_head() -> None:
    whole, cut = verify_chain(sealed(ENTRIES)), verify_chain(sealed(ENTRIES)[:2])
    assert whole.valid
    assert whole.reaches(3, HASH_3)
    assert cut.valid
    assert cut.entries_checked == 2
    assert not cut.reaches(3, HASH_3)


def test_a_missing_entry_is_a_gap() -> None:
    first, _, third = sealed(ENTRIES)
    check = verify_chain([first, third])
    assert (check.valid, check.reason, check.entries_checked) == (False, ChainBreak.SEQUENCE_GAP, 1)


def test_an_entry_that_appears_twice_is_a_duplicate() -> None:
    first, second, _ = sealed(ENTRIES)
    assert verify_chain([first, second, second]).reason is ChainBreak.DUPLICATE_SEQUENCE


def test_an_entry_chained_to_another_predecessor_is_reported() -> None:
    first, second, _ = sealed(ENTRIES)
    assert verify_chain([first, {**second, "prev_hash": GENESIS}]).reason is ChainBreak.PREVIOUS_HASH_MISMATCH


def test_a_changed_entry_with_a_recomputed_hash_breaks_at_its_successor() -> None:
    first, second, third = sealed(ENTRIES)
    second["after"] = {"status": "BLOCKED"}
    second["entry_hash"] = entry_hash(HASH_1, second)
    check = verify_chain([first, second, third])
    assert (check.reason, check.entries_checked) == (ChainBreak.PREVIOUS_HASH_MISMATCH, 2)


def test_a_value_that_nobody_could_have_sealed_is_a_mismatch_not_a_crash() -> None:
    chain = sealed(ENTRIES)
    chain[1]["after"] = {"score": 0.5}
    assert verify_chain(chain).reason is ChainBreak.HASH_MISMATCH


def test_an_empty_chain_is_whole() -> None:
    assert verify_chain([]).reaches(0, GENESIS)


@given(cut=st.integers(0, 3))
def test_a_chain_may_be_verified_page_by_page(cut: int) -> None:
    chain = sealed(ENTRIES)
    page = verify_chain(chain[:cut])
    rest = verify_chain(chain[cut:], previous_hash=page.last_hash, first_seq=page.last_seq + 1)
    assert page.valid
    assert rest.reaches(3, HASH_3)
    assert page.entries_checked + rest.entries_checked == 3


@given(position=st.integers(0, 2), field=st.sampled_from(["action", "request_id", "result", "meta", "v", "actor"]))
def test_no_field_can_be_changed_unseen(position: int, field: str) -> None:
    chain = sealed(ENTRIES)
    chain[position][field] = {"changed": True}
    assert verify_chain(chain).entries_checked == position


def test_instants_ids_decimals_and_dates_have_one_spelling() -> None:
    paris = timezone(timedelta(hours=1))
    typed = {
        "amount": Decimal("1E+2"),
        "at": datetime(2026, 3, 2, 10, 15, tzinfo=paris),
        "day": date(2026, 3, 2),
        "id": UUID(int=1),
        "tags": ("a", True),
    }
    spelled = {
        "amount": "100",
        "at": "2026-03-02T09:15:00.000000Z",
        "day": "2026-03-02",
        "id": "00000000-0000-0000-0000-000000000001",
        "tags": ["a", True],
    }
    assert canonical({**ENTRIES[0], "after": typed}) == canonical({**ENTRIES[0], "after": spelled})


def test_columns_of_the_database_are_not_sealed() -> None:
    assert canonical({**ENTRIES[0], "transaction_id": 815, "entry_hash": "x", "prev_hash": "y"}).decode() == CANONICAL_1


@pytest.mark.parametrize(
    "value", [0.5, ENTRIES[0]["occurred_at"].replace(tzinfo=None), Decimal("NaN"), b"bytes", {1: "a"}, 2**53, "\ud800"]
)
def test_a_value_with_two_spellings_is_refused(value: object) -> None:
    with pytest.raises(UncanonicalEntry):
        canonical({**ENTRIES[0], "after": {"field": value}})


def test_a_refused_value_is_named_but_not_shown() -> None:
    with pytest.raises(UncanonicalEntry, match=r"after\.score is a float") as refused:
        canonical({**ENTRIES[0], "after": {"score": 0.123}})
    assert "0.123" not in str(refused.value)


def test_a_missing_field_is_named() -> None:
    with pytest.raises(UncanonicalEntry, match="result"):
        canonical({field: value for field, value in ENTRIES[0].items() if field != "result"})


def test_a_digest_proves_a_change_without_showing_the_value() -> None:
    old, new = digest_value("Jean", INDEX_KEY), digest_value("Jeanne", INDEX_KEY)
    assert old != new
    assert old == digest_value("Jean", INDEX_KEY)
    assert old != digest_value("Jean", bytes(32))
    assert len(old["h"]) == 16
    assert set(old) == {"h"}
    assert digest_value(date(1980, 5, 1), INDEX_KEY) == digest_value("1980-05-01", INDEX_KEY)


def test_a_digest_cannot_be_looked_up_in_a_blind_index() -> None:
    index = blind_index(INDEX_KEY, IndexKind.GENERIC, "Jean").hex()
    assert not index.startswith(digest_value("Jean", INDEX_KEY)["h"])


def test_a_digest_carries_the_masked_form_where_there_is_one() -> None:
    assert digest_value("FR7630006000011234567890189", INDEX_KEY, IndexKind.IBAN)["masked"] == "FR76 **** **** 0189"
    assert set(digest_value("Jean", INDEX_KEY, IndexKind.GENERIC)) == {"h"}
    assert set(digest_value(None, INDEX_KEY, IndexKind.EMAIL)) == {"h"}


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [
        (IndexKind.IBAN, "fr76 3000 6000 0112 3456 7890 189", "FR76 **** **** 0189"),
        (IndexKind.IBAN, "FR761234", "****"),
        (IndexKind.EMAIL, "jean.dupont@example.fr", "j***@e***.fr"),
        (IndexKind.EMAIL, "jean", "****"),
        (IndexKind.PHONE, "+33 6 12 34 56 78", "+3******78"),
        (IndexKind.PHONE, "3631", "****"),
        (IndexKind.GENERIC, "Jean", None),
    ],
)
def test_masked_forms(kind: IndexKind, value: str, shown: str | None) -> None:
    assert masked(kind, value) == shown
