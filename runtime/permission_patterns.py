"""Which permission codes a role's patterns grant (cross_cutting 6.4).

A code is `<actor>:<resource>:<action>`. There are no negative patterns, so the order and number of patterns never matter.
"""

import re
from collections.abc import Iterable
from enum import StrEnum

_CODE = re.compile(r"[a-z0-9_]+(?::[a-z0-9_]+){2}")


class Explicit(StrEnum):
    """How much of a code a pattern must spell out before it may match: wildcards never grant the sensitive ones."""

    NONE = "NONE"
    RESOURCE = "RESOURCE"
    ACTION = "ACTION"


_SPELLED_OUT = {Explicit.NONE: (), Explicit.RESOURCE: (1,), Explicit.ACTION: (1, 2)}

_EXPLICIT_RESOURCES_EVERYWHERE = frozenset({"data_key", "archive"})
_EXPLICIT_RESOURCES = frozenset(
    f"identity:{resource}"
    for resource in ("audit", "break_glass", "signing_key", "partner", "partner_status", "partner_domain")
)
_EXPLICIT_ACTIONS = frozenset(
    f"identity:organisation:{action}" for action in ("close", "transfer_ownership", "suspend", "list_all")
)


def explicitness_of(code: str) -> Explicit:
    """How literally a pattern must name this code to grant it."""
    if code in _EXPLICIT_ACTIONS:
        return Explicit.ACTION
    actor_and_resource, _, _ = code.rpartition(":")
    _, _, resource = actor_and_resource.rpartition(":")
    if actor_and_resource in _EXPLICIT_RESOURCES or resource in _EXPLICIT_RESOURCES_EVERYWHERE:
        return Explicit.RESOURCE
    return Explicit.NONE


def matches(pattern: str, code: str, explicit: Explicit = Explicit.NONE) -> bool:
    """Whether the pattern grants the code; `*` stands for one segment, at the end for all the rest (at least one).

    Pass `explicitness_of(code)` to decide a right; the default compares the text only. A malformed code is never granted.
    """
    return _is_code(code) and _segments_match(pattern.split(":"), code.split(":"), explicit)


class PermissionSet:
    """The union of a token's patterns. Answers are remembered: codes come from request classes, so they are few."""

    __slots__ = ("_answers", "_segments", "patterns")

    def __init__(self, patterns: Iterable[str]) -> None:
        self.patterns = tuple(patterns)
        self._segments = tuple(pattern.split(":") for pattern in self.patterns)
        self._answers: dict[str, bool] = {}

    def allows(self, code: str) -> bool:
        """Whether any pattern grants the code, spelled out as far as the code demands."""
        answer = self._answers.get(code)
        if answer is None:
            answer = self._answers[code] = self._decide(code)
        return answer

    def _decide(self, code: str) -> bool:
        if not _is_code(code):
            return False
        explicit, wanted = explicitness_of(code), code.split(":")
        return any(_segments_match(segments, wanted, explicit) for segments in self._segments)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PermissionSet) and set(self.patterns) == set(other.patterns)

    def __hash__(self) -> int:
        return hash(frozenset(self.patterns))

    def __repr__(self) -> str:
        return f"PermissionSet({list(self.patterns)})"


def _is_code(code: str) -> bool:
    return _CODE.fullmatch(code) is not None


def _segments_match(pattern: list[str], code: list[str], explicit: Explicit) -> bool:
    if any(position >= len(pattern) or pattern[position] == "*" for position in _SPELLED_OUT[explicit]):
        return False
    if len(pattern) > len(code):
        return False
    if any(wanted not in ("*", given) for wanted, given in zip(pattern, code, strict=False)):
        return False
    return len(pattern) == len(code) or pattern[-1] == "*"
