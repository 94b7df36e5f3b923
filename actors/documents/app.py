"""What documents answers, hears, does on time and in the background, and whom it asks."""

from actors.documents import retention_runs, schedule, uploads
from actors.documents.host import HOST
from actors.documents.personal_data import PERSONAL_DATA
from actors.documents.reactions import keeping, ordering
from actors.documents.rendering import jobs
from actors.documents.requests import content, documents, downloads, rendering, trash
from actors.documents.requests import uploads as parts
from messages.identity import CheckLegalHold, GetCompany, GetSigningKeys
from runtime.actor import Actor, SlowWork, Tick, daily, every
from runtime.host import application

actor = Actor(
    "documents",
    answers=(
        content.store_document,
        content.get_content,
        content.open_content,
        parts.begin_upload,
        parts.upload_part,
        parts.complete_upload,
        parts.abort_upload,
        documents.get_document,
        documents.list_documents,
        documents.update_document,
        documents.link_document,
        trash.trash_document,
        trash.restore_document,
        trash.purge_document,
        downloads.create_download_link,
        downloads.revoke_download_link,
        downloads.resolve_download_link,
        downloads.read_download,
        rendering.list_document_templates,
        rendering.get_document_template,
        rendering.render_document,
        rendering.get_render_job,
    ),
    hears=(
        ordering.keep_letterhead,
        ordering.render_contract_file,
        ordering.render_mandate,
        ordering.render_formal_notice,
        keeping.keep_sales_document,
        keeping.keep_late_sales_document,
        keeping.keep_signed_contract,
        keeping.end_contract,
        keeping.reopen_contract,
        keeping.keep_mandate,
        keeping.end_mandate,
        keeping.keep_statement,
        keeping.keep_posted_letter,
    ),
    runs=(
        every(Tick.HOUR, schedule.expire_uploads),
        daily("01:30", schedule.drop_infected),
        daily("01:30", schedule.end_retention),
        daily("02:30", schedule.sweep_objects),
    ),
    slow_work=(
        SlowWork(uploads.DropParts, perform=uploads.drop_parts, finish=uploads.forget_parts),
        SlowWork(
            retention_runs.EndDocuments, retention_runs.find_batch, retention_runs.end_batch, at_most=1, attempts=60
        ),
        SlowWork(jobs.RenderFile, perform=jobs.set_file, finish=jobs.keep_file, gave_up=jobs.give_up, attempts=3),
    ),
    asks=(GetSigningKeys, GetCompany, CheckLegalHold),
    privacy=PERSONAL_DATA,
    projections=(ordering.keep_letterhead,),
    at_start=(HOST.start,),
)

app = application(actor)
