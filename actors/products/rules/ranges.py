"""Ranges: codes from names, and the tree that every new organisation starts with."""

import re
from dataclasses import dataclass

from messages.products.ranges import RangeScope, Sector
from messages.values.text import search_form

DEEPEST_LEVEL = 3
DEFAULT_RANGE = "SERVICES"

_NOT_CODE = re.compile(r"[^A-Z0-9]+")


@dataclass(frozen=True, slots=True)
class SeededRange:
    """A family of the trade."""

    code: str
    name: str
    sector: Sector
    product_type: str
    scope: RangeScope = RangeScope.PERSONAL


SEEDED_RANGES = (
    SeededRange("ASSISTANCE", "Assistance", Sector.ASSISTANCE, "assistance"),
    SeededRange("SANTE", "Santé", Sector.INSURANCE_HEALTH, "health_insurance"),
    SeededRange("PREVOYANCE", "Prévoyance", Sector.INSURANCE_PROVIDENT, "provident"),
    SeededRange("ACCIDENTS_DE_LA_VIE", "Garantie des accidents de la vie", Sector.INSURANCE_PROVIDENT, "provident"),
    SeededRange("DECES", "Décès toutes causes", Sector.INSURANCE_PROVIDENT, "provident"),
    SeededRange("DEPENDANCE", "Dépendance", Sector.INSURANCE_PROVIDENT, "provident"),
    SeededRange("OBSEQUES", "Obsèques", Sector.INSURANCE_PROVIDENT, "provident"),
    SeededRange("HABITATION", "Multirisques habitation", Sector.INSURANCE_PROPERTY, "home_insurance"),
    SeededRange("PROTECTION_JURIDIQUE", "Protection juridique", Sector.INSURANCE_LEGAL, "legal_protection"),
    SeededRange("TELECOM", "Télécom", Sector.TELECOM, "telecom"),
    SeededRange("ENERGIE", "Énergie", Sector.ENERGY, "energy"),
    SeededRange("TV_OTT", "TV/OTT", Sector.MEDIA, "tv"),
    SeededRange(DEFAULT_RANGE, "Services", Sector.SERVICE, "service"),
)


def code_of(name: str) -> str:
    """`Protection juridique` -> `PROTECTION_JURIDIQUE`."""
    return _NOT_CODE.sub("_", search_form(name).upper()).strip("_")[:50]
