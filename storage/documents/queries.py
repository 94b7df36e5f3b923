"""The statements of documents that run often."""

from sqlalchemy import DateTime, and_, bindparam, case, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from storage.documents.tables import blob, document, document_link, document_version, unfinished_object
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
    ref_count=1,
    created_at=bindparam("created_at"),
)
HOLD_BLOB: Statement = prepare(
    _new_blob.on_conflict_do_update(
        index_elements=["organisation_id", "sha256"], set_={"ref_count": blob.c.ref_count + 1, "unused_since": None}
    ).returning(blob.c.token, blob.c.encrypted)
)
"""Counts one more user of the bytes and locks their row until the commit; without a token nobody has written them yet."""

_this_blob = and_(blob.c.organisation_id == bindparam("organisation_id"), blob.c.sha256 == bindparam("sha256"))
BLOB: Statement = prepare(select(blob).where(_this_blob))
BLOB_FOR_UPDATE: Statement = prepare(select(blob).where(_this_blob).with_for_update())
LOCATE_BLOB: Statement = prepare(
    update(blob)
    .where(_this_blob)
    .values({name: bindparam(name) for name in ("token", "encrypted", "wrapped_key", "sequences", "digests")})
)
RELEASE_BLOB: Statement = prepare(
    update(blob)
    .where(_this_blob)
    .values(
        ref_count=blob.c.ref_count - 1,
        unused_since=case((blob.c.ref_count == 1, bindparam("now", type_=DateTime(timezone=True)))),
    )
)
"""Counts one user less; the sweep takes the bytes a day after the last one."""

UNUSED_BLOBS: Statement = prepare(
    select(blob)
    .where(
        blob.c.organisation_id == bindparam("organisation_id"),
        blob.c.ref_count == 0,
        blob.c.unused_since < bindparam("before"),
    )
    .order_by(blob.c.unused_since)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
_in_use = (
    select(document_version.c.sha256)
    .join(document, document.c.id == document_version.c.document_id)
    .where(
        document_version.c.organisation_id == blob.c.organisation_id,
        document_version.c.sha256 == blob.c.sha256,
        document.c.purged_at.is_(None),
    )
)
MARK_UNUSED: Statement = prepare(
    update(blob)
    .where(
        blob.c.organisation_id == bindparam("organisation_id"),
        blob.c.unused_since.is_(None),
        blob.c.created_at < bindparam("before"),
        ~_in_use.exists(),
    )
    .values(ref_count=0, unused_since=bindparam("now", type_=DateTime(timezone=True)))
)
"""Bytes whose last user went without being counted: an erasure deletes a person's documents whole."""
DELETE_BLOB: Statement = prepare(delete(blob).where(_this_blob))

NOTE_UNFINISHED: Statement = prepare(
    insert(unfinished_object).values(
        {name: bindparam(name) for name in ("organisation_id", "token", "name", "created_at")}
    )
)
FORGET_UNFINISHED: Statement = prepare(
    delete(unfinished_object).where(
        unfinished_object.c.organisation_id == bindparam("organisation_id"),
        unfinished_object.c.token == bindparam("token"),
    )
)
OLD_UNFINISHED: Statement = prepare(
    select(unfinished_object)
    .where(
        unfinished_object.c.organisation_id == bindparam("organisation_id"),
        unfinished_object.c.created_at < bindparam("before"),
    )
    .order_by(unfinished_object.c.created_at)
    .limit(bindparam("most"))
)
