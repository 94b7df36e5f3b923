"""Accounts at the provider: whose letters go through which, and their passwords."""

from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from actors.logistics.maileva.client import OFFICIAL_HOSTS
from actors.logistics.maileva.provider import Account
from actors.logistics.settings import LogisticsSettings
from messages.problem import Refused
from messages.values.identifiers import new_id
from runtime.unit_of_work import Row, UnitOfWork
from runtime.work_queue import Outside
from storage.logistics.tables import carrier_account, carrier_secret
from storage.shared.statements import render

_DOMAIN = "SECRETS"
_COLUMN = {"domain": _DOMAIN, "table": "carrier_secret", "column": "password"}


async def store_account(name: str, base_url: str, username: str, password: str, work: UnitOfWork) -> UUID | None:
    """Store an account with its password; the first one is the default. None when it is stored already."""
    account_id = new_id()
    has_default = select(carrier_account.c.id).where(
        carrier_account.c.organisation_id == work.organisation_id, carrier_account.c.is_default
    )
    row = {
        "id": account_id,
        "organisation_id": work.organisation_id,
        "created_at": work.now,
        "created_by": work.caller.principal,
        "updated_at": work.now,
        "updated_by": work.caller.principal,
        "name": name,
        "base_url": base_url.rstrip("/"),
        "username": username,
        "is_default": await work.fetch_value(has_default) is None,
        "active": True,
    }
    if not await work.execute(insert(carrier_account).values(**row).on_conflict_do_nothing()):
        return None
    secret = await work.keys.encrypt(password, organisation_id=work.organisation_id, row_id=account_id, **_COLUMN)
    await work.insert(carrier_secret, account_id=account_id, organisation_id=work.organisation_id, password=secret)
    return account_id


async def seed_account(work: UnitOfWork) -> None:
    """The account that a new organisation begins with, when the operator's settings name one."""
    settings = LogisticsSettings()
    if settings.maileva_url is not None:
        password = settings.maileva_password.get_secret_value()
        await store_account("Maileva", settings.maileva_url, settings.maileva_username, password, work)


def check_host(base_url: str) -> None:
    """Letters go to the provider's own hosts, or where the operator says; nowhere else."""
    allowed = OFFICIAL_HOSTS | {(LogisticsSettings().maileva_url or "").rstrip("/")}
    if base_url.rstrip("/") not in allowed:
        raise Refused.field(
            "base_url", "host", f"base_url is no host of the provider; use one of {', '.join(sorted(OFFICIAL_HOSTS))}"
        )


async def default_account(outside: Outside, connection: Any) -> tuple[Row, bytes] | None:
    """The organisation's own default account with its encrypted password."""
    statement = (
        select(carrier_account, carrier_secret.c.password)
        .join(carrier_secret, carrier_secret.c.account_id == carrier_account.c.id)
        .where(
            carrier_account.c.organisation_id == outside.organisation_id,
            carrier_account.c.is_default,
            carrier_account.c.active,
        )
    )
    sql, arguments = render(statement)
    row = await connection.fetchrow(sql, *arguments)
    return (row, row["password"]) if row is not None else None


async def opened(found: tuple[Row, bytes], outside: Outside) -> Account:
    """The account with its password in clear, for the time of one call."""
    row, secret = found
    password = await outside.heart.keys.decrypt(
        secret, organisation_id=outside.organisation_id, row_id=row["id"], **_COLUMN
    )
    return Account(row["base_url"], row["username"], password)
