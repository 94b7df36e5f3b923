"""Orders to render: taken once, set by a worker, answered exactly once by document.generated or document.generation_failed."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from actors.documents import intake, views
from actors.documents.formats import PDF, clean_filename
from actors.documents.rendering.pool import typeset
from actors.documents.rendering.sheets import facts_of
from actors.documents.rendering.templates import SEEDS, Template, template_for
from actors.documents.rendering.typeset import Typeset
from messages.documents import (
    DOCUMENT_VARIABLES_INVALID,
    WINDOW_ZONE_INVALID,
    DocumentAvailable,
    DocumentFacts,
    DocumentGenerated,
    DocumentGenerationFailed,
    DocumentOrigin,
    DocumentState,
    RenderJob,
    RenderPurpose,
    RenderStatus,
    ScanStatus,
)
from messages.identity import CompanySnapshot, GetCompany
from messages.problem import Refused
from messages.shared import Ref
from messages.transitions import StateMachine
from messages.values.identifiers import new_id
from messages.values.instants import local_date
from runtime.unit_of_work import Row, UnitOfWork, WorkItem
from runtime.work_queue import Outside
from storage.documents.tables import company, render_job
from storage.shared.statements import render

RENDERINGS = StateMachine(
    "rendering",
    {
        ("finish", RenderStatus.QUEUED): RenderStatus.DONE,
        ("give_up", RenderStatus.QUEUED): RenderStatus.FAILED,
    },
)


class RenderFile(WorkItem):
    """Set the file of a job."""

    job_id: UUID


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be rendered. `echo` holds the order's own id under the name the answer carries it by."""

    template_key: str
    purpose: RenderPurpose
    reference: Ref
    data: dict[str, Any]
    revision: str | None = None
    echo: dict[str, str] = field(default_factory=dict)
    links: tuple[dict[str, Any], ...] = ()
    client_id: UUID | None = None
    contract_id: UUID | None = None
    company_id: UUID | None = None

    @property
    def template(self) -> Template:
        """The template that serves it."""
        return template_for(self.template_key, self.purpose)


async def take_order(order: Order, work: UnitOfWork) -> Row:
    """The job of an order; the same purpose, reference and revision is the same job. Missing variables end it at once."""
    row = _row(order, await _letterhead(order.company_id, work), work)
    added = insert(render_job).values(row).on_conflict_do_nothing(constraint="uq_render_job_order")
    if not await work.execute(added):
        return await _same_order(order, work)
    missing = order.template.missing(order.data)
    if missing:
        return await _give_up(row, DOCUMENT_VARIABLES_INVALID.code, missing, work)
    work.order(RenderFile(job_id=row["id"]), key=str(row["id"]))
    return row


async def set_file(item: RenderFile, outside: Outside) -> Typeset:
    """Make the PDF in a worker process."""
    mine = (render_job.c.organisation_id == outside.organisation_id, render_job.c.id == item.job_id)
    sql, arguments = render(select(render_job).where(*mine))
    async with outside.heart.database.reading(outside.organisation_id) as connection:
        row = await connection.fetchrow(sql, *arguments)
    data = dict(row["data"])
    letterhead = data.pop("letterhead")
    template = SEEDS[row["template_key"]]
    facts = facts_of(template, data, letterhead, local_date(row["created_at"]))
    made = await typeset(template.layout, facts, row["created_at"])
    if not made.window_is_right:
        raise Refused(WINDOW_ZONE_INVALID, "the address does not fit the envelope's window; shorten its lines")
    return made


async def keep_file(item: RenderFile, made: Typeset, work: UnitOfWork) -> None:
    """Store the PDF as a document and answer the order. It is made here, so it is not scanned."""
    row = await _load(item.job_id, work)
    if row["status"] != RenderStatus.QUEUED:
        return
    template = SEEDS[row["template_key"]]
    sha256 = hashlib.sha256(made.pdf).hexdigest()
    file = intake.File(made.pdf, sha256, clean_filename(_filename(row, template), PDF), PDF, PDF, None)
    outcome = {"state": DocumentState.AVAILABLE, "scan_status": ScanStatus.SKIPPED, "version": 2}
    kept = await intake.insert_document(template.document_type, file, _facts(row, template), outcome, work, row["id"])
    await _end(row, work, status=RENDERINGS.after("finish", RenderStatus(row["status"])), document_id=row["id"],
               page_count=made.page_count)  # fmt: skip
    reference = views.reference_of(kept)
    answer = {**reference, **row["order"], "job_id": row["id"], "page_count": made.page_count}
    work.emit(DocumentGenerated.model_validate(answer), version=1)
    work.emit(DocumentAvailable.model_validate(reference), version=2)


async def give_up(item: RenderFile, error: Exception, work: UnitOfWork) -> None:
    """The attempts are used up, or the data can never be set: say so."""
    row = await _load(item.job_id, work)
    if row["status"] == RenderStatus.QUEUED:
        await _give_up(row, error.code.code if isinstance(error, Refused) else "RENDERING_FAILED", (), work)


async def rendered_for(orders: Iterable[UUID | None], work: UnitOfWork) -> list[UUID]:
    """The documents made for these orders."""
    ids = [str(order) for order in orders if order is not None]
    mine = (render_job.c.organisation_id == work.organisation_id, render_job.c.revision.in_(ids))
    rows = await work.fetch(select(render_job.c.document_id).where(*mine, render_job.c.document_id.is_not(None)))
    return [row["document_id"] for row in rows]


def job_of(row: Row) -> RenderJob:
    """The job as requests answer it."""
    reference = Ref(type=row["reference_type"], id=row["reference_id"])
    return RenderJob.model_validate({**row, "job_id": row["id"], "reference": reference})


def _row(order: Order, letterhead: dict[str, Any], work: UnitOfWork) -> dict[str, Any]:
    data = {**order.data, "letterhead": letterhead}
    return {
        "id": new_id(),
        "organisation_id": work.organisation_id,
        "template_key": order.template.key,
        "purpose": order.purpose,
        "reference_type": order.reference.type,
        "reference_id": order.reference.id,
        "revision": order.revision,
        "order": order.echo,
        "data": data,
        "data_hash": hashlib.sha256(orjson.dumps(data, option=orjson.OPT_SORT_KEYS)).hexdigest(),
        "links": list(order.links),
        "client_id": order.client_id,
        "contract_id": order.contract_id,
        "company_id": order.company_id,
        "status": RenderStatus.QUEUED,
        "document_id": None,
        "page_count": None,
        "error_code": None,
        "missing_variables": [],
        "created_at": work.now,
        "created_by": work.caller.principal,
        "finished_at": None,
    }


async def _letterhead(company_id: UUID | None, work: UnitOfWork) -> dict[str, Any]:
    """The company as it is when the order comes; its owner is asked when its events have not come yet."""
    if company_id is None:
        return {}
    mine = (company.c.organisation_id == work.organisation_id, company.c.id == company_id)
    known = await work.fetch_value(select(company.c.letterhead).where(*mine))
    if known is not None:
        return dict(known)
    asked = await work.ask(GetCompany(company_id=company_id))
    return CompanySnapshot.model_validate(asked.model_dump()).model_dump(mode="json")


async def _same_order(order: Order, work: UnitOfWork) -> Row:
    same = select(render_job).where(
        render_job.c.organisation_id == work.organisation_id,
        render_job.c.purpose == order.purpose,
        render_job.c.reference_type == order.reference.type,
        render_job.c.reference_id == order.reference.id,
        render_job.c.revision.is_not_distinct_from(order.revision),
    )
    return await work.load(same, "render job")


async def _load(job_id: UUID, work: UnitOfWork) -> Row:
    mine = (render_job.c.organisation_id == work.organisation_id, render_job.c.id == job_id)
    return await work.load(select(render_job).where(*mine).with_for_update(), "render job", id=job_id)


async def _end(row: Row, work: UnitOfWork, **columns: Any) -> None:
    mine = (render_job.c.organisation_id == work.organisation_id, render_job.c.id == row["id"])
    await work.execute(update(render_job).where(*mine).values(**columns, finished_at=work.now))


async def _give_up(row: Row, code: str, missing: tuple[str, ...], work: UnitOfWork) -> Row:
    failed = RENDERINGS.after("give_up", RenderStatus(row["status"]))
    columns = {"status": failed, "error_code": code, "missing_variables": list(missing)}
    await _end(row, work, **columns)
    answer = {
        **row["order"],
        "job_id": row["id"],
        "purpose": row["purpose"],
        "reference": Ref(type=row["reference_type"], id=row["reference_id"]),
        "error_code": code,
        "missing_variables": missing,
    }
    work.emit(DocumentGenerationFailed.model_validate(answer), version=1)
    return {**row, **columns, "finished_at": work.now}


def _facts(row: Row, template: Template) -> DocumentFacts:
    return DocumentFacts.model_validate(
        {
            "title": f"{template.title} {_label(row)}".strip(),
            "purpose": row["purpose"],
            "reference": {"type": row["reference_type"], "id": row["reference_id"]},
            "origin": DocumentOrigin.SYSTEM,
            "links": row["links"],
            "client_id": row["client_id"],
            "contract_id": row["contract_id"],
            "company_id": row["company_id"],
            "business_date": local_date(row["created_at"]),
            "source_key": f"rendering:{row['id']}",
        }
    )


def _filename(row: Row, template: Template) -> str:
    return f"{template.title} {_label(row)}".strip() + ".pdf"


def _label(row: Row) -> str:
    data = row["data"]
    return str(data.get("contract", {}).get("reference") or data.get("rum") or data.get("number") or "")
