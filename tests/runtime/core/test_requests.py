"""What happens around a handler: rights, tenancy, validation, idempotency, audit (cross_cutting 9)."""

import asyncio
from uuid import UUID, uuid4

import asyncpg
import orjson
import pytest

from messages.clients import CreateClient, GetClient, ListClients
from messages.identity import MembershipReactivated, MembershipSuspended, SuspendMembership
from messages.problem import Refused
from messages.values.identifiers import new_id
from runtime import headers
from runtime.idempotency import request_hash
from runtime.pagination import contains
from storage.clients.tables import client as client_table
from tests.harness import Running, Tenant, eventually

PERSON = {"given_name": "Jeanne", "family_name": "Martin", "emails": ["jeanne@example.fr"]}


def person(**changes: object) -> CreateClient:
    return CreateClient.model_validate(PERSON | changes)


async def code_of(awaitable: object) -> str:
    with pytest.raises(Refused) as refusal:
        await awaitable  # type: ignore[misc]
    return str(refusal.value.details.get("code"))


async def test_08_a_token_allows_what_its_patterns_match(tenant: Tenant) -> None:
    reader = tenant.token("clients:*:read")
    assert (await tenant.client.call(ListClients(), token=reader)).items == ()
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(person(), token=reader)
    assert refusal.value.code.code == "PERMISSION_MISSING"
    assert refusal.value.required_permission == "clients:client:write"


async def test_09_no_token_or_a_broken_one_is_unauthorized_and_learns_nothing_of_the_schema(tenant: Tenant) -> None:
    good = tenant.token()
    for token in ("", "nonsense", good[:-4] + "AAAA"):
        answer = await tenant.client.send(
            "crm.clients.create_client", b'{"x": 1}', {headers.AUTHORIZATION: f"Bearer {token}"}
        )
        assert answer.problem is not None
        assert (answer.problem.code, answer.problem.fields) == ("UNAUTHORIZED", ())


async def test_11_headers_never_replace_a_token(tenant: Tenant, other_tenant: Tenant) -> None:
    bare = await tenant.client.send(
        "crm.clients.list_clients", b"{}", {headers.AUTHORIZATION: "", "x-internal-service": "payments"}
    )
    assert bare.problem is not None and bare.problem.code == "UNAUTHORIZED"
    other = {headers.ORGANISATION: str(other_tenant.id)}
    differing = await tenant.client.send("crm.clients.list_clients", b"{}", other)
    assert differing.problem is not None and differing.problem.code == "TENANT_SCOPE_VIOLATION"


async def test_13_a_stopped_actor_is_reported_at_once(tenant: Tenant) -> None:
    loop = asyncio.get_running_loop()
    started = loop.time()
    with pytest.raises(Refused) as refusal:
        await tenant.client.send("crm.clients.no_such_request", b"{}")
    assert refusal.value.code.code == "ACTOR_UNAVAILABLE"
    assert loop.time() - started < 0.1


async def test_14_a_wrong_body_names_its_fields(tenant: Tenant) -> None:
    answer = await tenant.client.send("crm.clients.update_client", b'{"x": 1}')
    assert answer.problem is not None
    assert answer.problem.code == "VALIDATION_FAILED"
    assert {field.field for field in answer.problem.fields} == {"client_id", "expected_version", "x"}
    assert answer.headers[headers.SERVICE_ERROR_CODE] == "VALIDATION_FAILED"
    assert answer.headers[headers.SERVICE_ERROR] == answer.problem.title
    assert UUID(answer.headers[headers.REQUEST_ID])


async def test_14_nested_unknown_fields_are_refused_too(tenant: Tenant) -> None:
    body = PERSON | {"addresses": [{"line1": "1 rue X", "postal_code": "75001", "city": "Paris", "planet": "Earth"}]}
    answer = await tenant.client.send("crm.clients.create_client", orjson.dumps(body))
    assert answer.problem is not None
    assert [field.field for field in answer.problem.fields] == ["addresses.0.planet"]


async def test_an_oversized_body_is_refused_and_the_actor_stays_up(tenant: Tenant) -> None:
    answer = await tenant.client.send("crm.clients.create_client", b'{"given_name": "' + b"x" * (600 * 1024) + b'"}')
    assert answer.problem is not None and answer.problem.fields[0].rule == "too_large"
    assert (await tenant.client.call(ListClients())).items == ()


def test_19_the_request_hash_is_the_golden_one_whatever_the_order_of_keys() -> None:
    body = {"name": "Dupont SARL", "amount": "129.90", "currency": "EUR"}
    shuffled = {name: body[name] for name in ("currency", "name", "amount")}
    for variant in (body, shuffled):
        digest = request_hash("crm.clients.create_client", orjson.dumps(variant))
        assert digest.hex() == "2b96fd1647aa4cbf51e2fe575567e7c0145b5064910824b49c6013d2159fafde"


async def test_19_the_same_key_answers_the_first_reply_and_another_body_conflicts(tenant: Tenant) -> None:
    key = {headers.IDEMPOTENCY_KEY: f"key-{uuid4()}"}
    first = await tenant.client.send("crm.clients.create_client", orjson.dumps(PERSON), key)
    again = await tenant.client.send("crm.clients.create_client", orjson.dumps(PERSON), key)
    assert (again.body, again.headers.get(headers.REPLAYED)) == (first.body, "true")
    other = await tenant.client.send("crm.clients.create_client", orjson.dumps(PERSON | {"language": "en"}), key)
    assert other.problem is not None and other.problem.code == "IDEMPOTENCY_CONFLICT"


async def test_19_twenty_parallel_twins_make_one_row(tenant: Tenant) -> None:
    key = {headers.IDEMPOTENCY_KEY: f"key-{uuid4()}"}
    answers = await asyncio.gather(
        *(tenant.client.send("crm.clients.create_client", orjson.dumps(PERSON), key) for _ in range(20))
    )
    assert len({answer.body for answer in answers}) == 1
    assert len((await tenant.client.call(ListClients())).items) == 1


async def test_19_a_refused_call_may_be_repeated_with_its_key(tenant: Tenant) -> None:
    key = {headers.IDEMPOTENCY_KEY: f"key-{uuid4()}"}
    unknown = PERSON | {"company_id": str(new_id())}
    refused = await tenant.client.send("crm.clients.create_client", orjson.dumps(unknown), key)
    assert refused.problem is not None
    accepted = await tenant.client.send("crm.clients.create_client", orjson.dumps(PERSON), key)
    assert accepted.problem is None


async def test_20_the_application_role_sees_no_row_without_an_organisation(running: Running, tenant: Tenant) -> None:
    await tenant.client.call(person())
    connection = await asyncpg.connect(running.installation.actor_url("clients"))
    try:
        assert await connection.fetchval("select count(*) from client") == 0
        await connection.execute(f"set app.organisation_id = '{tenant.id}'")
        assert await connection.fetchval("select count(*) from client") == 1
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(
                "insert into company_ref (organisation_id, company_id, code, legal_name, status, version)"
                " values ($1, $2, 'X', 'X', 'ACTIVE', 1)",
                new_id(),
                new_id(),
            )
    finally:
        await connection.close()


async def test_20_row_level_security_is_forced_on_every_table_with_an_organisation(running: Running) -> None:
    unguarded = """
        select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
        join pg_attribute a on a.attrelid = c.oid and a.attname = 'organisation_id'
        where n.nspname = 'public' and c.relkind = 'r' and not (c.relrowsecurity and c.relforcerowsecurity)
    """
    shared = {
        "outbox_message",
        "idempotency_record",
        "job_run",
        "job_day",
        "work_item",
        "audit_entry",
        "audit_chain_head",
        "data_key",
        "erased_subject",
        "privacy_progress",
    }
    for actor in running.installation.system.actors:
        connection = await asyncpg.connect(running.database(actor))
        try:
            found = {row["relname"] for row in await connection.fetch(unguarded)} - shared
        finally:
            await connection.close()
        declared = {"identity": {"tenant_slug", "user_membership", "invitation_link", "machine_client"}}.get(
            actor, set()
        )
        assert found == declared, f"{actor}: these tables hold tenants' rows without row-level security"


async def test_21_pages_hold_every_row_once(tenant: Tenant) -> None:
    for number in range(25):
        await tenant.client.call(person(family_name=f"Martin{number:02d}", emails=[f"m{number}@example.fr"]))
    seen: list[UUID] = []
    cursor = None
    pages = 0
    while True:
        page = await tenant.client.call(ListClients(limit=10, cursor=cursor))
        seen += [item.id for item in page.items]
        pages += 1
        cursor = page.next_cursor
        if cursor is None:
            break
        if pages == 1:
            await tenant.client.call(person(family_name="Nouveau", emails=["nouveau@example.fr"]))
    assert (pages, len(seen), len(set(seen))) == (3, 25, 25)


async def test_21_a_cursor_continues_its_own_list_only(tenant: Tenant) -> None:
    for number in range(3):
        await tenant.client.call(person(emails=[f"c{number}@example.fr"]))
    cursor = (await tenant.client.call(ListClients(limit=1))).next_cursor
    assert cursor is not None
    changed = cursor[:-2] + ("A" if cursor[-2] != "A" else "B") + cursor[-1]
    for request in (ListClients(limit=1, cursor=cursor, search="martin"), ListClients(limit=1, cursor=changed)):
        with pytest.raises(Refused) as refusal:
            await tenant.client.call(request)
        assert refusal.value.fields[0].field == "cursor"
    for limit in (0, 101):
        answer = await tenant.client.send("crm.clients.list_clients", orjson.dumps({"limit": limit}))
        assert answer.problem is not None and answer.problem.fields[0].field == "limit"


def test_21_wildcards_of_a_search_are_ordinary_characters() -> None:
    with pytest.raises(Refused):
        contains(client_table.c.search_name, "%")
    assert "ESCAPE" in str(contains(client_table.c.search_name, "100%"))


async def test_the_last_owner_cannot_be_suspended(tenant: Tenant, other_tenant: Tenant) -> None:
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(SuspendMembership(membership_id=tenant.membership_id, reason="test"))
    assert refusal.value.code.code == "LAST_OWNER"
    with pytest.raises(Refused) as unknown:
        await other_tenant.client.call(SuspendMembership(membership_id=tenant.membership_id, reason="test"))
    assert unknown.value.code.code == "MEMBERSHIP_NOT_FOUND"


async def test_a_suspended_member_is_refused_within_a_second_by_another_actor(running: Running, tenant: Tenant) -> None:
    membership_id, loop = new_id(), asyncio.get_running_loop()
    token = running.token(tenant.id, membership_id=membership_id, user_id=new_id())
    await tenant.client.call(ListClients(), token=token)
    member = {
        "membership_id": membership_id,
        "user_id": new_id(),
        "status": "SUSPENDED",
        "role_codes": ["member"],
        "company_scope": "ALL",
        "policy_version": 1,
    }
    started = loop.time()
    await running.state(MembershipSuspended.model_validate(member | {"reason": "left"}), tenant.id, version=2)

    async def refused() -> bool:
        answer = await tenant.client.send("crm.clients.list_clients", b"{}", token=token)
        return answer.problem is not None and answer.problem.code == "MEMBERSHIP_INACTIVE"

    await eventually(refused)
    assert loop.time() - started < 1.0
    await running.state(MembershipReactivated.model_validate(member | {"status": "ACTIVE"}), tenant.id, version=3)
    await eventually(lambda: _accepted(tenant, token))


async def _accepted(tenant: Tenant, token: str) -> bool:
    return (await tenant.client.send("crm.clients.list_clients", b"{}", token=token)).problem is None


async def test_26_an_audit_entry_that_cannot_be_written_undoes_the_request(running: Running, tenant: Tenant) -> None:
    owner, role = await asyncpg.connect(running.database("clients")), running.installation.database_of("clients")
    try:
        await owner.execute(f"revoke insert on audit_entry from {role}")
        with pytest.raises(Refused) as refusal:
            await tenant.client.call(person())
        assert refusal.value.code.code == "AUDIT_WRITE_FAILED"
    finally:
        await owner.execute(f"grant insert on audit_entry to {role}")
        await owner.close()
    assert (await tenant.client.call(ListClients())).items == ()


async def test_27_nobody_changes_or_deletes_audit_entries(running: Running, tenant: Tenant) -> None:
    created = await tenant.client.call(person())
    connection = await asyncpg.connect(running.installation.actor_url("clients"))
    sealed = "select id from audit_entry where seq is not null and target->>'id' = $1"
    try:
        entry = await eventually(lambda: connection.fetchval(sealed, str(created.id)))
        for statement in (
            "truncate audit_entry",
            f"delete from audit_entry where id = '{entry}'",
            f"update audit_entry set action = 'x' where id = '{entry}'",
            f"update audit_entry set seq = seq + 1 where id = '{entry}'",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)
    finally:
        await connection.close()


async def test_simulated_time_is_now_and_travels_into_the_events(running: Running, tenant: Tenant) -> None:
    from datetime import UTC, datetime

    tenant.client.now = datetime(2026, 3, 2, 9, 15, tzinfo=UTC)
    created = await tenant.client.call(person())
    tenant.client.now = None
    assert created.created_at == datetime(2026, 3, 2, 9, 15, tzinfo=UTC)
    await running.settled()
    (found, body), *rest = await running.events("client.created", tenant.id)
    assert not rest
    assert found[headers.CE_TIME] == "2026-03-02T09:15:00.000000Z"
    assert found["crm-time"] == "2026-03-02T09:15:00.000000Z"
    assert (found[headers.CE_VERSION], body["client_id"]) == ("1", str(created.id))


async def test_get_client_by_an_unknown_id_is_not_found(tenant: Tenant) -> None:
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(GetClient(client_id=new_id()))
    assert refusal.value.code.code == "CLIENT_NOT_FOUND"
