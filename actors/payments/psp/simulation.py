"""What the simulators of providers share: a real socket, scripted trouble, and webhooks for the test to hand on.

Nothing is delivered by itself: each fact leaves a signed webhook in `webhooks`, to be handed on in any order, twice or
not at all. A cardholder's or debtor's family name `ISSUE-...` decides how his payments end.
"""

import asyncio
import itertools
from abc import ABC, abstractmethod
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

Own = TypeVar("Own", bound="Simulator")


class Trouble(StrEnum):
    """What goes wrong with a call."""

    TIME_OUT = "TIME_OUT"
    """It is executed, and no answer ever comes."""
    ERROR_AFTER = "ERROR_AFTER"
    """It is executed, then answered with 500."""
    TOO_MANY = "TOO_MANY"
    """429, and nothing is done."""
    DOWN = "DOWN"
    """503, and nothing is done."""


@dataclass(frozen=True, slots=True)
class SentWebhook:
    """One delivery: headers and raw body."""

    headers: dict[str, str]
    body: bytes


class _Server(uvicorn.Server):
    """A server inside another program: signals stay that program's affair."""

    @contextmanager
    def capture_signals(self):  # type: ignore[no-untyped-def]
        yield


class Simulator(ABC):
    """`async with XSimulator(...) as provider:` listens on 127.0.0.1; `provider.url` says where."""

    prefix = ""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.webhooks: list[SentWebhook] = []
        self.ids = itertools.count(1)
        self._troubles: defaultdict[str, deque[Trouble]] = defaultdict(deque)
        self._server: _Server | None = None
        self._task: asyncio.Task[None] | None = None
        self._leaving = asyncio.Event()
        self._port = 0

    @abstractmethod
    def routes(self) -> Sequence[BaseRoute]:
        """The provider's paths."""

    async def __aenter__(self: Own) -> Own:
        self._leaving = asyncio.Event()
        application = Starlette(routes=list(self.routes()))
        config = uvicorn.Config(application, "127.0.0.1", self._port, log_level="error", lifespan="off")
        self._server = _Server(config)
        self._task = asyncio.create_task(self._server.serve())
        while not self._server.started:
            await asyncio.sleep(0.01)
        self._port = self._server.servers[0].sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._leaving.set()
        if self._server is not None and self._task is not None:
            self._server.should_exit = self._server.force_exit = True
            await self._task

    @property
    def url(self) -> str:
        """The base URL of the API."""
        return f"http://127.0.0.1:{self._port}{self.prefix}"

    def trouble(self, call: str, *kinds: Trouble) -> None:
        """What goes wrong with the next calls of one name, in order."""
        self._troubles[call].extend(kinds)

    def calm(self, call: str) -> None:
        """Forget the trouble that was scripted and not met."""
        self._troubles[call].clear()

    async def serve(self, call: str, do: Callable[[], Response]) -> Response:
        """Do the work of a call and answer, unless trouble is scripted."""
        self.calls[call] += 1
        waiting = self._troubles[call]
        kind = waiting.popleft() if waiting else None
        if kind is Trouble.TOO_MANY:
            return JSONResponse({"error": {"code": "rate_limit"}}, 429, {"retry-after": "1"})
        if kind is Trouble.DOWN:
            return JSONResponse({"error": {"code": "unavailable"}}, 503)
        answer = do()
        if kind is Trouble.TIME_OUT:
            await self._leaving.wait()
        if kind in (Trouble.ERROR_AFTER, Trouble.TIME_OUT):
            return JSONResponse({"error": {"code": "internal"}}, 500)
        return answer


def basic_or_bearer(request: Request) -> str:
    """The Authorization header as it came."""
    return request.headers.get("authorization", "")
