"""documents: how the bytes lie in the object store, who may read them there, and what a crash leaves."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import nats
import nats.errors
import pytest
from cryptography.exceptions import InvalidTag
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from actors.documents.content import sealing, store
from actors.documents.content.object_store import DamagedObjectError, ObjectStore, new_token
from messages.documents import DocumentType, GetContent, StoreDocument
from runtime.connection import inbox_prefix
from runtime.nats_configuration import BUCKETS
from tests.actors.documents.test_documents import HELLO, HELLO_SHA256, blobs, file, refused
from tests.actors.documents.test_formats import PDF
from tests.harness import Running, Tenant

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)


@asynccontextmanager
async def jetstream(running: Running, user: str = "provisioner") -> AsyncIterator[JetStreamContext]:
    connection = await nats.connect(
        running.installation.nats.url,
        nkeys_seed_str=running.installation.nats_keys[user][0],
        inbox_prefix=inbox_prefix(user).encode(),
        error_cb=_ignored,
    )
    try:
        yield connection.jetstream(timeout=1)
    finally:
        await connection.close()


async def _ignored(_: Exception) -> None:
    """The refusal is seen by the call that times out."""


def key(tenant: Tenant, sha256: str = HELLO_SHA256) -> str:
    return store.storage_key(tenant.id, sha256)


async def stored_bytes(running: Running, name: str) -> Any:
    """An object as the standard NATS client of an administrator sees it."""
    async with jetstream(running) as stream:
        return await (await stream.object_store("crm-documents")).get(name)


async def behind(running: Running, tenant: Tenant, sql: str, *arguments: Any) -> Any:
    connection = await asyncpg.connect(running.database("documents"))
    try:
        await connection.execute("select set_config('app.organisation_id', $1, false)", str(tenant.id))
        return await connection.fetch(sql, *arguments)
    finally:
        await connection.close()


async def test_case_1_the_object_is_named_by_its_content_and_any_nats_client_reads_it(
    running: Running, tenant: Tenant
) -> None:
    await tenant.client.call(file())
    assert key(tenant) == f"{tenant.id}/sha256/a9/48/{HELLO_SHA256}"
    found = await stored_bytes(running, key(tenant))
    assert found.data == HELLO
    assert found.info.digest == "SHA-256=qUiQTy8PR5uPgZdpSzAYSw0u0cHNKh7A-4XSmaGSpEc="


async def test_case_2_another_tenant_has_its_own_object(running: Running, tenant: Tenant, other_tenant: Tenant) -> None:
    await tenant.client.call(file())
    with pytest.raises(NotFoundError):
        await stored_bytes(running, key(other_tenant))
    await other_tenant.client.call(file())
    assert (await stored_bytes(running, key(other_tenant))).data == HELLO


async def test_personal_papers_lie_encrypted(running: Running, tenant: Tenant) -> None:
    stored = await tenant.client.call(file(PDF, type=DocumentType.ID_DOCUMENT, filename="cni.pdf"))
    found = await stored_bytes(running, key(tenant, stored.document.sha256))
    assert PDF[:16] not in found.data and len(found.data) == len(PDF) + 16
    content = await tenant.client.call(GetContent(document_id=stored.document.id))
    assert base64.b64decode(content.content_base64) == PDF


async def test_bytes_that_become_personal_later_are_encrypted_then(running: Running, tenant: Tenant) -> None:
    first = await tenant.client.call(file(PDF, type=DocumentType.CONTRACT, filename="a.pdf"))
    await tenant.client.call(file(PDF, type=DocumentType.ID_DOCUMENT, filename="cni.pdf"))
    found = await stored_bytes(running, key(tenant, first.document.sha256))
    assert PDF[:16] not in found.data
    content = await tenant.client.call(GetContent(document_id=first.document.id))
    assert base64.b64decode(content.content_base64) == PDF


async def test_changed_bytes_are_never_handed_out(running: Running, tenant: Tenant) -> None:
    stored = await tenant.client.call(file())
    await behind(running, tenant, "update blob set digests = $2 where organisation_id = $1", tenant.id, bytes(32))
    assert await refused(tenant, GetContent(document_id=stored.document.id)) == "INTERNAL"


async def test_case_23_a_crash_before_the_commit_leaves_nothing_after_the_sweep(
    running: Running, tenant: Tenant
) -> None:
    heart = running.hosts["documents"].heart
    objects, token = ObjectStore(BUCKETS[0], heart.connection), new_token()
    written = await objects.put(key(tenant), [HELLO], token)  # what a process leaves that dies just before its commit
    await behind(
        running, tenant, "insert into unfinished_object values ($1, $2, $3, $4)", tenant.id, token, key(tenant), NOW
    )
    tenant.client.now = NOW
    stored = await tenant.client.call(file())
    assert await blobs(running, tenant) == [(HELLO_SHA256, 1)]
    await running.tick("hour", NOW + timedelta(hours=47))
    assert await objects.chunk(token, written.sequences[0], written.digests[0]) == HELLO
    await running.tick("hour", NOW + timedelta(days=3))
    assert await behind(running, tenant, "select 1 from unfinished_object") == []
    with pytest.raises(DamagedObjectError):
        await objects.chunk(token, written.sequences[0], written.digests[0])
    assert (await stored_bytes(running, key(tenant))).data == HELLO
    await tenant.client.call(GetContent(document_id=stored.document.id))


async def test_only_documents_reaches_its_buckets(running: Running, tenant: Tenant) -> None:
    await tenant.client.call(file())
    for user in ("bridge", "factures"):
        async with jetstream(running, user) as stream:
            with pytest.raises((nats.errors.TimeoutError, TimeoutError)):
                await stream.get_msg("OBJ_crm-documents", seq=1, direct=True)


def test_sealed_frames_cannot_change_places() -> None:
    content_key, context = sealing.new_content_key(), b"tenant and file"
    chunk = bytes(2 * sealing.FRAME_BYTES)
    sealed = sealing.seal(chunk, 3, 2, content_key, context)
    assert sealing.unseal(sealed, 3, 2, content_key, context) == chunk
    for number, other in ((4, context), (3, b"another file")):
        with pytest.raises(InvalidTag):
            sealing.unseal(sealed, number, 2, content_key, other)


async def test_two_tenants_and_many_files_do_not_wait_for_each_other(tenant: Tenant, other_tenant: Tenant) -> None:
    orders = [file(f"note {number}\n".encode()) for number in range(10)]
    stored = await asyncio.gather(*(who.client.call(order) for order in orders for who in (tenant, other_tenant)))
    assert len({answer.document.id for answer in stored}) == 20


def test_the_store_document_request_still_carries_256_kib() -> None:
    text = base64.b64encode(bytes(256 * 1024)).decode()
    assert StoreDocument(type=DocumentType.OTHER, filename="a.bin", content_base64=text).content_base64 == text
