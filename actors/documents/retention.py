"""How long documents stay: computed when they are stored and again when what they belong to begins or ends."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Uuid, and_, any_, exists, literal, or_, select, tuple_, update

from actors.documents import rules
from messages.documents import DocumentType, SubjectType
from runtime.unit_of_work import Row, UnitOfWork
from storage.documents import queries
from storage.documents.tables import document, document_link, retention_base
from storage.projections import keep_newest

_BEARING = frozenset({SubjectType.CONTRACT, SubjectType.MANDATE})


async def date_of(row: Mapping[str, Any], work: UnitOfWork, fiscal_year_end: date | None = None) -> date | None:
    """The day until which a document stays, from its own facts and the ends of its contracts and mandates."""
    type_ = DocumentType(row["type"])
    if type_ in rules.FOLLOWS_FISCAL_YEAR and fiscal_year_end is None:
        return row.get("retain_until")  # only the invoice's or statement's own event knows it
    created_on = row["created_at"].date()
    bases = await _bases(row, work)
    own = {"created_on": created_on, "business_date": row["business_date"], "fiscal_year_end": fiscal_year_end}
    if type_ not in rules.FOLLOWS_LINK_END:
        years = max((base["archive_years"] for base in bases), default=0)
        return rules.retain_until(type_, **own, archive_years=years)
    ends = (
        rules.retain_until(type_, **own, link_ended_on=base["ended_on"], archive_years=base["archive_years"])
        for base in bases
    )
    return rules.longest(*ends)


async def begins(
    subject_type: SubjectType, subject_id: UUID, ended_on: date | None, archive_years: int, work: UnitOfWork
) -> None:
    """A contract or mandate lives (None) or has ended: its documents get their dates."""
    kept = keep_newest(
        retention_base,
        organisation_id=work.organisation_id,
        subject_type=subject_type,
        subject_id=subject_id,
        version=work.source_version,
        ended_on=ended_on,
        archive_years=archive_years,
    )
    if not await work.execute(kept):
        return
    for found in await work.fetch(_documents_of(subject_type, subject_id, work)):
        row = await work.fetch_one(queries.DOCUMENT_FOR_UPDATE, organisation_id=work.organisation_id, id=found["id"])
        assert row is not None
        until = await date_of(row, work)
        if until != row["retain_until"]:
            await set_date(row["id"], until, work)


async def archive_years(contract_id: UUID, work: UnitOfWork) -> int:
    """How long a contract's documents stay after its end, as its signature decided."""
    mine = (
        retention_base.c.organisation_id == work.organisation_id,
        retention_base.c.subject_type == SubjectType.CONTRACT,
        retention_base.c.subject_id == contract_id,
    )
    return await work.fetch_value(select(retention_base.c.archive_years).where(*mine)) or rules.STATUTORY_YEARS


async def set_date(document_id: UUID, until: date | None, work: UnitOfWork) -> None:
    """Store the date of a locked document; it is no change of what the document says, so its version stays."""
    mine = (document.c.organisation_id == work.organisation_id, document.c.id == document_id)
    await work.execute(update(document).where(*mine).values(retain_until=until))


def _documents_of(subject_type: SubjectType, subject_id: UUID, work: UnitOfWork) -> Any:
    linked = exists().where(
        document_link.c.organisation_id == work.organisation_id,
        document_link.c.subject_type == subject_type,
        document_link.c.subject_id == subject_id,
        document_link.c.document_id == document.c.id,
    )
    about = or_(linked, document.c.contract_id == subject_id) if subject_type is SubjectType.CONTRACT else linked
    mine = and_(document.c.organisation_id == work.organisation_id, about)
    follows = document.c.type == any_(literal([*rules.FOLLOWS_LINK_END]))
    return select(document.c.id).where(mine, follows).order_by(document.c.id)


async def _bases(row: Mapping[str, Any], work: UnitOfWork) -> list[Row]:
    subjects = {
        (str(link["subject_type"]), UUID(str(link["subject_id"])))
        for link in row["links"] or ()
        if link["subject_type"] in _BEARING
    }
    if row["contract_id"] is not None:
        subjects.add((SubjectType.CONTRACT.value, row["contract_id"]))
    if not subjects:
        return []
    subject = tuple_(retention_base.c.subject_type, retention_base.c.subject_id)
    statement = select(retention_base).where(
        retention_base.c.organisation_id == work.organisation_id,
        or_(*(subject == tuple_(literal(type_), literal(id_, Uuid)) for type_, id_ in sorted(subjects, key=str))),
    )
    return await work.fetch(statement)
