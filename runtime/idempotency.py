"""The same key with the same body answers the first reply; with another body it is a conflict (cross_cutting 6.10)."""

import hashlib
import re
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson

from messages.errors import IDEMPOTENCY_CONFLICT, IDEMPOTENCY_IN_PROGRESS
from messages.problem import Refused
from runtime import clock
from runtime.database import Opening
from storage.shared.outgoing import StoredReply

_KEY = re.compile(r"[A-Za-z0-9_.:-]{8,128}")
_LONG_KEEPERS = ("crm.payments.", "crm.factures.", "crm.engagement.", "crm.logistics.")

_FIND = "select request_hash, reply from idempotency_record where organisation_id = $1 and request = $2 and key = $3"


class Claim(Opening):
    """Takes a key together with the transaction's begin: no round trip of its own.

    A twin that is still running is waited for by the database itself; when it ends, the key is ours or its reply is there.
    """

    def __init__(self, organisation_id: UUID, subject: str, key: str, body: bytes, principal: str) -> None:
        self._place = (organisation_id, subject, key)
        self._digest = request_hash(subject, body)
        now = clock.now()
        expires = now + (timedelta(days=30) if subject.startswith(_LONG_KEEPERS) else timedelta(hours=24))
        # Every value is a UUID, a hash, an instant, a name of ours or a key that matched _KEY: nothing to escape.
        super().__init__(
            "insert into idempotency_record (organisation_id, request, key, request_hash, principal, created_at, expires_at)"
            f" values ('{organisation_id}', '{subject}', '{checked(key)}', '\\x{self._digest.hex()}', '{principal}',"
            f" '{now.isoformat()}', '{expires.isoformat()}') on conflict do nothing"
        )

    @property
    def is_ours(self) -> bool:
        """Whether the key was free; known once the transaction has begun."""
        return self.status == "INSERT 0 1"

    async def first_reply(self, connection: Any) -> bytes:
        """What the first request with this key was answered."""
        row = await connection.fetchrow(_FIND, *self._place)
        if row is None or row["reply"] is None:
            raise Refused(
                IDEMPOTENCY_IN_PROGRESS,
                "the same request is still running; repeat it in a second",
                retry_after_seconds=1,
            )
        if row["request_hash"] != self._digest:
            raise Refused(
                IDEMPOTENCY_CONFLICT, "this idempotency-key was used with another body; use a new key for a new intent"
            )
        reply: bytes = row["reply"]
        return reply

    def store(self, reply: bytes) -> StoredReply:
        """What to keep with the commit."""
        return StoredReply(*self._place, reply)


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
