"""products: whatever is tried in whatever order, each life stays inside its table, and each step is stated."""

from enum import StrEnum
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from actors.products.rules.documents import DOCUMENT
from actors.products.rules.lifecycle import PRODUCT, PUBLICATION
from actors.products.rules.promotions import PROMOTION
from actors.products.rules.versions import VERSION
from messages.problem import Refused
from messages.products.catalogue import Lifecycle, TransitionProduct
from messages.products.documents import ProductDocumentStatus
from messages.products.promotions import PromotionStatus
from messages.products.publications import PublicationState
from messages.products.versions import VersionState
from messages.transitions import StateMachine
from tests.actors.products.test_catalogue import MARCH_10, box
from tests.harness import Running, Tenant

TRIGGERS = sorted(
    {trigger for machine in (PRODUCT, PUBLICATION, PROMOTION, VERSION, DOCUMENT) for trigger, _ in machine.table}
    | {"explode"}
)


def life(machine: StateMachine[Any], start: StrEnum, ends: frozenset[StrEnum], goes_back: frozenset[StrEnum]) -> Any:
    """A random life: what ended stays ended; a state left behind comes back only where the business goes back."""

    class Life(RuleBasedStateMachine):
        @initialize()
        def begin(self) -> None:
            self.state, self.past = start, {start}

        @rule(trigger=st.sampled_from(TRIGGERS))
        def attempt(self, trigger: str) -> None:
            try:
                after = machine.after(trigger, self.state)
            except Refused as refused:
                assert refused.code.code == "INVALID_TRANSITION"
                assert not machine.allows(trigger, self.state)
                return
            assert self.state not in ends
            assert after not in self.past or after in goes_back
            self.past.add(after)
            self.state = after

        @invariant()
        def an_end_offers_nothing(self) -> None:
            has_exit = any(machine.allows(trigger, self.state) for trigger in TRIGGERS)
            assert has_exit is (self.state not in ends)

    Life.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
    return Life.TestCase


TestProduct = life(
    PRODUCT,
    Lifecycle.DRAFT,
    frozenset({Lifecycle.RETIRED}),
    frozenset({Lifecycle.DRAFT, Lifecycle.TEST, Lifecycle.ACTIVE, Lifecycle.FROZEN}),
)
TestPublication = life(
    PUBLICATION,
    PublicationState.SCHEDULED,
    frozenset({PublicationState.ENDED, PublicationState.WITHDRAWN}),
    frozenset(),
)
TestVersion = life(
    VERSION, VersionState.DRAFT, frozenset({VersionState.SUPERSEDED, VersionState.CANCELLED}), frozenset()
)
TestDocument = life(DOCUMENT, ProductDocumentStatus.DRAFT, frozenset({ProductDocumentStatus.ARCHIVED}), frozenset())
TestPromotion = life(
    PROMOTION, PromotionStatus.DRAFT, frozenset({PromotionStatus.ENDED, PromotionStatus.CANCELLED}), frozenset()
)

WAYS: dict[Lifecycle, tuple[Lifecycle, ...]] = {
    Lifecycle.DRAFT: (),
    Lifecycle.TEST: (Lifecycle.TEST,),
    Lifecycle.ACTIVE: (Lifecycle.ACTIVE,),
    Lifecycle.FROZEN: (Lifecycle.ACTIVE, Lifecycle.FROZEN),
    Lifecycle.RETIRED: (Lifecycle.RETIRED,),
}


@pytest.mark.parametrize("origin", list(Lifecycle))
async def test_every_step_of_a_product_is_stated_and_every_other_one_refused(
    running: Running, tenant: Tenant, origin: Lifecycle
) -> None:
    tenant.client.now = MARCH_10
    for number, target in enumerate(Lifecycle):
        product = await tenant.client.call(box(f"P-{number}"))

        async def go(to: Lifecycle, product: Any = product) -> None:
            await tenant.client.call(TransitionProduct(product_id=product.product_id, to=to, reason="essai"))

        for step in WAYS[origin]:
            await go(step)
        if PRODUCT.allows(target.value, origin):
            await go(target)
        else:
            with pytest.raises(Refused, match="INVALID_TRANSITION"):
                await go(target)
    await running.settled()
    bodies = [body for _, body in await running.events("product.lifecycle_changed", tenant.id)]
    last = [(body["from"], body["to"]) for body in bodies]
    expected = [(origin.value, target.value) for target in Lifecycle if PRODUCT.allows(target.value, origin)]
    assert all(last.count(step) >= 1 for step in expected)
    assert len(last) == len(Lifecycle) * len(WAYS[origin]) + len(expected)
