"""Orders to cut a service for an unpaid debt, and to restore it the moment the debt is paid."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from actors.payments.alerts import raise_alert
from actors.payments.recovery.desk import Desk, Row
from actors.payments.rules.recovery_machines import SUSPENSION
from messages.payments import (
    AlertSeverity,
    ServiceState,
    SuspensionLiftRequested,
    SuspensionMode,
    SuspensionRequested,
    SuspensionStatus,
    SuspensionWithdrawn,
)
from messages.shared import Ref
from messages.values.identifiers import new_id
from runtime.actor import MORE, Moment
from runtime.unit_of_work import UnitOfWork
from storage.payments.tables.recovery import recovery_case, suspension_request

_CUT_AGAIN = (timedelta(hours=1), timedelta(hours=4), timedelta(hours=24))
_LIFT_AGAIN = (timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2))
_S = SuspensionStatus


def request(desk: Desk, case: Row) -> Row:
    """Order the cut; suspension.requested."""
    row = desk.add(
        suspension_request,
        {
            "id": new_id(),
            "case_id": case["id"],
            "contract_id": case["contract_id"],
            "status": _S.REQUESTED,
            "requested_at": desk.work.now,
            "tries": 1,
        },
    )
    desk.change(case, service_state=ServiceState.SUSPENSION_REQUESTED)
    _order_cut(desk, row)
    return row


def _order_cut(desk: Desk, row: Row) -> None:
    fact = SuspensionRequested(
        request_id=row["id"],
        case_id=row["case_id"],
        contract_id=row["contract_id"],
        mode=SuspensionMode.FULL,
        effective_at=desk.work.now,
    )
    desk.state(row, fact)


def release(desk: Desk, case: Row) -> Row | None:
    """The debt is settled, or an agent decided so: an order not executed is withdrawn, a cut is lifted at once.

    A service whose contract has ended does not come back."""
    waiting = desk.suspension_of(case, _S.REQUESTED)
    if waiting is not None:
        desk.change(waiting, status=SUSPENSION.after("withdraw", _S(waiting["status"])), next_try_at=None)
        desk.change(case, service_state=ServiceState.ACTIVE)
        desk.state(waiting, SuspensionWithdrawn(request_id=waiting["id"], contract_id=waiting["contract_id"]))
        return waiting
    cut = desk.suspension_of(case, _S.CONFIRMED, _S.LIFT_FAILED)
    if cut is None or case["service_state"] == ServiceState.TERMINATED:
        return None
    lift(desk, case, cut)
    return cut


def lift(desk: Desk, case: Row, row: Row) -> None:
    """Order the service back; suspension.lift_requested."""
    desk.change(
        row,
        status=SUSPENSION.after("lift", _S(row["status"])),
        lift_requested_at=desk.work.now,
        tries=1,
        next_try_at=None,
    )
    desk.change(case, service_state=ServiceState.REACTIVATION_REQUESTED)
    _order_lift(desk, row)


def _order_lift(desk: Desk, row: Row) -> None:
    fact = SuspensionLiftRequested(request_id=row["id"], contract_id=row["contract_id"], effective_at=desk.work.now)
    desk.state(row, fact)


# -- what contrats answers -----------------------------------------------------------------------------------------


async def confirm(work: UnitOfWork, request_id: UUID | None) -> UUID | None:
    """The service is cut. If the debt was settled meanwhile it is restored in the same breath; the client's id."""
    desk, case, row = await _find(work, request_id)
    if desk is None or not SUSPENSION.allows("confirm", _S(row["status"])):
        return None
    withdrawn = row["status"] == _S.WITHDRAWN
    desk.change(row, status=SUSPENSION.after("confirm", _S(row["status"])), confirmed_at=work.now, next_try_at=None)
    desk.change(case, service_state=ServiceState.SUSPENDED)
    if withdrawn or case["outstanding"] <= 0:
        lift(desk, case, row)
    await desk.store()
    client_id: UUID = case["client_id"]
    return client_id


async def restored(work: UnitOfWork, contract_id: UUID) -> UUID | None:
    """The service runs again; the client's id."""
    found = await work.fetch_value(
        select(suspension_request.c.id)
        .where(
            suspension_request.c.organisation_id == work.organisation_id,
            suspension_request.c.contract_id == contract_id,
            suspension_request.c.status.in_((_S.LIFT_REQUESTED, _S.CONFIRMED)),
        )
        .order_by(suspension_request.c.requested_at.desc())
        .limit(1)
    )
    desk, case, row = await _find(work, found)
    if desk is None:
        return None
    desk.change(row, status=SUSPENSION.after("lifted", _S(row["status"])), next_try_at=None)
    desk.change(case, service_state=ServiceState.ACTIVE)
    await desk.store()
    client_id: UUID = case["client_id"]
    return client_id


async def failed(work: UnitOfWork, request_id: UUID | None) -> None:
    """The cut or its way back could not be done: tried again a few times, then people must do it."""
    desk, case, row = await _find(work, request_id)
    if desk is None or not SUSPENSION.allows("fail", _S(row["status"])):
        return
    delays = _CUT_AGAIN if row["status"] == _S.REQUESTED else _LIFT_AGAIN
    if case["service_state"] == ServiceState.TERMINATED:
        desk.change(row, status=SUSPENSION.after("fail", _S(row["status"])), next_try_at=None)
    elif row["tries"] <= len(delays):
        desk.change(row, next_try_at=work.now + delays[row["tries"] - 1])
    else:
        desk.change(row, status=SUSPENSION.after("fail", _S(row["status"])), next_try_at=None)
        await raise_alert(
            work,
            "RECOVERY_SUSPENSION_FAILED",
            AlertSeverity.CRITICAL,
            "Suspension ou rétablissement impossible",
            f"contract {row['contract_id']} of case {case['number']}: the service was not changed; do it by hand",
            about=row["id"],
            company_id=case["company_id"],
            refs=[Ref(type="contract", id=row["contract_id"])],
        )
    await desk.store()


async def try_again(moment: Moment, work: UnitOfWork) -> object:
    """Orders that failed are repeated under the same id when their delay is over."""
    rows = await work.fetch(
        select(suspension_request.c.id)
        .where(
            suspension_request.c.organisation_id == work.organisation_id,
            suspension_request.c.next_try_at <= moment.as_of,
        )
        .order_by(suspension_request.c.next_try_at)
        .limit(1)
    )
    if not rows:
        return None
    desk, _, row = await _find(work, rows[0]["id"])
    if desk is not None:
        desk.change(row, tries=row["tries"] + 1, next_try_at=None)
        _order_cut(desk, row) if row["status"] == _S.REQUESTED else _order_lift(desk, row)
        await desk.store()
    return MORE


async def _find(work: UnitOfWork, request_id: UUID | None) -> tuple[Any, Row, Row]:
    """The desk with the case of an order; a desk of None when the order is not ours."""
    client_id = await work.fetch_value(
        select(recovery_case.c.client_id)
        .join(suspension_request, suspension_request.c.case_id == recovery_case.c.id)
        .where(suspension_request.c.organisation_id == work.organisation_id, suspension_request.c.id == request_id)
    )
    if client_id is None:
        return None, {}, {}
    desk = Desk(work)
    await desk.load([client_id])
    row = desk.suspensions[request_id]  # type: ignore[index]
    return desk, desk.cases[row["case_id"]], row
