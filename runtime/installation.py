"""An embedded installation in one data folder: servers started, databases migrated, NATS provisioned."""

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from runtime.embedded import EmbeddedNats, EmbeddedPostgres
from runtime.nats_configuration import ACCOUNT, UpstreamGrant, account_block, user_names
from runtime.provisioner import provision
from runtime.secrets_folder import SecretsFolder
from runtime.system import System
from storage.databases import DATABASE_PREFIX, create_databases, database_name, database_url, owner_role
from storage.migrations import newest_revisions, upgrade_all


class PostgresServer(Protocol):
    """A PostgreSQL server on which databases and roles may be made."""

    @property
    def admin_url(self) -> str:
        """The superuser's URL, password included."""
        ...

    def start(self) -> None:
        """Return when it answers."""
        ...

    def stop(self) -> None:
        """Let it go; the data stays."""
        ...


class NatsServer(Protocol):
    """A nats-server whose accounts can be changed."""

    @property
    def url(self) -> str:
        """Where clients connect."""
        ...

    def admit(self, account: str) -> None:
        """Keep the account, see `account_block`, for the next start or reload."""
        ...

    def start(self) -> None:
        """Return when it answers."""
        ...

    def stop(self) -> None:
        """Let it go; the streams stay."""
        ...

    def reload(self) -> None:
        """Apply the kept account without cutting clients."""
        ...


@dataclass(frozen=True)
class Servers:
    """Where an installation lives, and what its databases and its account are called there."""

    postgres: PostgresServer
    nats: NatsServer
    database_prefix: str = DATABASE_PREFIX
    account: str = ACCOUNT


@dataclass
class Installation:
    """What `crm up`, the demo, the tests and the benchmarks run on: servers of its own unless others are passed in."""

    folder: Path
    system: System
    simulated_time: bool = False
    durable: bool = True
    spy: bool = False
    servers: Servers | None = None

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.secrets = SecretsFolder(self.folder / "secrets")
        servers = self.servers or Servers(
            EmbeddedPostgres(self.folder / "postgres", durable=self.durable), EmbeddedNats(self.folder / "nats")
        )
        self.postgres, self.nats = servers.postgres, servers.nats
        self._prefix, self._account = servers.database_prefix, servers.account
        self.upstream: tuple[UpstreamGrant, ...] = ()
        self.make_keys()
        roles = [role for actor in self.system.actors for role in (self.database_of(actor), self.owner_of(actor))]
        self.passwords = self.secrets.database_passwords(roles)

    def make_keys(self) -> None:
        """The NATS keys of every user there is now."""
        users = user_names(self.system.surfaces(), self.upstream, spy=self.spy)
        self.nats_keys = self.secrets.nats_keys(users)

    def admit(self, upstream: tuple[UpstreamGrant, ...]) -> None:
        """Let further upstream systems in while the server runs."""
        self.upstream = upstream
        self.make_keys()
        self._configure_nats()
        self.nats.reload()

    def start(self) -> None:
        """Start both servers, then bring databases, streams and consumers to what this version needs."""
        self.system.check()
        self._configure_nats()
        self.postgres.start()
        self.nats.start()
        self._configure_nats()
        self.nats.reload()
        asyncio.run(self.provision())
        self.migrate()

    def stop(self) -> None:
        """Stop both servers; the data stays."""
        self.nats.stop()
        self.postgres.stop()

    def migrate(self) -> None:
        """Create missing databases and upgrade those that are behind."""
        actors = list(self.system.actors)
        asyncio.run(create_databases(self.postgres.admin_url, self.passwords, actors, self._prefix))
        behind = asyncio.run(self._behind(actors))
        if behind:
            upgrade_all({actor: (self.owner_url(actor), self.database_of(actor)) for actor in behind})

    def database_of(self, actor: str) -> str:
        """The name of an actor's database and of its application role."""
        return database_name(actor, self._prefix)

    def owner_of(self, actor: str) -> str:
        """The role that migrates an actor's database."""
        return owner_role(actor, self._prefix)

    def actor_url(self, actor: str) -> str:
        """The database of an actor for its application role."""
        role = self.database_of(actor)
        return database_url(self.postgres.admin_url, role, self.passwords[role], role)

    def owner_url(self, actor: str) -> str:
        """The database of an actor for migrations."""
        role = self.owner_of(actor)
        return database_url(self.postgres.admin_url, role, self.passwords[role], self.database_of(actor))

    def environment(self, user: str) -> dict[str, str]:
        """The CRM_* variables of one process: an actor, or the bridge."""
        found = {
            "CRM_ENVIRONMENT": "development",
            "CRM_NATS_URL": self.nats.url,
            "CRM_NATS_SEED": self.nats_keys[user][0],
            "CRM_KEY_FILE": str(self.secrets.key_file()),
            "CRM_SIMULATED_TIME": "true" if self.simulated_time else "false",
            "CRM_DEVELOPMENT_ISSUER_SEED": self.secrets.development_issuer_seed(),
        }
        if user in self.system.actors:
            found["CRM_DATABASE_URL"] = self.actor_url(user)
        return found

    def write_connection(self, **more: str | None) -> Path:
        """connection.json: what an outside program needs to drive the system."""
        path = self.folder / "connection.json"
        path.touch(mode=0o600)
        path.write_text(json.dumps({"nats_url": self.nats.url, **more}, indent=2) + "\n")
        return path

    def _configure_nats(self) -> None:
        self.nats.admit(
            account_block(
                self.system.surfaces(),
                {user: public for user, (_, public) in self.nats_keys.items()},
                bridge_requests=self.system.bridge_requests(),
                upstream=self.upstream,
                simulated_time=self.simulated_time,
                name=self._account,
            )
        )

    async def provision(self, replicas: int = 1) -> tuple[str, ...]:
        """Bring streams, consumers and clock in line with the actors; what was changed."""
        seed = self.nats_keys["provisioner"][0]
        surfaces = self.system.surfaces()
        return await provision(self.nats.url, seed, surfaces, simulated_time=self.simulated_time, replicas=replicas)

    async def _behind(self, actors: list[str]) -> list[str]:
        """The actors whose database does not hold the newest revisions, or lacks row-level security of a new table."""
        import asyncpg

        behind = []
        for actor in actors:
            connection = await asyncpg.connect(self.owner_url(actor))
            try:
                exists = await connection.fetchval("select to_regclass('alembic_version') is not null")
                rows = await connection.fetch("select version_num from alembic_version") if exists else []
            finally:
                await connection.close()
            if {row["version_num"] for row in rows} != newest_revisions(actor):
                behind.append(actor)
        return behind
