"""Documents as handlers load, guard and change them."""

from typing import Any
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert

from actors.documents import views
from messages.documents import (
    DOCUMENT_NOT_FOUND,
    NOT_CLEAN,
    Confidentiality,
    DocumentLinked,
    DocumentState,
    StoredDocument,
)
from messages.problem import Refused
from messages.shared import Ref
from messages.values.identifiers import new_id
from runtime.unit_of_work import Row, UnitOfWork
from storage.documents import queries
from storage.documents.tables import document, document_link

REVEAL = "documents:document:reveal"


async def load(document_id: UUID, work: UnitOfWork, *, for_update: bool = False) -> Row:
    """A document in the caller's scope; anything else does not exist for him."""
    statement = queries.DOCUMENT_FOR_UPDATE if for_update else queries.DOCUMENT_BY_ID
    row = await work.load(
        statement, "document", code=DOCUMENT_NOT_FOUND, organisation_id=work.organisation_id, id=document_id
    )
    if not work.caller.sees_company(row["company_id"]):
        raise Refused(DOCUMENT_NOT_FOUND, f"document {document_id} does not exist; check the id")
    return row


async def readable(document_id: UUID, work: UnitOfWork) -> Row:
    """A document whose bytes the caller may have: available, and revealed to him where it is personal."""
    row = await load(document_id, work)
    if row["state"] != DocumentState.AVAILABLE:
        raise Refused(NOT_CLEAN, "the file is not verified or was found infected; only clean files are handed out")
    if row["confidentiality"] == Confidentiality.PERSONAL:
        work.caller.require(REVEAL)
    return row


def stored_before(row: Row) -> StoredDocument:
    """The answer to an order that was carried out before."""
    return StoredDocument(document=views.document_of(row), version=row["number"], deduplicated=True)


async def change(row: Row, work: UnitOfWork, **columns: Any) -> Row:
    """Change a locked document; the row after it, one version on."""
    columns |= {"updated_at": work.now, "updated_by": work.caller.principal, "version": row["version"] + 1}
    mine = (document.c.organisation_id == work.organisation_id, document.c.id == row["id"])
    await work.execute(update(document).where(*mine).values(**columns))
    return {**row, **columns}


async def add_link(row: Row, subject_type: str, subject_id: UUID, role: str, work: UnitOfWork) -> Row:
    """Link a locked document and say so; nothing when it is linked already."""
    link = {"subject_type": subject_type, "subject_id": subject_id, "role": role}
    added = insert(document_link).values(
        id=new_id(), organisation_id=work.organisation_id, document_id=row["id"], **link
    )
    if not await work.execute(added.on_conflict_do_nothing()):
        return row
    changed = await change(row, work)
    about = {"document_id": row["id"], "link": Ref(type=subject_type.lower(), id=subject_id), "role": role}
    work.emit(DocumentLinked.model_validate(about), version=changed["version"])
    return {**changed, "links": [*(row["links"] or ()), link]}
