"""factures: e-reports of sales to consumers and of what they pay, by period, sent, accepted and rectified."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from lxml import etree

from actors.factures.platform.simulator import PlatformSimulator
from actors.factures.rules import lifecycle
from actors.factures.rules.e_reports import ended_before, period_of
from messages.factures import CorrectionReason, CreateCreditNote, MarkInvoicePaid, PaymentMethod, TransmissionStatus
from messages.factures.e_reports import (
    EReportType,
    GenerateEReport,
    GetEReport,
    ListEReports,
    RectifyEReport,
    SubmitEReport,
)
from messages.factures.platform import VatPeriodicity
from messages.problem import Refused
from tests.actors.factures.builders import TODAY, consumer
from tests.actors.factures.platform_story import Story
from tests.actors.factures.test_platform import refused
from tests.harness import Running, Tenant

SALES, PAYMENTS = EReportType.OUT_TRANSACTIONS, EReportType.PAYMENTS


@pytest.mark.parametrize(
    ("type_", "periodicity", "start", "end", "deadline"),
    [
        (SALES, "MONTHLY", date(2027, 2, 1), date(2027, 2, 10), date(2027, 2, 20)),
        (SALES, "MONTHLY", date(2027, 2, 11), date(2027, 2, 20), date(2027, 2, 28)),
        (SALES, "MONTHLY", date(2027, 2, 21), date(2027, 2, 28), date(2027, 3, 10)),
        (PAYMENTS, "MONTHLY", date(2027, 2, 1), date(2027, 2, 28), date(2027, 3, 10)),
        (SALES, "QUARTERLY", date(2027, 2, 1), date(2027, 2, 28), date(2027, 3, 10)),
        (SALES, "SIMPLIFIED", date(2027, 2, 1), date(2027, 2, 28), date(2027, 3, 31)),
        (SALES, "EXEMPT", date(2027, 1, 1), date(2027, 2, 28), date(2027, 3, 31)),
        (PAYMENTS, "EXEMPT", date(2026, 11, 1), date(2026, 12, 31), date(2027, 1, 31)),
    ],
)
def test_case_22_periods_and_deadlines(
    type_: EReportType, periodicity: str, start: date, end: date, deadline: date
) -> None:
    for day in (start, end):
        found = period_of(type_, VatPeriodicity(periodicity), day)
        assert (found.start, found.end, found.deadline) == (start, end, deadline)


@given(
    some.dates(date(2026, 1, 1), date(2036, 12, 31)), some.sampled_from(VatPeriodicity), some.sampled_from(EReportType)
)
def test_periods_cover_every_day_once(day: date, periodicity: VatPeriodicity, type_: EReportType) -> None:
    period = period_of(type_, periodicity, day)
    (before,) = ended_before(type_, periodicity, day, 1)
    assert period.start <= day <= period.end < period.deadline
    assert (period.start - before.end).days == 1


CODES = sorted({*lifecycle.LABELS, *lifecycle.OTHER_OBJECTS, 999})


class LifeOfAnEinvoice(RuleBasedStateMachine):
    """Whatever codes arrive in whatever order, an end is an end and no step of the way is taken back."""

    def __init__(self) -> None:
        super().__init__()
        self.path = [TransmissionStatus.QUEUED]

    @rule(code=some.sampled_from(CODES))
    def receive(self, code: int) -> None:
        self.path.append(lifecycle.status_after(self.path[-1], code))

    @invariant()
    def an_end_is_an_end(self) -> None:
        ended = [status for status in self.path if status in lifecycle.TERMINAL]
        assert len(set(ended)) <= 1 and (not ended or self.path[-1] is ended[0])

    @invariant()
    def what_was_collected_is_never_refused(self) -> None:
        if TransmissionStatus.COLLECTED in self.path:
            after = self.path[self.path.index(TransmissionStatus.COLLECTED) :]
            assert not {TransmissionStatus.REFUSED, TransmissionStatus.REJECTED} & set(after) or any(
                status not in (TransmissionStatus.COLLECTED, *lifecycle.TERMINAL) for status in after
            )

    @invariant()
    def it_never_goes_back_on_its_way(self) -> None:
        steps = ("DEPOSITED", "IN_TRANSIT", "DELIVERED")
        ranks = [steps.index(status.value) for status in self.path if status.value in steps]
        blocked = TransmissionStatus.BLOCKED in self.path
        assert blocked or ranks == sorted(ranks)


TestLifeOfAnEinvoice = LifeOfAnEinvoice.TestCase
TestLifeOfAnEinvoice.settings = settings(max_examples=60, stateful_step_count=12, deadline=None)


@pytest.mark.parametrize(("code", "reason"), [(213, None), (210, "DOUBLONS"), (208, "PU_ERR"), (207, "JUSTIF_ABS")])
def test_a_reason_belongs_to_its_status(code: int, reason: str | None) -> None:
    with pytest.raises(Refused) as refusal:
        lifecycle.check_reason(code, reason)
    assert refusal.value.code.code == "REASON_NOT_ALLOWED"
    lifecycle.check_reason(205, None)


async def test_case_22_sales_and_payments_are_reported_and_rectified(
    running: Running, tenant: Tenant, other_tenant: Tenant, platform: PlatformSimulator
) -> None:
    story = await Story(running, tenant, platform).connect()
    client_id = await consumer(running, tenant)
    first = await story.issue("normal", "1000.00", client_id=client_id)
    second = await story.issue("normal", "600.00", client_id=client_id)
    part = CreateCreditNote(invoice_id=second.invoice_id, reason_code=CorrectionReason.OTHER, reason_text="Erreur")
    await story.ask(part)
    paid = MarkInvoicePaid(
        invoice_id=first.invoice_id, on_date=TODAY, method=PaymentMethod.CARD, amount=Decimal("600.00")
    )
    await story.ask(paid)

    async def day(month: int, day: int) -> None:
        story.now = datetime(2026, month, day, 5, microsecond=story.now.microsecond, tzinfo=UTC)
        platform.now = story.now
        await running.tick("day", story.now)
        await running.tick("minute", story.now)

    await day(3, 11)
    (sales,) = (await story.ask(ListEReports(company_id=tenant.company_id))).items
    assert (sales.type, sales.period_start, sales.period_end, sales.deadline) == (
        "OUT_TRANSACTIONS", date(2026, 3, 1), date(2026, 3, 10), date(2026, 3, 20),
    )  # fmt: skip
    (line,) = sales.lines
    assert (line.category, line.rate, line.base, line.vat, line.count) == (
        "TPS1", Decimal("20.00"), Decimal("1000.00"), Decimal("200.00"), 3,
    )  # fmt: skip
    assert sales.status == "ACCEPTED"
    (sent,) = platform.sent("EReporting")
    assert etree.fromstring(sent.content).findtext("ReportDocument/TypeCode") == "IN"
    await day(3, 12)
    assert len(platform.sent("EReporting")) == 1
    assert await refused(story.ask(RectifyEReport(e_report_id=sales.id))) == "EREPORT_CLOSED"
    await day(4, 1)
    payments = (await story.ask(ListEReports())).items[0]
    assert (payments.type, payments.lines[0].amount) == ("PAYMENTS", Decimal("600.00"))
    late = MarkInvoicePaid(invoice_id=first.invoice_id, on_date=date(2026, 3, 30), method=PaymentMethod.CARD)
    await story.ask(late)
    newer = await story.ask(RectifyEReport(e_report_id=payments.id))
    assert (newer.purpose, [str(found.amount) for found in newer.lines]) == ("RE", ["600.00", "600.00"])
    assert (await story.ask(GetEReport(e_report_id=payments.id))).status == "RECTIFIED"
    await running.settled()
    assert [len(await story.facts(f"e_report.{fact}")) for fact in ("generated", "submitted", "accepted")] == [3, 3, 2]
    again = GenerateEReport(company_id=tenant.company_id, type=SALES, on=date(2026, 3, 5))
    assert await refused(story.ask(again)) == "EREPORT_CLOSED"
    assert await refused(story.ask(SubmitEReport(e_report_id=payments.id))) == "INVALID_TRANSITION"
    assert await refused(other_tenant.client.call(GetEReport(e_report_id=sales.id))) == "E_REPORT_NOT_FOUND"
    assert (await other_tenant.client.call(ListEReports())).items == ()
