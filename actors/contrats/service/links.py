"""The services of a contract at its providers: each follows the line that pays for it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from actors.contrats.contract_record import ContractRecord
from actors.contrats.rules.amendments import LineChanges
from actors.contrats.rules.services import SERVICE, is_concerned, never_runs
from messages.contrats import LineKind, ProvisioningAction, ServiceStatus
from messages.values.identifiers import new_id
from runtime.unit_of_work import Row, UnitOfWork
from storage.contrats.tables import service_link


async def links_of(contract_id: UUID, work: UnitOfWork) -> list[Row]:
    """The services of a contract."""
    return await work.fetch(
        select(service_link)
        .where(service_link.c.organisation_id == work.organisation_id, service_link.c.contract_id == contract_id)
        .order_by(service_link.c.id)
    )


async def agree(record: ContractRecord, lines: Iterable[Mapping[str, Any]]) -> None:
    """Recurring lines with a provider bring a service each; it is ordered when the contract or the line begins."""
    rows = [
        {
            "id": new_id(),
            "organisation_id": record.work.organisation_id,
            "contract_id": record.id,
            "line_id": line["id"],
            "provider_code": line["provider_code"],
            "external_service_id": None,
            "kind": line["service_kind"],
            "status": ServiceStatus.PLANNED,
            "begins_on": line["valid_from"],
            "ends_on": None,
            "last_sync_at": None,
        }
        for line in lines
        if line["kind"] == LineKind.RECURRING and line["provider_code"]
    ]
    await record.work.insert_rows(service_link, rows)


async def follow(record: ContractRecord, changes: LineChanges) -> None:
    """A service goes on under the line that replaces its own, and ends with a line that nothing replaces."""
    heirs = {line["replaces_id"]: line["id"] for line in changes.opens if line["replaces_id"] is not None}
    for link in await links_of(record.id, record.work):
        last_day = changes.ends.get(link["line_id"])
        if last_day is None:
            continue
        if link["line_id"] in heirs:
            await _change(record, [link["id"]], line_id=heirs[link["line_id"]])
        elif never_runs(link, last_day, record.today):
            await _change(record, [link["id"]], ends_on=last_day, status=SERVICE.after("give_up", link["status"]))
        else:
            await _change(record, [link["id"]], ends_on=last_day)
    await agree(record, [line for line in changes.opens if line["replaces_id"] is None])


async def begin_on(record: ContractRecord, agreed: date, day: date) -> None:
    """Services that were to begin with the contract begin with it on another day."""
    await record.work.execute(
        update(service_link)
        .where(
            service_link.c.organisation_id == record.work.organisation_id,
            service_link.c.contract_id == record.id,
            service_link.c.begins_on == agreed,
        )
        .values(begins_on=day)
    )


async def give_up_planned(record: ContractRecord) -> None:
    """The contract ends: services nobody was asked for will not come."""
    planned = [link for link in await links_of(record.id, record.work) if SERVICE.allows("give_up", link["status"])]
    await _change(record, [link["id"] for link in planned], status=SERVICE.after("give_up", ServiceStatus.PLANNED))


async def concerned(record: ContractRecord, action: ProvisioningAction, named: Collection[UUID] = ()) -> list[Row]:
    """The services an order is about: those named by themselves or by their lines, or all of the contract."""
    named = continued(record.lines, named)
    return [
        link
        for link in await links_of(record.id, record.work)
        if is_concerned(link, action, record.today) and (not named or named & {link["id"], link["line_id"]})
    ]


async def ordered(record: ContractRecord, links: Sequence[Row]) -> None:
    """The provider is asked for these services."""
    await _change(record, [link["id"] for link in links], status=ServiceStatus.REQUESTED)


async def reached(
    record: ContractRecord, action: ProvisioningAction, links: Sequence[Row], external: str | None
) -> None:
    """The provider has done it; `external` is his own name for the service, when he gives one."""
    name = {} if external is None else {"external_service_id": external}
    for link in links:
        status = SERVICE.after(action, ServiceStatus(link["status"]))
        await _change(record, [link["id"]], status=status, last_sync_at=record.work.now, **name)


def continued(lines: Sequence[Mapping[str, Any]], named: Collection[UUID]) -> set[UUID]:
    """The named lines and those that replaced them since: who orders by an older version means the same service."""
    heirs = {line["replaces_id"]: line["id"] for line in lines if line["replaces_id"] is not None}
    found: set[UUID] = set()
    for line_id in named:
        found.add(line_id)
        while line_id in heirs:
            line_id = heirs[line_id]
            found.add(line_id)
    return found


async def _change(record: ContractRecord, links: Sequence[UUID], **columns: Any) -> None:
    await record.work.execute(
        update(service_link)
        .where(service_link.c.organisation_id == record.work.organisation_id, service_link.c.id.in_(links))
        .values(**columns)
    )
