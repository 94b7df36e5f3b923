"""The parts of a file on its way in: objects of the bucket crm-uploads, which forgets them after a day by itself."""

import hashlib
from uuid import UUID

from sqlalchemy import ColumnElement, delete, select

from actors.documents.content.object_store import CHUNK_BYTES, ObjectStore, new_token
from actors.documents.content.store import stored_object
from actors.documents.host import HOST
from messages.documents import HASH_MISMATCH
from messages.problem import Refused
from runtime.nats_configuration import BUCKETS
from runtime.unit_of_work import UnitOfWork
from runtime.work_queue import Outside
from storage.documents.tables import upload_part
from storage.shared.statements import render


async def put(upload_id: UUID, offset: int, content: bytes, work: UnitOfWork) -> None:
    """Stage one part. What a rolled-back transaction staged is nobody's and ends with the bucket's day."""
    chunks = (content[start : start + CHUNK_BYTES] for start in range(0, len(content), CHUNK_BYTES))
    stored = await _uploads().put(_name(upload_id, offset, work), chunks, new_token())
    await work.insert(
        upload_part,
        upload_id=upload_id,
        organisation_id=work.organisation_id,
        position=offset,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        token=stored.token,
        sequences=list(stored.sequences),
        digests=b"".join(stored.digests),
    )


async def check_repeated(upload_id: UUID, offset: int, content: bytes, work: UnitOfWork) -> None:
    """Refuse another content for a part that came already."""
    known = await work.fetch_value(
        select(upload_part.c.sha256).where(*_of(upload_id, work), upload_part.c.position == offset)
    )
    if known != hashlib.sha256(content).hexdigest():
        raise Refused.field(
            "content_base64", "changed", "this part came before with other bytes; begin a new upload", HASH_MISMATCH
        )


async def whole(upload_id: UUID, work: UnitOfWork) -> bytes:
    """The file, from its parts in order."""
    rows = await work.fetch(select(upload_part).where(*_of(upload_id, work)).order_by(upload_part.c.position))
    found = bytearray()
    for row in rows:
        async for chunk in _uploads().read(stored_object(row)):
            found += chunk
    return bytes(found)


async def delete_objects(upload_id: UUID, outside: Outside) -> None:
    """Delete what was staged; doing it twice changes nothing."""
    sql, arguments = render(select(upload_part.c.position, upload_part.c.token).where(*_of(upload_id, outside)))
    async with outside.heart.database.reading(outside.organisation_id) as connection:
        rows = await connection.fetch(sql, *arguments)
    for row in rows:
        await _uploads().delete(_name(upload_id, row["position"], outside), row["token"])


async def forget(upload_id: UUID, work: UnitOfWork) -> None:
    """Forget the parts whose objects are deleted."""
    await work.execute(delete(upload_part).where(*_of(upload_id, work)))


def _of(upload_id: UUID, work: UnitOfWork | Outside) -> tuple[ColumnElement[bool], ...]:
    return upload_part.c.organisation_id == work.organisation_id, upload_part.c.upload_id == upload_id


def _name(upload_id: UUID, offset: int, work: UnitOfWork | Outside) -> str:
    return f"{work.organisation_id}/{upload_id}/{offset}"


def _uploads() -> ObjectStore:
    return ObjectStore(BUCKETS[1], HOST.heart.connection)
