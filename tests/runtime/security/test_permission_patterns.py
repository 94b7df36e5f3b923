"""Which codes a pattern grants; numbers are those of the acceptance cases of cross_cutting section 9."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.permission_patterns import Explicit, PermissionSet, explicitness_of, matches

segments = st.text("abcdefghijklmnopqrstuvwxyz0123456789_", min_size=1, max_size=12)
codes = st.tuples(segments, segments, segments).map(":".join)
pattern_segments = st.one_of(segments, st.just("*"))
patterns = st.lists(pattern_segments, min_size=1, max_size=5).map(":".join)


def grants(pattern: str, code: str) -> bool:
    return matches(pattern, code, explicitness_of(code))


@pytest.mark.parametrize(
    ("pattern", "code", "granted"),
    [
        ("*:*:read", "clients:client:read", True),
        ("*:*:read", "clients:client:write", False),
        ("products:*", "products:price:write", True),
        ("*", "identity:audit:export", False),
        ("identity:*", "identity:audit:export", False),
        ("identity:audit:*", "identity:audit:export", True),
        ("identity:organisation:*", "identity:organisation:close", False),
    ],
)
def test_case_10(pattern: str, code: str, granted: bool) -> None:
    assert grants(pattern, code) is granted
    assert PermissionSet([pattern]).allows(code) is granted


@pytest.mark.parametrize(
    ("pattern", "code", "granted"),
    [
        ("*:data_key:*", "payments:data_key:rotate", True),
        ("payments:*", "payments:data_key:rotate", False),
        ("*:*:read", "clients:archive:read", False),
        ("clients:archive", "clients:archive:read", False),
        ("*:audit:export", "identity:audit:export", True),
        ("identity:*:export", "identity:audit:export", False),
        ("*:organisation:close", "identity:organisation:close", True),
        ("identity:*:close", "identity:organisation:close", False),
        ("identity:organisation:*", "identity:organisation:update", True),
        ("*:*", "clients:client:read", True),
        ("*:*:*", "clients:client:read", True),
        ("*:*:*:*", "clients:client:read", False),
        ("clients:client:read:*", "clients:client:read", False),
        ("clients:client", "clients:client:read", False),
        ("clients:cli*", "clients:client:read", False),
        ("", "clients:client:read", False),
        ("*", "clients:client", False),
        ("*", "clients:client:read:more", False),
        ("*", "clients::read", False),
        ("clients:client:read", "clients:client:read\n", False),
    ],
)
def test_a_pattern_grants_exactly_what_it_says(pattern: str, code: str, granted: bool) -> None:
    assert grants(pattern, code) is granted


@pytest.mark.parametrize(
    ("code", "explicit"),
    [
        ("identity:break_glass:activate", Explicit.RESOURCE),
        ("identity:partner_domain:read", Explicit.RESOURCE),
        ("clients:partner:read", Explicit.NONE),
        ("documents:archive:read", Explicit.RESOURCE),
        ("identity:organisation:list_all", Explicit.ACTION),
        ("identity:organisation:read", Explicit.NONE),
        ("clients:organisation:close", Explicit.NONE),
        ("factures:invoice:issue", Explicit.NONE),
    ],
)
def test_sensitive_codes_must_be_spelled_out(code: str, explicit: Explicit) -> None:
    assert explicitness_of(code) is explicit


@given(codes)
def test_every_code_grants_itself(code: str) -> None:
    assert grants(code, code)


@given(codes, patterns)
def test_demanding_more_spelling_never_grants_more(code: str, pattern: str) -> None:
    answers = [matches(pattern, code, explicit) for explicit in (Explicit.NONE, Explicit.RESOURCE, Explicit.ACTION)]
    assert answers == sorted(answers, reverse=True)


@given(st.lists(patterns, max_size=6), codes)
def test_a_set_allows_the_union_of_its_patterns_however_often_it_is_asked(several: list[str], code: str) -> None:
    permissions = PermissionSet(several)
    expected = any(grants(pattern, code) for pattern in several)
    assert [permissions.allows(code), permissions.allows(code)] == [expected, expected]


@given(st.lists(patterns, max_size=6), codes)
def test_another_pattern_never_takes_a_right_away(several: list[str], code: str) -> None:
    if PermissionSet(several).allows(code):
        assert PermissionSet([*several, "clients:client:read"]).allows(code)


def test_sets_of_the_same_patterns_are_equal() -> None:
    one, other = PermissionSet(["clients:*", "*:*:read"]), PermissionSet(iter(["*:*:read", "clients:*"]))
    assert one == other
    assert hash(one) == hash(other)
    assert one != PermissionSet(["clients:*"])
