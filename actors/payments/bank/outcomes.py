"""What the simulated bank does with each debit: by rule, by the debtor's name, else by a seeded share."""

import hashlib
import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import orjson

_SCRIPTED_NAME = re.compile(r"ISSUE-SEPA-(REJ|RET|REF)-([A-Z0-9]{4})(?:-(\d{1,3}))?")
_OUTCOME = re.compile(r"OK|(REJ|RET|REF)-([A-Z0-9]{4})(?:-(\d{1,3}))?")


@dataclass(frozen=True, slots=True)
class Outcome:
    """Settled (no code), rejected before settlement, or taken back that many TARGET days (RET) or days (REF) after it."""

    kind: str
    code: str | None = None
    days: int = 0


SETTLED = Outcome("OK")


@dataclass(frozen=True, slots=True)
class Rule:
    """An outcome for one debit, mandate or debtor, inside a span of collection dates."""

    outcome: Outcome
    end_to_end_id: str | None = None
    rum: str | None = None
    debtor: str | None = None
    first: date = date.min
    last: date = date.max

    def fits(self, end_to_end_id: str, rum: str, debtor: str, day: date) -> bool:
        """Whether the rule speaks of this debit."""
        if not self.first <= day <= self.last:
            return False
        wanted = ((self.end_to_end_id, end_to_end_id), (self.rum, rum), (self.debtor, debtor))
        return all(value is None or value.casefold() == actual.casefold() for value, actual in wanted)


@dataclass(frozen=True, slots=True)
class Script:
    """The behaviour of the simulated bank. `shares` are fractions of all debits, decided by a hash: repeatable."""

    rules: tuple[Rule, ...] = ()
    shares: tuple[tuple[Outcome, float], ...] = ()
    seed: str = ""

    def outcome(self, end_to_end_id: str, rum: str, debtor: str, day: date) -> Outcome:
        """What happens to one debit."""
        for rule in self.rules:
            if rule.fits(end_to_end_id, rum, debtor, day):
                return rule.outcome
        scripted = _SCRIPTED_NAME.search(debtor.upper())
        if scripted is not None:
            return parse_outcome(scripted[0].removeprefix("ISSUE-SEPA-"))
        return self._by_share(end_to_end_id)

    def _by_share(self, end_to_end_id: str) -> Outcome:
        digest = hashlib.sha256(f"{self.seed}|{end_to_end_id}".encode()).digest()
        position = int.from_bytes(digest[:8], "big") / 2**64
        for outcome, share in self.shares:
            if position < share:
                return outcome
            position -= share
        return SETTLED


def parse_outcome(text: str) -> Outcome:
    """`OK`, `REJ-AM04`, `RET-AM04-2` or `REF-MD06-20`."""
    found = _OUTCOME.fullmatch(text)
    if found is None:
        raise ValueError(f"'{text}' is no outcome; write OK, REJ-AM04, RET-AM04-2 or REF-MD06-20")
    return Outcome(found[1] or "OK", found[2], int(found[3] or 2) if found[1] in ("RET", "REF") else 0)


def read_script(path: Path | None) -> Script:
    """The script of a JSON file: {"seed": "s", "shares": {"REJ-AM04": 0.05}, "rules": [{"rum": "R", "outcome": "REJ-AM04"}]}."""
    if path is None:
        return Script()
    content: dict[str, Any] = orjson.loads(path.read_bytes())
    rules = tuple(
        Rule(
            parse_outcome(rule["outcome"]),
            rule.get("end_to_end_id"),
            rule.get("rum"),
            rule.get("debtor"),
            date.fromisoformat(rule["from"]) if "from" in rule else date.min,
            date.fromisoformat(rule["to"]) if "to" in rule else date.max,
        )
        for rule in content.get("rules", ())
    )
    shares = tuple((parse_outcome(text), float(share)) for text, share in content.get("shares", {}).items())
    return Script(rules, shares, content.get("seed", ""))
