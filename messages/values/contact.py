"""How a person is reached: e-mail addresses and phone numbers, normalised so that equal means the same person.

The normal forms are what blind indexes are computed over; changing one orphans stored hashes.
"""

import re
import unicodedata
from enum import StrEnum
from typing import Annotated, Final

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType
from pydantic import AfterValidator

from messages.values.refusal import refusal
from messages.values.text import compact

DEFAULT_REGION: Final = "FR"

_ATOM: Final = r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL_PART: Final = re.compile(rf"{_ATOM}(\.{_ATOM})*")
_DOMAIN_LABEL: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")

# French people dial overseas numbers with the national 0, which libphonenumber reads as numbers of the mainland.
_OVERSEAS_PREFIXES: Final = {
    **dict.fromkeys(("262", "263", "692", "693", "269", "639"), 262),
    **dict.fromkeys(("590", "690", "691"), 590),
    **dict.fromkeys(("594", "694"), 594),
    **dict.fromkeys(("596", "696", "697"), 596),
}


class PhoneLineType(StrEnum):
    """What kind of line answers; SMS goes to MOBILE only."""

    MOBILE = "MOBILE"
    FIXED = "FIXED"
    VOIP = "VOIP"
    PREMIUM = "PREMIUM"
    UNKNOWN = "UNKNOWN"


_LINE_TYPES: Final = {
    PhoneNumberType.MOBILE: PhoneLineType.MOBILE,
    PhoneNumberType.FIXED_LINE: PhoneLineType.FIXED,
    PhoneNumberType.VOIP: PhoneLineType.VOIP,
    PhoneNumberType.PREMIUM_RATE: PhoneLineType.PREMIUM,
}


def normalise_email(text: str) -> str:
    """Trimmed, NFKC, lower case, international domains in punycode; never refuses."""
    address = unicodedata.normalize("NFKC", text.strip()).lower()
    local, at, domain = address.rpartition("@")
    if domain.isascii():
        return address
    try:
        return f"{local}{at}{domain.encode('idna').decode('ascii')}"
    except UnicodeError:
        return address


def checked_email(text: str) -> str:
    """A normalised address whose syntax could be delivered to; EMAIL_INVALID otherwise. No DNS is asked."""
    address = normalise_email(text)
    local, _, domain = address.rpartition("@")
    labels = domain.split(".")
    is_deliverable = (
        len(address) <= 254
        and len(local) <= 64
        and _LOCAL_PART.fullmatch(local)
        and len(labels) >= 2
        and all(_DOMAIN_LABEL.fullmatch(label) for label in labels)
        and not labels[-1].isdigit()
    )
    if not is_deliverable:
        raise refusal("EMAIL_INVALID", "the e-mail address is not of the form name@domain.tld; correct it")
    return address


def normalise_phone(text: str, region: str = DEFAULT_REGION) -> str:
    """The number in E.164; PHONE_INVALID for short, unknown and premium numbers. Without + or 00 it is one of `region`."""
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        raise _phone_invalid("the phone number cannot be read; write it like 06 12 34 56 78 or +33612345678") from None
    if number.country_code == 33:
        number.country_code = _OVERSEAS_PREFIXES.get(str(number.national_number)[:3], 33)
    if number.extension or not phonenumbers.is_valid_number(number):
        raise _phone_invalid("the phone number is not in use in its country or has an extension; give a direct number")
    if phonenumbers.number_type(number) == PhoneNumberType.PREMIUM_RATE:
        raise _phone_invalid("the phone number is a premium line; give a number people can be reached at")
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def _phone_invalid(message: str) -> Exception:
    return refusal("PHONE_INVALID", message)


def normalise_iban(text: str) -> str:
    """Upper case without blanks, dots and dashes; nothing is checked."""
    return compact(text)


EmailAddress = Annotated[str, AfterValidator(checked_email)]
PhoneNumber = Annotated[str, AfterValidator(normalise_phone)]


def phone_line_type(phone: str) -> PhoneLineType:
    """The kind of line a number belongs to; UNKNOWN where its country does not tell (as in North America)."""
    try:
        number = phonenumbers.parse(phone, DEFAULT_REGION)
    except phonenumbers.NumberParseException:
        return PhoneLineType.UNKNOWN
    return _LINE_TYPES.get(phonenumbers.number_type(number), PhoneLineType.UNKNOWN)


def display_phone(phone: str) -> str:
    """An E.164 number as people read it: `06 12 34 56 78` in France, `+32 470 12 34 56` elsewhere."""
    number = phonenumbers.parse(phone, DEFAULT_REGION)
    is_french = number.country_code == 33
    return phonenumbers.format_number(
        number, PhoneNumberFormat.NATIONAL if is_french else PhoneNumberFormat.INTERNATIONAL
    )


def mask_email(email: str) -> str:
    """What may be shown: the first letter and the domain: `j***@example.fr`."""
    local, at, domain = normalise_email(email).rpartition("@")
    first_letter = local[:1] if len(local) > 1 else ""
    return f"{first_letter}***@{domain}" if at else "***"


def mask_phone(phone: str) -> str:
    """What may be shown: the calling code and the last two digits: `+33 ** ** ** 78`."""
    try:
        number = phonenumbers.parse(phone, DEFAULT_REGION)
    except phonenumbers.NumberParseException:
        return "***"
    national = str(number.national_number)
    return f"+{number.country_code} ** ** ** {national[-2:]}" if len(national) >= 6 else "***"
