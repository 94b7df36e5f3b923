"""The statements of documents that run often."""

from sqlalchemy import bindparam, func, select
from sqlalchemy.dialects.postgresql import insert

from storage.documents.tables import blob, content, document, document_link
from storage.shared.statements import Statement, prepare, rows_as_json

_LINKS = rows_as_json(
    "links",
    [document_link.c.subject_type, document_link.c.subject_id, document_link.c.role],
    document_link.c.document_id == document.c.id,
    document_link.c.id,
)
_FULL = select(document, _LINKS).where(document.c.organisation_id == bindparam("organisation_id"))

DOCUMENT_BY_ID: Statement = prepare(_FULL.where(document.c.id == bindparam("id")))
DOCUMENT_BY_SOURCE_KEY: Statement = prepare(_FULL.where(document.c.source_key == bindparam("source_key")))
DOCUMENT_FOR_UPDATE: Statement = prepare(_FULL.where(document.c.id == bindparam("id")).with_for_update(of=document))

SUMMARY = select(
    document.c.id,
    document.c.type,
    document.c.title,
    document.c.filename,
    document.c.mime,
    document.c.size,
    document.c.sha256,
    document.c.state,
    document.c.client_id,
    document.c.contract_id,
    document.c.business_date,
    document.c.created_at,
)

_new_blob = insert(blob).values(
    organisation_id=bindparam("organisation_id"),
    sha256=bindparam("sha256"),
    size=bindparam("size"),
    storage_driver=bindparam("storage_driver"),
    ref_count=1,
    created_at=bindparam("created_at"),
)
HOLD_BLOB: Statement = prepare(
    _new_blob.on_conflict_do_update(
        index_elements=["organisation_id", "sha256"], set_={"ref_count": blob.c.ref_count + 1}
    ).returning(blob.c.ref_count)
)
"""Counts one more user of the bytes and locks their row until the commit; 1 = nobody held them before."""

PUT_BYTES: Statement = prepare(
    insert(content)
    .values(organisation_id=bindparam("organisation_id"), sha256=bindparam("sha256"), bytes=bindparam("bytes"))
    .on_conflict_do_nothing()
)
BYTES_FROM: Statement = prepare(
    select(func.substring(content.c.bytes, bindparam("start"), bindparam("length"))).where(
        content.c.organisation_id == bindparam("organisation_id"), content.c.sha256 == bindparam("sha256")
    )
)
