"""`crm call`, `crm events`, `crm trace`: speak with a running system and watch what it says."""

from collections import defaultdict
from datetime import datetime
from typing import Annotated, Any

import orjson
import typer
from rich.tree import Tree

from messages import registry
from messages.values.identifiers import new_id
from runtime import headers
from runtime.client import Client, refused
from runtime.command_line.connect import DEFAULT_FOLDER, DataOption, console, show_json, with_operator


def call(
    subject: Annotated[str, typer.Argument(help="crm.<actor>.<request>, or <actor>.<request>")],
    body: Annotated[str, typer.Argument(help="the request as JSON; '-' reads standard input")] = "{}",
    data: DataOption = DEFAULT_FOLDER,
    key: Annotated[str | None, typer.Option(help="idempotency key; repeating with the same key is safe")] = None,
    at: Annotated[datetime | None, typer.Option(help="the simulated time, where it is on")] = None,
) -> None:
    """Send one request and print the reply; a refusal names the field and the cure and exits with 1."""
    text = typer.get_text_stream("stdin").read() if body == "-" else body

    async def work(client: Client) -> Any:
        client.now = at
        full = subject if subject.startswith("crm.") else f"crm.{subject}"
        answer = await client.send(
            full, text.encode(), {headers.IDEMPOTENCY_KEY: key or str(new_id())}, timeout_seconds=30
        )
        if answer.problem is not None:
            raise refused(answer.problem)
        return orjson.loads(answer.body)

    show_json(with_operator(data, work))


def events(
    data: DataOption = DEFAULT_FOLDER,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="go on with new events until Ctrl-C")] = False,
    aggregate: Annotated[str, typer.Option(help="only this aggregate, for example contract")] = "*",
    last: Annotated[int, typer.Option(min=1, max=10_000, help="how many stored events to show first")] = 20,
) -> None:
    """Print stored events, newest last. Payloads with personal data are left out."""
    registry.load_all()

    async def work(client: Client) -> None:
        shown = 0
        async for sequence, found, body in stored_events(client, last, f"crm.events.{aggregate}.>"):
            shown = sequence
            _print_event(sequence, found, body)
        if follow:
            await _follow(client, f"crm.events.{aggregate}.>", shown)

    with_operator(data, work)


async def stored_events(client: Client, last: int, subject: str = "crm.events.>") -> Any:
    """The newest events of the stream that match a subject, oldest first: sequence, headers, body."""
    stream = client.connection.jetstream()
    state = (await stream.stream_info("CRM_EVENTS")).state
    first = max(state.first_seq, state.last_seq - last + 1, 1)
    for sequence in range(first, state.last_seq + 1):
        message = await stream.get_msg("CRM_EVENTS", seq=sequence)
        if _matches(subject, message.subject or ""):
            yield sequence, dict(message.headers or {}), message.data or b""


async def _follow(client: Client, subject: str, after: int) -> None:
    subscription = await client.connection.subscribe(subject)
    console.print("[dim]following; Ctrl-C ends[/dim]")
    async for message in subscription.messages:
        after += 1
        _print_event(after, dict(message.headers or {}), message.data)


def _print_event(sequence: int, found: dict[str, str], body: bytes) -> None:
    type_ = found.get(headers.CE_TYPE, "?")
    known = registry.event_for(type_)
    payload = "[personal data]" if known is not None and known.contract.personal else body.decode()
    console.print(
        f"[dim]{sequence:>7} {found.get(headers.CE_TIME, '')}[/dim] [cyan]{type_}[/cyan] "
        f"{found.get(headers.CE_SUBJECT, '')} [dim]{payload[:200]}[/dim]",
        highlight=False,
        markup=True,
    )


def trace(
    correlation_id: Annotated[str, typer.Argument(help="correlation id of a request or event")],
    data: DataOption = DEFAULT_FOLDER,
    last: Annotated[int, typer.Option(min=1, max=100_000, help="how far back to look")] = 20_000,
) -> None:
    """Show the tree of events that one request caused, over all actors."""

    async def work(client: Client) -> None:
        children: dict[str, list[tuple[str, str]]] = defaultdict(list)
        known: set[str] = set()
        async for sequence, found, _ in stored_events(client, last):
            if found.get(headers.CE_CORRELATION) == correlation_id:
                what = f"[cyan]{found[headers.CE_TYPE]}[/cyan] by {found[headers.CE_SOURCE]}"
                label = f"{what} [dim]{found[headers.CE_SUBJECT]} #{sequence}[/dim]"
                children[found.get(headers.CE_CAUSATION, "")].append((found[headers.CE_ID], label))
                known.add(found[headers.CE_ID])
        if not known:
            console.print(f"no stored event has the correlation id {correlation_id}")
            raise typer.Exit(1)
        root = Tree(f"correlation {correlation_id}")
        for cause in [cause for cause in children if cause not in known]:
            _grow(root.add(f"request {cause}"), cause, children)
        console.print(root)

    with_operator(data, work)


def _grow(tree: Tree, cause: str, children: dict[str, list[tuple[str, str]]]) -> None:
    for identity, label in children.get(cause, ()):
        _grow(tree.add(label), identity, children)


def _matches(pattern: str, subject: str) -> bool:
    wanted, tokens = pattern.split("."), subject.split(".")
    for position, part in enumerate(wanted):
        if part == ">":
            return True
        if position >= len(tokens) or part not in ("*", tokens[position]):
            return False
    return len(wanted) == len(tokens)
