"""Changing a machine account: its name, rights, end, and the networks it is used from."""

from typing import Any

from sqlalchemy import select

from actors.identity.granting import changed_rights
from actors.identity.machines import account_reply, account_row, change_account, check_may_change_account
from actors.identity.members import membership_row
from actors.identity.organisations import organisation_row, raise_policy_version
from actors.identity.people import change_user, user_row
from actors.identity.requests.members import change_rights
from actors.identity.rules.life import MACHINE_ACCOUNT
from actors.identity.rules.members import check_conditions_of_roles
from messages.errors import ALREADY_EXISTS
from messages.identity import CompanyScope, MachineAccount, MachineAccountStatus, UpdateMachineAccount
from messages.problem import Refused
from runtime.unit_of_work import Row, UnitOfWork
from storage.identity.tables import machine_account

_RIGHTS = {"company_scope", "company_ids", "data_scope"}


async def update_machine_account(request: UpdateMachineAccount, work: UnitOfWork) -> MachineAccount:
    """Account, login and membership change together; tokens made before the new rights or networks expire."""
    organisation: Row = await organisation_row(work, lock=True)
    row = await account_row(request.machine_account_id, work, lock=True)
    work.check_version(request.expected_version, row["version"])
    MACHINE_ACCOUNT.after("update", MachineAccountStatus(row["status"]))
    await check_may_change_account(row, work)
    sent = request.model_dump(exclude={"machine_account_id", "role_ids", "expected_version"}, exclude_unset=True)
    own = _own_columns(sent, row)
    if "name" in own:
        await _rename(own["name"], row, work)
    member = await membership_row(row["membership_id"], work, lock=True)
    rights = {name: value for name, value in sent.items() if name in _RIGHTS}
    changed = await changed_rights(rights, request.role_ids, member, work)
    ends = own.get("expires_on", row["expires_on"])
    after_rights: Row = {**member, **changed}
    check_conditions_of_roles(after_rights["role_codes"], CompanyScope(after_rights["company_scope"]), ends)
    if changed:
        await change_rights(organisation, member, changed, ends, work)
    elif "allowed_ips" in own:
        await raise_policy_version(organisation, work)
    if not own and not changed:
        return await account_reply(row, work)
    after = await change_account(row, own, work)
    shown = {name: str(value) for name, value in (own | changed).items()}
    before = {name: str(row.get(name, member.get(name))) for name in shown}
    work.record("machine_account", row["id"], before=before, after=shown)
    return await account_reply(await account_row(after["id"], work), work)


def _own_columns(sent: dict[str, Any], row: Row) -> dict[str, Any]:
    """What the request changes of the account itself."""
    for name in ("name", "allowed_ips"):
        if name in sent and sent[name] is None:
            raise Refused.field(name, "required", f"{name} cannot be cleared; leave it out or give a value")
    if "allowed_ips" in sent:
        sent["allowed_ips"] = list(dict.fromkeys(sent["allowed_ips"]))
    return {name: value for name, value in sent.items() if name not in _RIGHTS and value != row[name]}


async def _rename(name: str, row: Row, work: UnitOfWork) -> None:
    own = machine_account.c.organisation_id == work.organisation_id
    if await work.fetch_value(select(machine_account.c.id).where(own, machine_account.c.name == name)):
        raise Refused(ALREADY_EXISTS, f"there is a machine account '{name}' already; choose another name")
    user = await user_row(row["user_id"], work, lock=True)
    await change_user(user, {"last_name": name}, ("last_name",), work)
