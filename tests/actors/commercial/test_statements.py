"""commercial: statements from draft to payment, with what is taken back and carried over."""

import asyncio
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import asyncpg
import pytest

from messages.commercial import (
    CancelClawback,
    CreateAdjustment,
    DiscardDraftStatement,
    GenerateStatement,
    GenerateStatements,
    GetSalesRep,
    GetStatement,
    LineSection,
    ListCarryOvers,
    ListClawbacks,
    ListStatementLines,
    ListStatements,
    MarkStatementPaid,
    PreselectLines,
    PublishStatement,
    SetLineSelection,
    Statement,
    TriggerClawback,
    ValidateStatement,
)
from messages.problem import Refused
from messages.values.identifiers import new_id
from messages.values.money import Money
from tests.actors.commercial.people import noon, own_scope_token, plan, representative
from tests.actors.commercial.sales import Sale
from tests.harness import Tenant

D = Decimal
LIFE: dict[str, Any] = {
    "calculation": {"type": "FIXED", "base": "FLAT", "fixed_amount": "40.00"},
    "recurring": {"enabled": True, "rate_percent": "3"},
}


async def draft(tenant: Tenant, period: str) -> Statement:
    request = GenerateStatements(company_id=tenant.company_id, period=period)
    (found,) = (await tenant.client.call(request)).items
    return found


async def frozen(tenant: Tenant, period: str) -> Statement:
    drafted = await draft(tenant, period)
    return await tenant.client.call(
        ValidateStatement(statement_id=drafted.statement_id, expected_version=drafted.version)
    )


async def month(tenant: Tenant, period: str) -> tuple[Decimal | int, ...]:
    """Freeze a month's statement: gross, clawbacks, net."""
    totals = (await frozen(tenant, period)).totals
    return totals.gross.amount, totals.clawbacks.amount, totals.net.amount


async def adjust(tenant: Tenant, rep_id: Any, amount: str, period: str) -> None:
    await tenant.client.call(
        CreateAdjustment(
            rep_id=rep_id, company_id=tenant.company_id, amount=Money.of(amount), period=period, reason="by hand"
        )
    )


async def paid_sale(tenant: Tenant) -> Sale:
    rep = await representative(tenant)
    await plan(tenant, terms=LIFE)
    sale = Sale(tenant, rep.rep_id)
    await sale.sell(date(2025, 1, 10))
    bill = await sale.bill(date(2025, 1, 10))
    await bill.pay(date(2025, 1, 10))
    return sale


async def test_case_20_the_life_of_a_contract(tenant: Tenant) -> None:
    sale = await paid_sale(tenant)
    assert await month(tenant, "2025-01") == (D("40.00"), 0, D("40.00"))
    second = await sale.bill(date(2025, 2, 10))
    payment_id = await second.pay(date(2025, 2, 10))
    assert await month(tenant, "2025-02") == (D("1.50"), 0, D("1.50"))
    await second.return_payment(payment_id, date(2025, 3, 10))
    third = await sale.bill(date(2025, 3, 10))
    await third.pay(date(2025, 3, 11))
    assert await month(tenant, "2025-03") == (D("1.50"), 0, D("1.50"))
    fourth = await sale.bill(date(2025, 4, 5))
    await fourth.pay(date(2025, 4, 5))
    await second.default(date(2025, 4, 9))
    taken = (await tenant.client.call(ListClawbacks())).items
    assert sorted(row.amount.amount for row in taken) == [D("1.50"), D("26.67")]
    assert await month(tenant, "2025-04") == (D("1.50"), D("28.17"), 0)
    (carried,) = (await tenant.client.call(ListCarryOvers())).items
    assert carried.remaining.amount == D("26.67")
    fifth = await sale.bill(date(2025, 5, 5))
    await fifth.pay(date(2025, 5, 5))
    assert (await draft(tenant, "2025-05")).totals.gross.amount == 0
    await second.pay(date(2025, 5, 12))
    await second.cure(date(2025, 5, 12))
    assert await month(tenant, "2025-05") == (D("29.67"), 0, D("3.00"))
    assert (await tenant.client.call(ListCarryOvers())).items[0].status == "SETTLED"
    assert len(await tenant.running.events("carry_over.settled", tenant.id)) == 1
    assert len(await tenant.running.events("commission.regularised", tenant.id)) == 2
    statements = (await tenant.client.call(ListStatements(limit=100))).items
    assert sum(found.totals.net.amount for found in statements) == D("46.00")


async def test_case_21_a_negative_month_is_carried_until_it_is_settled(tenant: Tenant) -> None:
    rep = await representative(tenant)
    for amount in ("500.00", "-400.00", "-300.00"):
        await adjust(tenant, rep.rep_id, amount, "2025-01")
    assert await month(tenant, "2025-01") == (500, 700, 0)
    await adjust(tenant, rep.rep_id, "150.00", "2025-02")
    assert await month(tenant, "2025-02") == (150, 0, 0)
    await adjust(tenant, rep.rep_id, "300.00", "2025-03")
    await adjust(tenant, rep.rep_id, "-30.00", "2025-03")
    assert await month(tenant, "2025-03") == (300, 30, 220)
    (carried,) = (await tenant.client.call(ListCarryOvers())).items
    assert (carried.amount, carried.remaining) == (Money.of("200.00"), Money.of("0.00"))
    assert carried.status == "SETTLED"


async def test_case_18_a_default_and_a_termination_never_take_more_than_was_paid(tenant: Tenant) -> None:
    rep = await representative(tenant)
    await plan(tenant, terms={"calculation": {"type": "FIXED", "base": "FLAT", "fixed_amount": "120.00"}})
    sale = Sale(tenant, rep.rep_id)
    await sale.sell(date(2025, 1, 10))
    first = await sale.bill(date(2025, 1, 10))
    await first.pay(date(2025, 1, 10))
    await month(tenant, "2025-01")
    third = await sale.bill(date(2025, 3, 10))
    await third.default(date(2025, 4, 9))
    await third.default(date(2025, 4, 9))
    await sale.terminate(date(2025, 4, 9))
    taken = (await tenant.client.call(ListClawbacks())).items
    assert {(row.kind, row.amount.amount) for row in taken} == {("UNPAID", D("40.00")), ("TERMINATION", D("80.00"))}


async def test_case_18_a_recovered_part_is_given_again_at_once(tenant: Tenant) -> None:
    rep = await representative(tenant)
    await plan(tenant, terms={"calculation": {"type": "FIXED", "base": "FLAT", "fixed_amount": "120.00"}})
    sale = Sale(tenant, rep.rep_id)
    await sale.sell(date(2025, 1, 10))
    await (await sale.bill(date(2025, 1, 10))).pay(date(2025, 1, 10))
    await month(tenant, "2025-01")
    third = await sale.bill(date(2025, 3, 10))
    await third.default(date(2025, 4, 9))
    await third.pay(date(2025, 4, 20), "15.00")
    await third.pay(date(2025, 4, 25), "44.88")
    await third.cure(date(2025, 4, 25))
    given = await tenant.running.events("commission.regularised", tenant.id)
    assert [body["amount"]["amount"] for _, body in given] == ["10.02", "29.98"]


async def test_a_default_cuts_what_is_not_frozen_and_its_cure_restores_it(tenant: Tenant) -> None:
    rep = await representative(tenant)
    await plan(tenant)
    sale = Sale(tenant, rep.rep_id)
    await sale.sell(date(2025, 1, 10))
    first = await sale.bill(date(2025, 1, 10))
    await first.pay(date(2025, 1, 10))
    third = await sale.bill(date(2025, 3, 10))
    await third.default(date(2025, 4, 9))
    assert (await draft(tenant, "2025-04")).totals.gross.amount == D("26.67")
    assert len(await tenant.running.events("commission.superseded", tenant.id)) == 1
    await third.pay(date(2025, 4, 20))
    await third.cure(date(2025, 4, 20))
    assert (await draft(tenant, "2025-04")).totals.gross.amount == D("40.00")


async def test_a_termination_inside_the_window_takes_the_paid_commission_back(tenant: Tenant) -> None:
    sale = await paid_sale(tenant)
    await month(tenant, "2025-01")
    await sale.terminate(date(2025, 4, 9))
    (taken,) = (await tenant.client.call(ListClawbacks())).items
    assert (taken.kind, taken.amount.amount, taken.application_period) == ("TERMINATION", D("40.00"), "2025-04")
    assert taken.window_end == date(2025, 4, 10)
    (stated,) = await tenant.running.events("clawback.created", tenant.id)
    assert stated[1]["clawback_id"] == str(taken.clawback_id)
    balances = (await tenant.client.call(GetSalesRep(rep_id=sale.rep_id))).balances
    assert balances is not None
    assert balances.pending_clawbacks == Money.of("40.00")


async def test_a_termination_by_the_company_or_outside_the_window_takes_nothing_back(tenant: Tenant) -> None:
    sale = await paid_sale(tenant)
    await month(tenant, "2025-01")
    await sale.terminate(date(2025, 2, 1), initiated_by="COMPANY", reason_code="PRODUCT_RETIRED")
    assert (await tenant.client.call(ListClawbacks())).items == ()
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(
            TriggerClawback(contract_id=sale.contract_id, event_date=date(2025, 4, 10), reason="late")
        )
    assert refusal.value.code.code == "CLAWBACK_WINDOW_EXPIRED"


async def test_a_clawback_by_hand_can_be_cancelled_until_a_statement_applies_it(tenant: Tenant) -> None:
    sale = await paid_sale(tenant)
    await month(tenant, "2025-01")
    order = TriggerClawback(contract_id=sale.contract_id, event_date=date(2025, 2, 1), reason="complaint")
    tenant.client.now = noon(date(2025, 2, 1))
    (taken,) = (await tenant.client.call(order)).items
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(order)
    assert refusal.value.code.code == "CLAWBACK_NOTHING_TO_RECOVER"
    await tenant.client.call(CancelClawback(clawback_id=taken.clawback_id, reason="mistake"))
    (again,) = (await tenant.client.call(order)).items
    await month(tenant, "2025-02")
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(CancelClawback(clawback_id=again.clawback_id, reason="too late"))
    assert refusal.value.code.code == "CLAWBACK_ALREADY_APPLIED"
    assert len(await tenant.running.events("clawback.applied", tenant.id)) == 1


async def test_case_35_a_draft_is_rebuilt_with_the_same_totals_and_choices(tenant: Tenant) -> None:
    sale = await paid_sale(tenant)
    await adjust(tenant, sale.rep_id, "10.00", "2025-01")
    drafts = [await draft(tenant, "2025-01") for _ in range(3)]
    assert len({found.statement_id for found in drafts}) == 1
    assert {found.totals.net.amount for found in drafts} == {D("50.00")}
    statement_id = drafts[0].statement_id
    lines = (await tenant.client.call(ListStatementLines(statement_id=statement_id))).items
    (adjustment,) = [line for line in lines if line.line_type == "ADJUSTMENT"]
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(SetLineSelection(line_ids=(adjustment.line_id,), selected=False, reason="no"))
    assert refusal.value.code.code == "REASON_REQUIRED"
    choice = SetLineSelection(line_ids=(adjustment.line_id,), selected=False, reason="to be discussed")
    assert (await tenant.client.call(choice)).statement.totals.net == Money.of("40.00")
    rebuilt = await draft(tenant, "2025-01")
    assert (rebuilt.totals.net, rebuilt.selected_count, rebuilt.line_count) == (Money.of("40.00"), 1, 2)
    await tenant.client.call(PreselectLines(statement_id=statement_id))
    assert (await tenant.client.call(GetStatement(statement_id=statement_id))).totals.net == Money.of("50.00")


async def test_case_35_only_one_of_two_validations_succeeds(tenant: Tenant) -> None:
    await paid_sale(tenant)
    drafted = await draft(tenant, "2025-01")
    order = ValidateStatement(statement_id=drafted.statement_id, expected_version=drafted.version)
    answers = await asyncio.gather(tenant.client.call(order), tenant.client.call(order), return_exceptions=True)
    (refused,) = [answer for answer in answers if isinstance(answer, Refused)]
    assert refused.code.code in ("STATEMENT_NOT_DRAFT", "VERSION_CONFLICT")
    (done,) = [answer for answer in answers if isinstance(answer, Statement)]
    assert done.number == "BDR-2025-01-001"


async def test_case_40_a_validated_line_and_amount_cannot_be_changed_even_in_the_database(tenant: Tenant) -> None:
    await paid_sale(tenant)
    done = await frozen(tenant, "2025-01")
    connection = await asyncpg.connect(tenant.running.database("commercial"))
    try:
        for statement in (
            f"update statement_line set amount = 1 where statement_id = '{done.statement_id}'",
            f"delete from statement_line where statement_id = '{done.statement_id}'",
            f"update commission_entry set amount = 1 where statement_id = '{done.statement_id}'",
            "update commission_plan_version set payload = '{}' where state = 'PUBLISHED'",
        ):
            await connection.execute("select set_config('app.organisation_id', $1, false)", str(tenant.id))
            with pytest.raises(asyncpg.RaiseError):
                await connection.execute(statement)
    finally:
        await connection.close()


async def test_a_changed_commission_stops_the_validation_of_an_older_draft(tenant: Tenant) -> None:
    sale = await paid_sale(tenant)
    drafted = await draft(tenant, "2025-01")
    await sale.suspend(date(2025, 1, 20))
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(ValidateStatement(statement_id=drafted.statement_id))
    assert refusal.value.code.code == "TOTALS_CHANGED"
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(ValidateStatement(statement_id=(await draft(tenant, "2025-01")).statement_id))
    assert refusal.value.code.code == "STATEMENT_EMPTY"


async def test_nobody_validates_his_own_statement_and_he_sees_it_only_when_published(tenant: Tenant) -> None:
    user_id = new_id()
    rep = await representative(tenant, user_id=str(user_id))
    await adjust(tenant, rep.rep_id, "10.00", "2025-01")
    drafted = await draft(tenant, "2025-01")
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(
            ValidateStatement(statement_id=drafted.statement_id), token=tenant.token(user_id=user_id)
        )
    assert refusal.value.code.code == "SELF_VALIDATION_FORBIDDEN"
    own = own_scope_token(tenant, user_id, "commercial:statement:read")
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(GetStatement(statement_id=drafted.statement_id), token=own)
    assert refusal.value.code.code == "STATEMENT_NOT_FOUND"


async def test_a_statement_is_not_published_before_its_files_are_stored(tenant: Tenant) -> None:
    await paid_sale(tenant)
    done = await frozen(tenant, "2025-01")
    if "documents" in tenant.running.hosts:
        await tenant.running.settled()
        published = await tenant.client.call(PublishStatement(statement_id=done.statement_id))
        assert published.dispute_deadline is not None
        paid = await tenant.client.call(
            MarkStatementPaid(statement_id=done.statement_id, paid_on=date(2025, 2, 5), bank_reference="VIR 1")
        )
        assert paid.status == "PAID"
        for fact in ("statement.files_ready", "statement.published", "statement.paid", "commission.paid"):
            assert len(await tenant.running.events(fact, tenant.id)) == 1, fact
    else:
        with pytest.raises(Refused) as refusal:
            await tenant.client.call(PublishStatement(statement_id=done.statement_id))
        assert refusal.value.code.code == "EXPORT_NOT_READY"


async def test_a_frozen_month_is_not_drafted_again_and_late_commissions_come_next_month(tenant: Tenant) -> None:
    sale = await paid_sale(tenant)
    await frozen(tenant, "2025-01")
    await adjust(tenant, sale.rep_id, "10.00", "2025-01")
    assert (await tenant.client.call(GenerateStatements(company_id=tenant.company_id, period="2025-01"))).items == ()
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(GenerateStatement(rep_id=sale.rep_id, company_id=tenant.company_id, period="2025-01"))
    assert refusal.value.code.code == "STATEMENT_FROZEN"
    assert (await draft(tenant, "2025-02")).totals.gross == Money.of("10.00")


async def test_a_discarded_draft_makes_room_for_another_revision(tenant: Tenant) -> None:
    await paid_sale(tenant)
    first = await draft(tenant, "2025-01")
    await tenant.client.call(DiscardDraftStatement(statement_id=first.statement_id))
    second = await draft(tenant, "2025-01")
    assert (first.revision, second.revision) == (1, 2)


async def test_drafts_are_made_on_the_first_of_the_month(tenant: Tenant) -> None:
    sale = await paid_sale(tenant)
    bill = await sale.bill(date(2028, 1, 10))
    await bill.pay(date(2028, 1, 12))
    await tenant.running.tick("hour", datetime(2028, 2, 1, 3, tzinfo=UTC))
    (drafted,) = (await tenant.client.call(ListStatements())).items
    assert (drafted.period, drafted.status, drafted.totals.net) == ("2028-01", "DRAFT", Money.of("41.50"))
    lines = await tenant.client.call(
        ListStatementLines(statement_id=drafted.statement_id, section=LineSection.LINEAR, limit=1)
    )
    rest = await tenant.client.call(
        ListStatementLines(
            statement_id=drafted.statement_id, section=LineSection.LINEAR, limit=1, cursor=lines.next_cursor
        )
    )
    assert [line.line_type for line in (*lines.items, *rest.items)] == ["COMMISSION", "RECURRING"]


async def test_another_tenants_statement_is_not_found(tenant: Tenant, other_tenant: Tenant) -> None:
    await paid_sale(tenant)
    drafted = await draft(tenant, "2025-01")
    for request in (
        GetStatement(statement_id=drafted.statement_id),
        ValidateStatement(statement_id=drafted.statement_id),
    ):
        with pytest.raises(Refused) as refusal:
            await other_tenant.client.call(request)
        assert refusal.value.code.code == "STATEMENT_NOT_FOUND"
