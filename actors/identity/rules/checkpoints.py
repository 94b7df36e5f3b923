"""The canonical form of an audit checkpoint: what is hashed and signed (cross_cutting 6.6, point 7)."""

import hashlib
import json
from datetime import datetime
from uuid import UUID

from messages.values.instants import format_instant

_VERSION = 1


def canonical_checkpoint(
    organisation_id: UUID, stream: str, entry_count: int, last_seq: int, last_hash: str, created_at: datetime
) -> bytes:
    """RFC 8785 JSON; for ASCII keys and plain values sorted keys without blanks are the same bytes."""
    content = {
        "v": _VERSION,
        "organisation_id": str(organisation_id),
        "stream": stream,
        "entry_count": entry_count,
        "last_seq": last_seq,
        "last_hash": last_hash,
        "created_at": format_instant(created_at),
    }
    return json.dumps(content, sort_keys=True, separators=(",", ":")).encode()


def checkpoint_hash(canonical: bytes) -> str:
    """64 hex digits."""
    return hashlib.sha256(canonical).hexdigest()
