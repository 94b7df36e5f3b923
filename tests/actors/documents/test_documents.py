"""documents: store, read, list, link."""

import asyncio
import base64
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from messages.documents import (
    DocumentLinkDraft,
    DocumentType,
    GetContent,
    GetDocument,
    LinkDocument,
    LinkRole,
    ListDocuments,
    OpenContent,
    StoreDocument,
    SubjectType,
)
from messages.problem import Refused
from messages.values.identifiers import new_id
from tests.actors.documents.test_formats import PDF
from tests.harness import Running, Tenant

HELLO = b"hello world\n"
HELLO_SHA256 = "a948904f2f0f479b8f8197694b30184b0d2ed1c1cd2a1ec0fb85d299a192a447"
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


def file(content: bytes = HELLO, **changes: Any) -> StoreDocument:
    fields: dict[str, Any] = {
        "type": DocumentType.OTHER,
        "filename": "note.txt",
        "content_base64": base64.b64encode(content).decode(),
    }
    return StoreDocument.model_validate(fields | changes)


async def refused(tenant: Tenant, request: Any, **options: Any) -> str:
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(request, **options)
    return refusal.value.code.code


async def blobs(running: Running, tenant: Tenant) -> list[tuple[str, int]]:
    connection = await asyncpg.connect(running.database("documents"))
    try:
        await connection.execute("select set_config('app.organisation_id', $1, false)", str(tenant.id))
        rows = await connection.fetch(
            "select sha256, ref_count from blob where organisation_id = $1 and token is not null",
            tenant.id,
        )
        return [(row["sha256"], row["ref_count"]) for row in rows]
    finally:
        await connection.close()


async def test_case_1_a_stored_file_is_known_by_its_sha256_and_readable_at_once(tenant: Tenant) -> None:
    stored = await tenant.client.call(file())
    assert (stored.document.sha256, stored.document.state) == (HELLO_SHA256, "AVAILABLE")
    content = await tenant.client.call(GetContent(document_id=stored.document.id))
    assert base64.b64decode(content.content_base64) == HELLO
    assert (content.mime, content.filename) == ("text/plain", "note.txt")


async def test_case_2_the_same_bytes_are_kept_once_per_tenant(
    running: Running, tenant: Tenant, other_tenant: Tenant
) -> None:
    first = await tenant.client.call(file())
    second = await tenant.client.call(file(title="Autre titre"))
    assert first.document.id != second.document.id
    assert (first.deduplicated, second.deduplicated) == (False, True)
    assert (await other_tenant.client.call(file())).deduplicated is False
    assert await blobs(running, tenant) == [(HELLO_SHA256, 2)]
    assert await blobs(running, other_tenant) == [(HELLO_SHA256, 1)]


async def test_case_9_an_infected_file_is_rejected_and_never_handed_out(running: Running, tenant: Tenant) -> None:
    stored = await tenant.client.call(file(EICAR))
    assert stored.document.state == "REJECTED"
    assert await refused(tenant, GetContent(document_id=stored.document.id)) == "NOT_CLEAN"
    assert await refused(tenant, OpenContent(document_id=stored.document.id, purpose="MAIL")) == "NOT_CLEAN"
    await running.settled()
    assert len(await running.events("document.rejected", tenant.id)) == 1
    assert await running.events("document.available", tenant.id) == []


async def test_case_20_one_source_key_is_one_document_even_when_two_orders_race(tenant: Tenant) -> None:
    order = file(PDF, type=DocumentType.INVOICE, filename="FA.pdf", source_key="factures:1:pdf")
    answers = await asyncio.gather(*(tenant.client.call(order) for _ in range(5)))
    assert len({answer.document.id for answer in answers}) == 1
    other = file(PDF + b"%", type=DocumentType.INVOICE, filename="FA.pdf", source_key="factures:1:pdf")
    assert await refused(tenant, other) == "FINAL_DOCUMENT"


async def test_case_26_another_tenants_document_is_not_found(tenant: Tenant, other_tenant: Tenant) -> None:
    stored = await tenant.client.call(file())
    for request in (GetDocument(document_id=stored.document.id), GetContent(document_id=stored.document.id)):
        assert await refused(other_tenant, request) == "DOCUMENT_NOT_FOUND"
    assert (await other_tenant.client.call(ListDocuments())).items == ()


async def test_a_token_without_the_permission_is_refused(tenant: Tenant) -> None:
    stored = await tenant.client.call(file())
    token = tenant.token("other:thing:read")
    for request in (file(), GetDocument(document_id=stored.document.id), GetContent(document_id=stored.document.id)):
        assert await refused(tenant, request, token=token) == "PERMISSION_MISSING"


async def test_a_personal_paper_needs_the_right_to_reveal_it(tenant: Tenant) -> None:
    stored = await tenant.client.call(file(PDF, type=DocumentType.ID_DOCUMENT, filename="cni.pdf"))
    reader = tenant.token("documents:document:read")
    assert await refused(tenant, GetContent(document_id=stored.document.id), token=reader) == "PERMISSION_MISSING"
    revealing = tenant.token("documents:document:read", "documents:document:reveal")
    await tenant.client.call(GetContent(document_id=stored.document.id), token=revealing)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"content": b""}, "EMPTY_FILE"),
        ({"content": bytes(256 * 1024 + 1)}, "PAYLOAD_TOO_LARGE"),
        ({"content_base64": "***"}, "VALIDATION_FAILED"),
        ({"expected_sha256": "0" * 64}, "HASH_MISMATCH"),
        ({"type": DocumentType.INVOICE}, "MIME_NOT_ALLOWED"),
    ],
)
async def test_what_breaks_a_rule_is_refused(tenant: Tenant, changes: dict[str, Any], code: str) -> None:
    assert await refused(tenant, file(**changes)) == code


async def test_documents_are_found_by_subject_client_and_type(tenant: Tenant) -> None:
    client_id, invoice_id = new_id(), new_id()
    link = DocumentLinkDraft(subject_type=SubjectType.INVOICE, subject_id=invoice_id)
    stored = await tenant.client.call(
        file(PDF, type=DocumentType.INVOICE, filename="a.pdf", client_id=client_id, links=(link,))
    )
    await tenant.client.call(file())

    async def found(**filters: Any) -> list[UUID]:
        return [item.id for item in (await tenant.client.call(ListDocuments(**filters))).items]

    assert await found(subject_type=SubjectType.INVOICE, subject_id=invoice_id) == [stored.document.id]
    assert await found(client_id=client_id) == [stored.document.id]
    assert await found(type=(DocumentType.INVOICE,)) == [stored.document.id]
    assert len(await found()) == 2


async def test_linking_twice_says_it_once(running: Running, tenant: Tenant) -> None:
    stored = await tenant.client.call(file())
    order = LinkDocument(
        document_id=stored.document.id, subject_type=SubjectType.TASK, subject_id=new_id(), role=LinkRole.ATTACHMENT
    )
    await tenant.client.call(order)
    linked = await tenant.client.call(order)
    assert (len(linked.links), linked.version) == (1, 4)
    await running.settled()
    assert len(await running.events("document.linked", tenant.id)) == 1


async def test_a_stored_file_is_announced_in_order(running: Running, tenant: Tenant) -> None:
    stored = await tenant.client.call(file(PDF, type=DocumentType.QUOTE, filename="devis.pdf"))
    await running.settled()
    versions = []
    for fact in ("stored", "scanned", "available"):
        ((headers, body),) = await running.events(f"document.{fact}", tenant.id)
        assert body["document_id"] == str(stored.document.id)
        versions.append(headers["ce-crmversion"])
    assert versions == ["1", "2", "3"]


async def test_a_file_is_read_in_parts(tenant: Tenant) -> None:
    stored = await tenant.client.call(file())
    part = await tenant.client.call(OpenContent(document_id=stored.document.id, purpose="MAIL", offset=6))
    assert (base64.b64decode(part.content_base64), part.next_offset, part.size) == (b"world\n", None, 12)
    beyond = OpenContent(document_id=stored.document.id, purpose="MAIL", offset=12)
    assert await refused(tenant, beyond) == "VALIDATION_FAILED"
