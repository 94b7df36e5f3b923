"""What is known of documents: read, find, correct, link."""

from typing import Any

from sqlalchemy import ARRAY, Select, Text, Uuid, any_, exists, func, literal

from actors.documents import library, retention, rules, views
from actors.documents.content import store
from actors.documents.formats import clean_filename
from messages.documents import (
    FINAL_DOCUMENT,
    Document,
    DocumentPage,
    DocumentState,
    DocumentUpdated,
    GetDocument,
    LinkDocument,
    ListDocuments,
    UpdateDocument,
)
from messages.problem import Refused
from runtime.pagination import page
from runtime.unit_of_work import UnitOfWork
from storage.documents import queries
from storage.documents.tables import document, document_link

_OPEN_WHEN_FINAL = frozenset({"tags", "metadata"})
_HIDDEN = (DocumentState.TRASHED, DocumentState.PURGED)


async def get_document(request: GetDocument, work: UnitOfWork) -> Document:
    """One document without its bytes."""
    return views.document_of(await library.load(request.document_id, work))


async def list_documents(request: ListDocuments, work: UnitOfWork) -> DocumentPage:
    """A page of documents, newest first."""
    return await page(
        work,
        request,
        _matching(request, work),
        order=(document.c.created_at, document.c.id),
        descending=True,
        reply=DocumentPage,
        item=views.summary_of,
    )


async def update_document(request: UpdateDocument, work: UnitOfWork) -> Document:
    """Correct what is said of a file."""
    row = await library.load(request.document_id, work, for_update=True)
    work.check_version(request.expected_version, row["version"])
    wanted = request.model_dump(exclude={"document_id", "expected_version"}, exclude_unset=True)
    if "filename" in wanted and wanted["filename"] is not None:
        wanted["filename"] = clean_filename(wanted["filename"], row["mime"])
    if "tags" in wanted:
        wanted["tags"] = list(wanted["tags"] or ())
    changed = {name: value for name, value in wanted.items() if value != row[name]}
    _check_changeable(row, changed)
    if not changed:
        return views.document_of(row)
    if rules.is_secret(changed.get("confidentiality", "")) and not rules.is_secret(row["confidentiality"]):
        await store.conceal(row["sha256"], work)
    if "business_date" in changed:
        changed["retain_until"] = await retention.date_of({**row, **changed}, work)
    after = await library.change(row, work, **changed)
    names = tuple(sorted(name for name in changed if name != "retain_until"))
    facts = views.reference_of(after) | {"changed_fields": names}
    work.emit(DocumentUpdated.model_validate(facts), version=after["version"])
    return views.document_of(after)


async def link_document(request: LinkDocument, work: UnitOfWork) -> Document:
    """Link a document to one more subject."""
    row = await library.load(request.document_id, work, for_update=True)
    return views.document_of(await library.add_link(row, request.subject_type, request.subject_id, request.role, work))


def _check_changeable(row: Any, changed: dict[str, Any]) -> None:
    emptied = sorted(name for name in changed if name not in {"expires_on", "business_date"} and changed[name] is None)
    if emptied:
        raise Refused.field(emptied[0], "missing", f"{emptied[0]} cannot be empty; leave it out to keep it")
    if row["final"] and not changed.keys() <= _OPEN_WHEN_FINAL:
        raise Refused(FINAL_DOCUMENT, "of a final document only tags and metadata change; store a new document instead")


def _matching(request: ListDocuments, work: UnitOfWork) -> Select[Any]:
    statement = queries.SUMMARY.where(document.c.organisation_id == work.organisation_id)
    for column in ("client_id", "contract_id", "state", "mime"):
        wanted = getattr(request, column)
        if wanted is not None:
            statement = statement.where(document.c[column] == wanted)
    if request.subject_type is not None:
        statement = statement.where(_linked_to(request, work))
    if request.type:
        statement = statement.where(document.c.type == any_(literal([*request.type], ARRAY(Text))))
    if request.created_from is not None:
        statement = statement.where(document.c.created_at >= request.created_from)
    if request.created_before is not None:
        statement = statement.where(document.c.created_at < request.created_before)
    if request.filename is not None:
        part = func.lower(document.c.filename)
        statement = statement.where(part.contains(request.filename.lower(), autoescape=True))
    if request.state is None and not request.include_trashed:
        statement = statement.where(document.c.state.not_in(_HIDDEN))
    if work.caller.company_ids is not None:
        mine = document.c.company_id == any_(literal([*work.caller.company_ids], ARRAY(Uuid)))
        statement = statement.where(mine | document.c.company_id.is_(None))
    return statement


def _linked_to(request: ListDocuments, work: UnitOfWork) -> Any:
    return exists().where(
        document_link.c.organisation_id == work.organisation_id,
        document_link.c.subject_type == request.subject_type,
        document_link.c.subject_id == request.subject_id,
        document_link.c.document_id == document.c.id,
    )
