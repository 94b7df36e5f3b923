"""The one transaction a handler works in: statements, events, audit and orders commit together or not at all."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Executable, Table

from messages.base import NIL_ORGANISATION, Event, Reply, Request
from messages.errors import NOT_FOUND, VERSION_CONFLICT, ErrorCode
from messages.names import snake_case
from messages.problem import Refused
from messages.values.identifiers import derived_id, new_id
from messages.values.instants import PARIS, format_instant, local_date
from runtime import clock, headers
from runtime.caller import Caller
from runtime.headers import Cause
from runtime.keys import Keys
from runtime.port import Asking
from storage.shared.outgoing import Outgoing
from storage.shared.statements import Bound, Statement, insert_statement, insert_together, render

MAXIMUM_BODY = 512 * 1024
_PERSON = ("USER", "SERVICE")

Row = Mapping[str, Any]
ReplyType = TypeVar("ReplyType", bound=Reply)


class RefusedOnRecord(Refused):
    """Refuses a request without idempotency key, yet what its handler wrote stays: an attempt that counts, a link found expired."""


@dataclass(slots=True)
class Change:
    """What an audit entry says of one aggregate: only the fields that changed, nothing personal in clear."""

    type: str
    id: UUID | None
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None


class WorkItem(BaseModel):
    """What slow work needs to know: ids and parameters, small, nothing personal. The class names the kind of work."""

    model_config = ConfigDict(frozen=True)

    @classmethod
    def kind(cls) -> str:
        """`RenderInvoice` -> `render_invoice`."""
        return snake_case(cls.__name__)


class UnitOfWork:
    """What a handler gets beside its message. Nobody calls commit: leaving the handler does."""

    __slots__ = (
        "_asking",
        "_connection",
        "_numbers",
        "actor",
        "caller",
        "cause",
        "changes",
        "keys",
        "now",
        "organisation_id",
        "outgoing",
        "source_version",
    )

    def __init__(
        self,
        connection: Any,
        *,
        actor: str,
        organisation_id: UUID,
        caller: Caller,
        now: datetime,
        cause: Cause,
        outgoing: Outgoing,
        asking: Asking,
        keys: Keys,
        numbers: Callable[[Table, UUID], Awaitable[int]],
    ) -> None:
        self._connection = connection
        self._asking = asking
        self._numbers = numbers
        self.actor = actor
        self.organisation_id = organisation_id
        self.caller = caller
        self.now = now
        self.cause = cause
        self.outgoing = outgoing
        self.keys = keys
        self.changes: list[Change] = []
        self.source_version = 0
        """In a reaction: the version of the aggregate that the event is about. Projections keep the newest only."""

    # -- reading and writing -------------------------------------------------------------------------------------

    async def fetch(self, statement: Executable | Statement | Bound, **values: Any) -> list[Row]:
        """All rows of a query. `**values` fill its named parameters."""
        sql, arguments = _rendered(statement, values)
        return await self._connection.fetch(sql, *arguments)  # type: ignore[no-any-return]

    async def fetch_one(self, statement: Executable | Statement | Bound, **values: Any) -> Row | None:
        """The first row, or None."""
        sql, arguments = _rendered(statement, values)
        return await self._connection.fetchrow(sql, *arguments)  # type: ignore[no-any-return]

    async def fetch_value(self, statement: Executable | Statement | Bound, **values: Any) -> Any:
        """The first column of the first row, or None."""
        sql, arguments = _rendered(statement, values)
        return await self._connection.fetchval(sql, *arguments)

    async def execute(self, statement: Executable | Statement | Bound, **values: Any) -> int:
        """Run a statement; the number of rows it changed."""
        sql, arguments = _rendered(statement, values)
        status: str = await self._connection.execute(sql, *arguments)
        return int(status.rpartition(" ")[2]) if status[-1].isdigit() else 0

    async def insert(self, table: Table, **columns: Any) -> None:
        """Insert one row; columns not named take their database defaults."""
        statement = insert_statement(table, tuple(columns))
        await self._connection.execute(statement.sql, *statement.arguments(columns))

    async def insert_rows(self, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert many rows of the same columns in one pipelined batch."""
        if rows:
            statement = insert_statement(table, tuple(rows[0]))
            await self._connection.executemany(statement.sql, [statement.arguments(row) for row in rows])

    async def insert_together(self, *groups: tuple[Table, Sequence[Mapping[str, Any]]]) -> None:
        """Insert the rows of a small aggregate, its own first, in one round trip; large sets go through `insert_rows`."""
        sql, arguments = insert_together(groups)
        await self._connection.execute(sql, *arguments)

    async def load(
        self, statement: Executable | Statement | Bound, resource: str, *, code: ErrorCode = NOT_FOUND, **values: Any
    ) -> Row:
        """The row of a query that must find one; NOT_FOUND names the resource and, when given, its id."""
        row = await self.fetch_one(statement, **values)
        if row is None:
            identity = values.get("id")
            text = f"{resource} {identity} does not exist; check the id" if identity else f"no such {resource}"
            raise Refused(code, text, details={"resource": resource} | ({"id": str(identity)} if identity else {}))
        return row

    # -- saying, recording, ordering -----------------------------------------------------------------------------

    def emit(self, event: Event, *, version: int, key: str | None = None) -> UUID:
        """State a fact. `version` is the aggregate's after the change; it leaves with the commit, in order.

        `key` makes the event id repeatable where the cause itself may repeat (webhooks, ticks).
        """
        contract = event.contract
        if contract.actor != self.actor:
            raise TypeError(f"{self.actor} may not publish {contract.type}: it belongs to {contract.actor}")
        body = event.__pydantic_serializer__.to_json(event)
        if len(body) > MAXIMUM_BODY:
            raise ValueError(
                f"event {contract.type} is {len(body)} bytes; the limit is {MAXIMUM_BODY}: send a reference"
            )
        organisation_id = self.organisation_id if contract.tenant_scoped else NIL_ORGANISATION
        event_id = derived_id(contract.type, key) if key else new_id()
        found = {
            headers.CE_SPEC_VERSION: "1.0",
            headers.CE_ID: str(event_id),
            headers.CE_TYPE: contract.type,
            headers.CE_SOURCE: self.actor,
            headers.CE_TIME: format_instant(self.now),
            headers.CE_SUBJECT: str(event.aggregate_id),
            headers.CE_ORGANISATION: str(organisation_id),
            headers.CE_VERSION: str(version),
            headers.CE_CORRELATION: self.cause.correlation_id,
            headers.CE_CAUSATION: self.cause.causation_id,
            headers.MESSAGE_ID: str(event_id),
        }
        if contract.version > 1:
            found[headers.CE_DATA_SCHEMA] = f"urn:crm:event:{contract.type}:{contract.version}"
        if self.cause.user_id is not None:
            found[headers.CE_USER] = str(self.cause.user_id)
        if self.cause.simulated_time is not None:
            found[headers.TIME] = format_instant(self.cause.simulated_time)
        if self.cause.trace_parent is not None:
            found[headers.TRACE_PARENT] = self.cause.trace_parent
        self.outgoing.messages.append(
            (event_id, contract.subject(organisation_id), found, body, organisation_id, self.now)
        )
        if not any(change.id == event.aggregate_id for change in self.changes):
            self.changes.append(
                Change(contract.aggregate, event.aggregate_id, None, {"event": contract.type, "version": version})
            )
        return event_id

    def record(
        self,
        type_: str,
        id_: UUID | None,
        *,
        before: Mapping[str, Any] | None = None,
        after: Mapping[str, Any] | None = None,
    ) -> None:
        """Say in the audit trail what changed. Classified values go through `digest` first."""
        self.changes = [change for change in self.changes if change.id != id_]
        self.changes.append(Change(type_, id_, before, after))

    def order(self, item: WorkItem, *, key: str) -> None:
        """Leave slow work for the workers, who see it after the commit; the same kind and key is ordered once."""
        now = clock.now()
        payload, found = item.model_dump(mode="json"), self.cause.headers()
        self.outgoing.work.append((new_id(), item.kind(), key, self.organisation_id, payload, found, now, now))

    async def ask(self, request: Request[ReplyType]) -> ReplyType:
        """Ask another actor, with the caller's own rights or as this actor where it is a declared caller."""
        return await self._asking.ask(request, organisation_id=self.organisation_id, cause=self.cause)

    async def next_number(self, counter: Table) -> int:
        """A rising number that may leave gaps, from a table (organisation_id, next_number)."""
        return await self._numbers(counter, self.organisation_id)

    # -- business time and versions ------------------------------------------------------------------------------

    def today(self, zone: ZoneInfo = PARIS) -> date:
        """The civil date of "now" where the business is."""
        return local_date(self.now, zone)

    @staticmethod
    def check_version(expected: int | None, actual: int) -> None:
        """Refuse a stale `expected_version`."""
        if expected is not None and expected != actual:
            raise Refused(
                VERSION_CONFLICT,
                f"expected_version is {expected} but the record is at {actual}; read it again and repeat the change",
                details={"expected": expected, "actual": actual},
            )

    async def for_organisation(self, organisation_id: UUID) -> None:
        """Turn the transaction to another organisation: for work that belongs to none at first, or to several."""
        await self._connection.execute("select set_config('app.organisation_id', $1, true)", str(organisation_id))
        self.organisation_id = organisation_id

    @property
    def connection(self) -> Any:
        """The driver's connection, for statements that neither Core nor `insert_rows` can say (COPY)."""
        return self._connection


Handler = Callable[[Any, UnitOfWork], Awaitable[Any]]
"""A request, event or moment and the transaction it is dealt with in."""


def _rendered(statement: Executable | Statement | Bound, values: Mapping[str, Any]) -> tuple[str, Iterable[Any]]:
    if isinstance(statement, Bound):
        return statement.sql, statement.arguments
    if isinstance(statement, Statement):
        return statement.sql, statement.arguments(values)
    return render(statement, values)
