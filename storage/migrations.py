"""Bring the databases of the actors to their newest version: one Alembic environment, one version folder per actor."""

import importlib
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
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

    Alembic's context is global to a process, so each upgrade runs in a worker process of its own.
    """
    with ProcessPoolExecutor(max_workers=workers, mp_context=get_context("spawn")) as pool:
        futures = {actor: pool.submit(upgrade, actor, url, role) for actor, (url, role) in targets.items()}
        for actor, future in futures.items():
            try:
                future.result()
            except Exception as error:
                raise RuntimeError(f"the database of {actor} could not be migrated: {error}") from error


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
