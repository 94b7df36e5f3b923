"""payments: accountants write, reverse and letter entries, close periods, and export a file that passes the checker."""

import base64
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.payments.bank.outcomes import Rule, Script, parse_outcome
from actors.payments.bank.simulator import SimulatedBank
from actors.payments.rules.ledger import letter_after
from messages.payments import (
    CloseAccountingPeriod,
    CreateExportJob,
    DownloadExport,
    GetAccountingPeriod,
    GetExportJob,
    GetTrialBalance,
    LetterLines,
    LineRef,
    ListAccountLines,
    ListJournalEntries,
    ManualLine,
    PostManualEntry,
    ReopenAccountingPeriod,
    ReverseEntry,
    UnletterLines,
)
from messages.problem import Refused
from messages.values.identifiers import new_id
from tests.actors.payments.builders import at, creditor_account, invoice_issued
from tests.actors.payments.fec_checker import findings, lines_of
from tests.actors.payments.steps import DEBIT, PRESENTED, STARTS, file_of, imported, subscriber, transmitted
from tests.actors.payments.test_recovery import paid
from tests.harness import Running, Tenant, eventually

DAY = date(2026, 6, 15)


def entry(
    tenant: Tenant, day: date, client_id: UUID | None = None, amount: str = "10.00", **more: Any
) -> PostManualEntry:
    value = Decimal(amount)
    client = {"account": "411000", "client_id": client_id} if client_id else {"account": "471000"}
    lines = (ManualLine(account="512000", debit=value), ManualLine.model_validate(client | {"credit": value}))
    return PostManualEntry(
        company_id=tenant.company_id, entry_date=day, piece_ref="OD-1", label="Régularisation", lines=lines
    )


async def refused(tenant: Tenant, request: Any, key: str | None = None) -> str:
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(request, key=key)
    return refusal.value.code.code


async def test_an_entry_is_posted_and_reversed_once_but_never_changed(
    running: Running, tenant: Tenant, other_tenant: Tenant
) -> None:
    tenant.client.now = at(DAY)
    posted = await tenant.client.call(entry(tenant, DAY), key=str(new_id()))
    assert (posted.journal, posted.number, posted.rule) == ("OD", 1, "M1")
    crooked = (
        ManualLine(account="512000", debit=Decimal("1.00")),
        ManualLine(account="471000", credit=Decimal("0.99")),
    )
    request = entry(tenant, DAY).model_copy(update={"lines": crooked})
    assert await refused(tenant, request, key=str(new_id())) == "UNBALANCED_ENTRY"
    with pytest.raises(ValueError, match="client_id"):
        ManualLine(account="411000", debit=Decimal("1.00"))
    reversal = await tenant.client.call(ReverseEntry(entry_id=posted.id, reason="wrong account"))
    assert [(line.debit, line.credit) for line in reversal.lines] == [
        (line.credit, line.debit) for line in posted.lines
    ]
    assert reversal.number == 2
    for again in (posted.id, reversal.id):
        assert await refused(tenant, ReverseEntry(entry_id=again, reason="twice")) == "ALREADY_REVERSED"
    assert await refused(other_tenant, ReverseEntry(entry_id=posted.id, reason="theirs")) == "LEDGER_ENTRY_NOT_FOUND"
    balance = await tenant.client.call(GetTrialBalance(company_id=tenant.company_id))
    assert {line.balance.amount for line in balance.accounts} == {Decimal("0.00")}


async def test_nothing_is_dated_in_a_closed_period_and_late_facts_go_to_the_first_open_day(
    running: Running, tenant: Tenant, other_tenant: Tenant
) -> None:
    tenant.client.now = at(DAY)
    company_id = tenant.company_id
    assert await refused(tenant, CloseAccountingPeriod(company_id=company_id, until=DAY)) == "VALIDATION_FAILED"
    closed = await tenant.client.call(CloseAccountingPeriod(company_id=company_id, until=date(2026, 4, 30)))
    assert closed.closed_until == date(2026, 4, 30)
    assert await refused(tenant, entry(tenant, date(2026, 4, 30)), key=str(new_id())) == "PERIOD_CLOSED"
    assert (await tenant.client.call(entry(tenant, date(2026, 5, 1)), key=str(new_id()))).entry_date == date(2026, 5, 1)
    found = await subscriber(running, tenant)
    await running.state(invoice_issued(found, found.amount, STARTS), tenant.id, now=at(STARTS))
    await running.tick("hour", at(date(2026, 5, 12)))
    (late,) = [
        row for row in (await tenant.client.call(ListJournalEntries(company_id=company_id))).items if row.rule == "V1"
    ]
    assert (late.entry_date, late.label) == (date(2026, 5, 1), "Facture F2026-0001 (du 10/04/2026)")
    reopened = ReopenAccountingPeriod(company_id=company_id, since=date(2026, 4, 1), reason="forgotten invoice")
    assert (await tenant.client.call(reopened)).closed_until == date(2026, 3, 31)
    await tenant.client.call(entry(tenant, date(2026, 4, 30)), key=str(new_id()))
    assert (await other_tenant.client.call(GetAccountingPeriod(company_id=company_id))).closed_until is None


async def test_lines_that_settle_each_other_share_a_letter(
    running: Running, tenant: Tenant, other_tenant: Tenant
) -> None:
    tenant.client.now = at(DAY)
    client_id, company_id = new_id(), tenant.company_id
    first = await tenant.client.call(entry(tenant, DAY, client_id), key=str(new_id()))
    second = await tenant.client.call(ReverseEntry(entry_id=first.id, reason="test"))
    other = await tenant.client.call(entry(tenant, DAY, client_id, "9.00"), key=str(new_id()))
    lines = (LineRef(entry_id=first.id, line_no=2), LineRef(entry_id=second.id, line_no=2))
    uneven = (LineRef(entry_id=second.id, line_no=2), LineRef(entry_id=other.id, line_no=2))
    wanted = LetterLines(company_id=company_id, client_id=client_id, lines=uneven)
    assert await refused(tenant, wanted) == "UNBALANCED_ENTRY"
    assert await refused(other_tenant, wanted) == "VALIDATION_FAILED"
    letter = await tenant.client.call(wanted.model_copy(update={"lines": lines}))
    assert (letter.letter, letter.lines) == ("AAA", 2)
    assert await refused(tenant, wanted.model_copy(update={"lines": lines})) == "VALIDATION_FAILED"
    open_ = ListAccountLines(company_id=company_id, client_id=client_id, open_only=True)
    assert [line.entry_id for line in (await tenant.client.call(open_)).items] == [other.id]
    assert (await other_tenant.client.call(open_)).items == ()
    await tenant.client.call(UnletterLines(company_id=company_id, client_id=client_id, letter="AAA"))
    assert len((await tenant.client.call(open_)).items) == 3


async def test_case_29_the_export_of_a_returned_and_a_paid_debit_passes_the_checker(
    running: Running, tenant: Tenant
) -> None:
    await creditor_account(tenant)
    found = await subscriber(running, tenant)
    await found.open_gates(date(2026, 4, 20))
    await running.state(invoice_issued(found, found.amount, STARTS), tenant.id, now=at(STARTS))
    await running.settled()
    bank = SimulatedBank(Script(rules=(Rule(parse_outcome("RET-AM04-2")),)))
    batch = await transmitted(running, tenant, 1, found.amount)
    await imported(tenant, bank.take(await file_of(tenant, batch), PRESENTED))
    for day in (DEBIT, date(2026, 5, 6), date(2026, 5, 7)):
        for answer in bank.play(day):
            tenant.client.now = at(day, 20)
            await imported(tenant, answer)
    await paid(tenant, found, found.amount, date(2026, 5, 11))
    await running.tick("hour", at(date(2026, 5, 12)))
    tenant.client.now = at(date(2026, 5, 12), 9)
    lettered = (
        await tenant.client.call(ListAccountLines(company_id=tenant.company_id, client_id=found.client_id))
    ).items
    letters = {(line.journal.value, line.debit.amount > 0): line.letter for line in lettered}
    assert len(lettered) == 4
    assert all(line.letter for line in lettered)
    assert letters["VT", True] != letters["BAN", True]  # the invoice with the transfer; the return with its debit
    content = await exported(tenant)
    assert findings(content) == []
    assert {line["EcritureLet"] for line in lines_of(content) if line["CompteNum"] == "411000"} == {"AAA", "AAB"}
    assert {line["CompAuxNum"] for line in lines_of(content)} == {"", "CLI-000001"}


async def exported(tenant: Tenant) -> bytes:
    job = await tenant.client.call(
        CreateExportJob(company_id=tenant.company_id, period_from=date(2026, 1, 1), period_to=date(2026, 12, 31))
    )

    async def done() -> Any:
        found = await tenant.client.call(GetExportJob(job_id=job.id))
        return found if found.status == "DONE" else None

    assert (await eventually(done)).file_name == "732829320FEC20261231_AUXILIAIRE.txt"
    part = await tenant.client.call(DownloadExport(job_id=job.id))
    return base64.b64decode(part.content)


@pytest.mark.parametrize(
    ("before", "after", "finding"),
    [
        (b"12,99", b"12.99", "is no amount"),
        (b"12,99\t0,00", b"12,98\t0,00", "not balanced"),
        (b"Idevise", b"Devise", "18 columns"),
        (b"20261208\t512000", b"20261308\t512000", "is no date"),
        (b"000001\t20261208\t512000", b"000003\t20261208\t512000", "gaps"),
    ],
)
def test_the_checker_finds_what_is_wrong(before: bytes, after: bytes, finding: str) -> None:
    row = "OD\tOpérations diverses\t000001\t20261208\t{}\tCompte\t\t\tP\t20261208\tx\t{}\t{}\t\t\t20261208\t\t\r\n"
    header = b"\t".join(
        name.encode()
        for name in (
            "JournalCode", "JournalLib", "EcritureNum", "EcritureDate", "CompteNum", "CompteLib", "CompAuxNum",
            "CompAuxLib", "PieceRef", "PieceDate", "EcritureLib", "Debit", "Credit", "EcritureLet", "DateLet", "ValidDate",
            "Montantdevise", "Idevise",
        )
    )  # fmt: skip
    rows = (row.format("512000", "12,99", "0,00"), row.format("471000", "0,00", "12,99"))
    good = header + b"\r\n" + "".join(rows).encode("iso-8859-15")
    assert findings(good) == []
    assert any(finding in found for found in findings(good.replace(before, after, 1)))


@given(st.integers(0, 26**4))
def test_letters_rise_without_a_gap(number: int) -> None:
    assert letter_after(0) == "AAA"
    now, after = letter_after(number), letter_after(number + 1)
    assert (len(now), now) < (len(after), after)
