"""`crm schema pages`: one page per actor, written from its page of contents, so that it cannot be out of date unnoticed."""

import inspect
from collections.abc import Iterable, Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any

import typer

from messages import registry
from messages.base import Access, Request
from runtime.actor import Actor, asked_subject
from runtime.system import discover

Cells = tuple[str, ...]

_HEAD = (
    "# The twelve actors",
    "",
    "Written by `crm schema pages docs/actors` from the code; a test keeps them equal.",
    "",
)


def pages(folder: Annotated[Path, typer.Argument(help="where the pages go: docs/actors")]) -> None:
    """Write a page per actor: what it answers, says, hears, does on time and in the background, and keeps."""
    for name, text in written_pages().items():
        (folder / name).write_text(text, encoding="utf-8")


def written_pages() -> dict[str, str]:
    """The text of every page, by file name."""
    actors = discover().actors
    found = {f"{name}.md": _page(actor) for name, actor in actors.items()}
    purposes = [f"- [{name}]({name}.md): {_first_line(_module(name).__doc__)}" for name in actors]
    found["README.md"] = "\n".join([*_HEAD, *purposes, ""])
    return found


def _page(actor: Actor) -> str:
    sections = [
        _section("Answers", ("request", "who may", "promise"), _requests(actor)),
        _section("Says", ("event", "holds", "fact"), _events(actor)),
        _section("Hears", ("event", "from", "effect"), _reactions(actor)),
        _section("Does on time", ("job", "tick", "what"), _jobs(actor)),
        _section("Does in the background", ("work", "at once", "what"), _slow_work(actor)),
        _section("Asks", ("request", "promise"), _asked(actor)),
        _section("Keeps", ("table", "rows of", "note"), _tables(actor)),
    ]
    head = f"# {actor.name}\n\n{inspect.cleandoc(_module(actor.name).__doc__ or '')}\n"
    return "\n".join([head, *(section for section in sections if section)])


def _events(actor: Actor) -> list[Cells]:
    return [
        (f"`{event.type}`", "personal data" if event.contract.personal else "", _first_line(event.__doc__))
        for event in registry.events_of(actor.name)
    ]


def _reactions(actor: Actor) -> list[Cells]:
    return [
        (f"`{type_}`", event.contract.actor, _first_line(handler.__doc__))
        for type_, (event, handler) in sorted(actor.reactions.items())
    ]


def _jobs(actor: Actor) -> list[Cells]:
    return [
        (f"`{job.name}`", f"day {job.at:%H:%M}" if job.at else job.every.value, _first_line(job.run.__doc__))
        for job in actor.runs
    ]


def _slow_work(actor: Actor) -> list[Cells]:
    return [(f"`{work.kind}`", str(work.at_most), _first_line(work.item.__doc__)) for work in actor.slow_work]


def _asked(actor: Actor) -> list[Cells]:
    return [(f"`{asked_subject(actor.name, request)}`", _first_line(request.__doc__)) for request in actor.asks]


def _tables(actor: Actor) -> list[Cells]:
    metadata = import_module(f"storage.{actor.name}.tables").metadata
    return [
        (f"`{table.name}`", "a tenant" if table.info.get("tenant") else "the platform", table.comment or "")
        for table in metadata.sorted_tables
    ]


def _module(actor: str) -> ModuleType:
    return import_module(f"actors.{actor}")


def _requests(actor: Actor) -> list[Cells]:
    rows: list[Cells] = []
    for name, endpoint in sorted(actor.endpoints.items()):
        rows.append((f"`{name}`", _who(endpoint.request), _first_line(endpoint.request.__doc__)))
    return rows


def _who(request: type[Request[Any]]) -> str:
    contract = request.contract
    who = []
    if contract.access is Access.PERMISSION:
        who.append(f"`{contract.permission}`")
    elif contract.access is Access.SELF:
        who.append("anybody signed in")
    elif contract.access is Access.PUBLIC:
        who.append("anybody")
    if contract.internal_callers:
        callers = sorted(contract.internal_callers)
        who.append("every other actor" if len(callers) >= len(registry.ACTORS) - 1 else ", ".join(callers))
    return "; ".join(who)


def _section(title: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    rows = [tuple(cell.replace("|", "\\|") for cell in row) for row in rows]
    if not rows:
        return ""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head), *("| " + " | ".join(row) + " |" for row in rows)]
    return f"## {title}\n\n" + "\n".join(lines) + "\n"


def _first_line(text: str | None) -> str:
    return inspect.cleandoc(text or "").partition("\n\n")[0].replace("\n", " ")
