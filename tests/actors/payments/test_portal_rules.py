"""payments: the portal's pure rules, and every way through the life of a link."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from stdnum import iso11649

from actors.payments.portal.rules import (
    OPEN,
    PORTAL_SESSION,
    completion_rate,
    conversion_rate,
    creditor_reference,
    refusal_of,
    token_hash,
    token_is_well_formed,
    token_of,
)
from messages.payments.portal_vocabulary import PortalSessionStatus
from messages.problem import Refused

NOW = datetime(2026, 4, 20, 8, tzinfo=UTC)
S = PortalSessionStatus


def test_case_26_token_and_hash() -> None:
    token = token_of(bytes(range(32)))
    assert token == "v1.AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
    assert token_hash(token).hex() == "ca5e64a63c7c9255f3597430bec6aa60372c3a8710bb4d4ded2d7e5b3a0215a5"
    assert token_is_well_formed(token)


@pytest.mark.parametrize(
    "token", ["v2." + "x" * 43, "v1.short", "v1." + "x" * 20 + "." + "x" * 22, "", "x" * 46, "v1." + "é" * 43]
)
def test_case_26_anything_else_is_malformed(token: str) -> None:
    assert not token_is_well_formed(token)


@given(st.binary(min_size=32, max_size=32))
@settings(max_examples=30)
def test_every_token_is_well_formed(secret: bytes) -> None:
    assert token_is_well_formed(token_of(secret))


def test_case_26_a_link_opens_until_its_last_second_and_revoked_goes_before_expired() -> None:
    assert refusal_of(S.ACTIVE, NOW, NOW) is None
    late = NOW + timedelta(seconds=1)
    expected = {S.ACTIVE: "SESSION_EXPIRED", S.EXPIRED: "SESSION_EXPIRED", S.CANCELLED: "SESSION_REVOKED"}
    for status, code in expected.items():
        found = refusal_of(status, NOW, late)
        assert found is not None and found.code == code
    for status in (S.COMPLETED, S.FAILED):
        found = refusal_of(status, NOW, NOW)
        assert found is not None and found.code == "SESSION_TERMINAL"


def test_case_26_stats() -> None:
    counts = {S.COMPLETED: 3, S.FAILED: 1, S.REDIRECTED: 2, S.ACTIVE: 4}
    assert (conversion_rate(counts), completion_rate(counts)) == (Decimal("50.00"), Decimal("30.00"))
    assert (conversion_rate({}), completion_rate({})) == (None, None)


@given(st.text(alphabet="ABCdef0123456789-/ ", min_size=1, max_size=40).filter(lambda text: text.strip("-/ ")))
@settings(max_examples=15)
def test_a_creditor_reference_passes_iso_11649(text: str) -> None:
    assert iso11649.is_valid(creditor_reference(text))


class LinkLife(RuleBasedStateMachine):
    """Whatever is tried in whatever order: nothing leads out of an end, nothing leads back to CREATED."""

    def __init__(self) -> None:
        super().__init__()
        self.status = S.CREATED
        self.ended = False

    @rule(trigger=st.sampled_from(sorted({trigger for trigger, _ in PORTAL_SESSION.table})))
    def attempt(self, trigger: str) -> None:
        before = self.status
        try:
            self.status = PORTAL_SESSION.after(trigger, before)
        except Refused as refused:
            assert refused.code.code == "INVALID_TRANSITION"
            return
        assert before in OPEN and not self.ended
        assert self.status is not S.CREATED
        self.ended = self.status not in OPEN

    @invariant()
    def an_end_stays(self) -> None:
        assert self.ended == (self.status not in OPEN)


LinkLife.TestCase.settings = settings(max_examples=10, stateful_step_count=10)
TestLinkLife = LinkLife.TestCase
