"""The bytes of every document: one object per tenant and sha256, written before its row commits, checked on every read."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from actors.documents.content import sealing
from actors.documents.content.object_store import CHUNK_BYTES, ObjectStore, StoredObject, new_token
from actors.documents.host import HOST
from runtime.nats_configuration import BUCKETS
from runtime.unit_of_work import Row, UnitOfWork
from storage.documents import queries
from storage.shared.statements import Statement

_FRAMES_PER_CHUNK = CHUNK_BYTES // sealing.FRAME_BYTES
_DIGEST_BYTES = 32
_INLINE_WORK = 1024 * 1024
"""More bytes than this are encrypted in a thread, so that the event loop goes on."""
_SWEEP_BATCH = 100
UNFINISHED_AGE = timedelta(hours=48)
UNUSED_AGE = timedelta(hours=24)


def storage_key(organisation_id: UUID, sha256: str) -> str:
    """The object's name: the content names itself, so writing twice is harmless."""
    return f"{organisation_id}/sha256/{sha256[:2]}/{sha256[2:4]}/{sha256}"


async def keep(content: bytes, sha256: str, work: UnitOfWork, *, secret: bool) -> bool:
    """Keep the bytes for one more version; True when the tenant held them already.

    The row is locked until the commit, and the object is written before it: a crash leaves at most an object that the sweep
    finds in `unfinished_object`. Bytes that become secret later are written again, encrypted.
    """
    held = await work.fetch_one(
        queries.HOLD_BLOB,
        organisation_id=work.organisation_id,
        sha256=sha256,
        size=len(content),
        created_at=work.now,
    )
    assert held is not None
    if held["token"] is not None and (held["encrypted"] or not secret):
        return True
    await _write(content, sha256, work, secret=secret, replaced=held["token"])
    return held["token"] is not None


async def conceal(sha256: str, work: UnitOfWork) -> None:
    """Encrypt bytes that have become secret."""
    blob = await _load(sha256, work, queries.BLOB_FOR_UPDATE)
    if not blob["encrypted"]:
        content = await part(sha256, 0, blob["size"], work)
        await _write(content, sha256, work, secret=True, replaced=blob["token"])


async def part(sha256: str, offset: int, length: int, work: UnitOfWork) -> bytes:
    """At most `length` bytes from `offset`. Raises DamagedObjectError when the store lost or changed them."""
    blob = await _load(sha256, work, queries.BLOB)
    first, last = offset // CHUNK_BYTES, min(offset + length, blob["size"]) - 1
    stored = stored_object(blob)
    numbers = range(first, last // CHUNK_BYTES + 1)
    store = _documents()
    chunks = await asyncio.gather(
        *(store.chunk(stored.token, stored.sequences[number], stored.digests[number]) for number in numbers)
    )
    if blob["encrypted"]:
        key, context = await _unwrapped(blob, work), _context(work, sha256)
        chunks = [
            sealing.unseal(chunk, number, _FRAMES_PER_CHUNK, key, context)
            for number, chunk in zip(numbers, chunks, strict=True)
        ]
    start = offset - first * CHUNK_BYTES
    return b"".join(chunks)[start : start + length]


async def sweep(work: UnitOfWork) -> bool:
    """Remove objects whose transaction never committed and bytes nobody uses; True when there may be more."""
    scope = {"organisation_id": work.organisation_id}
    left_over = await work.fetch(queries.OLD_UNFINISHED, **scope, before=work.now - UNFINISHED_AGE, most=_SWEEP_BATCH)
    await work.execute(queries.MARK_UNUSED, **scope, before=work.now - UNUSED_AGE, now=work.now)
    unused = await work.fetch(queries.UNUSED_BLOBS, **scope, before=work.now - UNUSED_AGE, most=_SWEEP_BATCH)
    for row in left_over:
        await _documents().delete(row["name"], row["token"])
        await work.execute(queries.FORGET_UNFINISHED, **scope, token=row["token"])
    for row in unused:
        await _documents().delete(storage_key(work.organisation_id, row["sha256"]), row["token"])
        await work.execute(queries.DELETE_BLOB, **scope, sha256=row["sha256"])
    return _SWEEP_BATCH in (len(left_over), len(unused))


def stored_object(row: Row) -> StoredObject:
    """Where a row says its object lies."""
    digests: bytes = row["digests"]
    pieces = tuple(digests[start : start + _DIGEST_BYTES] for start in range(0, len(digests), _DIGEST_BYTES))
    return StoredObject(row["token"], row["size"], tuple(row["sequences"]), pieces)


async def _write(content: bytes, sha256: str, work: UnitOfWork, *, secret: bool, replaced: str | None) -> None:
    scope = {"organisation_id": work.organisation_id}
    name, token = storage_key(work.organisation_id, sha256), new_token()
    key = sealing.new_content_key() if secret else None
    await _note_unfinished(name, token, work)
    stored = await _documents().put(name, await _chunks(content, key, _context(work, sha256)), token)
    await work.execute(
        queries.LOCATE_BLOB,
        **scope,
        sha256=sha256,
        token=token,
        encrypted=secret,
        wrapped_key=await _wrapped(key, sha256, work) if key else None,
        sequences=list(stored.sequences),
        digests=b"".join(stored.digests),
    )
    await work.execute(queries.FORGET_UNFINISHED, **scope, token=token)
    if replaced is not None:  # a reader may be inside the clear object still; the sweep takes it
        await work.execute(queries.NOTE_UNFINISHED, **_unfinished(name, replaced, work))


async def _load(sha256: str, work: UnitOfWork, statement: Statement) -> Row:
    return await work.load(statement, "content", organisation_id=work.organisation_id, sha256=sha256)


def _documents() -> ObjectStore:
    return ObjectStore(BUCKETS[0], HOST.heart.connection)


async def _note_unfinished(name: str, token: str, work: UnitOfWork) -> None:
    """Committed on its own before the first byte is written, or a crash would leave an object nobody knows of."""
    values = _unfinished(name, token, work)
    statement = queries.NOTE_UNFINISHED
    async with HOST.heart.database.aside(work.organisation_id) as connection:
        await connection.execute(statement.sql, *statement.arguments(values))


def _unfinished(name: str, token: str, work: UnitOfWork) -> dict[str, object]:
    return {"organisation_id": work.organisation_id, "token": token, "name": name, "created_at": work.now}


async def _chunks(content: bytes, key: bytes | None, context: bytes) -> Sequence[bytes]:
    def cut() -> list[bytes]:
        clear = [content[start : start + CHUNK_BYTES] for start in range(0, len(content), CHUNK_BYTES)]
        if key is None:
            return clear
        return [sealing.seal(chunk, number, _FRAMES_PER_CHUNK, key, context) for number, chunk in enumerate(clear)]

    return cut() if len(content) <= _INLINE_WORK else await asyncio.to_thread(cut)


def _context(work: UnitOfWork, sha256: str) -> bytes:
    return f"crm|documents|content|{work.organisation_id}|{sha256}".encode()


async def _wrapped(key: bytes, sha256: str, work: UnitOfWork) -> bytes:
    """The content key under the organisation's data key: destroying that one key makes the tenant's files unreadable."""
    return await work.keys.encrypt(
        key.hex(), organisation_id=work.organisation_id, domain="CONTENT", table="blob", column="wrapped_key",
        row_id=UUID(sha256[:32]),
    )  # fmt: skip


async def _unwrapped(blob: Row, work: UnitOfWork) -> bytes:
    clear = await work.keys.decrypt(
        blob["wrapped_key"], organisation_id=work.organisation_id, domain="CONTENT", table="blob", column="wrapped_key",
        row_id=UUID(blob["sha256"][:32]),
    )  # fmt: skip
    return bytes.fromhex(clear)
