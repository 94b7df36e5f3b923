"""Refunds on their way: through the provider once per refund, or paid out by hand."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update

from actors.payments import views
from actors.payments.alerts import raise_alert
from actors.payments.books import Books
from actors.payments.failing import alert_double_refund
from actors.payments.psp.port import FaultKind, ProviderError, ProviderRefund, RefundOrder, RefundState
from actors.payments.psp.records import REPEATED, account_provider, failure_of, read_one
from actors.payments.rules.outcomes import NOTHING, SETTLED
from actors.payments.rules.refunding import REFUND, RESERVED, give_back, refundable
from actors.payments.sets import history
from messages.payments import (
    AlertSeverity,
    PaymentMethod,
    PaymentRefunded,
    PaymentStatus,
    RefundFailed,
    RefundStatus,
)
from messages.shared import Ref
from runtime.actor import Moment
from runtime.unit_of_work import Row, UnitOfWork, WorkItem
from runtime.work_queue import Outside
from storage.payments.tables.payments import payment, payment_event, refund

_SENT = (RefundStatus.SUBMITTED, RefundStatus.SUCCEEDED)


class GiveBack(WorkItem):
    """Order a refund at the provider."""

    refund_id: UUID


class ReadRefund(WorkItem):
    """See where a refund stands."""

    refund_id: UUID


async def order_refund(item: GiveBack, outside: Outside) -> ProviderRefund | str | None:
    """The refund at the provider, made once per refund; a text says why it is refused. A lost answer is asked for again."""
    own = outside.organisation_id
    row = await read_one(
        outside,
        select(refund, payment.c.provider_payment_id, payment.c.amount.label("payment_amount"), payment.c.method,
               payment.c.reference)
        .join(payment, payment.c.id == refund.c.payment_id)
        .where(refund.c.organisation_id == own, refund.c.id == item.refund_id),
    )  # fmt: skip
    if row is None or row["status"] != RefundStatus.PENDING:
        return None
    sent = await read_one(
        outside,
        select(func.coalesce(func.sum(refund.c.amount), NOTHING).label("total")).where(
            refund.c.organisation_id == own,
            refund.c.payment_id == row["payment_id"],
            refund.c.status.in_(_SENT),
        ),
    )
    order = RefundOrder(
        key=row["id"].hex,
        provider_payment_id=row["provider_payment_id"],
        amount=row["amount"],
        currency=row["currency"],
        payment_amount=row["payment_amount"],
        refunded_before=sent["total"] if sent is not None else NOTHING,
        reference=row["reference"],
        reason=row["reason"],
        method=PaymentMethod(row["method"]),
    )
    try:
        return await (await account_provider(outside, row["psp_account_id"])).refund(order)
    except ProviderError as error:
        if error.kind in REPEATED:
            raise failure_of(error) from error
        return error.code or (FaultKind.PERMANENT if error.kind is FaultKind.PERMANENT else error.kind)


async def refund_ordered(item: GiveBack, made: ProviderRefund | str | None, work: UnitOfWork) -> None:
    """Book what the provider said."""
    row = await _locked(work, refund.c.id == item.refund_id) if made is not None else None
    if row is None or row["status"] != RefundStatus.PENDING:
        return
    if isinstance(made, ProviderRefund):
        await _take(work, row, made)
    else:
        await _fail(work, row, str(made))


async def refund_lost(item: GiveBack, error: Exception, work: UnitOfWork) -> None:
    """Nobody knows whether it was made: it stays reserved, and a person looks."""
    await raise_alert(
        work, "UNCERTAIN_REFUND", AlertSeverity.CRITICAL, "Remboursement à l'issue inconnue",
        f"refund {item.refund_id} was ordered and the provider never answered; look there before it is made again",
        about=item.refund_id, refs=[Ref(type="refund", id=item.refund_id)],
    )  # fmt: skip


async def read_refund(item: ReadRefund, outside: Outside) -> ProviderRefund | None:
    """The refund as it is at the provider."""
    row = await read_one(
        outside,
        select(refund).where(refund.c.organisation_id == outside.organisation_id, refund.c.id == item.refund_id),
    )
    if row is None or row["provider_refund_id"] is None:
        return None
    try:
        return await (await account_provider(outside, row["psp_account_id"])).get_refund(row["provider_refund_id"])
    except ProviderError as error:
        raise failure_of(error) from error


async def refund_read(item: ReadRefund, seen: ProviderRefund | None, work: UnitOfWork) -> None:
    """Let the refund follow."""
    row = await _locked(work, refund.c.id == item.refund_id) if seen is not None else None
    if row is not None and seen is not None:
        await _take(work, row, seen)


async def read_open_refunds(moment: Moment, work: UnitOfWork) -> None:
    """04:00: a webhook may be lost, so refunds under way are read once a day."""
    rows = await work.fetch(
        select(refund.c.id).where(
            refund.c.organisation_id == work.organisation_id, refund.c.status == RefundStatus.SUBMITTED
        )
    )
    for row in rows:
        work.order(ReadRefund(refund_id=row["id"]), key=f"{row['id']}|{work.today()}")


async def follow_refund(work: UnitOfWork, account_id: UUID, seen: ProviderRefund) -> bool:
    """A webhook about a refund; whether anything changed. Refunds made at the provider by hand are not ours."""
    row = await _locked(
        work, (refund.c.psp_account_id == account_id) & (refund.c.provider_refund_id == seen.provider_refund_id)
    )
    return row is not None and await _take(work, row, seen)


async def succeed(work: UnitOfWork, row: Row) -> None:
    """The money went back: payment and allocations give way, and everybody hears of it."""
    books = Books(work)
    await books.load([row["payment_id"]])
    held, state = books.payments[row["payment_id"]], books.payment_states[row["payment_id"]]
    if state.status not in SETTLED - {PaymentStatus.REFUNDED}:
        await _came_back_meanwhile(work, row, held)
        return
    mine = sorted(
        (found for (owner, _), found in books.allocations.items() if owner == held["id"] and found["amount"] > 0),
        key=lambda found: found["updated_at"],
        reverse=True,
    )
    taken = give_back(state, row["amount"], [(books.invoice_states[a["invoice_id"]], a["amount"]) for a in mine])
    reversed_ = tuple(
        views.allocation_of(
            books.allocate(held, a["invoice_id"], -part), part, books.invoice_states[a["invoice_id"]].open
        )
        for a, part in zip(mine, taken, strict=True)
        if part > 0
    )
    await books.store()
    after = books.payment_after(held["id"])
    await work.insert_rows(payment_event, [history(work, held["id"], "payment.refunded", refund_id=str(row["id"]))])
    await change(work, row, "succeed", refunded_on=work.today())
    fact = PaymentRefunded(
        **views.payment_ref(after),
        refund_id=row["id"],
        refund_amount=views.money(row["amount"], row["currency"]),
        remaining_refundable=views.money(refundable(state, await reserved(work, held["id"])), row["currency"]),
        reason=row["reason"],
        credit_note_id=row["credit_note_id"],
        refunded_on=work.today(),
        allocations_reversed=reversed_,
    )
    work.emit(fact, version=after["version"])


async def reserved(work: UnitOfWork, payment_id: UUID) -> Decimal:
    """What refunds that are not decided yet ask for."""
    total: Decimal = await work.fetch_value(
        select(func.coalesce(func.sum(refund.c.amount), NOTHING)).where(
            refund.c.organisation_id == work.organisation_id,
            refund.c.payment_id == payment_id,
            refund.c.status.in_(RESERVED),
        )
    )
    return total


async def change(work: UnitOfWork, row: Row, trigger: str, **columns: Any) -> dict[str, Any]:
    """Take one step of a refund; the row after it."""
    status = REFUND.after(trigger, RefundStatus(row["status"]))
    after = {**row, **columns, "status": status, "version": row["version"] + 1}
    await work.execute(
        update(refund)
        .where(refund.c.organisation_id == work.organisation_id, refund.c.id == row["id"])
        .values(
            status=status,
            version=after["version"],
            updated_at=work.now,
            updated_by=work.caller.principal,
            **columns,
        )
    )
    return after


async def _take(work: UnitOfWork, row: Row, seen: ProviderRefund) -> bool:
    status = RefundStatus(row["status"])
    if seen.state is RefundState.SUCCEEDED and REFUND.allows("succeed", status):
        await work.execute(
            update(refund).where(refund.c.id == row["id"]).values(provider_refund_id=seen.provider_refund_id)
        )
        await succeed(work, row)
    elif seen.state is RefundState.PENDING and REFUND.allows("submit", status):
        await change(work, row, "submit", provider_refund_id=seen.provider_refund_id)
    elif seen.state is RefundState.FAILED and REFUND.allows("fail", status):
        await _fail(work, row, seen.reason_code or "FAILED")
    else:
        return False
    return True


async def _fail(work: UnitOfWork, row: Row, code: str) -> None:
    after = await change(work, row, "fail", error_code=code[:100])
    held = await work.load(
        select(payment).where(payment.c.organisation_id == work.organisation_id, payment.c.id == row["payment_id"]),
        "payment",
    )
    fact = RefundFailed(**views.payment_ref(held), refund_id=row["id"], error_code=code[:100])
    work.emit(fact, version=after["version"])


async def _came_back_meanwhile(work: UnitOfWork, row: Row, held: dict[str, Any]) -> None:
    """The debtor took the money back at his bank while the refund was under way: he has it twice."""
    await change(work, row, "succeed", refunded_on=work.today())
    await work.execute(
        update(payment)
        .where(payment.c.organisation_id == work.organisation_id, payment.c.id == held["id"])
        .values(refunded_amount=payment.c.refunded_amount + row["amount"], version=payment.c.version + 1)
    )
    await alert_double_refund(work, held, row["amount"])


async def _locked(work: UnitOfWork, condition: Any) -> Row | None:
    return await work.fetch_one(
        select(refund).where(refund.c.organisation_id == work.organisation_id, condition).with_for_update()
    )
