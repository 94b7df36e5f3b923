"""`/healthz`, `/readyz` and `/metrics`: the state of this process, of the whole system, and everybody's numbers."""

import asyncio
from collections.abc import Sequence

import orjson
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4
from pydantic import BaseModel
from starlette.responses import PlainTextResponse, Response

from messages.problem import Refused
from runtime.bridge.gateway import Gateway
from runtime.bridge.metrics import BridgeMetrics, joined

_SECONDS = 2.5
_SERVING = "SERVING"


class Alive(BaseModel):
    """The process answers."""

    status: str = "ALIVE"


class Readiness(BaseModel):
    """READY when NATS is connected and every actor serves; `actors` says what each answered."""

    status: str
    nats: bool
    actors: dict[str, str]


class BridgeOperations:
    """Asks all actors on crm.ops.<actor>.*; a silent one costs 2.5 s at most."""

    def __init__(self, gateway: Gateway, actors: Sequence[str], metrics: BridgeMetrics) -> None:
        self._gateway = gateway
        self._actors = actors
        self._metrics = metrics

    async def alive(self) -> Alive:
        """For a supervisor: restart the process when this does not answer."""
        return Alive()

    async def ready(self, response: Response) -> Readiness:
        """For a load balancer: 200 when every actor serves, else 503 with the reason by actor."""
        answers = await asyncio.gather(*(self._health(actor) for actor in self._actors))
        actors = dict(zip(self._actors, answers, strict=True))
        nats = self._gateway.connection.connected
        is_ready = nats and all(status == _SERVING for status in answers)
        if not is_ready:
            response.status_code = 503
            response.headers["retry-after"] = "1"
        return Readiness(status="READY" if is_ready else "NOT_READY", nats=nats, actors=actors)

    async def metrics(self) -> Response:
        """Prometheus text of all actors and of the bridge; an actor that does not answer has crm_up 0."""
        texts = await asyncio.gather(*(self._text(actor) for actor in self._actors))
        up = "".join(
            f'crm_up{{actor="{actor}"}} {int(text is not None)}\n'
            for actor, text in zip(self._actors, texts, strict=True)
        )
        up = f"# HELP crm_up Whether the actor answers\n# TYPE crm_up gauge\n{up}"
        text = joined([up, *filter(None, texts), self._metrics.text()])
        return PlainTextResponse(text, media_type=CONTENT_TYPE_PLAIN_0_0_4)

    async def _health(self, actor: str) -> str:
        try:
            answer = await self._gateway.ask(f"crm.ops.{actor}.health", b"{}", {}, _SECONDS)
        except Refused as refused:
            return refused.code.code
        problem = answer.problem
        return problem.code if problem is not None else str(orjson.loads(answer.body).get("status"))

    async def _text(self, actor: str) -> str | None:
        try:
            answer = await self._gateway.ask(f"crm.ops.{actor}.metrics", b"{}", {}, _SECONDS)
        except Refused:
            return None
        return None if answer.problem is not None else answer.body.decode()
