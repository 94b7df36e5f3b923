"""products: the suppliers of partner products, what their products need to be sold, and what fixes a product."""

from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest

from messages.commercial import CommissionPlanDeactivated, CommissionPlanPublished, PlanSelectors
from messages.documents import DocumentRestored, DocumentTrashed, DocumentType
from messages.problem import Refused
from messages.products.catalogue import (
    CreateProduct,
    GetProduct,
    IntegrationStatus,
    Lifecycle,
    ListProducts,
    Product,
    ProductKind,
    RevenueModel,
    TransitionProduct,
    UpdateProduct,
)
from messages.products.documents import ListDocumentAlerts, ProductDocumentType
from messages.products.partners import (
    CreateProductPartner,
    DeleteProductPartner,
    GetProductPartner,
    ListProductPartners,
    PartnerContact,
    ProductPartner,
    ProductPartnerStatus,
    ProductPartnerType,
    SetPartnerCompanyActivation,
    UpdateProductPartner,
)
from messages.products.publications import Channel, CheckPublicationLock, CreatePublication, ValidatePublication
from messages.products.ranges import Sector
from tests.actors.products.builders import priced
from tests.actors.products.test_catalogue import MARCH_10, box, on_sale
from tests.actors.products.test_documents import published, stored_file, version_of
from tests.harness import Running, Tenant

WEB = frozenset({Channel.WEB})


def insurer(name: str = "Mutuelle du Parc", **changes: Any) -> CreateProductPartner:
    fields: dict[str, Any] = {"legal_name": f"{name} SA", "type": ProductPartnerType.INSURER, "siren": "732829320"}
    return CreateProductPartner(name=name, **(fields | changes))


async def partner_of(tenant: Tenant, *, active: bool = True) -> ProductPartner:
    """A supplier that the tenant's company sells for."""
    tenant.client.now = MARCH_10
    made = await tenant.client.call(insurer(status=ProductPartnerStatus.ACTIVE))
    if not active:
        return made
    activate = SetPartnerCompanyActivation(
        product_partner_id=made.product_partner_id, company_id=tenant.company_id, active=True
    )
    return await tenant.client.call(activate)


def assurance(partner_id: UUID | None, **changes: Any) -> CreateProduct:
    fields = {
        "sku": "AP-SAN-001",
        "kind": ProductKind.PARTNER,
        "product_partner_id": partner_id,
        "sector": Sector.INSURANCE_HEALTH,
        "tax_class": "INSURANCE_EXEMPT",
    }
    return box(amount="52.00", **(fields | changes))


async def plan_published(running: Running, tenant: Tenant, *, version: int = 1, **selectors: Any) -> UUID:
    plan_id: UUID = selectors.pop("plan_id", None) or uuid4()
    event = CommissionPlanPublished(
        plan_id=plan_id,
        code="PLAN-1",
        version_no=version,
        effective_from=date(2026, 1, 1),
        selectors=PlanSelectors(**selectors),
    )
    await running.state(event, tenant.id, version=version)
    await running.settled()
    return plan_id


async def failed_checks(tenant: Tenant, product: Product) -> set[str]:
    version_id = await version_of(tenant, product.product_id)
    check = ValidatePublication(version_id=version_id, company_id=tenant.company_id, channels=WEB)
    found = await tenant.client.call(check)
    return {each.code for each in found.checks if each.blocking and not each.passed}


async def test_case_19_a_product_of_a_partner_reads_back_as_it_was_created(
    tenant: Tenant, other_tenant: Tenant
) -> None:
    partner = await partner_of(tenant)
    made = await tenant.client.call(assurance(partner.product_partner_id))
    read = await tenant.client.call(GetProduct(product_id=made.product_id))
    assert (read.kind, read.sector, read.lifecycle) == (
        ProductKind.PARTNER,
        Sector.INSURANCE_HEALTH,
        Lifecycle.DRAFT,
    )
    assert (read.product_partner_id, read.revenue_model) == (partner.product_partner_id, RevenueModel.COMMISSION)
    with pytest.raises(Refused, match="PARTNER_REQUIRED"):
        await tenant.client.call(assurance(None, sku="AP-SAN-002"))
    with pytest.raises(Refused, match="an OWN product has no partner"):
        await tenant.client.call(assurance(partner.product_partner_id, kind=ProductKind.OWN, sku="AP-SAN-002"))
    with pytest.raises(Refused, match="names no product partner"):
        await other_tenant.client.call(assurance(partner.product_partner_id))


async def test_a_partners_product_is_sold_by_the_companies_activated_for_him(running: Running, tenant: Tenant) -> None:
    partner = await partner_of(tenant, active=False)
    product = await tenant.client.call(assurance(partner.product_partner_id))
    assert await failed_checks(tenant, product) >= {"partner_active", "commission_plan_present"}
    go = TransitionProduct(product_id=product.product_id, to=Lifecycle.ACTIVE)
    with pytest.raises(Refused, match=r"its partner is not ACTIVE or not activated for the company"):
        await tenant.client.call(go)
    activation = SetPartnerCompanyActivation(
        product_partner_id=partner.product_partner_id, company_id=tenant.company_id, active=True
    )
    activated = await tenant.client.call(activation)
    assert [(each.active, each.since) for each in activated.activations] == [(True, date(2026, 3, 10))]
    assert await tenant.client.call(activation) == activated
    await plan_published(running, tenant, product_type=product.product_type)
    await tenant.client.call(go)
    await tenant.client.call(CreatePublication(product_id=product.product_id, channels=WEB))
    assert (await priced(tenant, product.product_id, channel=Channel.WEB)).gross.amount == 52
    stopped = await tenant.client.call(activation.model_copy(update={"active": False}))
    assert [(each.active, each.until) for each in stopped.activations] == [(False, date(2026, 3, 10))]
    with pytest.raises(Refused, match="its partner is not active for the company"):
        await priced(tenant, product.product_id, channel=Channel.WEB)
    said = [body["company_ids"] for _, body in await running.events("product_partner.saved", tenant.id)]
    assert said == [[], [str(tenant.company_id)], []]


async def test_a_plan_of_another_product_or_one_that_was_dropped_pays_nobody(running: Running, tenant: Tenant) -> None:
    partner = await partner_of(tenant)
    product = await tenant.client.call(assurance(partner.product_partner_id))
    await plan_published(running, tenant, product_id=uuid4())
    assert "commission_plan_present" in await failed_checks(tenant, product)
    plan_id = await plan_published(running, tenant, product_range_id=product.range_id, version=1)
    assert "commission_plan_present" not in await failed_checks(tenant, product)
    dropped = CommissionPlanDeactivated(plan_id=plan_id, code="PLAN-1", reason="remplacé")
    await running.state(dropped, tenant.id, version=3)
    await plan_published(running, tenant, product_range_id=product.range_id, version=2, plan_id=plan_id)
    assert "commission_plan_present" in await failed_checks(tenant, product)


async def test_what_earns_no_commission_needs_no_plan(tenant: Tenant) -> None:
    tenant.client.now = MARCH_10
    own = await tenant.client.call(box())
    assert await failed_checks(tenant, own) == {"lifecycle_ok"}


async def test_partners_are_listed_changed_and_removed_only_without_products(
    tenant: Tenant, other_tenant: Tenant
) -> None:
    partner = await partner_of(tenant)
    spare = await tenant.client.call(insurer("Énergie Verte", type=ProductPartnerType.ENERGY))
    with pytest.raises(Refused, match="PARTNER_NAME_EXISTS"):
        await tenant.client.call(insurer("Énergie Verte"))
    by_name = await tenant.client.call(ListProductPartners(search="energie"))
    by_company = await tenant.client.call(ListProductPartners(company_id=tenant.company_id))
    first = await tenant.client.call(ListProductPartners(limit=1))
    second = await tenant.client.call(ListProductPartners(limit=1, cursor=first.next_cursor))
    assert [item.name for item in by_name.items] == ["Énergie Verte"]
    assert [item.activations[0].company_id for item in by_company.items] == [tenant.company_id]
    assert {item.name for item in (*first.items, *second.items)} == {partner.name, spare.name}
    change = UpdateProductPartner(
        product_partner_id=spare.product_partner_id,
        expected_version=1,
        contacts=(PartnerContact(role="SAV", name="Hotline", phone="+33123456789"),),
        siren=None,
    )
    changed = await tenant.client.call(change)
    assert (changed.version, changed.siren, changed.contacts[0].role) == (2, None, "SAV")
    with pytest.raises(Refused, match="VERSION_CONFLICT"):
        await tenant.client.call(change.model_copy(update={"legal_name": "EV"}))
    await tenant.client.call(assurance(partner.product_partner_id))
    with pytest.raises(Refused, match="PARTNER_IN_USE"):
        await tenant.client.call(
            DeleteProductPartner(product_partner_id=partner.product_partner_id, expected_version=partner.version)
        )
    for request in (
        GetProductPartner(product_partner_id=spare.product_partner_id),
        change.model_copy(update={"expected_version": 2}),
        DeleteProductPartner(product_partner_id=spare.product_partner_id, expected_version=2),
    ):
        with pytest.raises(Refused, match="PRODUCT_PARTNER_NOT_FOUND"):
            await other_tenant.client.call(request)
    assert (await other_tenant.client.call(ListProductPartners())).items == ()
    await tenant.client.call(DeleteProductPartner(product_partner_id=spare.product_partner_id, expected_version=2))
    assert [item.name for item in (await tenant.client.call(ListProductPartners())).items] == [partner.name]


async def test_products_are_listed_by_partner_and_by_how_they_are_connected(tenant: Tenant) -> None:
    partner = await partner_of(tenant)
    theirs = await tenant.client.call(assurance(partner.product_partner_id))
    await tenant.client.call(box())
    listed = await tenant.client.call(ListProducts(product_partner_id=partner.product_partner_id))
    assert [item.product_id for item in listed.items] == [theirs.product_id]
    requested = UpdateProduct(
        product_id=theirs.product_id,
        expected_version=theirs.version,
        integration_status=IntegrationStatus.REQUESTED,
    )
    await tenant.client.call(requested)
    connected = await tenant.client.call(ListProducts(integration_status=IntegrationStatus.REQUESTED))
    assert [item.sku for item in connected.items] == ["AP-SAN-001"]
    own = UpdateProduct(product_id=theirs.product_id, expected_version=theirs.version + 1, kind=ProductKind.OWN)
    with pytest.raises(Refused, match="an OWN product has no partner"):
        await tenant.client.call(own)
    made_own = await tenant.client.call(own.model_copy(update={"product_partner_id": None}))
    assert (made_own.kind, made_own.product_partner_id) == (ProductKind.OWN, None)


async def test_a_publication_locks_its_product(tenant: Tenant, other_tenant: Tenant) -> None:
    tenant.client.now = MARCH_10
    draft = await tenant.client.call(box("FT-BOX-002"))
    product = await on_sale(tenant, box())
    free = await tenant.client.call(CheckPublicationLock(product_id=draft.product_id))
    assert (free.locked, free.live_publications) == (False, ())
    taken = await tenant.client.call(CheckPublicationLock(product_id=product.product_id))
    assert taken.locked
    assert [found.company_id for found in taken.live_publications] == [tenant.company_id]
    with pytest.raises(Refused, match="PRODUCT_NOT_FOUND"):
        await other_tenant.client.call(CheckPublicationLock(product_id=product.product_id))


async def test_a_file_in_the_bin_is_missing_until_it_is_taken_out(running: Running, tenant: Tenant) -> None:
    tenant.client.now = MARCH_10
    product = await on_sale(tenant, box())
    version_id, file_id = await version_of(tenant, product.product_id), await stored_file(running, tenant)
    for type_ in (ProductDocumentType.SALES_TERMS, ProductDocumentType.MANDATE_INFO, ProductDocumentType.PRIVACY):
        await published(tenant, version_id, file_id, type_)
    trashed = DocumentTrashed(document_id=file_id, type=DocumentType.OTHER, reason="erreur")
    await running.state(trashed, tenant.id, version=2)
    await running.settled()
    alerts = (await tenant.client.call(ListDocumentAlerts())).items
    assert {(alert.type, alert.severity) for alert in alerts} == {("MISSING", "CRITICAL")}
    await running.state(DocumentRestored(document_id=file_id, type=DocumentType.OTHER), tenant.id, version=3)
    await running.settled()
    assert (await tenant.client.call(ListDocumentAlerts())).items == ()
