"""Rows of payments through providers, read outside any change and locked inside one."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from actors.payments.psp.accounts import provider_of
from actors.payments.psp.port import FaultKind, PaymentProvider, ProviderError
from messages.errors import EXTERNAL_SERVICE_ERROR
from messages.payments import PROVIDER_REJECTED
from messages.problem import Refused
from runtime.unit_of_work import Row, UnitOfWork
from runtime.work_queue import Outside
from storage.payments.tables.payments import payment
from storage.payments.tables.providers import psp_account
from storage.shared.statements import render

REPEATED = frozenset({FaultKind.TRANSIENT, FaultKind.RATE, FaultKind.UNKNOWN_OUTCOME})


async def read_one(outside: Outside, statement: Any) -> Row | None:
    """The first row of a query, read outside any change."""
    sql, arguments = render(statement)
    async with outside.heart.database.transaction(outside.organisation_id, read_only=True) as connection:
        row: Row | None = await connection.fetchrow(sql, *arguments)
        return row


async def account_provider(outside: Outside, account_id: UUID) -> PaymentProvider:
    """The kept client of an account of this organisation."""
    row = await read_one(
        outside,
        select(psp_account).where(
            psp_account.c.organisation_id == outside.organisation_id, psp_account.c.id == account_id
        ),
    )
    if row is None:
        raise Refused(PROVIDER_REJECTED, f"provider account {account_id} is gone")
    return await provider_of(row, outside.heart.keys)


def failure_of(error: ProviderError) -> Refused:
    """A reading that failed, as the work queue understands it: repeated, or given up."""
    code = EXTERNAL_SERVICE_ERROR if error.kind in REPEATED else PROVIDER_REJECTED
    return Refused(code, str(error))


async def lock_payment(work: UnitOfWork, payment_id: UUID) -> dict[str, Any] | None:
    """A payment nobody else can change now."""
    row = await work.fetch_one(
        select(payment)
        .where(payment.c.organisation_id == work.organisation_id, payment.c.id == payment_id)
        .with_for_update()
    )
    return dict(row) if row is not None else None
