"""Requests of documents: store, read, list, link."""

import base64
import binascii
import hashlib
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Text, Uuid, any_, exists, func, literal, select, update
from sqlalchemy.dialects.postgresql import insert

from actors.documents import rules, views
from actors.documents.content.database import DatabaseContent
from actors.documents.content.store import ContentStore
from actors.documents.formats import clean_filename
from messages.documents import (
    DOCUMENT_EXISTS,
    DOCUMENT_NOT_FOUND,
    FINAL_DOCUMENT,
    HASH_MISMATCH,
    INLINE_LIMIT,
    NOT_CLEAN,
    PAYLOAD_TOO_LARGE,
    Confidentiality,
    Content,
    ContentPart,
    Document,
    DocumentAvailable,
    DocumentLinked,
    DocumentPage,
    DocumentRejected,
    DocumentScanned,
    DocumentState,
    DocumentStored,
    GetContent,
    GetDocument,
    LinkDocument,
    ListDocuments,
    OpenContent,
    ScanStatus,
    StoredDocument,
    StoreDocument,
)
from messages.problem import Refused
from messages.shared import Ref
from messages.values.identifiers import new_id
from runtime.pagination import page
from runtime.unit_of_work import Row, UnitOfWork
from storage.documents import queries
from storage.documents.tables import document, document_link, document_version

CONTENT: ContentStore = DatabaseContent()
_SCANNER = "built-in/1"
_REVEAL = "documents:document:reveal"


async def store_document(request: StoreDocument, work: UnitOfWork) -> StoredDocument:
    """Check, keep, scan and announce a file; the same source_key with the same bytes is the same document."""
    content = _decoded(request)
    sha256 = hashlib.sha256(content).hexdigest()
    if request.expected_sha256 not in (None, sha256):
        raise Refused.field(
            "expected_sha256", "hash", f"the bytes have sha256 {sha256}; send them again", HASH_MISMATCH
        )
    if request.source_key is not None:
        known = await _known(request.source_key, sha256, work)
        if known is not None:
            return StoredDocument(document=views.document_of(known), version=known["number"], deduplicated=True)
    mime = rules.accepted_mime(request.type, content, request.filename, request.declared_mime)
    row = _document_row(request, mime, len(content), sha256, work)
    infection = rules.infection_in(content)
    row |= _scanned(infection)
    users = await work.fetch_value(
        queries.HOLD_BLOB,
        organisation_id=work.organisation_id,
        sha256=sha256,
        size=len(content),
        storage_driver=CONTENT.driver,
        created_at=work.now,
    )
    await CONTENT.put_if_absent(sha256, content, work)
    await _insert(row, request, infection, work)
    _announce(row, infection, work)
    return StoredDocument(document=views.document_of(row), version=1, deduplicated=users > 1)


async def get_document(request: GetDocument, work: UnitOfWork) -> Document:
    """One document without its bytes."""
    return views.document_of(await _load(request.document_id, work))


async def list_documents(request: ListDocuments, work: UnitOfWork) -> DocumentPage:
    """A page of documents, newest first."""
    statement = queries.SUMMARY.where(document.c.organisation_id == work.organisation_id)
    if request.subject_type is not None:
        linked = exists().where(
            document_link.c.organisation_id == work.organisation_id,
            document_link.c.subject_type == request.subject_type,
            document_link.c.subject_id == request.subject_id,
            document_link.c.document_id == document.c.id,
        )
        statement = statement.where(linked)
    if request.client_id is not None:
        statement = statement.where(document.c.client_id == request.client_id)
    if request.contract_id is not None:
        statement = statement.where(document.c.contract_id == request.contract_id)
    if request.type:
        statement = statement.where(document.c.type == any_(literal([*request.type], ARRAY(Text))))
    if request.state is not None:
        statement = statement.where(document.c.state == request.state)
    if work.caller.company_ids is not None:
        mine = document.c.company_id == any_(literal([*work.caller.company_ids], ARRAY(Uuid)))
        statement = statement.where(mine | document.c.company_id.is_(None))
    return await page(
        work,
        request,
        statement,
        order=(document.c.created_at, document.c.id),
        descending=True,
        reply=DocumentPage,
        item=views.summary_of,
    )


async def get_content(request: GetContent, work: UnitOfWork) -> Content:
    """The bytes of a small document in one message."""
    row = await _readable(request.document_id, work)
    if row["size"] > INLINE_LIMIT:
        raise Refused(
            PAYLOAD_TOO_LARGE,
            f"the document has {row['size']} bytes, more than one message carries; read it in parts with OpenContent",
        )
    content = await _bytes(row, 0, work)
    return Content(
        content_base64=base64.b64encode(content).decode(),
        mime=row["mime"],
        sha256=row["sha256"],
        filename=row["filename"],
    )


async def open_content(request: OpenContent, work: UnitOfWork) -> ContentPart:
    """The next part of a document's bytes."""
    row = await _readable(request.document_id, work)
    if request.offset >= row["size"]:
        raise Refused.field("offset", "range", f"the document has {row['size']} bytes; give a smaller offset")
    content = await _bytes(row, request.offset, work)
    end = request.offset + len(content)
    work.record("document", row["id"], after={"opened_for": request.purpose})
    return ContentPart(
        content_base64=base64.b64encode(content).decode(),
        offset=request.offset,
        next_offset=end if end < row["size"] else None,
        size=row["size"],
        sha256=row["sha256"],
        mime=row["mime"],
        filename=row["filename"],
    )


async def link_document(request: LinkDocument, work: UnitOfWork) -> Document:
    """Link a document to one more subject."""
    row = await _load(request.document_id, work, for_update=True)
    await add_link(row, request.subject_type, request.subject_id, request.role, work)
    return views.document_of(await _load(request.document_id, work))


# -- steps of the handlers ---------------------------------------------------------------------------------------


async def add_link(row: Row, subject_type: str, subject_id: UUID, role: str, work: UnitOfWork) -> None:
    """Add a link to a locked document and say so; nothing when it is there already."""
    added = insert(document_link).values(
        id=new_id(),
        organisation_id=work.organisation_id,
        document_id=row["id"],
        subject_type=subject_type,
        subject_id=subject_id,
        role=role,
    )
    if not await work.execute(added.on_conflict_do_nothing()):
        return
    changed = update(document).where(document.c.organisation_id == work.organisation_id, document.c.id == row["id"])
    version = await work.fetch_value(
        changed.values(version=document.c.version + 1, updated_at=work.now, updated_by=work.caller.principal).returning(
            document.c.version
        )
    )
    link = Ref(type=subject_type.lower(), id=subject_id)
    work.emit(DocumentLinked.model_validate({"document_id": row["id"], "link": link, "role": role}), version=version)


def _decoded(request: StoreDocument) -> bytes:
    try:
        content = base64.b64decode(request.content_base64, validate=True)
    except (binascii.Error, ValueError):
        raise Refused.field("content_base64", "base64", "the content is not base64; encode the file's bytes") from None
    if len(content) > INLINE_LIMIT:
        raise Refused(
            PAYLOAD_TOO_LARGE, f"the file has {len(content)} bytes; one message carries {INLINE_LIMIT} at most"
        )
    rules.check_size(request.type, len(content))
    return content


async def _known(source_key: str, sha256: str, work: UnitOfWork) -> Row | None:
    # Two orders of one key wait for each other, so that the second finds what the first stored.
    await work.fetch_value(select(func.pg_advisory_xact_lock(func.hashtextextended(source_key, 0))))
    known = await work.fetch_one(
        queries.DOCUMENT_BY_SOURCE_KEY, organisation_id=work.organisation_id, source_key=source_key
    )
    if known is None or known["sha256"] == sha256:
        return known
    raise Refused(
        FINAL_DOCUMENT if known["final"] else DOCUMENT_EXISTS,
        f"source_key '{source_key}' already names a document with other bytes; use another key",
        details={"document_id": str(known["id"])},
    )


def _document_row(request: StoreDocument, mime: str, size: int, sha256: str, work: UnitOfWork) -> dict[str, Any]:
    rule = rules.RULES[request.type]
    filename = clean_filename(request.filename, mime)
    return {
        "id": new_id(),
        "organisation_id": work.organisation_id,
        "created_at": work.now,
        "created_by": work.caller.principal,
        "updated_at": work.now,
        "updated_by": work.caller.principal,
        "type": request.type,
        "purpose": request.purpose,
        "reference_type": request.reference.type if request.reference else None,
        "reference_id": request.reference.id if request.reference else None,
        "title": request.title or filename.rpartition(".")[0],
        "filename": filename,
        "mime": mime,
        "size": size,
        "sha256": sha256,
        "number": 1,
        "final": rule.final if request.final is None else request.final,
        "origin": request.origin,
        "confidentiality": request.confidentiality or rule.confidentiality,
        "client_id": request.client_id,
        "contract_id": request.contract_id,
        "company_id": request.company_id,
        "business_date": request.business_date,
        "expires_on": request.expires_on,
        "retain_until": rules.retain_until(request.type, created_on=work.today(), business_date=request.business_date),
        "tags": list(request.tags),
        "metadata": request.metadata,
        "source_key": request.source_key,
        "links": [link.model_dump(mode="json") for link in request.links],
    }


def _scanned(infection: str | None) -> dict[str, Any]:
    """The state after the built-in scanner, which knows at once; versions: stored 1, scanned 2, its outcome 3."""
    if infection is None:
        return {"state": DocumentState.AVAILABLE, "scan_status": ScanStatus.CLEAN, "version": 3}
    return {"state": DocumentState.REJECTED, "scan_status": ScanStatus.INFECTED, "version": 3}


async def _insert(row: dict[str, Any], request: StoreDocument, infection: str | None, work: UnitOfWork) -> None:
    await work.insert(document, **{name: value for name, value in row.items() if name != "links"})
    await work.insert(
        document_version,
        document_id=row["id"],
        organisation_id=work.organisation_id,
        number=1,
        sha256=row["sha256"],
        filename=row["filename"],
        declared_mime=request.declared_mime,
        detected_mime=row["mime"],
        size=row["size"],
        scan_status=row["scan_status"],
        scan_engine=_SCANNER,
        scan_signature=infection,
        created_at=work.now,
        created_by=work.caller.principal,
    )
    unique = {(link.subject_type, link.subject_id): link for link in request.links}
    links = [
        {"id": new_id(), "organisation_id": work.organisation_id, "document_id": row["id"], **link.model_dump()}
        for link in unique.values()
    ]
    await work.insert_rows(document_link, links)


def _announce(row: dict[str, Any], infection: str | None, work: UnitOfWork) -> None:
    reference = views.reference_of(row)
    work.emit(DocumentStored.model_validate(reference), version=1)
    scanned = DocumentScanned(document_id=row["id"], version=1, status=row["scan_status"], signature=infection)
    work.emit(scanned, version=2)
    if infection is None:
        work.emit(DocumentAvailable.model_validate(reference), version=3)
    else:
        rejected = DocumentRejected(
            document_id=row["id"], reason="INFECTED", links=reference["links"], uploaded_by=work.caller.user_id
        )
        work.emit(rejected, version=3)
    work.record("document", row["id"], after={"type": row["type"], "state": row["state"], "sha256": row["sha256"]})


async def _load(document_id: UUID, work: UnitOfWork, *, for_update: bool = False) -> Row:
    statement = queries.DOCUMENT_FOR_UPDATE if for_update else queries.DOCUMENT_BY_ID
    row = await work.load(
        statement, "document", code=DOCUMENT_NOT_FOUND, organisation_id=work.organisation_id, id=document_id
    )
    if not work.caller.sees_company(row["company_id"]):
        raise Refused(DOCUMENT_NOT_FOUND, f"document {document_id} does not exist; check the id")
    return row


async def _readable(document_id: UUID, work: UnitOfWork) -> Row:
    row = await _load(document_id, work)
    if row["state"] != DocumentState.AVAILABLE:
        raise Refused(NOT_CLEAN, "the file is not verified or was found infected; only clean files are handed out")
    if row["confidentiality"] == Confidentiality.PERSONAL:
        work.caller.require(_REVEAL)
    return row


async def _bytes(row: Row, offset: int, work: UnitOfWork) -> bytes:
    content = await CONTENT.part(row["sha256"], offset, INLINE_LIMIT, work)
    if content is None:
        raise RuntimeError(f"document {row['id']} has no bytes under {row['sha256']}")
    return content
