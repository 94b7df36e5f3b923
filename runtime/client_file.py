"""A CSV file of clients: read row by row, each row turned into requests, each refusal reported with line, field and cure.

The columns are the French template's (`Nom;Prenom;Type;Email;Telephone ...`). An IBAN goes straight to payments, never to clients.
"""

import asyncio
import csv
import hashlib
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from messages.clients import CreateClient
from messages.payments import CreateBankDetails
from messages.problem import Refused
from messages.values.banking import checked_iban
from messages.values.identifiers import derived_id
from runtime.client import Client

_TYPES = {"particulier": "INDIVIDUAL", "entreprise": "BUSINESS", "association": "ASSOCIATION"}
_COLUMNS = {
    "given_name": "Prenom",
    "family_name": "Nom",
    "type": "Type",
    "emails": "Email",
    "phones": "Telephone",
    "addresses": "Code postal",
    "business": "SIREN",
}
_CONCURRENCY = 16


@dataclass(frozen=True)
class RefusedRow:
    """One row that was not imported: where, which column, and how to cure it."""

    line: int
    column: str
    message: str


@dataclass
class ImportedClient:
    """One row that was imported."""

    line: int
    client_id: UUID
    display_name: str
    bank_details_id: UUID | None
    row: dict[str, str]


@dataclass
class ImportReport:
    """What became of a file."""

    imported: list[ImportedClient] = field(default_factory=list)
    refused: list[RefusedRow] = field(default_factory=list)


def rows_of(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows with their physical line numbers; UTF-8 with or without BOM, else Windows-1252."""
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("cp1252")
    reader = csv.DictReader(text.splitlines(), delimiter=";" if ";" in text.partition("\n")[0] else ",")
    for row in reader:
        yield reader.line_num, {name: (value or "").strip() for name, value in row.items() if name}


async def import_clients(
    client: Client,
    path: Path,
    *,
    check: Callable[[dict[str, str]], None] | None = None,
    progress: Callable[[], None] = lambda: None,
) -> ImportReport:
    """Create a client, and bank details where an IBAN is given, for each row; repeating a file changes nothing.

    `check` may refuse a row for a reason of its own, with a `Refused` that names the column.
    """
    report, digest = ImportReport(), hashlib.sha256(path.read_bytes()).hexdigest()
    rows = _queue(path)

    async def worker() -> None:
        async for line, row in rows:
            try:
                if check is not None:
                    check(row)
                report.imported.append(await _import_row(client, digest, line, row))
            except _RowRefused as refusal:
                report.refused.append(RefusedRow(line, refusal.column, refusal.message))
            except Refused as refused:
                report.refused += _refusals(line, refused)
            progress()

    await asyncio.gather(*(worker() for _ in range(_CONCURRENCY)))
    report.imported.sort(key=lambda imported: imported.line)
    report.refused.sort(key=lambda refused: refused.line)
    return report


class _RowRefused(Exception):  # noqa: N818
    def __init__(self, column: str, message: str) -> None:
        super().__init__(message)
        self.column = column
        self.message = message


async def _queue(path: Path) -> AsyncIterator[tuple[int, dict[str, str]]]:
    for line, row in rows_of(path):
        yield line, row


async def _import_row(client: Client, digest: str, line: int, row: dict[str, str]) -> ImportedClient:
    iban = _iban(row)  # before anything is stored: a row is imported whole or not at all
    client_id = derived_id("import", digest, line)
    created = await client.call(_request(row, client_id), key=f"import-{digest[:16]}-{line}")
    bank_details_id = None
    if iban is not None:
        details = CreateBankDetails(client_id=created.id, iban=iban, holder_name=created.display_name)
        bank_details_id = (await client.call(details, key=f"import-{digest[:16]}-{line}-bank")).bank_details_id
    return ImportedClient(line, created.id, created.display_name, bank_details_id, row)


def _iban(row: dict[str, str]) -> str | None:
    if not row.get("IBAN"):
        return None
    try:
        return checked_iban(row["IBAN"])
    except ValueError as error:
        raise _RowRefused("IBAN", str(error)) from None


def _request(row: dict[str, str], client_id: UUID) -> CreateClient:
    type_ = _TYPES.get(row.get("Type", "").lower())
    if type_ is None:
        raise _RowRefused("Type", f"'{row.get('Type', '')}' is not a type; write one of {', '.join(_TYPES)}")
    fields: dict[str, Any] = {
        "id": client_id,
        "type": type_,
        "emails": [row["Email"]] if row.get("Email") else [],
        "phones": [row["Telephone"]] if row.get("Telephone") else [],
        "source": "IMPORT",
    }
    if row.get("Code postal"):
        fields["addresses"] = [
            {
                "line1": row.get("Adresse", ""),
                "postal_code": row["Code postal"],
                "city": row.get("Ville", ""),
                "usage": ["HOME", "BILLING"],
            }
        ]
    if type_ == "INDIVIDUAL":
        fields |= {"given_name": row.get("Prenom") or None, "family_name": row.get("Nom") or None}
        for column in ("Prenom", "Nom"):
            if not row.get(column):
                raise _RowRefused(column, f"a person needs a value in column {column}; fill it in")
    else:
        fields["business"] = {
            "legal_name": row.get("Raison sociale") or row.get("Nom", ""),
            "siren": row.get("SIREN") or None,
        }
    try:
        return CreateClient.model_validate(fields)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        name = str(first["loc"][0]) if first["loc"] else "Nom"
        raise _RowRefused(_COLUMNS.get(name, name), first["msg"].removeprefix("Value error, ")) from None


def _refusals(line: int, refused: Refused) -> list[RefusedRow]:
    if not refused.fields:
        return [RefusedRow(line, "", f"{refused.code.code}: {refused.detail}")]
    return [
        RefusedRow(line, _COLUMNS.get(found.field.split(".")[0], found.field), found.message)
        for found in refused.fields
    ]
