"""Creates with a key that is unique: of twenty at once one is stored, and the others are told that it exists already."""

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from messages.base import Request
from messages.problem import Refused
from messages.products.catalogue import ListProducts
from messages.products.partners import CreateProductPartner
from messages.products.price_lists import CreatePriceItem, CreatePriceList
from messages.products.promotions import CreatePromotion
from messages.products.ranges import CreateRange
from messages.products.versions import CreatePlan, CreateVersion
from tests.actors.products.builders import default_list
from tests.actors.products.test_catalogue import MARCH_10, box
from tests.harness import Running, Tenant

TWENTY = 20


async def told(tenant: Tenant, request: Callable[[], Request[Any]]) -> Counter[str]:
    """What twenty callers at once are told."""

    async def one() -> str:
        try:
            await tenant.client.call(request())
        except Refused as refusal:
            return refusal.code.code
        return "STORED"

    return Counter(await asyncio.gather(*(one() for _ in range(TWENTY))))


async def test_of_twenty_at_once_one_is_stored(running: Running, tenant: Tenant, other_tenant: Tenant) -> None:
    call, tenant.client.now = tenant.client.call, MARCH_10
    product_id = (await call(box("FT-ONE-001"))).product_id
    version = await call(CreateVersion(product_id=product_id))
    item = CreatePriceItem(list_id=await default_list(tenant), product_id=product_id, unit_price=Decimal("9.90"))
    plan = CreatePlan.model_validate({"version_id": version.id, "plan": {"code": "GOLD", "name": "Gold"}})
    partner = CreateProductPartner.model_validate({"name": "Oggo", "legal_name": "Oggo SA", "type": "INSURER"})
    promotion = CreatePromotion.model_validate(
        {
            "code": "SPRING", "name": "Spring", "kind": "PERCENT", "value": "10", "starts_on": date(2026, 3, 10),
            "ends_on": date(2026, 3, 31), "targets": {"product_ids": [product_id]},
        }
    )  # fmt: skip
    for request, code in (
        (box("FT-ONE-002"), "SKU_EXISTS"),
        (CreateRange(code="ONE", name="One"), "RANGE_CODE_EXISTS"),
        (CreatePriceList(code="ONE", name="One"), "LIST_CODE_EXISTS"),
        (item, "PRICE_EXISTS"),
        (plan, "PLAN_CODE_EXISTS"),
        (partner, "PARTNER_NAME_EXISTS"),
        (promotion, "PROMO_CODE_EXISTS"),
    ):
        assert await told(tenant, lambda request=request: request) == {"STORED": 1, code: TWENTY - 1}  # type: ignore[misc]
    assert len((await call(ListProducts(search="ONE"))).items) == 2
    assert len(await running.events("product_range.created", tenant.id)) == 1 + len(
        await running.events("product_range.created", other_tenant.id)
    )


async def test_an_id_names_one_product_of_all_organisations(tenant: Tenant, other_tenant: Tenant) -> None:
    tenant.client.now, id_, skus = MARCH_10, uuid4(), iter(range(TWENTY))
    outcome = await told(tenant, lambda: box(f"FT-ID-{next(skus)}", id=id_))
    assert outcome == {"STORED": 1, "ALREADY_EXISTS": TWENTY - 1}
    with pytest.raises(Refused, match="leave it out") as refusal:
        await other_tenant.client.call(box(id=id_))
    assert refusal.value.code.code == "ALREADY_EXISTS"
