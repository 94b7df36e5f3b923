"""The CII XML of a document in one of the five profiles (UN/CEFACT D22B); its schema fixes the order of elements."""

from datetime import date
from decimal import Decimal
from xml.sax.saxutils import escape, quoteattr

from actors.factures.facturx.sheet import Sheet, SheetAllowance, SheetCharge, SheetLine, SheetParty
from actors.factures.rules.vat import EXEMPTION_TEXTS
from messages.factures.values import Profile
from messages.values.addresses import Address

_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<rsm:CrossIndustryInvoice'
    ' xmlns:rsm="urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100"'
    ' xmlns:ram="urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100"'
    ' xmlns:udt="urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100"'
    ' xmlns:qdt="urn:un:unece:uncefact:data:standard:QualifiedDataType:100">'
)
_DISCOUNT = "95"
"""UNTDID 5189: discount."""


def cii_xml(sheet: Sheet) -> bytes:
    """The XML of the document, UTF-8; empty elements are never written."""
    parts = (_HEAD, _context(sheet), _document(sheet), _transaction(sheet), "</rsm:CrossIndustryInvoice>\n")
    return "".join(parts).encode()


def amount(value: Decimal) -> str:
    """Two decimals, no exponent."""
    return f"{value:.2f}"


def price(value: Decimal) -> str:
    """Two to six decimals."""
    text = f"{value:.6f}".rstrip("0")
    whole, _, fraction = text.partition(".")
    return f"{whole}.{fraction:0<2}"


def quantity(value: Decimal) -> str:
    """No trailing zeros, at most four decimals."""
    text = f"{value:.4f}".rstrip("0").rstrip(".")
    return text or "0"


def _tag(name: str, text: str | None, attributes: str = "") -> str:
    return f"<ram:{name}{attributes}>{escape(text)}</ram:{name}>" if text else ""


def _group(name: str, *parts: str) -> str:
    inner = "".join(parts)
    return f"<ram:{name}>{inner}</ram:{name}>" if inner else ""


def _from(least: Profile, sheet: Sheet, *parts: str) -> str:
    """The parts, where the document's profile reaches that far."""
    return "".join(parts) if sheet.profile.carries(least) else ""


def _date(name: str, day: date | None) -> str:
    if day is None:
        return ""
    return f'<ram:{name}><udt:DateTimeString format="102">{day:%Y%m%d}</udt:DateTimeString></ram:{name}>'


def _context(sheet: Sheet) -> str:
    return (
        "<rsm:ExchangedDocumentContext>"
        + _group("BusinessProcessSpecifiedDocumentContextParameter", _tag("ID", sheet.process_code))
        + _group("GuidelineSpecifiedDocumentContextParameter", _tag("ID", sheet.profile.urn))
        + "</rsm:ExchangedDocumentContext>"
    )


def _document(sheet: Sheet) -> str:
    notes = [_group("IncludedNote", _tag("Content", note.text), _tag("SubjectCode", note.code)) for note in sheet.notes]
    return (
        "<rsm:ExchangedDocument>"
        + _tag("ID", sheet.number)
        + _tag("TypeCode", sheet.type_code)
        + _date("IssueDateTime", sheet.issue_date)
        + _from(Profile.BASIC_WL, sheet, *notes)
        + "</rsm:ExchangedDocument>"
    )


def _transaction(sheet: Sheet) -> str:
    return (
        "<rsm:SupplyChainTradeTransaction>"
        + _from(Profile.BASIC, sheet, *(_line(line, sheet) for line in sheet.lines))
        + _agreement(sheet)
        + _delivery(sheet)
        + _settlement(sheet)
        + "</rsm:SupplyChainTradeTransaction>"
    )


def _line(line: SheetLine, sheet: Sheet) -> str:
    tax = _tag("TypeCode", "VAT") + _tag("CategoryCode", line.key.category)
    tax += _tag("RateApplicablePercent", amount(line.key.rate))
    billed = f"<ram:BilledQuantity unitCode={quoteattr(line.unit_code)}>{quantity(line.quantity)}</ram:BilledQuantity>"
    return _group(
        "IncludedSupplyChainTradeLineItem",
        _group("AssociatedDocumentLineDocument", _tag("LineID", str(line.line_no))),
        _group(
            "SpecifiedTradeProduct",
            _from(Profile.EN16931, sheet, _tag("SellerAssignedID", line.sku)),
            _tag("Name", line.name),
            _from(Profile.EN16931, sheet, _tag("Description", line.description)),
        ),
        _group(
            "SpecifiedLineTradeAgreement",
            _group("NetPriceProductTradePrice", _tag("ChargeAmount", price(line.unit_price))),
        ),
        _group("SpecifiedLineTradeDelivery", billed),
        _group(
            "SpecifiedLineTradeSettlement",
            _group("ApplicableTradeTax", tax),
            _period(line.period),
            "".join(_allowance(item) for item in line.allowances),
            _group("SpecifiedTradeSettlementLineMonetarySummation", _tag("LineTotalAmount", amount(line.net))),
        ),
    )


def _period(period: tuple[date, date] | None) -> str:
    if period is None:
        return ""
    return _group("BillingSpecifiedPeriod", _date("StartDateTime", period[0]), _date("EndDateTime", period[1]))


def _allowance(item: SheetAllowance | SheetCharge) -> str:
    is_charge = isinstance(item, SheetCharge)
    parts = [
        f"<ram:ChargeIndicator><udt:Indicator>{str(is_charge).lower()}</udt:Indicator></ram:ChargeIndicator>",
        _tag("ActualAmount", amount(item.amount)),
        _tag("ReasonCode", None if is_charge else _DISCOUNT),
        _tag("Reason", item.reason),
    ]
    if item.key is not None:
        tax = _tag("TypeCode", "VAT") + _tag("CategoryCode", item.key.category)
        parts.append(_group("CategoryTradeTax", tax, _tag("RateApplicablePercent", amount(item.key.rate))))
    return _group("SpecifiedTradeAllowanceCharge", *parts)


def _agreement(sheet: Sheet) -> str:
    def referenced(name: str, reference: str | None) -> str:
        return _group(name, _tag("IssuerAssignedID", reference))

    return _group(
        "ApplicableHeaderTradeAgreement",
        _tag("BuyerReference", sheet.buyer_reference),
        _group("SellerTradeParty", _party(sheet.seller, sheet)),
        _group("BuyerTradeParty", _party(sheet.buyer, sheet)),
        referenced("BuyerOrderReferencedDocument", sheet.purchase_order_ref),
        _from(Profile.BASIC_WL, sheet, referenced("ContractReferencedDocument", sheet.contract_reference)),
    )


def _party(party: SheetParty, sheet: Sheet) -> str:
    scheme_siren, scheme_siret = ' schemeID="0002"', ' schemeID="0009"'
    registrations = [("VA", party.vat_number), ("FC", party.tax_id)]
    numbers = [
        _group("SpecifiedTaxRegistration", _tag("ID", number, f' schemeID="{scheme}"'))
        for scheme, number in registrations
        if number
    ]
    is_seller = party is sheet.seller
    trading_name = _from(
        Profile.BASIC_WL if is_seller else Profile.EN16931, sheet, _tag("TradingBusinessName", party.trade_name)
    )
    return "".join(
        (
            _from(Profile.BASIC_WL, sheet, _tag("GlobalID", party.siret, scheme_siret)),
            _tag("Name", party.name),
            _from(Profile.EN16931, sheet, _tag("Description", party.legal_form_line)),
            _group("SpecifiedLegalOrganization", _tag("ID", party.siren, scheme_siren), trading_name),
            _postal_address(party, sheet),
            _from(Profile.BASIC_WL, sheet, _group("URIUniversalCommunication", _endpoint(party))),
            *(numbers if is_seller else [_from(Profile.BASIC_WL, sheet, *numbers)]),
        )
    )


def _postal_address(party: SheetParty, sheet: Sheet) -> str:
    """The whole address; the smallest profile knows the seller's country only."""
    if sheet.profile.carries(Profile.BASIC_WL):
        return _group("PostalTradeAddress", _address(party.address))
    if party is not sheet.seller or party.address is None:
        return ""
    return _group("PostalTradeAddress", _tag("CountryID", party.address.country_code))


def _endpoint(party: SheetParty) -> str:
    """Where the party receives e-invoices: its SIREN in the French directory, a consumer's e-mail address."""
    if party.siren:
        return _tag("URIID", party.siren, ' schemeID="0225"')
    return _tag("URIID", party.email, ' schemeID="EM"')


def _address(address: Address | None) -> str:
    if address is None:
        return ""
    extra = [line for line in (address.complement, address.locality) if line]
    return (
        _tag("PostcodeCode", address.postal_code)
        + _tag("LineOne", address.street)
        + _tag("LineTwo", extra[0] if extra else None)
        + _tag("LineThree", extra[1] if len(extra) > 1 else None)
        + _tag("CityName", address.city)
        + _tag("CountryID", address.country_code)
    )


def _delivery(sheet: Sheet) -> str:
    inner = _group("ActualDeliverySupplyChainEvent", _date("OccurrenceDateTime", sheet.delivery_date))
    held = _from(Profile.BASIC_WL, sheet, inner)
    return f"<ram:ApplicableHeaderTradeDelivery>{held}</ram:ApplicableHeaderTradeDelivery>"


def _settlement(sheet: Sheet) -> str:
    payment = sheet.payment
    return _group(
        "ApplicableHeaderTradeSettlement",
        _from(
            Profile.BASIC_WL,
            sheet,
            _tag("CreditorReferenceID", payment.creditor_id if payment else None),
            _tag("PaymentReference", sheet.number if payment else None),
        ),
        _tag("InvoiceCurrencyCode", sheet.currency),
        _from(
            Profile.BASIC_WL,
            sheet,
            _means(sheet),
            _breakdown(sheet),
            _period(sheet.period),
            *(_allowance(item) for item in sheet.allowances),
            *(_allowance(item) for item in sheet.charges),
            _terms(sheet),
        ),
        _summation(sheet),
        _from(Profile.BASIC_WL, sheet, *_preceding(sheet)),
    )


def _terms(sheet: Sheet) -> str:
    return _group(
        "SpecifiedTradePaymentTerms",
        _tag("Description", sheet.terms_text),
        _date("DueDateDateTime", sheet.due_date),
        _tag("DirectDebitMandateID", sheet.payment.mandate_reference if sheet.payment else None),
    )


def _preceding(sheet: Sheet) -> list[str]:
    return [
        _group(
            "InvoiceReferencedDocument",
            _tag("IssuerAssignedID", found.number),
            "<ram:FormattedIssueDateTime>"
            f'<qdt:DateTimeString format="102">{found.issue_date:%Y%m%d}</qdt:DateTimeString>'
            "</ram:FormattedIssueDateTime>",
        )
        for found in sheet.preceding
    ]


def _means(sheet: Sheet) -> str:
    payment = sheet.payment
    if payment is None:
        return ""
    account = institution = ""
    if payment.iban:
        name = _from(Profile.EN16931, sheet, _tag("AccountName", payment.account_name))
        account = _group("PayeePartyCreditorFinancialAccount", _tag("IBANID", payment.iban), name)
        institution = _group("PayeeSpecifiedCreditorFinancialInstitution", _tag("BICID", payment.bic))
    return _group(
        "SpecifiedTradeSettlementPaymentMeans",
        _tag("TypeCode", payment.code),
        _from(Profile.EN16931, sheet, _tag("Information", payment.label)),
        account,
        _from(Profile.EN16931, sheet, institution),
    )


def _breakdown(sheet: Sheet) -> str:
    return "".join(
        _group(
            "ApplicableTradeTax",
            _tag("CalculatedAmount", amount(row.amount)),
            _tag("TypeCode", "VAT"),
            _tag("ExemptionReason", EXEMPTION_TEXTS.get(row.key.exemption_code or "")),
            _tag("BasisAmount", amount(row.base)),
            _tag("CategoryCode", row.key.category),
            _tag("ExemptionReasonCode", row.key.exemption_code),
            _tag("DueDateTypeCode", sheet.vat_due_code),
            _tag("RateApplicablePercent", amount(row.key.rate)),
        )
        for row in sheet.totals.breakdown
    )


def _summation(sheet: Sheet) -> str:
    totals = sheet.totals
    allowance = amount(totals.allowance_total) if totals.allowance_total else None
    charge = amount(totals.charge_total) if totals.charge_total else None
    prepaid = amount(sheet.prepaid) if sheet.prepaid else None
    return _group(
        "SpecifiedTradeSettlementHeaderMonetarySummation",
        _from(
            Profile.BASIC_WL,
            sheet,
            _tag("LineTotalAmount", amount(totals.line_total)),
            _tag("ChargeTotalAmount", charge),
            _tag("AllowanceTotalAmount", allowance),
        ),
        _tag("TaxBasisTotalAmount", amount(totals.net)),
        _tag("TaxTotalAmount", amount(totals.vat), f" currencyID={quoteattr(sheet.currency)}"),
        _tag("GrandTotalAmount", amount(totals.gross)),
        _from(Profile.BASIC_WL, sheet, _tag("TotalPrepaidAmount", prepaid)),
        _tag("DuePayableAmount", amount(sheet.due)),
    )
