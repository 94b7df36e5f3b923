"""Refunds that the law asks for: what a client paid under a contract he withdrew from is proposed to be given back."""

from collections.abc import Collection
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from actors.payments.alerts import raise_alert
from actors.payments.psp.refunding import reserved
from actors.payments.rules.outcomes import NOTHING, PaymentState
from actors.payments.rules.refunding import REFUNDABLE, may_be_claimed_twice, refundable
from messages.payments import AlertSeverity, PaymentStatus, RefundChannel, RefundReason, RefundStatus
from messages.shared import Ref
from messages.values.identifiers import derived_id
from runtime.unit_of_work import Row, UnitOfWork
from storage.payments.sets import among
from storage.payments.tables.payments import payment, refund
from storage.payments.tables.views import contract_view

DUE_WITHIN = timedelta(days=14)
"""Code de la consommation, art. L221-24."""
_WITHDRAWN = "WITHDRAWN"


async def propose_for_contract(work: UnitOfWork, contract_id: UUID, kept: Decimal) -> None:
    """Propose to give back what was paid under a contract, less what is `kept` for the days it was used."""
    rows = await work.fetch(
        select(payment)
        .where(
            payment.c.organisation_id == work.organisation_id,
            payment.c.contract_id == contract_id,
            payment.c.status.in_(REFUNDABLE),
        )
        .order_by(payment.c.settled_on.desc(), payment.c.id)
    )
    for row in reversed(rows):
        kept = await _propose(work, row, kept)


async def propose_if_withdrawn(work: UnitOfWork, payment_ids: Collection[UUID]) -> None:
    """A debit that was on its way when its client withdrew, and that was paid all the same."""
    rows = await work.fetch(
        select(payment)
        .join(
            contract_view,
            (contract_view.c.organisation_id == payment.c.organisation_id)
            & (contract_view.c.contract_id == payment.c.contract_id),
        )
        .where(
            payment.c.organisation_id == work.organisation_id,
            among(payment.c.id, list(payment_ids)),
            contract_view.c.status == _WITHDRAWN,
        )
        .order_by(payment.c.id)
    )
    for row in rows:
        await _propose(work, row, NOTHING)


async def _propose(work: UnitOfWork, row: Row, kept: Decimal) -> Decimal:
    """One proposal, which waits for a person; what is still to be kept of the next payment."""
    state = PaymentState(
        row["amount"], PaymentStatus(row["status"]), refunded=row["refunded_amount"],
        charged_back=row["charged_back_amount"],
    )  # fmt: skip
    left = refundable(state, await reserved(work, row["id"]))
    amount = left - min(left, kept)
    if amount > 0 and await work.execute(insert(refund).values(**_row(work, row, amount)).on_conflict_do_nothing()):
        await raise_alert(
            work, "WITHDRAWAL_REFUND_DUE", AlertSeverity.WARNING, "Remboursement de rétractation à valider",
            f"payment {row['reference']} was made under a contract that was withdrawn: {amount} {row['currency']} are to "
            f"be given back by {work.today() + DUE_WITHIN}; approve the refund",
            about=row["id"], company_id=row["company_id"], refs=[Ref(type="payment", id=row["id"])],
        )  # fmt: skip
    return kept - min(left, kept)


def _row(work: UnitOfWork, row: Row, amount: Decimal) -> dict[str, Any]:
    channel = RefundChannel.PSP if row["psp_account_id"] is not None else RefundChannel.MANUAL
    return {
        "id": derived_id("withdrawal refund", row["id"]),
        "organisation_id": work.organisation_id,
        "version": 1,
        "created_at": work.now,
        "created_by": work.caller.principal,
        "updated_at": work.now,
        "updated_by": work.caller.principal,
        "payment_id": row["id"],
        "company_id": row["company_id"],
        "amount": amount,
        "currency": row["currency"],
        "reason": RefundReason.WITHDRAWAL,
        "channel": channel,
        "status": RefundStatus.PENDING_APPROVAL,
        "psp_account_id": row["psp_account_id"],
        "requested_by": work.caller.principal,
        "double_refund_risk_accepted": may_be_claimed_twice(row["method"], row["settled_on"], work.today()),
    }
