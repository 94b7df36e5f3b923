"""Files of the audit trail: complete, in order, marked, and only for those who may."""

import base64
import csv
import io
from datetime import timedelta
from typing import Any

from messages.documents import OpenContent
from messages.identity import AuditExport, AuditExportStatus, ExportAudit, GetAuditExport
from runtime import clock
from runtime.audit_chain import GENESIS
from tests.actors.identity.people import Person, member
from tests.actors.identity.test_audit_trail import CREATED, copied, creations, made_clients
from tests.actors.identity.test_sign_in import code_of
from tests.harness import Tenant, eventually


def order(**fields: Any) -> ExportAudit:
    """Everything of two days, unless fields narrow it."""
    now = clock.now()
    return ExportAudit(occurred_from=now - timedelta(days=1), occurred_to=now + timedelta(days=1), **fields)


async def ready(owner: Person, request: ExportAudit) -> AuditExport:
    """The export, once its file is there."""
    ordered = await owner.call(request)
    assert (ordered.status, ordered.document_id) == (AuditExportStatus.REQUESTED, None)

    async def done() -> AuditExport | None:
        found = await owner.call(GetAuditExport(export_id=ordered.export_id))
        assert found.status is not AuditExportStatus.FAILED, found.failure
        return found if found.status is AuditExportStatus.READY else None

    found: AuditExport = await eventually(done, 30.0)
    return found


async def rows_of(owner: Person, export: AuditExport) -> list[dict[str, str]]:
    """The rows of the file."""
    assert export.document_id is not None
    part = await owner.call(OpenContent(document_id=export.document_id, purpose="TEST"))
    assert (part.next_offset, part.sha256) == (None, export.sha256)
    text = base64.b64decode(part.content_base64).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=";"))


async def test_the_trail_leaves_as_a_file_whose_every_row_names_its_author(
    owned: tuple[Person, Tenant], other: tuple[Person, Tenant]
) -> None:
    owner, _ = owned
    stranger, _ = other
    first, second = await made_clients(owner, 2)
    await creations(owner, 2)
    export = await ready(owner, order(actions=(CREATED,)))
    rows = await rows_of(owner, export)
    assert [row["target_id"] for row in rows] == [str(first.id), str(second.id)]
    assert {row["export_id"] for row in rows} == {str(export.export_id)}
    assert {row["exported_by"] for row in rows} == {str(owner.user.user_id)}
    assert "entry_hash" not in rows[0]
    assert export.row_count == 2
    assert export.expires_at - export.created_at == timedelta(days=7)
    assert await code_of(stranger.call(GetAuditExport(export_id=export.export_id))) == "AUDIT_EXPORT_NOT_FOUND"


async def test_the_chain_can_be_followed_in_the_file(owned: tuple[Person, Tenant]) -> None:
    owner, _ = owned
    await made_clients(owner, 3)
    await copied(owner, "clients", 3)
    rows = await rows_of(owner, await ready(owner, order(stream="clients", include_chain_proof=True)))
    rows.sort(key=lambda row: int(row["seq"]))
    assert [row["prev_hash"] for row in rows] == [GENESIS, *(row["entry_hash"] for row in rows[:-1])]


async def test_only_who_was_given_the_right_exports_and_ten_times_an_hour(owned: tuple[Person, Tenant]) -> None:
    owner, _ = owned
    administrator, _ = await member(owner, "group_admin")
    assert await code_of(administrator.call(order())) == "PERMISSION_MISSING"
    nothing = order(actions=("nothing.at.all",))
    for _ in range(10):
        await owner.call(nothing)
    assert await code_of(owner.call(nothing)) == "RATE_LIMITED"
