"""Builds pain.008 files of versions 08 and 02. The same input always gives the same bytes, so a file may be built again safely."""

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from lxml import etree

from actors.payments.bank.iso_schemas import NEWEST, as_version, schema_of
from actors.payments.rules.references import sepa_text
from messages.values.instants import PARIS

_SEQUENCE_ORDER = {"FRST": 0, "RCUR": 1, "FNAL": 2, "OOFF": 3}
_NS = f"{{{NEWEST}}}"
_DEFAULT: Any = {None: NEWEST}
_LETTERS = re.compile(r"[A-Za-z0-9+?/\-:().,' ]+")
_AMOUNT = re.compile(r"[0-9]+\.[0-9]{2}")
_TOO_MUCH = Decimal("1000000000.00")
_FIXED = {
    "PmtMtd": {"DD"},
    "PmtTpInf/SvcLvl/Cd": {"SEPA"},
    "PmtTpInf/LclInstrm/Cd": {"CORE", "B2B"},
    "PmtTpInf/SeqTp": {"FRST", "RCUR", "FNAL", "OOFF"},
    "ChrgBr": {"SLEV"},
    "CdtrSchmeId/Id/PrvtId/Othr/SchmeNm/Prtry": {"SEPA"},
}


class Debit(NamedTuple):  # a frozen dataclass takes four times as long between processes
    """One direct debit."""

    end_to_end_id: str
    amount: Decimal
    sequence_type: str
    collection_date: date
    rum: str
    signed_on: date
    debtor_name: str
    iban: str
    bic: str | None
    remittance: str


@dataclass(frozen=True, slots=True)
class DebitFile:
    """A file for one creditor account and scheme (CORE or B2B)."""

    msg_id: str
    created_at: datetime
    scheme: str
    creditor_name: str
    creditor_identifier: str
    iban: str
    bic: str | None
    batch_booking: bool
    debits: Sequence[Debit]
    version: str = "pain.008.001.08"


@dataclass(frozen=True, slots=True)
class DebitGroup:
    """The debits of one date and sequence type; `pmt_inf_id` is the file's id and a running number."""

    pmt_inf_id: str
    sequence_type: str
    collection_date: date
    debits: tuple[Debit, ...]

    @property
    def control_sum(self) -> Decimal:
        """The exact sum of the group."""
        return sum((debit.amount for debit in self.debits), Decimal("0.00"))


class InvalidFile(ValueError):  # noqa: N818 - said of the file, which is never sent
    """The built file breaks the schema or its own totals; nothing may be sent."""


def grouped(msg_id: str, debits: Sequence[Debit]) -> list[DebitGroup]:
    """By date, then FRST, RCUR, FNAL, OOFF, then reference."""
    groups: dict[tuple[date, int, str], list[Debit]] = {}
    for debit in debits:
        key = (debit.collection_date, _SEQUENCE_ORDER[debit.sequence_type], debit.sequence_type)
        groups.setdefault(key, []).append(debit)
    return [
        DebitGroup(
            f"{msg_id}-{number:02}", key[2], key[0], tuple(sorted(groups[key], key=lambda debit: debit.end_to_end_id))
        )
        for number, key in enumerate(sorted(groups), 1)
    ]


def build(file: DebitFile) -> bytes:
    """The XML of a file, checked against the schema, the SEPA rules and its own totals; InvalidFile when a check fails."""
    groups = grouped(file.msg_id, file.debits)
    output = io.BytesIO()
    with etree.xmlfile(output, encoding="UTF-8") as xml:
        xml.write_declaration()
        with xml.element(f"{_NS}Document", nsmap=_DEFAULT), xml.element(f"{_NS}CstmrDrctDbtInitn"):
            xml.write(_header(file, groups))
            for group in groups:
                with xml.element(f"{_NS}PmtInf"):
                    for element in _group_header(file, group):
                        xml.write(element)
                    for debit in group.debits:
                        xml.write(_transaction(debit))
    content = as_version(_declared_once(output.getvalue()).decode(), file.version).encode()
    check(content, file.version)
    return content


def _declared_once(content: bytes) -> bytes:
    """The streaming writer declares the namespace at every element it is given; once at the root is enough."""
    declaration = f' xmlns="{NEWEST}"'.encode()
    root, _, rest = content.partition(declaration)
    return root + declaration + rest.replace(declaration, b"")


def check(content: bytes, version: str = "pain.008.001.08") -> None:
    """Refuse a file that breaks the official schema or SEPA's rules, whose totals differ, or that names a debit twice."""
    document = etree.fromstring(content, etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True))
    schema = schema_of(version)
    if not schema.validate(document):
        findings: list[Any] = [*schema.error_log]
        raise InvalidFile("; ".join(f"line {finding.line}: {finding.message}" for finding in findings[:3]))
    root = document[0]
    ids = [element.text for element in root.iter("{*}EndToEndId")]
    if len(ids) != len(set(ids)):
        raise InvalidFile("an EndToEndId stands twice in the file")
    header = root.find("{*}GrpHdr")
    _check_totals(header, root.iter("{*}InstdAmt"))
    for group in root.iterfind("{*}PmtInf"):
        _check_group(group)
        _check_totals(group, group.iter("{*}InstdAmt"))


def _check_group(group: Any) -> None:
    """What the EPC rulebooks demand beyond the ISO message: fixed codes, euros, Latin letters, a mandate for each debit."""
    for path, allowed in _FIXED.items():
        found = group.findtext("/".join(f"{{*}}{name}" for name in path.split("/")))
        if found not in allowed:
            raise InvalidFile(f"{path} is {found}; SEPA takes {', '.join(sorted(allowed))}")
    for amount in group.iter("{*}InstdAmt"):
        if amount.get("Ccy") != "EUR" or not _AMOUNT.fullmatch(amount.text) or not 0 < Decimal(amount.text) < _TOO_MUCH:
            raise InvalidFile(f"amount {amount.text} {amount.get('Ccy')} is no SEPA amount")
    for debit in group.iterfind("{*}DrctDbtTxInf"):
        if debit.find("{*}DrctDbtTx/{*}MndtRltdInf/{*}MndtId") is None:
            raise InvalidFile(f"debit {debit.findtext('{*}PmtId/{*}EndToEndId')} has no mandate")
    for element in group.iter("{*}Nm", "{*}Ustrd", "{*}EndToEndId", "{*}MndtId", "{*}PmtInfId"):
        if not _LETTERS.fullmatch(element.text or ""):
            raise InvalidFile(f"{etree.QName(element).localname} '{element.text}' has letters that banks refuse")


def _check_totals(holder: Any, amounts: Any) -> None:
    values = [Decimal(element.text) for element in amounts]
    count, total = holder.findtext("{*}NbOfTxs"), holder.findtext("{*}CtrlSum")
    if int(count) != len(values) or Decimal(total) != sum(values, Decimal(0)):
        raise InvalidFile(f"{len(values)} debits of {sum(values, Decimal(0))} do not match {count} and {total}")


def _header(file: DebitFile, groups: list[DebitGroup]) -> Any:
    header = etree.Element(f"{_NS}GrpHdr", nsmap=_DEFAULT)
    _add(header, "MsgId", file.msg_id)
    _add(header, "CreDtTm", file.created_at.astimezone(PARIS).strftime("%Y-%m-%dT%H:%M:%S"))
    _add(header, "NbOfTxs", str(len(file.debits)))
    _add(header, "CtrlSum", f"{sum((group.control_sum for group in groups), Decimal('0.00')):.2f}")
    party = _add(header, "InitgPty")
    _add(party, "Nm", sepa_text(file.creditor_name))
    _add(party, "Id/OrgId/Othr/Id", file.creditor_identifier)
    return header


def _group_header(file: DebitFile, group: DebitGroup) -> list[Any]:
    holder = etree.Element(f"{_NS}PmtInf", nsmap=_DEFAULT)
    _add(holder, "PmtInfId", group.pmt_inf_id)
    _add(holder, "PmtMtd", "DD")
    _add(holder, "BtchBookg", "true" if file.batch_booking else "false")
    _add(holder, "NbOfTxs", str(len(group.debits)))
    _add(holder, "CtrlSum", f"{group.control_sum:.2f}")
    kind = _add(holder, "PmtTpInf")
    _add(kind, "SvcLvl/Cd", "SEPA")
    _add(kind, "LclInstrm/Cd", file.scheme)
    _add(kind, "SeqTp", group.sequence_type)
    _add(holder, "ReqdColltnDt", group.collection_date.isoformat())
    _add(holder, "Cdtr/Nm", sepa_text(file.creditor_name))
    _add(holder, "CdtrAcct/Id/IBAN", file.iban)
    _agent(holder, "CdtrAgt", file.bic)
    _add(holder, "ChrgBr", "SLEV")
    other = _add(holder, "CdtrSchmeId/Id/PrvtId/Othr")
    _add(other, "Id", file.creditor_identifier)
    _add(other, "SchmeNm/Prtry", "SEPA")
    return list(holder)


def _transaction(debit: Debit) -> Any:
    element = etree.Element(f"{_NS}DrctDbtTxInf", nsmap=_DEFAULT)
    ids = _add(element, "PmtId")
    _add(ids, "InstrId", debit.end_to_end_id)
    _add(ids, "EndToEndId", debit.end_to_end_id)
    _add(element, "InstdAmt", f"{debit.amount:.2f}").set("Ccy", "EUR")
    mandate = _add(element, "DrctDbtTx/MndtRltdInf")
    _add(mandate, "MndtId", debit.rum)
    _add(mandate, "DtOfSgntr", debit.signed_on.isoformat())
    _agent(element, "DbtrAgt", debit.bic)
    _add(element, "Dbtr/Nm", sepa_text(debit.debtor_name))
    _add(element, "DbtrAcct/Id/IBAN", debit.iban)
    _add(element, "RmtInf/Ustrd", sepa_text(debit.remittance, 140))
    return element


def _agent(parent: Any, name: str, bic: str | None) -> None:
    if bic:
        _add(parent, f"{name}/FinInstnId/BICFI", bic)
    else:
        _add(parent, f"{name}/FinInstnId/Othr/Id", "NOTPROVIDED")


def _add(parent: Any, path: str, text: str | None = None) -> Any:
    for name in path.split("/"):
        parent = etree.SubElement(parent, _NS + name)
    parent.text = text
    return parent
