"""Jobs: clients are told in time, terms end, and new ones begin."""

from datetime import timedelta
from typing import Any

from sqlalchemy import Date, Select, func, literal, select

from actors.contrats.contract_record import ContractRecord
from actors.contrats.facts import first_time
from actors.contrats.leaving import endings
from actors.contrats.renewal import cycles, notices, terms
from actors.contrats.rules.renewal import WARNING_DAYS, renews_by_itself
from actors.contrats.rules.status import IN_FORCE
from actors.contrats.schedule.batches import contracts, cut_today, each
from actors.contrats.service import effects
from messages.contrats.renewals import ContractExpiringSoon
from messages.contrats.states import RenewalStatus
from runtime.actor import Moment
from runtime.unit_of_work import UnitOfWork
from storage.contrats.tables import (
    contract,
    heard_fact,
    renewal_cycle,
)


async def terminate_due(moment: Moment, work: UnitOfWork) -> object:
    """Day: the last day of a scheduled end has passed."""

    async def terminate(record: ContractRecord) -> bool:
        request = await effects.scheduled_termination(record.id, work)
        if request is None or request["ends_on"] >= record.today:
            return False
        await endings.terminate(record, request)
        return True

    due = contracts(work).where(
        contract.c.termination_ends_on < work.today(),
        contract.c.status.in_(IN_FORCE),
        ~cut_today(work).exists(),
    )
    return await each(due.order_by(contract.c.termination_ends_on, contract.c.id), terminate, work)


async def end_terms(moment: Moment, work: UnitOfWork) -> object:
    """Day: a term is over: renewed tacitly, or expired."""

    async def end_term(record: ContractRecord) -> bool:
        if record["ends_on"] >= record.today:
            return False
        cycle = await cycles.cycle_of(record)
        if renews_by_itself(record.row) and (cycle is None or cycle["status"] != RenewalStatus.REFUSED):
            await terms.renew(record, cycle)
        else:
            await endings.expire(record)
        return True

    due = contracts(work).where(
        contract.c.ends_on < work.today(),
        contract.c.status.in_(IN_FORCE),
        contract.c.termination_ends_on.is_(None),
        ~cut_today(work).exists(),
    )
    return await each(due.order_by(contract.c.ends_on, contract.c.id), end_term, work)


async def tell_of_renewals(moment: Moment, work: UnitOfWork) -> object:
    """Day: inside its window, the client is told that he may refuse the renewal."""

    async def tell(record: ContractRecord) -> bool:
        cycle = await cycles.cycle_of(record)
        if cycle is None or cycle["status"] != RenewalStatus.PENDING or cycle["info_ordered_at"] is not None:
            return False
        await notices.order(record, cycle)
        return True

    untold = _cycles(work).where(
        renewal_cycle.c.info_planned_on <= work.today(),
        renewal_cycle.c.info_window_to >= work.today(),
        renewal_cycle.c.info_ordered_at.is_(None),
    )
    due = contracts(work).where(
        contract.c.id.in_(untold), contract.c.status.in_(IN_FORCE), contract.c.termination_ends_on.is_(None)
    )
    return await each(due.order_by(contract.c.ends_on, contract.c.id), tell, work)


async def miss_renewal_infos(moment: Moment, work: UnitOfWork) -> object:
    """Day: the window closed and nothing proves that the client was told."""

    async def miss(record: ContractRecord) -> bool:
        cycle = await cycles.cycle_of(record)
        if cycle is None or cycle["status"] != RenewalStatus.PENDING:
            return False
        await notices.miss(record, cycle)
        return True

    missed = _cycles(work).where(
        renewal_cycle.c.info_window_to < work.today(), renewal_cycle.c.term_ends_on == contract.c.ends_on
    )
    due = contracts(work).where(contract.c.id.in_(missed), contract.c.status.in_(IN_FORCE))
    return await each(due.order_by(contract.c.ends_on, contract.c.id), miss, work)


async def warn_of_ends(moment: Moment, work: UnitOfWork) -> object:
    """Day: a term ends in 90, 60, 30 or 7 days; said once per contract, end and distance."""

    async def warn(record: ContractRecord) -> bool:
        days_left = (record["ends_on"] - work.today()).days
        if not await first_time(f"expiring:{record.id}:{record['ends_on']}:{days_left}", work):
            return False
        record.state(ContractExpiringSoon, days_left=days_left)
        return True

    days = [work.today() + timedelta(days=days) for days in WARNING_DAYS]
    warned = select(heard_fact.c.fact).where(
        heard_fact.c.organisation_id == work.organisation_id,
        heard_fact.c.fact
        == func.concat(
            "expiring:", contract.c.id, ":", contract.c.ends_on, ":", contract.c.ends_on - literal(work.today(), Date)
        ),
    )
    due = contracts(work).where(contract.c.ends_on.in_(days), contract.c.status.in_(IN_FORCE), ~warned.exists())
    return await each(due.order_by(contract.c.ends_on, contract.c.id), warn, work)


def _cycles(work: UnitOfWork) -> Select[Any]:
    """The contracts whose running cycle waits for the client to be told."""
    return select(renewal_cycle.c.contract_id).where(
        renewal_cycle.c.organisation_id == work.organisation_id,
        renewal_cycle.c.contract_id == contract.c.id,
        renewal_cycle.c.status == RenewalStatus.PENDING,
    )
