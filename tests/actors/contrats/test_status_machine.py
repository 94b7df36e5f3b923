"""The status machine against a model: nothing but the table ever happens, and the end is the end."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from actors.contrats.rules.status import CONTRACT
from messages.contrats import ContractStatus
from messages.problem import Refused

FINAL = {ContractStatus.TERMINATED, ContractStatus.EXPIRED, ContractStatus.CANCELLED, ContractStatus.WITHDRAWN}
TRIGGERS = sorted({trigger for trigger, _ in CONTRACT.table})


class LifeOfAContract(RuleBasedStateMachine):
    """Walks at random through everything people, providers and the clock may do."""

    def __init__(self) -> None:
        super().__init__()
        self.status = ContractStatus.DRAFT
        self.path = [ContractStatus.DRAFT]

    def _take(self, trigger: str, *origins: ContractStatus) -> None:
        """The trigger works from these states and is refused from all others."""
        if self.status in origins:
            self.status = CONTRACT.after(trigger, self.status)
            self.path.append(self.status)
            return
        with pytest.raises(Refused) as refusal:
            CONTRACT.after(trigger, self.status)
        assert refusal.value.code.code == "INVALID_TRANSITION"
        assert refusal.value.details == {"from": self.status.value, "trigger": trigger}

    @rule()
    def the_client_signs(self) -> None:
        self._take("record_signature", ContractStatus.DRAFT)

    @rule()
    def the_proof_is_stored(self) -> None:
        self._take("store_evidence", ContractStatus.AWAITING_SIGNATURE)

    @rule()
    def the_proof_is_lost(self) -> None:
        self._take("give_up_evidence", ContractStatus.AWAITING_SIGNATURE)

    @rule()
    def the_file_goes_before_the_signers(self) -> None:
        self._take("send_for_signature", ContractStatus.DRAFT)

    @rule(ending=st.sampled_from(("recall", "decline", "expire", "fail")))
    def the_signers_do_not_sign(self, ending: str) -> None:
        self._take(f"{ending}_signature", ContractStatus.AWAITING_SIGNATURE)

    @rule()
    def the_seller_cancels(self) -> None:
        self._take("cancel", ContractStatus.DRAFT, ContractStatus.AWAITING_SIGNATURE, ContractStatus.SIGNED)

    @rule()
    def the_provider_activates(self) -> None:
        self._take("activate", ContractStatus.SIGNED)

    @rule()
    def the_service_is_cut(self) -> None:
        self._take("suspend", ContractStatus.ACTIVE)

    @rule()
    def the_service_comes_back(self) -> None:
        self._take("resume", ContractStatus.SUSPENDED)

    @rule()
    def the_client_withdraws(self) -> None:
        self._take("withdraw", ContractStatus.SIGNED, ContractStatus.ACTIVE, ContractStatus.SUSPENDED)

    @rule()
    def the_notice_is_over(self) -> None:
        self._take("terminate", ContractStatus.ACTIVE, ContractStatus.SUSPENDED)

    @rule()
    def the_term_is_over(self) -> None:
        self._take("expire", ContractStatus.ACTIVE, ContractStatus.SUSPENDED)

    @precondition(lambda self: self.status in FINAL)
    @rule()
    def nothing_happens_after_the_end(self) -> None:
        assert not any(CONTRACT.allows(trigger, self.status) for trigger in TRIGGERS)

    @invariant()
    def service_never_runs_without_a_signature(self) -> None:
        if {ContractStatus.ACTIVE, ContractStatus.SUSPENDED} & set(self.path):
            first = next(i for i, status in enumerate(self.path) if status is ContractStatus.ACTIVE)
            assert self.path[first - 1] is ContractStatus.SIGNED
            assert self.path[first - 2] is ContractStatus.AWAITING_SIGNATURE

    @invariant()
    def an_end_comes_once(self) -> None:
        assert sum(status in FINAL for status in self.path) <= 1


TestLifeOfAContract = LifeOfAContract.TestCase
TestLifeOfAContract.settings = settings(max_examples=100, stateful_step_count=30, deadline=None)


def test_every_state_can_be_reached_and_every_open_state_can_end() -> None:
    assert set(CONTRACT.table.values()) | {ContractStatus.DRAFT} == set(ContractStatus)
    for status in set(ContractStatus) - FINAL:
        assert any(origin == status for _, origin in CONTRACT.table)
