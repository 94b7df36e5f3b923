"""From an address to the six lines of an envelope (AFNOR NF Z10-011)."""

import re
import unicodedata

from messages.logistics import ADDRESS_INVALID, ADDRESS_LINE_TOO_LONG, AddressCheck, PostalLines
from messages.problem import Refused
from messages.shared import Party
from messages.values.addresses import Address, is_french_territory

LONGEST_LINE = 38
_LIGATURES = str.maketrans({"œ": "OE", "Œ": "OE", "æ": "AE", "Æ": "AE", "ß": "SS"})
_NOT_PRINTED = re.compile(r"[^A-Z0-9/]+")
_FRENCH_CODE = re.compile(r"(0[1-9]|[1-8][0-9]|9[0-5])[0-9]{3}|97[1-8][0-9]{2}|98[0-8][0-9]{2}")
_MONACO = "98000"


def normalised(text: str | None) -> str:
    """Upper case without accents and punctuation, single spaces: what sorting machines read best."""
    if not text:
        return ""
    plain = unicodedata.normalize("NFD", text.translate(_LIGATURES)).upper()
    unaccented = "".join(character for character in plain if not unicodedata.combining(character))
    return _NOT_PRINTED.sub(" ", unaccented).strip()


def lines_of(company: str | None, person: str | None, address: Address) -> PostalLines:
    """The six lines; ADDRESS_INVALID or ADDRESS_LINE_TOO_LONG with the field and the cure."""
    country = country_of(address)
    names = [normalised(company or address.company), normalised(person or address.person)]
    if not any(names):
        raise _invalid("recipient", "the letter needs a company or a person; give one of them")
    street, locality = normalised(address.street), normalised(address.locality)
    if country == "FR" and not (street or locality):
        raise _invalid("street", "a French address needs a street or a locality; give one of them")
    body = _wrapped([normalised(address.complement), street, locality])
    city = f"{normalised(address.postal_code)} {normalised(address.city)}".strip()
    for field, line in (("company", names[0]), ("person", names[1]), ("city", city)):
        _check_length(field, line)
    return PostalLines(
        line1=names[0], line2=names[1], line3=body[0], line4=body[1], line5=body[2], line6=city, country_code=country
    )


def lines_of_party(party: Party) -> PostalLines:
    """The six lines of a party with an address: a company's own name, or the person's."""
    if party.address is None:
        raise _invalid("recipient.address", "the recipient has no address; give one")
    company = None if party.kind == "CONSUMER" else party.legal_name or party.display_name
    return lines_of(company, party.display_name if company is None else None, party.address)


def country_of(address: Address) -> str:
    """The country the post needs; 98000 is Monaco whatever was typed. ADDRESS_INVALID for an impossible postal code."""
    if address.country_code == "FR" and address.postal_code == _MONACO:
        return "MC"
    if is_french_territory(address.country_code) and not _FRENCH_CODE.fullmatch(address.postal_code):
        raise _invalid("postal_code", f"no French post office has the code {address.postal_code}; correct it")
    return address.country_code


def check_of(address: Address, lines: PostalLines) -> AddressCheck:
    """Whether the lines say what was typed."""
    return AddressCheck.CORRECTED if lines.country_code != address.country_code else AddressCheck.VALID


def _wrapped(lines: list[str]) -> list[str]:
    """A line that is too long goes on in the next free one; the street keeps its place."""
    found = list(lines)
    for index, line in enumerate(lines):
        if len(line) <= LONGEST_LINE:
            continue
        cut = line.rfind(" ", 0, LONGEST_LINE + 1)
        free = next((later for later in range(index + 1, len(found)) if not found[later]), None)
        if cut < 1 or free is None:
            _check_length(("complement", "street", "locality")[index], line)
            continue
        found[index], found[free] = line[:cut], line[cut + 1 :]
        _check_length(("complement", "street", "locality")[index], found[free])
    return found


def _check_length(field: str, line: str) -> None:
    if len(line) > LONGEST_LINE:
        raise Refused.field(
            field,
            "too_long",
            f"{field} needs {len(line)} characters and an envelope has {LONGEST_LINE}; shorten it",
            ADDRESS_LINE_TOO_LONG,
        )


def _invalid(field: str, message: str) -> Refused:
    return Refused.field(field, "invalid", message, ADDRESS_INVALID)
