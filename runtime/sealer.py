"""Chains the audit entries every second, behind the writers' backs, so that they never queue for one another."""

import asyncio
from typing import Any

import asyncpg
import structlog

from messages.base import NIL_ORGANISATION
from messages.values.identifiers import new_id
from runtime import clock, headers
from runtime.audit_chain import GENESIS, entry_hash
from runtime.audit_feed import parts_of
from runtime.heart import Heart
from runtime.leadership import leadership
from storage.shared.outgoing import WAKE_RELAY

log = structlog.get_logger()

_BATCH = 1000
_SCAN_EVERY = 5  # intervals without an entry of this process: other replicas' entries are sealed by this scan
_CHAIN_FIELDS = ("seq", "prev_hash", "entry_hash", "transaction_id")

# Only entries of transactions that ended before every running one: what commits later is sealed later, in a stable order.
_UNSEALED = """
select id, v, organisation_id, stream, occurred_at, request_id, correlation_id, actor, action, permission, result, error_code,
       target, before, after, meta
from audit_entry
where seq is null and transaction_id < (pg_snapshot_xmin(pg_current_snapshot())::text)::bigint
order by transaction_id, id limit $1
"""
_HEAD = "select last_seq, last_hash from audit_chain_head where organisation_id = $1 and stream = $2 for update"
_SEAL = """
update audit_entry as entry set seq = sealed.seq, prev_hash = sealed.prev_hash, entry_hash = sealed.entry_hash
from unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[]) as sealed (id, seq, prev_hash, entry_hash)
where entry.id = sealed.id
"""
_PUBLISH = f"""
with message as (
    insert into outbox_message (id, subject, headers, body, organisation_id, created_at) values ($1, $2, $3, $4, $5, $6)
)
select pg_notify('{WAKE_RELAY}', '')
"""
_MOVE_HEAD = """
insert into audit_chain_head (organisation_id, stream, last_seq, last_hash) values ($1, $2, $3, $4)
on conflict (organisation_id, stream) do update set last_seq = excluded.last_seq, last_hash = excluded.last_hash
where audit_chain_head.last_seq < excluded.last_seq
"""


class Sealer:
    """One per actor; replicas stand by."""

    def __init__(self, heart: Heart, interval: float = 1.0) -> None:
        self._heart = heart
        self._interval = interval

    async def run(self) -> None:
        """Seal once a second what this process wrote, and every five seconds what other replicas did."""
        async with leadership(self._heart.database, "sealer") as session:
            idle = _SCAN_EVERY
            while not session.is_closed():
                idle += 1
                if self._heart.audited or idle >= _SCAN_EVERY:
                    self._heart.audited, idle = False, 0
                    while await self.seal() == _BATCH:
                        pass
                await asyncio.sleep(self._interval)
            raise ConnectionError("the session that holds the sealer's lock is gone")

    async def seal(self) -> int:
        """Seal one batch; the number of entries sealed."""
        async with self._heart.database.transaction(NIL_ORGANISATION) as connection:
            rows = await connection.fetch(_UNSEALED, _BATCH)
            chains: dict[tuple[Any, str], list[Any]] = {}
            for row in rows:
                chains.setdefault((row["organisation_id"], row["stream"]), []).append(row)
            for (organisation_id, stream), entries in chains.items():
                await self._seal_chain(connection, organisation_id, stream, entries)
        return len(rows)

    async def _seal_chain(self, connection: Any, organisation_id: Any, stream: str, entries: list[Any]) -> None:
        """Number and chain the entries, and leave them in the outbox for the central copy."""
        sealed = await _chained(connection, organisation_id, stream, entries)
        now, subject = clock.now(), f"crm.audit.{self._heart.actor.name}"
        for body in parts_of(organisation_id, stream, sealed):
            message_id = new_id()
            found = {headers.MESSAGE_ID: str(message_id)}
            await connection.execute(_PUBLISH, message_id, subject, found, body, organisation_id, now)


async def _chained(connection: Any, organisation_id: Any, stream: str, entries: list[Any]) -> list[dict[str, Any]]:
    head = await connection.fetchrow(_HEAD, organisation_id, stream)
    seq, previous = (head["last_seq"], head["last_hash"]) if head else (0, GENESIS)
    sealed: list[dict[str, Any]] = []
    for row in entries:
        seq += 1
        digest = entry_hash(previous, entry := {**dict(row), "seq": seq})
        sealed.append({**entry, "prev_hash": previous, "entry_hash": digest})
        previous = digest
    columns = ([entry[name] for entry in sealed] for name in ("id", "seq", "prev_hash", "entry_hash"))
    await connection.execute(_SEAL, *columns)
    moved = await connection.execute(_MOVE_HEAD, organisation_id, stream, seq, previous)
    if moved.rpartition(" ")[2] != "1":
        raise asyncpg.SerializationError("another sealer moved the chain head")
    return sealed
