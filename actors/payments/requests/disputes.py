"""Disputes as legal staff records and decides them."""

from uuid import UUID

from actors.payments.recovery import climbing, disputing
from actors.payments.recovery.desk import Desk, Row
from actors.payments.recovery.found import desk_of
from actors.payments.requests.recovery import in_full
from actors.payments.rules.recovery_machines import RECOVERY_CASE
from messages.payments import (
    RECOVERY_ITEM_NOT_FOUND,
    DisputeRecoveryItem,
    RecoveryCase,
    RecoveryCaseStatus,
    ResolveDispute,
)
from messages.problem import Refused
from messages.values.instants import PARIS
from runtime.unit_of_work import UnitOfWork


async def dispute_recovery_item(request: DisputeRecoveryItem, work: UnitOfWork) -> RecoveryCase:
    """Leave a receivable alone."""
    desk, case, item = await _item(work, request.case_id, request.item_id)
    disputing.dispute(desk, case, item, request.cause)
    work.record("recovery_case", case["id"], after={"disputed": str(item["id"]), "cause": request.cause})
    await climbing.climb(desk, case, PARIS)
    await desk.store()
    return in_full(desk, case)


async def resolve_dispute(request: ResolveDispute, work: UnitOfWork) -> RecoveryCase:
    """Decide."""
    desk, case, item = await _item(work, request.case_id, request.item_id)
    await disputing.resolve(desk, case, item, request.outcome, PARIS)
    work.record("recovery_case", case["id"], after={"dispute": str(item["id"]), "outcome": request.outcome})
    await desk.store()
    return in_full(desk, case)


async def _item(work: UnitOfWork, case_id: UUID, item_id: UUID) -> tuple[Desk, Row, Row]:
    desk, case = await desk_of(work, case_id)
    RECOVERY_CASE.after("close", RecoveryCaseStatus(case["status"]))  # of a closed case nothing is asked any more
    item = desk.items.get(item_id)
    if item is None or item["case_id"] != case_id:
        raise Refused(RECOVERY_ITEM_NOT_FOUND, "the case has no such receivable; take the id from the case")
    return desk, case, item
