"""How each client pays: derived from what is owed and from the recovery cases, and said when it changes."""

from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from actors.payments import views
from actors.payments.recovery import following
from actors.payments.rules.retrying import risk_score
from messages.payments import (
    InstalmentStatus,
    PaymentStandingChanged,
    PromiseStatus,
    RecoveryCaseStatus,
    RecoveryItemStatus,
    RiskLevel,
    ServiceState,
    Standing,
)
from messages.values.due_dates import add_months
from runtime.unit_of_work import Row, UnitOfWork
from storage.payments.sets import among
from storage.payments.tables.agreements import payment_promise
from storage.payments.tables.dues import instalment
from storage.payments.tables.payments import payment, payment_standing, r_transaction
from storage.payments.tables.recovery import recovery_case, recovery_item
from storage.payments.tables.views import invoice_view

_OWED = (InstalmentStatus.FAILED, InstalmentStatus.UNPAID)
_MEDIUM, _HIGH = 30, 60
_UNPAID_LEVEL = 3
NOTHING = Decimal("0.00")


async def refresh(work: UnitOfWork, client_ids: Iterable[UUID], *, only_known: bool = False) -> None:
    """Let the cases follow the money, then judge. `only_known`: only clients who did not stand well before."""
    wanted = sorted(set(client_ids))
    if only_known:
        rows = await work.fetch(
            select(payment_standing.c.client_id).where(
                payment_standing.c.organisation_id == work.organisation_id,
                among(payment_standing.c.client_id, wanted),
                payment_standing.c.standing != Standing.GOOD,
            )
        )
        wanted = sorted(row["client_id"] for row in rows)
    if wanted:
        await following.follow(work, wanted)
        await judge(work, wanted)


async def judge(work: UnitOfWork, client_ids: Iterable[UUID]) -> None:
    """Judge clients again and say what changed."""
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
    owed, cases, risks = await _owed(work, wanted), await _cases(work, wanted), await _risks(work, wanted)
    for client_id in wanted:
        outstanding = owed.get(client_id, NOTHING)
        of_client = cases.get(client_id, [])
        after = standing_of(of_client, outstanding)
        risk = _risk_of(of_client, risks.get(client_id, 0))
        await _store(work, client_id, known.get(client_id), after, risk, outstanding)


def standing_of(cases: Iterable[Any], outstanding: Decimal) -> Standing:
    """The worst that holds: a service is cut, a debt was given up, something is late."""
    live = [case for case in cases if case["status"] != RecoveryCaseStatus.CLOSED]
    if any(case["service_state"] in (ServiceState.SUSPENDED, ServiceState.REACTIVATION_REQUESTED) for case in cases):
        return Standing.SUSPENDED
    if any(case["level"] >= _UNPAID_LEVEL for case in live):
        return Standing.UNPAID
    return Standing.OVERDUE if live or outstanding > 0 else Standing.GOOD


def _risk_of(cases: Iterable[Any], score: int) -> RiskLevel:
    if score >= _HIGH or any(case["risk_flag"] and case["status"] != RecoveryCaseStatus.CLOSED for case in cases):
        return RiskLevel.HIGH
    return RiskLevel.MEDIUM if score >= _MEDIUM else RiskLevel.LOW


async def _owed(work: UnitOfWork, client_ids: list[UUID]) -> dict[UUID, Decimal]:
    """What failed debits still ask for; never more than is left to pay of their invoices."""
    same = (invoice_view.c.organisation_id == instalment.c.organisation_id) & (
        invoice_view.c.invoice_id == instalment.c.invoice_id
    )
    left = invoice_view.c.due - invoice_view.c.credited - invoice_view.c.allocated - invoice_view.c.settled_elsewhere
    open_ = func.greatest(0, func.least(instalment.c.amount - instalment.c.paid_amount, left))
    rows = await work.fetch(
        select(instalment.c.client_id, func.sum(open_).label("owed"))
        .select_from(instalment.outerjoin(invoice_view, same))
        .where(
            instalment.c.organisation_id == work.organisation_id,
            among(instalment.c.client_id, client_ids),
            instalment.c.status.in_(_OWED),
        )
        .group_by(instalment.c.client_id)
    )
    return {row["client_id"]: row["owed"] for row in rows}


async def _cases(work: UnitOfWork, client_ids: list[UUID]) -> dict[UUID, list[Row]]:
    rows = await work.fetch(
        select(
            recovery_case.c.client_id,
            recovery_case.c.status,
            recovery_case.c.level,
            recovery_case.c.service_state,
            recovery_case.c.risk_flag,
        ).where(recovery_case.c.organisation_id == work.organisation_id, among(recovery_case.c.client_id, client_ids))
    )
    found: dict[UUID, list[Row]] = {}
    for row in rows:
        found.setdefault(row["client_id"], []).append(row)
    return found


async def _risks(work: UnitOfWork, client_ids: list[UUID]) -> dict[UUID, int]:
    """The score of each client who had a rejection, an unpaid case or a late receivable."""
    today = work.today()
    own = recovery_case.c.organisation_id == work.organisation_id
    rejections = await work.fetch(
        select(payment.c.client_id, func.count().label("count"))
        .join(r_transaction, r_transaction.c.payment_id == payment.c.id)
        .where(
            payment.c.organisation_id == work.organisation_id,
            among(payment.c.client_id, client_ids),
            r_transaction.c.created_at > work.now - timedelta(days=365),
        )
        .group_by(payment.c.client_id)
    )
    unpaid = await work.fetch(
        select(recovery_case.c.client_id, func.count().label("count"))
        .where(own, among(recovery_case.c.client_id, client_ids), recovery_case.c.unpaid_on > add_months(today, -24))
        .group_by(recovery_case.c.client_id)
    )
    oldest = await work.fetch(
        select(recovery_case.c.client_id, func.min(recovery_item.c.due_date).label("day"))
        .join(recovery_item, recovery_item.c.case_id == recovery_case.c.id)
        .where(
            own,
            among(recovery_case.c.client_id, client_ids),
            recovery_item.c.status == RecoveryItemStatus.OPEN,
            recovery_case.c.status != RecoveryCaseStatus.CLOSED,
        )
        .group_by(recovery_case.c.client_id)
    )
    broken = await work.fetch(
        select(payment_promise.c.client_id, func.count().label("count"))
        .where(
            payment_promise.c.organisation_id == work.organisation_id,
            among(payment_promise.c.client_id, client_ids),
            payment_promise.c.status == PromiseStatus.BROKEN,
            payment_promise.c.promised_on > today - timedelta(days=365),
        )
        .group_by(payment_promise.c.client_id)
    )
    lies = {row["client_id"]: row["count"] for row in broken}
    counts = {row["client_id"]: row["count"] for row in rejections}
    threes = {row["client_id"]: row["count"] for row in unpaid}
    days = {row["client_id"]: max(0, (today - row["day"]).days) for row in oldest}
    return {
        id_: risk_score(counts.get(id_, 0), threes.get(id_, 0), days.get(id_, 0), lies.get(id_, 0))
        for id_ in counts.keys() | threes.keys() | days.keys() | lies.keys()
    }


async def _store(
    work: UnitOfWork, client_id: UUID, known: Row | None, after: Standing, risk: RiskLevel, owed: Decimal
) -> None:
    before = Standing(known["standing"]) if known else Standing.GOOD
    if known is None and after is Standing.GOOD:
        return
    version = known["version"] + 1 if known else 1
    changed = {"standing": after, "risk": risk, "outstanding": owed, "version": version, "updated_at": work.now}
    await work.execute(
        insert(payment_standing)
        .values(organisation_id=work.organisation_id, client_id=client_id, **changed)
        .on_conflict_do_update(index_elements=["organisation_id", "client_id"], set_=changed)
    )
    if after is not before or (known is not None and known["risk"] != risk):
        fact = PaymentStandingChanged(
            client_id=client_id, standing=after, previous=before, risk=risk, outstanding=views.money(owed)
        )
        work.emit(fact, version=version)
