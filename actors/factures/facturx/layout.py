"""The texts of the visible PDF, formatted for French readers from the same numbers as the XML."""

import unicodedata
from datetime import date
from decimal import Decimal
from typing import Any

from actors.factures.facturx.sheet import Sheet, SheetDeposit, SheetParty, SheetPayment, SheetStyle
from actors.factures.rules.mentions import NATURE_SENTENCES
from messages.factures.values import CREDIT_TYPE_CODES, Nature

_THOUSANDS = "\u202f"
_NO_BREAK = "\u00a0"
_UNITS = {
    "C62": "u.", "HUR": "h", "DAY": "j", "MON": "mois", "ANN": "an", "LS": "forfait", "KGM": "kg", "GRM": "g", "LTR": "l",
    "MTR": "m", "MTK": "m²", "MTQ": "m³", "KWH": "kWh", "MWH": "MWh", "E34": "Go", "MIN": "min", "KMT": "km", "WEE": "sem.",
    "ZP": "page", "SET": "lot",
}  # fmt: skip


def money(value: Decimal) -> str:
    """`1 234,56 €` with the narrow no-break space of French typography."""
    return f"{value:,.2f}".replace(",", _THOUSANDS).replace(".", ",") + _NO_BREAK + "€"


def number(value: Decimal) -> str:
    """A quantity or price without needless zeros."""
    text = f"{value:,.6f}".rstrip("0").rstrip(".")
    return text.replace(",", _THOUSANDS).replace(".", ",")


def unit_price(value: Decimal) -> str:
    """A price with two to six decimals."""
    text = number(value)
    whole, _, fraction = text.partition(",")
    return f"{whole},{fraction:0<2}"


def rate(value: Decimal) -> str:
    """`20 %`, `5,5 %`."""
    return number(value) + _NO_BREAK + "%"


def day(value: date) -> str:
    """`31/12/2026`."""
    return f"{value:%d/%m/%Y}"


def layout(sheet: Sheet) -> dict[str, Any]:
    """What the template prints."""
    is_credit_note = sheet.type_code in CREDIT_TYPE_CODES
    kind = _TITLES.get(sheet.type_code, "Facture")
    printed: dict[str, Any] = _printable(
        {
            "title": f"{kind} {sheet.number}",
            "heading": kind.upper(),
            "number": sheet.number,
            "author": sheet.seller.name,
            "description": f"{kind} {sheet.number} du {day(sheet.issue_date)}",
            "seller": _seller(sheet.seller),
            "buyer": _buyer(sheet.buyer),
            "dates": _dates(sheet, is_credit_note),
            "references": _references(sheet),
            "nature": NATURE_SENTENCES[Nature(sheet.nature)],
            "lines": [_line(line) for line in sheet.lines],
            "vat": [[rate(row.key.rate), money(row.base), money(row.amount)] for row in sheet.totals.breakdown],
            "totals": _totals(sheet, is_credit_note),
            "deposits": [_deposit(item) for item in sheet.deposits],
            "style": _style(sheet.style),
            "payment": _payment(sheet.payment, sheet),
            "mentions": [note.text for note in sheet.notes if note.printed],
            "footer": _footer(sheet),
        }
    )
    return printed


_TITLES = {
    "381": "Avoir",
    "384": "Facture rectificative",
    "386": "Facture d'acompte",
    "503": "Avoir sur acompte",
}


def _deposit(item: SheetDeposit) -> list[str]:
    return [item.number, day(item.issue_date), money(item.net), money(item.vat), money(item.gross)]


def _style(style: SheetStyle) -> dict[str, Any]:
    return {
        "primary": style.primary_color,
        "on_primary": "#FFFFFF" if contrast_with_white(style.primary_color) >= READABLE_CONTRAST else "#000000",
        "secondary": style.secondary_color,
        "header": style.header_text,
        "logo_position": style.logo_position.lower(),
    }


def contrast_with_white(color: str) -> float:
    """How well white reads on a colour, 1 to 21 (WCAG 2.1)."""
    channels = [int(color[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.03928 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    luminance = sum(weight * value for weight, value in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
    return 1.05 / (luminance + 0.05)


READABLE_CONTRAST = 4.5


def _line(line: Any) -> dict[str, Any]:
    details = [line.description] if line.description else []
    if line.period:
        details.append(f"Période du {day(line.period[0])} au {day(line.period[1])}")
    details += [f"{item.reason} : -{money(item.amount)}" for item in line.allowances]
    discount = sum((item.amount for item in line.allowances), Decimal(0))
    return {
        "name": line.name,
        "details": details,
        "cells": [
            number(line.quantity),
            _UNITS.get(line.unit_code, line.unit_code),
            unit_price(line.unit_price),
            f"-{money(discount)}" if discount else "",
            rate(line.key.rate),
            money(line.net),
        ],
    }


def _address_lines(party: SheetParty) -> list[str]:
    address = party.address
    if address is None:
        return []
    lines = [address.complement, address.street, address.locality, f"{address.postal_code} {address.city}"]
    country = [] if address.country_code == "FR" else [address.country_code]
    return [line for line in [*lines, *country] if line]


def _seller(party: SheetParty) -> list[str]:
    lines = [party.name, *_address_lines(party)]
    lines += [line for line in (party.phone, party.email, party.website) if line]
    return lines


def _buyer(party: SheetParty) -> list[str]:
    lines = [party.name, *_address_lines(party)]
    if party.siren:
        lines.append(f"SIREN {party.siren}")
    if party.vat_number:
        lines.append(f"TVA {party.vat_number}")
    return lines


def _dates(sheet: Sheet, is_credit_note: bool) -> list[list[str]]:
    rows = [["Date d'émission", day(sheet.issue_date)]]
    if sheet.period:
        rows.append(["Période", f"{day(sheet.period[0])} – {day(sheet.period[1])}"])
    if sheet.delivery_date:
        rows.append(["Date de prestation", day(sheet.delivery_date)])
    if sheet.due_date and not is_credit_note:
        rows.append(["Échéance", day(sheet.due_date)])
    if sheet.payment and sheet.payment.debit_date:
        rows.append(["Prélèvement le", day(sheet.payment.debit_date)])
    return rows


def _references(sheet: Sheet) -> list[str]:
    pairs = (
        ("Contrat", sheet.contract_reference),
        ("Bon de commande", sheet.purchase_order_ref),
        ("Référence acheteur", sheet.buyer_reference),
        ("Motif", sheet.reason_text),
    )
    found = [f"{label} : {text}" for label, text in pairs if text]
    if not sheet.deposits:
        relation = "Annule et remplace la" if sheet.type_code == "384" else "À déduire de la"
        found += [f"{relation} facture n° {item.number} du {day(item.issue_date)}" for item in sheet.preceding]
    return found


def _totals(sheet: Sheet, is_credit_note: bool) -> list[list[str]]:
    totals = sheet.totals
    rows = [["Total des lignes HT", money(totals.line_total)]] if sheet.allowances or sheet.charges else []
    rows += [[item.reason, f"-{money(item.amount)}"] for item in sheet.allowances]
    rows += [[item.reason, money(item.amount)] for item in sheet.charges]
    rows += [["Total HT", money(totals.net)], ["Total TVA", money(totals.vat)], ["Total TTC", money(totals.gross)]]
    settled = "Acomptes réglés" if sheet.deposits else "Déjà réglé"
    rows += [[settled, f"-{money(sheet.prepaid)}"]] if sheet.prepaid else []
    return [*rows, ["Net à déduire" if is_credit_note else "Net à payer", money(sheet.due)]]


def _payment(payment: SheetPayment | None, sheet: Sheet) -> list[str]:
    if payment is None:
        return []
    if sheet.paid_on:
        return [f"Facture acquittée le {day(sheet.paid_on)} – {payment.label}"]
    lines = [f"Mode de règlement : {payment.label}", f"Référence à rappeler : {sheet.number}"]
    if payment.iban:
        account = [f"IBAN {payment.iban}", f"BIC {payment.bic}" if payment.bic else None, payment.bank_name]
        lines.append(" – ".join(text for text in account if text))
    if payment.mandate_reference:
        lines.append(f"Mandat (RUM) {payment.mandate_reference} – ICS {payment.creditor_id}")
    if payment.debit_date and payment.prenotified:
        lines.append(f"Cette facture vaut prénotification du prélèvement du {day(payment.debit_date)}.")
    if sheet.terms_text:
        lines.append(sheet.terms_text)
    return lines


def _footer(sheet: Sheet) -> list[str]:
    party = sheet.seller
    identity = [party.legal_form_line, f"SIREN {party.siren}" if party.siren else None]
    identity += [f"SIRET {party.siret}" if party.siret else None, party.rcs_line]
    identity += [f"TVA {party.vat_number}" if party.vat_number else None]
    lines = [" – ".join([party.name, *(text for text in identity if text)])]
    return [*lines, sheet.footer_text] if sheet.footer_text else lines


def _printable(value: Any) -> Any:
    """Texts composed (NFC) and without control characters, which no font can show."""
    match value:
        case str():
            composed = unicodedata.normalize("NFC", value)
            return "".join(c for c in composed if unicodedata.category(c) not in {"Cc", "Cs", "Co", "Cn"} or c == "\n")
        case list():
            return [_printable(item) for item in value]
        case dict():
            return {key: _printable(item) for key, item in value.items()}
        case _:
            return value
