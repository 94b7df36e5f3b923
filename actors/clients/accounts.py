"""The accounts of a client, as payments states them."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

from messages.clients import BankRef
from runtime.unit_of_work import UnitOfWork
from storage.clients.queries import one_of
from storage.clients.tables import bank_details_ref, mandate_ref


async def bank_refs_of(client_ids: Sequence[UUID], work: UnitOfWork) -> tuple[BankRef, ...]:
    """The accounts of a client, each with its mandate's status."""
    account, mandate = bank_details_ref.c, mandate_ref.c
    newest = (
        select(mandate.status)
        .where(mandate.organisation_id == account.organisation_id, mandate.bank_details_id == account.bank_details_id)
        .order_by(mandate.mandate_id.desc())
        .limit(1)
        .scalar_subquery()
    )
    rows = await work.fetch(
        select(bank_details_ref, newest.label("mandate_status"))
        .where(account.organisation_id == work.organisation_id, one_of(account.client_id, client_ids))
        .order_by(account.bank_details_id)
    )
    return tuple(BankRef.model_validate(dict(row)) for row in rows)
