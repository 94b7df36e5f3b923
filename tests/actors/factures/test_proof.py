"""factures: what is proven on time, closed and sealed; rates of late interest; the organisation's words for statuses."""

import itertools
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import asyncpg
import pytest

from actors.factures.rules import late_interest
from actors.factures.rules.closings import bounds, closing_hash
from messages.factures import CorrectionReason, CreateCreditNote, GetInvoiceDocument, VerifySeals
from messages.factures.proof import (
    ClosingPeriod,
    DeleteStatusLabel,
    ListClosings,
    ListInvoiceStatuses,
    ListLateInterestRates,
    RunClosing,
    UpsertLateInterestRate,
    UpsertStatusLabel,
)
from messages.values.identifiers import new_id
from tests.actors.factures.builders import NOW, decoded
from tests.actors.factures.test_issuing import issue, issued, refused, simple
from tests.harness import Running, Tenant

_BESIDE = itertools.count(500)


def at(day: date, hour: int = 5) -> datetime:
    """An instant of its own, for the clock's stream takes each one once."""
    return datetime(day.year, day.month, day.day, hour, microsecond=next(_BESIDE), tzinfo=UTC)


def test_case_18_late_interest_by_semester() -> None:
    late = late_interest.segments(date(2026, 1, 31), date(2026, 3, 15))
    assert (sum(part.days for part in late), late_interest.interest(Decimal("1200.00"), late)) == (43, Decimal("17.18"))
    two = late_interest.segments(date(2025, 6, 15), date(2025, 7, 20))
    assert [(part.days, part.rate) for part in two] == [(15, Decimal("13.15")), (20, Decimal("12.15"))]
    assert late_interest.interest(Decimal("1000.00"), two) == Decimal("12.06")


@pytest.mark.parametrize(
    ("period", "year_end", "start", "end"),
    [
        ("DAY", "12-31", date(2026, 3, 2), date(2026, 3, 2)),
        ("MONTH", "12-31", date(2026, 3, 1), date(2026, 3, 31)),
        ("YEAR", "12-31", date(2026, 1, 1), date(2026, 12, 31)),
        ("YEAR", "06-30", date(2025, 7, 1), date(2026, 6, 30)),
        ("YEAR", "02-29", date(2026, 3, 1), date(2027, 2, 28)),
    ],
)
def test_the_period_of_a_day(period: str, year_end: str, start: date, end: date) -> None:
    assert bounds(ClosingPeriod(period), date(2026, 3, 2), year_end) == (start, end)


async def test_days_and_months_are_closed_once_in_a_chain(
    running: Running, tenant: Tenant, other_tenant: Tenant
) -> None:
    invoice = await issued(running, tenant)
    order = CreateCreditNote(invoice_id=invoice.invoice_id, reason_code=CorrectionReason.OTHER, reason_text="Erreur")
    await tenant.client.call(order, key=str(new_id()))
    await running.tick("day", at(date(2026, 3, 5)))
    tenant.client.now = NOW + timedelta(days=3)
    days = (await tenant.client.call(ListClosings(company_id=tenant.company_id))).items
    assert [found.period_start.day for found in days] == [4, 3, 2]
    first = days[-1]
    assert (first.document_count, first.first_seq, first.last_seq) == (2, 1, 2)
    assert [(found.kind.value, str(found.gross)) for found in first.totals] == [
        ("CREDIT_NOTE", "183.30"), ("INVOICE", "183.30"),
    ]  # fmt: skip
    assert {found.perpetual_total for found in days} == {Decimal("366.60")}
    assert days[0].prev_closing_hash == days[1].closing_hash and first.prev_closing_hash == "0" * 64
    assert (await tenant.client.call(RunClosing(company_id=tenant.company_id))).items == ()
    await running.tick("day", at(date(2026, 4, 1)))
    (month,) = (await tenant.client.call(ListClosings(company_id=tenant.company_id, period=ClosingPeriod.MONTH))).items
    assert (month.period_end, month.document_count) == (date(2026, 3, 31), 2)
    assert await refused(other_tenant.client.call(ListClosings(company_id=tenant.company_id))) == "COMPANY_UNKNOWN"
    connection = await asyncpg.connect(running.database("factures"))
    try:
        await connection.execute("select set_config('app.organisation_id', $1, false)", str(tenant.id))
        row = await connection.fetchrow("select canonical, closing_hash from fiscal_closing where period = 'MONTH'")
        assert closing_hash("0" * 64, row["canonical"]) == row["closing_hash"] == month.closing_hash
        with pytest.raises(asyncpg.IntegrityConstraintViolationError):
            await connection.execute("update fiscal_closing set document_count = 0")
    finally:
        await connection.close()


async def test_a_broken_seal_and_a_missing_number_raise_alerts(running: Running, tenant: Tenant) -> None:
    invoice = await issued(running, tenant)
    await issue(tenant, await tenant.client.call(simple(tenant, invoice.client_id)))
    await running.tick("hour", at(date(2026, 3, 3), 3))
    await running.tick("day", at(date(2026, 3, 3)))
    assert await running.events("invoicing_alert.raised", tenant.id) == []
    connection = await asyncpg.connect(running.database("factures"))
    try:
        await connection.execute("select set_config('app.organisation_id', $1, false)", str(tenant.id))
        await connection.execute("alter table invoice disable trigger issued_stays")
        await connection.execute("update invoice set gross = 1, series_seq = 7 where id = $1", invoice.invoice_id)
        await connection.execute("alter table invoice enable trigger issued_stays")
    finally:
        await connection.close()
    await running.tick("hour", at(date(2026, 3, 4), 3))
    await running.tick("day", at(date(2026, 3, 4)))
    alerts = [body for _, body in await running.events("invoicing_alert.raised", tenant.id)]
    assert sorted(alert["kind"] for alert in alerts) == ["NUMBERING_BROKEN", "SEAL_BROKEN"]
    assert not (await tenant.client.call(VerifySeals(company_id=tenant.company_id))).valid


async def test_an_entered_rate_is_printed_and_a_missing_one_reminded_of(
    running: Running, tenant: Tenant, other_tenant: Tenant
) -> None:
    first = await issued(running, tenant)
    await running.tick("day", at(date(2026, 7, 1)))
    (reminder,) = await running.events("invoicing_alert.raised", tenant.id)
    assert reminder[1]["kind"] == "LATE_RATE_MISSING"
    rate = UpsertLateInterestRate(semester="2026-S2", ecb_rate=Decimal("2.40"), source="BCE, 1er juillet 2026")
    assert (await tenant.client.call(rate)).rate == Decimal("12.40")
    known = {found.semester: found.rate for found in (await tenant.client.call(ListLateInterestRates())).items}
    assert (known["2026-S1"], known["2026-S2"]) == (Decimal("12.15"), Decimal("12.40"))
    others = (await other_tenant.client.call(ListLateInterestRates())).items
    assert "2026-S2" not in {found.semester for found in others}
    tenant.client.now = datetime(2026, 7, 2, 9, tzinfo=UTC)
    later = await issue(tenant, await tenant.client.call(simple(tenant, first.client_id)))
    file = await tenant.client.call(GetInvoiceDocument(invoice_id=later.invoice_id, format="CII_XML"))
    assert "12,40 %" in decoded(file.content_base64).decode()


async def test_statuses_have_the_organisations_words(running: Running, tenant: Tenant, other_tenant: Tenant) -> None:
    named = UpsertStatusLabel(code="PAID", label="Soldée", colour="#00AA00", display_order=0)
    assert (await tenant.client.call(named)).label == "Soldée"
    assert (await tenant.client.call(ListInvoiceStatuses())).items[0].label == "Soldée"
    assert {found.label for found in (await other_tenant.client.call(ListInvoiceStatuses())).items} >= {"Payée"}
    assert await refused(tenant.client.call(UpsertStatusLabel(code="LOST", label="x"))) == "INVOICE_STATUS_UNKNOWN"
    await tenant.client.call(DeleteStatusLabel(code="PAID"))
    assert "Payée" in {found.label for found in (await tenant.client.call(ListInvoiceStatuses())).items}
