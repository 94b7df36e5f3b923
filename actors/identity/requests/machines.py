"""Machine accounts: made, renewed, ended; and the tokens that upstream systems fetch with them."""

import asyncio
from datetime import UTC, timedelta
from functools import cache

from sqlalchemy import func, or_, select, update

from actors.identity.attempts import Attempts
from actors.identity.granting import grant_columns, granted_roles
from actors.identity.machines import (
    account_of,
    account_reply,
    account_row,
    accounts,
    change_account,
    check_may_change_account,
    named,
)
from actors.identity.members import add_member, change_member, membership_row, snapshot
from actors.identity.organisations import new_row, organisation_row
from actors.identity.people import register, search_name
from actors.identity.requests.sign_in import context_of_member, signed
from actors.identity.roles import summaries
from actors.identity.rules import secrets
from actors.identity.rules.life import MACHINE_ACCOUNT, MEMBERSHIP, USER
from messages.errors import ALREADY_EXISTS, INVALID_CREDENTIALS, IP_NOT_ALLOWED, RATE_LIMITED
from messages.identity import (
    MACHINE_ACCOUNT_LIMIT,
    CreateMachineAccount,
    DeactivateMachineAccount,
    DisabledReason,
    IssueMachineToken,
    ListMachineAccounts,
    MachineAccount,
    MachineAccountCreated,
    MachineAccountPage,
    MachineAccountStatus,
    MachineSecret,
    MachineToken,
    MembershipCreated,
    MembershipRemoved,
    MembershipSource,
    MembershipStatus,
    RotateMachineSecret,
    UserDeactivated,
    UserKind,
    UserStatus,
)
from messages.problem import Refused
from messages.values.identifiers import new_id
from messages.values.instants import local_date
from messages.values.networks import is_inside
from runtime import clock
from runtime.access import note_denial
from runtime.pagination import page
from runtime.unit_of_work import Row, UnitOfWork
from storage.identity.tables import machine_account, machine_client, membership, user_account

_ACCOUNTS_PER_ORGANISATION = 50
_TOKEN_SECONDS = 900
_USED_EVERY = timedelta(minutes=5)
_failures = Attempts(limit=10, seconds=60.0)


async def create_machine_account(request: CreateMachineAccount, work: UnitOfWork) -> MachineAccountCreated:
    """User, membership and account in one transaction; the secret leaves with this reply and is kept as a hash."""
    organisation = await organisation_row(work, lock=True)
    await _check_room(request.name, work)
    roles = await granted_roles(request, request.expires_on, work)
    user_id, secret = new_id(), secrets.new_secret()
    await work.insert(
        user_account,
        id=user_id,
        kind=UserKind.MACHINE,
        first_name="",
        last_name=request.name,
        search_name=search_name("", request.name),
        profile_source="LOCAL",
        status=UserStatus.ACTIVE,
        locale="fr-FR",
        timezone=organisation["timezone"],
        created_at=work.now,
    )
    user = await work.load(select(user_account).where(user_account.c.id == user_id), "user")
    await register(user, work)
    member = await add_member(
        {
            **new_row(new_id(), work),
            **grant_columns(request, roles),
            "user_id": user_id,
            "status": MembershipStatus.ACTIVE,
            "source": MembershipSource.MACHINE,
            "activated_at": work.now,
        },
        work,
    )
    work.emit(MembershipCreated.model_validate(snapshot(member, organisation["policy_version"])), version=1)
    account_id, client_id = new_id(), secrets.new_client_id()
    await work.insert(
        machine_account,
        **new_row(account_id, work),
        user_id=user_id,
        membership_id=member["id"],
        name=request.name,
        client_id=client_id,
        secret_hash=await asyncio.to_thread(secrets.hash_secret, secret),
        secret_version=1,
        expires_on=request.expires_on,
        status=MachineAccountStatus.ACTIVE,
    )
    await work.insert(
        machine_client, client_id=client_id, organisation_id=work.organisation_id, machine_account_id=account_id
    )
    work.record("machine_account", account_id, after={"name": request.name, "role_codes": member["role_codes"]})
    account = await account_reply(await account_row(account_id, work), work)
    return MachineAccountCreated(account=account, client_id=client_id, secret=secret)


async def rotate_machine_secret(request: RotateMachineSecret, work: UnitOfWork) -> MachineSecret:
    """A new secret; the old one goes on for as long as asked (real time), or not at all."""
    row = await account_row(request.machine_account_id, work, lock=True)
    MACHINE_ACCOUNT.after("rotate", MachineAccountStatus(row["status"]))
    await check_may_change_account(row, work)
    secret = secrets.new_secret()
    overlap = timedelta(hours=request.keep_previous_hours)
    changed = {
        "secret_hash": await asyncio.to_thread(secrets.hash_secret, secret),
        "secret_version": row["secret_version"] + 1,
        "previous_secret_hash": row["secret_hash"] if overlap else None,
        "previous_valid_until": clock.now() + overlap if overlap else None,
    }
    await change_account(row, changed, work)
    work.record(
        "machine_account",
        row["id"],
        before={"secret_version": row["secret_version"]},
        after={"secret_version": changed["secret_version"]},
    )
    return MachineSecret(client_id=row["client_id"], secret=secret)


async def deactivate_machine_account(request: DeactivateMachineAccount, work: UnitOfWork) -> MachineAccount:
    """End account, membership and user together; every actor refuses its tokens within a second."""
    organisation = await organisation_row(work, lock=True)
    row = await account_row(request.machine_account_id, work, lock=True)
    status = MACHINE_ACCOUNT.after("deactivate", MachineAccountStatus(row["status"]))
    await check_may_change_account(row, work)
    after = await change_account(
        row, {"status": status, "previous_secret_hash": None, "previous_valid_until": None}, work
    )
    user = await work.load(select(user_account).where(user_account.c.id == row["user_id"]).with_for_update(), "user")
    await work.execute(
        update(user_account)
        .where(user_account.c.id == user["id"])
        .values(
            status=USER.after("deactivate", UserStatus(user["status"])),
            disabled_reason=DisabledReason.ADMIN,
            version=user["version"] + 1,
        )
    )
    await note_denial(work.connection, "user", user["id"], user["version"] + 1, denied=True)
    work.emit(UserDeactivated(user_id=user["id"], reason=DisabledReason.ADMIN), version=user["version"] + 1)
    member = await membership_row(row["membership_id"], work, lock=True)
    if member["status"] != MembershipStatus.REMOVED:
        removed = MEMBERSHIP.after("remove", MembershipStatus(member["status"]))
        changed = {"status": removed, "removed_at": work.now}
        member, policy_version = await change_member(organisation, member, changed, work)
        event = MembershipRemoved.model_validate(snapshot(member, policy_version, reason=request.reason))
        work.emit(event, version=member["version"])
    work.record(
        "machine_account",
        row["id"],
        before={"status": row["status"]},
        after={"status": status, "reason": request.reason},
    )
    return await account_reply(after, work)


async def list_machine_accounts(request: ListMachineAccounts, work: UnitOfWork) -> MachineAccountPage:
    """A page by name; never a secret."""
    statement = accounts(work)
    if request.status is not None:
        statement = statement.where(machine_account.c.status == request.status)
    if request.search is not None:
        sought = (machine_account.c.name, machine_account.c.client_id)
        statement = statement.where(or_(*(column.icontains(request.search, autoescape=True) for column in sought)))
    found = await page(
        work,
        request,
        statement,
        order=(machine_account.c.name, machine_account.c.id),
        reply=MachineAccountPage,
        item=lambda row: account_of(row, {}),
    )
    rows = await work.fetch(
        select(membership.c.id, membership.c.role_codes).where(
            membership.c.organisation_id == work.organisation_id,
            membership.c.id.in_([item.membership_id for item in found.items]),
        )
    )
    codes = {row["id"]: row["role_codes"] for row in rows}
    names = await summaries((code for held in codes.values() for code in held), work)
    return found.model_copy(
        update={
            "items": tuple(
                item.model_copy(update={"roles": named(codes[item.membership_id], names)}) for item in found.items
            )
        }
    )


async def issue_machine_token(request: IssueMachineToken, work: UnitOfWork) -> MachineToken:
    """A token of fifteen minutes. Unknown id, wrong secret, expired or closed account: one answer, after the same time."""
    if _failures.is_blocked(request.client_id):
        raise Refused(
            RATE_LIMITED, "too many failures for this client_id; wait a minute", retry_after_seconds=60,
            details={"limit": 10, "window_seconds": 60},
        )  # fmt: skip
    row = await _client(request.client_id, work)
    if not await _is_genuine(row, request.client_secret) or row is None:
        _failures.note(request.client_id)
        raise Refused(INVALID_CREDENTIALS, "client_id and client_secret do not open an account; check both")
    address = work.caller.remote_address
    if address is not None and row["allowed_ips"] and not is_inside(address, row["allowed_ips"]):
        raise Refused(IP_NOT_ALLOWED, "this account is used from listed networks only; ask its administrator")
    if row["last_used_at"] is None or clock.now() - row["last_used_at"] >= _USED_EVERY:
        await work.execute(
            update(machine_account).where(machine_account.c.id == row["id"]).values(last_used_at=clock.now())
        )
    work.record("machine_account", row["id"], after={"token_seconds": _TOKEN_SECONDS})
    context = await context_of_member(row["user_id"], work)
    built = await signed(context, f"machine:{row['user_id']}", _TOKEN_SECONDS, work, row["allowed_ips"])
    return MachineToken(access_token=built.token, expires_in=_TOKEN_SECONDS)


async def _client(client_id: str, work: UnitOfWork) -> Row | None:
    place = await work.fetch_one(select(machine_client).where(machine_client.c.client_id == client_id))
    if place is None:
        return None
    await work.for_organisation(place["organisation_id"])
    return await work.fetch_one(
        select(machine_account).where(
            machine_account.c.organisation_id == work.organisation_id,
            machine_account.c.id == place["machine_account_id"],
        )
    )


async def _is_genuine(row: Row | None, secret: str) -> bool:
    """One comparison for the current secret or for nobody's, and one more for the secret before, whoever asks."""
    now = clock.now()
    current = await asyncio.to_thread(secrets.secret_matches, secret, row["secret_hash"] if row else _nobodys_hash())
    previous_hash = row["previous_secret_hash"] if row and (row["previous_valid_until"] or now) > now else None
    previous = await asyncio.to_thread(secrets.secret_matches, secret, previous_hash or _nobodys_hash())
    if row is None or row["status"] != MachineAccountStatus.ACTIVE:
        return False
    if row["expires_on"] is not None and row["expires_on"] < local_date(now.astimezone(UTC)):
        return False
    return current or (previous and previous_hash is not None)


@cache
def _nobodys_hash() -> bytes:
    return secrets.hash_secret(secrets.new_secret())


async def _check_room(name: str, work: UnitOfWork) -> None:
    """At most fifty accounts, each with a name of its own; the organisation's locked row lets no twin in between."""
    own = machine_account.c.organisation_id == work.organisation_id
    if await work.fetch_value(select(machine_account.c.id).where(own, machine_account.c.name == name)):
        raise Refused(
            ALREADY_EXISTS, f"there is a machine account '{name}' already; choose another name, or rotate its secret"
        )
    open_accounts = select(func.count()).where(own, machine_account.c.status == MachineAccountStatus.ACTIVE)
    if await work.fetch_value(open_accounts) >= _ACCOUNTS_PER_ORGANISATION:
        raise Refused(
            MACHINE_ACCOUNT_LIMIT, f"{_ACCOUNTS_PER_ORGANISATION} machine accounts are the most; deactivate one first"
        )
