"""Which VAT a sale bears: the first matching row of the decision table (spec 6.3), refused rather than guessed."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from messages.factures.values import UNIT_UNKNOWN, Nature
from messages.problem import Refused
from messages.values.vat_zones import VatZone

EXEMPTION_TEXTS: Final = {"VATEX-FR-FRANCHISE": "TVA non applicable, art. 293 B du CGI"}

CURRENT_RATES: Final = frozenset(
    Decimal(rate) for rate in ("0", "0.9", "1.05", "1.75", "2.1", "5.5", "8.5", "10", "13", "20")
)
"""The rates a new invoice may bear; the text list of BR-FR-16 without those of the past."""

_OVERSEAS: Final = {
    Decimal("20"): Decimal("8.5"),
    Decimal("10"): Decimal("2.1"),
    Decimal("5.5"): Decimal("2.1"),
    Decimal("2.1"): Decimal("2.1"),
    Decimal("8.5"): Decimal("8.5"),
}
"""CGI art. 296: the normal rate is 8.5 %, the reduced one 2.1 % in Guadeloupe, Martinique and Réunion."""

_TAXED_BUYERS: Final = frozenset({"CONSUMER", "NON_TAXABLE_LEGAL_PERSON", "TAXABLE_FR", "FRANCHISE_FR"})
_UNITS: Final = {
    **dict.fromkeys(("C62", "PIECE", "UNIT", "UNITE", "SMS", "CALL"), "C62"),
    "FORFAIT": "LS",
    "LS": "LS",
    "HOUR": "HUR",
    "HUR": "HUR",
    "DAY": "DAY",
    "WEEK": "WEE",
    "WEE": "WEE",
    "MONTH": "MON",
    "MON": "MON",
    "YEAR": "ANN",
    "ANN": "ANN",
    "KG": "KGM",
    "KGM": "KGM",
    "G": "GRM",
    "GRM": "GRM",
    "LITRE": "LTR",
    "LTR": "LTR",
    "METRE": "MTR",
    "MTR": "MTR",
    "M2": "MTK",
    "MTK": "MTK",
    "M3": "MTQ",
    "MTQ": "MTQ",
    "KWH": "KWH",
    "MWH": "MWH",
    "GO": "E34",
    "E34": "E34",
    "MINUTE": "MIN",
    "MIN": "MIN",
    "KM": "KMT",
    "KMT": "KMT",
    "PAGE": "ZP",
    "ZP": "ZP",
    "LOT": "SET",
    "SET": "SET",
}


@dataclass(frozen=True, slots=True)
class VatCase:
    """The category and rate of a line, with the exemption's code where there is one."""

    category: str
    rate: Decimal
    exemption_code: str | None = None


class VatCaseNotSupported(ValueError):  # noqa: N818 - the rule's own name in findings
    """A sale whose VAT this version does not determine; it is never billed at a guessed rate."""


def vat_case(regime: str, buyer_status: str, zone: VatZone, product_rate: Decimal) -> VatCase:
    """The VAT of a line sold by a company of that regime to a buyer of that status in that zone."""
    if regime == "FRANCHISE_EXEMPT":
        return VatCase("E", Decimal(0), "VATEX-FR-FRANCHISE")
    if product_rate not in CURRENT_RATES:
        raise VatCaseNotSupported(f"{product_rate} % is no current French rate; correct vat_rate")
    if buyer_status not in _TAXED_BUYERS:
        raise VatCaseNotSupported(
            f"a buyer of VAT status {buyer_status} is not supported yet; invoice by hand elsewhere"
        )
    if product_rate == 0:
        raise VatCaseNotSupported("a rate of 0 % needs an exemption, which is not supported yet; correct vat_rate")
    if zone in {VatZone.FR_METRO, VatZone.FR_CORSICA}:
        return VatCase("S", product_rate)
    if zone is VatZone.FR_DOM:
        if product_rate not in _OVERSEAS:
            raise VatCaseNotSupported(f"{product_rate} % has no overseas rate; correct vat_rate")
        return VatCase("S", _OVERSEAS[product_rate])
    raise VatCaseNotSupported(f"sales to the zone {zone.value} are not supported yet; invoice by hand elsewhere")


def due_code(nature: Nature, *, on_debits: bool, is_deposit: bool = False) -> str | None:
    """When VAT falls due (BT-8): 72 on receipt for services and deposits (CGI art. 269, 2), 5 with the option for debits."""
    if nature is Nature.GOODS:
        return "72" if is_deposit else None
    return "5" if on_debits else "72"


def percent_text(value: Decimal) -> str:
    """`30 %`, `5,5 %`."""
    return f"{value.normalize():f}".replace(".", ",") + " %"


def unit_code(unit: str) -> str:
    """The UN/ECE code of a unit as people write it."""
    code = _UNITS.get(unit.upper())
    if code is None:
        raise Refused.field(
            "unit", "unknown", f"the unit '{unit}' is not known; write one such as C62, HUR, MON", UNIT_UNKNOWN
        )
    return code


def nature_of(natures: frozenset[str]) -> Nature:
    """GOODS, SERVICES, or MIXED when a document holds both."""
    return Nature.MIXED if len(natures) > 1 else Nature(next(iter(natures)))


def process_code(nature: Nature, *, is_paid: bool = False, after_deposit: bool = False) -> str:
    """The business process (BT-23): letter of the nature, then 1, 2 for what is paid already, 4 after a deposit."""
    letter = {Nature.GOODS: "B", Nature.SERVICES: "S", Nature.MIXED: "M"}[nature]
    return letter + ("4" if after_deposit else "2" if is_paid else "1")
