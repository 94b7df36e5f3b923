"""Requests that every actor answers about itself; one class per actor, because a request belongs to one actor."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import AwareDatetime, Field

from messages.base import Access, Reply, Request
from messages.registry import ACTORS


class ChainVerification(Reply):
    """Whether a stretch of an actor's audit trail is unbroken, and where it breaks."""

    valid: bool
    entries_checked: int
    corrupted_entry_id: str | None = None
    reason: str | None = None
    last_seq: int
    last_hash: str


class SnapshotItem(Reply):
    """One aggregate in full, as its events show it, with the version its next event will exceed."""

    version: int
    snapshot: dict[str, Any]


class SnapshotPage(Reply):
    """Aggregates by rising id."""

    items: tuple[SnapshotItem, ...]
    next_cursor: UUID | None = None


def _verify_local_chain(actor: str) -> type[Request[ChainVerification]]:
    namespace: dict[str, Any] = {
        "__module__": f"messages.{actor}",
        "__qualname__": "VerifyLocalChain",
        "__doc__": f"Recompute the audit chain of {actor} and compare it with what is stored and with the chain's head.",
        "__annotations__": {
            "stream": Annotated[str | None, Field(description="the actor's name (writes) or <actor>.access (reads)")],
            "from_seq": Annotated[int, Field(ge=1)],
            "to_seq": Annotated[int | None, Field(ge=1)],
        },
        "stream": None,
        "from_seq": 1,
        "to_seq": None,
    }
    metaclass: Any = type(Request)
    made: type[Request[ChainVerification]] = metaclass(
        "VerifyLocalChain",
        (Request[ChainVerification],),
        namespace,
        query=True,
        audited=True,
        permission="identity:audit:verify",
    )
    return made


def _export_snapshot(actor: str) -> type[Request[SnapshotPage]]:
    namespace: dict[str, Any] = {
        "__module__": f"messages.{actor}",
        "__qualname__": "ExportSnapshot",
        "__doc__": f"Aggregates of {actor} in their present state, for projections older than the stream, or one that is missed.",
        "__annotations__": {
            "aggregate": Annotated[str, Field(description="the first word of its events")],
            "id": Annotated[UUID | None, Field(description="this one only")],
            "updated_since": Annotated[
                AwareDatetime | None, Field(description="changed at or after; owners without such a time ignore it")
            ],
            "limit": Annotated[int, Field(ge=1, le=200)],
            "cursor": UUID | None,
        },
        "id": None,
        "updated_since": None,
        "limit": 100,
        "cursor": None,
    }
    metaclass: Any = type(Request)
    made: type[Request[SnapshotPage]] = metaclass(
        "ExportSnapshot",
        (Request[SnapshotPage],),
        namespace,
        query=True,
        access=Access.INTERNAL,
        internal_callers=tuple(other for other in ACTORS if other != actor),
    )
    return made


EXPORT_SNAPSHOT = {actor: _export_snapshot(actor) for actor in ACTORS}
"""The request class of each actor."""

VERIFY_LOCAL_CHAIN = {actor: _verify_local_chain(actor) for actor in ACTORS}
"""The request class of each actor."""
