"""How commands find a running system: connection.json and the secrets of its data folder, or CRM_* variables."""

import asyncio
import json
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console

from messages.problem import Refused
from runtime.client import Client
from runtime.secrets_folder import SecretsFolder

console = Console()
errors = Console(stderr=True)

DEFAULT_FOLDER = Path(".crm") / "default"

DataOption = Annotated[
    Path, typer.Option("--data", envvar="CRM_DATA", help="data folder of the system, as given to 'crm up'")
]

Result = TypeVar("Result")


class NotRunning(typer.Exit):
    """No system was found where the command looked."""


def connection_of(folder: Path) -> dict[str, Any]:
    """What connection.json of a data folder says."""
    path = folder / "connection.json"
    if not path.exists():
        errors.print(f"[red]no system in {folder}[/red]: start one with 'crm up --data {folder}', or give --data")
        raise NotRunning(2)
    return dict(json.loads(path.read_text()))


async def operator(folder: Path) -> Client:
    """A client with the operator's rights and an administrator's token."""
    if "CRM_NATS_SEED" in os.environ:
        url = os.environ.get("CRM_NATS_URL", "nats://127.0.0.1:4222")
        return await Client.connect(url, os.environ["CRM_NATS_SEED"], "operator", os.environ.get("CRM_TOKEN"))
    connection = connection_of(folder)
    seed, _ = SecretsFolder(folder / "secrets").nats_keys(["operator"])["operator"]
    return await Client.connect(connection["nats_url"], seed, "operator", connection["token"])


def with_operator(folder: Path, work: Callable[[Client], Awaitable[Result]]) -> Result:
    """Run some work with the operator's client; a Problem is shown with its cure and ends the command with 1."""

    async def run() -> Result:
        client = await operator(folder)
        try:
            return await work(client)
        finally:
            await client.close()

    try:
        return asyncio.run(run())
    except Refused as refused:
        show_refusal(refused)
        raise typer.Exit(1) from None


def show_refusal(refused: Refused) -> None:
    """A Problem as a person reads it."""
    code = refused.details.get("code", refused.code.code)
    errors.print(f"[red]{code}[/red] {refused.code.title_in('en')}: {refused.detail or ''}")
    for field in refused.fields:
        errors.print(f"  [yellow]{field.field}[/yellow] {field.message}")


def show_json(value: Any) -> None:
    """Pretty JSON on standard output; plain when it is not a terminal, so that it can be piped."""
    text = json.dumps(value, indent=2, ensure_ascii=False, default=str)
    if console.is_terminal:
        console.print_json(text)
    else:
        typer.echo(text)
