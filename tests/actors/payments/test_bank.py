"""payments and its bank: the files themselves, the simulated bank, and the folder between them."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from lxml import etree

from actors.payments.bank import pool
from actors.payments.bank.outcomes import Script, parse_outcome, read_script
from actors.payments.bank.pain008 import Debit, DebitFile, InvalidFile, build, check, grouped
from actors.payments.bank.reading import Unreadable, read
from actors.payments.bank.simulator import SimulatedBank, play_folder
from actors.payments.bank.transport import ExchangeFolder
from messages.payments import BankMessageKind
from tests.actors.payments.builders import CREDITOR_IBAN, IBAN

FIRST, SECOND = date(2026, 12, 8), date(2026, 12, 10)
MSG_ID = "A" * 32


def debit(name: str, amount: str, sequence: str, day: date) -> Debit:
    return Debit(
        name, Decimal(amount), sequence, day, f"RUM{name}", date(2026, 11, 1), "Éloïse & Fils_SARL", IBAN, None, "F1"
    )


CASE_9 = (
    debit("P1", "12.99", "FRST", FIRST),
    debit("P2", "24.90", "RCUR", FIRST),
    debit("P3", "52.00", "RCUR", FIRST),
    debit("P5", "8.50", "OOFF", FIRST),
    debit("P4", "45.00", "RCUR", SECOND),
)


def file_of(debits: tuple[Debit, ...], scheme: str = "CORE") -> DebitFile:
    created = datetime(2026, 12, 4, 5, 0, tzinfo=UTC)
    return DebitFile(
        MSG_ID, created, scheme, "Télécom Dupont", "FR72ZZZ123456", CREDITOR_IBAN, "PSSTFRPPPAR", True, debits
    )


def test_case_9_debits_are_grouped_by_date_and_sequence() -> None:
    groups = grouped(MSG_ID, CASE_9)
    assert [(group.pmt_inf_id[-2:], group.sequence_type, len(group.debits), group.control_sum) for group in groups] == [
        ("01", "FRST", 1, Decimal("12.99")),
        ("02", "RCUR", 2, Decimal("76.90")),
        ("03", "OOFF", 1, Decimal("8.50")),
        ("04", "RCUR", 1, Decimal("45.00")),
    ]
    content = build(file_of(CASE_9))
    root = etree.fromstring(content)[0]
    assert root.findtext("{*}GrpHdr/{*}NbOfTxs") == "5"
    assert root.findtext("{*}GrpHdr/{*}CtrlSum") == "143.39"
    assert root.findtext(".//{*}Dbtr/{*}Nm") == "Eloise + Fils-SARL"
    assert build(file_of(tuple(reversed(CASE_9)))) == content
    b2b = build(file_of((debit("P6", "1234.56", "RCUR", FIRST),), "B2B"))
    assert etree.fromstring(b2b)[0].findtext("{*}GrpHdr/{*}CtrlSum") == "1234.56"


def test_case_9_the_older_version_differs_in_namespace_and_the_name_of_the_bic_only() -> None:
    newer, older = build(file_of(CASE_9)), build(replace(file_of(CASE_9), version="pain.008.001.02"))
    root = etree.fromstring(older)
    assert etree.QName(root).namespace == "urn:iso:std:iso:20022:tech:xsd:pain.008.001.02"
    assert root[0].findtext(".//{*}CdtrAgt/{*}FinInstnId/{*}BIC") == "PSSTFRPPPAR"
    assert root[0].findtext("{*}GrpHdr/{*}CtrlSum") == "143.39"
    assert older.replace(b"008.001.02", b"008.001.08").replace(b"BIC>", b"BICFI>") == newer
    with pytest.raises(InvalidFile):
        check(newer, "pain.008.001.02")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"<CtrlSum>143.39</CtrlSum>", b"<CtrlSum>143.40</CtrlSum>"),
        (b"<EndToEndId>P2</EndToEndId>", b"<EndToEndId>P3</EndToEndId>"),
        (b"<PmtMtd>DD</PmtMtd>", b"<PmtMtd>TRF</PmtMtd>"),
        (b"<ChrgBr>SLEV</ChrgBr>", b""),
        (b"Eloise + Fils-SARL", "Éloïse".encode()),
    ],
)
def test_a_file_that_lies_is_never_sent(before: bytes, after: bytes) -> None:
    content = build(file_of(CASE_9))
    assert before in content
    with pytest.raises(InvalidFile):
        check(content.replace(before, after, 1))


@pytest.mark.parametrize("version", ["pain.008.001.08", "pain.008.001.02"])
def test_the_official_schema_of_each_version_names_what_breaks_it(version: str) -> None:
    content = build(replace(file_of(CASE_9), version=version))
    with pytest.raises(InvalidFile, match="Unknown"):
        check(content.replace(b"</PmtTpInf>", b"<Unknown/></PmtTpInf>", 1), version)
    with pytest.raises(InvalidFile, match="ChrgBr"):  # the ISO message may leave it out, SEPA may not
        check(content.replace(b"<ChrgBr>SLEV</ChrgBr>", b"", 1), version)


async def test_a_big_file_built_in_a_process_of_its_own_is_the_same_to_the_byte() -> None:
    many = tuple(debit(f"P{number}", "10.00", "RCUR", FIRST) for number in range(1000))
    assert await pool.built(file_of(many)) == build(file_of(many))
    twice = (*many, many[0])
    with pytest.raises(InvalidFile, match="twice"):
        await pool.built(file_of(twice))


def test_the_simulated_bank_answers_what_its_script_says_and_always_the_same() -> None:
    script = Script(shares=((parse_outcome("REJ-AM04"), 0.5), (parse_outcome("RET-MD01-3"), 0.3)), seed="demo")
    content = build(file_of(tuple(debit(f"P{number}", "10.00", "RCUR", FIRST) for number in range(200))))

    def play() -> list[bytes]:
        bank = SimulatedBank(script)
        report = bank.take(content, date(2026, 12, 4))
        return [report.content] + [answer.content for day in (8, 11) for answer in bank.play(date(2026, 12, day))]

    report, collected, notified, returned = play()
    assert play() == [report, collected, notified, returned]
    rejected = [status for status in read(report).statuses if status.status == "RJCT"]
    assert 70 < len(rejected) < 130
    (statement,) = read(collected).statements
    assert len(statement.lines) == 200 - len(rejected)
    assert statement.closing == Decimal("10.00") * len(statement.lines)
    back = read(notified)
    assert back.kind is BankMessageKind.CAMT054
    assert {line.reason_code for line in back.statements[0].lines} == {"MD01"}
    (last,) = read(returned).statements
    assert (last.sequence_no, last.opening) == (2, statement.closing)


def test_a_debtors_name_can_script_his_bank() -> None:
    assert Script().outcome("E", "R", "Martin ISSUE-SEPA-REJ-AC04", FIRST) == parse_outcome("REJ-AC04")
    assert Script().outcome("E", "R", "ISSUE-SEPA-RET-MD01-5", FIRST) == parse_outcome("RET-MD01-5")
    assert Script().outcome("E", "R", "Martin", FIRST).kind == "OK"


def test_the_folder_between_company_and_bank_carries_whole_files(tmp_path: Path) -> None:
    folder = ExchangeFolder(tmp_path)
    folder.send("file.xml", build(file_of(CASE_9)))
    script = tmp_path / "script.json"
    script.write_text('{"rules": [{"rum": "RUMP2", "outcome": "REJ-AM04"}]}')
    names = play_folder(tmp_path, FIRST, read_script(script))
    assert folder.waiting() == sorted(names)
    report, statement = (read(folder.receive(name)) for name in folder.waiting())
    assert [(line.end_to_end_id, line.reason_code) for line in report.statuses if line.status == "RJCT"] == [
        ("P2", "AM04")
    ]
    assert sum(line.amount for line in statement.statements[0].lines) == Decimal("73.49")
    folder.taken(folder.waiting()[0])
    assert len(folder.waiting()) == 1
    assert play_folder(tmp_path, FIRST, read_script(script)) == []
    with pytest.raises(ValueError, match="plain file name"):
        folder.send("../file.xml", b"")


@pytest.mark.parametrize(
    "content", [b"", b"<a/>", b"<!DOCTYPE a [<!ENTITY b 'c'>]><Document/>", b"<Document><Other/></Document>", b"\x00"]
)
def test_what_is_no_bank_message_is_refused(content: bytes) -> None:
    with pytest.raises(Unreadable):
        read(content)


def test_an_old_minor_version_with_a_flat_status_is_read_alike() -> None:
    """French banks still send camt.054.001.02 beside .08; a reversal turns the sign."""
    content = b"""<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.054.001.02"><BkToCstmrDbtCdtNtfctn>
      <GrpHdr><MsgId>M1</MsgId></GrpHdr><Ntfctn><Id>N1</Id><Acct><Id><IBAN>FR1420041010050500013M02606</IBAN></Id></Acct>
      <Ntry><Amt Ccy="EUR">52.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><RvslInd>true</RvslInd><Sts>BOOK</Sts>
        <BookgDt><Dt>2026-12-15</Dt></BookgDt><NtryDtls><TxDtls><Refs><EndToEndId>P3</EndToEndId></Refs>
        <RltdPties><Cdtr><Nm>Dupont</Nm></Cdtr></RltdPties><RtrInf><Rsn><Cd>MD06</Cd></Rsn></RtrInf></TxDtls></NtryDtls></Ntry>
      <Ntry><Amt Ccy="EUR">9.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>PDNG</Sts><BookgDt><Dt>2026-12-15</Dt></BookgDt></Ntry>
    </Ntfctn></BkToCstmrDbtCdtNtfctn></Document>"""
    found = read(content)
    (line,) = found.statements[0].lines
    assert (found.version, line.sign, line.amount, line.end_to_end_id) == (
        "camt.054.001.02",
        "DEBIT",
        Decimal("52.00"),
        "P3",
    )
    assert (line.reason_code, line.counterparty_name) == ("MD06", "Dupont")
