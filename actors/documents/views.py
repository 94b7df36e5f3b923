"""Rows of documents as the messages show them."""

from typing import Any

from messages.documents import Document, DocumentRef, DocumentSummary
from messages.shared import Ref
from runtime.unit_of_work import Row


def document_of(row: Row) -> Document:
    """The document in full, as requests answer it."""
    return Document.model_validate({**row, "reference": _reference(row), "links": row["links"] or ()})


def summary_of(row: Row) -> DocumentSummary:
    """The document in a list."""
    return DocumentSummary.model_validate(dict(row))


def reference_of(row: Row) -> dict[str, Any]:
    """The fields of DocumentRef, from which events are made."""
    links = tuple(Ref(type=link["subject_type"].lower(), id=link["subject_id"]) for link in row["links"] or ())
    found = DocumentRef(
        document_id=row["id"],
        version=row["number"],
        reference=_reference(row),
        links=links,
        **{name: row[name] for name in _SAME_NAMES},
    )
    return dict(found)


def _reference(row: Row) -> Ref | None:
    return Ref(type=row["reference_type"], id=row["reference_id"]) if row["reference_id"] is not None else None


_SAME_NAMES = (
    "type", "purpose", "filename", "mime", "size", "sha256", "client_id", "contract_id", "company_id", "origin", "source_key",
)  # fmt: skip
