"""Templates and orders to render."""

from sqlalchemy import select

from actors.documents.rendering import jobs
from actors.documents.rendering.templates import SEEDS
from messages.documents import (
    DOCUMENT_TEMPLATE_NOT_FOUND,
    DOCUMENT_VARIABLES_INVALID,
    RENDER_JOB_NOT_FOUND,
    DocumentTemplate,
    DocumentTemplates,
    GetDocumentTemplate,
    GetRenderJob,
    ListDocumentTemplates,
    RenderDocument,
    RenderJob,
)
from messages.problem import Refused
from runtime.unit_of_work import UnitOfWork
from storage.documents.tables import render_job


async def list_document_templates(_: ListDocumentTemplates, work: UnitOfWork) -> DocumentTemplates:
    """The seeded templates."""
    return DocumentTemplates(items=tuple(template.shown() for template in SEEDS.values()))


async def get_document_template(request: GetDocumentTemplate, work: UnitOfWork) -> DocumentTemplate:
    """One template."""
    template = SEEDS.get(request.key)
    if template is None:
        raise _no_such_template(request.key)
    return template.shown()


async def render_document(request: RenderDocument, work: UnitOfWork) -> RenderJob:
    """Take an order of a person or an actor; unlike an order by event, one that cannot be set is refused."""
    template = SEEDS.get(request.template_key)
    if template is None or template.purpose is not request.purpose:
        raise _no_such_template(request.template_key)
    missing = template.missing(request.data)
    if missing:
        raise Refused.field(
            "data", "missing", f"give these variables: {', '.join(missing)}", DOCUMENT_VARIABLES_INVALID
        )
    order = jobs.Order(
        template_key=template.key,
        purpose=request.purpose,
        reference=request.reference,
        data=request.data,
        revision=request.revision,
        links=tuple(link.model_dump(mode="json") for link in request.links),
        client_id=request.client_id,
        contract_id=request.contract_id,
        company_id=request.company_id,
    )
    return jobs.job_of(await jobs.take_order(order, work))


async def get_render_job(request: GetRenderJob, work: UnitOfWork) -> RenderJob:
    """How far an order is."""
    mine = (render_job.c.organisation_id == work.organisation_id, render_job.c.id == request.job_id)
    row = await work.load(select(render_job).where(*mine), "render job", code=RENDER_JOB_NOT_FOUND, id=request.job_id)
    return jobs.job_of(row)


def _no_such_template(key: str) -> Refused:
    return Refused(
        DOCUMENT_TEMPLATE_NOT_FOUND, f"no template '{key}' for this purpose; ListDocumentTemplates names them all"
    )
