"""What documents answers, hears and asks."""

from actors.documents import reactions, requests
from actors.documents.personal_data import PERSONAL_DATA
from messages.identity import GetSigningKeys
from runtime.actor import Actor
from runtime.host import application

actor = Actor(
    "documents",
    answers=(
        requests.store_document,
        requests.get_document,
        requests.list_documents,
        requests.get_content,
        requests.open_content,
        requests.link_document,
    ),
    hears=(reactions.keep_sales_document,),
    asks=(GetSigningKeys,),
    privacy=PERSONAL_DATA,
)

app = application(actor)
