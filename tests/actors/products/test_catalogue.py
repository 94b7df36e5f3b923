"""products: seeds, products, their life, versions, publications and accounts."""

import asyncio
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from messages.identity import OrganisationCreated
from messages.problem import Refused
from messages.products.catalogue import (
    CreateProduct,
    GetProduct,
    Lifecycle,
    ListProducts,
    Product,
    TransitionProduct,
    UpdateProduct,
)
from messages.products.price_lists import CreatePriceList, ListPriceLists, SetDefaultPriceList
from messages.products.pricing import CalculatePrice, LineDraft, PriceContext, PricePurpose
from messages.products.publications import (
    AccountNature,
    Channel,
    CreatePublication,
    ListPublications,
    ResolveAccounts,
    SetAccountingMapping,
    WithdrawPublication,
)
from messages.products.ranges import CreateRange, ListRanges, Sector
from messages.products.versions import (
    CreateVersion,
    PricingRuleDraft,
    ScheduleVersion,
    SetPricingRule,
    VersionDraft,
)
from tests.harness import Running, Tenant

MARCH_10 = datetime(2026, 3, 10, 9, tzinfo=UTC)


def box(sku: str = "FT-BOX-001", amount: str = "29.90", **changes: Any) -> CreateProduct:
    """A telecom subscription at 29.90 gross a month."""
    fields: dict[str, Any] = {
        "sku": sku,
        "name": "Box fibre",
        "sector": Sector.TELECOM,
        "commitment_months": 12,
        "first_version": VersionDraft(pricing=(PricingRuleDraft(amount=Decimal(amount)),)),
    }
    return CreateProduct(**(fields | changes))


async def on_sale(tenant: Tenant, request: CreateProduct) -> Product:
    """A product that is active and published for the company on the web."""
    tenant.client.now = tenant.client.now or MARCH_10
    created = await tenant.client.call(request)
    product = await tenant.client.call(TransitionProduct(product_id=created.product_id, to=Lifecycle.ACTIVE))
    await tenant.client.call(
        CreatePublication(product_id=product.product_id, channels=frozenset({Channel.WEB, Channel.TELESALES}))
    )
    return product


async def test_a_new_organisation_has_ranges_rates_and_accounts(running: Running, tenant: Tenant) -> None:
    ranges = await tenant.client.call(ListRanges())
    assert "SERVICES" in [found.code for found in ranges.items]
    assert len(await running.events("product_range.created", tenant.id)) == len(ranges.items)
    assert len(await running.events("vat_rate.saved", tenant.id)) == 18
    mappings = [body for _, body in await running.events("accounting_mapping.saved", tenant.id)]
    assert {body["nature"]: body["gl_account"] for body in mappings} == {
        "REVENUE": "706000", "COMMISSION": "708200", "FEE": "628000", "TAX": "445710",
    }  # fmt: skip
    lists = await tenant.client.call(ListPriceLists(is_default=True))
    assert [found.name for found in lists.items] == ["Tarif public"]


async def test_hearing_of_the_organisation_again_changes_nothing(running: Running, tenant: Tenant) -> None:
    (_, body), *_ = await running.events("organisation.created", tenant.id)
    await running.state(OrganisationCreated.model_validate(body), tenant.id, version=1)
    await running.settled()
    assert len(await running.events("vat_rate.saved", tenant.id)) == 18


async def test_case_19_a_product_reads_back_as_it_was_created(running: Running, tenant: Tenant) -> None:
    created = await tenant.client.call(box(sector=Sector.INSURANCE_HEALTH))
    found = await tenant.client.call(GetProduct(product_id=created.product_id))
    assert (found.kind, found.sector, found.lifecycle) == ("OWN", "INSURANCE_HEALTH", "DRAFT")
    assert (found.withdrawal_days, found.owner_company_id) == (14, tenant.company_id)
    assert [version.state for version in found.versions] == ["EFFECTIVE"]
    assert [plan.code for plan in found.versions[0].plans] == ["DEFAULT"]
    ((headers, body),) = await running.events("product.created", tenant.id)
    assert headers["ce-crmversion"] == "1"
    assert body["indicative"] == {
        "price": {"amount": "29.90", "currency": "EUR"}, "tax_included": True, "vat_rate": "20.00", "vat_category": "S",
    }  # fmt: skip
    assert len(await running.events("product_version.effective", tenant.id)) == 1
    assert len(await running.events("product_plan.saved", tenant.id)) == 1


async def test_what_others_keep_with_a_product_is_replaced_as_a_whole(tenant: Tenant) -> None:
    call = tenant.client.call
    made = await call(box(metadata={"erp": "4711", "shelf": "B"}))
    assert made.metadata == {"erp": "4711", "shelf": "B"}
    request = UpdateProduct(product_id=made.product_id, expected_version=made.version, metadata={"erp": "4712"})
    changed = await call(request)
    assert (await call(GetProduct(product_id=made.product_id))).metadata == {"erp": "4712"}
    request = UpdateProduct(product_id=made.product_id, expected_version=changed.version, metadata={})
    assert (await call(request)).metadata == {}


async def test_case_28_tenants_do_not_see_each_other_and_skus_ignore_capitals(
    tenant: Tenant, other_tenant: Tenant
) -> None:
    created = await tenant.client.call(box())
    with pytest.raises(Refused, match="SKU_EXISTS"):
        await tenant.client.call(box(sku="ft-box-001"))
    await other_tenant.client.call(box())
    with pytest.raises(Refused, match="PRODUCT_NOT_FOUND"):
        await other_tenant.client.call(GetProduct(product_id=created.product_id))
    line = LineDraft(product_id=created.product_id)
    with pytest.raises(Refused, match="PRODUCT_NOT_FOUND"):
        await other_tenant.client.call(CalculatePrice(line=line))
    with pytest.raises(Refused, match="NOT_FOUND"):
        await other_tenant.client.call(
            CreatePublication(product_id=created.product_id, channels=frozenset({Channel.WEB}))
        )


async def test_a_token_without_the_permission_is_refused(tenant: Tenant) -> None:
    with pytest.raises(Refused, match="PERMISSION_MISSING"):
        await tenant.client.call(box(), token=tenant.token("products:product:read"))


async def test_a_product_without_a_price_is_not_ready(tenant: Tenant) -> None:
    created = await tenant.client.call(box(first_version=None))
    with pytest.raises(Refused, match="READINESS_FAILED"):
        await tenant.client.call(TransitionProduct(product_id=created.product_id, to=Lifecycle.ACTIVE))
    version = await tenant.client.call(CreateVersion(product_id=created.product_id))
    with pytest.raises(Refused, match="VERSION_EMPTY"):
        await tenant.client.call(
            ScheduleVersion(version_id=version.id, effective_from=datetime(2099, 1, 1, tzinfo=UTC))
        )
    rule = PricingRuleDraft(amount=Decimal("12.00"), tax_included=False)
    await tenant.client.call(SetPricingRule(version_id=version.id, rule=rule))
    await tenant.client.call(ScheduleVersion(version_id=version.id, effective_from=datetime(2099, 1, 1, tzinfo=UTC)))
    product = await tenant.client.call(TransitionProduct(product_id=created.product_id, to=Lifecycle.ACTIVE))
    assert product.lifecycle == "ACTIVE"


async def test_case_21_frozen_and_retired_products(running: Running, tenant: Tenant) -> None:
    product = await on_sale(tenant, box())

    async def price(purpose: PricePurpose) -> Decimal:
        line, context = LineDraft(product_id=product.product_id), PriceContext(purpose=purpose)
        return (await tenant.client.call(CalculatePrice(line=line, context=context))).gross.amount

    assert await price(PricePurpose.SALE) == Decimal("29.90")
    frozen = TransitionProduct(product_id=product.product_id, to=Lifecycle.FROZEN, reason="nouvelle gamme")
    await tenant.client.call(frozen)
    with pytest.raises(Refused, match="PRODUCT_NOT_SELLABLE"):
        await price(PricePurpose.SALE)
    assert await price(PricePurpose.RENEWAL) == Decimal("29.90")
    await tenant.client.call(TransitionProduct(product_id=product.product_id, to=Lifecycle.RETIRED, reason="fin"))
    for purpose in (PricePurpose.SALE, PricePurpose.RENEWAL):
        with pytest.raises(Refused, match="PRODUCT_NOT_SELLABLE"):
            await price(purpose)
    with pytest.raises(Refused, match="INVALID_TRANSITION"):
        await tenant.client.call(TransitionProduct(product_id=product.product_id, to=Lifecycle.ACTIVE))
    changes = [(body["from"], body["to"]) for _, body in await running.events("product.lifecycle_changed", tenant.id)]
    assert changes == [("DRAFT", "ACTIVE"), ("ACTIVE", "FROZEN"), ("FROZEN", "RETIRED")]
    assert len(await running.events("product_publication.ended", tenant.id)) == 1


async def test_what_decides_the_price_is_locked_by_the_publication(tenant: Tenant) -> None:
    product = await on_sale(tenant, box())
    change = UpdateProduct(product_id=product.product_id, expected_version=product.version, sku="OTHER")
    with pytest.raises(Refused, match="PRODUCT_LOCKED"):
        await tenant.client.call(change)
    renamed = await tenant.client.call(
        UpdateProduct(product_id=product.product_id, expected_version=product.version, name="Box fibre 2")
    )
    assert (renamed.name, renamed.version) == ("Box fibre 2", product.version + 1)
    found = await tenant.client.call(ListProducts(search="fibre 2", lifecycle=(Lifecycle.ACTIVE,)))
    assert [item.sku for item in found.items] == ["FT-BOX-001"]


async def test_case_13_versions_change_at_midnight_in_paris(running: Running, tenant: Tenant) -> None:
    tenant.client.now = datetime(2026, 2, 1, 9, tzinfo=UTC)
    product = await on_sale(tenant, box())
    draft = await tenant.client.call(
        CreateVersion(product_id=product.product_id, pricing=(PricingRuleDraft(amount=Decimal("34.90")),))
    )
    march = datetime(2026, 2, 28, 23, tzinfo=UTC)
    await tenant.client.call(ScheduleVersion(version_id=draft.id, effective_from=march))
    third = await tenant.client.call(CreateVersion(product_id=product.product_id, from_version_id=draft.id))
    with pytest.raises(Refused, match="VERSION_OVERLAP"):
        await tenant.client.call(ScheduleVersion(version_id=third.id, effective_from=datetime(2026, 2, 20, tzinfo=UTC)))
    with pytest.raises(Refused, match="EFFECTIVE_IN_PAST"):
        await tenant.client.call(ScheduleVersion(version_id=third.id, effective_from=datetime(2026, 1, 1, tzinfo=UTC)))

    async def gross(as_of: datetime) -> Decimal:
        context = PriceContext(purpose=PricePurpose.SIMULATION)
        line = LineDraft(product_id=product.product_id)
        return (await tenant.client.call(CalculatePrice(line=line, context=context, as_of=as_of))).gross.amount

    assert await gross(datetime(2026, 2, 28, 22, 59, 59, tzinfo=UTC)) == Decimal("29.90")
    assert await gross(march) == Decimal("34.90")
    await running.tick("minute", march)
    states = (await tenant.client.call(GetProduct(product_id=product.product_id))).versions
    assert [version.state for version in states] == ["DRAFT", "EFFECTIVE", "SUPERSEDED"]
    assert len(await running.events("product_version.superseded", tenant.id)) == 1
    assert len(await running.events("product_publication.ended", tenant.id)) == 1


async def test_a_publication_starts_and_ends_by_the_clock(running: Running, tenant: Tenant) -> None:
    tenant.client.now = MARCH_10
    product = await tenant.client.call(box())
    with pytest.raises(Refused, match="READINESS_FAILED"):
        await tenant.client.call(CreatePublication(product_id=product.product_id, channels=frozenset({Channel.WEB})))
    await tenant.client.call(TransitionProduct(product_id=product.product_id, to=Lifecycle.ACTIVE))
    planned = await tenant.client.call(
        CreatePublication(
            product_id=product.product_id,
            channels=frozenset({Channel.WEB}),
            start_at=datetime(2026, 3, 11, tzinfo=UTC),
            end_at=datetime(2026, 3, 12, tzinfo=UTC),
        )
    )
    assert planned.state == "SCHEDULED"
    line = LineDraft(sku="FT-BOX-001")
    with pytest.raises(Refused, match="PRODUCT_NOT_SELLABLE"):
        await tenant.client.call(CalculatePrice(line=line))
    await running.tick("minute", datetime(2026, 3, 11, tzinfo=UTC))
    await running.tick("minute", datetime(2026, 3, 12, tzinfo=UTC))
    found = await tenant.client.call(ListPublications(product_id=product.product_id))
    assert [item.state for item in found.items] == ["ENDED"]
    assert len(await running.events("product_publication.live", tenant.id)) == 1


async def test_another_version_takes_a_channel_over_only_when_told(running: Running, tenant: Tenant) -> None:
    product = await on_sale(tenant, box())
    draft = await tenant.client.call(
        CreateVersion(product_id=product.product_id, pricing=(PricingRuleDraft(amount=Decimal("34.90")),))
    )
    tenant.client.now = datetime(2026, 3, 10, 10, tzinfo=UTC)
    await tenant.client.call(ScheduleVersion(version_id=draft.id, effective_from=tenant.client.now))
    tenant.client.now = datetime(2026, 3, 10, 11, tzinfo=UTC)
    second = await tenant.client.call(CreatePublication(version_id=draft.id, channels=frozenset({Channel.WEB})))
    assert second.state == "LIVE"
    withdrawn = await tenant.client.call(
        WithdrawPublication(publication_id=second.publication_id, reason="erreur de prix")
    )
    assert withdrawn.state == "WITHDRAWN"
    with pytest.raises(Refused, match="INVALID_TRANSITION"):
        await tenant.client.call(WithdrawPublication(publication_id=second.publication_id, reason="encore"))


async def test_case_22_two_changes_of_the_default_list_leave_one_default(tenant: Tenant) -> None:
    first = await tenant.client.call(CreatePriceList(code="A", name="Liste A"))
    second = await tenant.client.call(CreatePriceList(code="B", name="Liste B"))
    await asyncio.gather(
        *(tenant.client.call(SetDefaultPriceList(list_id=found.list_id)) for found in (first, second) * 3),
        return_exceptions=True,
    )
    defaults = await tenant.client.call(ListPriceLists(is_default=True))
    assert len(defaults.items) == 1
    assert defaults.items[0].code in ("A", "B")


async def test_accounts_come_from_the_product_then_its_ranges_then_the_default(tenant: Tenant) -> None:
    top = await tenant.client.call(CreateRange(name="Gamme fibre"))
    below = await tenant.client.call(CreateRange(name="Fibre pro", parent_id=top.id))
    product = await tenant.client.call(box(range_id=below.id))

    async def account() -> tuple[str, bool]:
        sought = ResolveAccounts(product_id=product.product_id, nature=AccountNature.REVENUE)
        found = await tenant.client.call(sought)
        return found.gl_account, found.is_default

    assert await account() == ("706000", True)
    mapping = {"nature": AccountNature.REVENUE, "journal": "VT"}
    await tenant.client.call(SetAccountingMapping(range_id=top.id, gl_account="706100", **mapping))
    assert await account() == ("706100", False)
    await tenant.client.call(SetAccountingMapping(product_id=product.product_id, gl_account="706200", **mapping))
    assert await account() == ("706200", False)
    with pytest.raises(Refused, match="MAPPING_OVERLAP"):
        await tenant.client.call(SetAccountingMapping(product_id=product.product_id, gl_account="706300", **mapping))
