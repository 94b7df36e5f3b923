"""calendar: files that are read in in two steps, and files that are written."""

import base64
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.calendar.rules.csv_text import read_file, write_file
from messages.calendar import CalculatePlannedDate
from messages.calendar.configurations import GetDebitConfiguration
from messages.calendar.csv_files import (
    ConfirmCsvImport,
    CsvExportType,
    CsvImport,
    CsvImportOptions,
    CsvImportStatus,
    CsvImportType,
    ExportCalendarCsv,
    GetCsvImport,
    GetCsvTemplate,
    ImportCsv,
    ListCsvImports,
    OnError,
    RowAction,
)
from messages.calendar.dates import ListHolidays
from messages.calendar.forecast import ForecastSource, GetVolumeForecast, RebuildVolumeForecast
from messages.calendar.terms import ConfigurationLevel, DebitDateMode, ShiftStrategy
from messages.documents import DocumentType, StoreDocument
from messages.problem import Refused
from tests.actors.calendar.debits import planned
from tests.actors.calendar.test_dates import configure
from tests.actors.calendar.test_forecast import activated
from tests.actors.products.contracts import signed_contract
from tests.harness import Running, Tenant

MARCH_2 = datetime(2026, 3, 2, 9, tzinfo=UTC)
CONFIG = "contract_id;mode;batch;fixed_day"


async def look_at(
    tenant: Tenant, type_: CsvImportType, *lines: str, on_error: OnError = OnError.REJECT_ALL
) -> CsvImport:
    content = base64.b64encode("\n".join(lines).encode()).decode()
    options = CsvImportOptions(on_error=on_error)
    return await tenant.client.call(ImportCsv(type=type_, content_base64=content, dry_run=True, options=options))


async def contracts(running: Running, tenant: Tenant, number: int) -> list[UUID]:
    made = [activated(signed_contract(tenant.company_id, uuid4(), date(2026, 1, 1))) for _ in range(number)]
    for contract in made:
        await running.state(contract, tenant.id, version=4)
    await running.settled()
    return [contract.contract_id for contract in made]


def codes(found: CsvImport) -> list[tuple[int, str]]:
    return [(error.row, error.code) for error in found.errors]


async def test_case_36_every_row_keeps_its_error(running: Running, tenant: Tenant, other_tenant: Tenant) -> None:
    ids = await contracts(running, tenant, 5)
    found = await look_at(
        tenant,
        CsvImportType.CONTRACT_CONFIG,
        CONFIG,
        f"{ids[0]};BATCH;L2;",
        f"{ids[1]};WEEKLY;;",
        f"{ids[2]};BATCH;;",
        f"{ids[3]};FIXED_DAY;;29",
        f"{ids[0]};BATCH;L3;",
        f"{ids[4]};FIXED_DAY;;5abc",
    )
    assert sorted(codes(found)) == [
        (3, "INVALID_ENUM"), (4, "BATCH_REQUIRED"), (5, "FIXED_DAY_OUT_OF_RANGE"), (6, "DUPLICATE_ROW"),
        (7, "FIXED_DAY_OUT_OF_RANGE"),
    ]  # fmt: skip
    assert (found.rows_valid, found.rows_error, found.success) == (1, 5, False)
    with pytest.raises(Refused, match="IMPORT_HAS_ERRORS"):
        await tenant.client.call(ConfirmCsvImport(import_id=found.import_id))
    for request in (GetCsvImport(import_id=found.import_id), ConfirmCsvImport(import_id=found.import_id)):
        with pytest.raises(Refused, match="CSV_IMPORT_NOT_FOUND"):
            await other_tenant.client.call(request)
    foreign = await look_at(other_tenant, CsvImportType.CONTRACT_CONFIG, CONFIG, f"{ids[0]};BATCH;L2;")
    assert codes(foreign) == [(2, "UNKNOWN_REFERENCE")]
    assert (await other_tenant.client.call(ListCsvImports())).items[0].import_id == foreign.import_id


async def test_case_37_a_file_of_dates_overrides_single_months(running: Running, tenant: Tenant) -> None:
    ids = await contracts(running, tenant, 3)
    tenant.client.now = MARCH_2
    header = "contract_id;due_month;debit_date"
    found = await look_at(
        tenant,
        CsvImportType.DEBIT_DATES,
        header,
        f"{ids[0]};2026-04;2026-04-03",
        f"{ids[1]};2026-02;2026-02-30",
        f"{ids[2]};2026-04;2026-04-09",
    )
    assert codes(found) == [(2, "NOT_ELIGIBLE"), (3, "INVALID_DATE")]
    good = await look_at(tenant, CsvImportType.DEBIT_DATES, header, f"{ids[2]};2026-04;2026-04-09")
    applied = await tenant.client.call(ConfirmCsvImport(import_id=good.import_id))
    assert (applied.status, applied.created_count) == (CsvImportStatus.APPLIED, 1)
    asked = CalculatePlannedDate(contract_id=ids[2], target_year=2026, target_month=4)
    dated = await tenant.client.call(asked)
    assert (dated.planned_debit_date, dated.resolved_config.applied_level) == (date(2026, 4, 9), "OVERRIDE")
    ((_, change),) = await running.events("debit_configuration.changed", tenant.id)
    assert (change["kind"], change["scope_id"], change["period"]) == ("OVERRIDE", str(ids[2]), "2026-04")


async def test_a_confirmed_file_changes_only_what_it_says(running: Running, tenant: Tenant) -> None:
    known, new = await contracts(running, tenant, 2)
    await configure(
        tenant, ConfigurationLevel.CONTRACT, known, mode=DebitDateMode.BATCH, lot_code="L1",
        shift_strategy=ShiftStrategy.PREVIOUS_BUSINESS_DAY,
    )  # fmt: skip
    lines = (
        CONFIG.replace("contract_id", "contrat_id") + ";remark",
        f"{known};BATCH;L3;;x",
        "",
        f"{new};fixed_day;;9;",
    )
    found = await look_at(tenant, CsvImportType.CONTRACT_CONFIG, *lines)
    assert found.warnings == ("column remark is not read; remove it or correct its name",)
    assert [(row.row, row.action, row.change_summary) for row in found.preview] == [
        (2, RowAction.UPDATE, "changed: lot_code"),
        (4, RowAction.CREATE, "created debit_configuration_contract"),
    ]
    applied = await tenant.client.call(ConfirmCsvImport(import_id=found.import_id))
    assert (applied.created_count, applied.updated_count, applied.skipped_count) == (1, 1, 0)
    stored = await tenant.client.call(GetDebitConfiguration(level=ConfigurationLevel.CONTRACT, scope_id=known))
    assert (stored.lot_code, stored.shift_strategy) == ("L3", ShiftStrategy.PREVIOUS_BUSINESS_DAY)
    with pytest.raises(Refused, match="ALREADY_APPLIED"):
        await tenant.client.call(ConfirmCsvImport(import_id=found.import_id))
    again = await look_at(tenant, CsvImportType.CONTRACT_CONFIG, *lines)
    assert {row.action for row in again.preview} == {RowAction.SKIP}
    ((_, body),) = await running.events("debit_calendar.import_applied", tenant.id)
    assert (body["type"], body["created"], body["updated"], body["skipped"]) == ("CONTRACT_CONFIG", 1, 1, 0)


async def test_what_changed_since_the_dry_run_is_not_overwritten(running: Running, tenant: Tenant) -> None:
    (contract_id,) = await contracts(running, tenant, 1)
    found = await look_at(tenant, CsvImportType.CONTRACT_CONFIG, CONFIG, f"{contract_id};BATCH;L2;")
    await configure(tenant, ConfigurationLevel.CONTRACT, contract_id, mode=DebitDateMode.BATCH, lot_code="L4")
    with pytest.raises(Refused, match="CONFLICT_SINCE_PREVIEW"):
        await tenant.client.call(ConfirmCsvImport(import_id=found.import_id))


async def test_a_dry_run_counts_for_a_day(running: Running, tenant: Tenant) -> None:
    tenant.client.now = MARCH_2
    lines = ("zone_code,date,name", "FR,2026-08-14,Pont")
    first = await look_at(tenant, CsvImportType.HOLIDAYS, *lines)
    tenant.client.now = MARCH_2 + timedelta(hours=24)
    with pytest.raises(Refused, match="IMPORT_EXPIRED"):
        await tenant.client.call(ConfirmCsvImport(import_id=first.import_id))
    await running.tick("hour", MARCH_2 + timedelta(hours=25))
    expired = await tenant.client.call(GetCsvImport(import_id=first.import_id))
    assert expired.status is CsvImportStatus.EXPIRED
    with pytest.raises(Refused, match="DRY_RUN_REQUIRED"):
        await tenant.client.call(ImportCsv(type=CsvImportType.HOLIDAYS, content_base64="", dry_run=False))


async def test_closed_days_are_entered_and_renamed(tenant: Tenant) -> None:
    good = await look_at(
        tenant, CsvImportType.HOLIDAYS, "zone_code,date,name,type", "FR,2026-08-14,Pont,COMPANY", "TARGET,2026-08-14,X,",
        on_error=OnError.SKIP_INVALID,
    )  # fmt: skip
    assert (codes(good), good.status) == ([(3, "UNKNOWN_REFERENCE")], CsvImportStatus.VALIDATED)
    await tenant.client.call(ConfirmCsvImport(import_id=good.import_id))
    renamed = await look_at(tenant, CsvImportType.HOLIDAYS, "zone_code,date,name", "FR,2026-08-14,Pont d'août")
    assert renamed.preview[0].action is RowAction.UPDATE
    await tenant.client.call(ConfirmCsvImport(import_id=renamed.import_id))
    listed = (await tenant.client.call(ListHolidays(year=2026))).holidays
    assert [day.name for day in listed if day.date == date(2026, 8, 14)] == ["Pont d'août"]


async def test_an_imported_forecast_wins_over_the_computed_one(running: Running, tenant: Tenant) -> None:
    await running.state(planned(tenant.company_id, date(2026, 6, 1)), tenant.id, now=MARCH_2)
    await running.settled()
    tenant.client.now = MARCH_2
    found = await look_at(
        tenant,
        CsvImportType.VOLUME_FORECAST,
        "date;company_id;lot;expected_count;expected_amount",
        f"2026-06-01;{tenant.company_id};L1;50;2495,00",
    )
    await tenant.client.call(ConfirmCsvImport(import_id=found.import_id))
    await tenant.client.call(RebuildVolumeForecast())
    june = await tenant.client.call(GetVolumeForecast(from_date=date(2026, 6, 1), to_date=date(2026, 6, 30)))
    assert [(row.source, row.expected_count) for row in june.items] == [(ForecastSource.IMPORTED, 50)]


async def test_a_file_may_come_from_documents(running: Running, tenant: Tenant) -> None:
    content = base64.b64encode(b"zone_code;date;name\nFR;2026-08-14;Pont").decode()
    file = StoreDocument(
        type=DocumentType.IMPORT_FILE, filename="jours.csv", content_base64=content, declared_mime="text/csv"
    )
    stored = await tenant.client.call(file)
    await running.settled()
    found = await tenant.client.call(
        ImportCsv(type=CsvImportType.HOLIDAYS, document_id=stored.document.id, dry_run=True)
    )
    assert (found.rows_valid, found.document_id) == (1, stored.document.id)


async def test_a_template_is_a_header(tenant: Tenant) -> None:
    template = await tenant.client.call(GetCsvTemplate(type=CsvImportType.VOLUME_FORECAST))
    assert template.header == "date;company_id;lot;expected_count;expected_amount;currency"


async def test_planned_debits_are_written_for_spreadsheets(
    running: Running, tenant: Tenant, other_tenant: Tenant
) -> None:
    await running.state(planned(tenant.company_id, date(2026, 6, 1)), tenant.id, now=MARCH_2)
    await running.settled()
    wanted = ExportCalendarCsv(start_date=date(2026, 6, 1), end_date=date(2026, 6, 30))
    exported = await tenant.client.call(wanted)
    assert exported.filename == "calendar_planned_debits_2026-06-01_2026-06-30.csv"
    lines = base64.b64decode(exported.content_base64).decode("utf-8-sig").splitlines()
    assert lines[0] == "date;company;client;contract_reference;invoice;lot;status;amount;currency"
    assert lines[1].startswith("2026-06-01;Société DUP;")
    assert lines[1].endswith(";L1;PLANNED;29.90;EUR")
    for type_, last in ((CsvExportType.VOLUMES, "1;29.90;EUR"), (CsvExportType.HEATMAP, "1;29.90;LOW")):
        other = await tenant.client.call(wanted.model_copy(update={"type": type_}))
        assert base64.b64decode(other.content_base64).decode("utf-8-sig").splitlines()[1].endswith(last)
    assert (await other_tenant.client.call(wanted)).row_count == 0


@pytest.mark.parametrize("content", [b"", b"\x00\x01", b'a;b\n"open;2'])
def test_what_is_no_csv_is_refused(content: bytes) -> None:
    with pytest.raises(Refused, match="NOT_CSV"):
        read_file(content, CsvImportOptions())


def test_old_encodings_and_every_delimiter_are_understood() -> None:
    for delimiter in ";,\t":
        text = delimiter.join(("Zone_Code", "name")) + "\r\n\r\n" + delimiter.join(("FR", "Noël"))
        for encoding in ("utf-8", "utf-8-sig", "cp1252"):
            (row,) = read_file(text.encode(encoding), CsvImportOptions()).rows
            assert (row.number, row.cells) == (3, {"zone_code": "FR", "name": "Noël"})


@given(st.text(alphabet=st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=20))
def test_no_cell_is_run_as_a_formula(cell: str) -> None:
    ((_, row),) = enumerate(read_file(write_file(["a", "b"], [["x", cell]]), CsvImportOptions()).rows)
    assert row.cells["b"] == (f"'{cell}" if cell[0] in "=+-@" else cell)
