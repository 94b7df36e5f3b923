"""Linter, formatter, import contracts and the strict type checker find nothing; they run beside the other tests."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.rules import ROOT

_PROGRAMS = Path(sys.executable).parent


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "command", ["mypy", "ruff check .", "ruff format --check .", "lint-imports --config pyproject.toml"]
)
def test_a_checker_finds_nothing(command: str) -> None:
    program, *arguments = command.split()
    done = subprocess.run([_PROGRAMS / program, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
