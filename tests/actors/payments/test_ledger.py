"""payments: the sub-ledger balances after every step, in any order; and its export says so to the cent."""

import base64
from collections import Counter
from datetime import date
from decimal import Decimal
from uuid import UUID, uuid5

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from actors.payments.bank.outcomes import Rule, Script, parse_outcome
from actors.payments.bank.simulator import SimulatedBank
from actors.payments.rules import ledger, outcomes, refunding
from actors.payments.rules.ledger import Entry, FecLine, UnbalancedEntry
from actors.payments.rules.outcomes import InstalmentState, InvoiceState, PaymentState
from actors.payments.rules.retrying import Debtor, eligibility
from messages.payments import (
    CreateExportJob,
    DownloadExport,
    GetExportJob,
    GetTrialBalance,
    InstalmentStatus,
    ListExportJobs,
    ListJournalEntries,
    PaymentStatus,
    RetryEligibility,
    RetryTerms,
)
from messages.problem import Refused
from tests.actors.payments.builders import at, credit_note_issued, creditor_account, invoice_issued, money
from tests.actors.payments.steps import DEBIT, PRESENTED, STARTS, file_of, imported, subscriber, transmitted
from tests.harness import Running, Tenant, eventually

NAMESPACE = UUID(int=1)
DAY = date(2026, 12, 8)
ZERO = Decimal("0.00")


def identity(name: str) -> UUID:
    return uuid5(NAMESPACE, name)


def balances(entries: list[Entry]) -> Counter[tuple[str, UUID | None]]:
    found: Counter[tuple[str, UUID | None]] = Counter()
    for entry in entries:
        for line in entry.lines:
            found[str(line.account), line.client_id] += line.debit - line.credit  # type: ignore[assignment]
    return found


def test_case_12_net_settlement_and_a_refund_claim_balance_to_the_cent() -> None:
    invoices = (
        ("C001", "12.99", "2.16"),
        ("C002", "24.90", "4.15"),
        ("C003", "52.00", "8.67"),
        ("C005", "8.50", "1.42"),
    )
    entries = [
        ledger.invoice_issued(identity(name), name, DAY, identity(name), Decimal(gross), Decimal(vat), [])
        for name, gross, vat in invoices
    ]
    for name, amount in (("C001", "12.99"), ("C003", "52.00"), ("C005", "8.50")):
        entries.append(ledger.debit_collected(identity(f"P{name}"), name, DAY, identity(name), Decimal(amount)))
    entries.append(ledger.bank_credited(identity("credit"), "REMISE", DAY, Decimal("73.49")))
    claimed = date(2026, 12, 15)
    entries.append(ledger.debit_returned(identity("R"), "P3", claimed, identity("C003"), Decimal("52.00"), "MD06"))
    entries.append(ledger.return_charged(identity("R"), "P3", claimed, Decimal("1.50")))
    found = balances(entries)
    assert {key: value for key, value in found.items() if value} == {
        ("512000", None): Decimal("19.99"),
        ("411000", identity("C002")): Decimal("24.90"),
        ("411000", identity("C003")): Decimal("52.00"),
        ("627800", None): Decimal("1.50"),
        ("706100", None): Decimal("-81.99"),
        ("445710", None): Decimal("-16.40"),
    }
    assert sum(found.values()) == 0


def test_an_entry_that_does_not_balance_cannot_be_made() -> None:
    lines = (ledger.Line("512000", debit=Decimal("1.00")), ledger.Line("411000", credit=Decimal("0.99")))
    with pytest.raises(UnbalancedEntry):
        Entry("B1", "B1|x", ledger.Journal.BAN, DAY, "x", "x", lines)


AMOUNTS = st.integers(1, 20_000).map(lambda cents: Decimal(cents).scaleb(-2))


@given(st.lists(AMOUNTS, min_size=1, max_size=6), st.integers(0, 20))
def test_any_invoice_and_its_credit_note_cancel_out(nets: list[Decimal], rate: int) -> None:
    accounts = [(f"7060{index:02}", net) for index, net in enumerate(nets)]
    net = sum(nets, ZERO)
    vat = (net * rate / 100).quantize(Decimal("0.01"))
    facts = ("F1", DAY, identity("client"), net + vat, vat, accounts)
    issued = ledger.invoice_issued(identity("invoice"), *facts)
    credited = ledger.invoice_credited("credit", *facts)
    assert not any(balances([issued, credited]).values())


def test_case_29_a_line_of_the_statutory_file_has_eighteen_columns() -> None:
    line = FecLine(
        "BAN", 1, DAY, "511500", None, None, "8A1F", DAY, "Prelevement F2026-0001", Decimal("12.99"), ZERO,
        date(2026, 12, 9),
    )  # fmt: skip
    expected = (
        "BAN\tJournal de banque\t000001\t20261208\t511500\tPrelevements a l'encaissement\t\t\t8A1F\t20261208\t"
        "Prelevement F2026-0001\t12,99\t0,00\t\t\t20261209\t\t"
    )
    assert ledger.fec_line(line) == expected
    assert expected.count("\t") == 17
    content = ledger.fec_file([line])
    assert content.startswith(b"JournalCode\tJournalLib\tEcritureNum\t")
    assert content.endswith(b"\r\n")
    euro = FecLine("OD", 1, DAY, "411000", "C1", "Café €\tBar", "P", DAY, "x", ZERO, ZERO, DAY)
    assert b"Caf\xe9 \xa4 Bar" in ledger.fec_file([euro])


class AnyOrder(RuleBasedStateMachine):
    """One instalment: debits and transfers, each verb of theirs in any order."""

    debits: Bundle[PaymentState] = Bundle("debits")
    transfers: Bundle[PaymentState] = Bundle("transfers")

    def __init__(self) -> None:
        super().__init__()
        gross, self.client = Decimal("49.90"), identity("client")
        self.instalment = InstalmentState(gross, InstalmentStatus.PLANNED)
        self.invoice = InvoiceState(gross)
        self.kept: dict[int, Decimal] = {}
        self.returns: dict[int, UUID] = {}
        self.all: list[PaymentState] = []
        self.entries = [ledger.invoice_issued(identity("F"), "F1", DAY, self.client, gross, Decimal("8.32"), [])]

    def _post(self, entry: Entry) -> None:
        assert entry.key not in {known.key for known in self.entries}
        self.entries.append(entry)

    def _name(self, payment: PaymentState) -> UUID:
        return identity(f"payment {next(index for index, one in enumerate(self.all) if one is payment)}")

    @rule(target=debits)
    def present(self) -> PaymentState:
        """The emission, or a retry run, presents what is open."""
        may = self.instalment.status in (
            InstalmentStatus.PLANNED, InstalmentStatus.FAILED, InstalmentStatus.PARTIALLY_PAID,
        )  # fmt: skip
        amount = self.instalment.open or Decimal("0.01")
        payment = PaymentState(amount, PaymentStatus.SUBMITTED if may else PaymentStatus.CANCELLED)
        if may:
            self.instalment.status = InstalmentStatus.IN_COLLECTION
        self.all.append(payment)
        return payment

    @rule(payment=debits)
    def settle(self, payment: PaymentState) -> None:
        try:
            self.kept[id(payment)] = outcomes.settle(payment, self.instalment, self.invoice)
        except Refused:
            return
        self._post(ledger.debit_collected(self._name(payment), "P", DAY, self.client, payment.amount))

    @rule(payment=debits)
    def reject(self, payment: PaymentState) -> None:
        try:
            outcomes.reject(payment, self.instalment)
        except Refused as refused:
            assert refused.code.code == "INVALID_TRANSITION"

    @rule(payment=debits)
    def take_back(self, payment: PaymentState) -> None:
        try:
            outcomes.take_back(payment, self.instalment, [(self.invoice, self.kept.get(id(payment), ZERO))])
        except Refused:
            return
        self.kept[id(payment)] = ZERO
        self.returns[id(payment)] = identity(f"return {len(self.entries)}")
        returned = self.returns[id(payment)]
        self._post(ledger.debit_returned(returned, "P", DAY, self.client, payment.amount, "AM04"))

    @rule(payment=debits)
    def win_back(self, payment: PaymentState) -> None:
        try:
            self.kept[id(payment)] = outcomes.reinstate(payment, self.instalment, self.invoice)
        except Refused:
            return
        returned = self.returns[id(payment)]
        self._post(ledger.return_undone(returned, "P", DAY, self.client, payment.amount, "512000"))

    @rule(payment=debits, part=st.integers(1, 3))
    def give_back(self, payment: PaymentState, part: int) -> None:
        amount = (refunding.refundable(payment) / part).quantize(Decimal("0.01"))
        if payment.status not in outcomes.SETTLED or amount <= 0:
            return
        (taken,) = refunding.give_back(payment, amount, [(self.invoice, self.kept.get(id(payment), ZERO))])
        self.kept[id(payment)] = self.kept.get(id(payment), ZERO) - taken
        refund = identity(f"refund {len(self.entries)}")
        self._post(ledger.refund_paid(refund, "P", DAY, self.client, amount, "512000"))

    @rule(target=transfers, amount=AMOUNTS)
    def transfer(self, amount: Decimal) -> PaymentState:
        payment = PaymentState(amount, PaymentStatus.PAID)
        self.all.append(payment)
        outcomes.pay_instalment(self.instalment, outcomes.allocate_to(payment, self.invoice))
        self._post(ledger.receipt_recorded(self._name(payment), "P", DAY, self.client, amount))
        return payment

    @rule(payment=transfers)
    def take_off(self, payment: PaymentState) -> None:
        """Nothing is posted: on the client's account the receipt stays what it was."""
        if payment.allocated > 0:
            outcomes.take_off(payment, payment.allocated, self.invoice, self.instalment)
            assert payment.allocated == 0

    @invariant()
    def the_ledger_balances_and_the_client_account_is_what_he_owes(self) -> None:
        found = balances(self.entries)
        assert sum(found.values()) == 0
        booked = outcomes.SETTLED | {PaymentStatus.RETURNED}
        received = sum((p.amount - p.refunded - p.charged_back for p in self.all if p.status in booked), ZERO)
        assert found["411000", self.client] == self.invoice.due - received

    @invariant()
    def the_instalment_is_not_paid_twice_and_no_receipt_gives_more_than_it_brought(self) -> None:
        assert ZERO <= self.instalment.paid <= self.instalment.amount
        assert ZERO <= self.invoice.allocated <= self.invoice.due
        for payment in self.all:
            assert ZERO <= payment.allocated <= max(ZERO, payment.amount - payment.refunded - payment.charged_back)

    @invariant()
    def a_retry_is_thought_of_only_while_something_is_owed(self) -> None:
        debtor = Debtor(self.instalment.open, client_blocked=False, contract_ended=False, mandate_usable=True)
        verdict = eligibility(RetryTerms(), "AM04", 0, debtor)
        assert (verdict is RetryEligibility.NOT_ELIGIBLE_PAYMENT_SETTLED) == (self.instalment.open == 0)


TestAnyOrder = AnyOrder.TestCase


async def collected_and_returned(running: Running, tenant: Tenant) -> None:
    await creditor_account(tenant)
    found = await subscriber(running, tenant)
    await found.open_gates(date(2026, 4, 20))
    invoice = invoice_issued(
        found, "24.90", STARTS, lines_by_account=[{"revenue_account": "706200", "net": money("20.75")}]
    )
    await running.state(invoice, tenant.id, now=at(STARTS))
    await running.settled()
    batch = await transmitted(running, tenant, 1, "24.90")
    bank = SimulatedBank(Script(rules=(Rule(parse_outcome("RET-AM04-2")),)))
    await imported(tenant, bank.take(await file_of(tenant, batch), PRESENTED))
    for day in (DEBIT, date(2026, 5, 6), date(2026, 5, 7)):
        for answer in bank.play(day):
            tenant.client.now = at(day, 20)
            await imported(tenant, answer)
    later = invoice_issued(found, "10.00", date(2026, 5, 10), number="F2026-0002", net=money("8.33"), vat=money("1.67"))
    await running.state(later, tenant.id, now=at(date(2026, 5, 10)))
    await running.state(credit_note_issued(found, later, "10.00"), tenant.id, now=at(date(2026, 5, 11)))
    await running.settled()


async def test_everything_that_touched_money_is_posted_once_and_balances(
    running: Running, tenant: Tenant, other_tenant: Tenant
) -> None:
    await collected_and_returned(running, tenant)
    for hour in (1, 2):
        await running.tick("hour", at(date(2026, 5, 12), hour))
    tenant.client.now = at(date(2026, 5, 12), 9)
    trial = await tenant.client.call(GetTrialBalance(company_id=tenant.company_id))
    assert trial.total.amount == 0
    assert {account.account: account.balance.amount for account in trial.accounts if account.balance.amount} == {
        "411000": Decimal("24.90"),
        "445710": Decimal("-5.82"),
        "706100": Decimal("1.67"),
        "706200": Decimal("-20.75"),
    }
    entries = (await tenant.client.call(ListJournalEntries(company_id=tenant.company_id))).items
    assert sorted(entry.rule for entry in entries) == ["B1", "B2", "R1", "V1", "V1", "V2"]
    bank = sorted(entry.number for entry in entries if entry.journal == "BAN")
    assert bank == [1, 2, 3]
    assert (await other_tenant.client.call(ListJournalEntries(company_id=tenant.company_id))).items == ()


async def test_the_database_itself_refuses_to_change_what_is_posted(running: Running, tenant: Tenant) -> None:
    await collected_and_returned(running, tenant)
    await running.tick("hour", at(date(2026, 5, 12), 1))
    connection = await asyncpg.connect(running.database("payments"))
    try:
        await connection.execute("select set_config('app.organisation_id', $1, false)", str(tenant.id))
        with pytest.raises(asyncpg.PostgresError, match="never change"):
            await connection.execute("update journal_line set debit = debit + 1 where debit > 0")
        entry = await connection.fetchval("select id from journal_entry limit 1")
        with pytest.raises(asyncpg.PostgresError, match="not balanced"):
            await connection.execute(
                "insert into journal_line (organisation_id, entry_id, line_no, account, debit, credit)"
                " values ($1, $2, 99, '512000', 1, 0)",
                tenant.id,
                entry,
            )
    finally:
        await connection.close()


async def test_an_export_holds_every_line_of_the_period(running: Running, tenant: Tenant, other_tenant: Tenant) -> None:
    await collected_and_returned(running, tenant)
    for hour in (1, 2):
        await running.tick("hour", at(date(2026, 5, 12), hour))
    tenant.client.now = at(date(2026, 5, 12), 9)
    order = CreateExportJob(company_id=tenant.company_id, period_from=date(2026, 1, 1), period_to=date(2026, 12, 31))
    job = await tenant.client.call(order)

    async def is_done() -> bool:
        return (await tenant.client.call(GetExportJob(job_id=job.id))).status == "DONE"

    await eventually(is_done)
    part = await tenant.client.call(DownloadExport(job_id=job.id))
    rows = base64.b64decode(part.content).decode("iso-8859-15").split("\r\n")
    lines = [row.split("\t") for row in rows[1:-1]]
    assert {len(line) for line in lines} == {18}

    def total(column: int) -> Decimal:
        return sum((Decimal(line[column].replace(",", ".")) for line in lines), ZERO)

    assert total(11) == total(12) > 0
    assert "Élodie Martin" in {line[7] for line in lines if line[4] == "411000"}
    with pytest.raises(Refused) as refusal:
        await other_tenant.client.call(DownloadExport(job_id=job.id))
    assert refusal.value.code.code == "EXPORT_JOB_NOT_FOUND"
    later = await tenant.client.call(order)
    page = await tenant.client.call(ListExportJobs(limit=1))
    rest = await tenant.client.call(ListExportJobs(limit=1, cursor=page.next_cursor))
    assert [found.id for found in (*page.items, *rest.items)] == [later.id, job.id]
    assert (await other_tenant.client.call(ListExportJobs())).items == ()
