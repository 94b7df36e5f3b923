"""Stateful tests that send real requests to running actors: hypothesis chooses the steps, the model says what must come of each."""

import asyncio
from collections import defaultdict
from collections.abc import Coroutine, Sequence
from datetime import UTC, date, datetime
from typing import Any, ClassVar, TypeVar
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from messages.base import Reply, Request
from messages.problem import Refused
from tests.harness import Running, Tenant

ReplyType = TypeVar("ReplyType", bound=Reply)
Answer = TypeVar("Answer")


class DrivenLife(RuleBasedStateMachine):
    """A model beside the actor: each rule sends a request and says whether it is refused and which event follows."""

    running: ClassVar[Running]
    tenant: ClassVar[Tenant]
    loop: ClassVar[asyncio.AbstractEventLoop]
    expected: ClassVar[dict[UUID, list[str]]]
    serial: ClassVar[int]

    def wait(self, work: Coroutine[Any, Any, Answer]) -> Answer:
        """Do something on the loop of the system under test."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(30)

    def ask(self, request: Request[ReplyType]) -> ReplyType:
        """The reply of a request that must be answered."""
        return self.wait(self.tenant.client.call(request))

    def refuse(self, request: Request[Any], code: str) -> None:
        """A request that must be refused with that code."""
        with pytest.raises(Refused, match=code):
            self.ask(request)

    def says(self, aggregate_id: UUID, *facts: str) -> None:
        """The events that the last step must have stated of an aggregate, in order."""
        self.expected.setdefault(aggregate_id, []).extend(facts)

    def number(self) -> int:
        """A number that no other example used."""
        type(self).serial += 1
        return self.serial

    def instant(self, day: date, *, hour: int) -> datetime:
        """An instant that no other example used: the clock states each one once."""
        minutes, seconds = divmod(self.number(), 60)
        return datetime(day.year, day.month, day.day, hour, minutes, seconds, tzinfo=UTC)

    def tick(self, kind: str, as_of: datetime) -> None:
        """Let simulated time reach an instant."""
        self.wait(self.running.tick(kind, as_of))


async def drive(
    life: type[DrivenLife],
    running: Running,
    tenant: Tenant,
    facts: Sequence[str],
    *,
    examples: int = 8,
    steps: int = 14,
) -> None:
    """Run the model, then compare what every aggregate it made has stated with what it should have stated."""
    life.running, life.tenant, life.loop = running, tenant, asyncio.get_running_loop()
    life.expected, life.serial = {}, 0
    chosen = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    await asyncio.to_thread(run_state_machine_as_test, life, settings=chosen)
    await running.settled()
    stated: dict[UUID, list[tuple[int, int, str]]] = defaultdict(list)
    for fact in facts:
        for position, (found, _) in enumerate(await running.events(fact, tenant.id)):
            version = int(found["ce-crmversion"])
            stated[UUID(found["ce-subject"])].append((version, position, fact))
    assert life.expected, "no step was taken"
    for aggregate_id, wanted in life.expected.items():
        found = [fact for _, _, fact in sorted(stated[aggregate_id])]
        assert found == wanted, f"{aggregate_id} stated {found}, not {wanted}"
