"""Trying accounts on request, and forgetting webhook secrets that were replaced."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, update

from actors.payments.psp import circuits
from actors.payments.psp.accounts import opened, sealed
from actors.payments.psp.port import FaultKind, ProviderError
from actors.payments.psp.records import account_provider
from runtime import clock
from runtime.actor import MORE, Moment
from runtime.unit_of_work import Row, UnitOfWork, WorkItem
from runtime.work_queue import Outside
from storage.payments.tables.providers import psp_account

SECRETS_KEPT: Final = 2
PREVIOUS_SECRET_LIVES: Final = timedelta(days=7)
_PAGE = 100


class TryAccount(WorkItem):
    """See whether a provider answers and knows an account."""

    psp_account_id: UUID


@dataclass(frozen=True, slots=True)
class Answered:
    """How long the provider took, and what was wrong."""

    latency_ms: int
    fault: FaultKind | None = None
    error: str | None = None


async def try_account(item: TryAccount, outside: Outside) -> Answered:
    """Ask something harmless."""
    provider, asked_at = await account_provider(outside, item.psp_account_id), clock.monotonic()
    fault: ProviderError | None = None
    try:
        await provider.check()
    except ProviderError as error:
        fault = error
    latency = int((clock.monotonic() - asked_at) * 1000)
    return Answered(latency, fault.kind if fault else None, str(fault)[:500] if fault else None)


async def account_tried(item: TryAccount, answered: Answered, work: UnitOfWork) -> None:
    """Note the answer; refused credentials lock the account out."""
    row = await work.fetch_one(
        update(psp_account)
        .where(psp_account.c.organisation_id == work.organisation_id, psp_account.c.id == item.psp_account_id)
        .values(tested_at=work.now, test_latency_ms=answered.latency_ms, test_error=answered.error)
        .returning(psp_account.c.company_id)
    )
    if row is not None and answered.fault is FaultKind.AUTHENTICATION:
        await circuits.lock_out(work, item.psp_account_id, row["company_id"])


async def with_secret(work: UnitOfWork, row: Row, secret: str) -> dict[str, Any]:
    """The changes that make a webhook secret the newest; the one before is believed for seven days."""
    before = await opened(row, "webhook_secrets", work.keys)
    kept = [secret, *(known for known in before if known != secret)][:SECRETS_KEPT]
    return await _secrets(work, row, kept) | {
        "has_webhook_secret": True,
        "previous_secret_until": work.now + PREVIOUS_SECRET_LIVES if len(kept) > 1 else None,
    }


async def forget_old_secrets(moment: Moment, work: UnitOfWork) -> object:
    """04:00: a webhook secret that was replaced seven days ago signs nothing any more."""
    rows = await work.fetch(
        select(psp_account)
        .where(psp_account.c.organisation_id == work.organisation_id, psp_account.c.previous_secret_until <= work.now)
        .order_by(psp_account.c.id)
        .limit(_PAGE)
        .with_for_update()
    )
    for row in rows:
        newest = (await opened(row, "webhook_secrets", work.keys))[:1]
        changes = await _secrets(work, row, newest) | {"previous_secret_until": None, "version": row["version"] + 1}
        await work.execute(
            update(psp_account)
            .where(psp_account.c.organisation_id == work.organisation_id, psp_account.c.id == row["id"])
            .values(**changes)
        )
    return MORE if len(rows) == _PAGE else None


async def _secrets(work: UnitOfWork, row: Row, secrets: list[str]) -> dict[str, Any]:
    organisation_id = work.organisation_id
    return dict(
        await sealed(account_id=row["id"], organisation_id=organisation_id, keys=work.keys, webhook_secrets=secrets)
    )
