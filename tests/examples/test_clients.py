"""The example programs do what they say, twice: against an organisation without a company, and one that has it."""

import re
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from runtime.running_system import RunningSystem
from runtime.system import discover
from tests.architecture.rules import ROOT
from tests.examples.programs import install, run

EXAMPLES = ROOT / "examples" / "clients"
SAID = re.compile(r"client ([0-9a-f-]{36})\nevent client.created \1\n(\d+) clients\n")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def connection_file() -> AsyncIterator[Path]:
    """connection.json of a system that was just started for the first time."""
    folder = Path(tempfile.mkdtemp(prefix="crm-examples-"))
    system = RunningSystem(folder, discover(["identity", "clients"]), durable=False, bridge=False)
    await system.start()
    yield folder / "connection.json"
    await system.stop()
    shutil.rmtree(folder, ignore_errors=True)


async def made_clients(*command: str | Path) -> list[int]:
    """How many clients the program counted in its first and in its second run."""
    counted = []
    for _ in range(2):
        code, output = await run(*command)
        said = SAID.fullmatch(output)
        assert code == 0 and said, output
        counted.append(int(said[2]))
    return counted


async def test_the_python_client(connection_file: Path) -> None:
    before, after = await made_clients(sys.executable, EXAMPLES / "client.py", connection_file)
    assert after == before + 1


@pytest.mark.node
async def test_the_node_client(connection_file: Path, tmp_path: Path) -> None:
    node = await install(tmp_path, "nats@2")
    program = shutil.copy(EXAMPLES / "client.mjs", tmp_path)
    before, after = await made_clients(node, program, connection_file)
    assert after == before + 1
