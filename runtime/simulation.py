"""What the simulators of outside services share: a real HTTP server on 127.0.0.1 inside another program."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Self

import uvicorn
from starlette.applications import Starlette

_STARTING_PAUSE = 0.01


@dataclass(frozen=True, slots=True)
class SentWebhook:
    """One delivery of a service to us: headers and raw body."""

    headers: dict[str, str]
    body: bytes


class _Server(uvicorn.Server):
    """Signals stay the affair of the program around it."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Simulator(ABC):
    """`async with XSimulator(...) as service:` listens on 127.0.0.1, on the port given or a free one; `origin` says where."""

    def __init__(self, port: int = 0) -> None:
        self._port = port
        self._server: _Server | None = None
        self._task: asyncio.Task[None] | None = None

    @abstractmethod
    def application(self) -> Starlette:
        """The service's paths."""

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen; after a stop on the same port as before."""
        config = uvicorn.Config(self.application(), "127.0.0.1", self._port, log_level="error", lifespan="off")
        self._server = _Server(config)
        self._task = asyncio.create_task(self._server.serve())
        while not self._server.started:
            await asyncio.sleep(_STARTING_PAUSE)
        self._port = self._server.servers[0].sockets[0].getsockname()[1]

    async def stop(self, *, at_once: bool = False) -> None:
        """Stop listening: the service is down. `at_once` drops calls that wait for an answer."""
        if self._server is not None and self._task is not None:
            self._server.should_exit, self._server.force_exit = True, at_once
            await self._task

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return f"http://127.0.0.1:{self._port}"
