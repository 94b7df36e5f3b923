"""The tests run on servers that somebody else started, and say what they miss where there are none."""

import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from runtime.embedded import EmbeddedNats, EmbeddedPostgres
from runtime.nats_configuration import accounts_section, server_section
from tests import infrastructure
from tests.infrastructure import Accounts, InfrastructureSettings, Kind

_REPOSITORY = Path(__file__).parents[3]


def run_tests(*arguments: str, **variables: str) -> str:
    """What pytest prints of a run with these CRM_TEST_* variables."""
    named = {f"CRM_TEST_{name.upper()}": value for name, value in variables.items()}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-rs", "--timeout", "90", *arguments],
        cwd=_REPOSITORY,
        env=os.environ | named,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


@pytest.fixture
def foreign(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Two servers the tests did not start, as variables."""
    with tempfile.TemporaryDirectory(prefix="crm-foreign-") as name:
        folder = Path(name)
        postgres, server = EmbeddedPostgres(folder / "postgres", durable=False), EmbeddedNats(folder / "nats")
        section = server_section(jetstream_folder=server.jetstream_folder, port=server.port)
        server.write_configuration(f'{section}include "accounts.conf"\n')
        (folder / "nats" / "accounts.conf").write_text(accounts_section([]))
        postgres.start()
        server.start()
        process = server.process()
        assert process is not None
        yield {
            "infra": "external",
            "postgres_url": postgres.admin_url,
            "nats_url": server.url,
            "nats_accounts": str(folder / "nats" / "accounts.conf"),
            "nats_reload": f"kill -HUP {process.pid}",
        }
        server.stop()
        postgres.stop()


@pytest.mark.chaos
async def test_a_package_of_tests_runs_on_foreign_servers_and_leaves_nothing_there(foreign: dict[str, str]) -> None:
    # In this order the second file's own installation starts while the package's still lives on the same servers.
    files = ("tests/runtime/core/test_requests.py", "tests/runtime/core/test_faststream.py")
    package = (*files, "-k", "test_26 or run_serves")
    for _ in range(2):
        assert " passed" in (printed := await asyncio.to_thread(run_tests, *package, **foreign)), printed
        assert "failed" not in printed and "error" not in printed, printed
    connection = await asyncpg.connect(foreign["postgres_url"])
    assert await connection.fetchval("select count(*) from pg_database where datname like 'crm%'") == 0
    assert await connection.fetchval("select count(*) from pg_roles where rolname like 'crm%'") == 0
    await connection.close()
    accounts = Path(foreign["nats_accounts"])
    assert "CRM_" not in accounts.read_text()
    left = [path for path in (accounts.parent / "jetstream").rglob("streams/*") if "CRM_" in path.name]
    assert left == []


def test_a_server_that_does_not_take_the_accounts_is_noticed(
    foreign: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(infrastructure, "_RELOAD_SECONDS", 0.2)
    accounts = Accounts(foreign["nats_url"], Path(foreign["nats_accounts"]), lambda: None)
    with pytest.raises(RuntimeError, match=r"did not take .*accounts\.conf within 0\.2 s"):
        accounts.reload()


def test_what_restarts_a_server_is_skipped_on_foreign_ones() -> None:
    variables = {"postgres_url": "x", "nats_url": "x", "nats_accounts": "x", "nats_reload": "x"}
    printed = run_tests("tests/bridge", "-k", "restart_of_nats", infra="external", **variables)
    assert "1 skipped" in printed
    assert "only embedded ones allow (CRM_TEST_INFRA=external)" in printed


def test_containers_are_skipped_with_a_reason_where_no_engine_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    printed = run_tests("tests/runtime/core/test_requests.py", "-k", "test_26", infra="containers")
    assert "failed" not in printed and "passed" not in printed, printed
    assert "CRM_TEST_INFRA=containers: no Docker engine answers" in printed


def test_external_names_the_variables_that_are_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRM_TEST_NATS_URL", "nats://127.0.0.1:4222")
    with pytest.raises(ValueError, match="CRM_TEST_NATS_ACCOUNTS, CRM_TEST_NATS_RELOAD, CRM_TEST_POSTGRES_URL"):
        InfrastructureSettings(infra=Kind.EXTERNAL)
