"""clients while NATS is away: what was promised is kept, once."""

import asyncio

import pytest

from messages.clients import Client, ListClients
from messages.values.identifiers import new_id
from runtime import headers
from tests.actors.clients.builders import person
from tests.harness import Running, Tenant, eventually


@pytest.mark.restarts_servers
async def test_case_27_a_fact_outlives_the_outage_between_commit_and_publication(
    running: Running, tenant: Tenant
) -> None:
    host, request, key = running.hosts["clients"], person(), str(new_id())
    endpoint = host.heart.actor.endpoints[request.contract.name]
    body = request.model_dump_json(exclude_unset=True).encode()
    found = {headers.AUTHORIZATION: f"Bearer {tenant.client.token}", headers.IDEMPOTENCY_KEY: key}
    await tenant.client.call(ListClients())  # so that the token's key is known before the outage
    await asyncio.to_thread(running.installation.nats.kill)  # type: ignore[attr-defined]
    try:
        # The request was delivered before the server died; the host answers it, and nobody hears the answer.
        reply, _ = await host.requests.answer(endpoint, body, found, str(new_id()), internal=False)
    finally:
        await asyncio.to_thread(running.installation.nats.start)
    made = Client.model_validate_json(reply)

    async def stated() -> bool:
        return len(await running.events("client.created", tenant.id)) > 0

    await eventually(stated, 30)
    again = await tenant.client.send(request.subject, body, {headers.IDEMPOTENCY_KEY: key})
    assert (again.body, again.headers[headers.REPLAYED]) == (reply, "true")
    await running.settled(60)
    ((told, fact),) = await running.events("client.created", tenant.id)
    assert told[headers.MESSAGE_ID] == told["ce-id"]
    assert fact["client_id"] == str(made.id)
