"""Two records of clients that are one: his rows follow the survivor, and go back when the merge is undone."""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, insert, literal, select, update

from actors.payments import standing
from actors.payments.recovery import following
from actors.payments.recovery.desk import Desk, Row
from messages.clients import ClientMerged, ClientUnmerged
from messages.payments import CaseCloseReason, RecoveryCaseStatus
from runtime.unit_of_work import UnitOfWork
from storage.payments.sets import among
from storage.payments.tables.agreements import payment_promise, settlement_plan
from storage.payments.tables.charges import recovery_charge
from storage.payments.tables.dues import instalment, schedule
from storage.payments.tables.means import bank_details, mandate
from storage.payments.tables.others import merged_row
from storage.payments.tables.payments import payment
from storage.payments.tables.recovery import formal_notice, recovery_case, reminder, retry_plan

# Journal lines keep the auxiliary account they were posted to; views follow their owners' facts.
_FOLLOWING = (
    bank_details, mandate, schedule, instalment, payment, recovery_case, retry_plan, reminder, formal_notice, payment_promise,
    settlement_plan, recovery_charge,
)  # fmt: skip


async def follow_merge(event: ClientMerged, work: UnitOfWork) -> None:
    """Everything of the merged records becomes the survivor's; cases of one contract become one."""
    await _join_cases(work, event.survivor_id, event.merged_ids)
    for table in _FOLLOWING:
        his = (table.c.organisation_id == work.organisation_id, among(table.c.client_id, sorted(event.merged_ids)))
        noted = select(
            literal(work.organisation_id), literal(event.merge_operation_id), literal(table.name), table.c.id,
            table.c.client_id,
        ).where(*his)  # fmt: skip
        columns = ["organisation_id", "operation_id", "table_name", "row_id", "client_id"]
        await work.execute(insert(merged_row).from_select(columns, noted))
        await work.execute(update(table).where(*his).values(client_id=event.survivor_id))
    await standing.refresh(work, [event.survivor_id, *event.merged_ids])


async def undo_merge(event: ClientUnmerged, work: UnitOfWork) -> None:
    """What came from the restored client is his again; joined cases stay joined."""
    for table in _FOLLOWING:
        came = (
            select(merged_row.c.row_id)
            .where(
                merged_row.c.organisation_id == work.organisation_id,
                merged_row.c.operation_id == event.merge_operation_id,
                merged_row.c.table_name == table.name,
                merged_row.c.client_id == event.restored_id,
            )
            .scalar_subquery()
        )
        back: tuple[ColumnElement[bool], ...] = (
            table.c.organisation_id == work.organisation_id,
            table.c.id.in_(came),
            table.c.client_id == event.survivor_id,
        )
        await work.execute(update(table).where(*back).values(client_id=event.restored_id))
    await standing.refresh(work, [event.survivor_id, event.restored_id])


async def _join_cases(work: UnitOfWork, survivor_id: UUID, merged_ids: tuple[UUID, ...]) -> None:
    """Where both have an open case of the same company and contract, the merged one's receivables move to the other."""
    desk = Desk(work)
    await desk.load([survivor_id, *merged_ids])
    kept: dict[tuple[Any, Any], Row] = {
        _key(case): case for case in desk.open_cases() if case["client_id"] == survivor_id
    }
    for case in desk.open_cases():
        target = kept.setdefault(_key(case), case)
        if target is not case:
            _join(desk, case, target)
    await desk.store()


def _key(case: Row) -> tuple[Any, Any]:
    return case["company_id"], case["contract_id"]


def _join(desk: Desk, case: Row, target: Row) -> None:
    for rows in (
        desk.items,
        desk.plans,
        desk.reminders,
        desk.suspensions,
        desk.notices,
        desk.promises,
        desk.settlements,
    ):
        for row in rows.values():
            if row["case_id"] == case["id"]:
                desk.change(row, case_id=target["id"])
    desk.change(
        target,
        level=max(target["level"], case["level"]),
        rejection_count=target["rejection_count"] + case["rejection_count"],
        retries_exhausted=target["retries_exhausted"] or case["retries_exhausted"],
        version=target["version"] + 1,
    )
    desk.change(case, outstanding=following.NOTHING)
    following.close(desk, case, CaseCloseReason.MERGED)
    if target["status"] == RecoveryCaseStatus.OPEN:
        following.recount(desk, target)
