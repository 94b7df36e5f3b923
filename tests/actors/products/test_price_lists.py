"""products: which price list applies to whom, and changing many prices at once."""

from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID, uuid4

import pytest

from messages.problem import Refused
from messages.products.price_changes import (
    AdjustPrices,
    BulkUpsertPriceItems,
    PriceFilter,
    PriceItemDraft,
    PriceRounding,
)
from messages.products.price_lists import (
    AssignmentCriteria,
    AssignPriceList,
    CreatePriceItem,
    CreatePriceList,
    DeletePriceItem,
    DeletePriceList,
    DuplicatePriceList,
    GetActivePriceList,
    GetPriceList,
    ListPriceItems,
    ListPriceListAssignments,
    ListPriceLists,
    UnassignPriceList,
    UpdatePriceItem,
    UpdatePriceList,
)
from messages.products.pricing import LineDraft
from messages.products.publications import Channel
from messages.products.quotes import CreatePriceQuote
from messages.products.versions import Tier, TieredPrice, TierMode
from tests.actors.products.builders import default_list, known_client, noon, priced
from tests.actors.products.test_catalogue import MARCH_10, box, on_sale
from tests.harness import Running, Tenant


async def new_list(tenant: Tenant, code: str, product_id: UUID | None, unit: str = "0", **fields: object) -> UUID:
    made = await tenant.client.call(CreatePriceList.model_validate({"code": code, "name": code, **fields}))
    if product_id is not None:
        item = CreatePriceItem(list_id=made.list_id, product_id=product_id, unit_price=Decimal(unit))
        await tenant.client.call(item)
    return made.list_id


async def assign(tenant: Tenant, list_id: UUID, **criteria: object) -> UUID:
    request = AssignPriceList(list_id=list_id, criteria=AssignmentCriteria.model_validate(criteria))
    return (await tenant.client.call(request)).assignment_id


async def test_case_11_the_most_specific_list_with_a_price_wins(running: Running, tenant: Tenant) -> None:
    product = await on_sale(tenant, box())
    other = await on_sale(tenant, box("FT-BOX-002"))
    web = {"channel": Channel.WEB}
    march_15, april_1 = noon(date(2026, 3, 15)), noon(date(2026, 4, 1))
    assert (await priced(tenant, product.product_id, as_of=march_15, **web)).source == "RULE"
    public = await default_list(tenant)
    await tenant.client.call(
        CreatePriceItem(list_id=public, product_id=product.product_id, unit_price=Decimal("28.00"))
    )
    seasonal = await new_list(
        tenant, "MARS", product.product_id, "20.00", valid_from=date(2026, 3, 1), valid_to=date(2026, 3, 31)
    )
    await assign(tenant, seasonal, channel=Channel.WEB)
    await assign(tenant, await new_list(tenant, "C", other.product_id, "9.00"), company_id=tenant.company_id)
    stopped = await new_list(tenant, "C-WEB", product.product_id, "1.00")
    await assign(tenant, stopped, company_id=tenant.company_id, channel=Channel.WEB)
    await tenant.client.call(UpdatePriceList(list_id=stopped, expected_version=1, active=False))

    assert (await priced(tenant, product.product_id, as_of=march_15, **web)).list_unit == Decimal(20)
    assert (await priced(tenant, product.product_id, as_of=april_1, **web)).list_unit == Decimal(28)
    assert (await priced(tenant, product.product_id, as_of=march_15)).list_unit == Decimal(28)
    client_id = await known_client(running, tenant)
    await assign(tenant, await new_list(tenant, "CLIENT", product.product_id, "15.00"), client_id=client_id)
    line = await priced(tenant, product.product_id, as_of=march_15, client_id=client_id, **web)
    assert line.list_unit == Decimal(15)
    active = GetActivePriceList(criteria=AssignmentCriteria(channel=Channel.WEB), as_of=march_15)
    found = await tenant.client.call(active)
    assert (found.code, found.specificity) == ("MARS", 4)
    with pytest.raises(Refused, match="NO_ACTIVE_PRICE_LIST"):
        await tenant.client.call(GetActivePriceList(currency="CHF"))


async def test_an_assignment_needs_a_criterion_and_is_made_once(tenant: Tenant, other_tenant: Tenant) -> None:
    list_id = await new_list(tenant, "WEB", None)
    with pytest.raises(Refused, match="CRITERION_REQUIRED"):
        await assign(tenant, list_id)
    assignment_id = await assign(tenant, list_id, channel=Channel.WEB)
    with pytest.raises(Refused, match="ASSIGNMENT_EXISTS"):
        await assign(tenant, list_id, channel=Channel.WEB)
    with pytest.raises(Refused, match="LIST_IN_USE"):
        await tenant.client.call(DeletePriceList(list_id=list_id))
    with pytest.raises(Refused, match="ASSIGNMENT_NOT_FOUND"):
        await other_tenant.client.call(UnassignPriceList(assignment_id=assignment_id))
    assert (await other_tenant.client.call(ListPriceListAssignments(list_id=list_id))).items == ()
    assert len((await tenant.client.call(ListPriceListAssignments(list_id=list_id))).items) == 1
    await tenant.client.call(UnassignPriceList(assignment_id=assignment_id))
    await tenant.client.call(DeletePriceList(list_id=list_id))
    with pytest.raises(Refused, match="LIST_NOT_FOUND"):
        await tenant.client.call(GetPriceList(list_id=list_id))


async def test_a_list_is_changed_copied_and_kept_while_a_quote_uses_it(tenant: Tenant, other_tenant: Tenant) -> None:
    product = await on_sale(tenant, box())
    list_id = await new_list(tenant, "VIP", product.product_id, "20.00")
    renamed = await tenant.client.call(UpdatePriceList(list_id=list_id, expected_version=1, name="Clients VIP"))
    assert (renamed.name, renamed.version) == ("Clients VIP", 2)
    with pytest.raises(Refused, match="VERSION_CONFLICT"):
        await tenant.client.call(UpdatePriceList(list_id=list_id, expected_version=1, name="x"))
    with pytest.raises(Refused, match="LIST_NOT_FOUND"):
        await other_tenant.client.call(UpdatePriceList(list_id=list_id, expected_version=2, name="x"))
    copied = await tenant.client.call(
        DuplicatePriceList(list_id=list_id, code="VIP2", name="VIP 2", percent=Decimal("-10"))
    )
    shown = await tenant.client.call(GetPriceList(list_id=copied.list_id, with_items=True))
    assert [item.unit_price for item in shown.items] == [Decimal(18)]
    context = {"price_list_id": list_id}
    quote = CreatePriceQuote.model_validate({"lines": [LineDraft(product_id=product.product_id)], "context": context})
    await tenant.client.call(quote)
    with pytest.raises(Refused, match="LIST_IN_USE"):
        await tenant.client.call(DeletePriceList(list_id=list_id))
    with pytest.raises(Refused, match="DEFAULT_LIST_UNDELETABLE"):
        await tenant.client.call(DeletePriceList(list_id=await default_list(tenant)))
    with pytest.raises(Refused, match="DEFAULT_LIST_DATED"):
        await tenant.client.call(
            UpdatePriceList(list_id=await default_list(tenant), expected_version=1, valid_to=date(2026, 12, 31))
        )
    listed = await tenant.client.call(ListPriceLists(currency="EUR", valid_on=date(2026, 3, 1)))
    assert [found.code for found in listed.items] == ["PUBLIC", "VIP", "VIP2"]


async def test_a_price_becomes_tiers_and_leaves_its_list(running: Running, tenant: Tenant) -> None:
    product = await on_sale(tenant, box())
    list_id = await default_list(tenant)
    item = await tenant.client.call(
        CreatePriceItem(list_id=list_id, product_id=product.product_id, unit_price=Decimal(20))
    )
    tiers = TieredPrice(
        mode=TierMode.VOLUME,
        tiers=(Tier(up_to=Decimal(9), amount=Decimal(10)), Tier(amount=Decimal("7.5"))),
    )
    changed = await tenant.client.call(UpdatePriceItem(item_id=item.item_id, expected_version=1, tiered=tiers))
    assert (changed.unit_price, changed.tiered) == (None, tiers)
    assert (await priced(tenant, product.product_id, "10")).net.amount == Decimal("75.00")
    with pytest.raises(Refused, match="VERSION_CONFLICT"):
        await tenant.client.call(DeletePriceItem(item_id=item.item_id, expected_version=1))
    await tenant.client.call(DeletePriceItem(item_id=item.item_id, expected_version=2))
    assert (await tenant.client.call(ListPriceItems(list_id=list_id))).items == ()
    assert len(await running.events("price_item.removed", tenant.id)) == 1
    assert (await priced(tenant, product.product_id)).source == "RULE"


async def test_case_18_prices_of_a_list_are_raised_after_a_dry_run(running: Running, tenant: Tenant) -> None:
    tenant.client.now = MARCH_10
    prices = {"A-1": "9.90", "A-2": "12.90", "A-3": "45.00", "A-4": "67.50"}
    list_id = await default_list(tenant)
    for sku, price in prices.items():
        product = await tenant.client.call(box(sku))
        item = CreatePriceItem(list_id=list_id, product_id=product.product_id, unit_price=Decimal(price))
        await tenant.client.call(item)
    request = AdjustPrices(list_id=list_id, percent=Decimal("3.5"))

    async def stored() -> list[str]:
        found = await tenant.client.call(ListPriceItems(list_id=list_id))
        return [f"{item.unit_price:.2f}" for item in found.items if item.unit_price is not None]

    dry = await tenant.client.call(request)
    assert [f"{item.new:.2f}" for item in dry.items] == ["10.25", "13.35", "46.58", "69.86"]
    assert await stored() == list(prices.values())
    endings = request.model_copy(update={"rounding": PriceRounding.ENDING_90, "dry_run": False})
    await tenant.client.call(endings)
    assert await stored() == ["9.90", "12.90", "46.90", "69.90"]
    ((_, body),) = await running.events("price_list.adjusted", tenant.id)
    assert [item["new"]["amount"] for item in body["items"]] == ["46.90", "69.90"]
    await running.tick("minute", datetime(2026, 3, 10, 9, 5, tzinfo=UTC))
    changes = [body for _, body in await running.events("product.updated", tenant.id)]
    assert [body["indicative"]["price"]["amount"] for body in changes[-2:]] == ["46.90", "69.90"]
    nothing = AdjustPrices(list_id=list_id, percent=Decimal(1), filter=PriceFilter(product_ids=(uuid4(),)))
    assert (await tenant.client.call(nothing)).items == ()


async def test_case_29_one_bad_row_of_500_writes_nothing(tenant: Tenant, other_tenant: Tenant) -> None:
    tenant.client.now = MARCH_10
    product = await tenant.client.call(box())
    list_id = await default_list(tenant)
    rows = [
        PriceItemDraft(product_id=product.product_id, plan_code=f"P{number}", unit_price=Decimal(number + 1))
        for number in range(500)
    ]
    rows[321] = rows[321].model_copy(update={"unit_price": Decimal(-1)})
    refused = await tenant.client.call(BulkUpsertPriceItems(list_id=list_id, items=tuple(rows)))
    assert (refused.created, [(error.index, error.code) for error in refused.errors]) == (0, [(321, "NEGATIVE_PRICE")])
    assert (await tenant.client.call(ListPriceItems(list_id=list_id))).items == ()
    partly = await tenant.client.call(BulkUpsertPriceItems(list_id=list_id, items=tuple(rows), atomic=False))
    assert (partly.created, partly.updated, len(partly.errors)) == (499, 0, 1)
    again = await tenant.client.call(BulkUpsertPriceItems(list_id=list_id, items=tuple(rows[:3])))
    assert (again.created, again.updated) == (0, 3)
    theirs = BulkUpsertPriceItems(list_id=await default_list(other_tenant), items=tuple(rows[:1]))
    found = await other_tenant.client.call(theirs)
    assert [error.code for error in found.errors] == ["PRODUCT_NOT_FOUND"]
