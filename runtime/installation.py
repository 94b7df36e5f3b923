"""An embedded installation in one data folder: servers started, databases migrated, NATS provisioned."""

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path

from runtime.embedded import EmbeddedNats, EmbeddedPostgres
from runtime.nats_configuration import UpstreamGrant, generate_configuration, user_names
from runtime.provisioner import provision
from runtime.secrets_folder import SecretsFolder
from runtime.system import System
from storage.databases import create_databases, database_name, database_url, owner_role
from storage.migrations import newest_revisions, upgrade_all


@dataclass
class Installation:
    """What `crm up`, the demo, the tests and the benchmarks run on."""

    folder: Path
    system: System
    simulated_time: bool = False
    durable: bool = True
    spy: bool = False

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.secrets = SecretsFolder(self.folder / "secrets")
        self.postgres = EmbeddedPostgres(self.folder / "postgres", durable=self.durable)
        self.nats = EmbeddedNats(self.folder / "nats")
        self.upstream: tuple[UpstreamGrant, ...] = ()
        self.make_keys()
        roles = [role for actor in self.system.actors for role in (database_name(actor), owner_role(actor))]
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
        asyncio.run(create_databases(self.postgres.admin_url, self.passwords, actors))
        behind = asyncio.run(self._behind(actors))
        if behind:
            upgrade_all({actor: (self.owner_url(actor), database_name(actor)) for actor in behind})

    def actor_url(self, actor: str) -> str:
        """The database of an actor for its application role."""
        role = database_name(actor)
        return database_url(self.postgres.admin_url, role, self.passwords[role], actor)

    def owner_url(self, actor: str) -> str:
        """The database of an actor for migrations."""
        role = owner_role(actor)
        return database_url(self.postgres.admin_url, role, self.passwords[role], actor)

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
        surfaces = self.system.surfaces()
        self.nats.write_configuration(
            generate_configuration(
                surfaces,
                {user: public for user, (_, public) in self.nats_keys.items()},
                jetstream_folder=self.nats.jetstream_folder,
                port=self.nats.port,
                bridge_requests=self.system.bridge_requests(),
                upstream=self.upstream,
                simulated_time=self.simulated_time,
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
