"""The demo from start to end."""

import csv
import json
import shutil
from datetime import date
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from runtime import clock
from runtime.demo.books import keep_books
from runtime.demo.months import live_through
from runtime.demo.outside import Bank, MailCatcher, Provider
from runtime.demo.preparation import prepare
from runtime.demo.sales import import_and_sell
from runtime.demo.screen import show
from runtime.demo.setting import Calendar, Demo, at
from runtime.embedded.ports import kept_port
from runtime.running_system import RunningSystem
from runtime.system import discover

_MAIL_VARIABLES = ("CRM_ENGAGEMENT_SMTP_HOST", "CRM_ENGAGEMENT_SMTP_PORT")


async def play(examples: Path, folder: Path, console: Console, *, stay: bool) -> tuple[RunningSystem, bool]:
    """Play it all; returns the system, still running where `stay`, and whether every sum agrees."""
    started = clock.monotonic()
    shutil.rmtree(folder, ignore_errors=True)
    results = folder / "results"
    results.mkdir(parents=True)
    system = RunningSystem(folder, discover(), simulated_time=True, bridge=stay)
    mails = MailCatcher(results / "mails")
    await mails.open(kept_port(folder / "mail.port"))
    host, port = _MAIL_VARIABLES
    system.extend_environment("engagement", **{host: "127.0.0.1", port: str(mails.port)})
    system.extend_environment("payments", CRM_BANK_EXCHANGE_FOLDER=str((results / "bank").resolve()))
    try:
        with console.status("starting NATS, PostgreSQL and twelve actors"):
            await system.start()
        good = await _play(system, examples, results, console, started)
    except BaseException:
        await system.stop()
        await mails.close()
        raise
    if not stay:
        await system.stop()
        await mails.close()
    return system, good


async def _play(system: RunningSystem, examples: Path, results: Path, console: Console, started: float) -> bool:
    calendar = Calendar.read(examples / "calendar.json")
    catalogue = json.loads((examples / "catalogue.json").read_text(encoding="utf-8"))
    client = await system.client()
    client.patience = 5
    demo = Demo(system, client, examples, results, calendar, catalogue)
    demo.client.now = at(calendar.starts_on, 8)
    rows = sum(1 for _ in (examples / "clients.csv").open(encoding="utf-8")) - 1
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("company, catalogue, calendar", total=1)
        await prepare(demo)
        progress.update(task, completed=1)
        task = progress.add_task("importing clients and signing contracts", total=rows * 2)
        await import_and_sell(demo, lambda: progress.advance(task))
        progress.update(task, total=progress.tasks[task].completed)
        days = list(calendar.days())
        task = progress.add_task("living through two billing periods", total=len(days))

        def day_passed(day: date) -> None:
            progress.update(task, advance=1, description=f"living through two billing periods: {day}")

        await live_through(demo, Bank(demo), Provider(demo), day_passed)
    _write_refusals(demo)
    books = await keep_books(demo)
    await client.close()
    return show(console, demo, books, clock.monotonic() - started)


def _write_refusals(demo: Demo) -> None:
    with (demo.results / "refused.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(("line", "column", "cure"))
        writer.writerows((refused.line, refused.column, refused.message) for refused in demo.report.refused)
