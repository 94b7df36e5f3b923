"""The audit trail as a hash chain: canonical form, hashes, verification, and digests of personal values (cross_cutting 6.6)."""

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

import rfc8785

from runtime.field_encryption import IndexKind

GENESIS = "0" * 64
"""What the first entry of a chain has before it."""

SEALED_FIELDS = (
    "v",
    "id",
    "organisation_id",
    "stream",
    "occurred_at",
    "request_id",
    "correlation_id",
    "actor",
    "action",
    "permission",
    "result",
    "error_code",
    "target",
    "before",
    "after",
    "meta",
    "seq",
)
"""What an entry's hash covers; other columns of a row are the database's own bookkeeping."""


class UncanonicalEntry(ValueError):  # noqa: N818 - says what the entry is
    """An entry that has no canonical form: a field is missing or holds a value that two readers could write differently."""


class ChainBreak(StrEnum):
    """Why a chain does not hold."""

    DUPLICATE_SEQUENCE = "DUPLICATE_SEQUENCE"
    SEQUENCE_GAP = "SEQUENCE_GAP"
    PREVIOUS_HASH_MISMATCH = "PREVIOUS_HASH_MISMATCH"
    HASH_MISMATCH = "HASH_MISMATCH"


@dataclass(frozen=True, slots=True)
class ChainCheck:
    """What a verification found. `entries_checked` counts the good entries; `last_seq` and `last_hash` are where they end."""

    valid: bool
    entries_checked: int
    corrupted_entry_id: str | None
    reason: ChainBreak | None
    last_seq: int
    last_hash: str

    def reaches(self, last_seq: int, last_hash: str) -> bool:
        """Whether the chain is whole up to this head; a tail that was cut off shows only here."""
        return self.valid and (self.last_seq, self.last_hash) == (last_seq, last_hash)


def canonical(entry: Mapping[str, Any]) -> bytes:
    """The bytes that are hashed: RFC 8785 JSON of SEALED_FIELDS. Raises UncanonicalEntry."""
    try:
        content = {field: entry[field] for field in SEALED_FIELDS}
    except KeyError as error:
        raise UncanonicalEntry(
            f"audit entry has no field {error}; fill it, with null where it does not apply"
        ) from error
    return _canonical_json(content)


def entry_hash(previous_hash: str, entry: Mapping[str, Any]) -> str:
    """The entry's place in the chain, 64 hex digits: it changes with any earlier entry. Raises UncanonicalEntry."""
    return hashlib.sha256(previous_hash.encode("ascii") + b"\n" + canonical(entry)).hexdigest()


def verify_chain(
    entries: Iterable[Mapping[str, Any]], *, previous_hash: str = GENESIS, first_seq: int = 1
) -> ChainCheck:
    """Recompute a chain in the order of seq and stop at the first entry that breaks it.

    A part of a chain, or its next page, starts from the last seq + 1 and the hash of the entry before it.
    """
    checked, last_seq, last_hash = 0, first_seq - 1, previous_hash
    for entry in entries:
        reason = _break_at(entry, last_seq, last_hash)
        if reason is not None:
            return ChainCheck(False, checked, str(entry["id"]), reason, last_seq, last_hash)
        checked, last_seq, last_hash = checked + 1, entry["seq"], entry["entry_hash"]
    return ChainCheck(True, checked, None, None, last_seq, last_hash)


def digest_value(value: Any, index_key: bytes, kind: IndexKind | None = None) -> dict[str, str]:
    """How a personal value stands in before/after: it proves that it changed, and to what for whoever has the value.

    `kind` adds a masked form for IBAN, e-mail and phone. Raises UncanonicalEntry for values that JSON cannot hold.
    """
    content = b"AUDIT\n" + _canonical_json(value)  # never equal to a blind index of the same value
    digest = {"h": hmac.digest(index_key, content, "sha256").hex()[:16]}
    mask = masked(kind, value) if kind and isinstance(value, str) else None
    return digest if mask is None else {**digest, "masked": mask}


def masked(kind: IndexKind, value: str) -> str | None:
    """What may be shown of an IBAN (`FR76 **** **** 0189`), e-mail or phone; None for kinds that have no masked form."""
    compact = "".join(value.split())
    match kind:
        case IndexKind.IBAN:
            return f"{compact[:4]} **** **** {compact[-4:]}".upper() if len(compact) >= 15 else "****"
        case IndexKind.EMAIL:
            local, _, domain = compact.rpartition("@")
            host, _, ending = domain.rpartition(".")
            return f"{local[:1]}***@{host[:1]}***.{ending}" if local and host else "****"
        case IndexKind.PHONE:
            return f"{compact[:2]}******{compact[-2:]}" if len(compact) >= 8 else "****"
        case _:
            return None


def _break_at(entry: Mapping[str, Any], last_seq: int, last_hash: str) -> ChainBreak | None:
    # the sequence comes first: a missing entry breaks the hashes too, but "gap" says what happened
    if entry["seq"] == last_seq:
        return ChainBreak.DUPLICATE_SEQUENCE
    if entry["seq"] != last_seq + 1:
        return ChainBreak.SEQUENCE_GAP
    if entry["prev_hash"] != last_hash:
        return ChainBreak.PREVIOUS_HASH_MISMATCH
    try:
        return None if entry_hash(last_hash, entry) == entry["entry_hash"] else ChainBreak.HASH_MISMATCH
    except UncanonicalEntry:  # the sealer cannot have sealed it, so it was changed afterwards
        return ChainBreak.HASH_MISMATCH


def _canonical_json(value: Any) -> bytes:
    try:
        return rfc8785.dumps(_json(value, "audit entry"))
    except rfc8785.CanonicalizationError as error:
        raise UncanonicalEntry(f"audit entry: {error}; write the value as a string") from error


def _json(value: Any, path: str) -> Any:
    match value:
        case None | bool() | int() | str():
            return value
        case Mapping():
            return {key: _json(item, f"{path}.{key}") for key, item in value.items()}
        case list() | tuple():
            return [_json(item, f"{path}[{position}]") for position, item in enumerate(value)]
        case Decimal() if value.is_finite():
            return format(value, "f")
        case datetime() if value.tzinfo is not None:
            return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        case UUID():
            return str(value)
        case date() if not isinstance(value, datetime):
            return value.isoformat()
    raise UncanonicalEntry(
        f"{path} is a {type(value).__name__} that has no one spelling; use an integer, a string, a Decimal or a UTC instant"
    )
