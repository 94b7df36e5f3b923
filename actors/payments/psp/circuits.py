"""The health of accounts: technical failures in a row open the circuit, one success closes it."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert

from actors.payments.alerts import raise_alert, resolve_alert
from actors.payments.rules.routing import DOWN_AFTER, FAILURES_TO_OPEN, circuit_state, next_open_seconds
from messages.payments import AlertSeverity, CircuitState, PspHealth, PspStatus
from runtime.unit_of_work import UnitOfWork
from storage.payments.tables.providers import psp_account, psp_circuit


async def succeeded(work: UnitOfWork, account_id: UUID) -> None:
    """The provider answered, whatever it said of the payment; the alert that it is down has lost its cause."""
    opened: datetime | None = await work.fetch_value(
        delete(psp_circuit).where(*_mine(work, account_id)).returning(psp_circuit.c.opened_at)
    )
    if opened is not None:
        await resolve_alert(work, "PSP_DOWN", about=account_id)


async def failed(work: UnitOfWork, account_id: UUID, company_id: UUID) -> None:
    """The provider did not answer, or not usably."""
    row = await work.fetch_one(select(psp_circuit).where(*_mine(work, account_id)).with_for_update())
    failures = row["consecutive_failures"] + 1 if row is not None else 1
    seconds, opened, until = (
        (row["open_seconds"], row["opened_at"], row["open_until"]) if row is not None else (0,) + (None,) * 2
    )
    if failures >= FAILURES_TO_OPEN:
        seconds = next_open_seconds(seconds)
        opened, until = opened or work.now, work.now + timedelta(seconds=seconds)
    changed: dict[str, Any] = {
        "consecutive_failures": failures,
        "opened_at": opened,
        "open_until": until,
        "open_seconds": seconds,
    }
    await work.execute(
        insert(psp_circuit)
        .values(organisation_id=work.organisation_id, psp_account_id=account_id, **changed)
        .on_conflict_do_update(index_elements=["organisation_id", "psp_account_id"], set_=changed)
    )
    if opened is not None and work.now - opened > DOWN_AFTER:
        await raise_alert(
            work, "PSP_DOWN", AlertSeverity.WARNING, "Prestataire injoignable",
            f"provider account {account_id} has not answered since {opened:%H:%M} UTC; payments take other ways or wait",
            about=account_id, company_id=company_id,
        )  # fmt: skip


async def lock_out(work: UnitOfWork, account_id: UUID, company_id: UUID) -> None:
    """The provider refuses the credentials: nothing goes this way until somebody enters new ones."""
    await work.execute(
        update(psp_account)
        .where(
            psp_account.c.organisation_id == work.organisation_id,
            psp_account.c.id == account_id,
            psp_account.c.status == PspStatus.ACTIVE,
        )
        .values(status=PspStatus.INVALID_CREDENTIALS, version=psp_account.c.version + 1)
    )
    await raise_alert(
        work, "API_CREDENTIALS_INVALID", AlertSeverity.CRITICAL, "Identifiants du prestataire refusés",
        f"the provider refuses the credentials of account {account_id}; enter new ones",
        about=account_id, company_id=company_id,
    )  # fmt: skip


async def health(work: UnitOfWork, account_id: UUID) -> PspHealth:
    """Whether the account answers."""
    row = await work.fetch_one(select(psp_circuit).where(*_mine(work, account_id)))
    if row is None:
        return PspHealth(psp_account_id=account_id, state=CircuitState.CLOSED, consecutive_failures=0)
    return PspHealth(
        psp_account_id=account_id,
        state=circuit_state(row["consecutive_failures"], row["open_until"], work.now),
        consecutive_failures=row["consecutive_failures"],
        opened_at=row["opened_at"],
    )


async def states(work: UnitOfWork) -> dict[UUID, CircuitState]:
    """The circuits that are not closed, by account."""
    rows = await work.fetch(select(psp_circuit).where(psp_circuit.c.organisation_id == work.organisation_id))
    now: datetime = work.now
    return {row["psp_account_id"]: circuit_state(row["consecutive_failures"], row["open_until"], now) for row in rows}


def _mine(work: UnitOfWork, account_id: UUID) -> tuple[Any, Any]:
    return psp_circuit.c.organisation_id == work.organisation_id, psp_circuit.c.psp_account_id == account_id
