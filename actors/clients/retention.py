"""Until when a client's data is kept, and whose time has come."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, or_, select

from actors.clients.balances import balances_of
from actors.clients.contracts import has_contract, has_live_contract
from actors.clients.rules.retention import KEPT_MONTHS, RetentionFacts, scheduled_on
from messages.clients import HAS_LIVE_CONTRACTS, HAS_OPEN_BALANCE, RETENTION_NOT_REACHED, RecordState
from messages.identity import RetentionCategory
from messages.problem import Refused
from messages.values.instants import PARIS, local_date
from runtime.unit_of_work import Row, UnitOfWork
from storage.clients.queries import one_of
from storage.clients.tables import client, payment_ref, retention_ref

KEPT_STATES = (RecordState.LIVE, RecordState.ARCHIVED)


async def kept(row: Row, ids: Sequence[UUID], work: UnitOfWork) -> Refused | None:
    """Why the client's data must stay, if it must."""
    going_on = await relation_goes_on(ids, work)
    if going_on is not None:
        return going_on
    due = scheduled_on(await facts_of(row, ids, work), await months_of(await category_of(ids, work), work))
    if due is None or due > work.today():
        until = due.isoformat() if due else None
        return Refused(
            RETENTION_NOT_REACHED, f"the data is kept until {until or 'the relation ends'}", details={"until": until}
        )
    return None


async def relation_goes_on(ids: Sequence[UUID], work: UnitOfWork) -> Refused | None:
    """A live contract or an open balance keeps even the data of a person who asks for erasure (GDPR art. 17(3))."""
    if await has_live_contract(ids, work):
        return Refused(HAS_LIVE_CONTRACTS, "the client has contracts; they end before his data is erased")
    if any(found.balance_due.amount for found in await balances_of(ids, work.today(), work)):
        return Refused(HAS_OPEN_BALANCE, "the client's balance is open; settle or refund it first")
    return None


async def facts_of(row: Row, ids: Sequence[UUID], work: UnitOfWork) -> RetentionFacts:
    """The dates that his retention runs from."""
    inbound = row["last_inbound_contact_at"]
    payment = payment_ref.c
    paid_on = await work.fetch_value(
        select(func.max(payment.on_date)).where(
            payment.organisation_id == work.organisation_id, one_of(payment.client_id, ids)
        )
    )
    return RetentionFacts(
        created_on=local_date(row["created_at"]),
        customer=await has_contract(ids, work),
        last_inbound_contact_on=local_date(inbound) if inbound else None,
        relation_ended_on=row["relation_ended_on"],
        balance_zero_on=paid_on,
    )


async def category_of(ids: Sequence[UUID], work: UnitOfWork) -> RetentionCategory:
    """Whoever had a contract is a customer."""
    return RetentionCategory.CUSTOMER_ACTIVE if await has_contract(ids, work) else RetentionCategory.PROSPECT


async def months_of(category: RetentionCategory, work: UnitOfWork) -> int:
    """The organisation's own period, or the default."""
    own = retention_ref.c
    months: int | None = await work.fetch_value(
        select(own.months).where(own.organisation_id == work.organisation_id, own.category == category)
    )
    return KEPT_MONTHS if months is None else months


def anchored_before(day: date, organisation_id: UUID) -> Select[Any]:
    """Clients who may be due: no contact since, and no relation that goes on. What is exact follows row by row."""
    own = client.c
    return select(own.id).where(
        own.organisation_id == organisation_id,
        one_of(own.record_state, KEPT_STATES),
        func.coalesce(own.last_inbound_contact_at, own.created_at) < midnight(day),
        or_(own.relation_started_on.is_(None), own.relation_ended_on < day),
    )


def midnight(day: date) -> datetime:
    """Where a civil day begins, in UTC."""
    return datetime.combine(day, time(), PARIS).astimezone(UTC)
