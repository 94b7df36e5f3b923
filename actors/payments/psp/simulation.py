"""What the simulators of providers share: a real socket, scripted trouble, and webhooks for the test to hand on.

Nothing is delivered by itself: each fact leaves a signed webhook in `webhooks`, to be handed on in any order, twice or
not at all. A cardholder's or debtor's family name `ISSUE-...` decides how his payments end.
"""

import asyncio
import itertools
from abc import abstractmethod
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Sequence
from enum import StrEnum

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from runtime.simulation import SentWebhook, Simulator


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


class ProviderSimulator(Simulator):
    """`async with XSimulator(...) as provider:` listens on 127.0.0.1; `provider.url` says where."""

    prefix = ""

    def __init__(self, port: int = 0) -> None:
        super().__init__(port)
        self.calls: Counter[str] = Counter()
        self.webhooks: list[SentWebhook] = []
        self.ids = itertools.count(1)
        self._troubles: defaultdict[str, deque[Trouble]] = defaultdict(deque)
        self._leaving = asyncio.Event()

    @abstractmethod
    def routes(self) -> Sequence[BaseRoute]:
        """The provider's paths."""

    def application(self) -> Starlette:
        """The routes; calls that wait for ever are let go when the service stops."""
        self._leaving = asyncio.Event()
        return Starlette(routes=list(self.routes()))

    async def stop(self, *, at_once: bool = True) -> None:
        """Stop listening; those who wait for an answer get none."""
        self._leaving.set()
        await super().stop(at_once=at_once)

    @property
    def url(self) -> str:
        """The base URL of the API."""
        return f"{self.origin}{self.prefix}"

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
