"""What clients answers, hears and asks."""

from actors.clients import reactions, requests
from messages.identity import GetSigningKeys
from runtime.actor import Actor
from runtime.host import application

actor = Actor(
    "clients",
    answers=(
        requests.create_client,
        requests.get_client,
        requests.list_clients,
        requests.update_client,
        requests.archive_client,
        requests.restore_client,
    ),
    hears=(reactions.keep_company,),
    asks=(GetSigningKeys,),
)

app = application(actor)
