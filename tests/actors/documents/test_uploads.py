"""documents: files larger than one message."""

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from hypothesis import strategies as some
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from actors.documents.uploads import UPLOADS
from messages.documents import (
    AbortUpload,
    BeginUpload,
    CompleteUpload,
    DocumentType,
    GetDocument,
    ListDocuments,
    UploadPart,
    UploadStatus,
)
from messages.problem import Refused
from runtime.file_transfer import receive, send_file
from tests.actors.documents.test_documents import HELLO, refused
from tests.harness import Running, Tenant

TEN_MIB = 10_485_760


async def pieces(content: bytes, size: int = 700_000) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


async def uploaded(tenant: Tenant, content: bytes, **begin: Any) -> Any:
    order = BeginUpload.model_validate({"type": DocumentType.OTHER, "filename": "grand.txt"} | begin)
    return await send_file(tenant.client.call, order, pieces(content), title="Grand fichier")


async def read_back(tenant: Tenant, document_id: UUID) -> bytes:
    parts = [part async for part in receive(tenant.client.call, document_id, "TEST")]
    return b"".join(base64.b64decode(part.content_base64) for part in parts)


def part(upload_id: UUID, offset: int, content: bytes) -> UploadPart:
    return UploadPart(upload_id=upload_id, offset=offset, content_base64=base64.b64encode(content).decode())


async def staged_parts(running: Running, tenant: Tenant) -> int:
    connection = await asyncpg.connect(running.database("documents"))
    try:
        await connection.execute("select set_config('app.organisation_id', $1, false)", str(tenant.id))
        return int(await connection.fetchval("select count(*) from upload_part where organisation_id = $1", tenant.id))
    finally:
        await connection.close()


async def test_case_4_the_limit_of_a_type_is_exact_and_known_before_all_is_sent(tenant: Tenant) -> None:
    stored = await uploaded(tenant, b"x" * TEN_MIB)
    assert (stored.document.size, stored.document.state) == (TEN_MIB, "AVAILABLE")
    with pytest.raises(Refused) as late:
        await uploaded(tenant, b"x" * (TEN_MIB + 1))
    assert late.value.code.code == "TYPE_SIZE_LIMIT"
    early = BeginUpload(type=DocumentType.OTHER, filename="a.txt", expected_size=TEN_MIB + 1)
    assert await refused(tenant, early) == "TYPE_SIZE_LIMIT"
    nothing = BeginUpload(type=DocumentType.OTHER, filename="a.txt", expected_size=0)
    assert await refused(tenant, nothing) == "EMPTY_FILE"


async def test_case_5_ten_mib_are_eighty_chunks_and_read_back_equal(running: Running, tenant: Tenant) -> None:
    content = ("é0123456789" * 900_000).encode()[:TEN_MIB]
    stored = await uploaded(tenant, content)
    connection = await asyncpg.connect(running.database("documents"))
    await connection.execute("select set_config('app.organisation_id', $1, false)", str(tenant.id))
    (chunks,) = await connection.fetchrow(
        "select cardinality(sequences) from blob where organisation_id = $1 and sha256 = $2",
        tenant.id,
        stored.document.sha256,
    )
    await connection.close()
    assert chunks == 80
    assert hashlib.sha256(await read_back(tenant, stored.document.id)).hexdigest() == stored.document.sha256
    await running.settled()
    assert await staged_parts(running, tenant) == 0


async def test_case_24_a_file_with_another_hash_than_announced_ends_its_upload(
    running: Running, tenant: Tenant
) -> None:
    begun = await tenant.client.call(BeginUpload(type=DocumentType.OTHER, filename="a.txt", expected_sha256="0" * 64))
    await tenant.client.call(part(begun.upload_id, 0, HELLO))
    assert await refused(tenant, CompleteUpload(upload_id=begun.upload_id)) == "HASH_MISMATCH"
    assert await refused(tenant, CompleteUpload(upload_id=begun.upload_id)) == "INVALID_TRANSITION"
    await running.settled()
    ((_, body),) = await running.events("document.rejected", tenant.id)
    assert (body["upload_id"], body["reason"]) == (str(begun.upload_id), "HASH_MISMATCH")
    assert await staged_parts(running, tenant) == 0
    assert await refused(tenant, GetDocument(document_id=begun.upload_id)) == "DOCUMENT_NOT_FOUND"


async def test_completing_twice_answers_the_same_document(running: Running, tenant: Tenant) -> None:
    begun = await tenant.client.call(BeginUpload(type=DocumentType.OTHER, filename="a.txt"))
    await tenant.client.call(part(begun.upload_id, 0, HELLO))
    order = CompleteUpload(upload_id=begun.upload_id)
    answers = await asyncio.gather(*(tenant.client.call(order) for _ in range(3)))
    assert {answer.document.id for answer in answers} == {begun.upload_id}
    assert len({answer.deduplicated for answer in answers}) == 1
    assert len((await tenant.client.call(ListDocuments())).items) == 1


async def test_parts_come_in_order_and_may_be_repeated(tenant: Tenant) -> None:
    begun = await tenant.client.call(BeginUpload(type=DocumentType.OTHER, filename="a.txt"))
    first = part(begun.upload_id, 0, b"hello ")
    assert (await tenant.client.call(first)).received == 6
    assert (await tenant.client.call(first)).received == 6
    assert await refused(tenant, part(begun.upload_id, 0, b"other ")) == "HASH_MISMATCH"
    assert await refused(tenant, part(begun.upload_id, 9, b"late")) == "UPLOAD_GAP"
    await tenant.client.call(part(begun.upload_id, 6, b"world\n"))
    stored = await tenant.client.call(CompleteUpload(upload_id=begun.upload_id))
    assert await read_back(tenant, stored.document.id) == HELLO


async def test_an_upload_without_parts_or_of_another_size_is_refused(tenant: Tenant) -> None:
    empty = await tenant.client.call(BeginUpload(type=DocumentType.OTHER, filename="a.txt"))
    assert await refused(tenant, CompleteUpload(upload_id=empty.upload_id)) == "UPLOAD_MISSING"
    short = await tenant.client.call(BeginUpload(type=DocumentType.OTHER, filename="a.txt", expected_size=13))
    await tenant.client.call(part(short.upload_id, 0, HELLO))
    assert await refused(tenant, CompleteUpload(upload_id=short.upload_id)) == "SIZE_MISMATCH"


async def test_an_upload_expires_after_a_day(running: Running, tenant: Tenant) -> None:
    begun_at = datetime(2026, 3, 1, 10, tzinfo=UTC)
    tenant.client.now = begun_at
    begun = await tenant.client.call(BeginUpload(type=DocumentType.OTHER, filename="a.txt"))
    tenant.client.now = begun_at + timedelta(hours=24)
    assert await refused(tenant, part(begun.upload_id, 0, HELLO)) == "UPLOAD_EXPIRED"
    await running.tick("hour", begun_at + timedelta(hours=24))
    assert await refused(tenant, CompleteUpload(upload_id=begun.upload_id)) == "UPLOAD_EXPIRED"


async def test_an_aborted_upload_and_one_of_another_tenant_cannot_be_continued(
    tenant: Tenant, other_tenant: Tenant
) -> None:
    begun = await tenant.client.call(BeginUpload(type=DocumentType.OTHER, filename="a.txt"))
    assert await refused(other_tenant, part(begun.upload_id, 0, HELLO)) == "UPLOAD_NOT_FOUND"
    await tenant.client.call(AbortUpload(upload_id=begun.upload_id))
    await tenant.client.call(AbortUpload(upload_id=begun.upload_id))
    assert await refused(tenant, part(begun.upload_id, 0, HELLO)) == "INVALID_TRANSITION"


class UploadLife(RuleBasedStateMachine):
    """Whatever happens to an upload, it ends once."""

    def __init__(self) -> None:
        super().__init__()
        self.status = UploadStatus.OPEN
        self.ended: UploadStatus | None = None

    @rule(trigger=some.sampled_from(["complete", "refuse", "abort", "expire"]))
    def happens(self, trigger: str) -> None:
        if UPLOADS.allows(trigger, self.status):
            self.status = UPLOADS.after(trigger, self.status)
        else:
            with pytest.raises(Refused):
                UPLOADS.after(trigger, self.status)

    @invariant()
    def an_end_is_final(self) -> None:
        if self.ended is not None:
            assert self.status is self.ended
        elif self.status is not UploadStatus.OPEN:
            self.ended = self.status


test_an_upload_ends_once = UploadLife.TestCase
