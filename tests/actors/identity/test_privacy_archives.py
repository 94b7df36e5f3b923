"""The file that a person who asked for his data is given: whole, readable, and gone after a week."""

import base64
import csv
import io
import json
import zipfile
from datetime import UTC, datetime, timedelta
from typing import Any

from actors.identity.rules.privacy_archives import archive, sections
from messages.documents import GetDocument, OpenContent
from messages.identity import (
    ExecutePrivacyRequest,
    ExportPart,
    GetExportArchive,
    GetExportPart,
    PrivacyArchive,
    PrivacyRequest,
)
from tests.actors.identity.people import Person
from tests.actors.identity.test_privacy import OTHERS, ready, report
from tests.actors.identity.test_sign_in import code_of
from tests.harness import Running, Tenant, eventually

SPEAKING = [actor for actor in OTHERS if actor != "documents"]


def part(entity: str, *rows: dict[str, Any]) -> str:
    """What an actor gives of one kind of rows."""
    return json.dumps({"actor": "contrats", "entity": entity, "purpose": "contrat", "kept": "5 ans", "rows": rows})


async def executed(owner: Person, kind: str) -> PrivacyRequest:
    """A request that all twelve have fulfilled; contrats gave two parts of one kind."""
    request = await ready(owner, kind)
    await owner.call(ExecutePrivacyRequest(request_id=request.request_id))
    if kind != "ERASURE":
        for number, rows in ((1, {"number": "C-1", "note": "=2+3"}), (2, {"number": "C-2", "note": "<b>"})):
            given = ExportPart(number=number, total=2, content=part("contract", rows))
            await report(owner, request.request_id, "contrats", "EXECUTE", status="SUCCESS", part=given)
    for actor in SPEAKING:
        await report(owner, request.request_id, actor, "EXECUTE")
    await owner.running.settled()
    return request


async def archived(owner: Person, request: PrivacyRequest) -> PrivacyArchive:
    """The file of a request, once it is made."""

    async def made() -> PrivacyArchive | None:
        found = await owner.call(GetExportArchive(request_id=request.request_id))
        assert found.failure is None
        return found if found.document_id is not None else None

    found: PrivacyArchive = await eventually(made, 30.0)
    return found


async def test_a_person_is_given_one_file_that_is_deleted_after_a_week(
    running: Running, owned: tuple[Person, Tenant], other: tuple[Person, Tenant]
) -> None:
    owner, _ = owned
    request = await executed(owner, "ACCESS")
    found = await archived(owner, request)
    assert (found.status, found.expires_at - found.created_at) == ("READY", timedelta(days=7))
    assert found.document_id is not None
    content = await owner.call(OpenContent(document_id=found.document_id, purpose="TEST"))
    assert (content.next_offset, content.sha256, content.mime) == (None, found.sha256, "application/zip")
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(content.content_base64))) as file:
        told = json.loads(file.read("json/contrats-contract.json"))
        table = file.read("csv/contrats-contract.csv").decode("utf-8-sig")
        page = file.read("index.html").decode()
    assert [row["number"] for row in told["rows"]] == ["C-1", "C-2"]
    assert [row["note"] for row in csv.DictReader(io.StringIO(table), delimiter=";")] == ["'=2+3", "<b>"]
    assert "&lt;b&gt;" in page and "<b>" not in page
    ask = GetExportArchive(request_id=request.request_id)
    assert await code_of(other[0].call(ask)) == "PRIVACY_REQUEST_NOT_FOUND"
    owner.client.now = found.expires_at
    expired = await owner.call(ask)
    assert (expired.status, expired.document_id) == ("EXPIRED", None)
    await running.tick("hour", found.expires_at + timedelta(days=1))
    assert (await owner.call(GetDocument(document_id=found.document_id))).state == "PURGED"
    await running.tick("day", found.expires_at + timedelta(days=1))
    lost = GetExportPart(request_id=request.request_id, actor="contrats", number=1)
    assert await code_of(owner.call(lost)) == "NOT_FOUND"


async def test_an_erasure_gives_no_file(owned: tuple[Person, Tenant]) -> None:
    owner, _ = owned
    request = await executed(owner, "ERASURE")
    assert await code_of(owner.call(GetExportArchive(request_id=request.request_id))) == "NOT_FOUND"


def test_the_same_parts_give_the_same_bytes() -> None:
    found = sections([("b", part("x", {"a": 1})), ("a", '{"part": 1}'), ("b", part("x", {"c": None}))])
    assert [(section.name, section.columns) for section in found] == [("a-data", ("part",)), ("b-x", ("a", "c"))]
    made_at = datetime(2026, 3, 2, 9, tzinfo=UTC)
    assert archive(found, made_at) == archive(found, made_at)
    assert b"index.html" in archive([], made_at)
