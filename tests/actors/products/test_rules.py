"""products, pure rules: the computed acceptance cases of prices and VAT."""

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from actors.products.rules import pricing, vat
from actors.products.rules.price_lists import check_item
from actors.products.rules.pricing import Priced, Source, TotalledLine
from actors.products.rules.quotes import last_valid_day
from actors.products.rules.ranges import code_of
from messages.clients import VatStatus
from messages.identity import VatRegime
from messages.problem import Refused
from messages.products.catalogue import ProductNature
from messages.products.pricing import PriceSource
from messages.products.ranges import Sector
from messages.products.versions import TaxClass, Tier, TieredPrice, TierMode
from messages.values.instants import parse_instant
from messages.values.vat_zones import VatZone

TWENTY = vat.Decision("S", Decimal("20.00"))
TODAY = date(2026, 3, 10)


def source(unit: str | None = None, **changes: object) -> Source:
    fields: dict[str, object] = {"kind": PriceSource.RULE, "id": uuid4(), "tax_included": False}
    if unit is not None:
        fields["unit_price"] = Decimal(unit)
    return Source(**(fields | changes))  # type: ignore[arg-type]


def price(
    found: Source, quantity: str = "1", *, manual: str = "0", limit: str = "20", scale: int = 2, strict: bool = False
) -> Priced:
    return pricing.price(
        found,
        Decimal(quantity),
        scale=scale,
        manual_percent=Decimal(manual),
        role_limit=Decimal(limit),
        strict=strict,
    )


def tiered(mode: TierMode, *bands: tuple[str | None, str]) -> TieredPrice:
    tiers = tuple(Tier(up_to=Decimal(up_to) if up_to else None, amount=Decimal(amount)) for up_to, amount in bands)
    return TieredPrice(mode=mode, tiers=tiers)


@pytest.mark.parametrize(
    ("gross", "rate", "net", "tax"),
    [
        ("9.90", "20.00", "8.25", "1.65"),
        ("19.90", "20.00", "16.58", "3.32"),
        ("29.90", "20.00", "24.92", "4.98"),
        ("100.00", "20.00", "83.33", "16.67"),
        ("29.70", "20.00", "24.75", "4.95"),
        ("9.90", "10.00", "9.00", "0.90"),
    ],
)
def test_case_1_vat_is_taken_out_of_gross_prices(gross: str, rate: str, net: str, tax: str) -> None:
    taxed = pricing.tax(Decimal(gross), vat.Decision("S", Decimal(rate)), tax_included=True)
    assert (taxed.net, taxed.vat, taxed.gross) == (Decimal(net), Decimal(tax), Decimal(gross))


def test_case_2_net_prices_are_rounded_half_up() -> None:
    line = price(source("12.99"), "3").line
    taxed = pricing.tax(line, TWENTY, tax_included=False)
    assert (taxed.net, taxed.vat, taxed.gross) == (Decimal("38.97"), Decimal("7.79"), Decimal("46.76"))
    rounded = price(source("33.335"))
    taxed = pricing.tax(rounded.line, TWENTY, tax_included=False)
    assert (rounded.unit, taxed.vat, taxed.gross) == (Decimal("33.34"), Decimal("6.67"), Decimal("40.01"))


def test_case_3_discounts_are_chained_and_bounded() -> None:
    listed = source("100", discount_percent=Decimal(10))
    chained = price(listed, manual="5")
    assert chained.unit == Decimal("85.50")
    assert [discount.kind for discount in chained.discounts] == ["LIST", "MANUAL"]
    floored = price(source("100", discount_percent=Decimal(10), min_price=Decimal(80)), "2", manual="20")
    assert (floored.unit, floored.line, floored.floor_applied) == (Decimal("80.00"), Decimal("160.00"), True)
    taxed = pricing.tax(floored.line, TWENTY, tax_included=False)
    assert (taxed.vat, taxed.gross) == (Decimal("32.00"), Decimal("192.00"))
    with pytest.raises(Refused, match="PRICE_BELOW_FLOOR"):
        price(source("100", discount_percent=Decimal(10), min_price=Decimal(80)), manual="20", strict=True)
    with pytest.raises(Refused, match="DISCOUNT_NOT_ALLOWED"):
        price(listed, manual="25")
    assert price(listed, manual="25", limit="100").unit == Decimal("67.50")


def test_case_5_an_absent_maximum_is_not_zero() -> None:
    assert price(source("29.90", max_price=None)).unit == Decimal("29.90")
    with pytest.raises(Refused, match="ZERO_MAX"):
        check_item(Decimal("29.90"), None, None, Decimal(0), free=False)
    check_item(Decimal("29.90"), None, None, Decimal(0), free=True)
    with pytest.raises(Refused, match="MIN_GT_MAX"):
        check_item(Decimal("29.90"), None, Decimal(9), Decimal(8), free=False)


@pytest.mark.parametrize(
    ("mode", "quantity", "line"),
    [
        (TierMode.VOLUME, "9", "90.00"),
        (TierMode.VOLUME, "10", "90.00"),
        (TierMode.VOLUME, "49", "441.00"),
        (TierMode.VOLUME, "50", "375.00"),
        (TierMode.VOLUME, "60", "450.00"),
        (TierMode.VOLUME, "9.5", "85.50"),
        (TierMode.GRADUATED, "9", "90.00"),
        (TierMode.GRADUATED, "10", "99.00"),
        (TierMode.GRADUATED, "49", "450.00"),
        (TierMode.GRADUATED, "50", "457.50"),
        (TierMode.GRADUATED, "60", "532.50"),
        (TierMode.GRADUATED, "9.5", "94.50"),
    ],
)
def test_case_6_tiers(mode: TierMode, quantity: str, line: str) -> None:
    bands = tiered(mode, ("9", "10"), ("49", "9"), (None, "7.5"))
    assert price(source(tiered=bands), quantity).line == Decimal(line)


def test_case_6_the_unit_of_graduated_tiers_is_shown_with_six_decimals() -> None:
    bands = tiered(TierMode.GRADUATED, ("9", "10"), ("49", "9"), (None, "7.5"))
    assert price(source(tiered=bands), "60").unit == Decimal("8.875000")
    with pytest.raises(Refused, match="QUANTITY_INVALID"):
        pricing.check_quantity(Decimal("9.5"), Decimal(1), None, Decimal(1))
    pricing.check_quantity(Decimal("9.5"), Decimal(1), None, Decimal("0.5"))


def test_case_7_energy() -> None:
    bands = tiered(TierMode.GRADUATED, ("100", "0.10"), ("500", "0.18"), (None, "0.22"))
    assert price(source(tiered=bands), "350").line == Decimal("55.00")
    assert price(source(tiered=bands), "650").line == Decimal("115.00")
    line = price(source("0.201564"), "3500", scale=6).line
    taxed = pricing.tax(line, TWENTY, tax_included=False)
    assert (taxed.net, taxed.vat, taxed.gross) == (Decimal("705.47"), Decimal("141.09"), Decimal("846.56"))


def test_bands_with_holes_or_out_of_order_are_refused() -> None:
    with pytest.raises(ValidationError, match="put them in order"):
        tiered(TierMode.VOLUME, ("50", "9"), ("9", "10"), (None, "7"))
    with pytest.raises(ValidationError, match="only the last tier"):
        tiered(TierMode.VOLUME, ("9", "10"), ("49", "9"))


def decide(tax_class: TaxClass, day: date = TODAY, **changes: Any) -> vat.Decision:
    return vat.decide(vat.Supply(tax_class=tax_class, **changes), vat.SEEDED_RATES, day)


@pytest.mark.parametrize(
    ("tax_class", "day", "rate"),
    [
        (TaxClass.STANDARD, date(2013, 12, 31), "19.60"),
        (TaxClass.STANDARD, date(2014, 1, 1), "20.00"),
        (TaxClass.ENERGY_SUBSCRIPTION, date(2025, 7, 31), "5.50"),
        (TaxClass.ENERGY_SUBSCRIPTION, date(2025, 8, 1), "20.00"),
        (TaxClass.TV_LINEAR, TODAY, "10.00"),
    ],
)
def test_case_14_rates_follow_the_date_of_supply(tax_class: TaxClass, day: date, rate: str) -> None:
    assert decide(tax_class, day).rate == Decimal(rate)


def test_case_14_energy_amounts() -> None:
    before = pricing.tax(Decimal("15.00"), decide(TaxClass.ENERGY_SUBSCRIPTION, date(2025, 7, 31)), tax_included=False)
    after = pricing.tax(Decimal("15.00"), decide(TaxClass.ENERGY_SUBSCRIPTION, date(2025, 8, 1)), tax_included=False)
    assert (before.vat, before.gross) == (Decimal("0.83"), Decimal("15.83"))
    assert (after.vat, after.gross) == (Decimal("3.00"), Decimal("18.00"))


def test_case_14_overseas_insurance_abroad_and_franchise() -> None:
    reunion = pricing.tax(Decimal("29.90"), decide(TaxClass.STANDARD, zone=VatZone.FR_DOM), tax_included=False)
    assert (reunion.vat, reunion.gross) == (Decimal("2.54"), Decimal("32.44"))
    guiana = decide(TaxClass.STANDARD, zone=VatZone.FR_DOM_NO_VAT)
    assert (guiana.category, guiana.rate, guiana.text) == ("E", Decimal(0), "TVA non applicable, art. 294-1 du CGI")
    insurance = decide(TaxClass.INSURANCE_EXEMPT, zone=VatZone.FR_DOM)
    assert (insurance.category, insurance.rate, insurance.exemption_code) == ("E", Decimal(0), "VATEX-FR-CGI261C-2")
    business: dict[str, Any] = {"zone": VatZone.EU, "country": "BE", "client_status": VatStatus.TAXABLE_EU}
    assert decide(TaxClass.STANDARD, vat_verified=True, **business).category == "AE"
    assert decide(TaxClass.STANDARD, vat_verified=True, nature=ProductNature.GOODS, **business).category == "K"
    assert decide(TaxClass.STANDARD, **business).rate == Decimal("20.00")
    franchise = decide(TaxClass.STANDARD, seller_regime=VatRegime.FRANCHISE_EXEMPT)
    assert (franchise.category, franchise.exemption_code) == ("E", "VATEX-FR-FRANCHISE")
    assert decide(TaxClass.STANDARD, zone=VatZone.FR_CORSICA).rate == Decimal("20.00")
    assert decide(TaxClass.STANDARD, zone=VatZone.NON_EU).category == "O"
    assert decide(TaxClass.STANDARD, zone=VatZone.FR_COM, nature=ProductNature.GOODS).category == "G"


def test_digital_services_to_consumers_abroad_need_a_declared_rate() -> None:
    with pytest.raises(Refused, match="EU:BE"):
        decide(TaxClass.STANDARD, zone=VatZone.EU, country="BE", sector=Sector.TELECOM)
    declared = vat.DatedRate("EU:BE", TaxClass.STANDARD, Decimal("21.00"), "S", date(2020, 1, 1))
    supply = vat.Supply(TaxClass.STANDARD, sector=Sector.TELECOM, zone=VatZone.EU, country="BE")
    assert vat.decide(supply, [*vat.SEEDED_RATES, declared], TODAY).rate == Decimal("21.00")


def test_case_15_vat_is_computed_once_per_rate() -> None:
    lines = [TotalledLine(Decimal("0.99"), False, TWENTY)] * 7
    assert sum(pricing.tax(line.amount, TWENTY, tax_included=False).vat for line in lines) == Decimal("1.40")
    groups, total = pricing.totals(lines, "EUR")
    assert [group.amount.amount for group in groups] == [Decimal("1.39")]
    assert total.gross == Decimal("8.32")


@given(
    st.lists(
        st.tuples(st.decimals("0.01", "9999.99", places=2), st.booleans(), st.sampled_from(["20.00", "10.00", "5.50"])),
        min_size=1,
        max_size=12,
    )
)
def test_totals_add_up_and_stay_near_the_lines(found: list[tuple[Decimal, bool, str]]) -> None:
    lines = [TotalledLine(amount, included, vat.Decision("S", Decimal(rate))) for amount, included, rate in found]
    groups, total = pricing.totals(lines, "EUR")
    assert total.net + total.vat == total.gross
    assert sum(group.base.amount for group in groups) == total.net
    by_line = sum(pricing.tax(line.amount, line.vat, tax_included=line.tax_included).gross for line in lines)
    assert abs(total.gross - by_line) <= Decimal("0.01") * len(lines)


@given(st.fractions("-1000", "1000"), st.integers(0, 6))
def test_rounding_is_half_away_from_zero(value: Fraction, decimals: int) -> None:
    rounded = Fraction(pricing.round_half_up(value, decimals))
    step = Fraction(1, 10**decimals)
    assert abs(rounded - value) <= step / 2
    assert pricing.round_half_up(-value, decimals) == -pricing.round_half_up(value, decimals)


def test_a_quote_lives_thirty_days_or_to_the_last_whole_day_before_a_change() -> None:
    assert last_valid_day(TODAY, None) == date(2026, 4, 9)
    assert last_valid_day(TODAY, parse_instant("2026-03-31T22:00:00Z")) == date(2026, 3, 31)
    assert last_valid_day(TODAY, parse_instant("2026-03-10T15:00:00Z")) == TODAY


def test_codes_of_ranges_come_from_their_names() -> None:
    assert code_of("Décès — toutes causes !") == "DECES_TOUTES_CAUSES"
