"""products: documents of versions, what a sale needs of them, accounts, quality rules and external codes."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from messages.documents import DocumentAvailable, DocumentOrigin, DocumentType
from messages.problem import Refused
from messages.products.catalogue import CreateProduct, GetProduct, Lifecycle, Product, TransitionProduct
from messages.products.documents import (
    AcknowledgeDocumentAlert,
    AddProductDocument,
    ArchiveProductDocument,
    GetProductDocument,
    ListDocumentAlerts,
    ListProductDocuments,
    ListRequiredDocuments,
    ProductDocument,
    ProductDocumentStatus,
    ProductDocumentType,
    PublishProductDocument,
    UpdateProductDocument,
)
from messages.products.external_mappings import DeleteExternalMapping, ResolveExternalCode, SetExternalMapping
from messages.products.publications import (
    AccountNature,
    Channel,
    CreatePublication,
    ListAccountingMappings,
    ReadinessCode,
    SetAccountingMapping,
    ValidateAccountingMapping,
    ValidatePublication,
)
from messages.products.quality_rules import GetQualityRule, QualityRuleDraft, SaleDocument, SetQualityRule
from messages.products.ranges import Sector
from messages.products.settings import UpdateCatalogueSettings
from messages.products.version_changes import DuplicateVersion
from messages.products.versions import ListVersions
from tests.actors.products.builders import priced
from tests.actors.products.test_catalogue import MARCH_10, box, on_sale
from tests.harness import Running, Tenant

ALL_CHECKS = tuple(code for code in ReadinessCode if code is not ReadinessCode.QUALITY_RULE_PRESENT)


async def stored_file(running: Running, tenant: Tenant) -> UUID:
    """A PDF that documents has checked."""
    event = DocumentAvailable(
        document_id=uuid4(),
        version=1,
        type=DocumentType.OTHER,
        filename="notice.pdf",
        mime="application/pdf",
        size=1000,
        sha256="ab" * 32,
        origin=DocumentOrigin.USER,
    )
    await running.state(event, tenant.id)
    await running.settled()
    return event.document_id


async def version_of(tenant: Tenant, product_id: UUID) -> UUID:
    return (await tenant.client.call(ListVersions(product_id=product_id))).items[0].id


async def published(
    tenant: Tenant, version_id: UUID, file_id: UUID, type_: ProductDocumentType, **fields: Any
) -> ProductDocument:
    request = AddProductDocument(
        version_id=version_id, type=type_, title=type_.value, document_id=file_id, mandatory=True, **fields
    )
    added = await tenant.client.call(request)
    return await tenant.client.call(PublishProductDocument(product_document_id=added.product_document_id))


async def health_product(tenant: Tenant) -> Product:
    """A health insurance whose sale is blocked by whatever can block it."""
    tenant.client.now = MARCH_10
    await tenant.client.call(UpdateCatalogueSettings(readiness_blocking=ALL_CHECKS))
    request: CreateProduct = box(
        "AP-SAN-001", amount="52.00", sector=Sector.INSURANCE_HEALTH, tax_class="INSURANCE_EXEMPT"
    )
    return await tenant.client.call(request)


async def test_case_20_a_health_product_needs_its_documents_and_accounts(running: Running, tenant: Tenant) -> None:
    product = await health_product(tenant)
    version_id, file_id = await version_of(tenant, product.product_id), await stored_file(running, tenant)
    publish = CreatePublication(version_id=version_id, channels=frozenset({Channel.WEB}))
    check = ValidatePublication(version_id=version_id, company_id=tenant.company_id, channels=frozenset({Channel.WEB}))
    readiness = await tenant.client.call(check)
    failed = {found.code: found.detail or "" for found in readiness.checks if not found.passed}
    assert not readiness.ready
    assert "documents_complete(GENERAL_TERMS, IPID, PRECONTRACT_SHEET, SPECIFIC_TERMS)" in failed["documents_complete"]
    general = await published(tenant, version_id, file_id, ProductDocumentType.GENERAL_TERMS)
    with pytest.raises(Refused, match=r"documents_complete\(IPID, PRECONTRACT_SHEET, SPECIFIC_TERMS\)"):
        await tenant.client.call(publish)
    ipid = await published(tenant, version_id, file_id, ProductDocumentType.IPID, valid_to=date(2026, 3, 31))
    for type_ in (ProductDocumentType.PRECONTRACT_SHEET, ProductDocumentType.SPECIFIC_TERMS):
        await published(tenant, version_id, file_id, type_)
    with pytest.raises(Refused, match="no validated account for REVENUE, TAX"):
        await tenant.client.call(TransitionProduct(product_id=product.product_id, to=Lifecycle.ACTIVE))
    for mapping in (await tenant.client.call(ListAccountingMappings())).items:
        await tenant.client.call(ValidateAccountingMapping(mapping_id=mapping.mapping_id))
    await tenant.client.call(TransitionProduct(product_id=product.product_id, to=Lifecycle.ACTIVE))
    assert (await tenant.client.call(publish)).state == "LIVE"
    assert (await priced(tenant, product.product_id, channel=Channel.WEB)).vat_category == "E"

    await running.tick("day", datetime(2026, 3, 10, 23, tzinfo=UTC))
    (warning,) = (await tenant.client.call(ListDocumentAlerts())).items
    assert (warning.type, warning.severity, warning.document_type) == ("EXPIRING_SOON", "WARNING", "IPID")
    await running.tick("day", datetime(2026, 3, 31, 23, tzinfo=UTC))
    (alert,) = (await tenant.client.call(ListDocumentAlerts())).items
    assert (alert.type, alert.severity) == ("EXPIRED", "CRITICAL")
    acknowledged = await tenant.client.call(AcknowledgeDocumentAlert(alert_id=alert.alert_id))
    assert acknowledged.acknowledged_at is not None
    tenant.client.now = datetime(2026, 4, 1, 9, tzinfo=UTC)
    with pytest.raises(Refused, match="PRODUCT_NOT_SELLABLE"):
        await priced(tenant, product.product_id, channel=Channel.WEB)
    assert (
        await tenant.client.call(GetProductDocument(product_document_id=ipid.product_document_id))
    ).status == "EXPIRED"
    await published(tenant, version_id, file_id, ProductDocumentType.IPID)
    assert (await tenant.client.call(ListDocumentAlerts())).items == ()
    assert (await priced(tenant, product.product_id, channel=Channel.WEB)).vat_category == "E"
    assert general.status == "PUBLISHED"
    assert len(await running.events("document_alert.raised", tenant.id)) == 2
    assert len(await running.events("product_document.expired", tenant.id)) == 1
    assert len(await running.events("accounting_mapping.validated", tenant.id)) == 4


async def test_a_published_document_replaces_the_one_before(
    running: Running, tenant: Tenant, other_tenant: Tenant
) -> None:
    product = await on_sale(tenant, box())
    version_id, file_id = await version_of(tenant, product.product_id), await stored_file(running, tenant)
    first = await published(tenant, version_id, file_id, ProductDocumentType.SALES_TERMS)
    second = await published(tenant, version_id, file_id, ProductDocumentType.SALES_TERMS)
    english = await published(tenant, version_id, file_id, ProductDocumentType.SALES_TERMS, language="en")
    listed = await tenant.client.call(
        ListProductDocuments(version_id=version_id, status=ProductDocumentStatus.PUBLISHED)
    )
    assert {item.product_document_id for item in listed.items} == {
        second.product_document_id,
        english.product_document_id,
    }
    with pytest.raises(Refused, match="INVALID_TRANSITION"):
        await tenant.client.call(PublishProductDocument(product_document_id=first.product_document_id))
    locked = UpdateProductDocument(
        product_document_id=second.product_document_id, expected_version=second.version, mandatory=False
    )
    with pytest.raises(Refused, match="VERSION_LOCKED"):
        await tenant.client.call(locked)
    with pytest.raises(Refused, match="PRODUCT_DOCUMENT_NOT_FOUND"):
        await other_tenant.client.call(ArchiveProductDocument(product_document_id=second.product_document_id))
    assert (await other_tenant.client.call(ListProductDocuments(version_id=version_id))).items == ()
    needed = await tenant.client.call(ListRequiredDocuments(product_id=product.product_id, channel=Channel.WEB))
    assert {(found.type, found.present) for found in needed.documents} == {
        ("SALES_TERMS", True),
        ("MANDATE_INFO", False),
        ("PRIVACY", False),
    }
    copied = await tenant.client.call(DuplicateVersion(version_id=version_id))
    copies = await tenant.client.call(ListProductDocuments(version_id=copied.id))
    assert [item.status for item in copies.items] == ["PUBLISHED", "PUBLISHED"]
    wrong = AddProductDocument(
        version_id=version_id,
        type=ProductDocumentType.FAQ,
        title="FAQ",
        document_id=file_id,
        sha256="cd" * 32,
    )
    with pytest.raises(Refused, match="HASH_INVALID"):
        await tenant.client.call(wrong)
    assert len(await running.events("product_document.archived", tenant.id)) == 1


async def test_a_mapping_that_is_wrong_is_no_account(tenant: Tenant, other_tenant: Tenant) -> None:
    tenant.client.now = MARCH_10
    made = await tenant.client.call(
        SetAccountingMapping(nature=AccountNature.REVENUE, gl_account="706900", journal="VT")
    )
    with pytest.raises(Refused, match="MAPPING_NOT_FOUND"):
        await other_tenant.client.call(ValidateAccountingMapping(mapping_id=made.mapping_id))
    wrong = await tenant.client.call(ValidateAccountingMapping(mapping_id=made.mapping_id, correct=False))
    assert wrong.status == "ERROR"


async def test_the_quality_rule_of_a_version(running: Running, tenant: Tenant, other_tenant: Tenant) -> None:
    product = await on_sale(tenant, box())
    version_id = await version_of(tenant, product.product_id)
    draft = QualityRuleDraft(required_fields=("birth_date",), required_documents=(SaleDocument.ID_CARD,))
    await tenant.client.call(SetQualityRule(version_id=version_id, rule=draft))
    again = await tenant.client.call(SetQualityRule(version_id=version_id, rule=draft))
    assert (again.version, again.required_documents) == (2, (SaleDocument.ID_CARD,))
    with pytest.raises(Refused, match="VERSION_NOT_FOUND"):
        await other_tenant.client.call(SetQualityRule(version_id=version_id, rule=draft))
    with pytest.raises(Refused, match="QUALITY_RULE_NOT_FOUND"):
        await other_tenant.client.call(GetQualityRule(version_id=version_id))
    copied = await tenant.client.call(DuplicateVersion(version_id=version_id))
    assert (await tenant.client.call(GetQualityRule(version_id=copied.id))).required_fields == ("birth_date",)
    assert len(await running.events("quality_rule.saved", tenant.id)) == 2


async def test_what_another_system_calls_a_product(tenant: Tenant, other_tenant: Tenant) -> None:
    tenant.client.now = MARCH_10
    product, other = await tenant.client.call(box()), await tenant.client.call(box("FT-BOX-002"))
    request = SetExternalMapping(product_id=product.product_id, system="OGGO", external_code="P-1", plan_code="DEFAULT")
    mapping = await tenant.client.call(request)
    again = await tenant.client.call(request.model_copy(update={"external_code": "P-2"}))
    assert (again.mapping_id, again.external_code) == (mapping.mapping_id, "P-2")
    taken = SetExternalMapping(product_id=other.product_id, system="OGGO", external_code="P-2")
    with pytest.raises(Refused, match="MAPPING_EXISTS"):
        await tenant.client.call(taken)
    sought = ResolveExternalCode(system="OGGO", external_code="P-2")
    found = await tenant.client.call(sought)
    assert (found.product.product_id, found.plan_code) == (product.product_id, "DEFAULT")
    by_code = await tenant.client.call(GetProduct(system="OGGO", external_code="P-2", include=("MAPPINGS",)))
    assert (by_code.product_id, by_code.mappings) == (product.product_id, (again,))
    with pytest.raises(Refused, match="EXTERNAL_MAPPING_NOT_FOUND"):
        await other_tenant.client.call(sought)
    with pytest.raises(Refused, match="EXTERNAL_MAPPING_NOT_FOUND"):
        await other_tenant.client.call(DeleteExternalMapping(mapping_id=mapping.mapping_id))
    await tenant.client.call(DeleteExternalMapping(mapping_id=mapping.mapping_id))
    with pytest.raises(Refused, match="EXTERNAL_MAPPING_NOT_FOUND"):
        await tenant.client.call(sought)
