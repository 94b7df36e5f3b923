"""The code obeys the rules of the house, and each rule catches what it is for."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.architecture import rules

Rule = Callable[[Path, str], Iterator[str]]

EVERYWHERE: list[Rule] = [rules.too_long, rules.clock_reads, rules.float_money, rules.unfinished]

VIOLATIONS: list[tuple[Rule, str]] = [
    (rules.too_long, "def f():\n" + "    x = 1\n" * 61),
    (rules.too_long, "def f():\n    pass\n" + "x = 1\n" * 400),
    (rules.clock_reads, "import datetime\nx = datetime.now()\n"),
    (rules.clock_reads, "x = date.today()\n"),
    (rules.float_money, "net_amount: float = 1\n"),
    (rules.float_money, "def f(price: float): ...\n"),
    (rules.float_money, "x = float(invoice.total)\n"),
    (rules.undocumented_messages, "class CreateThing: ...\n"),
    (rules.unfinished, "x = 1  # TODO later\n"),
]


@pytest.mark.parametrize("rule", EVERYWHERE, ids=lambda rule: rule.__name__)
def test_the_code_obeys(rule: Rule) -> None:
    found = [
        problem for path in rules.source_files() for problem in rule(path.relative_to(rules.ROOT), path.read_text())
    ]
    assert found == []


def test_every_message_says_what_it_promises() -> None:
    found = [
        problem
        for path in rules.source_files()
        if path.relative_to(rules.ROOT).parts[0] == "messages"
        for problem in rules.undocumented_messages(path.relative_to(rules.ROOT), path.read_text())
    ]
    assert found == []


@pytest.mark.parametrize(("rule", "text"), VIOLATIONS)
def test_each_rule_catches_its_violation(rule: Rule, text: str) -> None:
    assert list(rule(Path("x.py"), text))
