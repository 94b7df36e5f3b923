"""What documents keeps of a client: files. Those that the law locks stay, restricted and without his name; the others go."""

from datetime import UTC, datetime
from typing import Final

from sqlalchemy import ColumnElement, and_, or_, select

from messages.documents import Confidentiality
from runtime.privacy import Anonymise, Delete, PersonalData, Retain, Subject, by_id, by_trace, either, through
from storage.documents.tables import blob, document, document_link, document_version, download_link, render_job

_his_documents = by_id(document.c.client_id)


def _unlocked(subject: Subject) -> ColumnElement[bool]:
    return and_(_his_documents(subject), document.c.final.is_(False))


def _only_his(subject: Subject) -> ColumnElement[bool]:
    """Bytes that nobody else's and no locked document has."""
    versions = select(document_version.c.sha256).join(document, document.c.id == document_version.c.document_id)
    others = versions.where(or_(document.c.client_id.is_(None), ~_unlocked(subject)))
    return and_(blob.c.sha256.in_(versions.where(_unlocked(subject))), blob.c.sha256.not_in(others))


PERSONAL_DATA: Final = (
    # The next sweep takes the object itself; without its key an encrypted one is unreadable from now on.
    PersonalData(
        blob,
        _only_his,
        Anonymise({"ref_count": 0, "unused_since": datetime(1970, 1, 1, tzinfo=UTC), "wrapped_key": None}),
        "bytes of files",
    ),
    PersonalData(
        document_version, through(document_version.c.document_id, document.c.id, _unlocked), Delete(), "files"
    ),
    PersonalData(document_link, through(document_link.c.document_id, document.c.id, _unlocked), Delete(), "files"),
    PersonalData(
        download_link, through(download_link.c.document_id, document.c.id, _unlocked), Delete(), "links to files"
    ),
    PersonalData(
        render_job,
        either(by_id(render_job.c.client_id), by_trace(render_job.c.data)),
        Delete(),
        "orders for files, with the texts they were set from",
    ),
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
