"""Requests that every actor answers about itself; one class per actor, because a request belongs to one actor."""

from typing import Annotated, Any

from pydantic import Field

from messages.base import Reply, Request
from messages.registry import ACTORS


class ChainVerification(Reply):
    """Whether a stretch of an actor's audit trail is unbroken, and where it breaks."""

    valid: bool
    entries_checked: int
    corrupted_entry_id: str | None = None
    reason: str | None = None
    last_seq: int
    last_hash: str


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


VERIFY_LOCAL_CHAIN = {actor: _verify_local_chain(actor) for actor in ACTORS}
"""The request class of each actor."""
