"""Bring the databases of the actors to their newest version: one Alembic environment, one version folder per actor."""

import importlib
import json
import subprocess
import sys
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import MetaData

_ROOT = Path(__file__).parent


def metadata_of(actor: str) -> MetaData:
    """The tables that an actor defines in storage/<actor>/tables.py."""
    module = importlib.import_module(f"storage.{actor}.tables")
    metadata = module.metadata
    assert isinstance(metadata, MetaData)
    return metadata


def configuration(actor: str, owner_url: str, application_role: str) -> Config:
    """The Alembic configuration of one actor's database."""
    config = Config()
    config.set_main_option("script_location", str(_ROOT / "environment"))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", f"{_ROOT / 'shared' / 'versions'}\n{_ROOT / actor / 'versions'}")
    config.attributes["actor"] = actor
    config.attributes["url"] = owner_url.replace("postgresql://", "postgresql+asyncpg://", 1)
    config.attributes["application_role"] = application_role
    return config


def newest_revisions(actor: str) -> set[str]:
    """The heads that an up-to-date database of this actor holds."""
    scripts = ScriptDirectory.from_config(configuration(actor, "", ""))
    return set(scripts.get_heads())


def upgrade(actor: str, owner_url: str, application_role: str) -> None:
    """Apply the missing versions of one actor, then row-level security and grants."""
    command.upgrade(configuration(actor, owner_url, application_role), "heads")


def upgrade_all(targets: dict[str, tuple[str, str]], workers: int = 2) -> None:
    """Upgrade many databases side by side; `targets` maps an actor to its owner's URL and its application role.

    Alembic's context is global to a process, so the work is shared out to processes of their own; URLs travel by pipe.
    """
    names = sorted(targets)
    processes = []
    for share in (names[position::workers] for position in range(workers)):
        if not share:
            continue
        process = subprocess.Popen(
            [sys.executable, "-m", __name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stdin is not None
        process.stdin.write(json.dumps({actor: targets[actor] for actor in share}))
        process.stdin.close()
        processes.append((process, share))
    failures = []
    for process, share in processes:
        assert process.stderr is not None
        errors = process.stderr.read()
        if process.wait() != 0:
            failures.append(f"{', '.join(share)}: {errors.strip()[-2000:]}")
    if failures:
        raise RuntimeError("databases could not be migrated: " + "; ".join(failures))


def new_revision(actor: str, owner_url: str, application_role: str, message: str) -> None:
    """Write the next version file of an actor by comparing its tables with its database."""
    config = configuration(actor, owner_url, application_role)
    head = f"{actor}@head" if any((_ROOT / actor / "versions").glob("*.py")) else "base"
    command.revision(
        config,
        message,
        autogenerate=True,
        head=head,
        branch_label=actor if head == "base" else None,
        version_path=str(_ROOT / actor / "versions"),
        depends_on="shared_0001" if head == "base" else None,
    )


def _main() -> None:
    for actor, (owner_url, application_role) in json.load(sys.stdin).items():
        upgrade(actor, owner_url, application_role)


if __name__ == "__main__":
    _main()
