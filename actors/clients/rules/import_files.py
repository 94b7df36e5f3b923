"""How a client file is read: encoding, delimiter, header, and records with the physical line on which each begins."""

import codecs
import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from messages.clients import ImportField
from messages.values.text import search_form

DELIMITERS: Final = (";", ",", "\t", "|")
_SAMPLE: Final = 20
_MOST_UNREADABLE: Final = 0.01
_NOT_WORD: Final = re.compile(r"[^a-z0-9]+")
_IBAN: Final = re.compile(r"\b[A-Z]{2}\d{2}[ ]?(?:[A-Z0-9]{4}[ ]?){2,7}[A-Z0-9]{1,4}\b", re.IGNORECASE)

# Exports write it before what a spreadsheet would take for a formula.
_APOSTROPHE: Final = re.compile(r"^'(?=[=+\-@])")

_ALIASES: Final = {
    ImportField.TYPE: "type",
    ImportField.TITLE: "civilite|titre|title",
    ImportField.FAMILY_NAME: "nom|nom de famille|last name|family name",
    ImportField.GIVEN_NAME: "prenom|first name|given name",
    ImportField.BIRTH_DATE: "date naissance|date de naissance|birth date",
    ImportField.LEGAL_NAME: "raison sociale|denomination|legal name|company name",
    ImportField.SIREN: "siren",
    ImportField.SIRET: "siret",
    ImportField.VAT_NUMBER: "tva|no tva|n tva|numero tva|tva intracommunautaire|vat|vat number",
    ImportField.EMAIL: "email|e mail|mail|courriel|adresse email",
    ImportField.PHONE: "telephone|tel|mobile|portable|phone|no telephone",
    ImportField.LINE1: "adresse|adresse 1|ligne1|ligne 1|line1|rue|address",
    ImportField.LINE2: "ligne2|ligne 2|line2|adresse 2|complement",
    ImportField.POSTAL_CODE: "code postal|cp|postal code|zip",
    ImportField.CITY: "ville|city|commune",
    ImportField.COUNTRY: "pays|country",
    ImportField.CLIENT_CODE: "code client|client code|numero client",
    ImportField.COMPANY: "societe|company",
    ImportField.TAG: "tag|etiquette",
    ImportField.IBAN: "iban",
    ImportField.BIC: "bic|swift|bic swift",
}
_FIELD_OF: Final = {alias: field for field, aliases in _ALIASES.items() for alias in aliases.split("|")}


@dataclass(frozen=True, slots=True)
class Record:
    """One record of the file. `end` is the byte after it, counted from the bytes it was read from."""

    line: int
    cells: tuple[str, ...]
    raw: str
    end: int
    next_line: int


def detect_encoding(head: bytes) -> str | None:
    """UTF-8 where the bytes are, else Windows-1252; None when more than 1 % of it has no meaning there."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        decoder.decode(head)  # not final: the last character may be cut
        return "utf-8"
    except UnicodeDecodeError:
        text = head.decode("cp1252", errors="replace")
    return "cp1252" if text.count("\ufffd") <= len(text) * _MOST_UNREADABLE and "\x00" not in text else None


def detect_delimiter(head: bytes, encoding: str) -> str:
    """The delimiter that cuts the first records into the same number of cells most often; `;` when none does."""
    best, chosen = (0, 0), DELIMITERS[0]
    for delimiter in DELIMITERS:
        counts = [len(record.cells) - 1 for record in _first(records(head, encoding, delimiter, line=1, is_last=True))]
        common = max(set(counts), key=counts.count) if counts else 0
        if common and (counts.count(common), common) > best:
            best, chosen = (counts.count(common), common), delimiter
    return chosen


def records(data: bytes, encoding: str, delimiter: str, *, line: int, is_last: bool) -> Iterator[Record]:
    """The complete records of a piece of the file that begins on that physical line; blank records are left out.

    Quotes follow RFC 4180, so a record may span lines. Unless the piece is the last one, a record that reaches its end is
    left for the next piece.
    """
    lines = _lines(data)
    if not is_last and lines and not lines[-1].endswith(b"\n"):
        lines.pop()
    reader = csv.reader((_text(found, encoding) for found in lines), delimiter=delimiter)
    done, offset = 0, 0
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        taken = lines[done : reader.line_num]
        if not is_last and reader.line_num == len(lines) and _is_open(taken, encoding, delimiter):
            return
        begins = line + done
        offset += sum(map(len, taken))
        done = reader.line_num
        if any(cell.strip() for cell in cells):
            raw = b"".join(taken).decode(encoding, errors="replace").strip("\r\n\ufeff")
            yield Record(begins, tuple(_APOSTROPHE.sub("", cell.strip()) for cell in cells), raw, offset, line + done)


def recognised(header: Sequence[str]) -> dict[str, ImportField]:
    """What each column holds, by its name in French or English; an unknown column is ignored."""
    return {name: _FIELD_OF.get(_plain(name), ImportField.IGNORED) for name in header if name}


def masked(raw: str) -> str:
    """The text without account numbers."""
    return _IBAN.sub(lambda found: f"{found.group()[:4]} **** ****", raw)


def _lines(data: bytes) -> list[bytes]:
    """Lines end with a line feed only: a lone carriage return belongs to its cell."""
    lines = [found + b"\n" for found in data.split(b"\n")]
    lines[-1] = lines[-1][:-1]
    return lines if lines[-1] else lines[:-1]


def _text(line: bytes, encoding: str) -> str:
    return line.decode(encoding, errors="replace").removeprefix("\ufeff").replace("\x00", "")


def _is_open(lines: list[bytes], encoding: str, delimiter: str) -> bool:
    """Whether the record's last quote is still open: a strict reader complains about it."""
    try:
        list(csv.reader((_text(found, encoding) for found in lines), delimiter=delimiter, strict=True))
    except csv.Error:
        return True
    return False


def _first(found: Iterable[Record]) -> list[Record]:
    return [record for record, _ in zip(found, range(_SAMPLE), strict=False)]


def _plain(name: str) -> str:
    return _NOT_WORD.sub(" ", search_form(name)).strip()
