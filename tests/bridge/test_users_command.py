"""`crm user`: accounts of the local issuer, added, listed and given other passwords."""

from pathlib import Path

from typer.testing import CliRunner

from runtime.command_line.main import app
from runtime.local_issuer import Accounts
from runtime.local_issuer.accounts import FIRST_ACCOUNT
from runtime.running_system import issuer_folder

PASSWORD = "correct horse battery"
OTHER = "another horse battery"


def typed(folder: Path, *arguments: str, password: str = PASSWORD) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["user", *arguments, "--data", str(folder)], input=f"{password}\n{password}\n")
    return result.exit_code, result.output


def test_the_first_list_makes_the_first_account_and_shows_its_password_once(tmp_path: Path) -> None:
    code, first = typed(tmp_path, "list")
    assert (code, FIRST_ACCOUNT in first, "shown this once" in first) == (0, True, True)
    assert "shown this once" not in typed(tmp_path, "list")[1]
    shown = first.split("password ")[1].split()[0]
    accounts = Accounts.existing(issuer_folder(tmp_path))
    assert accounts.authenticate(FIRST_ACCOUNT, shown) is not None


def test_an_added_person_may_sign_in_and_a_new_password_replaces_the_old(tmp_path: Path) -> None:
    names = ("--given-name", "Ana", "--family-name", "Martin")
    code, said = typed(tmp_path, "add", "Ana@X.fr", *names)
    assert (code, "ana@x.fr may sign in" in said, PASSWORD in said) == (0, True, False)
    accounts = Accounts.existing(issuer_folder(tmp_path))
    assert accounts.authenticate("ana@x.fr", PASSWORD) is not None
    assert typed(tmp_path, "password", "ana@x.fr", password=OTHER)[0] == 0
    assert accounts.authenticate("ana@x.fr", PASSWORD) is None
    assert accounts.authenticate("ana@x.fr", OTHER) is not None
    assert "Martin" in typed(tmp_path, "list")[1]


def test_a_locked_account_opens_with_a_password_given_by_the_command_line(tmp_path: Path) -> None:
    typed(tmp_path, "add", "ana@x.fr", "--given-name", "Ana", "--family-name", "Martin")
    bridge = Accounts.existing(issuer_folder(tmp_path))
    for _ in range(5):
        assert bridge.authenticate("ana@x.fr", "wrong password") is None
    assert bridge.authenticate("ana@x.fr", PASSWORD) is None
    typed(tmp_path, "password", "ana@x.fr", password=OTHER)
    assert bridge.authenticate("ana@x.fr", OTHER) is not None


def test_what_is_refused_says_the_cure(tmp_path: Path) -> None:
    names = ("--given-name", "Ana", "--family-name", "Martin")
    assert typed(tmp_path, "add", "a@x.fr", *names, password="short")[0] == 1
    assert "12 characters" in typed(tmp_path, "add", "a@x.fr", *names, password="short")[1]
    assert "add it first" in typed(tmp_path, "password", "nobody@x.fr")[1]
