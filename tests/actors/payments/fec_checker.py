"""Checks a FEC as the tax administration's own tool does (Livre des procédures fiscales, art. A47 A-1)."""

import re
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from itertools import pairwise

COLUMNS = (
    "JournalCode", "JournalLib", "EcritureNum", "EcritureDate", "CompteNum", "CompteLib", "CompAuxNum", "CompAuxLib",
    "PieceRef", "PieceDate", "EcritureLib", "Debit", "Credit", "EcritureLet", "DateLet", "ValidDate", "Montantdevise",
    "Idevise",
)  # fmt: skip
_MANDATORY = (
    "JournalCode", "JournalLib", "EcritureNum", "EcritureDate", "CompteNum", "CompteLib", "PieceRef", "PieceDate",
    "EcritureLib", "ValidDate",
)  # fmt: skip
_DATES = ("EcritureDate", "PieceDate", "DateLet", "ValidDate")
_AMOUNT = re.compile(r"\d+,\d{2}")
_ACCOUNT = re.compile(r"[1-8]\d{2,}")


def findings(content: bytes) -> list[str]:
    """What is wrong with a file; an empty list for a good one."""
    return list(_findings(content))


def lines_of(content: bytes) -> list[dict[str, str]]:
    """The lines by column."""
    rows = content.decode("iso-8859-15").split("\r\n")[1:-1]
    return [dict(zip(COLUMNS, row.split("\t"), strict=True)) for row in rows]


def _findings(content: bytes) -> Iterator[str]:
    text = content.decode("iso-8859-15")
    if content.startswith(b"\xef\xbb\xbf") or not text.endswith("\r\n") or "\n" in text.replace("\r\n", ""):
        yield "lines end with CRLF, without byte order mark"
    header, *rows = text.split("\r\n")[:-1]
    if tuple(header.split("\t")) != COLUMNS:
        yield "the header does not name the 18 columns in their order"
    lines = []
    for number, row in enumerate(rows, 2):
        fields = row.split("\t")
        if len(fields) != len(COLUMNS):
            yield f"line {number} has {len(fields)} columns"
            continue
        line = dict(zip(COLUMNS, fields, strict=True))
        lines.append(line)
        yield from (f"line {number}: {text}" for text in _line_findings(line))
    yield from _entry_findings(lines)


def _line_findings(line: dict[str, str]) -> Iterator[str]:
    yield from (f"{name} is empty" for name in _MANDATORY if not line[name])
    for name in _DATES:
        if line[name] and not _is_date(line[name]):
            yield f"{name} {line[name]} is no date"
    for name in ("Debit", "Credit"):
        if not _AMOUNT.fullmatch(line[name]):
            yield f"{name} {line[name]} is no amount"
    if not _ACCOUNT.fullmatch(line["CompteNum"]):
        yield f"account {line['CompteNum']} is not of the chart"
    if bool(line["CompAuxNum"]) != bool(line["CompAuxLib"]):
        yield "a sub-account has a number and a name"
    if bool(line["EcritureLet"]) != bool(line["DateLet"]):
        yield "a letter has its date"
    if bool(line["Montantdevise"]) != bool(line["Idevise"]):
        yield "an amount in currency names it"


def _is_date(text: str) -> bool:
    try:
        return bool(datetime.strptime(text, "%Y%m%d"))  # noqa: DTZ007 - a civil date
    except ValueError:
        return False


def _entry_findings(lines: list[dict[str, str]]) -> Iterator[str]:
    entries: dict[tuple[str, str, str], list[dict[str, str]]] = {}
    for line in lines:
        entries.setdefault((line["JournalCode"], line["EcritureDate"][:4], line["EcritureNum"]), []).append(line)
    for key, parts in entries.items():
        if sum(_amount(line["Debit"]) - _amount(line["Credit"]) for line in parts):
            yield f"entry {key} is not balanced"
        if len({(line["EcritureDate"], line["ValidDate"], line["PieceRef"]) for line in parts}) > 1:
            yield f"entry {key} has several dates"
    order = [(line["ValidDate"], line["JournalCode"], line["EcritureNum"]) for line in lines]
    if any(later < earlier for earlier, later in pairwise(order)):
        yield "lines are not in the order of validation"
    for journal, year in {key[:2] for key in entries}:
        numbers = sorted(int(key[2]) for key in entries if key[:2] == (journal, year))
        if numbers != list(range(numbers[0], numbers[0] + len(numbers))):
            yield f"numbers of {journal} {year} have gaps"


def _amount(text: str) -> Decimal:
    return Decimal(text.replace(",", "."))
