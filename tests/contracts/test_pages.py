"""The page of each actor says what the code says."""

from runtime.command_line.pages import written_pages
from tests.architecture.rules import ROOT


def test_the_pages_are_up_to_date() -> None:
    folder = ROOT / "docs" / "actors"
    written = written_pages()
    stale = [
        name for name, text in written.items() if not (folder / name).exists() or (folder / name).read_text() != text
    ]
    assert stale == [], "run: crm schema pages docs/actors"
