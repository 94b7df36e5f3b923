"""Reads what banks send: pain.002, camt.053 and camt.054 of any minor version, streamed, with every amount kept exact."""

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from lxml import etree

from messages.payments import BankMessageKind

_KINDS = {
    "CstmrPmtStsRpt": BankMessageKind.PAIN002,
    "BkToCstmrStmt": BankMessageKind.CAMT053,
    "BkToCstmrDbtCdtNtfctn": BankMessageKind.CAMT054,
}
_VERSION = re.compile(r"(?:pain|camt)\.\d{3}\.\d{3}\.\d{2}")
_HOLDERS = ("Stmt", "Ntfctn")
LARGEST_FILE = 256 * 1024 * 1024
_NOT_PROVIDED = frozenset({"NOTPROVIDED", ""})


class Unreadable(ValueError):  # noqa: N818 - said of the file
    """The file is no bank message this reader knows; the text says what is wrong."""


class BankLine(NamedTuple):  # a frozen dataclass takes four times as long between processes
    """One movement on the account. `sign` is CREDIT or DEBIT as it touched the balance."""

    amount: Decimal
    currency: str
    sign: str
    booking_date: date
    value_date: date | None
    bank_code: str | None
    end_to_end_id: str | None
    mandate_ref: str | None
    pmt_inf_id: str | None
    counterparty_name: str | None
    remittance: str | None
    reason_code: str | None
    reason_text: str | None
    charges: Decimal
    servicer_ref: str | None
    detail_index: int


@dataclass(slots=True)
class Statement:
    """A statement or notification of one account."""

    statement_id: str
    iban: str
    sequence_no: int | None
    from_date: date | None
    to_date: date | None
    opening: Decimal | None
    closing: Decimal | None
    lines: list[BankLine] = field(default_factory=list)


class StatusLine(NamedTuple):
    """The most specific status a pain.002 gives: for a payment, else a group, else the whole file."""

    original_msg_id: str | None
    pmt_inf_id: str | None
    end_to_end_id: str | None
    status: str
    reason_code: str | None
    reason_text: str | None


@dataclass(slots=True)
class BankFile:
    """Everything a file says."""

    kind: BankMessageKind
    version: str
    msg_id: str
    statements: list[Statement] = field(default_factory=list)
    statuses: list[StatusLine] = field(default_factory=list)


def read(content: bytes) -> BankFile:
    """Read a file; Unreadable with the reason when it is not one of the three messages."""
    if len(content) > LARGEST_FILE:
        raise Unreadable(f"the file has {len(content)} bytes; the limit is {LARGEST_FILE}")
    if b"<!DOCTYPE" in content[:2048].upper():
        raise Unreadable("the file declares a DTD, which no bank message has")
    try:
        return _read(content)
    except etree.XMLSyntaxError as error:
        raise Unreadable(f"the file is not well-formed XML: {error.msg}") from error
    except (InvalidOperation, ValueError, TypeError, KeyError) as error:
        if isinstance(error, Unreadable):
            raise
        raise Unreadable(f"an amount or date of the file cannot be read: {error}") from error


def _read(content: bytes) -> BankFile:
    kind, namespace = _identified(content)
    version = _VERSION.search(namespace)
    reader = _Reader(f"{{{namespace}}}" if namespace else "")
    found = BankFile(kind, version.group() if version else kind.value, "")
    if kind is BankMessageKind.PAIN002:
        root = etree.fromstring(content, _parser())
        reader.statuses(root[0], found)
    else:
        reader.statements(content, found)
    return found


def _parser() -> etree.XMLParser:
    return etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True)


def _identified(content: bytes) -> tuple[BankMessageKind, str]:
    for _, element in etree.iterparse(
        io.BytesIO(content), events=("start",), resolve_entities=False, no_network=True, load_dtd=False
    ):
        name = etree.QName(element)
        if name.localname == "Document":
            continue
        if name.localname in _KINDS:
            return _KINDS[name.localname], name.namespace or ""
        break
    raise Unreadable("the file is neither pain.002 nor camt.053 nor camt.054; import one of these")


class _Reader:
    """Finds elements by short paths inside one namespace."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._paths: dict[str, str] = {}

    def path(self, short: str) -> str:
        """A path of local names as lxml wants it."""
        full = self._paths.get(short)
        if full is None:
            full = self._paths[short] = "/".join(
                name if name == "." else self._prefix + name for name in short.split("/")
            )
        return full

    def text(self, element: Any, short: str) -> str | None:
        """The stripped text at a path, or None."""
        value = element.findtext(self.path(short))
        return value.strip() or None if value else None

    # -- camt ----------------------------------------------------------------------------------------------------

    def statements(self, content: bytes, found: BankFile) -> None:
        """Stream the entries; each is dropped as soon as it is read."""
        entry, holders = self.path("Ntry"), {self.path(name) for name in _HOLDERS}
        header = self.path("GrpHdr")
        lines: list[BankLine] = []
        events = etree.iterparse(
            io.BytesIO(content),
            events=("end",),
            tag=(entry, header, *holders),
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
        )
        for _, element in events:
            if element.tag == entry:
                lines.extend(self._entry_lines(element))
                _drop(element)
            elif element.tag == header:
                found.msg_id = self.text(element, "MsgId") or ""
            else:
                found.statements.append(self._statement(element, lines))
                lines = []

    def _statement(self, element: Any, lines: list[BankLine]) -> Statement:
        iban = self.text(element, "Acct/Id/IBAN") or self.text(element, "Acct/Id/Othr/Id") or ""
        sequence = self.text(element, "ElctrncSeqNb") or self.text(element, "LglSeqNb")
        balances = dict(self._balances(element))
        days = [line.booking_date for line in lines]
        return Statement(
            statement_id=self.text(element, "Id") or "",
            iban=iban,
            sequence_no=int(sequence) if sequence else None,
            from_date=_date(self.text(element, "FrToDt/FrDtTm")) or min(days, default=None),
            to_date=_date(self.text(element, "FrToDt/ToDtTm")) or max(days, default=None),
            opening=balances.get("OPBD", balances.get("PRCD")),
            closing=balances.get("CLBD"),
            lines=lines,
        )

    def _balances(self, element: Any) -> Iterator[tuple[str, Decimal]]:
        for balance in element.iterfind(self.path("Bal")):
            amount = Decimal(self.text(balance, "Amt") or "0")
            debit = self.text(balance, "CdtDbtInd") == "DBIT"
            yield self.text(balance, "Tp/CdOrPrtry/Cd") or "", -amount if debit else amount

    def _entry_lines(self, entry: Any) -> Iterator[BankLine]:
        facts, details = self._flattened(entry)
        if (facts.get("Sts/Cd") or facts.get("Sts")) not in (None, "BOOK"):
            return
        if not details:
            yield self._line(facts, facts, 0, alone=True)
        for index, detail in enumerate(details):
            yield self._line(facts, self._flattened(detail)[0], index, alone=len(details) == 1)

    def _flattened(self, element: Any) -> tuple[dict[str, str], list[Any]]:
        """The texts below an element by path, the first of each, and its TxDtls; half the time of a search per path."""
        facts: dict[str, str] = {}
        details: list[Any] = []
        self._walk(element, "", facts, details)
        return facts, details

    def _walk(self, element: Any, path: str, facts: dict[str, str], details: list[Any]) -> None:
        skip = len(self._prefix)
        for child in element:
            name = child.tag[skip:]
            if name == "TxDtls":
                details.append(child)
                continue
            key = path + name
            if len(child):
                self._walk(child, key + "/", facts, details)
            elif child.text:
                text = child.text.strip()
                if name == "Amt":
                    facts.setdefault(key + "@", child.get("Ccy") or "EUR")
                    if key == "Chrgs/Rcrd/Amt" and key in facts:
                        text = str(Decimal(facts.pop(key)) + Decimal(text))
                facts.setdefault(key, text)

    def _line(self, entry: dict[str, str], detail: dict[str, str], index: int, *, alone: bool) -> BankLine:
        own_sign = detail is not entry and detail.get("CdtDbtInd")
        credit = (own_sign or entry.get("CdtDbtInd")) == "CRDT"
        if entry.get("RvslInd", "").lower() in ("true", "1") and not own_sign:
            credit = not credit
        amount, currency = _amount_of(entry, detail, alone=alone)
        end_to_end = detail.get("Refs/EndToEndId")
        party = "RltdPties/Dbtr" if credit else "RltdPties/Cdtr"
        return BankLine(
            amount=amount,
            currency=currency,
            sign="CREDIT" if credit else "DEBIT",
            booking_date=_day(entry, "BookgDt") or _day(entry, "ValDt") or _missing_day(),
            value_date=_day(entry, "ValDt"),
            bank_code=_bank_code(detail) or _bank_code(entry),
            end_to_end_id=end_to_end if end_to_end not in _NOT_PROVIDED else None,
            mandate_ref=detail.get("Refs/MndtId"),
            pmt_inf_id=detail.get("Refs/PmtInfId") or entry.get("NtryDtls/Btch/PmtInfId"),
            counterparty_name=detail.get(f"{party}/Pty/Nm") or detail.get(f"{party}/Nm"),
            remittance=detail.get("RmtInf/Ustrd"),
            reason_code=detail.get("RtrInf/Rsn/Cd") or detail.get("RtrInf/Rsn/Prtry"),
            reason_text=detail.get("RtrInf/AddtlInf") or entry.get("AddtlNtryInf"),
            charges=Decimal(detail.get("Chrgs/Rcrd/Amt", "0.00")),
            servicer_ref=detail.get("Refs/AcctSvcrRef") or entry.get("AcctSvcrRef"),
            detail_index=index,
        )

    # -- pain.002 ------------------------------------------------------------------------------------------------

    def statuses(self, report: Any, found: BankFile) -> None:
        """The statuses of payments, of groups without payments, and of the file when it says nothing closer."""
        found.msg_id = self.text(report, "GrpHdr/MsgId") or ""
        original = self.text(report, "OrgnlGrpInfAndSts/OrgnlMsgId")
        for group in report.iterfind(self.path("OrgnlPmtInfAndSts")):
            pmt_inf_id = self.text(group, "OrgnlPmtInfId")
            transactions = group.findall(self.path("TxInfAndSts"))
            for transaction in transactions:
                end_to_end = self.text(transaction, "OrgnlEndToEndId") or self.text(transaction, "OrgnlInstrId")
                found.statuses.append(self._status(transaction, "TxSts", original, pmt_inf_id, end_to_end))
            if self.text(group, "PmtInfSts") and (not transactions or self.text(group, "PmtInfSts") == "RJCT"):
                found.statuses.append(self._status(group, "PmtInfSts", original, pmt_inf_id, None))
        whole = report.find(self.path("OrgnlGrpInfAndSts"))
        if whole is not None and self.text(whole, "GrpSts") is not None and not found.statuses:
            found.statuses.append(self._status(whole, "GrpSts", original, None, None))

    def _status(
        self, element: Any, name: str, original: str | None, group: str | None, payment: str | None
    ) -> StatusLine:
        return StatusLine(
            original,
            group,
            payment,
            self.text(element, name) or "",
            self.text(element, "StsRsnInf/Rsn/Cd") or self.text(element, "StsRsnInf/Rsn/Prtry"),
            self.text(element, "StsRsnInf/AddtlInf"),
        )


_DETAIL_AMOUNTS = ("Amt", "AmtDtls/TxAmt/Amt", "AmtDtls/InstdAmt/Amt")


def _amount_of(entry: dict[str, str], detail: dict[str, str], *, alone: bool) -> tuple[Decimal, str]:
    """A detail's amount and currency; a single detail without one has the entry's."""
    for key in _DETAIL_AMOUNTS:
        if key in detail:
            return Decimal(detail[key]), detail[key + "@"]
    if not alone:
        raise Unreadable("a detail of a batch entry has no amount")
    return Decimal(entry["Amt"]), entry["Amt@"]


def _day(facts: dict[str, str], name: str) -> date | None:
    return _date(facts.get(f"{name}/Dt") or facts.get(f"{name}/DtTm"))


def _bank_code(facts: dict[str, str]) -> str | None:
    domain = facts.get("BkTxCd/Domn/Cd")
    if domain is None:
        return facts.get("BkTxCd/Prtry/Cd")
    return f"{domain}/{facts.get('BkTxCd/Domn/Fmly/Cd')}/{facts.get('BkTxCd/Domn/Fmly/SubFmlyCd')}"


def _drop(element: Any) -> None:
    """Free an entry that was read, and take the one before it out of the tree (the current one is still in use)."""
    element.clear()
    previous = element.getprevious()
    if previous is not None and previous.tag == element.tag:
        element.getparent().remove(previous)


def _date(text: str | None) -> date | None:
    return date.fromisoformat(text[:10]) if text else None


def _missing_day() -> date:
    raise Unreadable("an entry has neither booking date nor value date")
