"""State machines as tables: one kind of refusal for every illegal transition, in every actor."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Generic, TypeVar

from messages.errors import INVALID_TRANSITION
from messages.problem import Refused

State = TypeVar("State", bound=StrEnum)


class StateMachine(Generic[State]):
    """What may become what. Rows are (trigger, from) -> to; whatever is not in the table is refused."""

    def __init__(self, aggregate: str, table: Mapping[tuple[str, State], State]) -> None:
        self.aggregate = aggregate
        self.table = dict(table)

    def allows(self, trigger: str, state: State) -> bool:
        """Whether the trigger may fire in that state."""
        return (trigger, state) in self.table

    def after(self, trigger: str, state: State) -> State:
        """The state after the trigger, or INVALID_TRANSITION with details.from and details.trigger."""
        found = self.table.get((trigger, state))
        if found is None:
            allowed = sorted({known for known, origin in self.table if origin == state})
            cure = f"possible now: {', '.join(allowed)}" if allowed else "nothing more can happen to it"
            raise Refused(
                INVALID_TRANSITION,
                f"'{trigger}' is not possible for a {self.aggregate} that is {state.value}; {cure}",
                details={"from": state.value, "trigger": trigger},
            )
        return found
