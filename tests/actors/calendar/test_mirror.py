"""calendar: the mirror of a debit, whatever payments states in whatever order."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from actors.calendar.rules.book import after
from messages.calendar.terms import PlannedDebitStatus as S

FACTS = (
    "batched", "submitted", "received", "rejected", "returned", "cancelled_before_submission", "cancelled", "given_up",
)  # fmt: skip
FORWARD = {
    S.PLANNED: {S.CONFIRMED, S.PROCESSING, S.EXECUTED, S.FAILED, S.CANCELLED},
    S.CONFIRMED: {S.PLANNED, S.PROCESSING, S.EXECUTED, S.FAILED},
    S.PROCESSING: {S.EXECUTED, S.FAILED, S.CANCELLED},
    S.EXECUTED: {S.FAILED},
    S.FAILED: set(),
    S.CANCELLED: set(),
}


class Mirror(RuleBasedStateMachine):
    """A debit that hears facts; money that came goes away only by a return, and an end is an end."""

    @initialize()
    def planned(self) -> None:
        self.status, self.heard = S.PLANNED, list[str]()

    @rule(fact=st.sampled_from(FACTS))
    def hear(self, fact: str) -> None:
        status = after(fact, self.status)
        if status is None:
            return
        assert status in FORWARD[self.status]
        assert fact == "returned" or self.status is not S.EXECUTED
        self.status = status
        self.heard.append(fact)

    @rule(fact=st.sampled_from(FACTS))
    def hear_twice(self, fact: str) -> None:
        """A fact that is delivered twice changes nothing the second time."""
        self.hear(fact)
        if self.heard and self.heard[-1] == fact:
            assert after(fact, self.status) is None

    @invariant()
    def the_money_is_where_the_last_fact_says(self) -> None:
        if self.status is S.EXECUTED:
            assert self.heard[-1] == "received"
        if self.status is S.FAILED:
            assert self.heard[-1] in ("rejected", "returned")
        if self.status is S.CANCELLED:
            assert self.heard[-1] in ("cancelled", "given_up")
            assert "received" not in self.heard


Mirror.TestCase.settings = settings(max_examples=150, stateful_step_count=20, deadline=None)
TestMirror = Mirror.TestCase


def test_each_state_can_be_reached_and_left_as_the_table_says() -> None:
    found = {state: {after(fact, state) for fact in FACTS} - {None} for state in S}
    assert found == FORWARD
