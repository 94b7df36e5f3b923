"""Amendments: consent, notice, versions, and the cents of a change inside a billed period."""

import asyncio
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from actors.contrats.rules.amendments import (
    AMENDMENT,
    consents_for,
    exit_right_end,
    notice_is_long_enough,
)
from messages.contrats import GetContract, InitiatedBy, QuoteTermination
from messages.contrats.amendments import (
    AcceptAmendment,
    AddLine,
    Amendment,
    AmendmentKind,
    AmendmentStatus,
    ApplyAmendment,
    CancelAmendment,
    ChangeLine,
    EndLine,
    GetAmendment,
    ListAmendments,
    ListContractVersions,
    PreviewAmendment,
    ProposeAmendment,
    SendAmendment,
    SetTerms,
    UpdateAmendment,
)
from messages.problem import Refused
from messages.values.money import Money
from tests.actors.contrats.builders import Sale, at
from tests.actors.contrats.test_drafting import refused
from tests.harness import Running, Tenant

MARCH = {"starts_on": date(2026, 3, 1)}
SIGNED = at(date(2026, 2, 3))


def test_case_37_a_change_is_told_a_month_ahead_and_opens_the_door() -> None:
    told = date(2026, 3, 15)
    assert notice_is_long_enough(told, date(2026, 4, 15))
    assert not notice_is_long_enough(told, date(2026, 4, 14))
    assert exit_right_end("CONSUMER_TELECOM", told, date(2026, 4, 15)) == date(2026, 7, 15)
    assert exit_right_end("CONSUMER_STANDARD", told, date(2026, 4, 15)) == date(2026, 4, 15)
    assert exit_right_end("CONSUMER_ENERGY", told, date(2026, 4, 15)) == date(2026, 6, 15)
    assert exit_right_end("BUSINESS", told, date(2026, 4, 15)) is None


def test_who_must_agree_to_what() -> None:
    assert consents_for(AmendmentKind.TERM_CHANGE, InitiatedBy.CLIENT) == ("SIGNATURE",)
    assert "NONE" not in consents_for(AmendmentKind.LINE_ADD, InitiatedBy.CLIENT)
    assert "NONE" in consents_for(AmendmentKind.PRICE_CHANGE, InitiatedBy.COMPANY)
    assert "NONE" in consents_for(AmendmentKind.CORRECTION, InitiatedBy.CLIENT)


class LifeOfAnAmendment(RuleBasedStateMachine):
    """Nothing is applied without consent, nothing changes once it is applied, refused or cancelled."""

    def __init__(self) -> None:
        super().__init__()
        self.path = [AmendmentStatus.DRAFT]

    def _take(self, trigger: str) -> None:
        if AMENDMENT.allows(trigger, self.path[-1]):
            self.path.append(AMENDMENT.after(trigger, self.path[-1]))
            return
        with pytest.raises(Refused) as refusal:
            AMENDMENT.after(trigger, self.path[-1])
        assert refusal.value.code.code == "INVALID_TRANSITION"

    @rule()
    def rewrite(self) -> None:
        self._take("rewrite")

    @rule()
    def send(self) -> None:
        self._take("send")

    @rule()
    def accept(self) -> None:
        self._take("accept")

    @rule()
    def apply(self) -> None:
        self._take("apply")

    @rule()
    def outdate(self) -> None:
        self._take("outdate")

    @rule()
    def refuse(self) -> None:
        self._take("refuse")

    @rule()
    def cancel(self) -> None:
        self._take("cancel")

    @invariant()
    def applied_means_agreed(self) -> None:
        if self.path[-1] is AmendmentStatus.APPLIED:
            assert self.path[-2] is AmendmentStatus.ACCEPTED

    @invariant()
    def the_end_is_the_end(self) -> None:
        final = {AmendmentStatus.APPLIED, AmendmentStatus.REFUSED, AmendmentStatus.CANCELLED}
        assert not final.intersection(self.path[:-1])


TestLifeOfAnAmendment = LifeOfAnAmendment.TestCase
TestLifeOfAnAmendment.settings = settings(max_examples=50, stateful_step_count=15, deadline=None)


@pytest.fixture
async def sale(running: Running, tenant: Tenant) -> Sale:
    """A contract of 29.90 a month since 1 March 2026, March and April billed in advance."""
    sale = await Sale(running, tenant, now=SIGNED).prepare()
    await sale.draft(terms=MARCH, lines=(sale.line(provider_code=None),))
    await sale.sign(SIGNED)
    await sale.approve(SIGNED + timedelta(hours=1))
    await sale.activate_mandate(SIGNED + timedelta(hours=2))
    await sale.day(date(2026, 2, 18))
    await sale.day(date(2026, 3, 1))
    sale.at(at(date(2026, 3, 5)))
    return sale


async def dearer(sale: Sale, price: str = "39.90", **changes: Any) -> Amendment:
    (line,) = [line for line in (await sale.contract()).lines if line.valid_to is None]
    fields: dict[str, Any] = {
        "contract_id": sale.contract_id, "kind": "PRICE_CHANGE", "effective_from": date(2026, 3, 11), "proration": "PRORATE",
        "operations": (ChangeLine(operation="change_line", line_id=line.line_id, unit_price_net=Money.of(price)),),
    }  # fmt: skip
    return await sale.tenant.client.call(ProposeAmendment.model_validate(fields | changes))


async def agree(sale: Sale, amendment: Amendment, day: date = date(2026, 3, 5), **changes: Any) -> Amendment:
    call = sale.tenant.client.call
    await call(SendAmendment(amendment_id=amendment.id))
    fields = {"amendment_id": amendment.id, "consent_kind": "DURABLE_MEDIUM", "given_on": day, "document_id": uuid4()}
    return await call(AcceptAmendment.model_validate(fields | changes))


async def test_case_13_a_billed_month_is_corrected_to_the_cent(sale: Sale, tenant: Tenant) -> None:
    amendment = await dearer(sale)
    assert (amendment.number, amendment.status) == ("CTR-2026-000001-A01", "DRAFT")
    preview = await tenant.client.call(
        PreviewAmendment(
            contract_id=sale.contract_id, kind="PRICE_CHANGE", operations=amendment.operations,
            effective_from=amendment.effective_from, proration="PRORATE",
        )
    )  # fmt: skip
    assert {row.kind: str(row.net) for row in preview.adjustments} == {"CREDIT": "20.25 EUR", "CHARGE": "27.03 EUR"}
    assert (str(preview.old_mrr), str(preview.new_mrr)) == ("29.90 EUR", "39.90 EUR")
    assert await sale.stated("contract.billing_adjusted") == []
    await agree(sale, amendment)
    await sale.running.settled()
    ((_, asked),) = await sale.stated("contract.document_requested")
    (line,) = asked["data"]["contract"]["lines"]
    assert (asked["purpose"], line["unit_price_net"]["amount"]) == ("AMENDMENT", "39.90")
    assert (await tenant.client.call(GetAmendment(amendment_id=amendment.id))).document_sha256 is not None
    applied = await tenant.client.call(ApplyAmendment(amendment_id=amendment.id))
    assert applied.status == "APPLIED"
    ((_, amended),) = await sale.stated("contract.amended")
    assert (amended["version_no"], amended["new_mrr"]["amount"], amended["commission_base_changed"]) == (
        2,
        "39.90",
        True,
    )
    assert len(await sale.stated("contract.billing_adjusted")) == 2
    await sale.day(date(2026, 3, 17))
    _, due = (await sale.stated("contract.billing_due"))[-1]
    assert {row["kind"]: row["net"]["amount"] for row in due["adjustments"]} == {"CREDIT": "20.25", "CHARGE": "27.03"}
    (april,) = due["instalments"]
    assert (april["net_total"]["amount"], due["net_total"]["amount"], due["vat_total"]["amount"]) == (
        "39.90", "46.68", "9.34",
    )  # fmt: skip


async def test_as_of_answers_from_the_version_in_force_that_day(sale: Sale, tenant: Tenant) -> None:
    amendment = await dearer(sale)
    await agree(sale, amendment)
    await tenant.client.call(ApplyAmendment(amendment_id=amendment.id))
    prices = []
    for day in (date(2026, 3, 10), date(2026, 3, 11)):
        seen = await tenant.client.call(GetContract(contract_id=sale.contract_id, as_of=day))
        prices.append((seen.version_no, str(seen.mrr)))
    assert prices == [(1, "29.90 EUR"), (2, "39.90 EUR")]
    versions = (await tenant.client.call(ListContractVersions(contract_id=sale.contract_id))).items
    assert [(item.version_no, item.kind, item.effective_to) for item in versions] == [
        (2, "AMENDMENT", None),
        (1, "INITIAL", date(2026, 3, 10)),
    ]
    early = GetContract(contract_id=sale.contract_id, as_of=date(2026, 2, 1))
    assert await refused(tenant.client.call(early)) == "CONTRACT_NOT_FOUND"


async def test_case_33_of_two_amendments_on_one_version_one_wins(sale: Sale, tenant: Tenant) -> None:
    for price in ("30.90", "31.90"):  # to version 3
        step = await dearer(sale, price)
        await agree(sale, step)
        await tenant.client.call(ApplyAmendment(amendment_id=step.id))
    rivals = [await dearer(sale, price) for price in ("39.90", "34.90")]
    for rival in rivals:
        assert rival.base_version == 3
        await agree(sale, rival)

    async def apply(amendment: Amendment) -> str:
        try:
            return str((await tenant.client.call(ApplyAmendment(amendment_id=amendment.id))).status)
        except Refused as refusal:
            return refusal.code.code

    assert sorted(await asyncio.gather(*map(apply, rivals))) == ["AMENDMENT_STALE", "APPLIED"]
    assert (await sale.contract()).version_no == 4
    stored = [await tenant.client.call(GetAmendment(amendment_id=rival.id)) for rival in rivals]
    (stale,) = [row for row in stored if row.status == "STALE"]
    line = next(line for line in (await sale.contract()).lines if line.valid_to is None)
    again = UpdateAmendment(
        amendment_id=stale.id, effective_from=stale.effective_from,
        operations=(ChangeLine(operation="change_line", line_id=line.line_id, unit_price_net=Money.of("34.90")),),
    )  # fmt: skip
    rewritten = await tenant.client.call(again)
    assert (rewritten.status, rewritten.base_version) == ("DRAFT", 4)


async def test_case_37_a_company_tells_a_telecom_consumer_a_month_ahead(sale: Sale, tenant: Tenant) -> None:
    sale.at(at(date(2026, 3, 15)))
    early = await dearer(sale, initiated_by="COMPANY", effective_from=date(2026, 4, 14), proration="NEXT_PERIOD")
    assert await refused(tenant.client.call(SendAmendment(amendment_id=early.id))) == "NOTICE_TOO_SHORT"
    assert await sale.stated("contract.amendment_proposed") == []
    right = await dearer(sale, initiated_by="COMPANY", effective_from=date(2026, 4, 15), proration="NEXT_PERIOD")
    sent = await tenant.client.call(SendAmendment(amendment_id=right.id))
    assert (sent.status, sent.exit_right_until) == ("AWAITING_CONSENT", date(2026, 7, 15))
    ((_, proposed),) = await sale.stated("contract.amendment_proposed")
    assert proposed["exit_right_until"] == "2026-07-15"
    day = date(2026, 7, 15)
    sale.at(at(day))
    quote = await tenant.client.call(QuoteTermination(contract_id=sale.contract_id, received_on=day))
    assert (quote.ends_on, str(quote.fee)) == (day, "0.00 EUR")


async def test_another_price_counts_from_the_next_period(sale: Sale, tenant: Tenant) -> None:
    sale.at(at(date(2026, 3, 15)))
    change = await dearer(sale, effective_from=date(2026, 4, 20), proration=None)
    assert change.proration == "NEXT_PERIOD"
    await agree(sale, change, date(2026, 3, 15))
    await tenant.client.call(ApplyAmendment(amendment_id=change.id))
    found = (await sale.contract(with_details=True)).instalments
    totals = {row.period_start: str(row.net_total) for row in found}
    assert (totals[date(2026, 4, 1)], totals[date(2026, 5, 1)]) == ("29.90 EUR", "39.90 EUR")
    assert await sale.stated("contract.billing_adjusted") == []


async def test_a_line_is_added_and_another_one_ends_by_days(sale: Sale, tenant: Tenant) -> None:
    (line,) = (await sale.contract()).lines
    operations = (
        AddLine(operation="add_line", line=sale.line("10.00", provider_code=None)),
        EndLine(operation="end_line", line_id=line.line_id),
    )
    change = await dearer(
        sale, kind="LINE_ADD", operations=operations, effective_from=date(2026, 4, 11), proration=None
    )
    await agree(sale, change)
    await tenant.client.call(ApplyAmendment(amendment_id=change.id))
    april = next(
        row for row in (await sale.contract(with_details=True)).instalments if row.period_start == date(2026, 4, 1)
    )
    # 29.90 x 10/30 and 10.00 x 20/30
    assert [str(row.net) for row in april.lines] == ["9.97 EUR", "6.67 EUR"]
    everything = tuple(EndLine(operation="end_line", line_id=row.line_id) for row in (await sale.contract()).lines)
    last = ProposeAmendment(
        contract_id=sale.contract_id, kind="LINE_REMOVE", operations=everything, effective_from=date(2026, 5, 1)
    )
    assert await refused(tenant.client.call(last)) == "NO_LINES"


async def test_consent_must_be_strong_enough(sale: Sale, tenant: Tenant) -> None:
    longer = SetTerms(operation="set_terms", term_months=24)
    change = await dearer(sale, kind="TERM_CHANGE", operations=(longer,), effective_from=date(2026, 4, 1))
    await tenant.client.call(SendAmendment(amendment_id=change.id))
    click = {"amendment_id": change.id, "consent_kind": "DURABLE_MEDIUM", "given_on": "2026-03-05"}
    assert await refused(tenant.client.call(AcceptAmendment.model_validate(click))) == "CONSENT_REQUIRED"
    assert await refused(tenant.client.call(ApplyAmendment(amendment_id=change.id))) == "INVALID_TRANSITION"
    signed = click | {"consent_kind": "SIGNATURE", "document_id": uuid4()}
    await tenant.client.call(AcceptAmendment.model_validate(signed))
    await tenant.client.call(ApplyAmendment(amendment_id=change.id))
    assert (await sale.contract()).ends_on == date(2028, 3, 31)
    mended = ProposeAmendment(
        contract_id=sale.contract_id, kind="CORRECTION", effective_from=date(2026, 4, 1), operations=change.operations
    )
    assert (await tenant.client.call(mended)).new_mrr == Money.of("29.90")
    dearer_word = dearer(sale, kind="CORRECTION", effective_from=date(2026, 4, 1))
    assert await refused(dearer_word) == "CONSENT_REQUIRED"


async def test_only_a_manager_changes_the_past(sale: Sale, tenant: Tenant, other_tenant: Tenant) -> None:
    (line,) = (await sale.contract()).lines
    past = ProposeAmendment(
        contract_id=sale.contract_id, kind="PRICE_CHANGE", effective_from=date(2026, 3, 2),
        operations=(ChangeLine(operation="change_line", line_id=line.line_id, unit_price_net=Money.of("19.90")),),
    )  # fmt: skip
    clerk = tenant.token("contrats:amendment:write")
    assert await refused(tenant.client.call(past, token=clerk)) == "RETROACTIVE_NOT_ALLOWED"
    made = await tenant.client.call(past)
    assert await refused(other_tenant.client.call(GetAmendment(amendment_id=made.id))) == "AMENDMENT_NOT_FOUND"
    assert await refused(other_tenant.client.call(ListAmendments(contract_id=sale.contract_id))) == "CONTRACT_NOT_FOUND"
    cancelled = await tenant.client.call(CancelAmendment(amendment_id=made.id, reason="erreur"))
    assert (cancelled.status, cancelled.reason) == ("CANCELLED", "erreur")
    listed = await tenant.client.call(ListAmendments(contract_id=sale.contract_id))
    assert [item.id for item in listed.items] == [made.id]
