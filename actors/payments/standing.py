"""How each client pays: overdue as soon as a debit has failed and is not made good."""

from collections.abc import Iterable
from decimal import Decimal
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from actors.payments import views
from messages.payments import InstalmentStatus, PaymentStandingChanged, RiskLevel, Standing
from runtime.unit_of_work import UnitOfWork
from storage.payments.sets import among
from storage.payments.tables.dues import instalment
from storage.payments.tables.payments import payment_standing

_OWED = (InstalmentStatus.FAILED, InstalmentStatus.UNPAID)
_OVERDUE_RISK = {Standing.GOOD: RiskLevel.LOW, Standing.OVERDUE: RiskLevel.MEDIUM}


async def refresh(work: UnitOfWork, client_ids: Iterable[UUID], *, only_known: bool = False) -> None:
    """Judge clients again and say what changed. `only_known`: only those who did not stand well before."""
    wanted = sorted(set(client_ids))
    known = {
        row["client_id"]: row
        for row in await work.fetch(
            select(payment_standing)
            .where(
                payment_standing.c.organisation_id == work.organisation_id, among(payment_standing.c.client_id, wanted)
            )
            .order_by(payment_standing.c.client_id)
            .with_for_update()
        )
    }
    if only_known:
        wanted = [id_ for id_ in wanted if id_ in known and known[id_]["standing"] != Standing.GOOD]
    if not wanted:
        return
    owed = await _owed(work, wanted)
    for client_id in wanted:
        before = Standing(known[client_id]["standing"]) if client_id in known else Standing.GOOD
        version = known[client_id]["version"] + 1 if client_id in known else 1
        await _store(work, client_id, before, owed.get(client_id, Decimal("0.00")), version)


async def _owed(work: UnitOfWork, client_ids: list[UUID]) -> dict[UUID, Decimal]:
    rows = await work.fetch(
        select(instalment.c.client_id, func.sum(instalment.c.amount - instalment.c.paid_amount).label("owed"))
        .where(
            instalment.c.organisation_id == work.organisation_id,
            among(instalment.c.client_id, client_ids),
            instalment.c.status.in_(_OWED),
        )
        .group_by(instalment.c.client_id)
    )
    return {row["client_id"]: row["owed"] for row in rows}


async def _store(work: UnitOfWork, client_id: UUID, before: Standing, owed: Decimal, version: int) -> None:
    after = Standing.OVERDUE if owed > 0 else Standing.GOOD
    changed = {"standing": after, "outstanding": owed, "version": version, "updated_at": work.now}
    await work.execute(
        insert(payment_standing)
        .values(organisation_id=work.organisation_id, client_id=client_id, **changed)
        .on_conflict_do_update(index_elements=["organisation_id", "client_id"], set_=changed)
    )
    if after is not before:
        fact = PaymentStandingChanged(
            client_id=client_id,
            standing=after,
            previous=before,
            risk=_OVERDUE_RISK[after],
            outstanding=views.money(owed),
        )
        work.emit(fact, version=version)
