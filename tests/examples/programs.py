"""Running the example programs, and what they need from npm."""

import asyncio
import re
import shutil
from pathlib import Path

import pytest


async def run(*command: str | Path) -> tuple[int | None, str]:
    """Exit code and everything the program said."""
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    async with asyncio.timeout(90):
        output, _ = await process.communicate()
    return process.returncode, output.decode()


async def install(folder: Path, *packages: str) -> str:
    """Install npm packages, or what the folder's package.json names; gives node's path. Fails where that cannot be done."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.fail("node and npm are not on the PATH; install Node 20 or newer to run its example")
    code, output = await run(
        npm, "install", "--prefix", folder, "--no-audit", "--no-fund", "--fetch-retries=0", *packages
    )
    if code != 0:
        reason = re.search("npm error (.*)", output)
        pytest.fail(f"npm cannot install the example's packages: {reason[1] if reason else output}")
    return node
