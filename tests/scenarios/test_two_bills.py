"""Twelve clients, twelve actor processes, a bank between two folders: six weeks of business, and every sum agrees.

Then all projections are made anew from their owners, which says nothing to anybody and changes no sum.
"""

import json
import shutil
import tempfile
from datetime import date
from pathlib import Path

import pytest
from rich.console import Console

from runtime.demo import play as demo_play
from runtime.demo.books import Books, keep_books
from runtime.demo.funnel import Funnel
from runtime.demo.setting import Demo
from tests.architecture.rules import ROOT


async def keep_books_over_a_rebuild(demo: Demo) -> Books:
    before, said = await keep_books(demo), await last_event(demo)
    for actor in set(demo.system.installation.system.actors) - {"identity"}:
        await demo.client.operate(actor, "rebuild")
    await demo.client.settle(demo.system.installation.system.actors)
    for actor in demo.system.installation.system.actors:
        left = (await demo.client.operate(actor, "work"))["items"]
        assert [item for item in left if item["kind"] == "rebuild_projection"] == []
    assert await last_event(demo) == said
    after = await keep_books(demo)
    assert after == before
    return after


async def last_event(demo: Demo) -> int:
    return (await demo.client.connection.jetstream().stream_info("CRM_EVENTS")).state.last_seq


@pytest.mark.timeout(240)
async def test_two_billing_periods_of_twelve_clients_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path(tempfile.mkdtemp(prefix="crm-scenario-"))
    examples = folder / "examples"
    shutil.copytree(ROOT / "examples", examples)
    lines = (ROOT / "examples" / "clients.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    (examples / "clients.csv").write_text("".join(lines[:13]), encoding="utf-8")
    calendar = json.loads((examples / "calendar.json").read_text(encoding="utf-8"))
    calendar["ends_on"] = date(2026, 4, 12).isoformat()
    (examples / "calendar.json").write_text(json.dumps(calendar), encoding="utf-8")
    seen: list[Books] = []

    cut: list[int] = []

    def keep(console: Console, demo: Demo, books: Books, funnel: Funnel, ending: None, seconds: float) -> bool:
        seen.append(books)
        cut.append(funnel.cut)
        return all(holds for _, holds in books.checks())

    monkeypatch.setattr(demo_play, "show", keep)
    monkeypatch.setattr(demo_play, "keep_books", keep_books_over_a_rebuild)
    try:
        _, good = await demo_play.play(examples, folder / "data", Console(quiet=True), stay=False)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    (books,) = seen
    assert good, books
    assert (books.clients + books.refused_rows, books.contracts) == (12, books.clients)
    assert 2 * books.contracts - cut[0] <= books.invoices <= 2 * books.contracts  # a service that is cut is not billed
    assert books.collected > 0
    assert books.mails >= books.contracts
