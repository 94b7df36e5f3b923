"""Job: a discount for the first periods of a contract is over."""

from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Date, Integer, case, cast, exists, extract, func, select

from actors.contrats import views
from actors.contrats.contract_record import ContractRecord
from actors.contrats.facts import first_time
from actors.contrats.rules.amounts import MONTHS_OF
from actors.contrats.rules.billing_periods import discount_is_over
from actors.contrats.rules.status import IN_FORCE
from actors.contrats.schedule.batches import contracts, each
from messages.contrats import BillingAnchor
from messages.contrats.amendments import ContractLineChanged, LineChangeCause
from runtime.actor import Moment
from runtime.unit_of_work import UnitOfWork
from storage.contrats.tables import contract, contract_line, heard_fact


async def end_discounts(moment: Moment, work: UnitOfWork) -> object:
    """Day: lines cost their whole price from this period on; said once per line. What recurs stays: it never counted them."""

    async def end(record: ContractRecord) -> bool:
        over = [line for line in record.lines_in_force if discount_is_over(record.row, line, work.today())]
        if not any([await first_time(f"discount_over:{line['id']}", work) for line in over]):
            return False
        mrr = views.money(record["mrr"], record["currency"])
        record.state(ContractLineChanged, cause=LineChangeCause.DISCOUNT_EXPIRY, old_mrr=mrr, new_mrr=mrr)
        return True

    told = exists().where(
        heard_fact.c.organisation_id == work.organisation_id,
        heard_fact.c.fact == func.concat("discount_over:", contract_line.c.id),
    )
    over = select(contract_line.c.id).where(
        contract_line.c.organisation_id == work.organisation_id,
        contract_line.c.contract_id == contract.c.id,
        contract_line.c.discount_periods.is_not(None),
        contract_line.c.valid_to.is_(None),
        _whole_price_from() <= work.today(),
        ~told,
    )
    due = contracts(work).where(contract.c.status.in_(IN_FORCE), over.exists())
    return await each(due.order_by(contract.c.id), end, work)


def _whole_price_from() -> ColumnElement[date]:
    """The first day of the first period without the discount, as `rules.billing_periods` counts periods."""
    months: ColumnElement[Any] = case(MONTHS_OF, value=contract_line.c.billing_period)
    into = func.mod(cast(extract("month", contract.c.starts_on), Integer) - 1, months)
    first_of_month = func.date_trunc("month", contract.c.starts_on)
    calendar = first_of_month - func.make_interval(0, into)
    origin = case((contract.c.billing_anchor == BillingAnchor.ANNIVERSARY, contract.c.starts_on), else_=calendar)
    return cast(origin + func.make_interval(0, contract_line.c.discount_periods * months), Date)
