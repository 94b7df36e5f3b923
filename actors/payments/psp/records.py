"""Rows of payments through providers, read outside any change and locked inside one."""

import hashlib
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select

from actors.payments.psp.accounts import provider_of
from actors.payments.psp.port import FaultKind, PaymentProvider, ProviderError
from messages.errors import EXTERNAL_SERVICE_ERROR
from messages.payments import PROVIDER_REJECTED
from messages.problem import Refused
from runtime.unit_of_work import Row, UnitOfWork, WorkItem
from runtime.work_queue import Outside
from storage.payments.tables.payments import payment
from storage.payments.tables.providers import psp_account
from storage.shared.statements import render

TOKEN: Final = {"domain": "SECRETS", "table": "payment_method", "column": "provider_token"}
REPEATED = frozenset({FaultKind.TRANSIENT, FaultKind.RATE, FaultKind.UNKNOWN_OUTCOME})


class ReadMandate(WorkItem):
    """See where a mandate stands at the provider that keeps it."""

    payment_method_id: UUID


def order_mandate_reading(work: UnitOfWork, payment_method_id: UUID) -> None:
    """Leave the reading of a mandate for the workers, once per instant."""
    item = ReadMandate(payment_method_id=payment_method_id)
    work.order(item, key=f"{payment_method_id}|{work.now.isoformat()}")


def token_digest(account_id: UUID, token: str) -> str:
    """What a means of payment is found by without its token being stored in clear."""
    return hashlib.sha256(f"{account_id}|{token}".encode()).hexdigest()


async def token_of(outside: Outside, row: Row) -> str:
    """The clear token of a row of payment_method."""
    return await outside.heart.keys.decrypt(
        row["provider_token"], organisation_id=outside.organisation_id, row_id=row["id"], **TOKEN
    )


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
