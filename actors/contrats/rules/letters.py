"""What the letters of a contract say: the end of a contract confirmed, and the renewal that may be refused."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from babel.dates import format_date
from babel.numbers import format_currency

from messages.values.addresses import Address

_LOCALE = "fr_FR"


@dataclass(frozen=True, slots=True)
class Words:
    """The subject of a letter and its paragraphs."""

    subject: str
    paragraphs: tuple[str, ...]


def end_confirmed(contract: Mapping[str, Any], ending: Mapping[str, Any]) -> Words:
    """The acknowledgement of an end: its day, its price, what is given back (Code de la consommation, art. L215-1-1)."""
    reference, currency = contract["reference"], contract["currency"]
    paragraphs = [
        f"Nous vous confirmons la résiliation de votre contrat {reference}, reçue le {day(ending['received_on'])}.",
        f"Votre contrat prend fin le {day(ending['ends_on'])} au soir ; le service est assuré jusque-là.",
    ]
    if ending["fee"] > 0:
        paragraphs.append(
            f"L'indemnité de résiliation anticipée s'élève à {money(ending['fee'], currency)} hors taxes."
        )
    else:
        paragraphs.append("Aucune indemnité de résiliation ne vous est demandée.")
    if ending["credit"] > 0:
        credit = money(ending["credit"], currency)
        paragraphs.append(f"La part non consommée de ce qui vous a été facturé, {credit} hors taxes, vous est rendue.")
    return Words(f"Résiliation de votre contrat {reference}", tuple(paragraphs))


def renewal_notice(contract: Mapping[str, Any], cycle: Mapping[str, Any], new_end: date | None) -> Words:
    """The notice that the law asks for, the last day to refuse in a line of its own (Code de la consommation, art. L215-1)."""
    reference, until = contract["reference"], f" jusqu'au {day(new_end)}" if new_end is not None else ""
    price = money(contract["recurring_gross"], contract["currency"])
    return Words(
        f"Reconduction de votre contrat {reference}",
        (
            f"La période en cours de votre contrat {reference} prend fin le {day(cycle['term_ends_on'])}.",
            f"Sans refus de votre part, il est reconduit{until}, au prix de {price} toutes taxes comprises par échéance.",
            f"VOUS POUVEZ REFUSER CETTE RECONDUCTION JUSQU'AU {day(cycle['refusal_deadline']).upper()} INCLUS.",
            "Après cette date, le contrat est reconduit et les conditions de résiliation prévues au contrat s'appliquent.",
        ),
    )


def envelope_lines(name: str, address: Address) -> list[str]:
    """Who and where, as the window of an envelope shows it."""
    town = f"{address.postal_code} {address.city}"
    country = address.country_code if address.country_code != "FR" else None
    lines = (name, address.complement, address.street, address.locality, town, country)
    return [line for line in lines if line]


def day(on: date) -> str:
    """`1 mars 2026`."""
    return format_date(on, "long", locale=_LOCALE)


def money(amount: Decimal, currency: str) -> str:
    """`1 234,50 €`."""
    return format_currency(amount, currency, locale=_LOCALE)
