"""The rows a transaction leaves behind beside its business rows, sent in one statement at its end."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

WAKE_RELAY = "crm_outbox"
WAKE_WORKERS = "crm_work"
ACCESS_CHANGED = "crm_access"

# One prepared statement, one round trip: outbox, audit, work items, stored reply and the wake-up of relay and workers.
_WRITE = f"""
with outbox as (
    insert into outbox_message (id, subject, headers, body, organisation_id, created_at)
    select * from unnest($1::uuid[], $2::text[], $3::jsonb[], $4::bytea[], $5::uuid[], $6::timestamptz[])
), audit as (
    insert into audit_entry (id, organisation_id, stream, occurred_at, request_id, correlation_id, actor, action,
                             permission, result, error_code, target, before, after, meta)
    select * from unnest($7::uuid[], $8::uuid[], $9::text[], $10::timestamptz[], $11::text[], $12::text[], $13::jsonb[],
                         $14::text[], $15::text[], $16::text[], $17::text[], $18::jsonb[], $19::jsonb[], $20::jsonb[],
                         $21::jsonb[])
), work as (
    insert into work_item (id, kind, key, organisation_id, payload, headers, run_after, created_at)
    select * from unnest($22::uuid[], $23::text[], $24::text[], $25::uuid[], $26::jsonb[], $27::jsonb[],
                         $28::timestamptz[], $29::timestamptz[])
    on conflict (kind, organisation_id, key) do nothing
), stored_reply as (
    update idempotency_record set reply = $30::bytea
    where organisation_id = $31::uuid and request = $32::text and key = $33::text
)
select case when $34 then pg_notify('{WAKE_RELAY}', '') end, case when $35 then pg_notify('{WAKE_WORKERS}', '') end
"""


@dataclass(slots=True)
class StoredReply:
    """The reply to keep under an idempotency key."""

    organisation_id: UUID
    request: str
    key: str
    reply: bytes


@dataclass(slots=True)
class Outgoing:
    """Collects what one transaction publishes, records and orders."""

    messages: list[tuple[UUID, str, dict[str, str], bytes, UUID, datetime]] = field(default_factory=list)
    audit: list[tuple[Any, ...]] = field(default_factory=list)
    work: list[tuple[UUID, str, str, UUID, Any, dict[str, str], datetime, datetime]] = field(default_factory=list)
    stored_reply: StoredReply | None = None

    def __bool__(self) -> bool:
        return bool(self.messages or self.audit or self.work or self.stored_reply)

    async def write(self, connection: Any, *, relay_is_here: bool) -> None:
        """Send everything in one round trip; a relay in this process is woken by the caller, not by NOTIFY."""
        if not self:
            return
        stored = self.stored_reply
        await connection.fetchrow(
            _WRITE,
            *_columns(self.messages, 6),
            *_columns(self.audit, 15),
            *_columns(self.work, 8),
            *(
                (stored.reply, stored.organisation_id, stored.request, stored.key)
                if stored
                else (None, None, None, None)
            ),
            bool(self.messages) and not relay_is_here,
            bool(self.work),
        )


def _columns(rows: list[tuple[Any, ...]], width: int) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(width)]
