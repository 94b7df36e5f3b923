"""Servers as somebody else would run them: real ones, which only `crm setup` prepares."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from runtime.command_line.setup import ExternalInstallation, NatsServer
from runtime.embedded import EmbeddedNats, EmbeddedPostgres
from runtime.embedded.ports import kept_port
from runtime.host import Host
from runtime.settings import Settings
from runtime.system import discover


@dataclass
class External:
    """A prepared installation, the servers it lies on, and what its preparation said."""

    installation: ExternalInstallation
    nats: EmbeddedNats
    changes: tuple[str, ...]

    def settings(self, actor: str) -> Settings:
        """What a container of that actor reads: secret files, two variables beside them."""
        users = self.installation.folder / "users"
        return Settings(
            _secrets_dir=users / actor,
            nats_url=self.nats.url,
            key_file=users / actor / "wrapping_key",
            log_level="WARNING",
        )

    def host(self, actor: str) -> Host:
        """That actor, not started."""
        return Host(self.installation.system.actors[actor], self.settings(actor))


@pytest.fixture(scope="module")
async def external() -> AsyncIterator[External]:
    """One NATS and one PostgreSQL, prepared for identity and clients."""
    system = discover(["identity", "calendar"])
    folder = Path(tempfile.mkdtemp(prefix="crm-external-"))
    postgres, server = EmbeddedPostgres(folder / "postgres", durable=False), EmbeddedNats(folder / "nats")
    await asyncio.to_thread(postgres.start)
    installation = ExternalInstallation(
        folder / "setup",
        system,
        (NatsServer("127.0.0.1", server.port, monitoring_port=kept_port(folder / "monitoring")),),
        postgres.admin_url,
        development=True,
        jetstream_folder=server.jetstream_folder,
    )
    installation.write_files()
    server.write_configuration((installation.folder / "nats" / "127.0.0.1.conf").read_text())
    await asyncio.to_thread(server.start)
    yield External(installation, server, await installation.prepare_servers())
    await asyncio.to_thread(server.stop)
    await asyncio.to_thread(postgres.stop)
    shutil.rmtree(folder, ignore_errors=True)
