"""Which PostgreSQL and NATS the tests run on: CRM_TEST_INFRA is embedded (default), external or containers."""

import asyncio
import shlex
import subprocess
import tempfile
import time
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol, Self
from uuid import uuid4

import nats
import nats.errors
import pytest
from pydantic import model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from runtime.installation import Installation, Servers
from runtime.nats_configuration import accounts_section, create_user_keys, server_section
from storage.databases import drop_databases

_RELOAD_SECONDS = 10.0
_NATS_IMAGE, _POSTGRES_IMAGE = "nats:2.15-alpine", "postgres:18"
_INSIDE = "/etc/crm"


class Kind(StrEnum):
    """Where the servers come from."""

    EMBEDDED = "embedded"
    EXTERNAL = "external"
    CONTAINERS = "containers"


class InfrastructureSettings(BaseSettings):
    """The variables CRM_TEST_*. External servers are used by one test run at a time."""

    model_config = SettingsConfigDict(env_prefix="CRM_TEST_", extra="ignore")

    infra: Kind = Kind.EMBEDDED
    postgres_url: str = ""
    """A superuser's URL; the tests make databases and roles named crm_<random>_<actor> and drop them."""
    nats_url: str = ""
    nats_accounts: Path = Path()
    """The file that the server's configuration includes; it holds the accounts and is written by the tests."""
    nats_reload: str = ""
    """The command that makes the server read it again, such as `systemctl reload nats`."""

    @model_validator(mode="after")
    def _external_is_complete(self) -> Self:
        named = {"postgres_url", "nats_url", "nats_accounts", "nats_reload"}
        if self.infra is Kind.EXTERNAL and (missing := named - self.model_fields_set):
            raise ValueError(
                f"external servers need {', '.join(sorted(f'CRM_TEST_{name.upper()}' for name in missing))}"
            )
        return self


class Infrastructure(Protocol):
    """Gives each installation of a test run its servers."""

    kind: Kind

    def servers(self) -> Servers | None:
        """What a new installation lives on; None: servers of its own."""
        ...

    async def release(self, installation: Installation) -> None:
        """Take away what an ended installation left on servers that stay."""
        ...

    def close(self) -> None:
        """The end of the test run."""
        ...


class Embedded:
    """Every installation starts servers of its own in its folder."""

    kind = Kind.EMBEDDED

    def servers(self) -> Servers | None:
        """None: the installation's own."""
        return None

    async def release(self, installation: Installation) -> None:
        """Nothing: the folder is removed."""

    def close(self) -> None:
        """Nothing."""


class External:
    """Servers that run without us: a database prefix and a NATS account for each installation, so all is fresh."""

    kind = Kind.EXTERNAL

    def __init__(self, postgres_url: str, accounts: "Accounts") -> None:
        self._postgres_url = postgres_url
        self._accounts = accounts

    def servers(self) -> Servers:
        """The shared servers under names nobody used before."""
        name = uuid4().hex[:8]
        account = f"CRM_{name.upper()}"
        return Servers(
            ForeignPostgres(self._postgres_url),
            ForeignNats(self._accounts, account),
            database_prefix=f"crm_{name}_",
            account=account,
        )

    async def release(self, installation: Installation) -> None:
        """Remove streams, account, databases and roles."""
        connection = await nats.connect(
            self._accounts.url,
            nkeys_seed_str=installation.nats_keys["provisioner"][0],
            inbox_prefix=b"_INBOX_provisioner",
        )
        stream = connection.jetstream()
        for info in await stream.streams_info():
            await stream.delete_stream(str(info.config.name))
        await connection.close()
        assert installation.servers is not None
        await asyncio.to_thread(self._accounts.remove, installation.servers.account)
        prefix = installation.servers.database_prefix
        await drop_databases(self._postgres_url, list(installation.system.actors), prefix)

    def close(self) -> None:
        """The servers go on."""


class Accounts:
    """The accounts file of a foreign server, shared by the installations of one test run."""

    def __init__(self, url: str, file: Path, reload: Callable[[], object]) -> None:
        self.url = url
        self._file = file
        self._reload = reload
        self._blocks: dict[str, str] = {}

    def put(self, account: str, block: str) -> None:
        """Keep an account for the next reload."""
        self._blocks[account] = block

    def remove(self, account: str) -> None:
        """Take an account away; its users are disconnected."""
        del self._blocks[account]
        self.reload()

    def reload(self) -> None:
        """Write the file, run the command, and wait until the server lets a new user in and nobody who is not in the file."""
        (seed, public), (stranger, _) = create_user_keys(), create_user_keys()
        probe = f"  PROBE {{ users: [ {{ nkey: {public} }} ] }}"
        self._file.write_text(accounts_section([*self._blocks.values(), probe]))
        self._reload()
        deadline = time.monotonic() + _RELOAD_SECONDS
        while not _lets_in(self.url, seed) or _lets_in(self.url, stranger):
            if time.monotonic() > deadline:
                raise RuntimeError(
                    f"the NATS server at {self.url} did not take {self._file} within {_RELOAD_SECONDS:g} s after the "
                    "reload; its configuration must include that file, its log says what it refuses"
                )
            time.sleep(0.05)


def _lets_in(url: str, seed: str) -> bool:
    async def connects() -> bool:
        try:
            connection = await nats.connect(
                url, nkeys_seed_str=seed, allow_reconnect=False, connect_timeout=2, error_cb=_ignore
            )
        except (nats.errors.Error, OSError):
            return False
        await connection.close()
        return True

    return asyncio.run(connects())


async def _ignore(_: Exception) -> None:
    """A refusal is the answer here, not an error to print."""


class ForeignPostgres:
    """A PostgreSQL server somebody else starts and stops."""

    def __init__(self, admin_url: str) -> None:
        self.admin_url = admin_url

    def start(self) -> None:
        """It runs already."""

    def stop(self) -> None:
        """It goes on."""


class ForeignNats:
    """One account of a nats-server that somebody else starts and stops."""

    def __init__(self, accounts: Accounts, account: str) -> None:
        self._accounts = accounts
        self._account = account
        self.url = accounts.url

    def admit(self, account: str) -> None:
        """Keep the account for the next reload."""
        self._accounts.put(self._account, account)

    def start(self) -> None:
        """It runs already."""

    def stop(self) -> None:
        """It goes on."""

    def reload(self) -> None:
        """Let the server read its accounts again."""
        self._accounts.reload()


class Containers(External):
    """External servers that a Docker engine runs for this test run. Skips where none answers."""

    kind = Kind.CONTAINERS

    def __init__(self) -> None:
        docker_answers_or_skip()
        from testcontainers.community.postgres import PostgresContainer
        from testcontainers.core.container import DockerContainer
        from testcontainers.core.wait_strategies import LogMessageWaitStrategy

        self._folder = tempfile.TemporaryDirectory(prefix="crm-test-nats-")
        folder = Path(self._folder.name)
        folder.chmod(0o755)
        server = server_section(jetstream_folder=Path("/data"), port=4222, host="0.0.0.0")
        (folder / "server.conf").write_text(f'{server}include "accounts.conf"\n')
        (folder / "accounts.conf").write_text(accounts_section([]))
        locale = "--locale=C --locale-provider=builtin --builtin-locale=C.UTF-8"
        postgres = PostgresContainer(_POSTGRES_IMAGE, driver=None).with_env("POSTGRES_INITDB_ARGS", locale)
        self._postgres: Any = postgres.with_command("postgres -c max_connections=400 -c fsync=off -c jit=off").start()
        container = DockerContainer(_NATS_IMAGE).with_exposed_ports(4222).with_volume_mapping(str(folder), _INSIDE)
        container.with_command(f"-c {_INSIDE}/server.conf").waiting_for(LogMessageWaitStrategy("Server is ready"))
        self._nats: Any = container.start()
        url = f"nats://{self._nats.get_container_host_ip()}:{self._nats.get_exposed_port(4222)}"
        accounts = Accounts(url, folder / "accounts.conf", lambda: self._nats.get_wrapped_container().kill("SIGHUP"))
        super().__init__(self._postgres.get_connection_url(), accounts)

    def close(self) -> None:
        """Remove both containers."""
        self._nats.stop()
        self._postgres.stop()
        self._folder.cleanup()


def docker_answers_or_skip() -> None:
    """Skip with what to do about it when no Docker engine can be reached."""
    import docker
    from docker.errors import DockerException

    try:
        docker.from_env(timeout=5).ping()
    except DockerException as error:
        pytest.skip(f"CRM_TEST_INFRA=containers: no Docker engine answers ({error}); start one or use embedded servers")


def chosen() -> Infrastructure:
    """What CRM_TEST_INFRA asks for."""
    settings = InfrastructureSettings()
    match settings.infra:
        case Kind.EMBEDDED:
            return Embedded()
        case Kind.EXTERNAL:
            reload = shlex.split(settings.nats_reload)
            accounts = Accounts(
                settings.nats_url,
                settings.nats_accounts,
                lambda: subprocess.run(reload, check=True, timeout=_RELOAD_SECONDS),
            )
            return External(settings.postgres_url, accounts)
        case Kind.CONTAINERS:
            return Containers()
