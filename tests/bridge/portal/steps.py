"""What tests of the portal's pages share: a bridge's end, pages read as a machine reads them, the rules they all keep."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from itertools import pairwise

import httpx

from runtime.bridge.server import BridgeServer

_VOID = {"meta", "link", "input", "br", "hr", "img"}


async def stopped(server: BridgeServer, task: asyncio.Task[None]) -> None:
    server.should_exit = True
    async with asyncio.timeout(15):
        await task


@dataclass
class Element:
    """One element of a page."""

    tag: str
    attributes: dict[str, str]
    text: str = ""
    inside: list["Element"] = field(default_factory=list)

    def all(self, tag: str) -> Iterator["Element"]:
        for element in self.inside:
            if element.tag == tag:
                yield element
            yield from element.all(tag)

    def one(self, tag: str) -> "Element":
        (found,) = self.all(tag)
        return found


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.root = Element("", {})
        self.open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.open[-1].inside.append(element)
        if tag not in _VOID:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self.open[-1].tag == tag, f"</{tag}> closes <{self.open[-1].tag}>"
        self.open.pop()
        self.handle_data(" ")

    def handle_data(self, data: str) -> None:
        for element in self.open:
            element.text += data


def read(response: httpx.Response) -> Element:
    """The page; refused when its elements do not nest."""
    reader = _Reader()
    reader.feed(response.text)
    assert reader.open == [reader.root], "an element is not closed"
    return reader.root


def text_of(response: httpx.Response) -> str:
    """The words of a page's content, blanks made plain."""
    return " ".join(read(response).one("main").text.split())


def obeys_the_house_rules(response: httpx.Response) -> None:
    """What every page keeps: private, without script, in one language, with one heading, every control named."""
    headers = response.headers
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-frame-options"] == "DENY"
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-") and "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy and "script-src" not in policy
    page = read(response)
    html = page.one("html")
    assert html.attributes["lang"] == headers["content-language"] and html.attributes["lang"] in ("fr", "en")
    assert not list(page.all("script")) and not list(page.all("img"))
    assert page.one("title").text.strip() and page.one("h1").text.strip()
    levels = [int(element.tag[1]) for element in _headings(page)]
    assert levels[0] == 1 and all(after <= before + 1 for before, after in pairwise(levels))
    for control in (*page.all("button"), *page.all("a")):
        assert control.text.strip(), "a control without a name"
    labelled = {label.attributes.get("for") for label in page.all("label")}
    for field_ in page.all("input"):
        assert field_.attributes["type"] == "hidden" or field_.attributes["id"] in labelled
    for table in page.all("table"):
        assert table.one("caption").text.strip()
        assert all(cell.attributes.get("scope") in ("col", "row") for cell in table.all("th"))
    ids = [element.attributes["id"] for element in _everything(page) if "id" in element.attributes]
    assert len(ids) == len(set(ids))


def _everything(element: Element) -> Iterator[Element]:
    for child in element.inside:
        yield child
        yield from _everything(child)


def _headings(page: Element) -> Iterator[Element]:
    return (element for element in _everything(page) if element.tag in ("h1", "h2", "h3"))
