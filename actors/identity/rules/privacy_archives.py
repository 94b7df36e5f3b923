"""The file that a person is given: every actor's part as JSON, one table per kind of data, and a page to read."""

import csv
import html
import io
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import orjson

from messages.identity import PrivacyArchiveStatus
from messages.transitions import StateMachine
from messages.values.instants import format_instant

PRIVACY_ARCHIVE: Final = StateMachine(
    "privacy archive",
    {
        ("ready", PrivacyArchiveStatus.REQUESTED): PrivacyArchiveStatus.READY,
        ("fail", PrivacyArchiveStatus.REQUESTED): PrivacyArchiveStatus.FAILED,
    },
)
KEPT_FOR: Final = timedelta(days=7)
FILENAME: Final = "donnees-personnelles.zip"
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_STYLE: Final = (
    "body{font-family:sans-serif}table{border-collapse:collapse}td,th{border:1px solid #999;padding:2px 6px}"
)


@dataclass(frozen=True, slots=True)
class Section:
    """The rows of one kind that one actor holds, why it holds them and how long."""

    actor: str
    entity: str
    purpose: str
    kept: str
    rows: tuple[Mapping[str, Any], ...]

    @property
    def name(self) -> str:
        """Of its files."""
        return f"{self.actor}-{self.entity}"

    @property
    def columns(self) -> tuple[str, ...]:
        """Of all its rows, in the order in which they first appear."""
        return tuple(dict.fromkeys(name for row in self.rows for name in row))


def sections(parts: Iterable[tuple[str, str]]) -> list[Section]:
    """The parts of the actors, those of one kind joined. A part is an actor's name and a JSON document."""
    found: dict[tuple[str, str], Section] = {}
    for actor, content in parts:
        document = orjson.loads(content)
        entity = str(document.get("entity", "data"))
        rows = tuple(document["rows"]) if "rows" in document else (document,)
        known = found.get((actor, entity))
        purpose, kept = str(document.get("purpose", "")), str(document.get("kept", ""))
        found[actor, entity] = Section(actor, entity, purpose, kept, (*(known.rows if known else ()), *rows))
    return [found[place] for place in sorted(found)]


def archive(found: Sequence[Section], made_at: datetime) -> bytes:
    """The ZIP file; the same sections and instant give the same bytes."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in _files(found, made_at):
            about = zipfile.ZipInfo(name, made_at.timetuple()[:6])
            about.compress_type = zipfile.ZIP_DEFLATED
            file.writestr(about, content)
    return held.getvalue()


def _files(found: Sequence[Section], made_at: datetime) -> Iterator[tuple[str, bytes]]:
    yield "index.html", _page(found, made_at).encode()
    for section in found:
        about = {"actor": section.actor, "entity": section.entity, "purpose": section.purpose, "kept": section.kept}
        yield f"json/{section.name}.json", orjson.dumps(about | {"rows": section.rows}, option=orjson.OPT_INDENT_2)
        yield f"csv/{section.name}.csv", _table(section)


def _table(section: Section) -> bytes:
    file = io.StringIO(newline="")
    writer = csv.writer(file, delimiter=";", lineterminator="\r\n")
    writer.writerow(section.columns)
    writer.writerows([_cell(row.get(name)) for name in section.columns] for row in section.rows)
    return ("\ufeff" + file.getvalue()).encode()


def _page(found: Sequence[Section], made_at: datetime) -> str:
    held = "".join(_chapter(section) for section in found) or "<p>Aucune donnée n'est conservée.</p>"
    return (
        f'<!doctype html><html lang="fr"><meta charset="utf-8"><title>Vos données</title><style>{_STYLE}</style>'
        f"<h1>Vos données personnelles</h1><p>État au {format_instant(made_at)}</p>{held}</html>"
    )


def _chapter(section: Section) -> str:
    heads = "".join(f"<th>{html.escape(name)}" for name in section.columns)
    rows = "".join(
        "<tr>" + "".join(f"<td>{html.escape(_text(row.get(name)))}" for name in section.columns) for row in section.rows
    )
    about = f"Finalité : {html.escape(section.purpose)}. Conservation : {html.escape(section.kept)}."
    return f"<h2>{html.escape(section.name)}</h2><p>{about}</p><table><tr>{heads}{rows}</table>"


def _cell(value: Any) -> str:
    """A value as text; what a spreadsheet would take for a formula begins with an apostrophe."""
    text = _text(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else orjson.dumps(value).decode()
