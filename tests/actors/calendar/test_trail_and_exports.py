"""calendar: who changed what, files too large for a reply, and debits that the bank never answered."""

import base64
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from actors.calendar.rules.csv_lives import CSV_EXPORT
from actors.calendar.rules.deadlines import last_settlement_answered, return_until
from messages.calendar.audit_trail import CalendarAuditEntry, GetAuditLogs, GetEntityHistory
from messages.calendar.book import ListPlannedDebits
from messages.calendar.csv_files import (
    CsvExportStatus,
    CsvExportType,
    ExportCalendarCsv,
    ExportedCsv,
    GetCalendarExport,
)
from messages.calendar.settings import UpdateCalendarSettings
from messages.calendar.terms import ConfigurationLevel, DebitDateMode, Rail
from messages.documents import OpenContent
from messages.identity.audit_trail import AuditActorType
from messages.payments import PaymentReceived, PaymentSubmitted
from messages.problem import Refused
from messages.values.identifiers import new_id
from tests.actors.calendar.debits import payment, planned
from tests.actors.calendar.test_dates import configure
from tests.harness import Running, Tenant, eventually

APRIL = datetime(2026, 4, 1, 8, tzinfo=UTC)
JUNE = ExportCalendarCsv(start_date=date(2026, 6, 1), end_date=date(2026, 6, 30))


async def trail(tenant: Tenant, number: int, **filters: Any) -> list[CalendarAuditEntry]:
    """The newest entries, once so many are sealed."""

    async def sealed() -> Any:
        items = (await tenant.client.call(GetAuditLogs(**filters))).items
        return items if len(items) >= number else None

    return list(await eventually(sealed))


async def test_the_trail_says_who_changed_which_rule(tenant: Tenant, other_tenant: Tenant) -> None:
    user_id = uuid4()
    before = datetime(2026, 3, 1, tzinfo=UTC)
    tenant.client.now = datetime(2026, 3, 2, 9, tzinfo=UTC)
    tenant.client.token = tenant.token(user_id=user_id)
    made = await configure(tenant, ConfigurationLevel.CLIENT, uuid4(), mode=DebitDateMode.BATCH, lot_code="L2")
    await tenant.client.call(UpdateCalendarSettings(expected_version=0, prenotification_margin_days=3))
    entries = await trail(tenant, 2, source=AuditActorType.USER, user_id=user_id, occurred_from=before)
    settings, configuration = entries[:2]
    assert (settings.entity_type, settings.after) == ("calendar_settings", {"prenotification_margin_days": 3})
    assert (configuration.entity_id, configuration.user_id) == (made.configuration_id, user_id)
    assert (configuration.entity_type, configuration.summary) == (
        "debit_configuration_client",
        "created debit_configuration_client",
    )
    history = GetEntityHistory(entity_type="debit_configuration_client", entity_id=made.configuration_id)
    assert [entry.seq for entry in (await tenant.client.call(history)).items] == [configuration.seq]
    first = await tenant.client.call(GetAuditLogs(limit=1, user_id=user_id))
    second = await tenant.client.call(GetAuditLogs(limit=1, user_id=user_id, cursor=first.next_cursor))
    assert [entry.seq for page in (first, second) for entry in page.items] == [settings.seq, configuration.seq]
    assert (await tenant.client.call(GetAuditLogs(occurred_to=before, user_id=user_id))).items == ()
    assert (await tenant.client.call(GetAuditLogs(entity_type="holiday", user_id=user_id))).items == ()
    assert (await other_tenant.client.call(history)).items == ()
    assert (await other_tenant.client.call(GetAuditLogs(user_id=user_id))).items == ()


_FILL = """
insert into planned_debit (id, organisation_id, instalment_id, attempt, company_id, client_id, period, rail,
    original_target_date, planned_debit_date, planned_by, lot_code, amount, currency, status, is_given_up, submit_by,
    freeze_at, was_shifted, source_version)
select gen_random_uuid(), $1, gen_random_uuid(), 1, $2, gen_random_uuid(), '2026-06', 'SEPA_CORE', date '2026-06-08',
    date '2026-06-08', 'CALENDAR', 'L2', 29.90, 'EUR', 'PLANNED', false, now(), now(), false, 1
from generate_series(1, $3::int)
"""


async def many_debits(running: Running, tenant: Tenant, number: int) -> None:
    connection = await asyncpg.connect(running.database("calendar"))
    try:
        await connection.execute("select set_config('app.organisation_id', $1, false)", str(tenant.id))
        await connection.execute(_FILL, tenant.id, tenant.company_id, number)
    finally:
        await connection.close()


async def stored(tenant: Tenant, ordered: ExportedCsv) -> ExportedCsv:
    assert ordered.export_id is not None
    wanted = GetCalendarExport(export_id=ordered.export_id)

    async def written() -> ExportedCsv | None:
        found = await tenant.client.call(wanted)
        return found if found.status is not CsvExportStatus.PENDING else None

    return await eventually(written)  # type: ignore[no-any-return]


async def test_a_file_too_large_for_a_reply_is_kept_by_documents(
    running: Running, tenant: Tenant, other_tenant: Tenant
) -> None:
    await many_debits(running, tenant, 5200)
    ordered = await tenant.client.call(JUNE)
    assert (ordered.status, ordered.content_base64, ordered.row_count) == (CsvExportStatus.PENDING, None, None)
    export = await stored(tenant, ordered)
    assert (export.status, export.row_count, export.failure) == (CsvExportStatus.DONE, 5200, None)
    assert export.document_id is not None
    part = await tenant.client.call(OpenContent(document_id=export.document_id, purpose="test"))
    lines = base64.b64decode(part.content_base64).decode("utf-8-sig").splitlines()
    assert lines[0] == "date;company;client;contract_reference;invoice;lot;status;amount;currency"
    assert lines[1].endswith(";L2;PLANNED;29.90;EUR")
    volumes = await tenant.client.call(JUNE.model_copy(update={"type": CsvExportType.VOLUMES}))
    assert (volumes.status, volumes.row_count, volumes.export_id) == (CsvExportStatus.DONE, 1, None)
    wanted = GetCalendarExport(export_id=export.export_id or new_id())
    with pytest.raises(Refused, match="CSV_EXPORT_NOT_FOUND"):
        await other_tenant.client.call(wanted)
    colleague = tenant.token(company_ids=[tenant.company_id], user_id=uuid4())
    with pytest.raises(Refused, match="CSV_EXPORT_NOT_FOUND"):
        await tenant.client.call(wanted, token=colleague)


async def test_a_file_has_only_the_companies_its_author_sees(running: Running, tenant: Tenant) -> None:
    await many_debits(running, tenant, 3)
    narrow = tenant.token(company_ids=[uuid4()])
    assert (await tenant.client.call(JUNE, token=narrow)).row_count == 0
    assert (await tenant.client.call(JUNE)).row_count == 3


def test_a_written_file_is_final() -> None:
    assert {state for _, state in CSV_EXPORT.table} == {CsvExportStatus.PENDING}
    assert CSV_EXPORT.after("fail", CsvExportStatus.PENDING) is CsvExportStatus.FAILED


@pytest.mark.parametrize(
    ("rail", "today", "expected"),
    [
        (Rail.SEPA_CORE, date(2026, 4, 14), date(2026, 4, 2)),
        (Rail.SEPA_CORE, date(2026, 4, 15), date(2026, 4, 7)),
        (Rail.SEPA_B2B, date(2026, 4, 10), date(2026, 4, 2)),
        (Rail.SEPA_B2B, date(2026, 4, 11), date(2026, 4, 7)),
        (Rail.CARD, date(2026, 4, 11), None),
    ],
)
def test_returns_of_7_april_end_on_the_14th_or_10th(rail: Rail, today: date, expected: date | None) -> None:
    assert last_settlement_answered(rail, today) == expected
    if expected is not None:
        limit = return_until(rail, expected)
        assert limit is not None
        assert limit < today


async def test_a_debit_the_bank_never_answered_is_told_once(
    running: Running, tenant: Tenant, other_tenant: Tenant
) -> None:
    silent = planned(tenant.company_id, date(2026, 4, 7))
    answered = planned(tenant.company_id, date(2026, 4, 7))
    for event in (
        silent,
        answered,
        payment(PaymentSubmitted, silent),
        payment(PaymentSubmitted, answered),
        payment(PaymentReceived, answered),
    ):
        await running.state(event, tenant.id, now=APRIL)
    await running.settled()
    overdue = ListPlannedDebits(overdue=True)
    await running.tick("day", datetime(2026, 4, 14, 4, tzinfo=UTC))
    assert (await tenant.client.call(overdue)).items == ()
    for day in (15, 16):
        await running.tick("day", datetime(2026, 4, day, 4, tzinfo=UTC))
    (found,) = (await tenant.client.call(overdue)).items
    assert (found.instalment_id, found.overdue_since) == (silent.instalment_id, date(2026, 4, 15))
    ((_, body),) = await running.events("debit_calendar.settlement_overdue", tenant.id)
    assert (UUID(body["payment_id"]), body["return_until"]) == (silent.instalment_id, "2026-04-14")
    assert (await other_tenant.client.call(overdue)).items == ()
    await running.state(payment(PaymentReceived, silent), tenant.id, version=2, now=APRIL)
    await running.settled()
    assert (await tenant.client.call(overdue)).items == ()
