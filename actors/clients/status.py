"""The client's status follows the facts: derived again whenever a contract, a bill, a payment or the standing changes."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select

from actors.clients.balances import bills_of
from actors.clients.changes import change_client, find_client, ids_of
from actors.clients.rules.naming import DEFAULT_STATUS
from actors.clients.rules.standing import Facts, category_of
from actors.clients.timeline import note
from messages.clients import ClientStatusChanged, StatusCategory, StatusMode, TimelineKind
from messages.values.identifiers import new_id
from runtime.unit_of_work import Row, UnitOfWork
from storage.clients.queries import one_of
from storage.clients.tables import contract_ref, dictionary_entry, standing_ref, status_history


async def derive_status(client_id: UUID, work: UnitOfWork, *, reason: str) -> None:
    """Give the client the status his contracts and payments say; nothing happens when it is the same."""
    row = await find_client(client_id, work)
    if row is None:
        return
    ids = await ids_of(row["id"], work)
    contracts = await _contracts(ids, work)
    category = category_of(await _facts(ids, contracts, work))
    dates = _relation(row, contracts, category)
    if row["status_mode"] == StatusMode.MANUAL:
        category = StatusCategory(row["status_category"])
    if category == row["status_category"] and all(row[name] == value for name, value in dates.items()):
        return
    code = row["status_code"] if category == row["status_category"] else await _code_of(category, work)
    after = await change_client(row, {"status_code": code, "status_category": category, **dates}, work)
    if category != row["status_category"]:
        await _tell(row, after, reason, work)


async def set_status(row: Row, code: str, category: str, until: date | None, reason: str, work: UnitOfWork) -> None:
    """Set the status by hand: it stays until it is cleared or `until` has passed."""
    changes = {
        "status_code": code,
        "status_category": category,
        "status_mode": StatusMode.MANUAL,
        "manual_until": until,
    }
    after = await change_client(row, changes, work)
    if after["version"] != row["version"]:
        await _tell(row, after, reason, work, StatusMode.MANUAL)


async def _tell(before: Row, after: Row, reason: str, work: UnitOfWork, mode: StatusMode = StatusMode.AUTO) -> None:
    work.emit(
        ClientStatusChanged(
            client_id=before["id"],
            from_code=before["status_code"],
            to_code=after["status_code"],
            from_category=before["status_category"],
            to_category=after["status_category"],
            mode=mode,
            reason=reason,
        ),
        version=after["version"],
    )
    await work.insert(
        status_history,
        id=new_id(),
        organisation_id=work.organisation_id,
        client_id=before["id"],
        from_code=before["status_code"],
        to_code=after["status_code"],
        reason=reason,
        mode=mode,
        changed_by=work.caller.principal,
        cause_event_id=work.cause.causation_id,
        occurred_at=work.now,
    )
    params = {"from": before["status_category"], "to": after["status_category"], "reason": reason}
    await note(before["id"], TimelineKind.STATUS, "status.changed", before["id"], work, params, source="clients")


async def _contracts(client_ids: Sequence[UUID], work: UnitOfWork) -> list[Row]:
    return await work.fetch(
        select(contract_ref).where(
            contract_ref.c.organisation_id == work.organisation_id, one_of(contract_ref.c.client_id, client_ids)
        )
    )


async def _facts(client_ids: Sequence[UUID], contracts: list[Row], work: UnitOfWork) -> Facts:
    standings = await work.fetch(
        select(standing_ref.c.standing).where(
            standing_ref.c.organisation_id == work.organisation_id, one_of(standing_ref.c.client_id, client_ids)
        )
    )
    late = False
    if not standings:
        today = work.today()
        late = any(bill.is_late(today) or rejected for bill, rejected in await bills_of(client_ids, work))
    return Facts(
        contract_statuses=[found["status"] for found in contracts],
        had_contract_in_force=any(found["was_in_force"] for found in contracts),
        standings=[found["standing"] for found in standings],
        late_without_standing=late,
    )


def _relation(row: Row, contracts: list[Row], category: StatusCategory) -> dict[str, Any]:
    """When the relation began and ended: with the first contract in force, and the last one that ended."""
    in_force = [found for found in contracts if found["was_in_force"]]
    if not in_force:
        return {}
    started: date | None = row["relation_started_on"] or min(found["effective_on"] for found in in_force)
    ended = [found["ended_on"] for found in in_force if found["ended_on"] is not None]
    over = category is StatusCategory.INACTIVE
    return {"relation_started_on": started, "relation_ended_on": max(ended, default=None) if over else None}


async def _code_of(category: StatusCategory, work: UnitOfWork) -> str:
    """The tenant's default code of a category."""
    found = await work.fetch_value(
        select(dictionary_entry.c.code).where(
            dictionary_entry.c.organisation_id == work.organisation_id,
            dictionary_entry.c.kind == "CLIENT_STATUS",
            dictionary_entry.c.is_default.is_(True),
            dictionary_entry.c.settings["category"].astext == category.value,
        )
    )
    return str(found) if found is not None else DEFAULT_STATUS[category]
