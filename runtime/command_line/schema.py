"""`crm schema`: the contracts the system publishes, and new database versions."""

import asyncio
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from messages.registry import ACTORS
from runtime.embedded import EmbeddedPostgres
from storage import migrations
from storage.databases import create_databases, database_name, database_url, owner_role

app = typer.Typer(help="Contracts and database versions.", no_args_is_help=True)


@app.command()
def revision(
    actor: Annotated[str, typer.Argument(help="the actor whose tables changed")],
    message: Annotated[str, typer.Argument(help="what changes, for example 'add client tags'")],
) -> None:
    """Write the next database version of an actor by comparing storage/ACTOR/tables.py with its newest version."""
    if actor not in ACTORS:
        raise typer.BadParameter(f"'{actor}' is not an actor; choose one of {', '.join(ACTORS)}")
    with tempfile.TemporaryDirectory(prefix="crm-revision-") as folder:
        postgres = EmbeddedPostgres(Path(folder) / "postgres", durable=False)
        postgres.start()
        try:
            role = owner_role(actor)
            passwords = {role: "revision", database_name(actor): "revision"}
            asyncio.run(create_databases(postgres.admin_url, passwords, [actor]))
            url = database_url(postgres.admin_url, role, passwords[role], database_name(actor))
            migrations.upgrade(actor, url, database_name(actor))
            migrations.new_revision(actor, url, database_name(actor), message)
        finally:
            postgres.stop()
