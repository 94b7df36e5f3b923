"""clients: lists are written to files that a spreadsheet, or an import, can read."""

import base64
import csv
import io
from typing import Any

import pytest

from actors.clients.rules.export_files import EXPORT, cell
from actors.clients.rules.import_files import recognised
from messages.clients import (
    ClientFilter,
    CreateExport,
    ExportColumn,
    ExportJob,
    ExportStatus,
    GetClient,
    GetExport,
    ImportField,
)
from messages.documents import OpenContent
from messages.values.identifiers import new_id
from tests.actors.clients.builders import code_of, person
from tests.actors.clients.test_imports import committed, created, rows_of, validated
from tests.harness import Tenant, eventually

_WHO = (ExportColumn.FAMILY_NAME, ExportColumn.GIVEN_NAME, ExportColumn.EMAIL, ExportColumn.PHONE, ExportColumn.CITY)


async def written(tenant: Tenant, **fields: Any) -> ExportJob:
    """An export, once its file is there."""
    job = await tenant.client.call(CreateExport.model_validate({"columns": _WHO, **fields}))
    assert (job.status, job.document_id) == (ExportStatus.PENDING, None)

    async def done() -> ExportJob | None:
        found = await tenant.client.call(GetExport(job_id=job.id))
        assert found.status is not ExportStatus.FAILED, found.failure
        return found if found.status is ExportStatus.DONE else None

    found: ExportJob = await eventually(done, 30)
    return found


async def content_of(tenant: Tenant, job: ExportJob) -> bytes:
    """The bytes of the file."""
    assert job.document_id is not None
    part = await tenant.client.call(OpenContent(document_id=job.document_id, purpose="TEST"))
    assert (part.next_offset, part.sha256) == (None, job.sha256)
    return base64.b64decode(part.content_base64)


def table(content: bytes) -> list[list[str]]:
    """What a spreadsheet would show."""
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=";"))


async def test_a_list_is_written_to_a_file_and_told(tenant: Tenant, other_tenant: Tenant) -> None:
    await tenant.client.call(person(family_name="Dupont", given_name="Jean", emails=("jean@ex.fr",)))
    await tenant.client.call(person(family_name="Éluard; fils", given_name="Paul", emails=("paul@ex.fr",), phones=()))
    await other_tenant.client.call(person(family_name="Fremd", emails=("fremd@ex.fr",), phones=()))
    job = await written(tenant)
    content = await content_of(tenant, job)
    assert content.startswith(b"\xef\xbb\xbffamily_name;given_name;email;phone;city\r\n")
    rows = table(content)
    assert [row[:3] for row in rows[1:]] == [["Dupont", "Jean", "jean@ex.fr"], ["Éluard; fils", "Paul", "paul@ex.fr"]]
    assert rows[1][3].startswith("'+33")
    assert job.row_count == 2
    (told,) = await tenant.running.events("client_export.completed", tenant.id)
    assert (told[1]["job_id"], told[1]["document_id"], told[1]["rows"]) == (str(job.id), str(job.document_id), 2)
    assert await code_of(other_tenant.client.call(GetExport(job_id=job.id))) == "CLIENT_EXPORT_NOT_FOUND"


async def test_an_exported_file_is_read_in_again(tenant: Tenant, other_tenant: Tenant) -> None:
    await tenant.client.call(person(family_name="Dupont", given_name="Jean", emails=("jean@ex.fr",)))
    text = (await content_of(tenant, await written(tenant))).decode()
    job = await validated(other_tenant, await created(other_tenant, text))
    assert (job.counters.pending, job.counters.invalid) == (1, 0), await rows_of(other_tenant, job)
    job = await committed(other_tenant, job)
    (row,) = (await rows_of(other_tenant, job)).values()
    again = await other_tenant.client.call(GetClient(client_id=row.client_id))
    email, phone = again.contact_points
    assert (email.value, phone.value[:3]) == ("jean@ex.fr", "+33")


async def test_only_what_the_filter_and_the_authors_companies_let_through_is_written(tenant: Tenant) -> None:
    call = tenant.client.call
    await call(person(family_name="Dupont", emails=("a@ex.fr",), phones=()))
    await call(person(family_name="Martin", emails=("b@ex.fr",), phones=()))
    only = await written(tenant, filters=ClientFilter(family_name="Martin"))
    assert [row[0] for row in table(await content_of(tenant, only))[1:]] == ["Martin"]
    nobody = await written(tenant, filters=ClientFilter(company_id=new_id()))
    assert (nobody.row_count, len(table(await content_of(tenant, nobody)))) == (0, 1)


async def test_more_than_one_page_is_written_once_each(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actors.clients.exporting._ROWS_AT_ONCE", 3)
    for number in range(7):
        await tenant.client.call(person(family_name=f"Nom{chr(97 + number)}", emails=(f"n{number}@ex.fr",), phones=()))
    names = [row[0] for row in table(await content_of(tenant, await written(tenant)))[1:]]
    assert names == [f"Nom{letter}" for letter in "abcdefg"]


async def test_ten_exports_an_hour_are_the_most(tenant: Tenant) -> None:
    request = CreateExport(columns=_WHO)
    for _ in range(10):
        await tenant.client.call(request)
    assert await code_of(tenant.client.call(request)) == "RATE_LIMITED"


def test_headings_are_those_an_import_knows() -> None:
    known = {field.value for field in ImportField}
    shared = [column.value for column in ExportColumn if column.value in known]
    assert len(shared) >= 14
    assert recognised(shared) == {name: ImportField(name) for name in shared}


@pytest.mark.parametrize("text", ["=1+1", "+33612345678", "-5", "@sum", "\tx", "\rx"])
def test_nothing_is_calculated_when_the_file_is_opened(text: str) -> None:
    assert cell(text) == f"'{text}"
    assert cell(f"a{text}") == f"a{text}"


def test_a_written_export_is_over() -> None:
    assert not [state for _, state in EXPORT.table if state in (ExportStatus.DONE, ExportStatus.FAILED)]
