"""Changing an upstream system's login: name, rights, and the networks that its tokens are good in."""

from datetime import date

import orjson

from messages.clients import ListClients
from messages.identity import (
    CreateMachineAccount,
    DeactivateMachineAccount,
    IssueMachineToken,
    MachineAccountCreated,
    UpdateMachineAccount,
)
from runtime import headers
from runtime.client import Answer
from tests.actors.identity.people import LISTED, Person, member, role_id
from tests.actors.identity.test_machines import claims_of, machine, token_for
from tests.actors.identity.test_sign_in import code_of
from tests.harness import Running, Tenant, eventually

OFFICE = "203.0.113.0/24"


async def issued(owner: Person, made: MachineAccountCreated, address: str | None) -> Answer:
    """What the token endpoint answers over HTTP from that address, or over NATS without one."""
    request = IssueMachineToken(client_id=made.client_id, client_secret=made.secret or "")
    found = {headers.REMOTE_ADDRESS: address} if address else {}
    return await owner.client.send(request.subject, request.model_dump_json().encode(), found)


async def test_tokens_are_issued_to_the_listed_networks_and_say_so(owned: tuple[Person, Tenant]) -> None:
    owner, _ = owned
    made = await machine(owner)
    before = await token_for(owner, made.client_id, made.secret)
    assert "net" not in claims_of(before)
    change = UpdateMachineAccount(
        machine_account_id=made.account.machine_account_id, allowed_ips=("203.0.113.9/24", "2001:db8::1"),
        expected_version=1,
    )  # fmt: skip
    changed = await owner.call(change)
    assert changed.allowed_ips == (OFFICE, "2001:db8::1/128")

    async def expired() -> bool:
        answer = await owner.client.send(ListClients.subject, b"{}", {headers.AUTHORIZATION: f"Bearer {before}"})
        return answer.problem is not None and answer.problem.code == "SESSION_EXPIRED"

    assert await eventually(expired, 2.0)
    for address in ("203.0.113.200", "2001:db8::1", None):
        answer = await issued(owner, made, address)
        assert answer.problem is None, address
        assert claims_of(orjson.loads(answer.body)["access_token"])["net"] == [OFFICE, "2001:db8::1/128"]
    for address in ("198.51.100.7", "2001:db8::2", "unknown"):
        problem = (await issued(owner, made, address)).problem
        assert problem is not None and problem.code == "IP_NOT_ALLOWED", address
    wrong = MachineAccountCreated(account=made.account, client_id=made.client_id, secret="wrong")
    problem = (await issued(owner, wrong, "198.51.100.7")).problem
    assert problem is not None and problem.code == "INVALID_CREDENTIALS"
    await owner.enter(owner.organisation_id)
    bad = {"machine_account_id": str(made.account.machine_account_id), "allowed_ips": ["office"], "expected_version": 2}
    refused = (await owner.client.send(UpdateMachineAccount.subject, orjson.dumps(bad))).problem
    assert refused is not None and refused.fields[0].rule == "NETWORK_INVALID"


async def test_name_rights_and_end_change_together(running: Running, owned: tuple[Person, Tenant]) -> None:
    owner, tenant = owned
    made, other = await machine(owner, "website"), await machine(owner, "shop")
    account_id = made.account.machine_account_id
    changed = await owner.call(
        UpdateMachineAccount(
            machine_account_id=account_id,
            name="portal",
            role_ids=(await role_id(owner, "viewer"),),
            company_scope=LISTED,
            company_ids=(tenant.company_id,),
            expires_on=date(2030, 1, 31),
            expected_version=1,
        )
    )
    assert (changed.name, changed.version, changed.expires_on) == ("portal", 2, date(2030, 1, 31))
    assert [role.code for role in changed.roles] == ["viewer"]
    assert claims_of(await token_for(owner, made.client_id, made.secret))["cmp"] == [str(tenant.company_id)]
    (updated,) = [
        body for _, body in await running.events("membership.updated", tenant.id)
        if body["membership_id"] == str(made.account.membership_id)
    ]  # fmt: skip
    assert updated["role_codes"] == ["viewer"]
    same = UpdateMachineAccount(machine_account_id=account_id, name="portal", expected_version=2)
    assert (await owner.call(same)).version == 2
    taken = UpdateMachineAccount(machine_account_id=account_id, name=other.account.name, expected_version=2)
    assert await code_of(owner.call(taken)) == "ALREADY_EXISTS"
    stale = UpdateMachineAccount(machine_account_id=account_id, name="late", expected_version=1)
    assert await code_of(owner.call(stale)) == "VERSION_CONFLICT"


async def test_nobody_changes_a_machine_beyond_himself(
    owned: tuple[Person, Tenant], other: tuple[Person, Tenant]
) -> None:
    owner, _ = owned
    made = await machine(owner)
    account_id = made.account.machine_account_id
    admin, _ = await member(owner, "it_admin")
    wider = UpdateMachineAccount(
        machine_account_id=account_id, role_ids=(await role_id(owner, "accountant"),), expected_version=1
    )
    assert await code_of(admin.call(wider)) == "PRIVILEGE_ESCALATION"
    own = UpdateMachineAccount(
        machine_account_id=account_id, role_ids=(await role_id(owner, "owner"),), expected_version=1
    )
    assert await code_of(owner.call(own)) == "OWNER_NOT_INVITABLE"
    assert await code_of(other[0].call(wider)) == "MACHINE_ACCOUNT_NOT_FOUND"
    auditor = UpdateMachineAccount(
        machine_account_id=account_id, role_ids=(await role_id(owner, "auditor"),), expected_version=1
    )
    assert await code_of(owner.call(auditor)) == "VALIDATION_FAILED"
    ended = await owner.call(CreateMachineAccount(name="ended", role_ids=(await role_id(owner, "viewer"),)))
    ended_id = ended.account.machine_account_id
    await owner.call(DeactivateMachineAccount(machine_account_id=ended_id, reason="remplacé"))
    late = UpdateMachineAccount(machine_account_id=ended_id, name="again", expected_version=2)
    assert await code_of(owner.call(late)) == "INVALID_TRANSITION"
