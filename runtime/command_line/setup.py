"""`crm setup`: prepare external servers, once before the first start and again at each new version.

Two steps, because the servers need the files before they start: the files alone (`--files-only`), then databases, streams
and clock. What exists is kept, so both may be repeated at any time.
"""

import asyncio
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg
import nats.errors
import stamina
import typer

from runtime.command_line.connect import console
from runtime.nats_configuration import ClusterMember, generate_configuration, user_names
from runtime.nats_surfaces import BRIDGE
from runtime.provisioner import provision
from runtime.secrets_folder import SecretsFolder
from runtime.settings import Settings
from runtime.system import System, discover
from storage.databases import create_databases, database_name, database_url, owner_role
from storage.migrations import upgrade_all

_MONITORING_PORT = 8222
_CLUSTER_PORT = 6222
_PATIENCE_SECONDS = 120.0
_NOT_THERE_YET = (OSError, TimeoutError, nats.errors.Error, asyncpg.CannotConnectNowError)


@dataclass(frozen=True)
class NatsServer:
    """One NATS server as its clients and its peers reach it."""

    host: str
    port: int = 4222
    cluster_port: int = _CLUSTER_PORT
    monitoring_port: int = _MONITORING_PORT

    @classmethod
    def parse(cls, text: str) -> Self:
        """`host` or `host:port`. Raises typer.BadParameter."""
        host, _, port = text.partition(":")
        if not host or (port and not port.isdecimal()):
            raise typer.BadParameter(f"'{text}' is not host or host:port, for example nats-1:4222")
        return cls(host, int(port or 4222))


@dataclass
class ExternalInstallation:
    """Servers that somebody else runs, and one folder with everything they and the processes must be given.

    users/NAME/ holds what the process NAME finds in /run/secrets, nats/ one configuration per server, postgres/password
    the administrator's password. Everything else in the folder is for this command alone: never mount it.
    """

    folder: Path
    system: System
    servers: tuple[NatsServer, ...]
    admin_url: str
    development: bool = False
    jetstream_folder: Path = Path("/var/lib/crm/jetstream")
    event_days: int = 30

    def __post_init__(self) -> None:
        self.secrets = SecretsFolder(self.folder)
        self.nats_keys = self.secrets.nats_keys(user_names(self.system.surfaces()))
        roles = [role for actor in self.system.actors for role in (database_name(actor), owner_role(actor))]
        self.passwords = self.secrets.database_passwords(roles)

    @property
    def nats_url(self) -> str:
        """The first server; clients learn of the others from it."""
        return f"nats://{self.servers[0].host}:{self.servers[0].port}"

    @property
    def replicas(self) -> int:
        """Copies of each stream: three servers can lose one, two cannot and hold one copy each."""
        return 3 if len(self.servers) >= 3 else 1

    def administrator_url(self) -> str:
        """The administrator's URL; one without a password gets that of postgres/password."""
        parts = urlsplit(self.admin_url)
        if parts.password is not None:
            return self.admin_url
        password = quote(_kept_secret(self.folder / "postgres" / "password"), safe="")
        host = parts.netloc.rpartition("@")[2]
        return urlunsplit(parts._replace(netloc=f"{parts.username or 'postgres'}:{password}@{host}"))

    def write_files(self) -> None:
        """Secrets per process and the configuration of each NATS server."""
        self.system.check()
        self.administrator_url()
        for user in (*self.system.actors, BRIDGE):
            for name, content in self._secrets_of(user).items():
                _write(self.folder / "users" / user / name, content)
        for user in ("operator", "monitor"):
            _write(self.folder / "users" / user / "crm_nats_seed", self._seed(user))
        for server in self.servers:
            _write(self.folder / "nats" / f"{server.host}.conf", self.nats_configuration(server).encode())

    def nats_configuration(self, server: NatsServer) -> str:
        """What one server runs with; it holds public keys and, in a cluster, the secret the servers share."""
        return generate_configuration(
            self.system.surfaces(),
            {user: public for user, (_, public) in self.nats_keys.items()},
            jetstream_folder=self.jetstream_folder,
            host="0.0.0.0",
            port=server.port,
            monitoring_port=server.monitoring_port,
            bridge_requests=self.system.bridge_requests(),
            cluster=self._member(server) if len(self.servers) > 1 else None,
        )

    async def prepare_servers(self) -> tuple[str, ...]:
        """Databases, their newest versions, streams and clock; waits two minutes for servers that are starting."""
        actors = list(self.system.actors)
        patiently = stamina.AsyncRetryingCaller(attempts=None, timeout=_PATIENCE_SECONDS).on(_NOT_THERE_YET)
        new = await patiently(create_databases, self.administrator_url(), self.passwords, actors)
        owners = {actor: (self._url(actor, owner_role(actor)), database_name(actor)) for actor in actors}
        await asyncio.to_thread(upgrade_all, owners)
        changes = await patiently(
            provision,
            self.nats_url,
            self.nats_keys["provisioner"][0],
            self.system.surfaces(),
            simulated_time=False,
            replicas=self.replicas,
            event_days=self.event_days,
        )
        return (*(f"database {database_name(actor)} created" for actor in new), *changes)

    def _secrets_of(self, user: str) -> dict[str, bytes]:
        found = {"crm_nats_seed": self._seed(user)}
        if user in self.system.actors:
            found["crm_monitor_seed"] = self._seed("monitor")
            found["crm_database_url"] = self._url(user, database_name(user)).encode()
            found["wrapping_key"] = self.secrets.key_file().read_bytes()
        if self.development:
            found["crm_development_issuer_seed"] = self.secrets.development_issuer_seed().encode()
        return found

    def _seed(self, user: str) -> bytes:
        return self.nats_keys[user][0].encode()

    def _url(self, actor: str, role: str) -> str:
        return database_url(self.admin_url, role, self.passwords[role], database_name(actor))

    def _member(self, server: NatsServer) -> ClusterMember:
        peers = tuple(f"{peer.host}:{peer.cluster_port}" for peer in self.servers if peer != server)
        secret = _kept_secret(self.folder / "nats" / "cluster_secret")
        name = f"{server.host}-{server.port}".replace(".", "-")
        return ClusterMember("crm", name, server.cluster_port, peers, secret)


def setup(
    folder: Annotated[
        Path, typer.Argument(help="where secrets and NATS configurations are kept; readable by you only")
    ],
    server: Annotated[list[str], typer.Option("--nats", help="host:port of a NATS server; repeat for a cluster")],
    admin_url: Annotated[
        str,
        typer.Option(
            "--postgres", envvar="CRM_ADMIN_DATABASE_URL", help="administrator's URL of the PostgreSQL server"
        ),
    ],
    files_only: Annotated[bool, typer.Option(help="write the files the servers need, and stop there")] = False,
    development: Annotated[bool, typer.Option(help="with the development issuer's seed; never in production")] = False,
) -> None:
    """Write secrets and NATS configurations; create and migrate databases; make streams, consumers and the clock."""
    if not 1 <= len(server) <= 3:
        raise typer.BadParameter("give --nats once, or once per server of a cluster of three")
    servers = tuple(NatsServer.parse(text) for text in server)
    installation = ExternalInstallation(
        folder,
        discover(),
        servers,
        admin_url,
        development=development,
        event_days=Settings().event_retention_days,
    )
    installation.write_files()
    console.print(f"secrets and NATS configurations are in {folder}")
    if files_only:
        return
    with console.status("preparing databases and streams"):
        changes = asyncio.run(installation.prepare_servers())
    for change in changes:
        console.print(change)
    console.print(f"{len(installation.system.actors)} databases are up to date; {len(changes)} changes")


def _kept_secret(path: Path) -> str:
    """The secret in the file; a new one, written there, when there is none yet."""
    if not path.exists():
        _write(path, secrets.token_urlsafe(24).encode())
    return path.read_text().strip()


def _write(path: Path, content: bytes) -> None:
    """Write for the owner only; an unchanged file stays untouched, because a running server may watch it."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if path.exists() and path.read_bytes() == content:
        return
    path.touch(mode=0o600)
    path.write_bytes(content)
