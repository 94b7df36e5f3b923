"""The end of a term: deadlines, the legal notice and its proof, refusal, and the next term."""

from datetime import date, timedelta
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from actors.contrats.rules.renewal import RENEWAL, information_window, refusal_deadline
from messages.contrats import GetContract, QuoteTermination
from messages.contrats.renewals import (
    RENEWAL_NOTICE,
    GetRenewalCycle,
    ListRenewals,
    RefuseRenewal,
    SetRenewal,
)
from messages.contrats.states import RenewalStatus
from messages.engagement.email import EmailBounced, EmailSent
from messages.logistics import LetterPosted
from messages.problem import Refused
from messages.shared import Ref
from tests.actors.contrats.builders import Sale, at, fact
from tests.actors.contrats.test_drafting import refused
from tests.harness import Running, Tenant

YEAR = {"starts_on": date(2026, 1, 1), "type": "SUBSCRIPTION", "notice_value": 2, "notice_unit": "MONTHS"}


@pytest.mark.parametrize(
    ("ends_on", "value", "unit", "deadline", "opens", "closes", "planned"),
    [
        (date(2026, 12, 31), 2, "MONTHS", date(2026, 10, 31), date(2026, 7, 31), date(2026, 9, 30), date(2026, 8, 31)),
        (date(2026, 8, 30), 1, "MONTHS", date(2026, 7, 30), date(2026, 4, 30), date(2026, 6, 30), date(2026, 5, 30)),
        (date(2026, 12, 31), 90, "DAYS", date(2026, 10, 2), date(2026, 7, 2), date(2026, 9, 2), date(2026, 8, 2)),
    ],
)
def test_case_17_and_18_the_deadline_and_the_window_of_the_notice(
    ends_on: date, value: int, unit: str, deadline: date, opens: date, closes: date, planned: date
) -> None:
    assert refusal_deadline(ends_on, value, unit) == deadline
    window = information_window(deadline)
    assert (window.opens_on, window.closes_on, window.planned_on) == (opens, closes, planned)


@given(st.dates(date(2020, 1, 1), date(2040, 1, 1)), st.integers(0, 12))
def test_the_window_always_lies_before_the_deadline_and_holds_the_planned_day(ends_on: date, months: int) -> None:
    deadline = refusal_deadline(ends_on, months, "MONTHS")
    window = information_window(deadline)
    assert window.opens_on <= window.planned_on <= window.closes_on < deadline <= ends_on


class CycleOfATerm(RuleBasedStateMachine):
    """Whatever happens in whatever order, a refused term never renews and a missed notice is never forgotten."""

    def __init__(self) -> None:
        super().__init__()
        self.path = [RenewalStatus.PENDING]

    def _take(self, trigger: str) -> None:
        status = self.path[-1]
        if RENEWAL.allows(trigger, status):
            self.path.append(RENEWAL.after(trigger, status))
            return
        with pytest.raises(Refused) as refusal:
            RENEWAL.after(trigger, status)
        assert refusal.value.code.code == "INVALID_TRANSITION"

    @rule()
    def the_client_is_told(self) -> None:
        self._take("inform")

    @rule()
    def the_mail_bounces(self) -> None:
        self._take("void_proof")

    @rule()
    def the_window_closes(self) -> None:
        self._take("miss")

    @rule()
    def somebody_refuses(self) -> None:
        self._take("refuse")

    @rule()
    def the_term_is_over(self) -> None:
        self._take("renew")

    @invariant()
    def refused_is_the_end(self) -> None:
        if RenewalStatus.REFUSED in self.path:
            assert self.path[-1] is RenewalStatus.REFUSED

    @invariant()
    def a_missed_notice_stays_missed(self) -> None:
        if RenewalStatus.INFO_MISSED in self.path:
            assert self.path[-1] in (RenewalStatus.INFO_MISSED, RenewalStatus.REFUSED)


TestCycleOfATerm = CycleOfATerm.TestCase
TestCycleOfATerm.settings = settings(max_examples=50, stateful_step_count=15, deadline=None)


@pytest.fixture
async def sale(running: Running, tenant: Tenant) -> Sale:
    """A client and a product."""
    return await Sale(running, tenant, now=at(date(2025, 11, 3))).prepare()


async def in_force(sale: Sale, **terms: object) -> None:
    """A year from 1 January 2026, refusable two months ahead, without service provider."""
    await sale.draft(terms=YEAR | terms, lines=(sale.line(provider_code=None),))
    signed = at(date(2025, 11, 3))
    await sale.sign(signed)
    await sale.approve(signed + timedelta(hours=1))
    await sale.activate_mandate(signed + timedelta(hours=2))
    await sale.day(date(2025, 11, 25))
    await sale.day(date(2026, 1, 1))
    sale.at(at(date(2026, 1, 1)))


def mail(sale: Sale, day: date) -> EmailSent:
    reference = Ref(type="contract", id=sale.contract_id)
    return fact(EmailSent, purpose=RENEWAL_NOTICE, reference=reference, sent_at=at(day), client_id=None)


async def test_case_17_the_client_is_told_and_a_new_term_begins(
    sale: Sale, tenant: Tenant, other_tenant: Tenant
) -> None:
    await in_force(sale)
    cycle = await tenant.client.call(GetRenewalCycle(contract_id=sale.contract_id))
    assert (cycle.refusal_deadline, cycle.info_planned_on, cycle.status) == (
        date(2026, 10, 31), date(2026, 8, 31), "PENDING",
    )  # fmt: skip
    await sale.day(date(2026, 8, 30))
    assert await sale.stated("contract.renewal_notice_due") == []
    await sale.day(date(2026, 8, 31))
    await sale.day(date(2026, 9, 1))
    ((_, due),) = await sale.stated("contract.renewal_notice_due")
    assert (due["refusal_deadline"], due["new_term_ends_on"], due["letter"]) == ("2026-10-31", "2027-12-31", None)
    assert due["new_price"]["amount"] == "35.88"
    await sale.hears(mail(sale, date(2026, 9, 1)), times=2)
    told = await tenant.client.call(GetRenewalCycle(contract_id=sale.contract_id))
    assert (told.status, told.info_sent_on, told.info_channel) == ("INFORMED", date(2026, 9, 1), "EMAIL")
    found = await tenant.client.call(ListRenewals(status=("INFORMED",), deadline_to=date(2026, 10, 31)))
    assert [item.contract_id for item in found.items] == [sale.contract_id]
    assert (await other_tenant.client.call(ListRenewals())).items == ()
    await sale.day(date(2027, 1, 1))
    ((_, renewed),) = await sale.stated("contract.renewed")
    assert (renewed["old_ends_on"], renewed["new_ends_on"], renewed["version_no"]) == ("2026-12-31", "2027-12-31", 2)
    assert await sale.stated("contract.renewal_info_missed") == []
    past = await tenant.client.call(GetContract(contract_id=sale.contract_id, as_of=date(2026, 6, 1)))
    assert (past.version_no, past.ends_on) == (1, date(2026, 12, 31))


async def test_case_19_without_proof_the_consumer_leaves_free_after_the_renewal(sale: Sale, tenant: Tenant) -> None:
    await in_force(sale, commitment_months=0)
    await sale.day(date(2026, 10, 1))
    ((_, missed),) = await sale.stated("contract.renewal_info_missed")
    assert missed["term_ends_on"] == "2026-12-31"
    await sale.hears(mail(sale, date(2026, 10, 2)))  # told too late is not told
    await sale.day(date(2027, 1, 1))
    assert len(await sale.stated("contract.renewed")) == 1
    day = date(2027, 3, 10)
    sale.at(at(day))
    quote = await tenant.client.call(QuoteTermination(contract_id=sale.contract_id, received_on=day))
    assert (quote.ends_on, str(quote.fee)) == (day, "0.00 EUR")


async def test_a_bounced_notice_goes_out_again_by_letter(sale: Sale, tenant: Tenant) -> None:
    await in_force(sale)
    await sale.day(date(2026, 8, 31))
    sent = mail(sale, date(2026, 8, 31))
    await sale.hears(sent)
    await sale.hears(fact(EmailBounced, purpose=RENEWAL_NOTICE, reference=sent.reference, client_id=None), version=2)
    _, again = (await sale.stated("contract.renewal_notice_due"))[-1]
    letter = again["letter"]
    assert (letter["purpose"], letter["recipient"]["address"]["city"]) == ("RENEWAL_NOTICE", "Paris")
    ((_, asked),) = await sale.stated("contract.document_requested")
    assert (asked["request_id"], asked["purpose"]) == (letter["request_id"], "RENEWAL_NOTICE")
    assert "31 OCTOBRE 2026 INCLUS" in " ".join(asked["data"]["paragraphs"])
    ((_, rendered),) = await sale.running.events("document.generated", tenant.id)
    assert rendered["request_id"] == letter["request_id"]
    posted = fact(LetterPosted, request_id=letter["request_id"], posted_at=at(date(2026, 9, 3)))
    await sale.hears(posted)
    told = await tenant.client.call(GetRenewalCycle(contract_id=sale.contract_id))
    assert (told.status, told.info_sent_on, told.info_channel) == ("INFORMED", date(2026, 9, 3), "LETTER")


async def test_a_refused_renewal_lets_the_contract_expire(sale: Sale, tenant: Tenant, other_tenant: Tenant) -> None:
    await in_force(sale)
    sale.at(at(date(2026, 10, 31)))
    refusal = RefuseRenewal(
        contract_id=sale.contract_id, expected_version=await sale.version(), received_on=date(2026, 10, 31)
    )
    assert await refused(other_tenant.client.call(refusal)) == "CONTRACT_NOT_FOUND"
    assert (await tenant.client.call(refusal)).status == "REFUSED"
    assert await refused(tenant.client.call(refusal)) == "VERSION_CONFLICT"
    again = refusal.model_copy(update={"expected_version": await sale.version()})
    assert (await tenant.client.call(again)).status == "REFUSED"
    ((_, body),) = await sale.stated("contract.renewal_refused")
    assert (body["received_on"], body["ends_on"]) == ("2026-10-31", "2026-12-31")
    change = SetRenewal(contract_id=sale.contract_id, expected_version=(await sale.contract()).version, mode="NONE")
    assert await refused(tenant.client.call(change)) == "NOTHING_TO_RENEW"
    await sale.day(date(2027, 1, 1))
    assert (await sale.contract()).status == "EXPIRED"
    assert await sale.stated("contract.renewed") == []


async def test_a_refusal_too_late_or_inside_the_commitment_is_refused(sale: Sale, tenant: Tenant) -> None:
    await in_force(sale)
    sale.at(at(date(2026, 11, 1)))
    late = RefuseRenewal(
        contract_id=sale.contract_id, expected_version=await sale.version(), received_on=date(2026, 11, 1)
    )
    assert await refused(tenant.client.call(late)) == "REFUSAL_TOO_LATE"
    assert await sale.stated("contract.renewal_refused") == []
    unknown = RefuseRenewal(contract_id=uuid4(), expected_version=1, received_on=date(2026, 11, 1))
    assert await refused(tenant.client.call(unknown)) == "CONTRACT_NOT_FOUND"


async def test_the_end_is_announced_on_four_days(sale: Sale, tenant: Tenant) -> None:
    await in_force(sale, renewal_mode="NONE")
    for day in (date(2026, 10, 2), date(2026, 10, 2), date(2026, 11, 1), date(2026, 12, 1), date(2026, 12, 24)):
        await sale.day(day)
    days = [body["days_left"] for _, body in await sale.stated("contract.expiring_soon")]
    assert days == [90, 60, 30, 7]
    late = RefuseRenewal(
        contract_id=sale.contract_id, expected_version=await sale.version(), received_on=date(2026, 1, 1)
    )
    assert await refused(tenant.client.call(late)) == "NOTHING_TO_RENEW"


async def test_a_contract_renews_as_often_as_agreed(sale: Sale, tenant: Tenant) -> None:
    await in_force(sale, max_renewals=0)
    agreed = await sale.contract()
    change = SetRenewal(contract_id=sale.contract_id, expected_version=agreed.version, mode="TACIT", term_months=6)
    changed = await tenant.client.call(change)
    assert (changed.renewal_term_months, changed.renewal_mode) == (6, "TACIT")
    assert await refused(tenant.client.call(GetRenewalCycle(contract_id=sale.contract_id))) == "RENEWAL_CYCLE_NOT_FOUND"
    await sale.day(date(2027, 1, 1))
    assert (await sale.contract()).status == "EXPIRED"
