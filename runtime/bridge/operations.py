"""`/healthz`, `/readyz` and `/metrics`: the state of this process, of the whole system, and everybody's numbers."""

import asyncio
from collections.abc import Sequence

import orjson
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4
from pydantic import BaseModel
from starlette.responses import PlainTextResponse, Response

from messages.problem import Refused
from runtime.bridge.gateway import Gateway
from runtime.bridge.metrics import BridgeMetrics, gauge, joined

_SECONDS = 2.5
_QUIET_SECONDS = 0.25
"""Replicas of an actor answer within milliseconds of one another; what is later than this is left out of the scrape."""
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
    """Asks all actors on crm.ops.<actor>.*; a silent one costs 2.5 s at most, the replicas' metrics 0.25 s always."""

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
        """Prometheus text of all actors' replicas and of the bridge; an actor that does not answer has crm_up 0."""
        found = dict(
            zip(self._actors, await asyncio.gather(*(self._texts(actor) for actor in self._actors)), strict=True)
        )
        up = gauge("crm_up", "Whether the actor answers", {actor: bool(texts) for actor, texts in found.items()})
        replicas = gauge("crm_replicas", "Replicas that answer", {actor: len(texts) for actor, texts in found.items()})
        text = joined([up, replicas, *(text for texts in found.values() for text in texts), self._metrics.text()])
        return PlainTextResponse(text, media_type=CONTENT_TYPE_PLAIN_0_0_4)

    async def _health(self, actor: str) -> str:
        try:
            answer = await self._gateway.ask(f"crm.ops.{actor}.health", b"{}", {}, _SECONDS)
        except Refused as refused:
            return refused.code.code
        problem = answer.problem
        return problem.code if problem is not None else str(orjson.loads(answer.body).get("status"))

    async def _texts(self, actor: str) -> list[str]:
        answers = await self._gateway.ask_all(f"crm.ops.{actor}.metrics", _SECONDS, _QUIET_SECONDS)
        return [answer.body.decode() for answer in answers if answer.problem is None]
