"""FastStream's own command line knows the actors: it runs them and writes their AsyncAPI documents."""

import asyncio
import json
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

import pytest
from faststream.__main__ import cli
from typer.testing import CliRunner

from messages.base import Access
from messages.problem import Refused
from messages.registry import ACTORS
from runtime.system import discover
from tests.harness import Running, eventually
from tests.infrastructure import Infrastructure

_FASTSTREAM = Path(sys.executable).with_name("faststream")


@pytest.mark.parametrize("name", ACTORS)
def test_docs_gen_names_every_subject_an_actor_answers(name: str, tmp_path: Path) -> None:
    path = tmp_path / "asyncapi.json"
    done = CliRunner().invoke(cli, ["docs", "gen", f"actors.{name}.app:app", "--out", str(path)])
    assert done.exit_code == 0, done.output
    document = json.loads(path.read_text())
    contracts = [endpoint.contract for endpoint in discover([name]).actors[name].endpoints.values()]
    subjects = [contract.subject for contract in contracts if contract.access is not Access.INTERNAL]
    subjects += [contract.internal_subject for contract in contracts if contract.internal_callers]
    assert sorted(channel["address"] for channel in document["channels"].values()) == sorted(subjects)


async def test_run_serves_until_sigterm_and_ends_well(infrastructure: Infrastructure) -> None:
    folder = Path(tempfile.mkdtemp(prefix="crm-test-"))
    running = Running(folder, discover(["identity"]), infrastructure)
    await asyncio.to_thread(running.installation.start)
    environment = os.environ | running.installation.environment("identity")
    process = await asyncio.create_subprocess_exec(
        _FASTSTREAM, "run", "actors.identity.app:app", env=environment, stderr=asyncio.subprocess.PIPE
    )
    try:
        answered = json.loads((await ping(running, "identity")).decode())
        assert (answered["name"], answered["type"]) == ("identity", "io.nats.micro.v1.ping_response")
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(20):
            _, errors = await process.communicate()
        assert process.returncode == 0, errors.decode()
        assert b"actor.drained" in errors
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        await running.stop()
        shutil.rmtree(folder, ignore_errors=True)


async def ping(running: Running, actor: str) -> bytes:
    """The first answer to the ping of the NATS services convention."""
    client = await running.client()

    async def answered() -> bytes | None:
        try:
            return (await client.send(f"$SRV.PING.{actor}", b"")).body
        except Refused:
            return None

    return bytes(await eventually(answered, seconds=30))
