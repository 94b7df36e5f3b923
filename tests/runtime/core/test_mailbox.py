"""Events reach an actor once, in order, and whatever cannot be applied is kept (cross_cutting 9: 12, 16, 17, 3, 31, 32)."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import orjson

from messages.clients import CreateClient, ListClients
from messages.identity import CompanyCreated
from messages.values.addresses import Address
from messages.values.identifiers import new_id
from runtime import headers
from tests.harness import Running, Tenant, eventually


def company(company_id: UUID, name: str = "Société") -> CompanyCreated:
    return CompanyCreated(
        company_id=company_id,
        code="X",
        legal_name=name,
        siren="552100554",
        vat_regime="NORMAL",
        address=Address(street="1 rue X", postal_code="75001", city="Paris"),
        fiscal_year_end="12-31",
        currency="EUR",
        timezone="Europe/Paris",
        status="ACTIVE",
    )


async def projected(running: Running, tenant_id: UUID, company_id: UUID) -> str | None:
    return await behind(running, tenant_id, "select legal_name from company_ref where company_id = $1", company_id)


async def behind(running: Running, tenant_id: UUID, query: str, *arguments: Any) -> Any:
    """Look into the clients database as the application role of one organisation."""
    connection = await asyncpg.connect(running.installation.actor_url("clients"))
    try:
        await connection.execute(f"set app.organisation_id = '{tenant_id}'")
        return await connection.fetchval(query, *arguments)
    finally:
        await connection.close()


async def test_16_a_newer_version_is_never_overwritten_by_an_older_one(running: Running, tenant: Tenant) -> None:
    company_id = new_id()
    await running.state(company(company_id, "third"), tenant.id, version=3)
    await running.state(company(company_id, "second"), tenant.id, version=2)
    await running.settled()
    assert await projected(running, tenant.id, company_id) == "third"


async def test_12_an_event_without_a_rightful_source_moves_the_position_and_nothing_else(
    running: Running, tenant: Tenant
) -> None:
    host = running.hosts["clients"]
    before = host.heart.metrics.forged._value.get()
    stream = (await running.client("identity")).connection.jetstream()
    company_id = new_id()
    body = company(company_id).model_dump_json().encode()
    await stream.publish(f"crm.events.company.created.{tenant.id}", body)
    await running.settled()
    assert host.heart.metrics.forged._value.get() == before + 1
    assert await projected(running, tenant.id, company_id) is None


async def test_12_a_request_whose_reply_is_no_inbox_is_not_answered(running: Running, tenant: Tenant) -> None:
    client = await running.client()
    for reply in (f"crm.events.client.created.{tenant.id}", "crm.ops.clients.pause"):
        await client.connection.publish(
            "crm.clients.list_clients", b"{}", reply=reply, headers={"authorization": tenant.token()}
        )
    await client.connection.flush()
    await running.settled()
    assert await running.events("client.created", tenant.id) == []
    assert not running.hosts["clients"].heart.paused


async def test_12_a_repeated_message_is_stored_once(running: Running, tenant: Tenant) -> None:
    stream = (await running.client("identity")).connection.jetstream()
    found = {headers.MESSAGE_ID: str(new_id())}
    first = await stream.publish(f"crm.events.company.created.{tenant.id}", b"{}", headers=found)
    second = await stream.publish(f"crm.events.company.created.{tenant.id}", b"{}", headers=found)
    assert (second.duplicate, second.seq) == (True, first.seq)


async def test_17_a_poison_event_is_buried_after_five_tries_and_replayed_after_the_cure(
    running: Running, tenant: Tenant
) -> None:
    operator = await running.client()
    owner = await asyncpg.connect(running.database("clients"))
    poisoned, healthy = new_id(), new_id()
    await owner.execute("alter table company_ref add constraint no_poison check (legal_name <> 'poison')")
    try:
        started = asyncio.get_running_loop().time()
        await running.state(company(poisoned, "poison"), tenant.id)
        await running.state(company(healthy, "healthy"), tenant.id)
        await eventually(lambda: projected(running, tenant.id, healthy), 30)
        assert 8 <= asyncio.get_running_loop().time() - started <= 16
        assert await projected(running, tenant.id, poisoned) is None
        (letter,) = (await operator.operate("clients", "dead_letters", status="OPEN"))["items"]
        assert (letter["source"], letter["error_code"], letter["attempts"]) == ("EVENT", "CheckViolationError", 5)
    finally:
        await owner.execute("alter table company_ref drop constraint no_poison")
        await owner.close()
    assert (await operator.operate("clients", "replay", id=letter["id"]))["status"] == "REPLAYED"
    assert await projected(running, tenant.id, poisoned) == "poison"
    assert (await operator.operate("clients", "dead_letters", status="OPEN"))["items"] == []


async def test_a_paused_actor_answers_but_applies_nothing_until_it_is_resumed(running: Running, tenant: Tenant) -> None:
    operator = await running.client()
    await operator.operate("clients", "pause")
    company_id = new_id()
    await running.state(company(company_id), tenant.id)
    assert (await tenant.client.call(ListClients())).items == ()
    assert await projected(running, tenant.id, company_id) is None
    await operator.operate("clients", "resume")
    await eventually(lambda: projected(running, tenant.id, company_id))


async def test_03_twenty_parallel_writers_are_sealed_without_gap_within_two_seconds(
    running: Running, tenant: Tenant
) -> None:
    requests = (
        CreateClient(given_name="Jean", family_name=f"Martin{number}", emails=(f"p{number}@example.fr",))
        for number in range(20)
    )
    await asyncio.gather(*(tenant.client.call(request) for request in requests))
    auditor = tenant.token("identity:audit:verify")

    async def verified() -> Any:
        answer = await tenant.client.send("crm.clients.verify_local_chain", b'{"stream": "clients"}', token=auditor)
        found = orjson.loads(answer.body)
        return found if found["last_seq"] >= 20 else None

    found = await eventually(verified, 3)
    assert found["valid"] and found["entries_checked"] == found["last_seq"]
    refused = await tenant.client.send("crm.clients.verify_local_chain", b"{}", token=tenant.token("*"))
    assert refused.problem is not None and refused.problem.code == "PERMISSION_MISSING"


async def test_03_a_changed_entry_breaks_the_chain(running: Running, tenant: Tenant) -> None:
    created = await tenant.client.call(CreateClient(given_name="A", family_name="B", emails=("a@example.fr",)))
    sealed = "select id::text from audit_entry where seq is not null and target->>'id' = $1"
    entry = await eventually(lambda: behind(running, tenant.id, sealed, str(created.id)))
    owner = await asyncpg.connect(running.database("clients"))
    try:
        await owner.execute("alter table audit_entry disable trigger all")
        await owner.execute("update audit_entry set action = 'clients.client.forged' where id = $1", UUID(entry))
    finally:
        await owner.execute("alter table audit_entry enable trigger all")
        await owner.close()
    answer = await tenant.client.send(
        "crm.clients.verify_local_chain", b"{}", token=tenant.token("identity:audit:verify")
    )
    found = orjson.loads(answer.body)
    assert (found["valid"], found["corrupted_entry_id"]) == (False, entry)


async def test_31_a_durable_command_runs_when_its_actor_is_back_and_once(running: Running, tenant: Tenant) -> None:
    upstream = await running.client("bridge")
    await running.stop_actor("clients")
    found = {
        headers.AUTHORIZATION: f"Bearer {tenant.token()}",
        headers.MESSAGE_ID: str(uuid4()),
        headers.IDEMPOTENCY_KEY: f"k-{uuid4()}",
    }
    body = orjson.dumps({"given_name": "Command", "family_name": "Durable", "emails": ["command@example.fr"]})
    stream = upstream.connection.jetstream()
    await stream.publish("crm.commands.clients.create_client", body, headers=found)
    await stream.publish("crm.commands.clients.create_client", body, headers=found | {headers.MESSAGE_ID: str(uuid4())})
    await running.start_actor("clients")

    async def outcomes() -> Any:
        accepted = await running.events("command.accepted", tenant.id)
        return accepted if len(accepted) == 2 else None

    accepted = await eventually(outcomes, 20)
    assert accepted[0][1]["request"] == "create_client"
    assert len((await tenant.client.call(ListClients())).items) == 1


async def test_31_a_command_without_right_is_refused_for_good(running: Running, tenant: Tenant) -> None:
    upstream = await running.client("bridge")
    found = {headers.AUTHORIZATION: f"Bearer {tenant.token('clients:client:read')}", headers.MESSAGE_ID: str(uuid4())}
    await upstream.connection.jetstream().publish("crm.commands.clients.create_client", b"{}", headers=found)
    (refused,) = await eventually(lambda: running.events("command.refused", tenant.id), 10)
    assert refused[1]["problem"]["code"] == "PERMISSION_MISSING"


async def test_32_a_tick_is_applied_once_per_organisation(running: Running, tenant: Tenant) -> None:
    day = datetime(2026, 3, 2, tzinfo=UTC)
    for as_of in (day, day, day + timedelta(days=1)):
        await running.tick("day", as_of)
    position = "select sequence from mailbox_position where reader = 'CLOCK'"
    assert await behind(running, tenant.id, position) >= 2
