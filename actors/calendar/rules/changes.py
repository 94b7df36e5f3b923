"""What an audit entry says in one line of a change."""

from collections.abc import Mapping
from typing import Any


def change_summary(type_: str, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> str | None:
    """`created <type>`, `deleted <type>` or `changed: a, b`; None when nothing differs, which is no entry."""
    if before is None:
        return f"created {type_}"
    if after is None:
        return f"deleted {type_}"
    names = sorted(name for name in {*before, *after} if before.get(name) != after.get(name))
    return f"changed: {', '.join(names)}" if names else None
