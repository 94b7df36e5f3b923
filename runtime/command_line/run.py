"""`crm up`, `crm actor`, `crm bridge`, `crm migrate`, `crm provision`, `crm token`: run the system or a part of it."""

import asyncio
import signal
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from messages.registry import ACTORS
from runtime import clock
from runtime.command_line.connect import DEFAULT_FOLDER, DataOption, connection_of, console
from runtime.development import ADMINISTRATOR_ID, development_token
from runtime.installation import Installation
from runtime.local_issuer.accounts import FIRST_ACCOUNT
from runtime.nats_surfaces import BRIDGE
from runtime.process import run
from runtime.running_system import RunningSystem
from runtime.secrets_folder import SecretsFolder
from runtime.system import discover


def up(
    data: DataOption = DEFAULT_FOLDER,
    simulated_time: Annotated[bool, typer.Option(help="time moves by ticks you send; never in production")] = False,
) -> None:
    """Run everything on this machine: NATS, PostgreSQL, twelve actors and the bridge, until Ctrl-C."""
    asyncio.run(_up(data, simulated_time))


async def _up(data: Path, simulated_time: bool) -> None:
    started = clock.monotonic()
    system = RunningSystem(data, discover(), simulated_time=simulated_time)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    with console.status("starting NATS, PostgreSQL, the actors and the bridge"):
        await system.start()
    console.print(f"[green]serving[/green] after {clock.monotonic() - started:.1f} s; Ctrl-C stops")
    table = Table(show_header=False, box=None)
    table.add_row("HTTP", system.bridge_url)
    table.add_row("sign-in", system.issuer_url)
    if system.first_password is not None:
        table.add_row("", f"{FIRST_ACCOUNT}, password [bold]{system.first_password}[/bold] (shown this once)")
    table.add_row("NATS", system.installation.nats.url)
    table.add_row("connection", str(data / "connection.json"))
    table.add_row("logs", str(data / "logs"))
    console.print(table)
    await stop.wait()
    with console.status("draining"):
        await system.stop()


def actor(name: Annotated[str, typer.Argument(help="one of the twelve actors")]) -> None:
    """Run one actor in this process: what a container runs. Settings come from CRM_* variables."""
    if name not in ACTORS:
        raise typer.BadParameter(f"'{name}' is not an actor; choose one of {', '.join(ACTORS)}")
    run(name)


def bridge() -> None:
    """Run the HTTP bridge in this process. Settings come from CRM_* and CRM_BRIDGE_* variables."""
    run(BRIDGE)


def migrate(data: DataOption = DEFAULT_FOLDER) -> None:
    """Bring the databases of all actors of an embedded system to their newest version; for other servers see 'crm setup'."""
    installation = Installation(data, discover())
    installation.postgres.start()
    with console.status("migrating"):
        installation.migrate()
    console.print(f"{len(installation.system.actors)} databases are up to date")


def provision(
    data: DataOption = DEFAULT_FOLDER,
    replicas: Annotated[int, typer.Option(min=1, max=5, help="copies of each stream in a NATS cluster")] = 1,
) -> None:
    """Make or update streams, consumers and the clock of an embedded system; for other servers see 'crm setup'."""
    installation = Installation(data, discover())
    installation.nats.start()
    changes = asyncio.run(installation.provision(replicas))
    for change in changes:
        console.print(change)
    console.print(f"{len(changes)} changes")


def token(
    data: DataOption = DEFAULT_FOLDER,
    permission: Annotated[
        list[str] | None, typer.Option(help="permission pattern; repeat for more (default: all)")
    ] = None,
    minutes: Annotated[int, typer.Option(min=1, max=1440)] = 60,
) -> None:
    """Print a context token of the development issuer for the first organisation."""
    connection = connection_of(data)
    seed = SecretsFolder(data / "secrets").development_issuer_seed()
    from uuid import UUID

    typer.echo(
        development_token(
            seed,
            organisation_id=UUID(connection["organisation_id"]),
            user_id=ADMINISTRATOR_ID,
            permissions=tuple(permission or ("*",)),
            life_seconds=minutes * 60,
        )
    )
