"""products: promotions from the first to the last day, and prices agreed with clients."""

import asyncio
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from messages.contrats import ContractSigned, ContractWithdrawn
from messages.problem import Refused
from messages.products.catalogue import Lifecycle, TransitionProduct
from messages.products.client_prices import ClientPriceMode, EndClientPrice, ListClientPrices, SetClientPrice
from messages.products.price_lists import CreatePriceItem
from messages.products.pricing import LineDraft
from messages.products.promotions import (
    CancelPromotion,
    CreatePromotion,
    GetPromotion,
    ListPromotions,
    Promotion,
    PromotionConditions,
    PromotionKind,
    PromotionTargets,
    UpdatePromotion,
)
from messages.products.quotes import CreatePriceQuote
from messages.products.versions import PricingRuleDraft, VersionDraft
from messages.values.money import Money
from tests.actors.products.builders import default_list, known_client, priced
from tests.actors.products.contracts import signed_contract
from tests.actors.products.test_catalogue import box, on_sale
from tests.harness import Running, Tenant

MARCH_31 = date(2026, 3, 31)


def promotion(product_id: UUID, value: str = "20", **changes: Any) -> CreatePromotion:
    """A percentage off a product from March 10th to 31st."""
    fields: dict[str, Any] = {
        "code": "MARS",
        "name": "Offre de mars",
        "kind": PromotionKind.PERCENT,
        "value": Decimal(value),
        "targets": PromotionTargets(product_ids=(product_id,)),
        "starts_on": date(2026, 3, 10),
        "ends_on": MARCH_31,
    }
    return CreatePromotion(**(fields | changes))


def net_box(amount: str) -> VersionDraft:
    return VersionDraft(pricing=(PricingRuleDraft(amount=Decimal(amount), tax_included=False),))


async def sign(running: Running, tenant: Tenant, quote_id: UUID) -> ContractSigned:
    event = signed_contract(tenant.company_id, quote_id, date(2026, 3, 12))
    await running.state(event, tenant.id, version=3, now=datetime(2026, 3, 12, 10, tzinfo=UTC))
    return event


async def quoted(tenant: Tenant, product_id: UUID) -> tuple[UUID, Decimal]:
    made = await tenant.client.call(CreatePriceQuote(lines=(LineDraft(product_id=product_id),)))
    return made.quote_id, made.lines[0].unit


async def test_case_4_the_client_gets_the_better_of_promotion_discount_and_agreement(
    running: Running, tenant: Tenant
) -> None:
    product = await on_sale(tenant, box(first_version=net_box("120")))
    item = CreatePriceItem(
        list_id=await default_list(tenant),
        product_id=product.product_id,
        unit_price=Decimal(100),
        discount_percent=Decimal(10),
    )
    await tenant.client.call(item)
    with pytest.raises(Refused, match="PROMO_NOT_LOWER"):
        await tenant.client.call(promotion(product.product_id, "90", kind=PromotionKind.FIXED_PRICE))
    made = await tenant.client.call(promotion(product.product_id, "85", kind=PromotionKind.FIXED_PRICE))
    line = await priced(tenant, product.product_id)
    assert (line.unit, [found.code for found in line.promotions]) == (Decimal("85.00"), ["MARS"])
    client_id = await known_client(running, tenant)
    await tenant.client.call(
        SetClientPrice(
            client_id=client_id, product_id=product.product_id, mode=ClientPriceMode.FIXED_PRICE, value=Decimal(75)
        )
    )
    line = await priced(tenant, product.product_id, client_id=client_id)
    assert (line.unit, line.source, line.promotions) == (Decimal("75.00"), "CLIENT_PRICE", ())
    assert made.status == "RUNNING"


async def test_case_10_an_introductory_price_ends_after_three_periods(tenant: Tenant) -> None:
    product = await on_sale(tenant, box())
    await tenant.client.call(promotion(product.product_id, "50", duration_periods=3))
    line = await priced(tenant, product.product_id)
    assert [
        (phase.from_period, phase.to_period, phase.gross.amount, phase.net.amount, phase.vat.amount)
        for phase in line.phases
    ] == [
        (1, 3, Decimal("14.95"), Decimal("12.46"), Decimal("2.49")),
        (4, None, Decimal("29.90"), Decimal("24.92"), Decimal("4.98")),
    ]
    year = [(await priced(tenant, product.product_id, period_no=number)).gross.amount for number in range(1, 13)]
    assert sum(year) == Decimal("313.95")


async def test_case_12_a_promotion_holds_to_the_end_of_its_last_day_in_paris(running: Running, tenant: Tenant) -> None:
    product = await on_sale(tenant, box(first_version=net_box("10")))
    await tenant.client.call(promotion(product.product_id))
    last, after = datetime(2026, 3, 31, 21, 59, 59, tzinfo=UTC), datetime(2026, 3, 31, 22, tzinfo=UTC)
    assert (await priced(tenant, product.product_id, as_of=last)).unit == Decimal("8.00")
    assert (await priced(tenant, product.product_id, as_of=after)).unit == Decimal("10.00")
    assert (await quoted(tenant, product.product_id))[1] == Decimal("8.00")
    await running.tick("day", datetime(2026, 3, 30, 21, 55, tzinfo=UTC))
    assert await running.events("promotion.ended", tenant.id) == []
    await running.tick("day", datetime(2026, 3, 31, 22, 5, tzinfo=UTC))
    assert len(await running.events("promotion.ended", tenant.id)) == 1


async def test_a_promotion_waits_for_its_first_day(running: Running, tenant: Tenant, other_tenant: Tenant) -> None:
    product = await on_sale(tenant, box())
    planned = await tenant.client.call(promotion(product.product_id, starts_on=date(2026, 3, 20)))
    assert planned.status == "SCHEDULED"
    changed = await tenant.client.call(
        UpdatePromotion(promotion_id=planned.promotion_id, expected_version=planned.version, value=Decimal(25))
    )
    await running.tick("day", datetime(2026, 3, 19, 23, tzinfo=UTC))
    running_now = await tenant.client.call(GetPromotion(code="MARS"))
    assert (running_now.status, running_now.value) == ("RUNNING", Decimal(25))
    late = UpdatePromotion(promotion_id=planned.promotion_id, expected_version=changed.version + 1, value=Decimal(1))
    with pytest.raises(Refused, match="PROMO_RUNNING"):
        await tenant.client.call(late)
    with pytest.raises(Refused, match="PROMOTION_NOT_FOUND"):
        await other_tenant.client.call(GetPromotion(promotion_id=planned.promotion_id))
    with pytest.raises(Refused, match="PROMOTION_NOT_FOUND"):
        await other_tenant.client.call(CancelPromotion(promotion_id=planned.promotion_id, reason="x"))
    assert (await other_tenant.client.call(ListPromotions())).items == ()
    other_tenant.client.now = tenant.client.now
    with pytest.raises(Refused, match="PRODUCT_NOT_FOUND"):
        await other_tenant.client.call(promotion(product.product_id))
    stopped = await tenant.client.call(CancelPromotion(promotion_id=planned.promotion_id, reason="erreur"))
    assert stopped.status == "CANCELLED"
    with pytest.raises(Refused, match="INVALID_TRANSITION"):
        await tenant.client.call(CancelPromotion(promotion_id=planned.promotion_id, reason="encore"))
    assert (await priced(tenant, product.product_id, as_of=datetime(2026, 3, 21, tzinfo=UTC))).promotions == ()
    for fact, count in (("scheduled", 2), ("started", 1), ("cancelled", 1)):
        assert len(await running.events(f"promotion.{fact}", tenant.id)) == count


async def test_a_draft_lowers_nothing_until_it_is_scheduled(tenant: Tenant) -> None:
    product = await on_sale(tenant, box())
    draft = await tenant.client.call(promotion(product.product_id, draft=True))
    assert (await priced(tenant, product.product_id)).promotions == ()
    request = UpdatePromotion(promotion_id=draft.promotion_id, expected_version=draft.version, schedule=True)
    assert (await tenant.client.call(request)).status == "RUNNING"
    assert len((await priced(tenant, product.product_id)).promotions) == 1
    with pytest.raises(Refused, match="PROMO_CODE_EXISTS"):
        await tenant.client.call(promotion(product.product_id))
    found = await tenant.client.call(ListPromotions(product_id=product.product_id, on_date=MARCH_31))
    assert [item.code for item in found.items] == ["MARS"]


async def test_a_coupon_that_opens_nothing_is_refused(tenant: Tenant) -> None:
    product = await on_sale(tenant, box(first_version=net_box("10")))
    conditions = PromotionConditions(coupon_code="BIENVENUE")
    await tenant.client.call(promotion(product.product_id, conditions=conditions))
    assert (await priced(tenant, product.product_id)).unit == Decimal("10.00")
    assert (await priced(tenant, product.product_id, coupon="bienvenue")).unit == Decimal("8.00")
    with pytest.raises(Refused, match="COUPON_INVALID"):
        await priced(tenant, product.product_id, coupon="HIVER")


async def test_a_retired_product_ends_the_promotions_that_were_only_for_it(running: Running, tenant: Tenant) -> None:
    product = await on_sale(tenant, box())
    made = await tenant.client.call(promotion(product.product_id))
    retire = TransitionProduct(product_id=product.product_id, to=Lifecycle.RETIRED, reason="fin")
    await tenant.client.call(retire)
    assert (await tenant.client.call(GetPromotion(promotion_id=made.promotion_id))).status == "ENDED"
    assert len(await running.events("promotion.ended", tenant.id)) == 1


async def test_case_27_the_last_redemption_is_used_once(running: Running, tenant: Tenant) -> None:
    product = await on_sale(tenant, box(first_version=net_box("10")))
    conditions = PromotionConditions(max_redemptions=1)
    await tenant.client.call(promotion(product.product_id, conditions=conditions))
    first, second = await quoted(tenant, product.product_id), await quoted(tenant, product.product_id)
    assert first[1] == second[1] == Decimal("8.00")
    contracts = await asyncio.gather(sign(running, tenant, first[0]), sign(running, tenant, second[0]))
    await running.settled()

    async def stored() -> Promotion:
        return await tenant.client.call(GetPromotion(code="MARS"))

    assert (await stored()).redemptions == 1
    assert len(await running.events("promotion.exhausted", tenant.id)) == 1
    assert len(await running.events("price_quote.accepted", tenant.id)) == 2
    assert (await quoted(tenant, product.product_id))[1] == Decimal("10.00")
    for contract in contracts:
        withdrawn = ContractWithdrawn.model_validate(
            {
                **dict(contract),
                "sent_on": date(2026, 3, 13),
                "received_on": date(2026, 3, 14),
                "prorata_due": Money.of("0.00"),
                "refund_deadline": date(2026, 3, 28),
            }
        )
        for _ in range(2):
            await running.state(withdrawn, tenant.id, version=4)
    await running.settled()
    assert (await stored()).redemptions == 0
    assert (await quoted(tenant, product.product_id))[1] == Decimal("8.00")


async def test_an_agreed_price_stays_in_the_corridor_or_is_approved(
    running: Running, tenant: Tenant, other_tenant: Tenant
) -> None:
    product = await on_sale(tenant, box(first_version=net_box("100")))
    client_id = await known_client(running, tenant)
    seller = tenant.token("products:price:write", "products:price:read")
    request = SetClientPrice(
        client_id=client_id, product_id=product.product_id, mode=ClientPriceMode.FIXED_PRICE, value=Decimal("84.99")
    )
    with pytest.raises(Refused, match="OUT_OF_CORRIDOR"):
        await tenant.client.call(request, token=seller)
    approved = await tenant.client.call(request.model_copy(update={"valid_to": MARCH_31}))
    assert approved.approved_by is not None
    with pytest.raises(Refused, match="PRICE_OVERLAP"):
        await tenant.client.call(request)
    april = request.model_copy(
        update={
            "value": Decimal(10),
            "mode": ClientPriceMode.DISCOUNT_PERCENT,
            "valid_from": date(2026, 4, 1),
            "quantity_from": Decimal(2),
        }
    )
    agreed = await tenant.client.call(april, token=seller)
    assert agreed.approved_by is None
    in_april = {"client_id": client_id, "as_of": datetime(2026, 4, 2, tzinfo=UTC)}
    assert (await priced(tenant, product.product_id, "2", **in_april)).unit == Decimal("90.00")
    assert (await priced(tenant, product.product_id, "1", **in_april)).unit == Decimal("100.00")
    with pytest.raises(Refused, match="CLIENT_PRICE_NOT_FOUND"):
        await other_tenant.client.call(EndClientPrice(client_price_id=agreed.client_price_id, valid_to=MARCH_31))
    await tenant.client.call(EndClientPrice(client_price_id=agreed.client_price_id, valid_to=date(2026, 4, 1)))
    assert (await priced(tenant, product.product_id, "2", **in_april)).unit == Decimal("100.00")
    await running.tick("day", datetime(2026, 4, 3, 22, tzinfo=UTC))
    assert len(await running.events("client_price.set", tenant.id)) == 2
    assert len(await running.events("client_price.ended", tenant.id)) == 2
    listed = await tenant.client.call(ListClientPrices(client_id=client_id, valid_on=MARCH_31))
    assert [item.value for item in listed.items] == [Decimal("84.99")]
    assert (await other_tenant.client.call(ListClientPrices(client_id=client_id))).items == ()
    unknown = request.model_copy(update={"client_id": uuid4()})
    with pytest.raises(Refused, match="check the id"):
        await tenant.client.call(unknown)
