"""The feed of sealed audit entries, `crm.audit.<actor>`: what a sealer publishes and the central copy reads (cross_cutting 6.6)."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
import structlog

from messages.base import NIL_ORGANISATION
from messages.values.identifiers import new_id
from runtime import headers
from runtime.audit_chain import SEALED_FIELDS, canonical
from runtime.caller import system
from runtime.headers import Cause
from runtime.heart import Heart
from runtime.mailbox import Delivery, FencedError, Mailbox
from runtime.reactions import is_transient
from runtime.unit_of_work import UnitOfWork
from storage.shared.outgoing import Outgoing

log = structlog.get_logger()

_LARGEST_PART = 256 * 1024
_FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 10.0


@dataclass(frozen=True, slots=True)
class SealedPart:
    """Consecutive entries of one chain; each has the fields its hash covers, `prev_hash` and `entry_hash`."""

    organisation_id: UUID
    stream: str
    entries: Sequence[Mapping[str, Any]]


Keep = Callable[[SealedPart, UnitOfWork], Awaitable[None]]


def parts_of(organisation_id: UUID, stream: str, entries: Sequence[Mapping[str, Any]]) -> Iterator[bytes]:
    """The bodies that carry these sealed entries, each small enough for one message."""
    head = orjson.dumps({"organisation_id": str(organisation_id), "stream": stream})[:-1] + b',"entries":['
    waiting: list[bytes] = []
    size = 0
    for entry in entries:
        hashes = orjson.dumps({"prev_hash": entry["prev_hash"], "entry_hash": entry["entry_hash"]})
        written = canonical(entry)[:-1] + b"," + hashes[1:]
        if waiting and size + len(written) > _LARGEST_PART:
            yield head + b",".join(waiting) + b"]}"
            waiting, size = [], 0
        waiting.append(written)
        size += len(written) + 1
    if waiting:
        yield head + b",".join(waiting) + b"]}"


class AuditFeed:
    """Keeps what all sealers publish, once and in order: a batch commits together with the position."""

    def __init__(self, heart: Heart, keep: Keep) -> None:
        self._heart = heart
        self._keep = keep
        self.mailbox = Mailbox(heart, "AUDIT", "CRM_AUDIT", self.apply)

    async def apply(self, batch: list[Delivery], before: int) -> None:
        """Tried until it succeeds: an entry that cannot be kept stops the copy, and health says so."""
        pause = _FIRST_PAUSE
        while True:
            try:
                await self._together(batch, before)
                self._heart.trouble("mailbox AUDIT", None)
                return
            except FencedError:
                raise
            except Exception as error:
                if not is_transient(error):
                    raise
                self._heart.trouble("mailbox AUDIT", repr(error))
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)

    async def _together(self, batch: list[Delivery], before: int) -> None:
        outgoing = Outgoing()
        async with self._heart.database.transaction(NIL_ORGANISATION) as connection:
            for delivery in batch:
                part = _part_of(delivery)
                if part is None:
                    self._heart.metrics.forged.inc()
                    log.error("audit.forged", subject=delivery.subject, sequence=delivery.sequence)
                    continue
                message_id = delivery.headers.get(headers.MESSAGE_ID, str(new_id()))
                cause = Cause(message_id, message_id)
                caller = system(self._heart.actor.name)
                work = self._heart.unit(connection, NIL_ORGANISATION, caller, delivery.stored_at, cause, outgoing)
                await work.for_organisation(part.organisation_id)
                await self._keep(part, work)
            await self.mailbox.move(connection, before, batch[-1].sequence)
            await outgoing.write(connection, relay_is_here=self._heart.relay_is_here)
        self._heart.committed(outgoing)


def _part_of(delivery: Delivery) -> SealedPart | None:
    """None for what no sealer sends, such as entries of another actor's chain: NATS lets an actor publish under its name only."""
    try:
        found = orjson.loads(delivery.body)
        part = SealedPart(UUID(found["organisation_id"]), found["stream"], found["entries"])
        complete = all({*SEALED_FIELDS, "prev_hash", "entry_hash"} <= entry.keys() for entry in part.entries)
        own = f"crm.audit.{part.stream.removesuffix('.access')}" == delivery.subject
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return part if complete and own else None
