"""The committed folder `contracts/` says what the code says, and no change of it breaks callers or readers unnoticed."""

from pathlib import Path
from typing import Any

import pytest

from messages.registry import ACTORS
from runtime.command_line.export import accepted_breaks, contracts, read_contracts, unaccepted_breaks
from runtime.system import discover

COMMITTED = Path(__file__).parents[2] / "contracts"
CURE = "run 'crm schema export contracts' and commit the result"


@pytest.fixture(scope="module")
def fresh() -> dict[str, Any]:
    """What the code promises now."""
    return contracts(discover())


def test_no_promise_is_broken_without_a_new_version(fresh: dict[str, Any]) -> None:
    broken = unaccepted_breaks(COMMITTED, fresh)
    assert not broken, "keep the old message, raise the event's version, or accept the break:\n" + "\n".join(broken)


def test_the_committed_contracts_are_those_of_the_code(fresh: dict[str, Any]) -> None:
    committed = read_contracts(COMMITTED)
    assert committed, f"{COMMITTED} holds no contracts; {CURE}"
    outdated = sorted(name for name in committed.keys() | fresh.keys() if committed.get(name) != fresh.get(name))
    assert not outdated, f"{', '.join(outdated)} no longer say what the code says; {CURE}"


def test_every_actor_has_its_contract() -> None:
    committed = read_contracts(COMMITTED)
    expected = {f"{folder}/{actor}.json" for folder in ("schemas", "asyncapi") for actor in ACTORS}
    expected |= {"openapi.json"}
    assert expected <= committed.keys(), f"contracts are missing; {CURE}"


def test_an_accepted_break_has_a_date_and_a_reason() -> None:
    assert all(entry.on and entry.because for entry in accepted_breaks(COMMITTED))
