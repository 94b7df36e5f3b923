"""One JetStream object store over the actor's own connection, in the layout every NATS client reads (NATS ADR-20).

Chunks are read by direct get, one by one: the library's way would need the right to create consumers, which no actor has.
"""

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass

import nats.errors
import orjson
from nats.js.errors import APIError, NotFoundError, ServiceUnavailableError

from messages.errors import ACTOR_UNAVAILABLE
from messages.problem import Refused
from messages.values.identifiers import new_id
from messages.values.instants import format_instant
from runtime import clock
from runtime.connection import Connection
from runtime.nats_configuration import Bucket

CHUNK_BYTES = 128 * 1024
_ROLL_UP = {"Nats-Rollup": "sub"}
_LOST = (nats.errors.Error, ServiceUnavailableError, APIError, OSError, TimeoutError)


@dataclass(frozen=True, slots=True)
class StoredObject:
    """Where an object lies: the token its chunks are published under, their stream sequences and SHA-256 digests."""

    token: str
    size: int
    sequences: tuple[int, ...]
    digests: tuple[bytes, ...]


class DamagedObjectError(Exception):
    """What the store holds is not what was written."""


class ObjectStore:
    """Reads and writes objects of one bucket. A store that cannot be reached is Refused with ACTOR_UNAVAILABLE."""

    def __init__(self, bucket: Bucket, connection: Connection) -> None:
        self._bucket = bucket
        self._connection = connection

    @property
    def connected(self) -> bool:
        """Whether the server can be reached now."""
        return self._connection.connected

    async def put(self, name: str, chunks: Iterable[bytes], token: str) -> StoredObject:
        """Write an object under a token nobody used before; its metadata comes last, so a cut write is no object."""
        subject, whole, size = self._chunks(token), hashlib.sha256(), 0
        sequences, digests = [], []
        try:
            for chunk in chunks:
                whole.update(chunk)
                size += len(chunk)
                sequences.append((await self._connection.stream.publish(subject, chunk)).seq)
                digests.append(hashlib.sha256(chunk).digest())
            digest = f"SHA-256={base64.urlsafe_b64encode(whole.digest()).decode()}"
            await self._describe(name, {"nuid": token, "size": size, "chunks": len(sequences), "digest": digest})
        except _LOST as error:
            raise _unreachable(error) from error
        return StoredObject(token, size, tuple(sequences), tuple(digests))

    async def chunk(self, token: str, sequence: int, digest: bytes) -> bytes:
        """One chunk, checked against its digest. Raises DamagedObjectError."""
        try:
            found = await self._connection.stream.get_msg(self._bucket.stream, seq=sequence, direct=True)
        except NotFoundError:
            raise DamagedObjectError(f"{self._bucket.name}: chunk {sequence} of {token} is missing") from None
        except _LOST as error:
            raise _unreachable(error) from error
        data = found.data or b""
        if found.subject != self._chunks(token) or hashlib.sha256(data).digest() != digest:
            raise DamagedObjectError(f"{self._bucket.name}: chunk {sequence} of {token} was changed")
        return data

    async def read(self, stored: StoredObject) -> AsyncIterator[bytes]:
        """All chunks in order, each checked; the next ones are on their way while one is used."""
        ahead: list[asyncio.Task[bytes]] = []
        try:
            for sequence, digest in zip(stored.sequences, stored.digests, strict=True):
                ahead.append(asyncio.create_task(self.chunk(stored.token, sequence, digest)))
                if len(ahead) == 4:
                    yield await ahead.pop(0)
            while ahead:
                yield await ahead.pop(0)
        finally:
            for task in ahead:
                task.cancel()

    async def delete(self, name: str, token: str) -> None:
        """Remove the chunks written under the token, and the object's metadata where it still names that token."""
        try:
            info = await self.info(name)
            if info is not None and info["nuid"] == token:
                await self._describe(name, {"nuid": token, "size": 0, "chunks": 0, "digest": "", "deleted": True})
            await self._connection.stream.purge_stream(self._bucket.stream, subject=self._chunks(token))
        except _LOST as error:
            raise _unreachable(error) from error

    async def info(self, name: str) -> dict[str, object] | None:
        """The object's metadata, or None when there is none or it was deleted."""
        try:
            found = await self._connection.stream.get_last_msg(self._bucket.stream, self._metadata(name), direct=True)
        except NotFoundError:
            return None
        except _LOST as error:
            raise _unreachable(error) from error
        info: dict[str, object] = orjson.loads(found.data or b"{}")
        return None if info.get("deleted") else info

    async def _describe(self, name: str, facts: dict[str, object]) -> None:
        about = {"name": name, "bucket": self._bucket.name, "mtime": format_instant(clock.now()), **facts}
        about["options"] = {"max_chunk_size": CHUNK_BYTES}
        await self._connection.stream.publish(self._metadata(name), orjson.dumps(about), headers=_ROLL_UP)

    def _chunks(self, token: str) -> str:
        return f"$O.{self._bucket.name}.C.{token}"

    def _metadata(self, name: str) -> str:
        return f"$O.{self._bucket.name}.M.{base64.urlsafe_b64encode(name.encode()).decode()}"


def new_token() -> str:
    """A name for the chunks of one write; NATS only asks that it is unique."""
    return new_id().hex


def _unreachable(error: Exception) -> Refused:
    return Refused(ACTOR_UNAVAILABLE, f"the object store did not answer ({type(error).__name__}); try again")
