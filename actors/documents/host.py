"""The running host of this process, for what a transaction cannot give: the object store and a transaction beside one."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from messages.errors import ACTOR_UNAVAILABLE
from messages.problem import Refused
from runtime.audit_rows import change_rows
from runtime.heart import Heart
from runtime.unit_of_work import UnitOfWork
from storage.shared.outgoing import Outgoing


class RunningHost:
    """Set at start. Where several replicas run in one process, any connected one serves."""

    def __init__(self) -> None:
        self._hearts: list[Heart] = []

    async def start(self, heart: Heart) -> None:
        """Remember a replica that has started."""
        self._hearts.append(heart)

    @property
    def heart(self) -> Heart:
        """A replica with a connection; Refused ACTOR_UNAVAILABLE while there is none."""
        self._hearts = [heart for heart in self._hearts if heart.connection.broker._connection is not None]
        for heart in reversed(self._hearts):
            if heart.connection.connected:
                return heart
        raise Refused(ACTOR_UNAVAILABLE, "documents has no connection to its object store; try again")

    @asynccontextmanager
    async def aside(self, work: UnitOfWork) -> AsyncIterator[UnitOfWork]:
        """A unit of work that commits although the one at hand will be refused. It must not wait for rows that one locked."""
        heart, outgoing = self.heart, Outgoing()
        async with heart.database.aside(work.organisation_id) as connection:
            unit = heart.unit(connection, work.organisation_id, work.caller, work.now, work.cause, outgoing)
            yield unit
            outgoing.audit.extend(change_rows(unit, "documents.aside"))
            await outgoing.write(connection, relay_is_here=heart.relay_is_here)
        heart.committed(outgoing)


HOST = RunningHost()
