"""`crm setup` on servers that it does not run, and `crm ping` as their containers' health check."""

import asyncio
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import nats
import pytest
import typer
from typer.testing import CliRunner

from runtime.command_line import ping as ping_module
from runtime.command_line.ping import NoAnswer, ask
from runtime.command_line.setup import ExternalInstallation, NatsServer, setup
from runtime.embedded.nats import nats_server_program
from runtime.embedded.ports import kept_port
from runtime.nats_configuration import BUCKETS, inbox_prefix
from runtime.provisioner import provision
from tests.compose.conftest import External
from tests.harness import eventually


async def test_it_makes_databases_streams_and_consumers_once(external: External) -> None:
    assert {
        "database crm_calendar created",
        "stream CRM_EVENTS created",
        "consumer CRM_EVENTS.calendar created",
    } <= set(external.changes)
    assert await external.installation.prepare_servers() == ()


async def test_an_actor_starts_with_nothing_but_its_secret_files_and_answers_the_health_check(
    external: External,
) -> None:
    seed = (external.installation.folder / "users" / "calendar" / "crm_monitor_seed").read_text()
    with pytest.raises(NoAnswer, match="calendar is not running"):
        await ask("calendar", external.nats.url, seed)
    identity, calendar = external.host("identity"), external.host("calendar")
    await identity.application.start()
    await calendar.application.start()
    try:
        assert (await ask("calendar", external.nats.url, seed))["name"] == "calendar"
        assert await _exit_code("calendar", external) == 0
    finally:
        await calendar.application.stop()
        await identity.application.stop()
    assert await _exit_code("calendar", external) == 1


async def test_the_health_check_gives_up_within_seconds_when_nats_is_away(external: External) -> None:
    seed = (external.installation.folder / "users" / "calendar" / "crm_monitor_seed").read_text()
    async with asyncio.timeout(ping_module._SECONDS + 2):
        with pytest.raises(NoAnswer, match="is not reached"):
            await ask("calendar", "nats://127.0.0.1:9", seed)


async def test_only_the_monitor_may_ask(external: External) -> None:
    seed = external.installation.nats_keys["calendar"][0]
    with pytest.raises(NoAnswer, match="refuses user monitor"):
        await ask("calendar", external.nats.url, seed)


async def _exit_code(actor: str, external: External) -> int:
    folder = external.installation.folder / "users" / actor
    seed = (folder / "crm_monitor_seed").read_text()
    environment = os.environ | {"CRM_MONITOR_SEED": seed, "CRM_NATS_URL": external.nats.url}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "runtime.command_line.ping", actor, env=environment, stdout=subprocess.DEVNULL
    )
    return await process.wait()


def test_a_process_finds_its_own_secrets_and_nobody_elses(external: External) -> None:
    users = external.installation.folder / "users"
    assert {path.name for path in users.iterdir()} == {"bridge", "calendar", "identity", "operator", "monitor"}
    assert {path.name for path in (users / "bridge").iterdir()} == {"crm_nats_seed", "crm_development_issuer_seed"}
    assert {path.name for path in (users / "calendar").iterdir()} == {
        "crm_nats_seed",
        "crm_monitor_seed",
        "crm_database_url",
        "crm_development_issuer_seed",
        "wrapping_key",
    }
    url = external.settings("calendar").required_database_url()
    assert "//crm_calendar:" in url
    assert url.endswith("/crm_calendar")
    seeds = {
        (users / name / "crm_nats_seed").read_text()
        for name in ("bridge", "calendar", "identity", "operator", "monitor")
    }
    assert len(seeds) == 5


def test_only_the_owner_can_read_what_it_writes(external: External) -> None:
    found = [path for path in external.installation.folder.rglob("*") if path.is_file()]
    assert len(found) > 12
    assert {stat.S_IMODE(path.stat().st_mode) for path in found} == {0o600}


def test_no_seed_stands_in_a_server_configuration(external: External) -> None:
    text = (external.installation.folder / "nats" / "127.0.0.1.conf").read_text()
    assert not [seed for seed, _ in external.installation.nats_keys.values() if seed in text]


def test_production_gets_no_development_issuer(external: External, tmp_path: Path) -> None:
    installation = replace(external.installation, folder=tmp_path, development=False)
    installation.write_files()
    assert not list(tmp_path.rglob("crm_development_issuer_seed"))


def test_a_second_run_keeps_every_secret(external: External) -> None:
    before = {path: path.read_bytes() for path in external.installation.folder.rglob("*") if path.is_file()}
    replace(external.installation).write_files()
    assert {path: path.read_bytes() for path in before} == before


def test_the_administrators_password_comes_from_a_file_when_the_url_has_none(
    external: External, tmp_path: Path
) -> None:
    installation = replace(external.installation, folder=tmp_path, admin_url="postgresql://postgres@db:5432/postgres")
    password = "sécret/1"
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "password").write_text(password + "\n")
    assert installation.administrator_url() == "postgresql://postgres:s%C3%A9cret%2F1@db:5432/postgres"
    assert external.installation.administrator_url() == external.installation.admin_url


@pytest.fixture
def cluster(external: External, tmp_path: Path) -> Iterator[ExternalInstallation]:
    """Three NATS servers with the configurations that setup writes."""
    ports = [[kept_port(tmp_path / f"port-{server}-{use}") for use in range(3)] for server in range(3)]
    installation = replace(
        external.installation,
        folder=tmp_path / "setup",
        servers=tuple(NatsServer("127.0.0.1", *numbers) for numbers in ports),
    )
    processes = []
    for server in installation.servers:
        configuration = tmp_path / f"{server.port}.conf"
        one = replace(installation, jetstream_folder=tmp_path / f"jetstream-{server.port}")
        configuration.write_text(one.nats_configuration(server))
        with (tmp_path / f"{server.port}.log").open("wb") as log:
            processes.append(subprocess.Popen([nats_server_program(), "-c", configuration], stderr=log))
    yield installation
    for process in processes:
        process.kill()
        process.wait()


@pytest.mark.chaos
async def test_a_cluster_of_three_keeps_each_stream_three_times(cluster: ExternalInstallation) -> None:
    async def streams_are_made() -> bool:
        try:
            await provision(
                cluster.nats_url,
                cluster.nats_keys["provisioner"][0],
                cluster.system.surfaces(),
                simulated_time=False,
                replicas=cluster.replicas,
            )
        except nats.errors.Error:  # the servers have not met or elected yet
            return False
        return True

    await eventually(streams_are_made, 60)
    connection = await nats.connect(
        cluster.nats_url, nkeys_seed_str=cluster.nats_keys["operator"][0], inbox_prefix=inbox_prefix("operator")
    )
    streams = await connection.jetstream().streams_info()
    assert {info.config.num_replicas for info in streams} == {3}
    buckets = {bucket.stream for bucket in BUCKETS}
    assert {info.config.name for info in streams} == buckets | {
        "CRM_EVENTS",
        "CRM_CLOCK",
        "CRM_COMMANDS",
        "CRM_DEAD",
        "CRM_AUDIT",
    }
    assert {len((info.cluster and info.cluster.replicas) or ()) for info in streams} == {2}
    await connection.close()


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--nats", "a", "--nats", "b", "--nats", "c", "--nats", "d"], "once per server"),
        (["--nats", "nats-1:port"], "for example nats-1:4222"),
    ],
)
def test_it_says_how_servers_are_named(arguments: list[str], complaint: str, tmp_path: Path) -> None:
    app = typer.Typer()
    app.command()(setup)
    outcome = CliRunner().invoke(app, [str(tmp_path), "--postgres", "postgresql://postgres@db/postgres", *arguments])
    assert outcome.exit_code == 2
    assert complaint in " ".join(outcome.output.replace("│", " ").split())
