"""The two exports, killed in the middle of their file: after the restart there is one file, and it is complete."""

import base64
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from messages.clients import CreateExport, ExportColumn, GetExport
from messages.documents import OpenContent
from messages.identity import ExportAudit, GetAuditChainHead, GetAuditExport
from messages.problem import Refused
from runtime import clock
from runtime.client import Client
from runtime.file_transfer import receive
from runtime.running_system import RunningSystem
from tests.actors.clients.builders import person
from tests.chaos.test_kill import system_of
from tests.harness import eventually

ROWS = 40_000
ACTORS = ["identity", "clients", "documents", "commercial"]
"""commercial, because identity has no mailbox where nobody states what it hears."""
_COLUMNS = "select column_name from information_schema.columns where table_name = $1 order by ordinal_position"


@asynccontextmanager
async def database_of(system: RunningSystem, actor: str) -> AsyncIterator[Any]:
    """An actor's database, with the sight of the organisation."""
    connection = await asyncpg.connect(system.installation.owner_url(actor))
    try:
        await connection.execute("select set_config('app.organisation_id', $1, false)", str(system.organisation_id))
        yield connection
    finally:
        await connection.close()


async def multiplied(system: RunningSystem, actor: str, table: str, own: dict[str, str]) -> int:
    """Copy the newest row of a table until it holds many; `own` says what differs in copy n. How many there are."""
    async with database_of(system, actor) as connection:
        names = [row["column_name"] for row in await connection.fetch(_COLUMNS, table)]
        chosen = ", ".join(own.get(name, f"kept.{name}") for name in names)
        newest = f"(select * from {table} order by id desc limit 1) kept"
        series = f"generate_series(1, {ROWS}) as n"
        await connection.execute(
            f"insert into {table} ({', '.join(names)}) select {chosen} from {newest} cross join {series}"
        )
        return int(await connection.fetchval(f"select count(*) from {table}"))


async def killed_in_the_middle(system: RunningSystem, actor: str, kind: str) -> None:
    """Kill the actor once documents holds a part of the file; its lost work is free at once instead of in two minutes."""
    async with database_of(system, "documents") as documents:

        async def has_begun() -> bool:
            return bool(await documents.fetchval("select count(*) from upload_part"))

        await eventually(has_begun, 60)
        assert not await documents.fetchval("select count(*) from document")
        assert system.supervisor.kill(actor)
    async with database_of(system, actor) as own:
        lost = "update work_item set leased_until = now() where kind = $1 and status = 'RUNNING' returning id"
        assert len(await own.fetch(lost, kind)) == 1
    await system.wait_until_serving()


async def lines_of(client: Client, document_id: UUID) -> list[bytes]:
    """The file as a reader gets it."""

    async def ask(request: OpenContent) -> Any:
        return await client.call(request)

    parts = [base64.b64decode(part.content_base64) async for part in receive(ask, document_id, "TEST")]  # type: ignore[arg-type]
    return b"".join(parts).splitlines()


async def finished(ask: Callable[[], Awaitable[Any]], done: str) -> Any:
    """The export, once its file is there."""

    async def is_there() -> Any:
        try:
            found = await ask()
        except Refused:
            return None  # the actor is not back yet
        return found if found.status == done else None

    return await eventually(is_there, 120)


async def documents_stored(system: RunningSystem) -> int:
    async with database_of(system, "documents") as connection:
        return int(await connection.fetchval("select count(*) from document"))


@pytest.mark.chaos
@pytest.mark.timeout(300)
async def test_a_list_of_clients_survives_its_writer() -> None:
    async with system_of(ACTORS) as system:
        client = await system.client()
        await client.call(person())
        copies = {"id": "gen_random_uuid()", "client_code": "'COPY-' || n"}
        rows = await multiplied(system, "clients", "client", copies)
        job = await client.call(CreateExport(columns=tuple(ExportColumn)))
        await killed_in_the_middle(system, "clients", "write_export")
        found = await finished(lambda: client.call(GetExport(job_id=job.id)), "DONE")
        assert found.row_count == rows
        assert len(await lines_of(client, found.document_id)) == rows + 1
        assert await documents_stored(system) == 1
        await client.close()


@pytest.mark.chaos
@pytest.mark.timeout(300)
async def test_a_file_of_the_audit_trail_survives_its_writer() -> None:
    async with system_of(ACTORS) as system:
        client = await system.client(token=system.token(permissions=("*", "identity:audit:*")))
        await client.call(person())
        await finished_copy(client)
        copies = {"id": "gen_random_uuid()", "seq": "kept.seq + n"}
        await multiplied(system, "identity", "audit_copy", copies)
        now = clock.now()
        wanted = ExportAudit(
            occurred_from=now - timedelta(days=1), occurred_to=now + timedelta(days=1), stream="clients"
        )
        export = await client.call(wanted)
        await killed_in_the_middle(system, "identity", "write_audit_export")
        found = await finished(lambda: client.call(GetAuditExport(export_id=export.export_id)), "READY")
        assert found.row_count >= ROWS
        assert len(await lines_of(client, found.document_id)) == found.row_count + 1
        assert await documents_stored(system) == 1
        await client.close()


async def finished_copy(client: Client) -> None:
    """Wait until an entry of clients has arrived in the central copy."""

    async def arrived() -> bool:
        try:
            return (await client.call(GetAuditChainHead(stream="clients"))).entry_count > 0
        except Refused:
            return False

    await eventually(arrived, 30)
