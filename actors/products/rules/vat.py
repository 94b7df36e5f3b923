"""VAT: the seeded French rates and the decision which one applies.

Sources: CGI art. 278 to 281 nonies (rates), 294 to 297 (overseas, Corsica), 261 C (insurance, finance), 293 B (franchise).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from messages.clients import VatStatus
from messages.identity import VatRegime
from messages.problem import Refused
from messages.products.catalogue import ProductNature
from messages.products.ranges import Sector
from messages.products.vat import VAT_UNDETERMINED
from messages.products.versions import TaxClass
from messages.values.vat_zones import VatZone

_ZERO = Decimal("0.00")
_EXEMPT = frozenset({TaxClass.INSURANCE_EXEMPT, TaxClass.FINANCIAL_EXEMPT, TaxClass.OUT_OF_SCOPE})
_SUPPLIED_WHERE_CONSUMED = frozenset({Sector.TELECOM, Sector.MEDIA})
_RATES_OF_METRO = frozenset({VatZone.FR_CORSICA, VatZone.EU})


@dataclass(frozen=True, slots=True)
class DatedRate:
    """A row of the VAT table; `valid_to` is inclusive."""

    zone: str
    tax_class: TaxClass
    rate: Decimal
    category: str
    valid_from: date
    valid_to: date | None = None
    exemption_code: str | None = None
    exemption_text: str | None = None

    def applies(self, zone: str, tax_class: TaxClass, day: date) -> bool:
        """Whether the row decides a supply of that day."""
        return (
            self.zone == zone
            and self.tax_class == tax_class
            and self.valid_from <= day
            and (self.valid_to is None or day <= self.valid_to)
        )


@dataclass(frozen=True, slots=True)
class Supply:
    """Who supplies what to whom and where."""

    tax_class: TaxClass
    nature: ProductNature = ProductNature.SERVICE
    sector: Sector = Sector.SERVICE
    zone: str = VatZone.FR_METRO
    country: str = "FR"
    client_status: VatStatus = VatStatus.CONSUMER
    vat_verified: bool = False
    seller_regime: VatRegime = VatRegime.NORMAL


@dataclass(frozen=True, slots=True)
class Decision:
    """Category and rate in percent; `until` is the last day on which the answer is known to hold."""

    category: str
    rate: Decimal
    exemption_code: str | None = None
    text: str | None = None
    until: date | None = None


def decide(supply: Supply, rates: Iterable[DatedRate], day: date) -> Decision:
    """The VAT of a supply on a local day; VAT_UNDETERMINED names the row that is missing."""
    if supply.seller_regime is VatRegime.FRANCHISE_EXEMPT:
        return Decision("E", _ZERO, "VATEX-FR-FRANCHISE", "TVA non applicable, art. 293 B du CGI")
    known = tuple(rates)
    if supply.tax_class in _EXEMPT:
        return _of(known, VatZone.FR_METRO, supply.tax_class, day)
    if supply.client_status is VatStatus.TAXABLE_EU and supply.vat_verified:
        if supply.nature is ProductNature.SERVICE:
            return Decision("AE", _ZERO, "VATEX-EU-AE", "Autoliquidation")
        return Decision("K", _ZERO, "VATEX-EU-IC", "Exonération de TVA, art. 262 ter I du CGI")
    if supply.zone == VatZone.FR_DOM_NO_VAT:
        return Decision("E", _ZERO, None, "TVA non applicable, art. 294-1 du CGI")
    if supply.zone in (VatZone.FR_COM, VatZone.NON_EU):
        if supply.nature is ProductNature.GOODS:
            return Decision("G", _ZERO, "VATEX-EU-G", "Exonération de TVA, art. 262 I du CGI")
        return Decision("O", _ZERO, "VATEX-EU-O", "TVA non applicable, art. 259-1 du CGI")
    if supply.zone == VatZone.EU and _is_taxed_where_consumed(supply):
        return _of(known, f"EU:{supply.country}", supply.tax_class, day)
    if supply.zone in _RATES_OF_METRO:
        own = [row for row in known if row.applies(supply.zone, supply.tax_class, day)]
        return _decision(own[0]) if own else _of(known, VatZone.FR_METRO, supply.tax_class, day)
    return _of(known, supply.zone, supply.tax_class, day)


def _is_taxed_where_consumed(supply: Supply) -> bool:
    electronic = supply.tax_class is TaxClass.DIGITAL_SERVICE or supply.sector in _SUPPLIED_WHERE_CONSUMED
    return supply.client_status is VatStatus.CONSUMER and electronic


def _of(rates: Iterable[DatedRate], zone: str, tax_class: TaxClass, day: date) -> Decision:
    for row in rates:
        if row.applies(zone, tax_class, day):
            return _decision(row)
    raise Refused(
        VAT_UNDETERMINED,
        f"no VAT rate is known for {tax_class.value} in zone {zone} on {day}; enter it with upsert_vat_rate",
        details={"zone": zone, "tax_class": tax_class.value, "date": day.isoformat()},
    )


def _decision(row: DatedRate) -> Decision:
    return Decision(row.category, row.rate, row.exemption_code, row.exemption_text, row.valid_to)


def _seeds() -> tuple[DatedRate, ...]:
    metro, overseas, always = VatZone.FR_METRO, VatZone.FR_DOM, date(2000, 4, 1)
    new = date(2014, 1, 1)
    old_end = date(2013, 12, 31)

    def standard(zone: str, class_: TaxClass, rate: str, start: date = always, end: date | None = None) -> DatedRate:
        return DatedRate(zone, class_, Decimal(rate), "S", start, end)

    def exempt(class_: TaxClass, category: str, code: str | None, text: str) -> DatedRate:
        return DatedRate(metro, class_, _ZERO, category, always, None, code, text)

    return (
        standard(metro, TaxClass.STANDARD, "19.60", always, old_end),
        standard(metro, TaxClass.STANDARD, "20.00", new),
        standard(metro, TaxClass.INTERMEDIATE, "7.00", date(2012, 1, 1), old_end),
        standard(metro, TaxClass.INTERMEDIATE, "10.00", new),
        standard(metro, TaxClass.REDUCED, "5.50"),
        standard(metro, TaxClass.SUPER_REDUCED, "2.10"),
        standard(metro, TaxClass.ENERGY_SUBSCRIPTION, "5.50", always, date(2025, 7, 31)),
        standard(metro, TaxClass.ENERGY_SUBSCRIPTION, "20.00", date(2025, 8, 1)),
        standard(metro, TaxClass.ENERGY_CONSUMPTION, "20.00", new),
        standard(metro, TaxClass.TV_LINEAR, "10.00", new),
        standard(metro, TaxClass.DIGITAL_SERVICE, "20.00", new),
        exempt(TaxClass.INSURANCE_EXEMPT, "E", "VATEX-FR-CGI261C-2", "Exonération de TVA, art. 261 C 2° du CGI"),
        exempt(TaxClass.FINANCIAL_EXEMPT, "E", "VATEX-FR-CGI261C-1", "Exonération de TVA, art. 261 C 1° du CGI"),
        exempt(TaxClass.OUT_OF_SCOPE, "O", "VATEX-EU-O", "Hors champ de la TVA"),
        standard(overseas, TaxClass.STANDARD, "8.50"),
        standard(overseas, TaxClass.INTERMEDIATE, "2.10"),
        standard(overseas, TaxClass.REDUCED, "2.10"),
        standard(overseas, TaxClass.SUPER_REDUCED, "1.05"),
    )


SEEDED_RATES = _seeds()
