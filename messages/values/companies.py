"""What identifies a company: SIREN, SIRET, VAT number, SEPA creditor identifier. All normalised, all checked."""

import re
from typing import Annotated, Final

from pydantic import AfterValidator
from stdnum import luhn
from stdnum.eu import at_02, vat
from stdnum.exceptions import ValidationError
from stdnum.fr import siren as stdnum_siren
from stdnum.fr import tva

from messages.values.banking import is_sepa_country
from messages.values.refusal import refusal
from messages.values.text import compact

LA_POSTE: Final = "356000000"
_UNVERIFIED_VAT: Final = re.compile(r"(GB|CH)[A-Z0-9]{5,13}")
_CREDITOR_ID: Final = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{3}[A-Z0-9]{1,28}")


def normalise_siren(text: str) -> str:
    """Nine digits without separators that pass Luhn; SIREN_INVALID otherwise."""
    number = compact(text)
    if not re.fullmatch("[0-9]{9}", number) or number == "000000000" or not stdnum_siren.is_valid(number):
        raise refusal(
            "SIREN_INVALID", "the SIREN is not nine digits with a valid check digit; copy it from the register"
        )
    return number


def normalise_siret(text: str) -> str:
    """Fourteen digits that pass Luhn and begin with a valid SIREN; SIRET_INVALID otherwise.

    La Poste outgrew Luhn: a digit sum that is a multiple of five is accepted too (INSEE's rule for SIREN 356000000).
    """
    number = compact(text)
    if not re.fullmatch("[0-9]{14}", number) or not _siret_check_holds(number):
        raise refusal(
            "SIRET_INVALID", "the SIRET is not fourteen digits with a valid check digit; copy it from the register"
        )
    return number


def normalise_vat_number(text: str) -> str:
    """A VAT number with its country prefix: EU numbers checked, GB and CH kept unverified; VAT_INVALID otherwise.

    Greece is written EL; Northern Ireland's XI is checked like an EU number.
    """
    number = compact(text)
    if number.startswith("GR"):
        number = "EL" + number[2:]
    if _UNVERIFIED_VAT.fullmatch(number):
        return number
    try:
        return str(vat.validate(number))
    except ValidationError:
        raise refusal(
            "VAT_INVALID",
            "the VAT number does not fit its country's format or check digits; "
            "write it with its country prefix (FR44732829320) or leave it empty",
        ) from None


def normalise_sepa_creditor_id(text: str) -> str:
    """A SEPA creditor identifier (AT-02, the French ICS); the business code at positions 5 to 7 is not checked."""
    number = compact(text)
    if not (_CREDITOR_ID.fullmatch(number) and is_sepa_country(number[:2]) and at_02.is_valid(number)):
        raise refusal(
            "SEPA_CREDITOR_ID_INVALID",
            "the SEPA creditor identifier fails its check digits; copy it from the bank's letter (FR72ZZZ123456)",
        )
    return number


Siren = Annotated[str, AfterValidator(normalise_siren)]
Siret = Annotated[str, AfterValidator(normalise_siret)]
VatNumber = Annotated[str, AfterValidator(normalise_vat_number)]
SepaCreditorId = Annotated[str, AfterValidator(normalise_sepa_creditor_id)]


def siren_of(siret: str) -> str:
    """The legal unit (SIREN) an establishment (SIRET) belongs to."""
    return normalise_siret(siret)[:9]


def french_vat_number(siren: str) -> str:
    """The VAT number that the French administration derives from a SIREN."""
    number = normalise_siren(siren)
    key = (12 + 3 * (int(number) % 97)) % 97
    return f"FR{key:02}{number}"


def siren_of_vat_number(vat_number: str) -> str | None:
    """The SIREN inside a French VAT number; None for other countries and for Monaco's numbers (FRkk000...)."""
    number = normalise_vat_number(vat_number)
    if not number.startswith("FR") or number[4:7] == "000":
        return None
    return tva.to_siren(number)


def vat_number_matches_siren(vat_number: str, siren: str) -> bool:
    """False when a French VAT number names another SIREN; numbers without a SIREN match any (VAT_SIREN_MISMATCH)."""
    return siren_of_vat_number(vat_number) in {None, normalise_siren(siren)}


def sepa_creditor_id(country: str, national_id: str, business_code: str = "ZZZ") -> str:
    """The identifier for a national id, with its check digits: FR, 123456 -> FR72ZZZ123456."""
    unchecked = compact(f"{country}00{business_code}{national_id}")
    return normalise_sepa_creditor_id(unchecked[:2] + at_02.calc_check_digits(unchecked) + unchecked[4:])


def _siret_check_holds(number: str) -> bool:
    if number.startswith(LA_POSTE):
        return luhn.is_valid(number) or sum(map(int, number)) % 5 == 0
    return luhn.is_valid(number) and number[:9] != "000000000" and stdnum_siren.is_valid(number[:9])
