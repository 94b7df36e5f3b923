"""Two clients become one: what belonged to the merged one belongs to the survivor, and finds its way back."""

from typing import Any
from uuid import UUID

from sqlalchemy import Column, Table, delete, exists, insert, literal, select, update

from actors.calendar.requests.configurations import say_changed
from messages.calendar.terms import ConfigurationLevel
from runtime.unit_of_work import UnitOfWork
from storage.calendar.tables import contract_copy, debit_configuration, debit_date_override, merged_row, planned_debit

_ROWS: dict[str, tuple[Table, Column[Any], Column[Any]]] = {
    "planned_debit": (planned_debit, planned_debit.c.id, planned_debit.c.client_id),
    "contract_copy": (contract_copy, contract_copy.c.contract_id, contract_copy.c.client_id),
    "debit_date_override": (debit_date_override, debit_date_override.c.id, debit_date_override.c.scope_id),
    "debit_configuration": (debit_configuration, debit_configuration.c.id, debit_configuration.c.scope_id),
}


async def take_over(merged_id: UUID, survivor_id: UUID, operation_id: UUID, work: UnitOfWork) -> None:
    """Point the rows of the merged client at the survivor and remember which they were."""
    for kind, (table, identity, owner) in _ROWS.items():
        moved = (
            update(table)
            .where(table.c.organisation_id == work.organisation_id, owner == merged_id, *_free(kind, survivor_id))
            .values({owner.name: survivor_id})
            .returning(identity)
            .cte("moved")
        )
        rows = select(
            literal(work.organisation_id), literal(operation_id), literal(kind), moved.c[0], literal(merged_id)
        )
        names = ["organisation_id", "merge_operation_id", "kind", "row_id", "original_client_id"]
        remembered = insert(merged_row).from_select(names, rows).returning(merged_row.c.row_id)
        found = await work.fetch(remembered)
        if kind == "debit_configuration":
            await _say_moved([row["row_id"] for row in found], work)


async def give_back(restored_id: UUID, survivor_id: UUID, operation_id: UUID, work: UnitOfWork) -> None:
    """Point what the survivor took over from the restored client at it again."""
    for kind, (table, identity, owner) in _ROWS.items():
        taken = select(merged_row.c.row_id).where(
            merged_row.c.organisation_id == work.organisation_id,
            merged_row.c.merge_operation_id == operation_id,
            merged_row.c.kind == kind,
            merged_row.c.original_client_id == restored_id,
        )
        found = await work.fetch(
            update(table)
            .where(table.c.organisation_id == work.organisation_id, owner == survivor_id, identity.in_(taken))
            .values({owner.name: restored_id})
            .returning(identity)
        )
        if kind == "debit_configuration":
            await _say_moved([row[identity.name] for row in found], work)
    await work.execute(
        delete(merged_row).where(
            merged_row.c.organisation_id == work.organisation_id,
            merged_row.c.merge_operation_id == operation_id,
            merged_row.c.original_client_id == restored_id,
        )
    )


def _free(kind: str, survivor_id: UUID) -> list[Any]:
    """A preference or a chosen date moves only where the survivor has none of its own."""
    if kind == "debit_configuration":
        table: Any = debit_configuration
        other = table.alias("other")
        same = [other.c.is_active]
        mine = [table.c.level == ConfigurationLevel.CLIENT, table.c.is_active]
    elif kind == "debit_date_override":
        table = debit_date_override
        other = table.alias("other")
        same = [other.c.target_year == table.c.target_year, other.c.target_month == table.c.target_month]
        mine = [table.c.level == ConfigurationLevel.CLIENT]
    else:
        return []
    taken = exists().where(
        other.c.organisation_id == table.c.organisation_id,
        other.c.level == ConfigurationLevel.CLIENT,
        other.c.scope_id == survivor_id,
        *same,
    )
    return [*mine, ~taken]


async def _say_moved(configuration_ids: list[UUID], work: UnitOfWork) -> None:
    for configuration_id in configuration_ids:
        row = await work.load(
            update(debit_configuration)
            .where(
                debit_configuration.c.organisation_id == work.organisation_id,
                debit_configuration.c.id == configuration_id,
            )
            .values(version=debit_configuration.c.version + 1, updated_at=work.now, updated_by=work.caller.principal)
            .returning(debit_configuration),
            "configuration",
        )
        say_changed(None, row, row["version"], work)
