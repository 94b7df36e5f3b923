"""Jobs: the schedule of bills is planned ahead, and billed on its day."""

from datetime import timedelta

from sqlalchemy import select

from actors.contrats.billing import bills
from actors.contrats.contract_record import ContractRecord
from actors.contrats.rules.status import BOUND
from actors.contrats.schedule.batches import contracts, each
from messages.contrats import (
    BillingPolicy,
)
from runtime.actor import Moment
from runtime.unit_of_work import UnitOfWork
from storage.contrats.tables import (
    billing_instalment,
    contract,
    suspension_period,
)

_PLAN_AHEAD = bills.HORIZON - timedelta(days=30)


async def bill_due(moment: Moment, work: UnitOfWork) -> object:
    """Day: what is to be billed today, and what was missed, oldest first."""
    waiting = (
        select(billing_instalment.c.contract_id)
        .where(
            billing_instalment.c.organisation_id == work.organisation_id,
            billing_instalment.c.status == "PLANNED",
            billing_instalment.c.bill_on <= work.today(),
        )
        .distinct()
    )
    paused = select(suspension_period.c.contract_id).where(
        suspension_period.c.organisation_id == work.organisation_id,
        suspension_period.c.contract_id == contract.c.id,
        suspension_period.c.ends_on.is_(None),
        suspension_period.c.billing_policy != BillingPolicy.CONTINUE,
    )
    due = contracts(work).where(
        contract.c.id.in_(waiting),
        contract.c.status.in_(BOUND),
        contract.c.gates_met_on.is_not(None),
        ~paused.exists(),
    )
    return await each(due.order_by(contract.c.id), bills.bill_due, work)


async def plan_ahead(moment: Moment, work: UnitOfWork) -> object:
    """Day: keep the schedule planned about four hundred days ahead."""

    async def plan(record: ContractRecord) -> bool:
        await bills.replan(record)
        return True

    due = contracts(work).where(contract.c.planned_until < work.today() + _PLAN_AHEAD, contract.c.status.in_(BOUND))
    return await each(due.order_by(contract.c.planned_until, contract.c.id), plan, work)
