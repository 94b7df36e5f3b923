"""commercial: representatives and plans."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest

from messages.commercial import (
    ActivatePlan,
    ActivateSalesRep,
    AttributeContract,
    CreateCommissionPlan,
    CreatePlanVersion,
    DeactivatePlan,
    DeactivateSalesRep,
    GetCommissionPlan,
    GetCommissionSettings,
    GetSalesRep,
    ListCommissionPlans,
    ListRecurringRights,
    ListSalesReps,
    PublishPlanVersion,
    UpdateCommissionSettings,
    UpdatePlanVersion,
    UpdateSalesRep,
)
from messages.problem import Refused
from tests.actors.commercial.people import plan, representative
from tests.actors.commercial.sales import Sale
from tests.harness import Tenant

FIXED: dict[str, Any] = {"calculation": {"type": "FIXED", "base": "FLAT", "fixed_amount": "40.00"}}


async def test_a_representative_gets_a_number_a_status_and_tidied_names(tenant: Tenant) -> None:
    rep = await representative(tenant, given_name="PAUL", family_name="DE LA TOUR", email="paul@example.fr")
    assert (rep.code, rep.legal_status, rep.family_name) == ("REP-00001", "VRP_EXCLUSIVE", "de La Tour")
    (stated,) = await tenant.running.events("sales_rep.created", tenant.id)
    assert (stated[1]["rep_id"], stated[1]["active"]) == (str(rep.rep_id), True)
    assert (await tenant.client.call(GetSalesRep(email="paul@example.fr"))).rep_id == rep.rep_id


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("email", "paul@example.fr", "REP_DUPLICATE_EMAIL"),
        ("user_id", str(UUID(int=7)), "REP_DUPLICATE_USER"),
        ("code", "P-7", "REP_DUPLICATE_CODE"),
    ],
)
async def test_what_identifies_a_representative_is_unique(tenant: Tenant, field: str, value: str, code: str) -> None:
    await representative(tenant, **{field: value})
    with pytest.raises(Refused) as refusal:
        await representative(tenant, **{field: value})
    assert refusal.value.code.code == code


async def test_a_homonym_is_reported_and_refused_only_on_demand(tenant: Tenant) -> None:
    first = await representative(tenant)
    second = await representative(tenant, given_name="paul")
    assert [found.rep_id for found in second.possible_duplicates] == [first.rep_id]
    with pytest.raises(Refused) as refusal:
        await representative(tenant, allow_homonym=False)
    assert refusal.value.code.code == "REP_DUPLICATE_NAME"


async def test_a_stale_version_is_refused_and_a_change_is_stated(tenant: Tenant) -> None:
    rep = await representative(tenant)
    changed = await tenant.client.call(UpdateSalesRep(rep_id=rep.rep_id, expected_version=1, family_name="Martin"))
    assert (changed.version, changed.family_name) == (2, "Martin")
    (stated,) = await tenant.running.events("sales_rep.updated", tenant.id)
    assert stated[1]["changed_fields"] == ["family_name"]
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(UpdateSalesRep(rep_id=rep.rep_id, expected_version=1, family_name="Durand"))
    assert refusal.value.code.code == "VERSION_CONFLICT"


async def test_representatives_are_listed_in_pages(tenant: Tenant) -> None:
    for name in ("Anne", "Paul", "Zoé"):
        await representative(tenant, given_name=name)
    first = await tenant.client.call(ListSalesReps(limit=2))
    rest = await tenant.client.call(ListSalesReps(limit=2, cursor=first.next_cursor))
    assert [rep.code for rep in (*first.items, *rest.items)] == ["REP-00001", "REP-00002", "REP-00003"]
    assert [rep.given_name for rep in (await tenant.client.call(ListSalesReps(search="zoe"))).items] == ["Zoé"]


async def test_a_representative_who_left_gets_no_contract_and_earns_nothing_more(tenant: Tenant) -> None:
    rep, successor = await representative(tenant), await representative(tenant, given_name="Anne")
    await plan(tenant, terms=FIXED | {"recurring": {"enabled": True, "rate_percent": "3"}})
    sale = Sale(tenant, rep.rep_id)
    await sale.sell(date(2025, 1, 10))
    left = await tenant.client.call(
        DeactivateSalesRep(
            rep_id=rep.rep_id, exit_date=date(2025, 2, 1), reason="retired", transfer_to_rep_id=successor.rep_id
        )
    )
    assert (left.active, left.balances is not None) == (False, True)
    (stated,) = await tenant.running.events("sales_rep.deactivated", tenant.id)
    assert stated[1]["transfer_to_rep_id"] == str(successor.rep_id)
    (right,) = (await tenant.client.call(ListRecurringRights(rep_id=rep.rep_id))).items
    assert (right.status, right.status_reason) == ("ENDED", "REP_EXIT")
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(
            AttributeContract(
                contract_id=sale.contract_id, rep_id=rep.rep_id, valid_from=date(2025, 3, 1), reason="error"
            )
        )
    assert refusal.value.code.code == "REP_INACTIVE"
    assert (await tenant.client.call(ActivateSalesRep(rep_id=rep.rep_id))).active


async def test_an_earlier_attribution_than_the_current_one_is_refused(tenant: Tenant) -> None:
    rep, other = await representative(tenant), await representative(tenant, given_name="Anne")
    sale = Sale(tenant, rep.rep_id)
    await sale.create(date(2025, 1, 10))
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(
            AttributeContract(
                contract_id=sale.contract_id, rep_id=other.rep_id, valid_from=date(2025, 1, 9), reason="too early"
            )
        )
    assert refusal.value.code.code == "ATTRIBUTION_OVERLAP"


async def test_another_tenants_representative_is_not_found(tenant: Tenant, other_tenant: Tenant) -> None:
    rep = await representative(tenant)
    with pytest.raises(Refused) as refusal:
        await other_tenant.client.call(GetSalesRep(rep_id=rep.rep_id))
    assert refusal.value.code.code == "SALES_REP_NOT_FOUND"
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(GetSalesRep(rep_id=rep.rep_id), token=tenant.token("other:x:read"))
    assert refusal.value.code.code == "PERMISSION_MISSING"


async def test_a_published_version_is_stated_and_never_changes(tenant: Tenant) -> None:
    published = await plan(tenant, "P1", selectors={"channel": "WEB"})
    (version,) = published.versions
    assert (published.status, version.state, len(version.payload_sha256)) == ("ACTIVE", "PUBLISHED", 64)
    (stated,) = await tenant.running.events("commission_plan.published", tenant.id)
    assert (stated[1]["code"], stated[1]["selectors"]["channel"]) == ("P1", "WEB")
    change = UpdatePlanVersion.model_validate(
        {"version_id": version.version_id, "terms": FIXED, "effective_from": "2025-01-01"}
    )
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(change)
    assert refusal.value.code.code == "PLAN_VERSION_IMMUTABLE"


async def test_the_next_version_ends_the_one_before_the_day_before(tenant: Tenant) -> None:
    published = await plan(tenant)
    order: dict[str, Any] = {"plan_id": published.plan_id, "terms": FIXED, "change_reason": "new year"}
    drafted = await tenant.client.call(CreatePlanVersion.model_validate(order | {"effective_from": "2026-01-01"}))
    changed = await tenant.client.call(
        UpdatePlanVersion.model_validate(
            {"version_id": drafted.versions[0].version_id, "terms": FIXED, "effective_from": "2026-02-01"}
        )
    )
    after = await tenant.client.call(PublishPlanVersion(version_id=changed.versions[0].version_id))
    assert [(found.version_no, found.effective_to) for found in after.versions] == [(2, None), (1, date(2026, 1, 31))]
    overlapping = await tenant.client.call(CreatePlanVersion.model_validate(order | {"effective_from": "2025-06-01"}))
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(PublishPlanVersion(version_id=overlapping.versions[0].version_id))
    assert refusal.value.code.code == "PLAN_VERSION_OVERLAP"


async def test_a_code_names_one_plan_only(tenant: Tenant) -> None:
    await plan(tenant, "P1")
    with pytest.raises(Refused) as refusal:
        await plan(tenant, "P1")
    assert refusal.value.code.code == "COMMISSION_PLAN_CODE_EXISTS"


async def test_an_inactive_plan_is_not_chosen_until_it_is_active_again(tenant: Tenant) -> None:
    published = await plan(tenant)
    off = await tenant.client.call(DeactivatePlan(plan_id=published.plan_id, reason="campaign over"))
    assert off.status == "INACTIVE"
    assert len(await tenant.running.events("commission_plan.deactivated", tenant.id)) == 1
    assert (await tenant.client.call(ListCommissionPlans(status="ACTIVE"))).items == ()
    await tenant.client.call(ActivatePlan(plan_id=published.plan_id, reason="again"))
    assert (await tenant.client.call(GetCommissionPlan(code="P1"))).status == "ACTIVE"


async def test_a_draft_alone_cannot_be_activated(tenant: Tenant) -> None:
    created = await tenant.client.call(
        CreateCommissionPlan.model_validate(
            {"code": "D", "name": "Draft", "terms": FIXED, "effective_from": "2025-01-01"}
        )
    )
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(ActivatePlan(plan_id=created.plan_id, reason="hurry"))
    assert refusal.value.code.code == "PLAN_INVALID"


async def test_settings_start_with_their_defaults(tenant: Tenant, other_tenant: Tenant) -> None:
    settings = await tenant.client.call(GetCommissionSettings())
    assert (settings.qc_required, settings.statement_prefix, settings.statement_day) == (True, "BDR", 1)
    changed = await tenant.client.call(UpdateCommissionSettings(expected_version=1, statement_prefix="COMM"))
    assert (changed.statement_prefix, changed.version) == ("COMM", 2)
    assert (await other_tenant.client.call(GetCommissionSettings())).statement_prefix == "BDR"
