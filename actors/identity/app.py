"""What identity answers and does at start."""

from actors.identity import requests, signing_keys
from runtime.actor import Actor
from runtime.host import application

actor = Actor(
    "identity",
    answers=(
        requests.create_organisation,
        requests.get_organisation,
        requests.update_organisation,
        requests.create_company,
        requests.get_company,
        requests.list_companies,
        requests.list_members,
        requests.suspend_membership,
        requests.reactivate_membership,
        signing_keys.get_signing_keys,
    ),
    at_start=(signing_keys.ensure_signing_key, signing_keys.ensure_development_administrator),
)

app = application(actor)
