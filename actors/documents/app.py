"""What documents answers, hears, does on time and asks."""

from actors.documents import reactions, schedule, uploads
from actors.documents.host import HOST
from actors.documents.requests import content, documents
from actors.documents.requests import uploads as parts
from messages.identity import GetSigningKeys
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
    ),
    hears=(reactions.keep_sales_document,),
    runs=(every(Tick.HOUR, schedule.expire_uploads), daily("02:30", schedule.sweep_objects)),
    slow_work=(SlowWork(uploads.DropParts, perform=uploads.drop_parts, finish=uploads.forget_parts),),
    asks=(GetSigningKeys,),
    at_start=(HOST.start,),
)

app = application(actor)
