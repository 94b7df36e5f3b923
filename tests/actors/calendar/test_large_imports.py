"""calendar: files of thousands of rows are looked through and applied in the background."""

import base64
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import date, timedelta
from itertools import islice, pairwise, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.calendar.rules.csv_lives import CSV_IMPORT
from messages.calendar.csv_files import (
    ConfirmCsvImport,
    CsvImport,
    CsvImportOptions,
    CsvImportStatus,
    CsvImportType,
    GetCsvImport,
    ImportCsv,
    OnError,
)
from messages.calendar.forecast import GetVolumeForecast
from messages.documents import BeginUpload, DocumentType
from messages.problem import Refused
from runtime.file_transfer import send_file
from tests.harness import Running, Tenant

FIRST = date(2026, 1, 1)
HEADER = "date;company_id;lot;expected_count;expected_amount;remark"
S = CsvImportStatus


def forecasts(tenant: Tenant, number: int, *, remark: str = "", amount: str = "2495,00") -> list[str]:
    """Four lots a day, from the first of January on."""
    places = islice(product(range(number), ("L1", "L2", "L3", "L4")), number)
    return [f"{FIRST + timedelta(days=day)};{tenant.company_id};{lot};50;{amount};{remark}" for day, lot in places]


async def uploaded(tenant: Tenant, content: bytes) -> ImportCsv:
    async def parts() -> AsyncIterator[bytes]:
        yield content

    begin = BeginUpload(type=DocumentType.IMPORT_FILE, filename="volumes.csv", declared_mime="text/csv")
    stored = await send_file(tenant.client.call, begin, parts(), title="Volumes")
    return ImportCsv(
        type=CsvImportType.VOLUME_FORECAST,
        document_id=stored.document.id,
        dry_run=True,
        options=CsvImportOptions(on_error=OnError.SKIP_INVALID),
    )


async def looked_through(running: Running, tenant: Tenant, request: ImportCsv) -> CsvImport:
    """The findings of the work in the background."""
    begun = await tenant.client.call(request)
    assert (begun.status, begun.rows_total) == (S.READING, 0)
    await running.settled()
    return await tenant.client.call(GetCsvImport(import_id=begun.import_id))


async def test_a_large_document_is_read_and_applied_block_by_block(
    running: Running, tenant: Tenant, other_tenant: Tenant
) -> None:
    rows = forecasts(tenant, 2100, remark="x" * 100)
    rows[1499] = rows[1499].replace("2495,00", "much")
    rows.append(rows[0])
    content = "\n".join((HEADER, *rows)).encode()
    assert len(content) > 256 * 1024
    found = await looked_through(running, tenant, await uploaded(tenant, content))
    assert (found.status, found.rows_total, found.rows_valid, found.rows_error) == (S.VALIDATED, 2101, 2099, 2)
    assert [(error.row, error.code) for error in found.errors] == [(1501, "INVALID_AMOUNT"), (2102, "DUPLICATE_ROW")]
    assert len(found.preview) == 200
    confirm = ConfirmCsvImport(import_id=found.import_id)
    with pytest.raises(Refused, match="CSV_IMPORT_NOT_FOUND"):
        await other_tenant.client.call(confirm)
    assert (await tenant.client.call(confirm)).status is S.CONFIRMED
    with pytest.raises(Refused, match="ALREADY_APPLIED"):
        await tenant.client.call(confirm)
    await running.settled()
    applied = await tenant.client.call(GetCsvImport(import_id=found.import_id))
    assert (applied.status, applied.created_count, applied.updated_count) == (S.APPLIED, 2099, 0)
    day = await tenant.client.call(GetVolumeForecast(from_date=FIRST, to_date=FIRST))
    assert [row.expected_count for row in day.items] == [50, 50, 50, 50]
    ((_, body),) = await running.events("debit_calendar.import_applied", tenant.id)
    assert (body["created"], body["updated"], body["skipped"]) == (2099, 0, 0)


async def test_a_large_file_that_no_longer_does_what_was_shown_fails(running: Running, tenant: Tenant) -> None:
    def inline(rows: list[str]) -> ImportCsv:
        content = base64.b64encode("\n".join((HEADER, *rows)).encode()).decode()
        return ImportCsv(type=CsvImportType.VOLUME_FORECAST, content_base64=content, dry_run=True)

    found = await looked_through(running, tenant, inline(forecasts(tenant, 1001)))
    with_another = await tenant.client.call(inline(forecasts(tenant, 1, amount="9,90")))
    await tenant.client.call(ConfirmCsvImport(import_id=with_another.import_id))
    await tenant.client.call(ConfirmCsvImport(import_id=found.import_id))
    await running.settled()
    failed = await tenant.client.call(GetCsvImport(import_id=found.import_id))
    assert (failed.status, failed.created_count) == (S.FAILED, 0)
    assert failed.failure == "the data changed since the dry run; import the file again"
    day = await tenant.client.call(GetVolumeForecast(from_date=FIRST, to_date=FIRST + timedelta(days=400)))
    assert len(day.items) == 1


async def test_a_large_document_that_is_no_csv_fails(running: Running, tenant: Tenant) -> None:
    content = (HEADER + '\n"').encode() + b"open;2\n" * 40_000
    failed = await looked_through(running, tenant, await uploaded(tenant, content))
    assert failed.status is S.FAILED
    assert failed.failure is not None
    assert "cannot be read as CSV" in failed.failure


@given(st.lists(st.sampled_from(["accept", "reject", "confirm", "apply", "fail", "expire"]), max_size=8))
def test_an_import_is_applied_only_after_its_confirmation(triggers: list[str]) -> None:
    path = [S.READING]
    for trigger in triggers:
        with suppress(Refused):
            path.append(CSV_IMPORT.after(trigger, path[-1]))
    for before, after in pairwise(path):
        assert after is not S.APPLIED or before is S.CONFIRMED
        assert after is not S.CONFIRMED or before is S.VALIDATED
        assert before not in (S.APPLIED, S.EXPIRED, S.FAILED)
