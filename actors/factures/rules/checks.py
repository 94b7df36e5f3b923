"""The native rules a document must pass before it gets a number: stricter than any schema where money is concerned."""

import re
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal

from stdnum.eu import vat as eu_vat
from stdnum.fr import siren as fr_siren
from stdnum.fr import siret as fr_siret

from actors.factures.facturx.sheet import Sheet, SheetParty
from actors.factures.rules.amounts import line_net, percent_of, totals_of
from actors.factures.rules.vat import CURRENT_RATES
from messages.factures import CREDIT_TYPE_CODES, MOST_LINES, DocumentKind, Finding, Profile

_NUMBER = re.compile(r"[A-Za-z0-9+\-_/]{1,35}")
_UNIQUE_NOTES = frozenset({"PMT", "PMD", "AAB", "TXD", "BAR"})
_DEPOSIT = DocumentKind.DEPOSIT_INVOICE.type_code
_CORRECTIVE = DocumentKind.CORRECTIVE_INVOICE.type_code
_CENT = Decimal("0.01")


def findings(sheet: Sheet) -> list[Finding]:
    """Every rule the document breaks; empty when it may be issued."""
    return [
        Finding(rule=rule, path=path, message=message)
        for check in (_totals, _lines, _parties, _dates, _payment, _references, _notes, _profile)
        for rule, path, message in check(sheet)
    ]


Found = Iterator[tuple[str, str, str]]


def _totals(sheet: Sheet) -> Found:
    totals = sheet.totals
    if sheet.type_code in CREDIT_TYPE_CODES:
        # A credit note closes its original to the cent: its last VAT is a remainder, not a product.
        by_key = {row.key: row.base for row in totals_of([(line.key, line.net) for line in sheet.lines]).breakdown}
        if by_key != {row.key: row.base for row in totals.breakdown}:
            yield "TOTALS", "vat_totals", "the bases differ from the lines; rebuild the draft"
    else:
        allowances = [(item.key, item.amount) for item in sheet.allowances if item.key is not None]
        charges = [(item.key, item.amount) for item in sheet.charges]
        if totals != totals_of([(line.key, line.net) for line in sheet.lines], allowances, charges):
            yield "TOTALS", "totals", "the totals differ from the lines; rebuild the draft"
    if totals.gross != totals.net + totals.vat or sheet.due != totals.gross - sheet.prepaid:
        yield "TOTALS", "gross", "net, VAT and gross do not add up; rebuild the draft"
    if sheet.due < 0:
        yield "DEPOSIT_EXCEEDS_TOTAL", "due", "the deposits exceed the document; leave one out or credit it"
    if totals.gross < 0 or any(row.base < 0 for row in totals.breakdown):
        yield "NEGATIVE_INVOICE", "gross", "the document is negative; make a credit note instead"
    for row in totals.breakdown:
        if row.key.category != "S" and not row.key.exemption_code:
            yield "EXEMPTION_REASON", "vat_totals", f"category {row.key.category} needs its reason; give the exemption"
        tolerance = _CENT if sheet.type_code in CREDIT_TYPE_CODES else Decimal(0)
        if abs(row.amount - percent_of(row.base, row.key.rate)) > tolerance:
            yield (
                "TOTALS",
                "vat_totals",
                f"the VAT at {row.key.rate} % is not its base times its rate; rebuild the draft",
            )


def _lines(sheet: Sheet) -> Found:
    if not 1 <= len(sheet.lines) <= MOST_LINES:
        yield "LINE_LIMIT", "lines", f"a document has 1 to {MOST_LINES} lines, this one {len(sheet.lines)}"
    for line in sheet.lines:
        path = f"lines[{line.line_no}]"
        if not line.name.strip():
            yield "LINE_NAME", path, "the line has no name; say what was sold"
        if line.quantity <= 0:
            yield "LINE_QUANTITY", path, "the quantity is not above zero; correct it or make a credit note"
        if line.unit_price < 0:
            yield "LINE_PRICE", path, "the unit price is negative; use a discount instead"
        if line.quantity != round(line.quantity, 4) or line.unit_price != round(line.unit_price, 6):
            yield "LINE_DECIMALS", path, "at most 4 decimals of quantity and 6 of price; round them"
        if line.net != line_net(line.quantity, line.unit_price, [item.amount for item in line.allowances]):
            yield "TOTALS", path, "the net is not quantity times price minus discounts; rebuild the draft"
        if line.key.rate not in CURRENT_RATES and sheet.type_code not in CREDIT_TYPE_CODES:
            yield "VAT_RATE", path, f"{line.key.rate} % is no current rate; correct it"
        if line.period and line.period[1] < line.period[0]:
            yield "PERIOD_REVERSED", path, "the period ends before it begins; exchange the dates"


def _parties(sheet: Sheet) -> Found:
    yield from _party("seller", sheet.seller)
    yield from _party("buyer", sheet.buyer)
    if not sheet.seller.siren:
        yield "SELLER_SIREN", "seller.siren", "the company has no SIREN; add it in identity"
    if not sheet.seller.vat_number and not sheet.seller.tax_id:
        yield "SELLER_VAT", "seller.vat_number", "the company has no VAT number; add it in identity"
    is_domestic = sheet.buyer.address is not None and sheet.buyer.address.country_code == "FR"
    if sheet.buyer.kind != "CONSUMER" and is_domestic and not sheet.buyer.siren:
        yield "BUYER_SIREN", "buyer.siren", "a French business needs its SIREN on its invoices; add it to the client"


def _party(name: str, party: SheetParty) -> Found:
    if not party.name.strip():
        yield "PARTY_NAME", name, f"the {name} has no name; add it"
    if party.address is None:
        yield "PARTY_ADDRESS", f"{name}.address", f"the {name} has no address; add a billing address"
    if party.siren and not fr_siren.is_valid(party.siren):
        yield "SIREN_INVALID", f"{name}.siren", f"the {name}'s SIREN fails its key; correct it"
    if party.siret and not (fr_siret.is_valid(party.siret) and party.siret.startswith(party.siren or "")):
        yield "SIRET_INVALID", f"{name}.siret", f"the {name}'s SIRET fails its key or its SIREN; correct it"
    if party.vat_number and not eu_vat.is_valid(party.vat_number):
        yield "VAT_NUMBER_INVALID", f"{name}.vat_number", f"the {name}'s VAT number fails its key; correct it"


def _dates(sheet: Sheet) -> Found:
    dates = [sheet.issue_date, sheet.due_date, sheet.delivery_date, *(sheet.period or ())]
    if any(day is not None and not 2000 <= day.year <= 2099 for day in dates):
        yield "DATE_RANGE", "dates", "a date lies outside 2000 to 2099; correct it"
    if sheet.due_date is None:
        yield "DUE_DATE", "due_date", "the document has no due date; give payment_days"
    elif sheet.due_date < sheet.issue_date and sheet.paid_on is None and sheet.type_code != _DEPOSIT:
        yield "DUE_BEFORE_ISSUE", "due_date", "the due date lies before the issue date; give more payment_days"
    if sheet.paid_on is not None and sheet.paid_on > sheet.issue_date:
        yield "PAID_LATER", "paid_on", "paid_on lies after the issue date; issue it as unpaid instead"
    if sheet.period and sheet.period[1] < sheet.period[0]:
        yield "PERIOD_REVERSED", "period", "the period ends before it begins; exchange the dates"
    if sheet.delivery_date is None and sheet.period is None:
        yield "SUPPLY_DATE", "delivery_date", "give delivery_date or a billing period"


def _payment(sheet: Sheet) -> Found:
    payment = sheet.payment
    if payment is None:
        if sheet.type_code not in CREDIT_TYPE_CODES:
            yield "PAYMENT_MEANS", "payment_method", "the document says not how to pay; give payment_method"
        return
    if payment.code == "30" and not payment.iban:
        yield (
            "TRANSFER_IBAN",
            "settings.iban",
            "a transfer needs the company's IBAN; set it with UpdateInvoicingSettings",
        )
    if payment.code == "59" and not (payment.mandate_reference and payment.creditor_id):
        yield (
            "DIRECT_DEBIT_MANDATE",
            "mandate",
            "a direct debit needs an active mandate; wait for it or change the method",
        )


def _references(sheet: Sheet) -> Found:
    if not _NUMBER.fullmatch(sheet.number):
        yield "NUMBER_FORMAT", "number", "a number has 1 to 35 of A-Z a-z 0-9 + - _ /; change the series' pattern"
    if sheet.type_code == _CORRECTIVE and len(sheet.preceding) != 1:
        yield "BR-FR-CO-04", "preceding", "a corrective invoice names the one invoice it replaces; give invoice_id"
    if sheet.type_code in CREDIT_TYPE_CODES and not sheet.preceding:
        yield "BR-FR-CO-05", "preceding", "a credit note names the invoice it reduces; give invoice_id"


def _notes(sheet: Sheet) -> Found:
    counted = Counter(note.code for note in sheet.notes)
    for code in _UNIQUE_NOTES:
        if counted[code] > 1:
            yield "BR-FR-06", "notes", f"the note {code} may stand once only; remove the other"
    if sheet.buyer.kind != "CONSUMER":
        for code in ("PMT", "PMD", "AAB"):
            if not counted[code]:
                yield "BR-FR-05", "notes", f"the mention {code} is missing between businesses; add it"


def _profile(sheet: Sheet) -> Found:
    if sheet.through_platform and not sheet.profile.carries(Profile.BASIC):
        message = f"the profile {sheet.profile} holds no lines, so no platform takes it; choose BASIC or a larger one"
        yield "PROFILE_PLATFORM", "settings.default_profile", message
