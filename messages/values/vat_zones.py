"""Where a supply is for VAT: the zone decides which French rates apply, or none (CGI art. 294 to 296, 297)."""

from enum import StrEnum
from typing import Final

from messages.values.addresses import department_in


class VatZone(StrEnum):
    """Zones with rates of their own. FR_DOM_NO_VAT: VAT is not applied; FR_COM: outside the VAT territory."""

    FR_METRO = "FR_METRO"
    FR_CORSICA = "FR_CORSICA"
    FR_DOM = "FR_DOM"
    FR_DOM_NO_VAT = "FR_DOM_NO_VAT"
    FR_COM = "FR_COM"
    EU = "EU"
    NON_EU = "NON_EU"


_MEMBER_STATES: Final = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK"
EU_COUNTRIES: Final = frozenset(_MEMBER_STATES.split())

_ZONES_OF_DEPARTMENTS: Final = {
    **dict.fromkeys(("2A", "2B"), VatZone.FR_CORSICA),
    **dict.fromkeys(("971", "972", "974"), VatZone.FR_DOM),
    **dict.fromkeys(("973", "976"), VatZone.FR_DOM_NO_VAT),
    **dict.fromkeys(("975", "977", "978", "984", "986", "987", "988"), VatZone.FR_COM),
}


def vat_zone_of(country: str, postal_code: str = "") -> VatZone:
    """The zone of an address; Monaco counts as mainland France."""
    department = department_in(country, postal_code)
    if department in _ZONES_OF_DEPARTMENTS:
        return _ZONES_OF_DEPARTMENTS[department]
    if country in {"FR", "MC"}:
        return VatZone.FR_METRO
    return VatZone.EU if country in EU_COUNTRIES else VatZone.NON_EU
