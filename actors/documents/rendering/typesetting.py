"""Sets the texts of an order into its layout. Runs in worker processes only: typst and pypdf are loaded nowhere else."""

import io
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import orjson
import typst
from pypdf import PdfReader

from actors.documents.rendering.typeset import Typeset

_LAYOUTS = Path(__file__).parent / "layouts"
_POINTS_PER_MM = 72 / 25.4
_PAGE_HEIGHT_MM = 297.0
_SLACK_MM = 0.5


@dataclass(frozen=True, slots=True)
class _Zone:
    """The window of a DL or C4 envelope, in millimetres from the left and the top of the page."""

    left: float = 105.0
    right: float = 205.0
    top: float = 45.0
    bottom: float = 85.0

    def holds(self, x: float, y: float) -> bool:
        return self.left - _SLACK_MM <= x <= self.right and self.top <= y <= self.bottom


def typeset(layout: str, facts: dict[str, Any], produced_at: datetime) -> Typeset:
    """The PDF of an order: the same facts and instant give the same bytes."""
    pdf = _compiler(layout).compile(
        sys_inputs={"facts": orjson.dumps(facts).decode()}, timestamp=int(produced_at.astimezone(UTC).timestamp())
    )
    assert isinstance(pdf, bytes)
    pages = PdfReader(io.BytesIO(pdf)).pages
    fits = "address" not in facts or _text_in_window(pages[0]) == "".join("".join(facts["address"]).split())
    return Typeset(pdf, len(pages), fits)


def warm_up() -> None:
    """Load the layouts before the first order."""
    for layout in ("contract", "letter", "mandate", "statement"):
        _compiler(layout)


@cache
def _compiler(layout: str) -> typst.Compiler:
    return typst.Compiler(str(_LAYOUTS / f"{layout}.typ"), root=str(_LAYOUTS), ignore_system_fonts=True)


def _text_in_window(page: Any) -> str:
    zone, found = _Zone(), []

    def visit(text: str, transformation: list[float], matrix: list[float], *_: Any) -> None:
        a, b, c, d, e, f = transformation
        x, y = matrix[4], matrix[5]
        left, height = (a * x + c * y + e) / _POINTS_PER_MM, (b * x + d * y + f) / _POINTS_PER_MM
        if text.strip() and zone.holds(left, _PAGE_HEIGHT_MM - height):
            found.append(text)

    page.extract_text(visitor_text=visit)
    return "".join("".join(found).split())
