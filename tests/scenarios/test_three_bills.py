"""Some clients, twelve actor processes, a bank between two folders: ten weeks of business, and every sum agrees.

One of them has his debits refused, is reminded, cut off, pays by card with the link of his mail, and is served again.

Then all projections are made anew from their owners, which says nothing to anybody and changes no sum.
"""

import shutil
import tempfile
from pathlib import Path

import pytest
from rich.console import Console

from runtime.demo import play as demo_play
from runtime.demo.books import Books, keep_books
from runtime.demo.funnel import Funnel
from runtime.demo.setting import Demo
from runtime.demo.story import Ending
from tests.architecture.rules import ROOT

_ROWS = 6


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
async def test_three_billing_periods_add_up_and_the_story_ends_well(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path(tempfile.mkdtemp(prefix="crm-scenario-"))
    examples = folder / "examples"
    shutil.copytree(ROOT / "examples", examples)
    lines = (ROOT / "examples" / "clients.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    (examples / "clients.csv").write_text("".join(lines[: _ROWS + 1]), encoding="utf-8")
    seen: list[tuple[Books, Funnel, Ending]] = []

    def keep(console: Console, demo: Demo, books: Books, funnel: Funnel, ending: Ending, seconds: float) -> bool:
        seen.append((books, funnel, ending))
        return all(holds for _, holds in books.checks()) and ending.is_happy

    monkeypatch.setattr(demo_play, "show", keep)
    monkeypatch.setattr(demo_play, "keep_books", keep_books_over_a_rebuild)
    try:
        _, good = await demo_play.play(examples, folder / "data", Console(quiet=True), stay=False)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    ((books, funnel, ending),) = seen
    assert good, (books, ending)
    assert (books.clients + books.refused_rows, books.contracts) == (_ROWS, books.clients)
    # A service that is cut is not billed.
    assert 3 * books.contracts - funnel.cut <= books.invoices <= 3 * books.contracts
    assert books.collected > 0
    assert books.mails >= books.contracts
    assert (funnel.cut >= 1, funnel.closed["RECOVERED"] >= 1, books.received_by_card > 0) == (True, True, True)
