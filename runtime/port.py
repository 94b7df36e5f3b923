"""What a unit of work needs of the wire: a way to ask other actors."""

from typing import Protocol, TypeVar
from uuid import UUID

from messages.base import Reply, Request
from runtime.headers import Cause

ReplyType = TypeVar("ReplyType", bound=Reply)


class Asking(Protocol):
    """Sends requests to other actors."""

    async def ask(
        self, request: Request[ReplyType], *, organisation_id: UUID, cause: Cause, timeout_seconds: float | None = None
    ) -> ReplyType:
        """The typed reply; a Problem comes back as `Refused`, a stopped actor as ACTOR_UNAVAILABLE."""
        ...
