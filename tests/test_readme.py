"""The commands that README shows are run as they stand, against a system that README's own command starts."""

import asyncio
import os
import re
import shutil
import signal
import sys
import tempfile
from pathlib import Path

import pytest

from tests.architecture.rules import ROOT

BIN = Path(sys.executable).parent
HEAVY = {"make demo", "make test"}  # the demo is played by tests/scenarios, the tests are what runs this


def shown_commands() -> list[str]:
    """Every line of README's shell blocks."""
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    return [line for block in blocks for line in block.strip().splitlines()]


def test_every_make_command_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    wanted = set(re.findall(r"`make ([a-z]+)", (ROOT / "README.md").read_text(encoding="utf-8")))
    assert wanted <= targets
    assert set(shown_commands()) >= HEAVY


@pytest.mark.timeout(180)
async def test_the_commands_of_the_readme_work_as_shown() -> None:
    folder = Path(tempfile.mkdtemp(prefix="crm-readme-"))
    commands = [line for line in shown_commands() if line not in HEAVY]
    assert commands[0] == "crm up --data .crm/try &"
    environment = os.environ | {"PATH": f"{BIN}:{os.environ['PATH']}"}
    up = await _start(commands[0].removesuffix("&"), folder, environment)
    try:
        async with asyncio.timeout(90):
            while not (folder / "connection.json").exists():
                assert up.returncode is None, "crm up ended"
                await asyncio.sleep(0.1)
        for command in commands[1:]:
            process = await _start(command, folder, environment)
            output, _ = await process.communicate()
            assert process.returncode == 0, f"{command}\n{output.decode()}"
    finally:
        if up.returncode is None:
            up.send_signal(signal.SIGTERM)
            await up.wait()
        shutil.rmtree(folder, ignore_errors=True)
    assert up.returncode == 0


async def _start(command: str, folder: Path, environment: dict[str, str]) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_shell(
        "exec " + command.replace(".crm/try", str(folder)),
        cwd=ROOT,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
