"""What the parties decide about the next term, and what is known about it."""

from typing import Any

from sqlalchemy import select

from actors.contrats import views
from actors.contrats.contract_record import load
from actors.contrats.renewal import cycles
from actors.contrats.rules.renewal import renews_by_itself
from actors.contrats.rules.status import BOUND
from messages.contrats import INVALID_DATES, Contract, ContractUpdated, TermKind
from messages.contrats.renewals import (
    COMMITMENT_RUNNING,
    NOTHING_TO_RENEW,
    REFUSAL_TOO_LATE,
    RENEWAL_CYCLE_NOT_FOUND,
    ContractRenewalRefused,
    GetRenewalCycle,
    ListRenewals,
    RefuseRenewal,
    RenewalCyclePage,
    SetRenewal,
)
from messages.contrats.replies import RenewalCycle
from messages.contrats.states import RenewalStatus
from messages.problem import Refused
from runtime.pagination import page
from runtime.unit_of_work import UnitOfWork
from storage.contrats.tables import renewal_cycle


async def refuse_renewal(request: RefuseRenewal, work: UnitOfWork) -> RenewalCycle:
    """The contract ends with its term; after the deadline only a termination can end it."""
    record = await load(request.contract_id, work, expected_version=request.expected_version)
    cycle = await cycles.cycle_of(record)
    if cycle is None or record.status not in BOUND or not renews_by_itself(record.row):
        raise Refused(NOTHING_TO_RENEW, "the contract does not renew by itself; terminate it instead")
    if cycle["status"] == RenewalStatus.REFUSED:
        return views.cycle_of(cycle)
    if request.received_on > record.today:
        raise Refused.field("received_on", "future", "received_on is the day it arrived; correct it", INVALID_DATES)
    if request.received_on > cycle["refusal_deadline"]:
        raise Refused(
            REFUSAL_TOO_LATE,
            f"the renewal could be refused until {cycle['refusal_deadline']}; terminate the contract instead",
            details={"refusal_deadline": cycle["refusal_deadline"].isoformat()},
        )
    committed = record["commitment_ends_on"]
    if committed is not None and committed > record["ends_on"]:
        raise Refused(COMMITMENT_RUNNING, f"the commitment runs until {committed}, beyond this term; terminate instead")
    refused = await cycles.move(record, cycle, "refuse", refused_on=request.received_on)
    record.state(ContractRenewalRefused, received_on=request.received_on)
    await record.save()
    return views.cycle_of(refused)


async def set_renewal(request: SetRenewal, work: UnitOfWork) -> Contract:
    """Another way to go on, or another length of the next term."""
    record = await load(request.contract_id, work, expected_version=request.expected_version)
    cycle = await cycles.cycle_of(record)
    settled = cycle is not None and cycle["status"] == RenewalStatus.REFUSED
    if record.status not in BOUND or record["term_kind"] == TermKind.OPEN_ENDED or settled:
        raise Refused(NOTHING_TO_RENEW, "no term is left to renew; agree on a new contract")
    changes: dict[str, Any] = {"renewal_mode": request.mode}
    if request.term_months is not None:
        changes["renewal_term_months"] = request.term_months
    changed = sorted(name for name, value in changes.items() if record[name] != value)
    if changed:
        record.set(**changes)
        await cycles.open_cycle(record)
        record.state(ContractUpdated, changed_fields=changed)
        await record.save()
    return record.reply()


async def get_renewal_cycle(request: GetRenewalCycle, work: UnitOfWork) -> RenewalCycle:
    """The end of the running term."""
    record = await load(request.contract_id, work, lock=False)
    cycle = await cycles.cycle_of(record)
    if cycle is None:
        raise Refused(RENEWAL_CYCLE_NOT_FOUND, "the contract has no term that renews by itself")
    return views.cycle_of(cycle)


async def list_renewals(request: ListRenewals, work: UnitOfWork) -> RenewalCyclePage:
    """Ends of terms by their deadline."""
    statement = select(renewal_cycle).where(renewal_cycle.c.organisation_id == work.organisation_id)
    if request.status:
        statement = statement.where(renewal_cycle.c.status.in_(request.status))
    if request.deadline_from is not None:
        statement = statement.where(renewal_cycle.c.refusal_deadline >= request.deadline_from)
    if request.deadline_to is not None:
        statement = statement.where(renewal_cycle.c.refusal_deadline <= request.deadline_to)
    if work.caller.company_ids is not None:
        statement = statement.where(renewal_cycle.c.company_id.in_(work.caller.company_ids))
    return await page(
        work,
        request,
        statement,
        order=(renewal_cycle.c.refusal_deadline, renewal_cycle.c.id),
        reply=RenewalCyclePage,
        item=views.cycle_of,
    )
