"""`crm ops`: see how the actors are, and decide about what failed."""

import asyncio
from typing import Annotated, Any

import typer
from rich.table import Table

from messages.problem import Refused
from messages.registry import ACTORS
from runtime.client import Client
from runtime.command_line.connect import DEFAULT_FOLDER, DataOption, console, show_json, with_operator

app = typer.Typer(help="Operate a running system.", no_args_is_help=True)

ActorArgument = Annotated[str, typer.Argument(help="the actor to ask")]


@app.command()
def status(data: DataOption = DEFAULT_FOLDER) -> None:
    """One line per actor: serving or not, lags, dead letters, open work."""

    async def work(client: Client) -> list[Any]:
        return await asyncio.gather(*(_health(client, actor) for actor in ACTORS))

    table = Table("actor", "status", "version", "unsent", "mailbox lag", "dead letters", "open work", "troubles")
    healthy = True
    for actor, health in zip(ACTORS, with_operator(data, work), strict=True):
        checks = health.get("checks", {})
        good = health["status"] == "SERVING"
        healthy &= good
        table.add_row(
            actor,
            f"[green]{health['status']}[/green]" if good else f"[red]{health['status']}[/red]",
            health.get("version", ""),
            *(str(checks.get(name, "")) for name in ("unsent", "mailbox_lag", "dead_letters", "work_open")),
            "; ".join(f"{part}: {text}" for part, text in health.get("troubles", {}).items()),
        )
    console.print(table)
    if not healthy:
        raise typer.Exit(1)


async def _health(client: Client, actor: str) -> Any:
    try:
        return await client.operate(actor, "health")
    except Refused as refused:
        return {"status": refused.code.code}


@app.command()
def dead(
    actor: ActorArgument,
    data: DataOption = DEFAULT_FOLDER,
    state: Annotated[str, typer.Option(help="OPEN, REPLAYED or DISCARDED")] = "OPEN",
) -> None:
    """List the dead letters of an actor."""

    async def work(client: Client) -> Any:
        return await client.operate(actor, "dead_letters", status=state, limit=100)

    page = with_operator(data, work)
    table = Table("id", "source", "subject", "error", "attempts", "failed at")
    for row in page["items"]:
        table.add_row(
            row["id"], row["source"], row["subject"], row["error_code"], str(row["attempts"]), row["failed_at"]
        )
    console.print(table)


@app.command()
def replay(
    actor: ActorArgument, identity: Annotated[str, typer.Argument(metavar="ID")], data: DataOption = DEFAULT_FOLDER
) -> None:
    """Give a dead event to its handler again, at this actor only."""
    show_json(with_operator(data, lambda client: client.operate(actor, "replay", id=identity)))


@app.command()
def discard(
    actor: ActorArgument,
    identity: Annotated[str, typer.Argument(metavar="ID")],
    reason: Annotated[str, typer.Option(help="why it may be dropped; kept with the dead letter")],
    data: DataOption = DEFAULT_FOLDER,
) -> None:
    """Close a dead letter without applying it."""
    show_json(with_operator(data, lambda client: client.operate(actor, "discard", id=identity, reason=reason)))


@app.command()
def work(actor: ActorArgument, data: DataOption = DEFAULT_FOLDER) -> None:
    """List work items that are not done, with attempts and last error."""
    show_json(with_operator(data, lambda client: client.operate(actor, "work")))


@app.command()
def pause(actor: ActorArgument, data: DataOption = DEFAULT_FOLDER) -> None:
    """Stop mailbox, jobs, commands and slow work of an actor; requests go on. Survives a restart."""
    show_json(with_operator(data, lambda client: client.operate(actor, "pause")))


@app.command()
def resume(actor: ActorArgument, data: DataOption = DEFAULT_FOLDER) -> None:
    """Let a paused actor go on."""
    show_json(with_operator(data, lambda client: client.operate(actor, "resume")))


@app.command()
def rebuild(
    actor: ActorArgument,
    projection: Annotated[str | None, typer.Argument(help="an aggregate such as client; all by default")] = None,
    data: DataOption = DEFAULT_FOLDER,
) -> None:
    """Make projections anew from their owners' present state; `crm ops work` shows how far it is."""
    show_json(with_operator(data, lambda client: client.operate(actor, "rebuild", projection=projection)))


@app.command()
def config(actor: ActorArgument, data: DataOption = DEFAULT_FOLDER) -> None:
    """The settings in force; secrets are hidden."""
    show_json(with_operator(data, lambda client: client.operate(actor, "config")))
