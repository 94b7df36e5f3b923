"""From bytes to a document: examined, kept, scanned and announced in one transaction."""

import asyncio
import hashlib
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from actors.documents import retention, rules, views
from actors.documents.content import store
from actors.documents.formats import clean_filename
from messages.documents import (
    DOCUMENT_EXISTS,
    FINAL_DOCUMENT,
    HASH_MISMATCH,
    DocumentAvailable,
    DocumentFacts,
    DocumentRejected,
    DocumentScanned,
    DocumentState,
    DocumentStored,
    DocumentType,
    ScanStatus,
    StoredDocument,
)
from messages.problem import Refused
from messages.values.identifiers import new_id
from runtime.unit_of_work import Row, UnitOfWork
from storage.documents import queries
from storage.documents.tables import document, document_link, document_version

SCANNER = "built-in/1"
_INLINE_WORK = 1024 * 1024
"""More bytes than this are examined in a thread, so that the event loop goes on."""


@dataclass(frozen=True, slots=True)
class File:
    """Bytes with what was found out about them."""

    content: bytes
    sha256: str
    filename: str
    mime: str
    declared_mime: str | None
    infection: str | None

    @property
    def size(self) -> int:
        """In bytes."""
        return len(self.content)


async def examined(
    content: bytes, type_: DocumentType, filename: str, declared_mime: str | None, expected_sha256: str | None = None
) -> File:
    """The file, if documents of that type may be like it; refused in the order of the intake rules."""

    def examine() -> File:
        rules.check_size(type_, len(content))
        sha256 = hashlib.sha256(content).hexdigest()
        if expected_sha256 not in (None, sha256):
            raise Refused.field(
                "expected_sha256", "hash", f"the bytes have sha256 {sha256}; send them again", HASH_MISMATCH
            )
        mime = rules.accepted_mime(type_, content, filename, declared_mime)
        return File(content, sha256, clean_filename(filename, mime), mime, declared_mime, rules.infection_in(content))

    return examine() if len(content) <= _INLINE_WORK else await asyncio.to_thread(examine)


async def already_stored(source_key: str | None, sha256: str, work: UnitOfWork) -> Row | None:
    """The document that this order made before. The key with other bytes is refused."""
    if source_key is None:
        return None
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


async def take(type_: DocumentType, file: File, facts: DocumentFacts, work: UnitOfWork, id_: UUID) -> StoredDocument:
    """Keep an examined file as a new document, with the built-in scanner's word: it knows at once."""
    infected = file.infection is not None
    outcome = {
        "state": DocumentState.REJECTED if infected else DocumentState.AVAILABLE,
        "scan_status": ScanStatus.INFECTED if infected else ScanStatus.CLEAN,
        "version": 3,  # stored 1, scanned 2, its outcome 3
    }
    row = await insert_document(type_, file, facts, outcome, work, id_)
    _announce(row, file, work)
    return StoredDocument(document=views.document_of(row), version=1, deduplicated=row["deduplicated"])


async def insert_document(
    type_: DocumentType, file: File, facts: DocumentFacts, outcome: dict[str, Any], work: UnitOfWork, id_: UUID
) -> dict[str, Any]:
    """The rows of a new document and its bytes; nothing is announced yet."""
    row = _row(type_, file, facts, work, id_) | outcome
    row["retain_until"] = await retention.date_of(row, work)
    kept = await store.keep(file.content, file.sha256, work, secret=rules.is_secret(row["confidentiality"]))
    links = row.pop("links")
    await work.insert(document, **row)
    await insert_version(row, file, work)
    await work.insert_rows(
        document_link,
        [{"id": new_id(), "organisation_id": work.organisation_id, "document_id": row["id"], **link} for link in links],
    )
    return row | {"links": links, "deduplicated": kept}


async def insert_version(row: Row | dict[str, Any], file: File, work: UnitOfWork) -> None:
    """The content as the document's version of that number."""
    await work.insert(
        document_version,
        document_id=row["id"],
        organisation_id=work.organisation_id,
        number=row["number"],
        sha256=file.sha256,
        filename=file.filename,
        declared_mime=file.declared_mime,
        detected_mime=file.mime,
        size=file.size,
        scan_status=row["scan_status"],
        scan_engine=SCANNER,
        scan_signature=file.infection,
        created_at=work.now,
        created_by=work.caller.principal,
    )


def _row(type_: DocumentType, file: File, facts: DocumentFacts, work: UnitOfWork, id_: UUID) -> dict[str, Any]:
    rule, by = rules.RULES[type_], work.caller.principal
    said = facts.model_dump(include={"purpose", "origin", "client_id", "contract_id", "company_id", "business_date"})
    unique = {(link.subject_type, link.subject_id): link.model_dump() for link in facts.links}
    return said | {
        "id": id_,
        "organisation_id": work.organisation_id,
        "created_at": work.now,
        "created_by": by,
        "updated_at": work.now,
        "updated_by": by,
        "type": type_,
        "reference_type": facts.reference.type if facts.reference else None,
        "reference_id": facts.reference.id if facts.reference else None,
        "title": facts.title or file.filename.rpartition(".")[0],
        "filename": file.filename,
        "mime": file.mime,
        "size": file.size,
        "sha256": file.sha256,
        "number": 1,
        "final": rule.final if facts.final is None else facts.final,
        "confidentiality": facts.confidentiality or rule.confidentiality,
        "expires_on": facts.expires_on,
        "delete_after": rules.checked_last_day(type_, facts.delete_after),
        "tags": list(facts.tags),
        "metadata": facts.metadata,
        "source_key": facts.source_key,
        "links": list(unique.values()),
    }


def _announce(row: dict[str, Any], file: File, work: UnitOfWork) -> None:
    reference = views.reference_of(row)
    work.emit(DocumentStored.model_validate(reference), version=1)
    scanned = DocumentScanned(document_id=row["id"], version=1, status=row["scan_status"], signature=file.infection)
    work.emit(scanned, version=2)
    if file.infection is None:
        work.emit(DocumentAvailable.model_validate(reference), version=3)
    else:
        rejected = DocumentRejected(
            document_id=row["id"], reason="INFECTED", links=reference["links"], uploaded_by=work.caller.user_id
        )
        work.emit(rejected, version=3)
    work.record("document", row["id"], after={"type": row["type"], "state": row["state"], "sha256": row["sha256"]})
