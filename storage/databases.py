"""One database and two roles per actor: the owner migrates, the application role reads and writes under row-level security."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg

DATABASE_PREFIX = "crm_"
_NAME = re.compile(r"[a-z][a-z0-9_]*")


def database_name(actor: str, prefix: str = DATABASE_PREFIX) -> str:
    """`crm_clients`; role of the application and, with `_owner`, of the migrations.

    Another prefix lets several installations live on one server.
    """
    return prefix + actor


def database_url(server_url: str, role: str, password: str, database: str) -> str:
    """The URL of one database for one role."""
    parts = urlsplit(server_url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, f"{role}:{quote(password, safe='')}@{host}", f"/{database}", parts.query, ""))


def owner_role(actor: str, prefix: str = DATABASE_PREFIX) -> str:
    """The role that owns the tables and runs migrations; never used by a running actor."""
    return f"{database_name(actor, prefix)}_owner"


async def create_databases(
    admin_url: str, passwords: Mapping[str, str], actors: Sequence[str], prefix: str = DATABASE_PREFIX
) -> list[str]:
    """Create what is missing of roles and databases; returns the actors whose database is new.

    `passwords` gives one password per role; existing roles get theirs set again, so a lost password file heals itself.
    """
    connection = await asyncpg.connect(admin_url)
    try:
        existing_roles = {row["rolname"] for row in await connection.fetch("select rolname from pg_roles")}
        existing = {row["datname"] for row in await connection.fetch("select datname from pg_database")}
        for actor in actors:
            for role in (database_name(actor, prefix), owner_role(actor, prefix)):
                await _ensure_role(connection, role, passwords[role], exists=role in existing_roles)
        missing = [actor for actor in actors if database_name(actor, prefix) not in existing]
        for actor in missing:
            await connection.execute(
                f"create database {_checked(database_name(actor, prefix))} owner {_checked(owner_role(actor, prefix))}"
            )
    finally:
        await connection.close()
    await asyncio.gather(
        *(_restrict(admin_url, database_name(actor, prefix), owner_role(actor, prefix)) for actor in missing)
    )
    return missing


async def _ensure_role(connection: asyncpg.Connection, role: str, password: str, *, exists: bool) -> None:
    verb = "alter" if exists else "create"
    secret = password.replace("'", "''")
    await connection.execute(f"{verb} role {_checked(role)} login nosuperuser nobypassrls password '{secret}'")


async def drop_databases(admin_url: str, actors: Sequence[str], prefix: str) -> None:
    """Drop databases and roles of an installation that had a prefix of its own, sessions or not (tests only)."""
    if prefix == DATABASE_PREFIX:
        raise ValueError(f"databases with the prefix {DATABASE_PREFIX} are somebody's data and are not dropped")
    connection = await asyncpg.connect(admin_url)
    try:
        for actor in actors:
            name, owner = _checked(database_name(actor, prefix)), _checked(owner_role(actor, prefix))
            await connection.execute(f"drop database if exists {name} with (force)")
            await connection.execute(f"drop role if exists {name}, {owner}")
    finally:
        await connection.close()


async def _restrict(admin_url: str, database: str, owner: str) -> None:
    """Only the two roles of an actor may enter its database; the application's role has the database's name."""
    parts = urlsplit(admin_url)
    connection = await asyncpg.connect(urlunsplit(parts._replace(path=f"/{database}")))
    try:
        name = role = _checked(database)
        await connection.execute(
            f"revoke all on database {name} from public; grant connect on database {name} to {role};"
            f"alter schema public owner to {_checked(owner)}; revoke create on schema public from public;"
            f"grant usage on schema public to {role}"
        )
    finally:
        await connection.close()


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(f"'{name}' is not a database identifier of this system (lower-case letters and _)")
    return name
