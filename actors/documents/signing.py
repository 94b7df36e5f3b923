"""Signed addresses and tickets: what they say, and how they are checked in constant time.

token = v1.{link id}.{expiry in unix seconds}.{signature}, signature = base64url(HMAC-SHA256(key, everything before it)).
"""

import base64
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Signed:
    """What a signed token says."""

    id: UUID
    expires_at: datetime


def sign(kind: str, id_: UUID, expires_at: datetime, key: bytes) -> str:
    """A token of that kind."""
    said = f"{kind}.{id_}.{int(expires_at.timestamp())}"
    return f"{said}.{_signature(said, key)}"


def opened(kind: str, token: str, keys: Sequence[bytes]) -> Signed | None:
    """What the token says, when one of the keys signed it; None for anything else, without saying why."""
    said, _, signature = token.rpartition(".")
    parts = said.split(".")
    if len(parts) != 3 or parts[0] != kind or not parts[2].isascii() or not parts[2].isdigit() or len(parts[2]) > 11:
        return None
    if not any(hmac.compare_digest(_signature(said, key).encode(), signature.encode()) for key in keys):
        return None
    try:
        return Signed(UUID(parts[1]), datetime.fromtimestamp(int(parts[2]), UTC))
    except ValueError:
        return None


def _signature(said: str, key: bytes) -> str:
    return base64.urlsafe_b64encode(hmac.digest(key, said.encode(), "sha256")).decode().rstrip("=")
