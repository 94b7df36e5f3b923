"""Machine accounts: secrets shown once, tokens of fifteen minutes, rotation, and the end of an account."""

import asyncio
import base64
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import orjson
import pytest

from messages.base import NIL_ORGANISATION
from messages.clients import CreateClient, ListClients
from messages.identity import (
    CreateMachineAccount,
    DeactivateMachineAccount,
    IssueMachineToken,
    ListMachineAccounts,
    MachineAccountCreated,
    RotateMachineSecret,
)
from messages.problem import Refused
from messages.products.ranges import ListRanges
from runtime import clock
from tests.actors.identity.people import LISTED, Person, member, role_id
from tests.actors.identity.test_sign_in import code_of
from tests.harness import Running, Tenant, eventually


async def machine(owner: Person, name: str = "website", code: str = "member", **fields: Any) -> MachineAccountCreated:
    """A new account."""
    return await owner.call(CreateMachineAccount(name=name, role_ids=(await role_id(owner, code),), **fields))


async def token_for(owner: Person, client_id: str, secret: str | None) -> str:
    """What an upstream system fetches, without any token of its own."""
    request = IssueMachineToken(client_id=client_id, client_secret=secret or "none")
    return (await owner.client.call(request, token="")).access_token


def claims_of(token: str) -> dict[str, Any]:
    """What a token says."""
    payload = token.split(".")[1]
    return orjson.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))  # type: ignore[no-any-return]


async def test_case_31_a_machine_works_within_its_rights(running: Running, owned: tuple[Person, Tenant]) -> None:
    owner, tenant = owned
    made = await machine(owner, company_scope=LISTED, company_ids=(tenant.company_id,))
    token = await token_for(owner, made.client_id, made.secret)
    claims = claims_of(token)
    assert (claims["org"], claims["cmp"]) == (str(tenant.id), [str(tenant.company_id)])
    assert claims["exp"] - claims["iat"] == 900
    assert claims["sid"] == f"machine:{made.account.user_id}"
    person = CreateClient(given_name="Jeanne", family_name="Martin", emails=["jeanne@example.fr"])
    await owner.client.call(person, token=token)
    await running.settled()
    found, _ = (await running.events("client.created", tenant.id))[-1]
    assert found["ce-crmuser"] == str(made.account.user_id)


async def test_case_31_the_secret_is_shown_once(running: Running, owned: tuple[Person, Tenant]) -> None:
    owner, tenant = owned
    key = f"machine-{uuid4()}"
    request = CreateMachineAccount(name="website", role_ids=(await role_id(owner, "member"),))
    made = await owner.call(request, key=key)
    assert made.secret is not None
    again = await owner.call(request, key=key)
    assert (again.account, again.secret) == (made.account, None)
    assert await code_of(owner.call(request)) == "ALREADY_EXISTS"
    listed = await owner.call(ListMachineAccounts(search="web"))
    assert [item.client_id for item in listed.items] == [made.client_id]
    assert [role.code for role in listed.items[0].roles] == ["member"]
    assert made.secret not in listed.model_dump_json()
    connection = await asyncpg.connect(running.installation.actor_url("identity"))
    try:
        await connection.execute(f"set app.organisation_id = '{tenant.id}'")
        for table in ("machine_account", "outbox_message", "idempotency_record", "audit_entry"):
            rows = await connection.fetch(f"select to_jsonb(t)::text as text from {table} t")
            dump = "\n".join(row["text"] for row in rows)
            assert made.secret not in dump and made.secret.encode().hex() not in dump, table
    finally:
        await connection.close()


async def test_case_31_every_failure_looks_the_same(running: Running, owned: tuple[Person, Tenant]) -> None:
    owner, _ = owned
    made = await machine(owner)
    ended = await machine(owner, "ended")
    await owner.call(DeactivateMachineAccount(machine_account_id=ended.account.machine_account_id, reason="remplacé"))
    expired = await machine(owner, "expired", expires_on=date(2020, 1, 1))
    details = set()
    for client_id, secret in (
        (made.client_id, "wrong"),
        ("m_unknown", made.secret),
        (ended.client_id, ended.secret),
        (expired.client_id, expired.secret),
    ):
        with pytest.raises(Refused) as refusal:
            await token_for(owner, client_id, secret)
        assert refusal.value.code.code == "INVALID_CREDENTIALS"
        details.add(refusal.value.detail)
    assert len(details) == 1


async def test_case_31_rotation_overlaps_or_not(running: Running, owned: tuple[Person, Tenant]) -> None:
    owner, _ = owned
    made = await machine(owner)
    account = made.account.machine_account_id
    renewed = await owner.call(RotateMachineSecret(machine_account_id=account, keep_previous_hours=24))
    for secret in (made.secret, renewed.secret):
        assert await token_for(owner, made.client_id, secret)
    await _end_overlap(running, account)
    assert await code_of(token_for(owner, made.client_id, made.secret)) == "INVALID_CREDENTIALS"
    assert await token_for(owner, made.client_id, renewed.secret)
    last = await owner.call(RotateMachineSecret(machine_account_id=account, keep_previous_hours=0))
    assert await code_of(token_for(owner, made.client_id, renewed.secret)) == "INVALID_CREDENTIALS"
    assert await token_for(owner, made.client_id, last.secret)
    (shown,) = (await owner.call(ListMachineAccounts())).items
    assert (shown.secret_version, shown.previous_valid_until) == (3, None)
    assert shown.last_used_at is not None


async def _end_overlap(running: Running, account: object) -> None:
    """Secrets follow the real clock, so the day is taken off the row."""
    connection = await asyncpg.connect(running.installation.actor_url("identity"))
    try:
        organisation = await connection.fetchval(
            "select organisation_id from machine_client where machine_account_id = $1", account
        )
        await connection.execute(f"set app.organisation_id = '{organisation}'")
        changed = await connection.execute(
            "update machine_account set previous_valid_until = $1 where id = $2",
            clock.now() - timedelta(seconds=1),
            account,
        )
        assert changed == "UPDATE 1"
    finally:
        await connection.close()


async def test_ten_failures_in_a_minute_close_the_door_for_a_minute(owned: tuple[Person, Tenant]) -> None:
    owner, _ = owned
    made = await machine(owner)
    for _ in range(10):
        assert await code_of(token_for(owner, made.client_id, "wrong")) == "INVALID_CREDENTIALS"
    assert await code_of(token_for(owner, made.client_id, made.secret)) == "RATE_LIMITED"
    other = await machine(owner, "other")
    assert await token_for(owner, other.client_id, other.secret)


async def test_case_32_a_deactivated_machine_is_refused_by_every_actor(
    running: Running, owned: tuple[Person, Tenant]
) -> None:
    owner, tenant = owned
    made = await machine(owner, code="group_admin")
    token = await token_for(owner, made.client_id, made.secret)
    asked = (ListClients(), ListRanges(), ListMachineAccounts())
    for request in asked:
        await owner.client.call(request, token=token)  # type: ignore[arg-type]
    ended = await owner.call(
        DeactivateMachineAccount(machine_account_id=made.account.machine_account_id, reason="remplacé")
    )
    assert ended.status == "DISABLED"

    async def all_refuse() -> bool:
        codes = await asyncio.gather(*(_code(owner, request, token) for request in asked))
        return set(codes) == {"ACCOUNT_DISABLED"}

    assert await eventually(all_refuse, 1.0)
    user = str(made.account.user_id)
    closed = [body for _, body in await running.events("user.deactivated", NIL_ORGANISATION) if body["user_id"] == user]
    removed = [body for _, body in await running.events("membership.removed", tenant.id)]
    assert len(closed) == 1 and [body["user_id"] for body in removed] == [user]
    again = DeactivateMachineAccount(machine_account_id=made.account.machine_account_id, reason="encore")
    assert await code_of(owner.call(again)) == "INVALID_TRANSITION"
    assert await code_of(owner.call(RotateMachineSecret(machine_account_id=again.machine_account_id))) == (
        "INVALID_TRANSITION"
    )


async def _code(owner: Person, request: Any, token: str) -> str | None:
    try:
        await owner.client.call(request, token=token)
    except Refused as refused:
        return refused.code.code
    return None


async def test_case_33_machines_get_no_more_than_their_maker_has(owned: tuple[Person, Tenant]) -> None:
    owner, tenant = owned
    listed = {"company_scope": LISTED, "company_ids": (tenant.company_id,)}
    admin, _ = await member(owner, "company_admin", **listed)
    assert await code_of(machine(admin, code="member", **listed)) == "PERMISSION_MISSING"
    it_admin, _ = await member(owner, "it_admin")
    assert await code_of(machine(it_admin, code="group_admin")) == "PRIVILEGE_ESCALATION"
    assert await code_of(machine(owner, code="owner")) == "OWNER_NOT_INVITABLE"
    made = await machine(owner)
    token = await token_for(owner, made.client_id, made.secret)
    request = CreateMachineAccount(name="child", role_ids=(await role_id(owner, "viewer"),))
    assert await code_of(owner.client.call(request, token=token)) == "PERMISSION_MISSING"


async def test_a_machine_of_another_organisation_does_not_exist(
    owned: tuple[Person, Tenant], other: tuple[Person, Tenant]
) -> None:
    owner, _ = owned
    theirs = (await machine(other[0])).account.machine_account_id
    for request in (
        RotateMachineSecret(machine_account_id=theirs),
        DeactivateMachineAccount(machine_account_id=theirs, reason="intrus"),
    ):
        assert await code_of(owner.call(request)) == "MACHINE_ACCOUNT_NOT_FOUND"
    assert (await owner.call(ListMachineAccounts())).items == ()
