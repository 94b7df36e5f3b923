"""Contracts that end: ended for an unpaid debt by the last step of a ladder, or ended otherwise while a debt is recovered."""

from datetime import datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select

from actors.payments.recovery import cutting
from actors.payments.recovery.desk import Desk, Row
from messages.payments import ContractTerminationRequested, NoticeStatus, ServiceState, SuspensionStatus
from messages.values.identifiers import derived_id
from messages.values.instants import local_date
from runtime.unit_of_work import UnitOfWork
from storage.payments.tables.recovery import recovery_case


def request_termination(desk: Desk, case: Row, zone: ZoneInfo) -> None:
    """Order the end of the contract with this day, once per case; contract_termination.requested.

    Without a formal notice that ran out nothing is ordered: the notice is what makes the termination valid.
    """
    notice = desk.notice_of(case, NoticeStatus.EXPIRED)
    if notice is None or case["service_state"] == ServiceState.TERMINATED:
        return
    tomorrow = local_date(desk.work.now, zone) + timedelta(days=1)
    fact = ContractTerminationRequested(
        request_id=derived_id("termination", case["id"]),
        contract_id=case["contract_id"],
        case_id=case["id"],
        notice_id=notice["id"],
        effective_at=datetime.combine(tomorrow, time(0), tzinfo=zone),
    )
    desk.work.emit(fact, version=1)
    desk.change(case, service_state=ServiceState.TERMINATION_REQUESTED)


async def note_ended(work: UnitOfWork, contract_id: UUID) -> UUID | None:
    """The contract is over: no service is left to cut or to restore, the debt stays. The client's id, if there was a case."""
    client_id: UUID | None = await work.fetch_value(
        select(recovery_case.c.client_id)
        .where(
            recovery_case.c.organisation_id == work.organisation_id,
            recovery_case.c.contract_id == contract_id,
            recovery_case.c.service_state != ServiceState.TERMINATED,
        )
        .order_by(recovery_case.c.created_at.desc(), recovery_case.c.id.desc())
        .limit(1)
    )
    if client_id is None:
        return None
    desk = Desk(work)
    await desk.load([client_id])
    for case in desk.cases.values():
        if case["contract_id"] == contract_id:
            if desk.suspension_of(case, SuspensionStatus.REQUESTED) is not None:
                cutting.release(desk, case)
            desk.change(case, service_state=ServiceState.TERMINATED, version=case["version"] + 1)
    await desk.store()
    return client_id
