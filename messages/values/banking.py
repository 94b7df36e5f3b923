"""Bank accounts as people give them: IBAN and BIC, checked and normalised, and what of them may be shown."""

from typing import Annotated, Final

from pydantic import AfterValidator
from schwifty import BIC, IBAN
from schwifty.exceptions import InvalidBBANChecksum, SchwiftyException

from messages.values.contact import normalise_iban
from messages.values.refusal import refusal
from messages.values.text import compact

_EPC_LIST: Final = (
    "AD AL AT BE BG CH CY CZ DE DK EE ES FI FR GB GI GR HR HU IE IS IT LI LT LU LV MC MD ME MK MT NL NO PL PT RO RS "
    "SE SI SK SM VA"
)
SEPA_COUNTRIES: Final = frozenset(_EPC_LIST.split())
"""Country codes of IBANs inside the SEPA schemes (EPC list); overseas France uses FR."""

_RIB_COUNTRIES: Final = frozenset({"FR", "MC"})
_FRENCH_TERRITORIES: Final = frozenset(["GP", "MQ", "GF", "RE", "YT", "PM", "BL", "MF", "NC", "PF", "WF"])


def checked_iban(text: str) -> str:
    """An IBAN without separators whose length, structure and check digits hold, the French RIB key included.

    Refused: IBAN_INVALID, or IBAN_NATIONAL_KEY_INVALID. Countries outside SEPA are accepted and no SEPA country is
    preferred (Regulation 260/2012, art. 9): ask `is_sepa_country(iban_country(iban))`.
    """
    iban = normalise_iban(text)
    try:
        return str(IBAN(iban, validate_bban=iban[:2] in _RIB_COUNTRIES))
    except InvalidBBANChecksum:
        raise refusal(
            "IBAN_NATIONAL_KEY_INVALID",
            f"IBAN {mask_iban(iban)} fails the key of its RIB; copy it again from the bank's document",
        ) from None
    except SchwiftyException:
        raise refusal(
            "IBAN_INVALID", f"IBAN {mask_iban(iban)} fails its length or check digits; correct it or leave it empty"
        ) from None


def checked_bic(text: str) -> str:
    """A BIC of 8 or 11 characters with a known country; BIC_INVALID otherwise."""
    try:
        return str(BIC(compact(text)))
    except SchwiftyException:
        raise refusal(
            "BIC_INVALID", "the BIC is not 8 or 11 characters with a country inside; correct it or leave it empty"
        ) from None


Iban = Annotated[str, AfterValidator(checked_iban)]
Bic = Annotated[str, AfterValidator(checked_bic)]


def iban_country(iban: str) -> str:
    """The ISO country code an IBAN begins with."""
    return normalise_iban(iban)[:2]


def is_sepa_country(country: str) -> bool:
    """Whether IBANs of that country can be debited or credited by SEPA schemes."""
    return country.upper() in SEPA_COUNTRIES


def bic_fits_iban(bic: str, iban: str) -> bool:
    """Whether the BIC names the IBAN's country; French IBANs also go with BICs of the French territories."""
    bank_country, account_country = checked_bic(bic)[4:6], iban_country(iban)
    return bank_country == account_country or (account_country == "FR" and bank_country in _FRENCH_TERRITORIES)


def mask_iban(iban: str) -> str:
    """What may be shown: country, check digits and the last four: `FR76 **** **** 0189`."""
    compacted = normalise_iban(iban)
    if len(compacted) < 12:
        return "****"
    return f"{compacted[:4]} **** **** {compacted[-4:]}"


def mask_bic(bic: str) -> str:
    """What may be shown of a BIC: its first three characters."""
    return f"{compact(bic)[:3]}*****"
