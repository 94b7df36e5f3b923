"""products, pure rules: promotions, agreed prices, usage, price changes, eligibility and search."""

from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.products.rules import pricing, sources
from actors.products.rules.client_prices import is_inside_corridor, overlaps
from actors.products.rules.eligibility import reasons_against
from actors.products.rules.price_lists import changed_price, specificity_of
from actors.products.rules.pricing import Priced, Source
from actors.products.rules.promotions import Campaign, Occasion, reductions
from actors.products.rules.search import score
from actors.products.rules.sources import AgreedPrice, ListPrice
from messages.clients import ClientKind
from messages.problem import Refused
from messages.products.client_prices import ClientPriceMode
from messages.products.eligibility import EligibilityFacts, EligibilityRule
from messages.products.price_changes import PriceRounding
from messages.products.price_lists import AssignmentCriteria
from messages.products.pricing import PriceSource
from messages.products.promotions import PromotionConditions, PromotionKind
from messages.products.publications import Channel
from messages.products.versions import Plan, UsagePrice

MARCH_15 = date(2026, 3, 15)
PLAN = Plan(id=uuid4(), code="DEFAULT", name="Formule")


def campaign(kind: PromotionKind, value: str, **changes: Any) -> Campaign:
    fields: dict[str, Any] = {
        "id": uuid4(),
        "code": "PROMO",
        "kind": kind,
        "value": Decimal(value),
        "product_ids": frozenset(),
        "range_ids": frozenset(),
        "plan_codes": frozenset(),
        "conditions": PromotionConditions(),
        "ends_on": MARCH_15,
        "duration_periods": None,
        "stackable": False,
        "applies_to_negotiated": False,
        "priority": 0,
        "created_at": datetime(2026, 1, 1, tzinfo=UTC),
    }
    return Campaign(**(fields | changes))


def listed(unit: str, discount: str = "0", *campaigns: Campaign) -> Priced:
    source = Source(PriceSource.PRICE_LIST, uuid4(), False, Decimal(unit), discount_percent=Decimal(discount))
    return pricing.price(
        source,
        Decimal(1),
        scale=2,
        manual_percent=Decimal(0),
        role_limit=Decimal(20),
        strict=False,
        campaigns=campaigns,
    )


def test_case_4_a_promotion_competes_with_the_list_discount() -> None:
    fixed = campaign(PromotionKind.FIXED_PRICE, "85")
    assert listed("100", "10", fixed).unit == Decimal("85.00")
    assert listed("100", "20", fixed).unit == Decimal("80.00")
    assert listed("100", "20", fixed).promotions == ()
    percent = campaign(PromotionKind.PERCENT, "20")
    assert listed("45.00", "10", percent).unit == Decimal("36.00")
    stackable = campaign(PromotionKind.PERCENT, "20", stackable=True)
    stacked = listed("45.00", "10", stackable)
    assert stacked.unit == Decimal("32.40")
    assert [(discount.kind, discount.percent) for discount in stacked.discounts] == [
        ("LIST", Decimal("10.00")),
        ("PROMOTION", Decimal("20.00")),
    ]


def test_case_4_an_agreed_price_is_left_alone_by_promotions() -> None:
    agreed = AgreedPrice(uuid4(), None, ClientPriceMode.FIXED_PRICE, Decimal(75), False, Decimal(1), None)
    found = sources.source_of([agreed], [], [], PLAN, Decimal(1), "SKU").source
    assert (found.kind, found.unit_price, found.negotiated_by) == (PriceSource.CLIENT_PRICE, Decimal(75), agreed.id)
    fixed = campaign(PromotionKind.FIXED_PRICE, "70")
    assert not fixed.applies("DEFAULT", Decimal(1), 1, negotiated=True)
    generous = campaign(PromotionKind.FIXED_PRICE, "70", applies_to_negotiated=True)
    assert generous.applies("DEFAULT", Decimal(1), 1, negotiated=True)


def test_an_amount_off_never_pays_the_client() -> None:
    assert listed("5.00", "0", campaign(PromotionKind.AMOUNT, "8")).unit == Decimal("0.00")


def test_ties_go_to_priority_then_to_the_older_promotion() -> None:
    young = campaign(PromotionKind.PERCENT, "10", created_at=datetime(2026, 2, 1, tzinfo=UTC))
    old = campaign(PromotionKind.PERCENT, "10")
    first = campaign(PromotionKind.PERCENT, "10", created_at=datetime(2026, 3, 1, tzinfo=UTC), priority=1)
    assert listed("10", "0", young, old).promotions == (old,)
    assert listed("10", "0", young, old, first).promotions == (first,)


@given(
    st.lists(
        st.builds(
            campaign,
            st.sampled_from(PromotionKind),
            st.decimals("0.01", "100", places=2).map(str),
            stackable=st.booleans(),
            priority=st.integers(0, 3),
        ),
        max_size=6,
    ),
    st.fractions("0", "500"),
    st.fractions("0", "1"),
)
def test_promotions_never_make_a_price_dearer_or_negative(
    campaigns: list[Campaign], base: Fraction, share: Fraction
) -> None:
    unit = base * share
    for step in reductions(campaigns, base, unit):
        assert step.before == unit and 0 <= step.after < step.before
        unit = step.after


def test_conditions_must_all_be_met() -> None:
    asked = PromotionConditions(
        channels=(Channel.WEB,), client_types=(ClientKind.CONSUMER,), new_client_only=True, coupon_code="ETE26"
    )
    found = campaign(PromotionKind.PERCENT, "10", conditions=asked)
    web = {"channel": Channel.WEB, "is_new_client": True, "coupon": " ete26 "}
    assert found.is_open_to(Occasion(**web))
    for change in ({"channel": Channel.FIELD}, {"is_new_client": False}, {"coupon": None}):
        assert not found.is_open_to(Occasion(**(web | change)))
    used_up = campaign(
        PromotionKind.PERCENT, "10", conditions=PromotionConditions(per_client_max=1), redemptions_of_client=1
    )
    assert not used_up.is_open_to(Occasion())


def list_price(list_id: UUID, plan_code: str | None, unit: str) -> ListPrice:
    return ListPrice(list_id, plan_code, Source(PriceSource.PRICE_LIST, uuid4(), False, Decimal(unit)), None)


def test_the_first_list_with_a_price_wins_even_if_a_later_one_names_the_plan() -> None:
    seasonal, default = uuid4(), uuid4()
    lists = [list_price(seasonal, None, "20"), list_price(default, "DEFAULT", "30"), list_price(default, None, "31")]
    assert sources.everybodys_source(lists, [], PLAN, "SKU").source.unit_price == Decimal(20)
    assert sources.everybodys_source(lists[1:], [], PLAN, "SKU").source.unit_price == Decimal(30)
    with pytest.raises(Refused, match="PRICE_ON_REQUEST"):
        sources.everybodys_source([], [], PLAN, "SKU")


def test_the_agreement_for_the_plan_and_the_greatest_quantity_is_taken() -> None:
    def agreed(plan_code: str | None, quantity: str, value: str) -> AgreedPrice:
        return AgreedPrice(
            uuid4(), plan_code, ClientPriceMode.FIXED_PRICE, Decimal(value), False, Decimal(quantity), None
        )

    known = [agreed(None, "100", "1"), agreed("DEFAULT", "1", "9"), agreed("DEFAULT", "10", "8")]
    for quantity, value in (("1", "9"), ("10", "8"), ("500", "8")):
        assert sources.source_of(known, [], [], PLAN, Decimal(quantity), "SKU").source.unit_price == Decimal(value)


@pytest.mark.parametrize(("quantity", "charge"), [("80", "5.00"), ("150", "7.50"), ("400", "30.00")])
def test_case_8_usage_beyond_the_included_units(quantity: str, charge: str) -> None:
    usage = UsagePrice(
        unit="MINUTE",
        unit_price=Decimal("0.15"),
        included_units=Decimal(100),
        min_charge=Decimal(5),
        max_charge=Decimal(30),
    )
    source = Source(PriceSource.RULE, uuid4(), False, usage=usage)
    found = pricing.price(
        source, Decimal(quantity), scale=2, manual_percent=Decimal(0), role_limit=Decimal(20), strict=False
    )
    assert found.line == Decimal(charge)


@pytest.mark.parametrize(
    ("old", "cents", "ending_90"),
    [
        ("9.90", "10.25", "9.90"),
        ("12.90", "13.35", "12.90"),
        ("45.00", "46.58", "46.90"),
        ("67.50", "69.86", "69.90"),
    ],
)
def test_case_18_prices_are_raised_and_rounded(old: str, cents: str, ending_90: str) -> None:
    def new(rounding: PriceRounding) -> Decimal:
        return changed_price(Decimal(old), percent=Decimal("3.5"), amount=None, rounding=rounding)

    assert (new(PriceRounding.CENT), new(PriceRounding.ENDING_90)) == (Decimal(cents), Decimal(ending_90))


def test_a_price_in_the_middle_between_two_endings_goes_up() -> None:
    middle = changed_price(Decimal("10.40"), percent=None, amount=Decimal(0), rounding=PriceRounding.ENDING_90)
    assert middle == Decimal("10.90")
    with pytest.raises(Refused, match="NEGATIVE_PRICE"):
        changed_price(Decimal(5), percent=None, amount=Decimal(-6), rounding=PriceRounding.CENT)


def test_a_client_outweighs_all_other_criteria() -> None:
    others = AssignmentCriteria(
        partner_id=uuid4(), company_id=uuid4(), channel=Channel.WEB, client_type=ClientKind.CONSUMER
    )
    assert specificity_of(AssignmentCriteria(client_id=uuid4())) > specificity_of(others) == 30


def test_the_corridor_lies_around_the_usual_price() -> None:
    def inside(value: str, *, is_discount: bool = False) -> bool:
        return is_inside_corridor(
            Fraction(100), Decimal(value), is_discount=is_discount, lowest=Decimal(-15), highest=Decimal(5)
        )

    assert inside("85") and inside("105") and inside("15", is_discount=True)
    assert not inside("84.99") and not inside("105.01") and not inside("15.01", is_discount=True)


def test_agreements_that_share_a_day_overlap() -> None:
    assert overlaps(date(2026, 1, 1), date(2026, 1, 31), date(2026, 1, 31), None)
    assert not overlaps(date(2026, 1, 1), date(2026, 1, 30), date(2026, 1, 31), None)


@pytest.mark.parametrize(
    ("born", "as_of", "reasons"),
    [
        (date(1976, 3, 16), date(2026, 3, 15), ("AGE_TOO_LOW",)),
        (date(1976, 3, 16), date(2026, 3, 16), ()),
        (date(1950, 3, 15), date(2026, 3, 15), ("AGE_TOO_HIGH",)),
    ],
)
def test_case_24_age_bounds_are_inclusive(born: date, as_of: date, reasons: tuple[str, ...]) -> None:
    rule = EligibilityRule(min_age=50, max_age=75)
    assert reasons_against(rule, EligibilityFacts(birth_date=born), as_of) == reasons


def test_case_24_all_reasons_are_told() -> None:
    wanted, excluded = uuid4(), uuid4()
    rule = EligibilityRule(
        min_age=18,
        departments_out=("2A",),
        client_types=(ClientKind.BUSINESS,),
        existing_product_ids=(wanted,),
        excluded_product_ids=(excluded,),
    )
    facts = EligibilityFacts(postal_code="20000", owned_product_ids=(excluded,))
    assert reasons_against(rule, facts, MARCH_15) == (
        "AGE_TOO_LOW",
        "ZONE",
        "CLIENT_TYPE",
        "MISSING_PRODUCT",
        "EXCLUDED_PRODUCT",
    )


def test_a_hit_in_the_sku_ranks_before_one_in_the_description() -> None:
    fields = {"sku": "ft-box-001", "names": "box fibre", "codes": "telecom", "said": "la fibre pour tous"}
    assert score(["ft-box-001"], fields) == 100
    assert score(["fibre"], fields) > score(["tous"], fields) > 0
    assert score(["fibre", "absent"], fields) == 0
