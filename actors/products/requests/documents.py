"""Requests about the documents of versions and their alerts."""

from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from actors.products import views
from actors.products.readiness import latest_dated
from actors.products.requests.versions import version_by_id
from actors.products.rows import changed_row, locked_product, new_row
from actors.products.rules.documents import DOCUMENT, required_documents
from actors.products.version_documents import documents_of, watch_version
from messages.documents import GetDocument
from messages.errors import NOT_FOUND
from messages.problem import Refused
from messages.products.catalogue import PRODUCT_NOT_FOUND
from messages.products.documents import (
    ALERT_NOT_FOUND,
    DOCUMENT_UNKNOWN,
    HASH_INVALID,
    PRODUCT_DOCUMENT_NOT_FOUND,
    AcknowledgeDocumentAlert,
    AddProductDocument,
    ArchiveProductDocument,
    DocumentAlert,
    DocumentAlertPage,
    GetProductDocument,
    ListDocumentAlerts,
    ListProductDocuments,
    ListRequiredDocuments,
    ProductDocument,
    ProductDocumentPage,
    ProductDocumentStatus,
    PublishProductDocument,
    RequiredDocument,
    RequiredDocuments,
    UpdateProductDocument,
)
from messages.products.events import ProductDocumentArchived, ProductDocumentPublished
from messages.products.price_lists import DATES_INVERTED
from messages.products.ranges import Sector
from messages.products.versions import VERSION_LOCKED
from messages.values.identifiers import new_id
from runtime.pagination import page
from runtime.unit_of_work import Row, UnitOfWork
from storage.products.tables import document_alert, document_ref, product, product_document


async def add_product_document(request: AddProductDocument, work: UnitOfWork) -> ProductDocument:
    """Attach a file; versions on sale may get documents, too."""
    version = await version_by_id(request.version_id, work)
    await locked_product(version["product_id"], work)
    sha256 = await _hash_of(request.document_id, work)
    if request.sha256 is not None and request.sha256 != sha256:
        raise Refused.field(
            "sha256", "hash", "sha256 is not the hash of that file; read the file again or leave it out", HASH_INVALID
        )
    row = {
        **new_row(new_id(), work),
        **request.model_dump(exclude={"channels", "sha256"}),
        "product_id": version["product_id"],
        "sha256": sha256,
        "channels": sorted(request.channels),
        "status": ProductDocumentStatus.DRAFT,
        "published_at": None,
        "published_by": None,
    }
    await work.insert(product_document, **row)
    work.record("product_document", row["id"], after={"type": row["type"], "version_id": str(row["version_id"])})
    return views.document_of(row)


async def update_product_document(request: UpdateProductDocument, work: UnitOfWork) -> ProductDocument:
    """Change what was sent; what a published document says is fixed."""
    row = await _locked(request.product_document_id, work)
    work.check_version(request.expected_version, row["version"])
    sent = request.model_dump(exclude={"product_document_id", "expected_version"}, exclude_unset=True)
    if sent.get("channels") is not None:
        sent["channels"] = sorted(sent["channels"])
    sent = {name: value for name, value in sent.items() if value is not None or name == "valid_to"}
    changed = {name: value for name, value in sent.items() if row[name] != value}
    if row["status"] != ProductDocumentStatus.DRAFT and changed.keys() - {"title", "valid_to"}:
        raise Refused(VERSION_LOCKED, f"the document is {row['status']}; add another one instead")
    last_day = changed.get("valid_to")
    if last_day is not None and row["valid_from"] is not None and last_day < row["valid_from"]:
        raise Refused.field("valid_to", "range", "valid_to lies before valid_from; give a later day", DATES_INVERTED)
    if not changed:
        return views.document_of(row)
    after = await _store(row, changed, work)
    work.record("product_document", row["id"], before={"version": row["version"]}, after={"changed": sorted(changed)})
    return views.document_of(after)


async def publish_product_document(request: PublishProductDocument, work: UnitOfWork) -> ProductDocument:
    """Let a document count in place of the one before."""
    row = await _locked(request.product_document_id, work)
    status = DOCUMENT.after("publish", ProductDocumentStatus(row["status"]))
    for former in await documents_of(row["version_id"], work, ProductDocumentStatus.PUBLISHED):
        if (former["type"], former["language"]) == (row["type"], row["language"]):
            await _archive(former, work)
    published = {"status": status, "published_at": work.now, "published_by": work.caller.principal}
    after = await _store(row, published, work)
    work.emit(ProductDocumentPublished(**views.document_facts_of(after)), version=after["version"])
    await watch_version(row["version_id"], work, work.today())
    return views.document_of(after)


async def archive_product_document(request: ArchiveProductDocument, work: UnitOfWork) -> ProductDocument:
    """A document counts no more."""
    row = await _locked(request.product_document_id, work)
    after = await _archive(row, work)
    await watch_version(row["version_id"], work, work.today())
    return views.document_of(after)


async def get_product_document(request: GetProductDocument, work: UnitOfWork) -> ProductDocument:
    """One document."""
    statement = _all(work).where(product_document.c.id == request.product_document_id)
    return views.document_of(await work.load(statement, "product document", code=PRODUCT_DOCUMENT_NOT_FOUND))


async def list_product_documents(request: ListProductDocuments, work: UnitOfWork) -> ProductDocumentPage:
    """A page of documents of a version."""
    statement = _all(work).where(product_document.c.version_id == request.version_id)
    if request.type is not None:
        statement = statement.where(product_document.c.type == request.type)
    if request.status is not None:
        statement = statement.where(product_document.c.status == request.status)
    order = (product_document.c.id,)
    return await page(work, request, statement, order=order, reply=ProductDocumentPage, item=views.document_of)


async def list_required_documents(request: ListRequiredDocuments, work: UnitOfWork) -> RequiredDocuments:
    """What a sale on a channel needs, and what is there."""
    sought = select(product).where(
        product.c.organisation_id == work.organisation_id, product.c.id == request.product_id
    )
    row = await work.load(sought, "product", code=PRODUCT_NOT_FOUND)
    version = await latest_dated(row["id"], work)
    known = await documents_of(version["id"], work, *ProductDocumentStatus) if version is not None else []
    needed = required_documents(Sector(row["sector"]), row["product_type"], {request.channel})
    own = {found["type"] for found in known if found["mandatory"]}
    found = []
    for type_ in sorted({*needed, *own}):
        statuses = [each["status"] for each in known if each["type"] == type_]
        present = ProductDocumentStatus.PUBLISHED in statuses
        status = ProductDocumentStatus.PUBLISHED if present else next(reversed(statuses), None)
        found.append(RequiredDocument(type=type_, mandatory=True, present=present, status=status))
    return RequiredDocuments(documents=tuple(found))


async def list_document_alerts(request: ListDocumentAlerts, work: UnitOfWork) -> DocumentAlertPage:
    """A page of alerts, newest first; without a product only open ones."""
    statement = _alerts(work)
    if request.product_id is not None:
        statement = statement.where(document_alert.c.product_id == request.product_id)
    else:
        statement = statement.where(document_alert.c.closed_at.is_(None))
    if request.severity is not None:
        statement = statement.where(document_alert.c.severity == request.severity)
    if request.acknowledged is not None:
        acknowledged = document_alert.c.acknowledged_at.is_not(None)
        statement = statement.where(acknowledged if request.acknowledged else ~acknowledged)
    order = (document_alert.c.raised_at, document_alert.c.id)
    return await page(
        work, request, statement, order=order, descending=True, reply=DocumentAlertPage, item=views.alert_of
    )


async def acknowledge_document_alert(request: AcknowledgeDocumentAlert, work: UnitOfWork) -> DocumentAlert:
    """Somebody takes care of it; the alert stays open until the document is there."""
    statement = _alerts(work).where(document_alert.c.id == request.alert_id).with_for_update()
    row = await work.load(statement, "document alert", code=ALERT_NOT_FOUND)
    if row["acknowledged_at"] is not None:
        return views.alert_of(row)
    columns = {
        "acknowledged_at": work.now,
        "acknowledged_by": work.caller.principal,
        **changed_row(row["version"] + 1, work),
    }
    await work.execute(update(document_alert).where(document_alert.c.id == row["id"]).values(**columns))
    work.record("document_alert", row["id"], after={"acknowledged": True})
    return views.alert_of({**row, **columns})


# -- steps of the handlers ---------------------------------------------------------------------------------------


def _all(work: UnitOfWork) -> Any:
    return select(product_document).where(product_document.c.organisation_id == work.organisation_id)


def _alerts(work: UnitOfWork) -> Any:
    return select(document_alert).where(document_alert.c.organisation_id == work.organisation_id)


async def _locked(product_document_id: UUID, work: UnitOfWork) -> Row:
    statement = _all(work).where(product_document.c.id == product_document_id)
    row = await work.load(statement, "product document", code=PRODUCT_DOCUMENT_NOT_FOUND)
    await locked_product(row["product_id"], work)
    return await work.load(statement.with_for_update(), "product document", code=PRODUCT_DOCUMENT_NOT_FOUND)


async def _archive(row: Row, work: UnitOfWork) -> dict[str, Any]:
    after = await _store(row, {"status": DOCUMENT.after("archive", ProductDocumentStatus(row["status"]))}, work)
    work.emit(ProductDocumentArchived(**views.document_facts_of(after)), version=after["version"])
    return after


async def _store(row: Row, changed: dict[str, Any], work: UnitOfWork) -> dict[str, Any]:
    columns = {**changed, **changed_row(row["version"] + 1, work)}
    await work.execute(update(product_document).where(product_document.c.id == row["id"]).values(**columns))
    return {**row, **columns}


async def _hash_of(document_id: UUID, work: UnitOfWork) -> str:
    """The hash that documents stated; a file not heard of yet is asked for."""
    known = await work.fetch_value(
        select(document_ref.c.sha256).where(
            document_ref.c.organisation_id == work.organisation_id, document_ref.c.document_id == document_id
        )
    )
    if known is not None:
        return str(known)
    try:
        found = await work.ask(GetDocument(document_id=document_id))
    except Refused as refused:
        if refused.code is NOT_FOUND or refused.code.parent is NOT_FOUND:
            raise Refused.field(
                "document_id", "unknown", f"file {document_id} is not stored here; store it first", DOCUMENT_UNKNOWN
            ) from None
        raise
    columns = {"sha256": found.sha256, "status": found.state, "version": 0}
    statement = insert(document_ref).values(organisation_id=work.organisation_id, document_id=document_id, **columns)
    await work.execute(statement.on_conflict_do_nothing())
    return found.sha256
