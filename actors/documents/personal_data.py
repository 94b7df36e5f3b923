"""What documents keeps of a client: files. Those that the law locks stay, restricted and without his name; the others go."""

from typing import Final

from sqlalchemy import ColumnElement, and_, or_, select

from messages.documents import Confidentiality
from runtime.privacy import Delete, PersonalData, Retain, Subject, by_id, through
from storage.documents.tables import blob, content, document, document_link, document_version

_his_documents = by_id(document.c.client_id)


def _unlocked(subject: Subject) -> ColumnElement[bool]:
    return and_(_his_documents(subject), document.c.final.is_(False))


def _only_his(column: ColumnElement[str], subject: Subject) -> ColumnElement[bool]:
    """Bytes that nobody else's and no locked document has."""
    mine = select(document.c.sha256).where(_unlocked(subject))
    others = select(document.c.sha256).where(or_(document.c.client_id.is_(None), ~_unlocked(subject)))
    return and_(column.in_(mine), column.not_in(others))


PERSONAL_DATA: Final = (
    PersonalData(content, lambda subject: _only_his(content.c.sha256, subject), Delete(), "bytes of files"),
    PersonalData(blob, lambda subject: _only_his(blob.c.sha256, subject), Delete(), "where the bytes lie"),
    PersonalData(
        document_version, through(document_version.c.document_id, document.c.id, _unlocked), Delete(), "files"
    ),
    PersonalData(document_link, through(document_link.c.document_id, document.c.id, _unlocked), Delete(), "files"),
    PersonalData(document, _his_documents, Delete(), "files", where=document.c.final.is_(False)),
    PersonalData(
        document,
        _his_documents,
        Retain(
            "locked: kept by law",
            until=document.c.retain_until,
            blank={"title": document.c.type, "confidentiality": Confidentiality.RESTRICTED, "metadata": {}},
        ),
        "files that the law keeps",
        entity="locked_document",
        where=document.c.final.is_(True),
    ),
)
