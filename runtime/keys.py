"""The actor's keys: one wrapped data key per organisation and domain, and the index keys derived beside them."""

import asyncio
from typing import Any
from uuid import UUID

from messages.base import NIL_ORGANISATION
from messages.values.identifiers import new_id
from runtime import clock
from runtime.audit_chain import digest_value
from runtime.field_encryption import IndexKind, associated_data, blind_index, decrypt, encrypt
from runtime.key_provider import KeyProvider

_CACHE_SECONDS = 300.0
_INDEX_DOMAIN = "INDEX"


class Keys:
    """Encrypts, decrypts and indexes fields with keys that lie wrapped in the actor's own database."""

    _provider: KeyProvider
    _platform_index_key: bytes
    cursor_key: bytes

    def __init__(self, actor: str, database: Any) -> None:
        self._actor = actor
        self._database = database
        self._cache: dict[tuple[UUID, str], tuple[float, int, dict[int, bytes]]] = {}
        self._lock = asyncio.Lock()

    def open(self, provider: KeyProvider) -> None:
        """Take the wrapping key; called once at start."""
        self._provider = provider
        # One key for the whole platform, so that hashes in events can be compared by every actor.
        self._platform_index_key = provider.derive(b"crm platform index key")
        self.cursor_key = provider.derive(b"crm cursor key " + self._actor.encode())

    async def encrypt(
        self, plaintext: str, *, organisation_id: UUID, domain: str, table: str, column: str, row_id: UUID
    ) -> bytes:
        """The stored blob of a field; bound to its row, column and organisation."""
        version, keys = await self._data_keys(organisation_id, domain)
        context = associated_data(self._actor, table, column, organisation_id, row_id)
        return encrypt(plaintext.encode(), key=keys[version], version=version, associated_data=context)

    async def decrypt(
        self, blob: bytes, *, organisation_id: UUID, domain: str, table: str, column: str, row_id: UUID
    ) -> str:
        """The clear field; DECRYPTION_FAILED when the blob was moved or changed."""
        _, keys = await self._data_keys(organisation_id, domain)
        context = associated_data(self._actor, table, column, organisation_id, row_id)
        return decrypt(blob, keys=keys, associated_data=context).decode()

    async def index(self, kind: IndexKind, value: str, organisation_id: UUID) -> bytes:
        """The blind index of a value within one organisation (nil = rows without tenant)."""
        _, keys = await self._data_keys(organisation_id, _INDEX_DOMAIN)
        return blind_index(keys[1], kind, value)

    def fingerprint(self, kind: IndexKind, value: str) -> str:
        """The platform-wide hash of a value, for events: the same in every actor, hexadecimal."""
        return blind_index(self._platform_index_key, kind, value).hex()

    async def digest(self, value: str, organisation_id: UUID, kind: IndexKind | None = None) -> dict[str, str]:
        """How a classified value appears in the audit trail: it proves a change and hides the value."""
        _, keys = await self._data_keys(organisation_id, _INDEX_DOMAIN)
        return digest_value(value, keys[1], kind)

    async def _data_keys(self, organisation_id: UUID, domain: str) -> tuple[int, dict[int, bytes]]:
        cached = self._cache.get((organisation_id, domain))
        if cached is not None and cached[0] > clock.monotonic():
            return cached[1], cached[2]
        async with self._lock:
            current, keys = await self._load(organisation_id, domain)
            self._cache[organisation_id, domain] = (clock.monotonic() + _CACHE_SECONDS, current, keys)
        return current, keys

    async def _load(self, organisation_id: UUID, domain: str) -> tuple[int, dict[int, bytes]]:
        query = "select version, wrapped_key, is_current from data_key where organisation_id = $1 and domain = $2"
        async with self._database.aside(NIL_ORGANISATION) as connection:
            rows = await connection.fetch(query, organisation_id, domain)
            if not rows:
                wrapped = self._provider.wrap(self._provider.new_key(), self._context(organisation_id, domain, 1))
                await connection.execute(
                    "insert into data_key (id, organisation_id, domain, version, status, algorithm, wrapped_key, kek_id,"
                    " is_current, created_at) values ($1, $2, $3, 1, 'ACTIVE', 'AES-256-GCM', $4, $6, true, $5)"
                    " on conflict (organisation_id, domain, version) do nothing",
                    new_id(), organisation_id, domain, wrapped, clock.now(), self._provider.key_id,
                )  # fmt: skip
                rows = await connection.fetch(query, organisation_id, domain)
        keys = {
            row["version"]: self._provider.unwrap(
                row["wrapped_key"], self._context(organisation_id, domain, row["version"])
            )
            for row in rows
        }
        current = next(row["version"] for row in rows if row["is_current"])
        return current, keys

    def _context(self, organisation_id: UUID, domain: str, version: int) -> bytes:
        return f"{self._actor}|{organisation_id}|{domain}|{version}".encode()
