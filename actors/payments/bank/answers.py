"""Writes what the simulated bank sends: pain.002.001.03, camt.053.001.08 and camt.054.001.08."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from lxml import etree

PAIN002 = "urn:iso:std:iso:20022:tech:xsd:pain.002.001.03"
CAMT053 = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"
CAMT054 = "urn:iso:std:iso:20022:tech:xsd:camt.054.001.08"


@dataclass(frozen=True, slots=True)
class Booked:
    """A debit as the bank books it: settled, or taken back with its reason."""

    end_to_end_id: str
    pmt_inf_id: str
    rum: str
    debtor: str
    amount: Decimal
    scheme: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """The account that a statement is about."""

    iban: str
    currency: str = "EUR"


class _Writer:
    def __init__(self, namespace: str) -> None:
        self.prefix = f"{{{namespace}}}"
        self.names: Any = {None: namespace}

    def element(self, name: str) -> Any:
        return etree.Element(self.prefix + name, nsmap=self.names)

    def add(self, parent: Any, path: str, text: str | None = None) -> Any:
        for name in path.split("/"):
            parent = etree.SubElement(parent, self.prefix + name)
        parent.text = text
        return parent

    def money(self, parent: Any, path: str, amount: Decimal) -> None:
        self.add(parent, path, f"{amount:.2f}").set("Ccy", "EUR")


def status_report(
    msg_id: str, original_msg_id: str, day: date, groups: dict[str, tuple[int, list[tuple[str, str]]]]
) -> bytes:
    """A pain.002: per group its number of debits and the rejected ones (reference, code). Others are accepted."""
    writer = _Writer(PAIN002)
    document = writer.element("Document")
    report = writer.add(document, "CstmrPmtStsRpt")
    header = writer.add(report, "GrpHdr")
    writer.add(header, "MsgId", msg_id)
    writer.add(header, "CreDtTm", f"{day.isoformat()}T16:00:00")
    whole = writer.add(report, "OrgnlGrpInfAndSts")
    writer.add(whole, "OrgnlMsgId", original_msg_id)
    writer.add(whole, "OrgnlMsgNmId", "pain.008.001.08")
    rejected = any(found for _, found in groups.values())
    writer.add(whole, "GrpSts", "PART" if rejected else "ACCP")
    for pmt_inf_id, (count, found) in groups.items():
        group = writer.add(report, "OrgnlPmtInfAndSts")
        writer.add(group, "OrgnlPmtInfId", pmt_inf_id)
        status = "ACCP" if not found else "RJCT" if len(found) == count else "PART"
        writer.add(group, "PmtInfSts", "PART" if status == "RJCT" else status)
        for reference, code in found:
            transaction = writer.add(group, "TxInfAndSts")
            writer.add(transaction, "OrgnlEndToEndId", reference)
            writer.add(transaction, "TxSts", "RJCT")
            writer.add(transaction, "StsRsnInf/Rsn/Cd", code)
    return _bytes(document)


def statement(
    account: Account,
    day: date,
    sequence: int,
    opening: Decimal,
    collected: dict[str, list[Booked]],
    returns: Sequence[Booked],
    *,
    single_entries: bool = False,
) -> tuple[bytes, Decimal]:
    """A camt.053 of one day and its closing balance: one entry per collected group, or per debit; one per return."""
    closing = opening + sum((booked.amount for group in collected.values() for booked in group), Decimal("0.00"))
    closing -= sum((booked.amount for booked in returns), Decimal("0.00"))
    writer = _Writer(CAMT053)
    output = io.BytesIO()
    with etree.xmlfile(output, encoding="UTF-8") as xml:
        xml.write_declaration()
        with (
            xml.element(writer.prefix + "Document", nsmap=writer.names),
            xml.element(writer.prefix + "BkToCstmrStmt"),
        ):
            xml.write(_header(writer, f"STMT-{account.iban[-4:]}-{day:%Y%m%d}", day))
            with xml.element(writer.prefix + "Stmt"):
                for element in _statement_head(writer, account, day, sequence, opening, closing):
                    xml.write(element)
                for element in _entries(writer, day, collected, returns, single_entries=single_entries):
                    xml.write(element)
    return output.getvalue(), closing


def notification(account: Account, day: date, returns: Sequence[Booked]) -> bytes:
    """A camt.054 of the debits taken back on a day."""
    writer = _Writer(CAMT054)
    document = writer.element("Document")
    message = writer.add(document, "BkToCstmrDbtCdtNtfctn")
    message.append(_header(writer, f"NTFC-{account.iban[-4:]}-{day:%Y%m%d}", day))
    holder = writer.add(message, "Ntfctn")
    writer.add(holder, "Id", f"NTFC-{account.iban[-4:]}-{day:%Y%m%d}")
    writer.add(holder, "CreDtTm", f"{day.isoformat()}T20:00:00")
    writer.add(holder, "Acct/Id/IBAN", account.iban)
    for booked in returns:
        holder.append(_entry(writer, day, [booked], debit=True))
    return _bytes(document)


def _header(writer: _Writer, msg_id: str, day: date) -> Any:
    header = writer.element("GrpHdr")
    writer.add(header, "MsgId", msg_id)
    writer.add(header, "CreDtTm", f"{day.isoformat()}T20:00:00")
    return header


def _statement_head(
    writer: _Writer, account: Account, day: date, sequence: int, opening: Decimal, closing: Decimal
) -> list[Any]:
    holder = writer.element("Stmt")
    writer.add(holder, "Id", f"STMT-{account.iban[-4:]}-{day:%Y%m%d}")
    writer.add(holder, "ElctrncSeqNb", str(sequence))
    writer.add(holder, "CreDtTm", f"{day.isoformat()}T20:00:00")
    span = writer.add(holder, "FrToDt")
    writer.add(span, "FrDtTm", f"{day.isoformat()}T00:00:00")
    writer.add(span, "ToDtTm", f"{day.isoformat()}T23:59:59")
    writer.add(holder, "Acct/Id/IBAN", account.iban)
    for code, amount in (("OPBD", opening), ("CLBD", closing)):
        balance = writer.add(holder, "Bal")
        writer.add(balance, "Tp/CdOrPrtry/Cd", code)
        writer.money(balance, "Amt", abs(amount))
        writer.add(balance, "CdtDbtInd", "DBIT" if amount < 0 else "CRDT")
        writer.add(balance, "Dt/Dt", day.isoformat())
    return list(holder)


def _entries(
    writer: _Writer, day: date, collected: dict[str, list[Booked]], returns: Sequence[Booked], *, single_entries: bool
) -> Any:
    for group in collected.values():
        entries = [[one] for one in group] if single_entries else [group]
        for together in entries:
            yield _entry(writer, day, together, debit=False)
    for booked in returns:
        yield _entry(writer, day, [booked], debit=True)


def _entry(writer: _Writer, day: date, booked: list[Booked], *, debit: bool) -> Any:
    entry = writer.element("Ntry")
    total = sum((one.amount for one in booked), Decimal("0.00"))
    writer.money(entry, "Amt", total)
    writer.add(entry, "CdtDbtInd", "DBIT" if debit else "CRDT")
    writer.add(entry, "Sts/Cd", "BOOK")
    writer.add(entry, "BookgDt/Dt", day.isoformat())
    writer.add(entry, "ValDt/Dt", day.isoformat())
    writer.add(entry, "AcctSvcrRef", f"{booked[0].end_to_end_id[-24:]}-{'D' if debit else 'C'}")
    domain = writer.add(entry, "BkTxCd/Domn")
    writer.add(domain, "Cd", "PMNT")
    family = writer.add(domain, "Fmly")
    writer.add(family, "Cd", "IDDT")
    writer.add(family, "SubFmlyCd", "UPDD" if debit else "BBDD" if booked[0].scheme == "B2B" else "ESDD")
    details = writer.add(entry, "NtryDtls")
    if len(booked) > 1:
        batch = writer.add(details, "Btch")
        writer.add(batch, "PmtInfId", booked[0].pmt_inf_id)
        writer.add(batch, "NbOfTxs", str(len(booked)))
        writer.money(batch, "TtlAmt", total)
    for one in booked:
        _detail(writer, details, one, debit=debit)
    return entry


def _detail(writer: _Writer, details: Any, booked: Booked, *, debit: bool) -> None:
    detail = writer.add(details, "TxDtls")
    references = writer.add(detail, "Refs")
    writer.add(references, "PmtInfId", booked.pmt_inf_id)
    writer.add(references, "EndToEndId", booked.end_to_end_id)
    writer.add(references, "MndtId", booked.rum)
    writer.money(detail, "Amt", booked.amount)
    writer.add(detail, "CdtDbtInd", "DBIT" if debit else "CRDT")
    writer.add(detail, "RltdPties/Dbtr/Pty/Nm", booked.debtor)
    if booked.reason is not None:
        writer.add(detail, "RtrInf/Rsn/Cd", booked.reason)


def _bytes(document: Any) -> bytes:
    return etree.tostring(document, xml_declaration=True, encoding="UTF-8")
