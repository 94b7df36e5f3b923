"""Life-cycle messages (UN/CEFACT CDAR D22B, guideline CDV): statuses of an invoice as platforms exchange them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Final
from xml.sax.saxutils import escape

from lxml import etree

_NAMESPACES: Final = {
    "rsm": "urn:un:unece:uncefact:data:standard:CrossDomainAcknowledgementAndResponse:100",
    "ram": "urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100",
    "udt": "urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100",
    "qdt": "urn:un:unece:uncefact:data:standard:QualifiedDataType:100",
}
_SIREN, _ADDRESS = "0002", "0225"
_COLLECTED = "MEN"
_DOCUMENT_STATUS = {205: "1", 212: "47"}
"""UNTDID 1373, where the guideline names one."""
_REFERENCE: Final = "rsm:AcknowledgementDocument/ram:ReferenceReferencedDocument"


class NotALifecycleMessage(ValueError):  # noqa: N818 - what the bytes are
    """The bytes are no CDAR message about an invoice."""


@dataclass(frozen=True, slots=True)
class Party:
    """Who states a status, or is told: SE the seller, BY the buyer, WK a platform, DFH the tax hub."""

    siren: str
    name: str
    role: str


@dataclass(frozen=True, slots=True)
class Status:
    """One status of one invoice; the amounts, gross by VAT rate, are those of a collection."""

    code: int
    label: str
    occurred_at: datetime
    invoice_number: str
    invoice_type: str
    invoice_date: date | None
    seller_siren: str
    issuer: Party
    recipient: Party
    message_id: str
    reason_code: str | None = None
    reason_text: str | None = None
    amounts: tuple[tuple[Decimal, Decimal], ...] = ()


def message(status: Status) -> bytes:
    """The XML of a status."""
    head = "".join(f' xmlns:{prefix}="{uri}"' for prefix, uri in _NAMESPACES.items())
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<rsm:CrossDomainAcknowledgementAndResponse{head}>"
        "<rsm:ExchangedDocumentContext>"
        "<ram:BusinessProcessSpecifiedDocumentContextParameter><ram:ID>REGULATED</ram:ID>"
        "</ram:BusinessProcessSpecifiedDocumentContextParameter>"
        "<ram:GuidelineSpecifiedDocumentContextParameter><ram:ID>urn.cpro.gouv.fr:1p0:CDV:invoice</ram:ID>"
        "</ram:GuidelineSpecifiedDocumentContextParameter>"
        "</rsm:ExchangedDocumentContext>"
        f"<rsm:ExchangedDocument>{_tag('ID', status.message_id)}{_instant(status.occurred_at)}"
        f"<ram:SenderTradeParty>{_tag('RoleCode', status.issuer.role)}</ram:SenderTradeParty>"
        f"<ram:IssuerTradeParty>{_party(status.issuer)}</ram:IssuerTradeParty>"
        f"<ram:RecipientTradeParty>{_party(status.recipient)}"
        f'<ram:URIUniversalCommunication><ram:URIID schemeID="{_ADDRESS}">{escape(status.recipient.siren)}</ram:URIID>'
        "</ram:URIUniversalCommunication></ram:RecipientTradeParty></rsm:ExchangedDocument>"
        "<rsm:AcknowledgementDocument><ram:MultipleReferencesIndicator><udt:Indicator>false</udt:Indicator>"
        f"</ram:MultipleReferencesIndicator>{_tag('TypeCode', '23')}{_instant(status.occurred_at)}"
        f"{_reference(status)}</rsm:AcknowledgementDocument></rsm:CrossDomainAcknowledgementAndResponse>\n"
    ).encode()


def _reference(status: Status) -> str:
    issued = ""
    if status.invoice_date is not None:
        day = f'<qdt:DateTimeString format="102">{status.invoice_date:%Y%m%d}</qdt:DateTimeString>'
        issued = f"<ram:FormattedIssueDateTime>{day}</ram:FormattedIssueDateTime>"
    return (
        "<ram:ReferenceReferencedDocument>"
        + _tag("IssuerAssignedID", status.invoice_number)
        + _tag("StatusCode", _DOCUMENT_STATUS.get(status.code))
        + _tag("TypeCode", status.invoice_type)
        + issued
        + _tag("ProcessConditionCode", str(status.code))
        + _tag("ProcessCondition", status.label)
        + f'<ram:IssuerTradeParty><ram:GlobalID schemeID="{_SIREN}">{escape(status.seller_siren)}</ram:GlobalID>'
        + "<ram:RoleCode>SE</ram:RoleCode></ram:IssuerTradeParty>"
        + _details(status)
        + "</ram:ReferenceReferencedDocument>"
    )


def _details(status: Status) -> str:
    if status.reason_code is None and not status.amounts:
        return ""
    amounts = "".join(
        "<ram:SpecifiedDocumentCharacteristic>"
        f"{_tag('TypeCode', _COLLECTED)}"
        f'<ram:ValueAmount currencyID="EUR">{amount:.2f}</ram:ValueAmount>'
        f"{_tag('ValuePercent', f'{rate:.2f}')}</ram:SpecifiedDocumentCharacteristic>"
        for rate, amount in status.amounts
    )
    reasons = _tag("ReasonCode", status.reason_code) + _tag("Reason", status.reason_text)
    return (
        f"<ram:SpecifiedDocumentStatus>{reasons}{_tag('SequenceNumeric', '1')}{amounts}</ram:SpecifiedDocumentStatus>"
    )


def _party(party: Party) -> str:
    identity = f'<ram:GlobalID schemeID="{_SIREN}">{escape(party.siren)}</ram:GlobalID>'
    return identity + _tag("Name", party.name) + _tag("RoleCode", party.role)


def _tag(name: str, text: str | None) -> str:
    return f"<ram:{name}>{escape(text)}</ram:{name}>" if text else ""


def _instant(at: datetime) -> str:
    text = f"{at.astimezone(UTC):%Y%m%d%H%M%S}"
    return f'<ram:IssueDateTime><udt:DateTimeString format="204">{text}</udt:DateTimeString></ram:IssueDateTime>'


def parsed(content: bytes) -> Status:
    """The status a message states. Raises NotALifecycleMessage."""
    try:
        root = etree.fromstring(content, etree.XMLParser(resolve_entities=False, no_network=True))
        return _status(root)
    except (etree.XMLSyntaxError, ValueError, InvalidOperation) as error:
        raise NotALifecycleMessage(str(error)) from error


def _status(root: etree._Element) -> Status:
    reference = f"{_REFERENCE}/ram:"
    issued = _text(root, f"{reference}FormattedIssueDateTime/qdt:DateTimeString")
    details = f"{reference}SpecifiedDocumentStatus"
    return Status(
        code=int(_needed(root, f"{reference}ProcessConditionCode")),
        label=_text(root, f"{reference}ProcessCondition") or "",
        occurred_at=_when(_needed(root, "rsm:AcknowledgementDocument/ram:IssueDateTime/udt:DateTimeString")),
        invoice_number=_needed(root, f"{reference}IssuerAssignedID"),
        invoice_type=_text(root, f"{reference}TypeCode") or "380",
        invoice_date=datetime.strptime(issued, "%Y%m%d").date() if issued else None,  # noqa: DTZ007 - a civil date
        seller_siren=_needed(root, f"{reference}IssuerTradeParty/ram:GlobalID"),
        issuer=_party_of(root, "Issuer"),
        recipient=_party_of(root, "Recipient"),
        message_id=_text(root, "rsm:ExchangedDocument/ram:ID") or "",
        reason_code=_text(root, f"{details}/ram:ReasonCode"),
        reason_text=_text(root, f"{details}/ram:Reason"),
        amounts=tuple(_amounts(root.findall(f"{details}/ram:SpecifiedDocumentCharacteristic", _NAMESPACES))),
    )


def _amounts(found: Sequence[etree._Element]) -> Sequence[tuple[Decimal, Decimal]]:
    return [
        (Decimal(_needed(item, "ram:ValuePercent")), Decimal(_needed(item, "ram:ValueAmount")))
        for item in found
        if _text(item, "ram:TypeCode") == _COLLECTED
    ]


def _party_of(root: etree._Element, name: str) -> Party:
    path = f"rsm:ExchangedDocument/ram:{name}TradeParty/ram:"
    return Party(
        _text(root, f"{path}GlobalID") or "", _text(root, f"{path}Name") or "", _text(root, f"{path}RoleCode") or ""
    )


def _when(text: str) -> datetime:
    return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=UTC)


def _text(element: etree._Element, path: str) -> str | None:
    found = element.findtext(path, namespaces=_NAMESPACES)
    return found.strip() if found and found.strip() else None


def _needed(element: etree._Element, path: str) -> str:
    found = _text(element, path)
    if found is None:
        raise ValueError(f"{path} is missing")
    return found
