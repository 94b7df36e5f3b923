"""Pay, reject, return, refund, dispute, win, lose sight and retry in any order: the books stay right after every step."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from actors.payments.rules import ledger
from actors.payments.rules.machines import INSTALMENT, PAYMENT
from actors.payments.rules.outcomes import (
    NOTHING,
    SETTLED,
    InstalmentState,
    InvoiceState,
    PaymentState,
    reinstate,
    reject,
    settle,
    take_back,
    withdraw,
)
from actors.payments.rules.refunding import REFUNDABLE, give_back, refundable
from actors.payments.rules.retrying import Debtor, eligibility
from messages.payments import InstalmentStatus, PaymentStatus, RetryEligibility, RetryTerms
from messages.problem import Refused
from messages.values.identifiers import new_id

GROSS = Decimal("100.00")
DAY = date(2026, 11, 24)
CLIENT = new_id()
LIVE = frozenset(
    {PaymentStatus.PENDING, PaymentStatus.SUBMITTED, PaymentStatus.REQUIRES_ACTION, PaymentStatus.UNCERTAIN}
)
PRESENTABLE = (InstalmentStatus.PLANNED, InstalmentStatus.FAILED, InstalmentStatus.PARTIALLY_PAID)
CENTS = st.integers(1, 10_000).map(lambda cents: Decimal(cents) / 100)


@dataclass
class Story:
    """A payment, what it settles, and what was posted for it."""

    state: PaymentState
    emission: bool
    id: UUID = field(default_factory=new_id)
    return_id: UUID | None = None


class Books(RuleBasedStateMachine):
    """One invoice of 100.00, its instalment, and payments of it in every state."""

    def __init__(self) -> None:
        super().__init__()
        self.invoice = InvoiceState(GROSS)
        self.instalment = InstalmentState(GROSS, InstalmentStatus.PLANNED)
        self.stories: list[Story] = []
        self.entries = [ledger.invoice_issued(new_id(), "F1", DAY, CLIENT, GROSS, Decimal("16.67"), ())]
        self.keys = {self.entries[0].key}

    def _post(self, entry: ledger.Entry) -> None:
        assert entry.key not in self.keys, "a fact is posted once"
        self.keys.add(entry.key)
        self.entries.append(entry)

    def _pick(self, number: int, *states: PaymentStatus) -> Story | None:
        found = [story for story in self.stories if story.state.status in states]
        return found[number % len(found)] if found else None

    @precondition(lambda self: self.instalment.status in PRESENTABLE)
    @rule()
    def present(self) -> None:
        if any(story.emission and story.state.status in LIVE for story in self.stories) or not self.instalment.open:
            return
        self.instalment.status = INSTALMENT.after("present", self.instalment.status)
        self.stories.append(Story(PaymentState(self.instalment.open, PaymentStatus.PENDING), emission=True))

    @rule(amount=CENTS)
    def pay_oneself(self, amount: Decimal) -> None:
        """By card in the portal, for any amount, also while a debit is under way."""
        self.stories.append(Story(PaymentState(amount, PaymentStatus.PENDING), emission=False))

    @rule(number=st.integers(0, 9), trigger=st.sampled_from(["submit", "ask for action", "lose sight", "order again"]))
    def go_on(self, number: int, trigger: str) -> None:
        story = self._pick(number, *LIVE)
        if story is None:
            return
        if PAYMENT.allows(trigger, story.state.status):
            story.state.status = PAYMENT.after(trigger, story.state.status)
            return
        with pytest.raises(Refused) as refusal:
            PAYMENT.after(trigger, story.state.status)
        assert refusal.value.code.code == "INVALID_TRANSITION"

    @rule(number=st.integers(0, 9))
    def settle(self, number: int) -> None:
        story = self._pick(number, PaymentStatus.SUBMITTED)
        if story is not None:
            settle(story.state, self.instalment, self.invoice)
            self._post(ledger.debit_collected(story.id, "PAY", DAY, CLIENT, story.state.amount))

    @rule(number=st.integers(0, 9), technical=st.booleans())
    def reject(self, number: int, technical: bool) -> None:
        story = self._pick(number, PaymentStatus.SUBMITTED)
        if story is not None:
            reject(story.state, self.instalment if story.emission else None, technical=technical)

    @rule(number=st.integers(0, 9), trigger=st.sampled_from(["cancel", "fail"]))
    def give_up(self, number: int, trigger: str) -> None:
        story = self._pick(number, *LIVE)
        if story is not None and PAYMENT.allows(trigger, story.state.status):
            withdraw(story.state, self.instalment if story.emission else None, trigger)

    @rule(number=st.integers(0, 9))
    def take_back(self, number: int) -> None:
        story = self._pick(number, *SETTLED)
        if story is not None:
            allocated = [(self.invoice, story.state.allocated)] if story.state.allocated else []
            take_back(story.state, self.instalment, allocated)
            story.return_id = new_id()
            self._post(ledger.debit_returned(story.return_id, "PAY", DAY, CLIENT, story.state.amount, "AM04"))

    @rule(number=st.integers(0, 9))
    def win(self, number: int) -> None:
        story = self._pick(number, PaymentStatus.RETURNED)
        if story is not None and story.return_id is not None:
            reinstate(story.state, self.instalment, self.invoice)
            self._post(ledger.return_undone(story.return_id, "PAY", DAY, CLIENT, story.state.amount, "517300"))

    @rule(number=st.integers(0, 9), amount=CENTS)
    def refund(self, number: int, amount: Decimal) -> None:
        story = self._pick(number, *REFUNDABLE)
        if story is None or (left := refundable(story.state)) <= 0:
            return
        wanted = min(amount, left)
        give_back(story.state, wanted, [(self.invoice, story.state.allocated)])
        self._post(ledger.refund_paid(new_id(), "PAY", DAY, CLIENT, wanted, "517300"))

    @invariant()
    def the_ledger_balances_and_the_clients_account_is_what_he_owes(self) -> None:
        lines = [line for entry in self.entries for line in entry.lines]
        assert sum((line.debit - line.credit for line in lines), NOTHING) == 0
        owed = sum((line.debit - line.credit for line in lines if line.account == ledger.Account.CLIENTS), NOTHING)
        credit = sum((story.state.unallocated for story in self.stories), NOTHING)
        twice = sum((story.state.over_refund for story in self.stories), NOTHING)
        assert owed == self.invoice.open - credit + twice

    @invariant()
    def no_instalment_is_paid_twice(self) -> None:
        assert 0 <= self.instalment.paid <= self.instalment.amount
        assert self.instalment.paid == sum((story.state.instalment_amount for story in self.stories), NOTHING)
        assert sum(story.emission and story.state.status in LIVE for story in self.stories) <= 1

    @invariant()
    def allocations_never_exceed_the_payment_or_the_invoice(self) -> None:
        for state in (story.state for story in self.stories):
            assert 0 <= state.allocated <= max(NOTHING, state.amount - state.refunded - state.charged_back)
            assert 0 <= state.charged_back <= state.amount
        assert self.invoice.allocated == sum((story.state.allocated for story in self.stories), NOTHING)
        assert 0 <= self.invoice.allocated <= self.invoice.due

    @invariant()
    def the_state_says_what_the_amounts_say(self) -> None:
        for state in (story.state for story in self.stories):
            if state.status in SETTLED:
                whole, part = state.refunded == state.amount, 0 < state.refunded < state.amount
                expected = PaymentStatus.REFUNDED if whole else PaymentStatus.PARTIALLY_REFUNDED if part else None
                assert state.status is (expected or PaymentStatus.PAID)
            assert (state.charged_back > 0) is (state.status is PaymentStatus.RETURNED)

    @invariant()
    def dunning_follows_from_what_is_open_and_known(self) -> None:
        paid = self.instalment.paid == self.instalment.amount
        assert (self.instalment.status is InstalmentStatus.PAID) is paid
        if self.instalment.status is InstalmentStatus.FAILED:
            assert self.instalment.open > 0
        uncertain = [s for s in self.stories if s.emission and s.state.status is PaymentStatus.UNCERTAIN]
        if uncertain and self.instalment.paid == 0:
            known = any(story.state.status is PaymentStatus.RETURNED for story in self.stories)
            assert self.instalment.status is InstalmentStatus.IN_COLLECTION or known, "nobody is dunned for the unknown"
        debtor = Debtor(self.instalment.open, client_blocked=False, contract_ended=False, mandate_usable=True)
        settled = eligibility(RetryTerms(), "AM04", 0, debtor) is RetryEligibility.NOT_ELIGIBLE_PAYMENT_SETTLED
        assert settled is (self.instalment.open <= 0)


TestBooks = Books.TestCase
TestBooks.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
