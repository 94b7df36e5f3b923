"""PostgreSQL as a child: data, port and password outlive stops, kills and the process that started it."""

import os
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from runtime.embedded import EmbeddedPostgres, ServerFailed
from runtime.embedded.ports import LOCALHOST, kept_port


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("postgres")


@pytest.fixture
def server(folder: Path) -> Iterator[EmbeddedPostgres]:
    postgres = EmbeddedPostgres(folder, durable=False)
    postgres.start()
    yield postgres
    postgres.stop()


async def value(url: str, query: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


def server_process(folder: Path) -> int:
    return int((folder / "data" / "postmaster.pid").read_text().split()[0])


async def test_a_fresh_folder_becomes_a_server_that_asks_for_its_password(server: EmbeddedPostgres) -> None:
    assert str(await value(server.admin_url, "select version()")).startswith("PostgreSQL 18")
    password_file = server.folder / "password"
    assert stat.S_IMODE(password_file.stat().st_mode) == 0o600
    assert password_file.read_text() in server.admin_url
    with pytest.raises(asyncpg.InvalidPasswordError):
        await value(f"postgresql://postgres:guess@127.0.0.1:{server.port}/postgres", "select 1")


async def test_its_settings_are_those_of_many_small_sessions(server: EmbeddedPostgres) -> None:
    expected = {
        "max_connections": "400",
        "shared_buffers": "128MB",
        "jit": "off",
        "listen_addresses": "127.0.0.1",
        "password_encryption": "scram-sha-256",
        "server_encoding": "UTF8",
    }
    assert {name: await value(server.admin_url, f"show {name}") for name in expected} == expected
    assert await value(server.admin_url, "select lower('ÉCHÉANCE')") == "échéance"


async def test_only_a_durable_server_waits_for_the_disk(server: EmbeddedPostgres) -> None:
    names = ("fsync", "full_page_writes")
    assert {await value(server.admin_url, f"show {name}") for name in names} == {"off"}
    durable = EmbeddedPostgres(server.folder)
    durable.start()  # other settings than the running server's: it is replaced
    assert {await value(durable.admin_url, f"show {name}") for name in names} == {"on"}


async def test_data_and_port_outlive_a_restart(server: EmbeddedPostgres) -> None:
    await value(server.admin_url, "create table kept as select 1 as number")
    url = server.admin_url
    server.restart()
    assert server.admin_url == url
    assert await value(url, "select number from kept") == 1


async def test_what_was_committed_outlives_a_kill_with_sessions_open(server: EmbeddedPostgres) -> None:
    connection = await asyncpg.connect(server.admin_url)
    await connection.execute("create table committed as select 2 as number")
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute("update committed set number = 3")
    server.kill()
    server.start()
    assert await value(server.admin_url, "select number from committed") == 2
    connection.terminate()


def test_a_second_start_adopts_the_running_server(server: EmbeddedPostgres) -> None:
    before = server_process(server.folder)
    EmbeddedPostgres(server.folder, durable=False).start()
    assert server_process(server.folder) == before


def stop_from_another_process(folder: Path) -> None:
    program = (
        "import sys, pathlib; from runtime.embedded import EmbeddedPostgres; "
        "EmbeddedPostgres(pathlib.Path(sys.argv[1])).stop()"
    )
    subprocess.run([sys.executable, "-c", program, str(folder)], check=True, timeout=20)


async def test_another_process_may_stop_it(server: EmbeddedPostgres) -> None:
    stop_from_another_process(server.folder)
    with pytest.raises(OSError):
        await value(server.admin_url, "select 1")
    server.start()
    assert await value(server.admin_url, "select 1") == 1


def test_the_terminals_interrupt_does_not_reach_it(server: EmbeddedPostgres) -> None:
    process = server_process(server.folder)
    assert os.getsid(process) != os.getsid(0)
    assert os.getpgid(process) != os.getpgid(0)


async def test_a_stale_process_number_that_now_is_someone_elses_is_ignored(server: EmbeddedPostgres) -> None:
    server.stop()
    pid_file = server.folder / "data" / "postmaster.pid"
    pid_file.write_text(f"{os.getpid()}\n{server.folder / 'data'}\n1\n{server.port}\n\n127.0.0.1\n0 0\nready\n")
    server.stop()  # does not end the test run
    server.start()
    assert await value(server.admin_url, "select 1") == 1


async def test_a_taken_port_is_replaced(server: EmbeddedPostgres) -> None:
    server.stop()
    former = kept_port(server.folder / "port")
    with socket.create_server((LOCALHOST, former)):
        server.start()
    assert server.port != former
    assert await value(server.admin_url, "select 1") == 1


def test_a_server_that_cannot_start_says_where_its_log_is(server: EmbeddedPostgres) -> None:
    server.stop()
    control = server.folder / "data" / "global" / "pg_control"
    control.rename(control.with_suffix(".away"))
    try:
        with pytest.raises(ServerFailed, match=r"ended with code \d+ while starting; its log is .*server\.log"):
            server.start()
    finally:
        control.with_suffix(".away").rename(control)
