"""A piece of a client file, read from documents and checked cell by cell; memory holds one piece, however long the file is."""

import asyncio
import base64
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from actors.clients.rules.import_files import Record, masked, records
from actors.clients.rules.import_rows import ReadRow, read_row
from messages.clients import IMPORT_TOO_LARGE, ImportField
from messages.documents import OpenContent
from messages.problem import Refused
from messages.values.instants import PARIS, local_date
from runtime.unit_of_work import WorkItem
from runtime.work_queue import Outside

BATCH: Final = 200
"""Rows of one transaction."""
_LONGEST_RECORD: Final = 1024 * 1024


class ReadImport(WorkItem):
    """Read the next rows of an import."""

    job_id: UUID
    document_id: UUID
    run: int
    offset: int
    line: int
    encoding: str
    delimiter: str
    columns: tuple[ImportField, ...]
    country: str


@dataclass(slots=True)
class Piece:
    """The rows that were read, and where the next ones begin."""

    rows: list[ReadRow]
    next_offset: int
    next_line: int
    is_last: bool


async def read_piece(item: ReadImport, outside: Outside) -> Piece:
    """The next rows of the file, checked cell by cell off the event loop."""
    today = local_date(outside.now, PARIS)
    data, is_end = b"", False
    while True:
        part = await outside.ask(
            OpenContent(document_id=item.document_id, purpose="CLIENT_IMPORT", offset=item.offset + len(data))
        )
        data += base64.b64decode(part.content_base64)
        is_end = part.next_offset is None
        piece = await asyncio.to_thread(_read, item, data, is_end, today)
        if piece.rows or is_end:
            return piece
        if len(data) > _LONGEST_RECORD:
            raise Refused(IMPORT_TOO_LARGE, f"line {item.line} begins a record of more than 1 MB; close its quotes")


def _read(item: ReadImport, data: bytes, is_end: bool, today: date) -> Piece:
    rows: list[ReadRow] = []
    last: Record | None = None
    found = records(data, item.encoding, item.delimiter, line=item.line, is_last=is_end)
    for record in found:
        last = record
        rows.append(_row(record, item, today))
        if len(rows) == BATCH:
            break
    if last is None:
        return Piece([], item.offset + len(data), item.line, is_end)
    done = is_end and next(found, None) is None
    return Piece(rows, item.offset + last.end, last.next_line, done)


def _row(record: Record, item: ReadImport, today: date) -> ReadRow:
    """A record as a row; cells beyond the header belong to no column."""
    raw = masked(record.raw)
    if len(record.cells) > len(item.columns):
        row = ReadRow(record.line, raw)
        row.refuse(
            "row", "TOO_MANY_CELLS", "the row has more cells than the header; quote cells that hold the delimiter"
        )
        return row
    return read_row(record.line, raw, zip(item.columns, record.cells, strict=False), item.country, today)
