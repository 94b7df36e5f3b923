"""Machine accounts as rows: found with the rights of their membership, changed, shown without a secret."""

from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from actors.identity.members import grantor_of, member_rights, membership_row
from actors.identity.roles import summaries
from actors.identity.rules.granting import check_may_change
from messages.identity import MACHINE_ACCOUNT_NOT_FOUND, MachineAccount, RoleSummary
from messages.problem import Refused
from runtime.unit_of_work import Row, UnitOfWork
from storage.identity.tables import machine_account, membership

_MEMBER_COLUMNS = ("role_codes", "company_scope", "company_ids", "data_scope")


def accounts(work: UnitOfWork) -> Any:
    """The accounts of the organisation with their rights."""
    member = (membership.c.organisation_id == machine_account.c.organisation_id) & (
        membership.c.id == machine_account.c.membership_id
    )
    columns = (membership.c[name] for name in _MEMBER_COLUMNS)
    statement = select(machine_account, *columns).join(membership, member)
    return statement.where(machine_account.c.organisation_id == work.organisation_id)


async def account_row(account_id: UUID, work: UnitOfWork, *, lock: bool = False) -> Row:
    """An account of the organisation, or MACHINE_ACCOUNT_NOT_FOUND."""
    statement = accounts(work).where(machine_account.c.id == account_id)
    row = await work.fetch_one(statement.with_for_update() if lock else statement)
    if row is None:
        raise Refused(
            MACHINE_ACCOUNT_NOT_FOUND,
            f"machine account {account_id} does not exist; check the id",
            details={"resource": "machine_account", "id": str(account_id)},
        )
    return row


async def change_account(row: Row, changed: dict[str, Any], work: UnitOfWork) -> Row:
    """Store changes."""
    after = {**row, **changed, "version": row["version"] + 1}
    await work.execute(
        update(machine_account)
        .where(machine_account.c.id == row["id"])
        .values(**changed, version=after["version"], updated_at=work.now, updated_by=work.caller.principal)
    )
    return after


async def check_may_change_account(row: Row, work: UnitOfWork) -> None:
    """Refuse who does not rank above the account's roles."""
    member = await membership_row(row["membership_id"], work)
    rights = await member_rights(member, work)
    check_may_change(await grantor_of(work), member["id"], rights.rank, target_is_owner=False)


async def account_reply(row: Row, work: UnitOfWork) -> MachineAccount:
    """The reply."""
    return account_of(row, await summaries(row["role_codes"], work))


def account_of(row: Row, names: dict[str, RoleSummary]) -> MachineAccount:
    """The reply, with the roles that are known by name."""
    fields = {"machine_account_id": row["id"], "roles": named(row["role_codes"], names)}
    return MachineAccount.model_validate(dict(row) | fields)


def named(codes: list[str], names: dict[str, RoleSummary]) -> tuple[RoleSummary, ...]:
    """The roles of these codes."""
    return tuple(names[code] for code in codes if code in names)
