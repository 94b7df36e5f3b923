"""products: bundles, how one price is shared and what comes off together."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.products.rules.bundles import Component, rest_of_month, shares
from actors.products.rules.vat import Decision
from messages.problem import Refused
from messages.products.bundles import (
    BundleComponent,
    BundlePrice,
    BundlePricing,
    BundleRule,
    BundleVat,
    CreateBundle,
    GetBundle,
    PriceBundle,
    UpdateBundle,
)
from messages.products.versions import TaxClass
from messages.values.money import Money
from tests.actors.products.test_catalogue import box, on_sale
from tests.harness import Tenant

TWENTY, TEN = Decision("S", Decimal("20.00")), Decision("S", Decimal("10.00"))


def total(amount: str) -> BundlePrice:
    return BundlePrice(kind=BundlePricing.FIXED_TOTAL, amount=Money.of(amount))


def parts(*prices: str, vat: Decision = TWENTY) -> list[Component]:
    return [Component(uuid4(), Decimal(price), True, vat) for price in prices]


def test_case_16_a_total_is_shared_by_standalone_price() -> None:
    internet, television = parts("29.90")[0], parts("15.00", vat=TEN)[0]
    split = shares([internet, television], total("39.90"), BundleVat.SPLIT)
    assert [(share.taxed.gross, share.taxed.net, share.taxed.vat) for share in split] == [
        (Decimal("26.57"), Decimal("22.14"), Decimal("4.43")),
        (Decimal("13.33"), Decimal("12.12"), Decimal("1.21")),
    ]
    single = shares([internet, television], total("39.90"), BundleVat.SINGLE_HIGHEST)
    assert {share.vat.rate for share in single} == {Decimal("20.00")}


@pytest.mark.parametrize(
    ("amount", "alone", "shared"),
    [
        ("24.90", ("9.90", "12.90", "9.90"), ("7.54", "9.82", "7.54")),
        ("25.00", ("9.90", "9.90", "9.90"), ("8.34", "8.33", "8.33")),
    ],
)
def test_case_16_the_cents_go_to_the_largest_remainder(
    amount: str, alone: tuple[str, ...], shared: tuple[str, ...]
) -> None:
    found = shares(parts(*alone), total(amount), BundleVat.SPLIT)
    assert [share.amount for share in found] == [Decimal(each) for each in shared]


@given(
    st.lists(st.decimals("0.01", "999.99", places=2), min_size=2, max_size=8), st.decimals("0.00", "999.99", places=2)
)
def test_the_shares_of_a_bundle_add_up_to_its_price(alone: list[Decimal], amount: Decimal) -> None:
    found = shares(parts(*map(str, alone)), total(f"{amount:.2f}"), BundleVat.SPLIT)
    assert sum(share.amount for share in found) == amount
    assert all(share.amount >= 0 for share in found)


@pytest.mark.parametrize(("day", "due"), [(date(2026, 2, 15), "14.95"), (date(2026, 3, 15), "16.40")])
def test_case_17_what_is_added_in_mid_month_is_due_for_its_days(day: date, due: str) -> None:
    assert rest_of_month(Decimal("29.90"), day) == Decimal(due)


async def test_case_17_services_are_cheaper_with_the_concierge(tenant: Tenant, other_tenant: Tenant) -> None:
    concierge, first, second, whole = [
        await on_sale(tenant, box(sku, amount="9.90")) for sku in ("CONCIERGE", "A", "B", "PACK")
    ]

    def off(product_id: UUID) -> BundleRule:
        return BundleRule(if_has=(concierge.product_id,), then_product=product_id, discount=Money.of("4.00"))

    request = CreateBundle(
        product_id=whole.product_id,
        components=tuple(
            BundleComponent(product_id=part.product_id, mandatory=False) for part in (concierge, first, second)
        ),
        pricing=BundlePrice(
            kind=BundlePricing.CONDITIONAL,
            rules=(off(first.product_id), off(second.product_id)),
            combined_cap=Money.of("8.00"),
        ),
    )
    made = await tenant.client.call(request)

    async def gross(*products: Any, **fields: Any) -> Decimal:
        ids = tuple(product.product_id for product in products)
        found = await tenant.client.call(PriceBundle(bundle_id=made.bundle_id, product_ids=ids, **fields))
        return found.gross.amount

    assert await gross(concierge, first) == Decimal("15.80")
    assert await gross() == Decimal("21.70")
    assert await gross(first, second) == Decimal("19.80")
    with pytest.raises(Refused, match="BUNDLE_INVALID"):
        await tenant.client.call(request)
    nested = request.model_copy(
        update={
            "product_id": first.product_id,
            "components": tuple(BundleComponent(product_id=part.product_id) for part in (whole, second)),
            "pricing": total("10.00"),
        }
    )
    with pytest.raises(Refused, match="BUNDLE_NESTED"):
        await tenant.client.call(nested)
    capped = UpdateBundle(
        bundle_id=made.bundle_id,
        expected_version=1,
        pricing=made.pricing.model_copy(update={"combined_cap": Money.of("5.00")}),
    )
    await tenant.client.call(capped)
    assert await gross() == Decimal("24.70")
    with pytest.raises(Refused, match="BUNDLE_NOT_FOUND"):
        await other_tenant.client.call(GetBundle(bundle_id=made.bundle_id))
    with pytest.raises(Refused, match="BUNDLE_NOT_FOUND"):
        await other_tenant.client.call(PriceBundle(bundle_id=made.bundle_id))


async def test_case_16_a_bundle_of_two_rates(tenant: Tenant) -> None:
    internet = await on_sale(tenant, box("INTERNET"))
    television = await on_sale(tenant, box("TV", amount="15.00", tax_class=TaxClass.TV_LINEAR))
    pack = await on_sale(tenant, box("PACK", amount="39.90"))
    made = await tenant.client.call(
        CreateBundle(
            product_id=pack.product_id,
            components=tuple(BundleComponent(product_id=part.product_id) for part in (internet, television)),
            pricing=total("39.90"),
        )
    )
    found = await tenant.client.call(PriceBundle(bundle_id=made.bundle_id, added_on=date(2026, 2, 15)))
    assert [(line.gross.amount, line.vat.amount) for line in found.lines] == [
        (Decimal("26.57"), Decimal("4.43")),
        (Decimal("13.33"), Decimal("1.21")),
    ]
    assert (found.gross.amount, found.discount.amount) == (Decimal("39.90"), Decimal("5.00"))
    assert [line.prorata.amount for line in found.lines if line.prorata] == [Decimal("13.29"), Decimal("6.67")]
    single = UpdateBundle(bundle_id=made.bundle_id, expected_version=1, vat_treatment=BundleVat.SINGLE_HIGHEST)
    await tenant.client.call(single)
    found = await tenant.client.call(PriceBundle(bundle_id=made.bundle_id))
    assert (found.net.amount, found.vat.amount) == (Decimal("33.25"), Decimal("6.65"))
    with pytest.raises(Refused, match="BUNDLE_INVALID"):
        await tenant.client.call(PriceBundle(bundle_id=made.bundle_id, product_ids=(internet.product_id,)))
