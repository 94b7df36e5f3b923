"""Which account a payment goes through: rules, exceptions, failover, and what never fails over."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from actors.payments.psp.simulation import Trouble
from actors.payments.rules.routing import (
    Candidate,
    Facts,
    Route,
    Rule,
    candidates,
    choose,
    circuit_state,
    holds,
    next_open_seconds,
)
from messages import payments as messages
from messages.payments import (
    AcknowledgeAlert,
    CircuitState,
    CreateProviderOverride,
    CreatePspAccount,
    CreateRoutingRule,
    DeleteProviderOverride,
    DeleteRoutingRule,
    GetPspHealth,
    ListAlerts,
    ListProviderOverrides,
    ListRoutingRules,
    OverrideScope,
    Provider,
    PspAccount,
    ResetCircuit,
    RoutingConditions,
    RoutingResult,
    UpdateRoutingRule,
)
from messages.problem import Refused
from messages.values.identifiers import new_id
from tests.actors.payments.builders import at, client_created
from tests.actors.payments.psp.desk import DAY, CardDesk
from tests.harness import Tenant, tenant_fixture

other = tenant_fixture("Fibre Durand")
SLIMPAY, EMERCHANTPAY, BANK, GOCARDLESS = (UUID(int=number) for number in range(1, 5))
GOOD = Route(active=True, takes_method=True, circuit=CircuitState.CLOSED, holds_means=True)
RULES = [
    Rule(new_id(), SLIMPAY, RoutingConditions(source_channel=("TERRAIN",), contract_age_months_gte=4)),
    Rule(new_id(), EMERCHANTPAY, RoutingConditions.model_validate({"risk_tier": ["HIGH"]})),
    Rule(new_id(), BANK, RoutingConditions(), is_fallback=True),
]


def facts(channel: str, months: int | None, risk: str) -> Facts:
    return Facts(
        "SEPA_CORE", "EUR", Decimal("24.90"), source_channel=channel, contract_age_months=months, risk_tier=risk
    )


@pytest.mark.parametrize(
    ("channel", "months", "risk", "expected"),
    [("TERRAIN", 3, "HIGH", EMERCHANTPAY), ("TERRAIN", 4, "HIGH", SLIMPAY), ("INTERNET", 9, "LOW", BANK),
     (" terrain ", 4, "LOW", SLIMPAY), ("TERRAIN", None, "LOW", BANK)],
)  # fmt: skip
def test_case_21_the_first_rule_whose_conditions_hold_wins(
    channel: str, months: int | None, risk: str, expected: UUID
) -> None:
    assert candidates(facts(channel, months, risk), RULES)[0].account_id == expected


def test_case_21_overrides_win_over_rules_and_contracts_over_clients() -> None:
    client, contract = Candidate("CLIENT_OVERRIDE", GOCARDLESS), Candidate("CONTRACT_OVERRIDE", SLIMPAY)
    about = facts("TERRAIN", 4, "HIGH")
    assert candidates(about, RULES, client_override=client)[0].account_id == GOCARDLESS
    assert candidates(about, RULES, client_override=client, contract_override=contract)[0].account_id == SLIMPAY


def test_case_21_an_unknown_condition_is_refused() -> None:
    with pytest.raises(ValidationError):
        RoutingConditions.model_validate({"risk_teir": ["HIGH"]})


@given(amount=st.decimals("0.01", "9999", places=2), low=st.decimals("0", "9999", places=2))
def test_bounds_of_the_amount_are_inclusive(amount: Decimal, low: Decimal) -> None:
    about = Facts("CARD", "EUR", amount)
    assert holds(RoutingConditions(amount_gte=low), about) is (amount >= low)
    assert holds(RoutingConditions(amount_lte=low), about) is (amount <= low)


def test_at_most_three_candidates_are_tried() -> None:
    wanted = [Candidate("RULE", UUID(int=number)) for number in range(1, 6)]
    closed = Route(active=True, takes_method=True, circuit=CircuitState.OPEN, holds_means=True)
    routes = {candidate.account_id: closed for candidate in wanted[:3]} | {wanted[3].account_id: GOOD}
    chosen, told = choose(wanted, routes)
    assert (chosen, [outcome for _, outcome in told]) == (None, ["circuit open"] * 3)


def test_a_circuit_opens_longer_each_time_and_lets_one_try_through() -> None:
    now = at(DAY)
    assert circuit_state(4, None, now) is CircuitState.CLOSED
    assert circuit_state(5, now + timedelta(seconds=1), now) is CircuitState.OPEN
    assert circuit_state(5, now, now) is CircuitState.HALF_OPEN
    seconds = [next_open_seconds(0)]
    for _ in range(5):
        seconds.append(next_open_seconds(seconds[-1]))
    assert seconds == [60, 120, 240, 480, 900, 900]


async def second_account(desk: CardDesk) -> PspAccount:
    return await desk.tenant.client.call(
        CreatePspAccount(
            company_id=desk.tenant.company_id,
            provider=Provider.STRIPE,
            name="Stripe 2",
            credentials={"secret_key": desk.stripe.secret_key},
            webhook_secret=desk.stripe.webhook_secret,
            is_default=False,
        )
    )


async def new_client(desk: CardDesk) -> None:
    desk.client_id = new_id()
    await desk.running.state(client_created(desk.client_id, desk.tenant.company_id), desk.tenant.id, now=at(DAY))
    await desk.running.settled()


async def decided(desk: CardDesk, **changes: Any) -> RoutingResult:
    fields = {"company_id": desk.tenant.company_id, "client_id": desk.client_id, "amount": "24.90"}
    return await desk.tenant.client.call(messages.TestRouting.model_validate(fields | changes))


async def test_case_20_failures_open_the_circuit_and_the_fallback_takes_over(desk: CardDesk) -> None:
    first, second = desk.account, await second_account(desk)
    await desk.tenant.client.call(
        CreateRoutingRule(
            company_id=desk.tenant.company_id, name="first", priority=1, psp_account_id=first.psp_account_id
        )
    )
    desk.stripe.trouble("create", *[Trouble.DOWN] * 5)
    for _ in range(5):
        assert (await desk.pay()).status == "UNCERTAIN"
    health = await desk.tenant.client.call(GetPspHealth(psp_account_id=first.psp_account_id))
    assert (health.state, health.consecutive_failures) == ("OPEN", 5)
    assert await waits(desk), "his card is held there only: it must wait"
    await desk.tenant.client.call(
        CreateRoutingRule(
            company_id=desk.tenant.company_id, name="otherwise", priority=9, psp_account_id=second.psp_account_id,
            is_fallback=True,
        )
    )  # fmt: skip
    await new_client(desk)
    await desk.save_card()
    desk.account = second
    await desk.save_card()
    paid = await desk.pay()
    assert (paid.status, paid.psp_account_id) == ("PAID", second.psp_account_id)
    told = await desk.pay(psp_account_id=second.psp_account_id)
    assert told.psp_account_id == second.psp_account_id
    desk.tenant.client.now = at(DAY, 8, 2)
    again = await desk.pay()
    assert (again.status, again.psp_account_id) == ("PAID", first.psp_account_id), "one try closes the circuit"
    health = await desk.tenant.client.call(GetPspHealth(psp_account_id=first.psp_account_id))
    assert (health.state, health.consecutive_failures) == ("CLOSED", 0)


async def test_a_provider_that_is_down_for_over_five_minutes_is_told_once_and_heals(desk: CardDesk) -> None:
    desk.stripe.trouble("create", *[Trouble.DOWN] * 7)
    account_id = desk.account.psp_account_id
    for minute in (0, 0, 0, 0, 0, 2, 6):
        if minute == 2:  # five payments of a client are under way, which is as many as may be
            await new_client(desk)
            await desk.save_card()
        desk.tenant.client.now = at(DAY, 8, minute)
        assert (await desk.pay()).status == "UNCERTAIN"
        told = (await desk.tenant.client.call(ListAlerts(code="PSP_DOWN"))).items
        assert [alert.severity for alert in told] == (["WARNING"] if minute == 6 else [])
    desk.tenant.client.now = at(DAY, 8, 12)
    assert (await desk.pay()).status == "PAID"
    health = await desk.tenant.client.call(GetPspHealth(psp_account_id=account_id))
    assert (health.state, health.consecutive_failures, health.opened_at) == ("CLOSED", 0, None)
    (over,) = (await desk.tenant.client.call(ListAlerts(code="PSP_DOWN"))).items
    assert over.status == "RESOLVED", "its cause has gone"
    taken = await desk.tenant.client.call(AcknowledgeAlert(alert_id=over.id))
    assert taken.status == "RESOLVED"


async def test_case_20_a_decline_never_counts(desk: CardDesk) -> None:
    await desk.save_card("ISSUE-CARD-do_not_honor")
    for _ in range(6):
        assert (await desk.pay()).status == "REJECTED"
    health = await desk.tenant.client.call(ResetCircuit(psp_account_id=desk.account.psp_account_id))
    assert (health.state, health.consecutive_failures) == ("CLOSED", 0)
    assert (await decided(desk)).psp_account_id == desk.account.psp_account_id


async def test_rules_and_overrides_are_kept_changed_and_removed(desk: CardDesk) -> None:
    second = await second_account(desk)
    desk.account = second
    await desk.save_card()
    rule = await desk.tenant.client.call(
        CreateRoutingRule(
            company_id=desk.tenant.company_id, name="small", priority=1, psp_account_id=second.psp_account_id,
            conditions=RoutingConditions(amount_lte=Decimal("50.00")),
        )
    )  # fmt: skip
    assert (await decided(desk)).psp_account_id == second.psp_account_id
    assert (await decided(desk, amount="50.01")).psp_account_id != second.psp_account_id
    change = UpdateRoutingRule(routing_rule_id=rule.routing_rule_id, expected_version=1, is_enabled=False)
    assert (await desk.tenant.client.call(change)).version == 2
    assert (await decided(desk)).psp_account_id != second.psp_account_id
    override = CreateProviderOverride(
        company_id=desk.tenant.company_id, scope=OverrideScope.CLIENT, scope_id=desk.client_id,
        psp_account_id=second.psp_account_id, reason="asked for",
    )  # fmt: skip
    made = await desk.tenant.client.call(override)
    with pytest.raises(Refused) as twice:
        await desk.tenant.client.call(override)
    assert twice.value.code.code == "PROVIDER_OVERRIDE_EXISTS"
    assert [found.source for found in (await decided(desk)).evaluations] == ["CLIENT_OVERRIDE"]
    await desk.tenant.client.call(DeleteProviderOverride(provider_override_id=made.provider_override_id))
    await desk.tenant.client.call(DeleteRoutingRule(routing_rule_id=rule.routing_rule_id))
    assert (await desk.tenant.client.call(ListRoutingRules())).items == ()
    assert [found.source for found in (await decided(desk)).evaluations] == ["DEFAULT"]


async def test_case_34_another_tenant_sees_no_rule(desk: CardDesk, other: Tenant) -> None:
    made = await desk.tenant.client.call(
        CreateRoutingRule(
            company_id=desk.tenant.company_id, name="all", priority=1, psp_account_id=desk.account.psp_account_id
        )
    )
    assert (await other.client.call(ListRoutingRules())).items == ()
    assert (await other.client.call(ListProviderOverrides())).items == ()
    for request in (
        DeleteRoutingRule(routing_rule_id=made.routing_rule_id),
        GetPspHealth(psp_account_id=desk.account.psp_account_id),
        DeleteProviderOverride(provider_override_id=new_id()),
        CreateRoutingRule(
            company_id=other.company_id, name="mine", priority=1, psp_account_id=desk.account.psp_account_id
        ),
    ):
        with pytest.raises(Refused) as refusal:
            await other.client.call(request)  # type: ignore[call-overload]
        assert refusal.value.code.code.endswith("NOT_FOUND")


async def waits(desk: CardDesk) -> bool:
    with pytest.raises(Refused) as refusal:
        await desk.pay()
    return refusal.value.code.code == "EXTERNAL_SERVICE_ERROR"
