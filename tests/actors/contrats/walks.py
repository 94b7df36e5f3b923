"""Random lives on the running actor: each step is a real request, fact or tick, and after each the whole record must agree."""

import asyncio
from collections import Counter
from collections.abc import Coroutine
from copy import copy
from datetime import date, timedelta
from typing import Any, ClassVar, TypeVar

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, run_state_machine_as_test

from actors.contrats.rules.operation_steps import OPEN
from actors.contrats.rules.status import CONTRACT
from messages.base import Request
from messages.contrats import (
    Contract,
    ContractOperation,
    ContractStatus,
    ListOperations,
    OperationKind,
    OperationStatus,
)
from messages.problem import Refused
from tests.actors.contrats.builders import Sale, at

Answer = TypeVar("Answer")
Event = tuple[str, dict[str, Any]]
FACT_OF = {
    "activate": "contract.activated",
    "suspend": "contract.suspended",
    "resume": "contract.resumed",
    "terminate": "contract.terminated",
    "expire": "contract.expired",
    "withdraw": "contract.withdrawn",
    "cancel": "contract.cancelled",
    "store_evidence": "contract.signed",
}
"""What the specification says each transition states."""


class Walk(RuleBasedStateMachine):
    """One contract in force since 1 April 2026; time only goes forward."""

    sold: ClassVar[Sale]
    loop: ClassVar[asyncio.AbstractEventLoop]
    terms: ClassVar[dict[str, Any]] = {}

    def __init__(self) -> None:
        super().__init__()
        self.day = date(2026, 4, 1)
        self.sale = copy(self.sold)
        self.do(self.begin())
        self.contract: Contract
        self.operations: tuple[ContractOperation, ...]
        self.events: list[Event]
        self.look()

    async def begin(self) -> None:
        """Where the life begins."""
        await self.sale.in_force(terms=self.terms)

    def do(self, steps: Coroutine[Any, Any, Answer]) -> Answer:
        """Take asynchronous steps from Hypothesis' own thread."""
        return asyncio.run_coroutine_threadsafe(steps, self.loop).result(60)

    def call(self, request: Request[Answer]) -> Answer:
        """Ask, and see everything that comes of it."""

        async def ask() -> Answer:
            answer = await self.sale.tenant.client.call(request)
            await self.sale.running.settled()
            return answer

        try:
            return self.do(ask())
        finally:
            self.look()

    def refusal(self, request: Request[Any]) -> str | None:
        """The code of the refusal, or None; what is refused changes nothing and is told to nobody."""
        version, told = self.contract.version, len(self.events)
        try:
            self.call(request)
        except Refused as refused:
            assert (self.contract.version, len(self.events)) == (version, told)
            return refused.code.code
        return None

    def at(self, day: date) -> None:
        """It is that day, and its clock has run."""
        self.day = day
        self.do(self.sale.day(day))
        self.sale.at(at(day))
        self.look()

    def days_pass(self, days: int) -> None:
        """So many days later; the clock of the days between was missed."""
        self.at(self.day + timedelta(days=days))

    def look(self) -> None:
        """Read what there is to see."""
        self.contract = self.do(self.sale.contract(with_details=True))
        page = self.do(self.sale.tenant.client.call(ListOperations(contract_id=self.sale.contract_id, limit=100)))
        self.operations = page.items
        found = self.do(self.sale.running.events("contract.*", self.sale.tenant.id))
        own = str(self.sale.contract_id)
        self.events = [(head["ce-type"], body) for head, body in found if body.get("contract_id") == own]

    def told(self, type_: str) -> list[dict[str, Any]]:
        """The facts of one type."""
        return [body for told, body in self.events if told == type_]

    @property
    def is_busy(self) -> bool:
        """Whether an operation waits or runs."""
        return any(operation.status in OPEN for operation in self.operations)

    @invariant()
    def each_transition_is_of_the_table_and_told(self) -> None:
        """The history is one legal path to the present, and each step stated its fact."""
        path = list(reversed(self.contract.history))
        status = ContractStatus.DRAFT
        for step in path:
            assert (step.from_status, step.to_status) == (status, CONTRACT.after(step.operation, status))
            status = step.to_status
        assert status == self.contract.status
        changes = [(body["from"], body["to"]) for body in self.told("contract.status_changed")]
        assert changes == [(step.from_status, step.to_status) for step in path]
        taken = Counter(FACT_OF[step.operation] for step in path if step.operation in FACT_OF)
        assert taken == Counter(type_ for type_, _ in self.events if type_ in FACT_OF.values())
        assert (self.contract.suspended_at is not None) is (self.contract.status is ContractStatus.SUSPENDED)

    @invariant()
    def each_operation_ends_once_and_is_told(self) -> None:
        """One at a time; a failure is told once, and nothing else is told as one."""
        assert sum(operation.status is OperationStatus.RUNNING for operation in self.operations) <= 1
        failed = sorted(str(row.id) for row in self.operations if row.status is OperationStatus.FAILED)
        assert sorted(body["operation_id"] for body in self.told("contract.operation_failed")) == failed
        asked = {body["operation_id"] for body in self.told("contract.provisioning_requested")}
        for operation in self.operations:
            assert (operation.finished_at is None) is (operation.status in OPEN)
            by_port = operation.operation is OperationKind.PORT_IN  # port_in_requested asks for it
            assert by_port or str(operation.id) in asked or operation.status is not OperationStatus.RUNNING


async def walk(machine: type[Walk], sale: Sale, *, lives: int, steps: int) -> None:
    """Let Hypothesis lead so many lives of so many steps, the same ones every time; nothing is shrunk, that takes too long."""
    machine.sold, machine.loop = sale, asyncio.get_running_loop()
    found = settings(
        max_examples=lives, stateful_step_count=steps, deadline=None, derandomize=True, database=None,
        suppress_health_check=list(HealthCheck), phases=(Phase.generate,),
    )  # fmt: skip
    await asyncio.to_thread(run_state_machine_as_test, machine, settings=found)
