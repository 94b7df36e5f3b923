"""The documents of versions: what is there, and what is wrong with those on sale."""

from collections.abc import Collection
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from actors.products import views
from actors.products.rows import changed_row, new_row
from actors.products.rules.documents import DOCUMENT, alert_about, required_documents, severity_of
from actors.products.rules.versions import AttachedDocument
from actors.products.settings import settings_of
from messages.products.documents import (
    AlertSeverity,
    DocumentAlertType,
    ProductDocumentStatus,
    ProductDocumentType,
)
from messages.products.events import DocumentAlertRaised, ProductDocumentExpired
from messages.products.publications import Channel, PublicationState, ReadinessCode
from messages.products.ranges import Sector
from messages.values.identifiers import new_id
from runtime.unit_of_work import Row, UnitOfWork
from storage.products.queries import among
from storage.products.tables import (
    document_alert,
    document_ref,
    product,
    product_document,
    product_version,
    publication,
)

_KEPT = (ProductDocumentStatus.DRAFT, ProductDocumentStatus.PUBLISHED)


async def documents_of(version_id: UUID, work: UnitOfWork, *statuses: ProductDocumentStatus) -> list[Row]:
    """The documents of a version in these states, oldest first."""
    return await work.fetch(
        select(product_document)
        .where(
            product_document.c.organisation_id == work.organisation_id,
            product_document.c.version_id == version_id,
            among(product_document.c.status, statuses or _KEPT),
        )
        .order_by(product_document.c.id)
    )


async def attached_documents(version_id: UUID, work: UnitOfWork) -> list[AttachedDocument]:
    """The documents of a version as its comparison reads them."""
    return [
        AttachedDocument(row["type"], row["language"], row["document_id"], row["mandatory"])
        for row in await documents_of(version_id, work)
    ]


async def copy_documents(source_id: UUID, version_id: UUID, work: UnitOfWork) -> None:
    """A copied version has the documents of its source, published where they were."""
    for row in await documents_of(source_id, work):
        await work.insert(product_document, **{**row, **new_row(new_id(), work), "version_id": version_id})


async def published_types(
    version_id: UUID, channels: Collection[Channel], work: UnitOfWork
) -> set[ProductDocumentType]:
    """The types that are published for all these channels and hold tomorrow, too; a file in the bin counts not."""
    tomorrow = work.today() + timedelta(days=1)
    found = set()
    for row in await _published(version_id, work):
        covers = not row["channels"] or set(channels) <= set(row["channels"])
        begun = row["valid_from"] is None or row["valid_from"] <= work.today()
        if covers and begun and (row["valid_to"] is None or row["valid_to"] >= tomorrow):
            found.add(ProductDocumentType(row["type"]))
    return found


async def versions_with(document_id: UUID, work: UnitOfWork) -> list[UUID]:
    """The versions on sale that a stored file is published for."""
    rows = await work.fetch(
        select(product_document.c.version_id)
        .join(publication, publication.c.version_id == product_document.c.version_id)
        .where(
            product_document.c.organisation_id == work.organisation_id,
            product_document.c.document_id == document_id,
            product_document.c.status == ProductDocumentStatus.PUBLISHED,
            publication.c.state == PublicationState.LIVE,
        )
        .distinct()
    )
    return [row["version_id"] for row in rows]


async def watch_version(version_id: UUID, work: UnitOfWork, today: date) -> None:
    """Expire documents, raise and close the alerts of a version on sale, and stop its sale where documents block."""
    settings = await settings_of(work)
    sold = await _sold_on(version_id, work)
    product_row = await _product_of(version_id, work)
    needed = required_documents(Sector(product_row["sector"]), product_row["product_type"], sold) if sold else []
    wrong: dict[str, DocumentAlertType] = dict.fromkeys(needed, DocumentAlertType.MISSING)
    rows = await documents_of(version_id, work, ProductDocumentStatus.PUBLISHED, ProductDocumentStatus.EXPIRED)
    present = {row["id"] for row in await _published(version_id, work)}
    for row in sorted(rows, key=lambda found: found["status"] == ProductDocumentStatus.PUBLISHED):
        found = alert_about(row["valid_to"], today, settings.document_warning_days)
        if found is DocumentAlertType.EXPIRED and row["status"] == ProductDocumentStatus.PUBLISHED:
            await _expire(row, work)
        if row["type"] not in needed and not (row["mandatory"] and sold):
            continue
        if found is not None:
            wrong[row["type"]] = found
        elif row["id"] in present:
            wrong.pop(row["type"], None)
    await _settle_alerts(version_id, product_row["id"], wrong, work)
    critical = any(severity_of(type_) is AlertSeverity.CRITICAL for type_ in wrong.values())
    blocked = critical and ReadinessCode.DOCUMENTS_COMPLETE in settings.readiness_blocking
    await work.execute(
        update(product_version).where(product_version.c.id == version_id).values(documents_block=blocked)
    )


# -- steps -------------------------------------------------------------------------------------------------------


async def _published(version_id: UUID, work: UnitOfWork) -> list[Row]:
    """Published documents whose file is not in the bin of documents."""
    return await work.fetch(
        select(product_document)
        .outerjoin(
            document_ref,
            (document_ref.c.organisation_id == product_document.c.organisation_id)
            & (document_ref.c.document_id == product_document.c.document_id),
        )
        .where(
            product_document.c.organisation_id == work.organisation_id,
            product_document.c.version_id == version_id,
            product_document.c.status == ProductDocumentStatus.PUBLISHED,
            document_ref.c.status.is_(None) | (document_ref.c.status == "AVAILABLE"),
        )
    )


async def _sold_on(version_id: UUID, work: UnitOfWork) -> set[Channel]:
    rows = await work.fetch(
        select(publication.c.channels).where(
            publication.c.organisation_id == work.organisation_id,
            publication.c.version_id == version_id,
            publication.c.state == PublicationState.LIVE,
        )
    )
    return {Channel(channel) for row in rows for channel in row["channels"]}


async def _product_of(version_id: UUID, work: UnitOfWork) -> Row:
    return await work.load(
        select(product)
        .join(product_version, product_version.c.product_id == product.c.id)
        .where(product.c.organisation_id == work.organisation_id, product_version.c.id == version_id),
        "product",
    )


async def _expire(row: Row, work: UnitOfWork) -> None:
    status = DOCUMENT.after("expire", ProductDocumentStatus(row["status"]))
    version = row["version"] + 1
    await work.execute(
        update(product_document)
        .where(product_document.c.id == row["id"])
        .values(status=status, **changed_row(version, work))
    )
    work.emit(ProductDocumentExpired(**views.document_facts_of(row)), version=version)


async def _settle_alerts(
    version_id: UUID, product_id: UUID, wrong: dict[str, DocumentAlertType], work: UnitOfWork
) -> None:
    """One open alert per document type and cause; what is no longer wrong is closed."""
    open_rows = await work.fetch(
        select(document_alert).where(
            document_alert.c.organisation_id == work.organisation_id,
            document_alert.c.version_id == version_id,
            document_alert.c.closed_at.is_(None),
        )
    )
    for row in open_rows:
        if wrong.get(row["document_type"]) != row["type"]:
            await work.execute(
                update(document_alert)
                .where(document_alert.c.id == row["id"])
                .values(closed_at=work.now, **changed_row(row["version"] + 1, work))
            )
    known = {(row["document_type"], row["type"]) for row in open_rows}
    for document_type, type_ in sorted(wrong.items()):
        if (document_type, type_) not in known:
            await _raise(version_id, product_id, document_type, type_, work)


async def _raise(
    version_id: UUID, product_id: UUID, document_type: str, type_: DocumentAlertType, work: UnitOfWork
) -> None:
    row: dict[str, Any] = {
        **new_row(new_id(), work),
        "product_id": product_id,
        "version_id": version_id,
        "document_type": document_type,
        "type": type_,
        "severity": severity_of(type_),
        "raised_at": work.now,
    }
    if await work.execute(insert(document_alert).values(**row).on_conflict_do_nothing()):
        event = DocumentAlertRaised(alert_id=row["id"], product_id=product_id, type=type_, severity=severity_of(type_))
        work.emit(event, version=1)
