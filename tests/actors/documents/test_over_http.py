"""documents: files over HTTP, on a real socket of the bridge."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest_asyncio

from messages.documents import CreateDownloadLink, GetDocument
from runtime.bridge.files import content_disposition
from runtime.bridge.server import create_server
from runtime.bridge.settings import BridgeSettings
from tests.actors.documents.test_documents import HELLO, HELLO_SHA256, file
from tests.bridge.conftest import free_socket, started
from tests.harness import Running, Tenant

THREE_MIB = b"0123456789abcdef" * (3 * 65536)


@pytest_asyncio.fixture(loop_scope="session")
async def web(running: Running) -> AsyncIterator[httpx.AsyncClient]:
    server = create_server(running.settings("bridge"), BridgeSettings(actors=("documents", "identity")), "127.0.0.1", 0)
    listener = free_socket()
    task = await started(server, listener)
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    async with httpx.AsyncClient(base_url=url, timeout=20, trust_env=False) as client:
        yield client
    server.should_exit = True
    async with asyncio.timeout(15):
        await task


def bearer(tenant: Tenant, **more: str) -> dict[str, str]:
    return {"authorization": f"Bearer {tenant.token()}", **more}


async def sent(web: httpx.AsyncClient, tenant: Tenant, content: bytes, **about: str) -> httpx.Response:
    async def body() -> AsyncIterator[bytes]:
        for start in range(0, len(content), 100_000):
            yield content[start : start + 100_000]

    query = {"type": "OTHER", "filename": "grand.txt"} | about
    return await web.post("/v1/files", params=query, content=body(), headers=bearer(tenant))


async def test_a_body_of_any_size_becomes_a_document_and_comes_back(
    web: httpx.AsyncClient, tenant: Tenant, other_tenant: Tenant
) -> None:
    stored = await sent(web, tenant, THREE_MIB, title="Grand fichier")
    assert stored.status_code == 200, stored.text
    document: dict[str, Any] = stored.json()["document"]
    assert (document["size"], document["title"]) == (len(THREE_MIB), "Grand fichier")
    read = await web.get(f"/v1/files/{document['id']}", headers=bearer(tenant))
    assert (read.content, read.headers["content-length"]) == (THREE_MIB, str(len(THREE_MIB)))
    assert read.headers["etag"] == f'"{document["sha256"]}"'
    assert (
        read.headers["content-security-policy"].startswith("sandbox")
        and read.headers["x-content-type-options"] == "nosniff"
    )
    assert (await web.get(f"/v1/files/{document['id']}", headers=bearer(other_tenant))).status_code == 404
    assert (await web.get(f"/v1/files/{document['id']}")).status_code == 401


async def test_a_range_is_answered_with_exactly_its_bytes(web: httpx.AsyncClient, tenant: Tenant) -> None:
    document = (await sent(web, tenant, THREE_MIB)).json()["document"]
    size = len(THREE_MIB)
    for wanted, first, last in (
        ("bytes=0-0", 0, 0),
        ("bytes=262140-262150", 262140, 262150),
        (f"bytes={size - 5}-", size - 5, size - 1),
        ("bytes=-7", size - 7, size - 1),
        (f"bytes=10-{size + 9}", 10, size - 1),
    ):
        read = await web.get(f"/v1/files/{document['id']}", headers=bearer(tenant, range=wanted))
        assert (read.status_code, read.headers["content-range"]) == (206, f"bytes {first}-{last}/{size}")
        assert read.content == THREE_MIB[first : last + 1]
    beyond = await web.get(f"/v1/files/{document['id']}", headers=bearer(tenant, range=f"bytes={size}-"))
    assert beyond.status_code == 416
    several = await web.get(f"/v1/files/{document['id']}", headers=bearer(tenant, range="bytes=0-1,5-6"))
    assert (several.status_code, several.content) == (200, THREE_MIB)


async def test_what_is_refused_says_why(web: httpx.AsyncClient, tenant: Tenant) -> None:
    unknown = await sent(web, tenant, HELLO, colour="red")
    assert (unknown.status_code, unknown.json()["fields"][0]["field"]) == (422, "colour")
    assert (await sent(web, tenant, HELLO, type="NOTHING")).status_code == 422
    wrong = await sent(web, tenant, HELLO, expected_sha256="0" * 64)
    assert wrong.json()["code"] == "HASH_MISMATCH"
    large = await sent(web, tenant, b"x" * 1024, expected_size=str(10_485_761))
    assert large.json()["code"] == "TYPE_SIZE_LIMIT"
    assert (await web.get("/v1/files/nothing", headers=bearer(tenant))).status_code == 422


async def test_a_link_opens_once_without_a_token(web: httpx.AsyncClient, tenant: Tenant) -> None:
    stored = await tenant.client.call(file(filename="Reçu.txt"))
    link = await tenant.client.call(CreateDownloadLink(document_id=stored.document.id))
    read = await web.get(link.url_path)
    assert (read.content, read.headers["cache-control"]) == (HELLO, "no-store")
    assert read.headers["content-disposition"] == "attachment; filename=\"Re_u.txt\"; filename*=UTF-8''Re%C3%A7u.txt"
    assert (await web.get(link.url_path)).status_code == 200  # the same visitor resumes once
    used = await web.get(link.url_path)
    assert (used.status_code, used.json()["code"]) == (410, "LINK_USED")
    assert (await web.get(link.url_path[:-1])).status_code == 404
    assert (await web.get("/v1/downloads/nobody/v1.x.y")).status_code == 404
    assert (await tenant.client.call(GetDocument(document_id=stored.document.id))).sha256 == HELLO_SHA256


def test_a_name_cannot_leave_its_header() -> None:
    assert content_disposition("inline", 'a"b\r\nx.pdf') == (
        "inline; filename=\"a_b__x.pdf\"; filename*=UTF-8''a%22b%0D%0Ax.pdf"
    )
