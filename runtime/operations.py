"""What operators ask an actor: health, metrics, dead letters, pause; and the NATS services convention (ADR-32)."""

import asyncio
from collections.abc import Awaitable, Callable
from importlib.metadata import version
from typing import Any
from uuid import UUID

import orjson
import structlog

from messages.base import NIL_ORGANISATION
from messages.errors import INTERNAL, INVALID_TRANSITION, NOT_FOUND, VALIDATION_FAILED
from messages.problem import Refused
from messages.values.instants import format_instant
from runtime import clock
from runtime.caller import system
from runtime.database import TRANSIENT_ERRORS
from runtime.headers import Cause
from runtime.heart import Heart
from runtime.mailbox import Delivery
from runtime.reactions import Reactions
from runtime.request_service import problem_headers
from storage.shared.outgoing import Outgoing

log = structlog.get_logger()

VERSION = version("crm-actors")
_OUTBOX_LAG_LIMIT = 60.0

_GAUGES = """
select (select count(*) from dead_letter where status = 'OPEN') as dead_letters,
       coalesce(extract(epoch from $1 - (select min(created_at) from outbox_message where sent_at is null)), 0) as outbox_lag,
       (select count(*) from outbox_message where sent_at is null) as unsent,
       (select count(*) from work_item where status in ('PENDING', 'RUNNING')) as work_open,
       coalesce(extract(epoch from $1 - (select min(occurred_at) from audit_entry where seq is null)), 0) as unsealed
"""
_LIST = """
select id, source, stream, sequence, subject, error_code, error, attempts, failed_at, status from dead_letter
where ($1::text is null or status = $1) and ($2::uuid is null or id > $2) order by id limit $3
"""
_DECIDE = "update dead_letter set status = $2, decided_by = $3, reason = $4 where id = $1 and status = 'OPEN'"


class Operations:
    """Answers crm.ops.<actor>.* and $SRV.*; only requests with an inbox as reply are answered."""

    def __init__(self, heart: Heart, reactions: Reactions, mailbox_lag: Callable[[], int]) -> None:
        self._heart = heart
        self._reactions = reactions
        self._mailbox_lag = mailbox_lag
        self._started = clock.now()
        self._answers: dict[str, Callable[[Any], Awaitable[Any]]] = {
            "health": self.health,
            "config": self.config,
            "pause": self.pause,
            "resume": self.resume,
            "dead_letters": self.dead_letters,
            "replay": self.replay,
            "discard": self.discard,
            "work": self.work,
            "reload": self.reload,
            "rebuild": self.rebuild,
        }

    @property
    def names(self) -> list[str]:
        """What may be asked on crm.ops.<actor>.*"""
        return [*self._answers, "metrics"]

    async def receive(self, message: Any) -> None:
        """Answer one operator's question."""
        raw = message.raw_message
        if not raw.reply.startswith("_INBOX_"):
            log.warning("operations.dropped", subject=raw.subject, reply=raw.reply)
            return
        asyncio.create_task(self._answer(raw))  # noqa: RUF006 - bounded by the operator; errors are answered

    async def _answer(self, raw: Any) -> None:
        name = raw.subject.rpartition(".")[2]
        found: dict[str, str] = {}
        try:
            if name == "metrics":
                await self.gauges()
                body = self._heart.metrics.text()
            else:
                body = orjson.dumps(await self._answers[name](orjson.loads(raw.data or b"{}")), default=str)
        except Refused as refused:
            problem = refused.problem()
            body, found = problem.model_dump_json().encode(), problem_headers(problem)
        except orjson.JSONDecodeError:
            problem = Refused(VALIDATION_FAILED, "the body must be a JSON object").problem()
            body, found = problem.model_dump_json().encode(), problem_headers(problem)
        except Exception as error:
            log.exception("operations.failed", name=name)
            problem = Refused(INTERNAL, repr(error)).problem()
            body, found = problem.model_dump_json().encode(), problem_headers(problem)
        await self._heart.connection.client.publish(raw.reply, body, headers=found or None)

    async def gauges(self) -> dict[str, Any]:
        """Lags and counts, also set as metrics."""
        async with self._heart.database.reading(NIL_ORGANISATION) as connection:
            row = dict(await connection.fetchrow(_GAUGES, clock.now()))
        metrics = self._heart.metrics
        metrics.dead_letters.set(row["dead_letters"])
        metrics.outbox_lag.set(float(row["outbox_lag"]))
        metrics.work_open.set(row["work_open"])
        metrics.unsealed_age.set(float(row["unsealed"]))
        row["mailbox_lag"] = self._mailbox_lag()
        metrics.mailbox_lag.set(row["mailbox_lag"])
        return row

    async def health(self, _: Any) -> dict[str, Any]:
        """SERVING, or NOT_SERVING with what keeps the actor from it."""
        checks: dict[str, Any] = {"nats": self._heart.connection.connected, "database": True}
        troubles = dict(self._heart.troubles)
        try:
            row = await asyncio.wait_for(self.gauges(), 2)
        except (*TRANSIENT_ERRORS, TimeoutError) as error:
            checks["database"] = False
            troubles["database"] = repr(error)
        else:
            checks |= {
                "outbox_lag_s": round(float(row["outbox_lag"]), 3),
                "unsent": row["unsent"],
                "mailbox_lag": row["mailbox_lag"],
                "dead_letters": row["dead_letters"],
                "work_open": row["work_open"],
            }
            if row["outbox_lag"] > _OUTBOX_LAG_LIMIT:
                troubles["outbox"] = f"events wait for {row['outbox_lag']:.0f} s"
        return {
            "status": "NOT_SERVING" if troubles or self._heart.connection.refusals else "SERVING",
            "version": VERSION,
            "paused": self._heart.paused,
            "checks": checks,
            "troubles": troubles
            | ({"refused": self._heart.connection.refusals[-5:]} if self._heart.connection.refusals else {}),
        }

    async def config(self, _: Any) -> dict[str, Any]:
        """The settings in force; secrets stay hidden."""
        return self._heart.settings.model_dump(mode="json")

    async def pause(self, _: Any) -> dict[str, Any]:
        """Stop mailbox, jobs, commands and workers; requests go on. Survives a restart."""
        return await self._switch(True)

    async def resume(self, _: Any) -> dict[str, Any]:
        """Go on after a pause."""
        return await self._switch(False)

    async def _switch(self, state: bool) -> dict[str, Any]:
        self._heart.paused = state
        async with self._heart.database.transaction(NIL_ORGANISATION) as connection:
            await connection.execute(
                "insert into switch (name, state, changed_by, changed_at) values ('paused', $1, 'operator', $2)"
                " on conflict (name) do update set state = excluded.state, changed_at = excluded.changed_at",
                state,
                clock.now(),
            )
        return {"paused": state}

    async def reload(self, _: Any) -> dict[str, Any]:
        """Read the access tables again."""
        await self._heart.access.load()
        return {"organisations": len(self._heart.access.tenants)}

    async def rebuild(self, asked: Any) -> dict[str, Any]:
        """Order the projections anew from their owners, all or one; a mailbox that stands before a gap goes on behind it."""
        rebuilding = self._heart.actor.rebuilding
        item = rebuilding.first_item(asked.get("projection"))
        outgoing = Outgoing()
        cause = Cause(str(item.run), str(item.run))
        async with self._heart.database.transaction(NIL_ORGANISATION) as connection:
            unit = self._heart.unit(
                connection, NIL_ORGANISATION, system(self._heart.actor.name), clock.now(), cause, outgoing
            )
            unit.order(item, key=item.key)
            await outgoing.write(connection, relay_is_here=self._heart.relay_is_here)
        self._heart.committed(outgoing)
        return {
            "projections": list(item.then),
            "run": str(item.run),
            "gap_closed": await self._reactions.mailbox.close_gap(),
        }

    async def work(self, asked: Any) -> dict[str, Any]:
        """Work items that are not done, with attempts and last error."""
        async with self._heart.database.transaction(NIL_ORGANISATION, read_only=True) as connection:
            rows = await connection.fetch(
                "select id, kind, key, status, attempts, run_after, last_error from work_item"
                " where status <> 'DONE' order by created_at, id limit $1",
                min(int(asked.get("limit", 50)), 100),
            )
        return {"items": [dict(row) for row in rows]}

    async def dead_letters(self, asked: Any) -> dict[str, Any]:
        """A page of dead letters, oldest first."""
        limit = min(int(asked.get("limit", 20)), 100)
        after = UUID(asked["cursor"]) if asked.get("cursor") else None
        async with self._heart.database.transaction(NIL_ORGANISATION, read_only=True) as connection:
            rows = await connection.fetch(_LIST, asked.get("status"), after, limit + 1)
        items = [dict(row) for row in rows[:limit]]
        return {"items": items, "next_cursor": str(items[-1]["id"]) if len(rows) > limit else None}

    async def replay(self, asked: Any) -> dict[str, Any]:
        """Give a dead event to its handler again here; a dead command goes back to its stream under a new message id."""
        row = await self._dead_letter(asked)
        delivery = Delivery(row["subject"], row["headers"], row["body"], row["sequence"], 0, row["failed_at"], "")
        if row["source"] == "EVENT":
            await self._reactions.replay(delivery)
        else:
            raise Refused(
                INVALID_TRANSITION,
                f"a {row['source']} is not replayed here: repeat the command, or the job runs at the next tick",
            )
        await self._decide(row["id"], "REPLAYED", asked)
        return {"id": str(row["id"]), "status": "REPLAYED"}

    async def discard(self, asked: Any) -> dict[str, Any]:
        """Close a dead letter without applying it; needs a reason."""
        if not asked.get("reason"):
            raise Refused.field("reason", "required", "say why this dead letter may be dropped")
        row = await self._dead_letter(asked)
        await self._decide(row["id"], "DISCARDED", asked)
        return {"id": str(row["id"]), "status": "DISCARDED"}

    async def _dead_letter(self, asked: Any) -> Any:
        try:
            identity = UUID(str(asked.get("id")))
        except ValueError:
            raise Refused.field("id", "uuid", "give the id of a dead letter, as listed by dead_letters") from None
        async with self._heart.database.transaction(NIL_ORGANISATION, read_only=True) as connection:
            row = await connection.fetchrow("select * from dead_letter where id = $1", identity)
        if row is None:
            raise Refused(
                NOT_FOUND, f"no dead letter {identity}", details={"resource": "dead_letter", "id": str(identity)}
            )
        if row["status"] != "OPEN":
            raise Refused(
                INVALID_TRANSITION, f"this dead letter is {row['status']} already", details={"from": row["status"]}
            )
        return row

    async def _decide(self, identity: UUID, status: str, asked: Any) -> None:
        async with self._heart.database.transaction(NIL_ORGANISATION) as connection:
            await connection.execute(_DECIDE, identity, status, str(asked.get("by", "operator")), asked.get("reason"))

    # -- $SRV ----------------------------------------------------------------------------------------------------

    async def receive_service(self, message: Any) -> None:
        """Answer $SRV.PING, INFO and STATS, with or without name and id."""
        raw = message.raw_message
        if not raw.reply.startswith("_INBOX_"):
            return
        verb = raw.subject.split(".")[1]
        answer = {"PING": self._ping, "INFO": self._info, "STATS": self._stats}[verb]()
        await self._heart.connection.client.publish(raw.reply, orjson.dumps(answer))

    @property
    def service_subjects(self) -> list[str]:
        """The subjects of the convention this actor listens on."""
        name = self._heart.actor.name
        return [
            f"$SRV.{verb}{part}"
            for verb in ("PING", "INFO", "STATS")
            for part in ("", f".{name}", f".{name}.{self._heart.replica}")
        ]

    def _identity(self, kind: str) -> dict[str, Any]:
        return {
            "type": f"io.nats.micro.v1.{kind}_response",
            "name": self._heart.actor.name,
            "id": self._heart.replica,
            "version": VERSION,
            "metadata": {"environment": self._heart.settings.environment.value},
        }

    def _ping(self) -> dict[str, Any]:
        return self._identity("ping")

    def _info(self) -> dict[str, Any]:
        endpoints = [
            {
                "name": name,
                "subject": endpoint.contract.subject,
                "queue_group": self._heart.actor.name,
                "metadata": {"permission": endpoint.contract.permission or endpoint.contract.access.value},
            }
            for name, endpoint in sorted(self._heart.actor.endpoints.items())
        ]
        return self._identity("info") | {"description": (self._heart.actor.name), "endpoints": endpoints}

    def _stats(self) -> dict[str, Any]:
        endpoints = []
        for name, endpoint in sorted(self._heart.actor.endpoints.items()):
            statistics = self._heart.metrics.endpoints.get(name)
            count = statistics.requests if statistics else 0
            nanoseconds = int(statistics.processing_seconds * 1e9) if statistics else 0
            endpoints.append(
                {
                    "name": name,
                    "subject": endpoint.contract.subject,
                    "queue_group": self._heart.actor.name,
                    "num_requests": count,
                    "num_errors": statistics.errors if statistics else 0,
                    "last_error": statistics.last_error if statistics else "",
                    "processing_time": nanoseconds,
                    "average_processing_time": nanoseconds // count if count else 0,
                }
            )
        return self._identity("stats") | {"started": format_instant(self._started), "endpoints": endpoints}
