"""A machine's token over HTTP: fetched and used inside the networks of its account, and nowhere else."""

import base64

import httpx
import orjson
import pytest

from messages.errors import IP_NOT_ALLOWED
from messages.identity import (
    CreateMachineAccount,
    IssueMachineToken,
    ListRoles,
    MachineAccountCreated,
    UpdateMachineAccount,
)
from messages.problem import Refused
from runtime.bridge.networks import check_network
from tests.harness import Running, Tenant


async def account(tenant: Tenant) -> MachineAccountCreated:
    roles = (await tenant.client.call(ListRoles(limit=100))).items
    viewer = next(role.role_id for role in roles if role.code == "viewer")
    return await tenant.client.call(CreateMachineAccount(name="website", role_ids=(viewer,)))


async def limited_to(tenant: Tenant, made: MachineAccountCreated, network: str, version: int) -> None:
    account_id = made.account.machine_account_id
    change = UpdateMachineAccount(machine_account_id=account_id, allowed_ips=(network,), expected_version=version)
    await tenant.client.call(change)


async def test_a_machine_works_over_http_from_its_networks_only(running: Running, web: httpx.AsyncClient) -> None:
    tenant = await running.tenant()
    made = await account(tenant)
    form = {"grant_type": "client_credentials", "client_id": made.client_id, "client_secret": made.secret}
    await limited_to(tenant, made, "203.0.113.0/24", 1)
    refused = await web.post("/oauth/token", data=form)
    assert (refused.status_code, refused.json()["error"]) == (403, "invalid_client")
    over_nats = IssueMachineToken(client_id=made.client_id, client_secret=made.secret or "")
    elsewhere = (await tenant.client.call(over_nats, token="")).access_token
    used = await web.get("/v1/clients/list_clients", headers={"authorization": f"Bearer {elsewhere}"})
    assert (used.status_code, used.json()["code"]) == (403, IP_NOT_ALLOWED.code)
    tenant.client.token = tenant.token("*")
    await limited_to(tenant, made, "127.0.0.0/8", 2)
    here = await web.post("/oauth/token", data=form)
    assert here.status_code == 200, here.text
    bearer = {"authorization": f"Bearer {here.json()['access_token']}"}
    assert (await web.get("/v1/clients/list_clients", headers=bearer)).status_code == 200


def token_of(claims: object) -> str:
    return f"Bearer e30.{base64.urlsafe_b64encode(orjson.dumps(claims)).decode().rstrip('=')}.c2ln"


@pytest.mark.parametrize(
    "given", [None, "", "Bearer", "Bearer x", "Basic YTpi", token_of({}), token_of([1]), token_of({"net": 1})]
)
def test_what_names_no_network_is_left_to_the_actor(given: str | None) -> None:
    check_network(given, "unknown")


def test_a_token_of_listed_networks_needs_an_address_in_them() -> None:
    given = token_of({"net": ["203.0.113.0/24"]})
    check_network(given, "203.0.113.9")
    for address in ("203.0.114.1", "unknown", "::1"):
        with pytest.raises(Refused) as refusal:
            check_network(given, address)
        assert refusal.value.code is IP_NOT_ALLOWED
