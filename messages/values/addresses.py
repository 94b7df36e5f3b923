"""Postal addresses, and what follows from where one lies: department and holiday zone."""

import re
from typing import Annotated, Any, Final
from uuid import UUID

from babel import Locale
from pydantic import AfterValidator, Field, StringConstraints, model_validator

from messages.base import Message
from messages.values.refusal import refusal
from messages.values.text import PRINTABLE, Label, Line

# Babel's territories with two letters are ISO 3166-1 plus these reserved or grouping codes; XK stays (Kosovo has IBANs).
_NOT_A_COUNTRY: Final = frozenset(["AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "ZZ"])
_TERRITORIES: Final = frozenset(str(code) for code in Locale.parse("en").territories)
COUNTRY_CODES: Final = frozenset(code for code in _TERRITORIES if re.fullmatch("[A-Z]{2}", code)) - _NOT_A_COUNTRY

OVERSEAS_DEPARTMENTS: Final = {
    "GP": "971",
    "MQ": "972",
    "GF": "973",
    "RE": "974",
    "PM": "975",
    "YT": "976",
    "BL": "977",
    "MF": "978",
    "TF": "984",
    "WF": "986",
    "PF": "987",
    "NC": "988",
}
"""Overseas France: ISO country code -> department or collectivity."""

# The collectivities that left Guadeloupe in 2007 kept its postal codes.
_KEPT_POSTAL_CODES: Final = {"97133": "977", "97150": "978"}

_HOLIDAY_ZONES: Final = {
    "57": "FR-57",
    "67": "FR-6AE",
    "68": "FR-6AE",
    **{code: f"FR-{code}" for code in ("971", "972", "973", "974", "976")},
    **{OVERSEAS_DEPARTMENTS[country]: f"FR-{country}" for country in ("PM", "BL", "MF", "TF", "WF", "PF", "NC")},
}


def checked_country_code(text: str) -> str:
    """An ISO 3166-1 code in upper case; COUNTRY_INVALID otherwise."""
    code = text.strip().upper()
    if code not in COUNTRY_CODES:
        raise refusal("COUNTRY_INVALID", "the country is no ISO 3166-1 code; write two letters such as FR, BE or GB")
    return code


CountryCode = Annotated[str, AfterValidator(checked_country_code)]
PostalCode = Annotated[str, StringConstraints(strip_whitespace=True, to_upper=True, max_length=20), PRINTABLE]
"""Trimmed, at most 20 characters; `check_postal_code` applies the rule of its country."""


def is_french_territory(country: str) -> bool:
    """Whether French postal codes apply there: France, overseas included."""
    return country == "FR" or country in OVERSEAS_DEPARTMENTS


def check_postal_code(country: str, postal_code: str) -> str:
    """The postal code itself; POSTAL_CODE_INVALID when it breaks the rule of its country (France: five digits)."""
    if is_french_territory(country) and not re.fullmatch("[0-9]{5}", postal_code):
        raise refusal("POSTAL_CODE_INVALID", "a French postal code has five digits; write it like 75011")
    return postal_code


def department_of(postal_code: str) -> str | None:
    """The department of a French postal code: 2A and 2B in Corsica, three digits overseas; None for any other text."""
    if not re.fullmatch("[0-9]{5}", postal_code):
        return None
    if postal_code in _KEPT_POSTAL_CODES:
        return _KEPT_POSTAL_CODES[postal_code]
    two, three = postal_code[:2], postal_code[:3]
    if two == "20":
        return "2A" if postal_code < "20200" else "2B"
    if three in OVERSEAS_DEPARTMENTS.values():
        return three
    return two if "01" <= two <= "95" else None


def department_in(country: str, postal_code: str) -> str | None:
    """The French department of an address; None outside France. A territory's own country code decides first."""
    if country in OVERSEAS_DEPARTMENTS:
        return OVERSEAS_DEPARTMENTS[country]
    return department_of(postal_code) if country == "FR" else None


def holiday_zone_of(country: str, postal_code: str) -> str:
    """The calendar whose public holidays apply: FR-57, FR-6AE (Alsace), FR-974 and so on, else the country."""
    department = department_in(country, postal_code)
    return _HOLIDAY_ZONES.get(department or "", country)


def _derived_department(fields: dict[str, Any]) -> str | None:
    return department_in(fields.get("country_code", ""), fields.get("postal_code", ""))


class Address(Message):
    """Where somebody or something is. `department_code` is derived from the postal code unless it is given."""

    address_id: UUID | None = None
    company: Line | None = None
    person: Line | None = None
    complement: Line | None = None
    street: Line | None = None
    locality: Line | None = None
    postal_code: PostalCode
    city: Label
    country_code: CountryCode = "FR"
    region_code: Label | None = None
    department_code: str | None = Field(default_factory=_derived_department)

    @model_validator(mode="after")
    def _postal_code_fits_country(self) -> "Address":
        check_postal_code(self.country_code, self.postal_code)
        return self
