"""Refunds: asked for, approved by a second person, refused."""

from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import select

from actors.payments import views
from actors.payments.psp import refunding
from actors.payments.psp.records import lock_payment
from actors.payments.rules.outcomes import PaymentState
from actors.payments.rules.refunding import REFUNDABLE, may_be_claimed_twice, needs_second_person, refundable
from messages.payments import (
    DOUBLE_REFUND_RISK,
    FOUR_EYES_REQUIRED,
    NOT_REFUNDABLE,
    PAYMENT_NOT_FOUND,
    REFUND_EXCEEDS,
    REFUND_NOT_FOUND,
    REFUND_UNDER_WAY,
    ApproveRefund,
    CancelRefund,
    CreateRefund,
    GetRefund,
    ListRefunds,
    PaymentStatus,
    Refund,
    RefundChannel,
    RefundPage,
    RefundStatus,
    RefuseRefund,
)
from messages.problem import Refused
from messages.values.identifiers import new_id
from runtime.pagination import page
from runtime.unit_of_work import Row, UnitOfWork
from storage.payments.tables.payments import refund


async def create_refund(request: CreateRefund, work: UnitOfWork) -> Refund:
    """Ask for money to be given back; small amounts go at once, others wait for a second person."""
    held = await lock_payment(work, request.payment_id)
    if held is None or not work.caller.sees_company(held["company_id"]):
        raise Refused(PAYMENT_NOT_FOUND, f"payment {request.payment_id} does not exist; check the id")
    if held["status"] not in REFUNDABLE:
        raise Refused(
            NOT_REFUNDABLE, f"payment {held['reference']} is {held['status']}; only money that is here goes back"
        )
    channel = _channel(request, held)
    amount = await _amount(request, held, work)
    risky = may_be_claimed_twice(held["method"], held["settled_on"], work.today())
    if risky and not request.accept_double_refund_risk:
        raise Refused(
            DOUBLE_REFUND_RISK, "the debtor can claim this debit at his bank for 8 weeks; wait, or accept the risk"
        )
    waits = needs_second_person(amount)
    row: dict[str, Any] = {
        "id": request.id or new_id(),
        "organisation_id": work.organisation_id,
        "version": 1,
        "created_at": work.now,
        "created_by": work.caller.principal,
        "updated_at": work.now,
        "updated_by": work.caller.principal,
        "payment_id": held["id"],
        "company_id": held["company_id"],
        "amount": amount,
        "currency": held["currency"],
        "reason": request.reason,
        "channel": channel,
        "status": RefundStatus.PENDING_APPROVAL if waits else RefundStatus.PENDING,
        "psp_account_id": held["psp_account_id"] if channel is RefundChannel.PSP else None,
        "credit_note_id": request.credit_note_id,
        "requested_by": work.caller.principal,
        "double_refund_risk_accepted": risky,
    }
    try:
        await work.insert(refund, **row)
    except asyncpg.UniqueViolationError as error:
        raise Refused(REFUND_UNDER_WAY, "another refund of this payment is under way; wait for its outcome") from error
    work.record("refund", row["id"], after={"amount": str(amount), "status": row["status"]})
    if not waits:
        await _let_go(work, row)
    return await _show(work, row["id"])


async def approve_refund(request: ApproveRefund, work: UnitOfWork) -> Refund:
    """The second person lets it go."""
    row = await _locked(work, request.refund_id)
    if row["requested_by"] == work.caller.principal:
        raise Refused(FOUR_EYES_REQUIRED, "you asked for this refund yourself; a second person must approve it")
    try:
        after = await refunding.change(work, row, "approve", decided_by=work.caller.principal)
    except asyncpg.UniqueViolationError as error:
        raise Refused(REFUND_UNDER_WAY, "another refund of this payment is under way; wait for its outcome") from error
    work.record("refund", row["id"], before={"status": row["status"]}, after={"status": after["status"]})
    await _let_go(work, after)
    return await _show(work, row["id"])


async def refuse_refund(request: RefuseRefund, work: UnitOfWork) -> Refund:
    """It does not go; what it asked for is free again."""
    row = await _locked(work, request.refund_id)
    after = await refunding.change(
        work, row, "refuse", decided_by=work.caller.principal, error_code=f"refused: {request.reason}"[:100]
    )
    work.record("refund", row["id"], before={"status": row["status"]}, after={"status": after["status"]})
    return await _show(work, row["id"])


async def cancel_refund(request: CancelRefund, work: UnitOfWork) -> Refund:
    """Nobody wants it any more; once it is on its way to the provider it cannot be called back."""
    row = await _locked(work, request.refund_id)
    if row["status"] == RefundStatus.CANCELLED:
        return refund_of(row)
    after = await refunding.change(work, row, "cancel", error_code=f"cancelled: {request.reason}"[:100])
    work.record("refund", row["id"], before={"status": row["status"]}, after={"status": after["status"]})
    return await _show(work, row["id"])


async def get_refund(request: GetRefund, work: UnitOfWork) -> Refund:
    """One refund."""
    return await _show(work, request.refund_id)


async def list_refunds(request: ListRefunds, work: UnitOfWork) -> RefundPage:
    """A page of refunds."""
    statement = select(refund).where(refund.c.organisation_id == work.organisation_id)
    if request.payment_id is not None:
        statement = statement.where(refund.c.payment_id == request.payment_id)
    if request.status:
        statement = statement.where(refund.c.status.in_(request.status))
    if work.caller.company_ids is not None:
        statement = statement.where(refund.c.company_id.in_(work.caller.company_ids))
    order = (refund.c.created_at, refund.c.id)
    return await page(work, request, statement, order=order, descending=True, reply=RefundPage, item=refund_of)


def refund_of(row: Row) -> Refund:
    """A refund as it is shown."""
    return Refund.model_validate({**row, "refund_id": row["id"], "amount": views.money(row["amount"], row["currency"])})


def _channel(request: CreateRefund, held: dict[str, Any]) -> RefundChannel:
    came_by = RefundChannel.PSP if held["psp_account_id"] is not None else RefundChannel.MANUAL
    if request.channel is RefundChannel.PSP and came_by is RefundChannel.MANUAL:
        raise Refused.field("channel", "came_by", "no provider collected this payment; refund it by MANUAL")
    return request.channel or came_by


async def _amount(request: CreateRefund, held: dict[str, Any], work: UnitOfWork) -> Any:
    state = PaymentState(
        held["amount"], PaymentStatus(held["status"]), refunded=held["refunded_amount"],
        charged_back=held["charged_back_amount"],
    )  # fmt: skip
    left = refundable(state, await refunding.reserved(work, held["id"]))
    wanted = request.amount.amount if request.amount is not None else left
    if request.amount is not None and (request.amount.currency != held["currency"] or wanted <= 0):
        raise Refused.field("amount", "positive", f"give an amount above zero in {held['currency']}")
    if wanted > left or wanted <= 0:
        raise Refused(
            REFUND_EXCEEDS, f"{left} {held['currency']} can still be refunded; ask for that at most",
            details={"refundable": str(left)},
        )  # fmt: skip
    return wanted


async def _let_go(work: UnitOfWork, row: dict[str, Any]) -> None:
    """Through the provider by the workers; a refund by hand is recorded as paid out."""
    if row["channel"] == RefundChannel.PSP:
        work.order(refunding.GiveBack(refund_id=row["id"]), key=str(row["id"]))
    else:
        await refunding.succeed(work, row)


async def _locked(work: UnitOfWork, refund_id: UUID) -> Row:
    row = await work.load(_one(work, refund_id).with_for_update(), "refund", code=REFUND_NOT_FOUND)
    if not work.caller.sees_company(row["company_id"]):
        raise Refused(REFUND_NOT_FOUND, f"refund {refund_id} does not exist; check the id")
    return row


async def _show(work: UnitOfWork, refund_id: UUID) -> Refund:
    return refund_of(await work.load(_one(work, refund_id), "refund", code=REFUND_NOT_FOUND))


def _one(work: UnitOfWork, refund_id: UUID) -> Any:
    return select(refund).where(refund.c.organisation_id == work.organisation_id, refund.c.id == refund_id)
