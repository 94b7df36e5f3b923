"""The same key with the same body answers the first reply; with another body it is a conflict (cross_cutting 6.10)."""

import hashlib
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson

from messages.errors import IDEMPOTENCY_CONFLICT, IDEMPOTENCY_IN_PROGRESS
from messages.problem import Refused
from runtime import clock
from storage.shared.outgoing import StoredReply

_KEY = re.compile(r"[A-Za-z0-9_.:-]{8,128}")
_LONG_KEEPERS = ("crm.payments.", "crm.factures.", "crm.engagement.", "crm.logistics.")

_CLAIM = """
insert into idempotency_record (organisation_id, request, key, request_hash, principal, created_at, expires_at)
values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing returning true
"""
_FIND = "select request_hash, reply from idempotency_record where organisation_id = $1 and request = $2 and key = $3"


@dataclass(frozen=True, slots=True)
class Claim:
    """A key that is ours to answer, or the reply that answers it already."""

    organisation_id: UUID
    subject: str
    key: str
    reply: bytes | None

    def store(self, reply: bytes) -> StoredReply:
        """What to keep with the commit."""
        return StoredReply(self.organisation_id, self.subject, self.key, reply)


def checked(key: str) -> str:
    """The key, if it has the right form."""
    if not _KEY.fullmatch(key):
        raise Refused.field(
            "idempotency-key", "pattern", "the header idempotency-key must be 8 to 128 of A-Z a-z 0-9 _ . : -"
        )
    return key


def request_hash(subject: str, body: bytes) -> bytes:
    """SHA-256 of subject and canonical body: the order of keys does not matter."""
    canonical = orjson.dumps(orjson.loads(body or b"{}"), option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(subject.encode() + b"\n" + canonical).digest()


async def claim(connection: Any, organisation_id: UUID, subject: str, key: str, body: bytes, principal: str) -> Claim:
    """Take the key or find its reply. A twin that is still running is waited for by the database itself."""
    digest = request_hash(subject, body)
    now = clock.now()
    keep = timedelta(days=30) if subject.startswith(_LONG_KEEPERS) else timedelta(hours=24)
    ours = await connection.fetchval(_CLAIM, organisation_id, subject, key, digest, principal, now, now + keep)
    if ours:
        return Claim(organisation_id, subject, key, None)
    row = await connection.fetchrow(_FIND, organisation_id, subject, key)
    if row is None or row["reply"] is None:
        raise Refused(
            IDEMPOTENCY_IN_PROGRESS, "the same request is still running; repeat it in a second", retry_after_seconds=1
        )
    if row["request_hash"] != digest:
        raise Refused(
            IDEMPOTENCY_CONFLICT, "this idempotency-key was used with another body; use a new key for a new intent"
        )
    return Claim(organisation_id, subject, key, row["reply"])
