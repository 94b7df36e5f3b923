"""payments: deposits stand on 419100 until the final invoice takes them out; their VAT is collected once."""

from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from actors.payments.rules import ledger
from messages.payments import GetClientBalance, GetTrialBalance
from messages.values.identifiers import new_id
from tests.actors.payments.builders import at, creditor_account, invoice_issued, money
from tests.actors.payments.steps import subscriber
from tests.actors.payments.test_ledger import balances
from tests.actors.payments.test_recovery import paid
from tests.harness import Running, Tenant

DAY, FINAL = date(2026, 5, 4), date(2026, 6, 1)
CENTS = st.integers(0, 1_000_000).map(lambda cents: Decimal(cents).scaleb(-2))


@given(CENTS, CENTS, st.integers(0, 100))
def test_what_is_deducted_is_what_was_paid_to_the_cent(net: Decimal, vat: Decimal, percent: int) -> None:
    prepaid = ((net + vat) * percent / 100).quantize(Decimal("0.01"))
    found = ledger.deducted_of(prepaid, net, vat)
    assert found.net + found.vat == (prepaid if net + vat else 0)
    assert found.vat <= vat + Decimal("0.01")
    if prepaid == net + vat:
        assert (found.net, found.vat) == (net, vat)


def test_a_deposit_and_its_final_invoice_leave_the_sale_the_vat_and_what_is_still_owed() -> None:
    client = new_id()
    deposit = ledger.invoice_issued(
        new_id(), "A1", DAY, client, Decimal("360.00"), Decimal("60.00"), [("419100", Decimal("300.00"))]
    )
    final = ledger.invoice_issued(
        new_id(), "F1", FINAL, client, Decimal("1200.00"), Decimal("200.00"), [("706100", Decimal("1000.00"))],
        ledger.deducted_of(Decimal("360.00"), Decimal("300.00"), Decimal("60.00")),
    )  # fmt: skip
    receipt = ledger.receipt_recorded(new_id(), "P1", DAY, client, Decimal("360.00"))
    found = balances([deposit, receipt, final])
    assert {key: value for key, value in found.items() if value} == {
        ("411000", client): Decimal("840.00"),
        ("512000", None): Decimal("360.00"),
        ("706100", None): Decimal("-1000.00"),
        ("445710", None): Decimal("-200.00"),
    }


async def test_the_books_of_a_deposit_agree_with_what_the_client_owes(running: Running, tenant: Tenant) -> None:
    await creditor_account(tenant)
    found = await subscriber(running, tenant)
    by_transfer = {"payment_method": "TRANSFER", "contract_id": None}
    deposit = invoice_issued(
        found, "360.00", DAY, number="A2026-0001", kind="DEPOSIT_INVOICE", type_code="386", net=money("300.00"),
        vat=money("60.00"), lines_by_account=[{"revenue_account": "419100", "net": money("300.00")}], **by_transfer,
    )  # fmt: skip
    await running.state(deposit, tenant.id, now=at(DAY))
    await running.settled()
    await paid(tenant, found, "360.00", DAY)
    deducted = {
        "invoice_id": deposit.invoice_id, "number": "A2026-0001", "issue_date": DAY, "net": "300.00", "vat": "60.00",
        "gross": "360.00",
    }  # fmt: skip
    final = invoice_issued(
        found, "1200.00", FINAL, number="F2026-0002", net=money("1000.00"), vat=money("200.00"), due=money("840.00"),
        outstanding=money("840.00"), prepaid=money("360.00"), deposits=[deducted],
        lines_by_account=[{"revenue_account": "706100", "net": money("1000.00")}], **by_transfer,
    )  # fmt: skip
    await running.state(final, tenant.id, now=at(FINAL))
    await running.settled()
    for hour in (9, 10):
        await running.tick("hour", at(FINAL, hour))
    tenant.client.now = at(FINAL, 11)
    balance = await tenant.client.call(GetTrialBalance(company_id=tenant.company_id))
    assert balance.total.amount == 0
    assert {row.account: row.balance.amount for row in balance.accounts if row.balance.amount} == {
        "411000": Decimal("840.00"),
        "445710": Decimal("-200.00"),
        "512000": Decimal("360.00"),
        "706100": Decimal("-1000.00"),
    }
    client = await tenant.client.call(GetClientBalance(client_id=found.client_id))
    assert client.balance.amount == Decimal("840.00")
