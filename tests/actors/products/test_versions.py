"""products: changing versions, plans and price rules; comparing, copying, cancelling and rolling back."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from actors.products.rules.versions import AttachedDocument, Content, compare
from messages.problem import Refused
from messages.products.catalogue import GetProduct
from messages.products.pricing import PricePurpose
from messages.products.version_changes import (
    CancelVersion,
    CompareVersions,
    DeletePlan,
    DeletePricingRule,
    DuplicateVersion,
    ListPlans,
    ListPricingRules,
    RollbackVersion,
    SetDefaultPlan,
    UpdatePlan,
    UpdateVersion,
)
from messages.products.versions import (
    CreatePlan,
    CreateVersion,
    GetVersion,
    ListVersions,
    PlanDraft,
    PricingKind,
    PricingRuleDraft,
    ScheduleVersion,
    UsagePrice,
)
from tests.actors.products.builders import priced
from tests.actors.products.test_catalogue import MARCH_10, box, on_sale
from tests.harness import Running, Tenant

APRIL_1 = datetime(2026, 3, 31, 22, tzinfo=UTC)


async def test_case_13_rolling_back_makes_a_new_version(running: Running, tenant: Tenant) -> None:
    product = await on_sale(tenant, box())
    first = (await tenant.client.call(ListVersions(product_id=product.product_id))).items[0]
    dearer = PricingRuleDraft(amount=Decimal("34.90"))
    second = await tenant.client.call(CreateVersion(product_id=product.product_id, pricing=(dearer,)))
    tenant.client.now = datetime(2026, 3, 10, 10, tzinfo=UTC)
    await tenant.client.call(ScheduleVersion(version_id=second.id, effective_from=tenant.client.now))
    tenant.client.now = datetime(2026, 3, 10, 11, 0, 30, tzinfo=UTC)
    unused = RollbackVersion(product_id=product.product_id, target_version_id=uuid4())
    with pytest.raises(Refused, match="VERSION_NOT_FOUND"):
        await tenant.client.call(unused)
    back = await tenant.client.call(RollbackVersion(product_id=product.product_id, target_version_id=first.id))
    next_minute = datetime(2026, 3, 10, 11, 1, tzinfo=UTC)
    assert (back.number, back.state, back.effective_from) == (3, "SCHEDULED", next_minute)
    await running.tick("minute", next_minute)
    line = await priced(tenant, product.product_id, purpose=PricePurpose.SIMULATION, as_of=next_minute)
    assert (line.version_id, line.gross.amount) == (back.id, Decimal("29.90"))
    bodies = [body for _, body in await running.events("product_version.effective", tenant.id)]
    assert [body["changed_areas"] for body in bodies] == [["PRICE", "TERMS"], ["PRICE"], ["PRICE"]]


async def test_a_scheduled_version_is_given_up_and_the_one_before_goes_on(
    running: Running, tenant: Tenant, other_tenant: Tenant
) -> None:
    product = await on_sale(tenant, box())
    first = (await tenant.client.call(ListVersions(product_id=product.product_id))).items[0]
    planned = await tenant.client.call(DuplicateVersion(version_id=first.id, effective_from=APRIL_1))
    assert (planned.number, planned.state) == (2, "SCHEDULED")
    assert (await tenant.client.call(GetVersion(version_id=first.id))).effective_to == APRIL_1
    with pytest.raises(Refused, match="VERSION_LOCKED"):
        await tenant.client.call(CancelVersion(version_id=first.id))
    with pytest.raises(Refused, match="VERSION_NOT_FOUND"):
        await other_tenant.client.call(CancelVersion(version_id=planned.id))
    assert (await tenant.client.call(CancelVersion(version_id=planned.id))).state == "CANCELLED"
    assert (await tenant.client.call(GetVersion(version_id=first.id))).effective_to is None
    assert len(await running.events("product_version.cancelled", tenant.id)) == 1
    found = await tenant.client.call(GetProduct(product_id=product.product_id, as_of=APRIL_1))
    assert [version.id for version in found.versions] == [first.id]


async def test_a_version_with_an_end_and_no_successor_is_superseded_by_the_clock(
    running: Running, tenant: Tenant
) -> None:
    tenant.client.now = MARCH_10
    product = await tenant.client.call(box())
    (version,) = (await tenant.client.call(ListVersions(product_id=product.product_id))).items
    ended = await tenant.client.call(
        UpdateVersion(version_id=version.id, expected_version=version.version, effective_to=APRIL_1, notes="dernière")
    )
    assert (ended.effective_to, ended.notes) == (APRIL_1, "dernière")
    await running.tick("minute", APRIL_1)
    assert (await tenant.client.call(GetVersion(version_id=version.id))).state == "SUPERSEDED"
    assert len(await running.events("product_version.superseded", tenant.id)) == 1


async def test_the_dates_of_a_published_version_are_fixed_but_its_notes_are_not(tenant: Tenant) -> None:
    product = await on_sale(tenant, box())
    (version,) = (await tenant.client.call(ListVersions(product_id=product.product_id))).items
    change = UpdateVersion(version_id=version.id, expected_version=version.version, effective_to=APRIL_1)
    with pytest.raises(Refused, match="VERSION_LOCKED"):
        await tenant.client.call(change)
    with pytest.raises(Refused, match="VERSION_LOCKED"):
        await tenant.client.call(UpdateVersion(version_id=version.id, expected_version=version.version, breaking=True))
    noted = UpdateVersion(version_id=version.id, expected_version=version.version, notes="relue")
    assert (await tenant.client.call(noted)).notes == "relue"


async def test_plans_and_prices_of_a_draft_change(running: Running, tenant: Tenant, other_tenant: Tenant) -> None:
    product = await on_sale(tenant, box())
    draft = await tenant.client.call(CreateVersion(product_id=product.product_id))
    comfort = await tenant.client.call(CreatePlan(version_id=draft.id, plan=PlanDraft(code="CONFORT", name="Confort")))
    renamed = await tenant.client.call(UpdatePlan(plan_id=comfort.id, expected_version=1, name="Confort plus"))
    assert renamed.name == "Confort plus"
    with pytest.raises(Refused, match="PRODUCT_PLAN_NOT_FOUND"):
        await other_tenant.client.call(UpdatePlan(plan_id=comfort.id, name="x"))
    (default,) = [plan for plan in draft.plans if plan.is_default]
    with pytest.raises(Refused, match="LAST_PLAN"):
        await tenant.client.call(DeletePlan(plan_id=default.id))
    await tenant.client.call(SetDefaultPlan(plan_id=comfort.id))
    await tenant.client.call(DeletePlan(plan_id=default.id))
    plans = await tenant.client.call(ListPlans(version_id=draft.id))
    assert [(plan.code, plan.is_default) for plan in plans.items] == [("CONFORT", True)]
    rules = await tenant.client.call(ListPricingRules(version_id=draft.id))
    for rule in rules.rules:
        with pytest.raises(Refused, match="RULE_NOT_FOUND"):
            await other_tenant.client.call(DeletePricingRule(rule_id=rule.id))
        await tenant.client.call(DeletePricingRule(rule_id=rule.id))
    with pytest.raises(Refused, match="VERSION_EMPTY"):
        await tenant.client.call(ScheduleVersion(version_id=draft.id, effective_from=APRIL_1))
    sold = (await tenant.client.call(ListPlans(product_id=product.product_id, active=True))).items
    locked = next(plan for plan in sold if plan.id != comfort.id)
    with pytest.raises(Refused, match="VERSION_LOCKED"):
        await tenant.client.call(UpdatePlan(plan_id=locked.id, name="x"))
    assert (await other_tenant.client.call(ListPlans(version_id=draft.id))).items == ()


async def test_versions_are_compared(tenant: Tenant, other_tenant: Tenant) -> None:
    product = await on_sale(tenant, box())
    (first,) = (await tenant.client.call(ListVersions(product_id=product.product_id))).items
    dearer = await tenant.client.call(
        CreateVersion(product_id=product.product_id, pricing=(PricingRuleDraft(amount=Decimal("34.90")),))
    )
    found = await tenant.client.call(CompareVersions(a_id=first.id, b_id=dearer.id))
    assert [(change.path, change.before, change.after) for change in found.changed] == [
        ("pricing.*.RECURRING_PRICE.amount", "29.9", "34.9")
    ]
    assert (found.breaking, found.changed_areas) == (True, ("PRICE",))
    back = await tenant.client.call(CompareVersions(a_id=dearer.id, b_id=first.id))
    assert not back.breaking
    with pytest.raises(Refused, match="VERSION_NOT_FOUND"):
        await other_tenant.client.call(CompareVersions(a_id=first.id, b_id=dearer.id))


async def test_case_8_usage_is_priced_by_the_rule_of_the_version(tenant: Tenant) -> None:
    usage = UsagePrice(unit="MINUTE", unit_price=Decimal("0.15"), included_units=Decimal(100), min_charge=Decimal(5))
    rule = PricingRuleDraft(kind=PricingKind.USAGE, usage=usage, tax_included=False)
    version: dict[str, Any] = {"pricing": (rule,)}
    product = await on_sale(tenant, box(first_version=version))
    line = await priced(tenant, product.product_id, "150")
    assert (line.net.amount, line.unit) == (Decimal("7.50"), Decimal("0.05"))


def test_another_mandatory_document_breaks_a_version() -> None:
    def with_document(mandatory: bool) -> Content:
        return Content((), (), (AttachedDocument("NOTICE", "fr", uuid4(), mandatory),))

    assert compare(with_document(True), with_document(True)).breaking
    found = compare(with_document(False), with_document(False))
    assert not found.breaking and found.changed_areas == ("DOCUMENTS",)
