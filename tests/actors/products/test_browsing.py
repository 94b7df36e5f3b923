"""products: the catalogue, search, eligibility and settings."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from messages.problem import Refused
from messages.products.browsing import GetCatalog, SearchProducts
from messages.products.catalogue import (
    GetProduct,
    ListProducts,
    ProductFeature,
    ProductPart,
    UpdateProduct,
)
from messages.products.eligibility import CheckEligibility, EligibilityFacts, EligibilityRule
from messages.products.external_mappings import SetExternalMapping
from messages.products.pricing import CalculatePrice, LineDraft
from messages.products.promotions import PromotionTargets
from messages.products.publications import Channel, CreatePublication, ReadinessCode, Visibility
from messages.products.quotes import CreatePriceQuote
from messages.products.ranges import CreateRange, UpdateRange
from messages.products.settings import GetCatalogueSettings, UpdateCatalogueSettings
from tests.actors.products.builders import priced
from tests.actors.products.test_catalogue import MARCH_10, box, on_sale
from tests.actors.products.test_promotions import promotion
from tests.harness import Running, Tenant
from tests.plans import ONLY_WHAT_AN_INDEX_CAN, nodes, plans_of

WEB = GetCatalog(channel=Channel.WEB)


async def test_the_catalogue_gives_the_price_of_the_calculator(tenant: Tenant, other_tenant: Tenant) -> None:
    second = await tenant.client.call(CreateRange(name="Fibre"))
    await tenant.client.call(UpdateRange(range_id=second.id, expected_version=1, display_order=99))
    box_2 = await on_sale(tenant, box("FT-BOX-002", name="Box adsl", range_id=second.id))
    box_1 = await on_sale(tenant, box("FT-BOX-001", name="Box fibre"))
    popular = await on_sale(tenant, box("FT-BOX-003", name="Box satellite", popular=True))
    await tenant.client.call(box("FT-DRAFT"))
    await tenant.client.call(promotion(box_1.product_id))
    found = await tenant.client.call(WEB)
    assert [item.sku for item in found.items] == ["FT-BOX-003", "FT-BOX-001", "FT-BOX-002"]
    for item in found.items:
        line = await priced(tenant, item.product_id, channel=Channel.WEB)
        assert item.price is not None and item.price.gross == line.gross
    assert [promoted.code for promoted in found.items[1].promotions] == ["MARS"]
    below = await tenant.client.call(WEB.model_copy(update={"range_id": second.id}))
    assert [item.product_id for item in below.items] == [box_2.product_id]
    first = await tenant.client.call(WEB.model_copy(update={"limit": 1}))
    assert [item.product_id for item in first.items] == [popular.product_id]
    rest = await tenant.client.call(WEB.model_copy(update={"limit": 1, "cursor": first.next_cursor}))
    assert [item.product_id for item in rest.items] == [box_1.product_id]
    assert (await tenant.client.call(GetCatalog(channel=Channel.PARTNER))).items == ()
    assert (await tenant.client.call(WEB.model_copy(update={"visibility": Visibility.PUBLIC}))).items == ()
    assert (await other_tenant.client.call(WEB)).items == ()


async def test_a_price_that_is_not_to_be_seen_is_on_quote(tenant: Tenant) -> None:
    product = await on_sale(tenant, box())
    await tenant.client.call(
        CreatePublication(product_id=product.product_id, channels=frozenset({Channel.MARKETPLACE}), price_visible=False)
    )
    (item,) = (await tenant.client.call(GetCatalog(channel=Channel.MARKETPLACE))).items
    assert (item.price, item.on_quote) == (None, True)
    (hidden,) = (await tenant.client.call(GetCatalog(channel=Channel.FIELD, include_unpublished=True))).items
    assert (hidden.visibility, hidden.price is not None) == (None, True)


async def test_products_are_found_by_what_is_said_of_them(tenant: Tenant, other_tenant: Tenant) -> None:
    tenant.client.now = MARCH_10
    feature = ProductFeature(key="debit", label="Débit symétrique")
    await tenant.client.call(box("FT-BOX-001", name="Box fibre", features=(feature,), tags=("rentree",)))
    await tenant.client.call(box("FT-BOX-002", name="Box adsl", description="Sans fibre"))
    found = await tenant.client.call(SearchProducts(q="FIBRE"))
    assert [hit.product.sku for hit in found.hits] == ["FT-BOX-001", "FT-BOX-002"]
    assert found.hits[0].score > found.hits[1].score
    assert [hit.product.sku for hit in (await tenant.client.call(SearchProducts(q="debit box"))).hits] == ["FT-BOX-001"]
    assert (await other_tenant.client.call(SearchProducts(q="fibre"))).hits == ()
    assert [hit.product.sku for hit in (await tenant.client.call(SearchProducts(q="ft-box-002"))).hits] == [
        "FT-BOX-002"
    ]
    code = SetExternalMapping(product_id=found.hits[0].product.product_id, system="erp", external_code="XK-77/B")
    await tenant.client.call(code)
    assert [hit.product.sku for hit in (await tenant.client.call(SearchProducts(q="xk-77 box"))).hits] == ["FT-BOX-001"]
    changed = found.hits[1].product
    await tenant.client.call(
        UpdateProduct(product_id=changed.product_id, expected_version=changed.version, description="Par cuivre")
    )
    assert [hit.product.sku for hit in (await tenant.client.call(SearchProducts(q="fibre"))).hits] == ["FT-BOX-001"]
    assert [item.sku for item in (await tenant.client.call(ListProducts(tag="rentree"))).items] == ["FT-BOX-001"]


async def test_products_are_listed_by_the_beginnings_of_their_words_and_by_tags(
    tenant: Tenant, other_tenant: Tenant
) -> None:
    tenant.client.now = MARCH_10
    made = await tenant.client.call(box(name="Énergie verte", tags=("famille",)))
    await tenant.client.call(box("FT-BOX-002", name="Énergie bleue"))

    async def listed(**filters: Any) -> list[str]:
        return [item.sku for item in (await tenant.client.call(ListProducts(**filters))).items]

    assert await listed(search="energ") == ["FT-BOX-001", "FT-BOX-002"]
    assert await listed(search="VERT box-001") == ["FT-BOX-001"]
    assert await listed(search="nergie") == []
    assert await listed(tag="famille") == ["FT-BOX-001"]
    change = UpdateProduct(product_id=made.product_id, expected_version=1, name="Gaz vert", tags=("gaz",))
    await tenant.client.call(change)
    assert await listed(search="energ") == ["FT-BOX-002"]
    assert (await listed(tag="famille"), await listed(tag="gaz")) == ([], ["FT-BOX-001"])
    with pytest.raises(Refused, match="at least two letters or digits"):
        await tenant.client.call(ListProducts(search="%%"))
    assert (await other_tenant.client.call(ListProducts(search="energ"))).items == ()


async def test_lists_of_products_by_price_channel_and_promotion(tenant: Tenant) -> None:
    cheap = await on_sale(tenant, box("A-1", amount="9.90"))
    dear = await on_sale(tenant, box("A-2", amount="49.90"))
    tenant.client.now = MARCH_10
    await tenant.client.call(box("A-3"))
    await tenant.client.call(
        promotion(dear.product_id, targets=PromotionTargets(range_ids=(dear.range_id,), product_ids=()))
    )

    async def skus(request: ListProducts) -> list[str]:
        return [item.sku for item in (await tenant.client.call(request)).items]

    assert await skus(ListProducts(price_max=Decimal("20.00"))) == ["A-1"]
    assert await skus(ListProducts(price_min=Decimal("20.00"))) == ["A-2", "A-3"]
    assert await skus(ListProducts(channel=Channel.WEB)) == ["A-1", "A-2"]
    assert await skus(ListProducts(on_promotion=True)) == ["A-1", "A-2", "A-3"]
    assert await skus(ListProducts(on_promotion=False)) == []
    detail = await tenant.client.call(GetProduct(sku="a-1", include=(ProductPart.RANGE, ProductPart.PUBLICATIONS)))
    assert detail.range is not None and detail.range.code == "SERVICES"
    assert [found.product_id for found in detail.publications] == [cheap.product_id]


async def test_case_24_eligibility(tenant: Tenant, other_tenant: Tenant) -> None:
    tenant.client.now = MARCH_10
    rule = EligibilityRule(min_age=50, max_age=75, departments_out=("2A",))
    product = await tenant.client.call(box(eligibility=rule))

    async def reasons(born: date, as_of: datetime, postal_code: str = "75002") -> tuple[str, ...]:
        facts = EligibilityFacts(birth_date=born, postal_code=postal_code)
        request = CheckEligibility(product_id=product.product_id, facts=facts, as_of=as_of)
        return (await tenant.client.call(request)).reasons

    march_15, march_16 = datetime(2026, 3, 15, 12, tzinfo=UTC), datetime(2026, 3, 16, 12, tzinfo=UTC)
    assert await reasons(date(1976, 3, 16), march_15) == ("AGE_TOO_LOW",)
    assert await reasons(date(1976, 3, 16), march_16) == ()
    assert await reasons(date(1950, 3, 15), march_15) == ("AGE_TOO_HIGH",)
    assert await reasons(date(1970, 1, 1), march_15, "20000") == ("ZONE",)
    request = CheckEligibility(product_id=product.product_id, facts=EligibilityFacts())
    with pytest.raises(Refused, match="PRODUCT_NOT_FOUND"):
        await other_tenant.client.call(request)


async def test_a_product_changes_range_quantities_and_terms(tenant: Tenant) -> None:
    tenant.client.now = MARCH_10
    fibre = await tenant.client.call(CreateRange(name="Fibre"))
    product = await tenant.client.call(box(quantity_max=Decimal(5)))
    change = UpdateProduct(
        product_id=product.product_id,
        expected_version=product.version,
        range_id=fibre.id,
        quantity_max=None,
        renewal_months=12,
        tags=("pro",),
    )
    changed = await tenant.client.call(change)
    assert (changed.range_id, changed.quantity_max, changed.renewal_months, changed.tags) == (
        fibre.id, None, 12, ("pro",),
    )  # fmt: skip
    bad = UpdateProduct(product_id=product.product_id, expected_version=changed.version, quantity_max=Decimal("0.5"))
    with pytest.raises(Refused, match="QUANTITY_INVALID"):
        await tenant.client.call(bad)


async def test_settings_decide_discounts_quotes_and_readiness(tenant: Tenant, other_tenant: Tenant) -> None:
    tenant.client.now = MARCH_10
    assert (await tenant.client.call(GetCatalogueSettings())).quote_validity_days == 30
    changed = await tenant.client.call(
        UpdateCatalogueSettings(
            quote_validity_days=10,
            manual_discount_limit_percent=Decimal("5.00"),
            readiness_blocking=(ReadinessCode.LIFECYCLE_OK,),
        )
    )
    assert (changed.version, changed.quote_validity_days) == (1, 10)
    with pytest.raises(Refused, match="VERSION_CONFLICT"):
        await tenant.client.call(UpdateCatalogueSettings(expected_version=0, quote_validity_days=9))
    assert (await other_tenant.client.call(GetCatalogueSettings())).version == 0
    product = await on_sale(tenant, box())
    seller = tenant.token("products:price:read", "products:price_quote:create", "products:price_quote:write")
    line = LineDraft(product_id=product.product_id, additional_discount_percent=Decimal("6.00"))
    with pytest.raises(Refused, match="DISCOUNT_NOT_ALLOWED"):
        await tenant.client.call(CalculatePrice(line=line), token=seller)
    quote = await tenant.client.call(CreatePriceQuote(lines=(LineDraft(product_id=product.product_id),)))
    assert quote.valid_until == date(2026, 3, 20)


async def test_a_search_reads_words_and_not_all_products(running: Running, tenant: Tenant) -> None:
    heart = running.hosts["products"].heart
    endpoint = heart.actor.endpoints["search_products"]
    found = await plans_of(heart, endpoint, SearchProducts(q="fibre ft-box"), tenant.id, ONLY_WHAT_AN_INDEX_CAN)
    (_, plan), *more = found.pages()
    read = [node["Index Cond"] for node in nodes(plan) if node.get("Relation Name") == "product_word"]
    assert len(read) >= 4 and more == []
    assert all("word >=" in condition and "word <" in condition for condition in read), read
