"""`crm user add|password|list`: who may sign in at the local issuer. The running bridge heeds a change at once."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from runtime.command_line.connect import DEFAULT_FOLDER, DataOption, console, errors
from runtime.local_issuer import Accounts
from runtime.local_issuer.accounts import FIRST_ACCOUNT
from runtime.running_system import issuer_folder

app = typer.Typer(help="Accounts of the local issuer (development).", no_args_is_help=True)

FolderOption = Annotated[
    Path | None,
    typer.Option("--folder", envvar="CRM_LOCAL_ISSUER_FOLDER", help="the issuer's folder where it is not below --data"),
]
PasswordPrompt = Annotated[
    str, typer.Option(prompt=True, confirmation_prompt=True, hide_input=True, help="at least 12 characters; asked for")
]
Email = Annotated[str, typer.Argument(help="the e-mail address people sign in with")]


@app.command()
def add(
    email: Email,
    given_name: Annotated[str, typer.Option(prompt=True)],
    family_name: Annotated[str, typer.Option(prompt=True)],
    password: PasswordPrompt,
    data: DataOption = DEFAULT_FOLDER,
    folder: FolderOption = None,
) -> None:
    """Let a person sign in. What he may do there is decided by organisations, when he founds or joins one."""
    accounts = _opened(data, folder)
    try:
        account = accounts.add(email, given_name, family_name, password)
    except ValueError as error:
        raise _refused(error) from None
    console.print(f"{account.email} may sign in")


@app.command()
def password(
    email: Email, password: PasswordPrompt, data: DataOption = DEFAULT_FOLDER, folder: FolderOption = None
) -> None:
    """Give an account another password; one that was locked opens."""
    try:
        _opened(data, folder).set_password(email, password)
    except ValueError as error:
        raise _refused(error) from None
    console.print(f"{email} has a new password")


@app.command("list")
def list_(data: DataOption = DEFAULT_FOLDER, folder: FolderOption = None) -> None:
    """Show who may sign in."""
    table = Table("e-mail", "given name", "family name", "subject")
    for account in _opened(data, folder).all():
        table.add_row(account.email, account.given_name, account.family_name, account.subject)
    console.print(table)


def _opened(data: Path, folder: Path | None) -> Accounts:
    accounts, first_password = Accounts.open(folder or issuer_folder(data))
    if first_password is not None:
        console.print(f"first account {FIRST_ACCOUNT}, password [bold]{first_password}[/bold] (shown this once)")
    return accounts


def _refused(error: ValueError) -> typer.Exit:
    errors.print(f"[red]{error}[/red]")
    return typer.Exit(1)
