"""Plays the operator's side over real HTTP, for development and tests: numbers that end in 00 are refused.

`lose(times)` takes a message and then answers 503, as a connection that breaks before the answer.
"""

from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from runtime.simulation import Simulator


@dataclass(frozen=True, slots=True)
class TextMessage:
    """A message as the operator would deliver it."""

    to: str
    sender: str
    text: str


class SmsSimulator(Simulator):
    """`async with SmsSimulator() as operator:` listens on 127.0.0.1; `operator.url` says where."""

    def __init__(self, port: int = 0, *, token: str = "secret") -> None:
        super().__init__(port)
        self.taken: dict[str, TextMessage] = {}
        self.calls = 0
        self._token = token
        self._losses = 0

    def application(self) -> FastAPI:
        """The paths, each one call of this object."""
        return _application(self)

    @property
    def url(self) -> str:
        """Where it listens."""
        return self.origin

    def lose(self, times: int) -> None:
        """Take that many messages without an answer that says so."""
        self._losses = times

    def texts_to(self, number: str) -> list[str]:
        """What was sent to a number."""
        return [message.text for message in self.taken.values() if message.to == number]

    def take(self, authorization: str, key: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Status and answer of one call."""
        self.calls += 1
        if authorization != f"Bearer {self._token}":
            return 401, {"error": "bad token"}
        if body["to"].endswith("00"):
            return 422, {"error": "no such number"}
        self.taken.setdefault(key, TextMessage(body["to"], body["sender"], body["text"]))
        if self._losses:
            self._losses -= 1
            return 503, {"error": "try again"}
        return 200, {"id": f"sim-{list(self.taken).index(key) + 1}"}


def _application(simulator: SmsSimulator) -> FastAPI:
    app = FastAPI()

    @app.post("/send")
    async def send(request: Request) -> JSONResponse:
        found = request.headers
        status, answer = simulator.take(found.get("authorization", ""), found["idempotency-key"], await request.json())
        return JSONResponse(answer, status)

    return app
