"""The consumer's side of a rebuild: projections are made again from their owner's present state.

Each page is an item of slow work, so a rebuild survives restarts and goes on at its cursor, and `crm ops work` shows it. Live
events go on meanwhile; the newer version wins. What a handler would say or order beside its projection is dropped: it was
said when it happened.
"""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from messages.base import NIL_ORGANISATION, Event
from messages.errors import INVALID_TRANSITION
from messages.every_actor import EXPORT_SNAPSHOT, SnapshotItem, SnapshotPage
from messages.problem import Refused
from messages.values.identifiers import new_id
from runtime.runtime_reactions import Tenant, remember_tenant
from runtime.unit_of_work import Handler, UnitOfWork, WorkItem

Reaction = tuple[type[Event], Handler]

TENANTS = "organisation"


class RebuildProjection(WorkItem):
    """One page of one aggregate; when it is the tenants' page, what to rebuild for each of them."""

    run: UUID
    aggregate: str
    cursor: UUID | None = None
    then: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The same page of the same run is ordered once."""
        return f"{self.run}/{self.aggregate}/{self.cursor or 'start'}"


class Rebuilding:
    """What one actor can rebuild: for each aggregate the reactions that only keep a projection."""

    def __init__(self, projections: Mapping[str, list[Reaction]], *, owns_tenants: bool = False) -> None:
        self.projections = projections
        self._owns_tenants = owns_tenants

    @property
    def names(self) -> list[str]:
        """The aggregates whose projections can be rebuilt."""
        return sorted(self.projections)

    def first_item(self, wanted: str | None) -> RebuildProjection:
        """Where a rebuild begins: at the tenants, then everything or one aggregate for each of them."""
        if self._owns_tenants:
            raise Refused(INVALID_TRANSITION, "this actor owns the tenants and keeps no projection; rebuild the others")
        if wanted is not None and wanted not in self.projections:
            known = ", ".join(self.names) or "none"
            raise Refused.field(
                "projection", "unknown", f"no projection of '{wanted}' is kept here; there are: {known}"
            )
        return RebuildProjection(run=new_id(), aggregate=TENANTS, then=(wanted,) if wanted else tuple(self.names))

    async def perform(self, item: RebuildProjection, outside: Any) -> SnapshotPage:
        """Ask the owner for a page."""
        owner = "identity" if item.aggregate == TENANTS else self.projections[item.aggregate][0][0].contract.actor
        wanted = {"aggregate": item.aggregate, "cursor": item.cursor}
        page: SnapshotPage = await outside.ask(EXPORT_SNAPSHOT[owner].model_validate(wanted))
        return page

    async def finish(self, item: RebuildProjection, page: SnapshotPage, work: UnitOfWork) -> None:
        """Keep the page and order what follows."""
        for found in page.items:
            if item.aggregate == TENANTS:
                await remember_tenant(Tenant.model_validate(found.snapshot), work, found.version)
            else:
                await _keep(found, self.projections[item.aggregate], work)
        if page.next_cursor is not None:
            following = item.model_copy(update={"cursor": page.next_cursor})
            work.order(following, key=following.key)
        for organisation_id in _tenants(item, page):
            await work.for_organisation(organisation_id)
            for aggregate in item.then:
                part = RebuildProjection(run=item.run, aggregate=aggregate)
                work.order(part, key=part.key)
        if item.aggregate == TENANTS:
            await work.for_organisation(NIL_ORGANISATION)


def _tenants(item: RebuildProjection, page: SnapshotPage) -> Iterable[UUID]:
    return (UUID(found.snapshot["organisation_id"]) for found in page.items if item.aggregate == TENANTS)


async def _keep(found: SnapshotItem, reactions: Iterable[Reaction], work: UnitOfWork) -> None:
    """Give the snapshot to the first reaction whose event it fills."""
    snapshot = {"changed_fields": [], **found.snapshot}
    for event_type, handler in reactions:
        try:
            event = event_type.model_validate(snapshot)
        except ValidationError:
            continue
        said, ordered = len(work.outgoing.messages), len(work.outgoing.work)
        work.source_version = found.version
        await handler(event, work)
        del work.outgoing.messages[said:], work.outgoing.work[ordered:]
        work.changes.clear()
        return
    names = ", ".join(event_type.type for event_type, _ in reactions)
    raise ValueError(f"the owner's snapshot fills none of {names}")
