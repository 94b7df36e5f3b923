"""`crm demo` and `crm import`."""

import asyncio
import signal
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

from runtime.client import Client
from runtime.client_file import ImportReport, import_clients, rows_of
from runtime.command_line.connect import DEFAULT_FOLDER, DataOption, console, with_operator
from runtime.demo.play import play


def demo(
    stay: Annotated[bool, typer.Option("--stay", help="leave the system running, with the bridge's address")] = False,
    examples: Annotated[Path, typer.Option(help="folder with clients.csv, catalogue.json and calendar.json")] = Path(
        "examples"
    ),
    data: Annotated[Path, typer.Option("--data", help="data folder; emptied first")] = Path(".crm") / "demo",
) -> None:
    """Play two billing periods of a telecom company: import, sign, bill, collect, with a bank that rejects some."""
    raise typer.Exit(0 if asyncio.run(_demo(examples, data, stay)) else 1)


async def _demo(examples: Path, data: Path, stay: bool) -> bool:
    system, good = await play(examples, data, console, stay=stay)
    if stay:
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        console.print(f"the system stays up: {system.bridge_url}, {data / 'connection.json'}; Ctrl-C stops")
        await stop.wait()
        await system.stop()
    return good


def import_(
    file: Annotated[Path, typer.Argument(help="CSV of clients in the template's columns", exists=True, dir_okay=False)],
    data: DataOption = DEFAULT_FOLDER,
) -> None:
    """Import clients from a CSV file; each refused row is reported with line, column and cure. Repeating is safe."""
    total = sum(1 for _ in rows_of(file))

    async def work(client: Client) -> ImportReport:
        with Progress(console=console) as progress:
            task = progress.add_task("importing", total=total)
            return await import_clients(client, file, progress=lambda: progress.advance(task))

    report = with_operator(data, work)
    for refused in report.refused:
        console.print(f"[yellow]line {refused.line}, {refused.column}[/yellow]: {refused.message}", highlight=False)
    console.print(f"{len(report.imported)} imported, {len(report.refused)} refused")
    if report.refused:
        raise typer.Exit(1)
