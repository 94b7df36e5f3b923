"""From an order's data to the texts on paper: amounts and dates as the French read them. Pure; layouts compute nothing."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from babel.dates import format_date
from babel.numbers import format_currency, format_decimal, format_percent

from actors.documents.rendering.templates import Template
from messages.documents import WINDOW_ZONE_INVALID
from messages.problem import Refused

_LOCALE = "fr_FR"
_WINDOW_LINES = 6
_FREQUENCIES = {
    "MONTHLY": "par mois",
    "QUARTERLY": "par trimestre",
    "HALF_YEARLY": "par semestre",
    "YEARLY": "par an",
    "ONE_OFF": "une fois",
}
# European Payments Council, SEPA Direct Debit Core rulebook: the authorisation text of a mandate.
_AUTHORISATION = (
    "En signant ce formulaire de mandat, vous autorisez {creditor} à envoyer des instructions à votre banque pour débiter "
    "votre compte, et votre banque à débiter votre compte conformément aux instructions de {creditor}. Vous bénéficiez du "
    "droit d'être remboursé par votre banque selon les conditions décrites dans la convention que vous avez passée avec "
    "elle. Une demande de remboursement doit être présentée dans les 8 semaines suivant la date de débit de votre compte "
    "pour un prélèvement autorisé."
)

Facts = dict[str, Any]


def facts_of(template: Template, data: Mapping[str, Any], company: Mapping[str, Any], on: date) -> Facts:
    """Everything a layout prints. Refused WINDOW_ZONE_INVALID when an address has more lines than the window."""
    common = {"title": template.title, "sender": _sender(company), "footer": _footer(company)}
    return common | _SHEETS[template.layout](template, data, on)


def money(value: Mapping[str, Any]) -> str:
    """`{"amount": "1234.5", "currency": "EUR"}` -> `1 234,50 EUR` with the currency's sign."""
    return format_currency(Decimal(value["amount"]), value["currency"], locale=_LOCALE)


def day(text: str | date) -> str:
    """`2026-03-01` -> `1 mars 2026`."""
    return format_date(date.fromisoformat(text) if isinstance(text, str) else text, "long", locale=_LOCALE)


def _contract(template: Template, data: Mapping[str, Any], on: date) -> Facts:
    contract = data["contract"]
    fields = [
        ("Référence", contract["reference"]),
        ("Établi le", day(on)),
        ("Client", ", ".join(data.get("client", {}).get("lines", ())) or None),
        ("Prise d'effet", day(contract["starts_on"])),
        ("Échéance", _optional(day, contract.get("ends_on"))),
        ("Engagement", _optional(_months, contract.get("commitment_months"))),
    ]
    totals = [
        ("Total HT", f"{money(contract['recurring_net'])} {_frequency(contract['billing_frequency'])}"),
        ("Total TTC", f"{money(contract['recurring_gross'])} {_frequency(contract['billing_frequency'])}"),
    ]
    mandate = data.get("mandate")
    return {
        "heading": f"{template.title} {contract['reference']}",
        "reference": contract["reference"],
        "fields": _given(fields),
        "columns": ["Désignation", "Quantité", "Prix HT", "TVA", "Total HT"],
        "rows": [_contract_row(line) for line in contract["lines"]],
        "totals": totals,
        "paragraphs": list(data.get("paragraphs", ())),
        "withdrawal_form": bool(data.get("withdrawal_form")),
        "mandate": _mandate(template, mandate, on) if mandate else None,
    }


def _contract_row(line: Mapping[str, Any]) -> list[str]:
    return [
        line["description"],
        format_decimal(Decimal(line["quantity"]), locale=_LOCALE),
        f"{money(line['unit_price_net'])} {_frequency(line['billing_period'])}",
        format_percent(Decimal(line["vat_rate"]) / 100, "0.##%", locale=_LOCALE),
        money(line["net"]),
    ]


def _mandate(template: Template, data: Mapping[str, Any], _: date) -> Facts:
    fields = [
        ("Référence unique du mandat", data["rum"]),
        ("Créancier", data["creditor_name"]),
        ("Identifiant créancier SEPA", data["creditor_identifier"]),
        ("Débiteur", data.get("debtor_name")),
        ("Compte à débiter", data.get("iban_masked")),
        ("Type de paiement", "Paiement récurrent"),
    ]
    text = _AUTHORISATION.format(creditor=data["creditor_name"])
    return {"heading": template.title, "text": text, "fields": _given(fields)}


def _letter(template: Template, data: Mapping[str, Any], on: date) -> Facts:
    address = [str(line).upper() for line in data["recipient"]["address_lines"]]
    if len(address) > _WINDOW_LINES:
        raise Refused(
            WINDOW_ZONE_INVALID, f"the address has {len(address)} lines; the envelope's window shows {_WINDOW_LINES}"
        )
    items: Sequence[Mapping[str, Any]] = data.get("items", ())
    return {
        "address": address,
        "date": day(on),
        "references": [(str(name), str(value)) for name, value in data.get("references", {}).items()],
        "subject": data["subject"],
        "paragraphs": list(data["paragraphs"]),
        "columns": ["Facture", "Échéance", "Reste dû"],
        "rows": [[item["number"], day(item["due_date"]), money(item["amount"])] for item in items],
        "totals": [("Total dû", money(data["total"]))] if "total" in data else [],
        "closing": list(data.get("closing", ())),
    }


def _statement(template: Template, data: Mapping[str, Any], on: date) -> Facts:
    fields = [("Relevé", data["number"]), ("Représentant", data["representative"]), ("Établi le", day(on))]
    return {
        "heading": f"{template.title} {data['number']}",
        "fields": [*fields, *((str(name), str(value)) for name, value in data.get("fields", {}).items())],
        "columns": [str(name) for name in data["columns"]],
        "rows": [[str(cell) for cell in row] for row in data["rows"]],
        "totals": [(str(name), str(value)) for name, value in data.get("totals", {}).items()],
    }


_SHEETS: dict[str, Callable[[Template, Mapping[str, Any], date], Facts]] = {
    "contract": _contract,
    "mandate": _mandate,
    "letter": _letter,
    "statement": _statement,
}


def _sender(company: Mapping[str, Any]) -> list[str]:
    address = company.get("address") or {}
    town = " ".join(filter(None, (address.get("postal_code"), address.get("city"))))
    lines = (
        company.get("legal_name"),
        address.get("street"),
        address.get("extra"),
        town,
        company.get("phone"),
        company.get("email"),
    )
    return [line for line in lines if line]


def _footer(company: Mapping[str, Any]) -> str:
    identity = (
        company.get("legal_name"),
        company.get("legal_form"),
        _optional("SIREN {}".format, company.get("siren")),
    )
    vat = _optional("TVA {}".format, company.get("vat_number"))
    return " – ".join(filter(None, (*identity, vat)))


def _given(fields: Sequence[tuple[str, str | None]]) -> list[tuple[str, str]]:
    return [(name, value) for name, value in fields if value]


def _optional(write: Callable[[Any], str], value: Any) -> str | None:
    return write(value) if value else None


def _months(count: int) -> str:
    return f"{count} mois"


def _frequency(code: str) -> str:
    return _FREQUENCIES.get(code, code.lower())
