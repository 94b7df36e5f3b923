"""How files travel between a company and its bank."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol
from uuid import UUID

EXCHANGE_FOLDER_VARIABLE = "CRM_BANK_EXCHANGE_FOLDER"
TO_BANK, FROM_BANK, READ = "to_bank", "from_bank", "read"


class BankTransport(Protocol):
    """Carries files out and in. Both sides may be repeated: a file is known by its name and content."""

    def send(self, name: str, content: bytes) -> None:
        """Hand a file over to the bank; the same name again replaces the same file."""

    def waiting(self) -> Sequence[str]:
        """The names of the bank's files that were not taken yet, oldest name first."""

    def receive(self, name: str) -> bytes:
        """The content of a waiting file."""

    def taken(self, name: str) -> None:
        """Say that a file was stored here, so that it is not offered again."""


class ExchangeFolder:
    """A folder that both sides write to, standing for a bank channel such as EBICS: to_bank, from_bank, read."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        for name in (TO_BANK, FROM_BANK, READ):
            (folder / name).mkdir(parents=True, exist_ok=True)

    def send(self, name: str, content: bytes) -> None:
        """Write under a temporary name first: the bank never sees half a file."""
        target = self._folder / TO_BANK / _plain(name)
        partial = target.with_suffix(".part")
        partial.write_bytes(content)
        partial.replace(target)

    def waiting(self) -> Sequence[str]:
        """The XML files in from_bank."""
        return sorted(path.name for path in (self._folder / FROM_BANK).glob("*.xml"))

    def receive(self, name: str) -> bytes:
        """The content of a file in from_bank."""
        return (self._folder / FROM_BANK / _plain(name)).read_bytes()

    def taken(self, name: str) -> None:
        """Move a file from from_bank to read."""
        source = self._folder / FROM_BANK / _plain(name)
        if source.exists():
            source.replace(self._folder / READ / _plain(name))


def exchange_of(organisation_id: UUID) -> ExchangeFolder | None:
    """The exchange folder of an organisation, or None when the installation has none."""
    base = os.environ.get(EXCHANGE_FOLDER_VARIABLE)
    return ExchangeFolder(Path(base) / str(organisation_id)) if base else None


def _plain(name: str) -> str:
    """A file name without any folder in it."""
    plain = Path(name).name
    if plain != name or not plain or plain.startswith("."):
        raise ValueError(f"'{name}' is not a plain file name")
    return plain
