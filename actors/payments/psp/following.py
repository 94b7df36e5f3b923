"""A payment follows what was read of it at its provider.

Webhooks and answers are reasons to read, the state is what the provider says now: so duplicates and their order change
nothing. A reading that began before the last one that was applied is too old and is dropped.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import String, cast, func, update

from actors.payments import standing, views
from actors.payments.alerts import raise_alert
from actors.payments.books import Books
from actors.payments.failing import Failure, fail_payments
from actors.payments.portal import orders
from actors.payments.psp import meanings
from actors.payments.psp.port import ProviderPayment
from actors.payments.psp.records import lock_payment
from actors.payments.rules.machines import PAYMENT
from actors.payments.rules.outcomes import SETTLED, reinstate, withdraw
from actors.payments.sets import history
from actors.payments.settling import Settlement, settle_payments
from messages.payments import (
    AlertSeverity,
    Allocation,
    PaymentCancelled,
    PaymentErrorClass,
    PaymentFailed,
    PaymentRequiresAction,
    PaymentReturnCancelled,
    PaymentStatus,
    PaymentSubmitted,
    PaymentType,
)
from messages.shared import Ref
from runtime.unit_of_work import UnitOfWork
from storage.payments.tables.means import mandate
from storage.payments.tables.payments import payment, payment_event, r_transaction

ACTION_TIME = timedelta(hours=24)
FIRST_LOOK = timedelta(minutes=5)
_WAITING = frozenset(
    {PaymentStatus.PENDING, PaymentStatus.SUBMITTED, PaymentStatus.REQUIRES_ACTION, PaymentStatus.UNCERTAIN}
)
_UNSAID_REASON = {True: "NARR", False: "generic_decline"}


async def follow(work: UnitOfWork, payment_id: UUID, seen: ProviderPayment, read_at: datetime) -> bool:
    """Let the payment become what the provider says; whether anything changed."""
    row = await lock_payment(work, payment_id)
    if row is None or (row["provider_read_at"] is not None and read_at < row["provider_read_at"]):
        return False
    if row["type"] == PaymentType.PORTAL and row["status"] == PaymentStatus.PENDING:
        orders.look(work, payment_id, why=read_at.isoformat())  # its page decides: a decline there is not the end
        return True
    await change(work, row, provider_read_at=read_at, provider_payment_id=seen.provider_payment_id)
    understood = await meanings.understood(work, row, seen)
    if understood is None:
        return False
    seen = understood
    if (seen.amount, seen.currency) != (row["amount"], row["currency"]):
        await _wrong_amount(work, row, seen)
        return False
    status = PaymentStatus(row["status"])
    match seen.status:
        case PaymentStatus.SUBMITTED if status in _WAITING - {PaymentStatus.SUBMITTED}:
            await _submit(work, row)
        case PaymentStatus.REQUIRES_ACTION if PAYMENT.allows("ask for action", status):
            await _ask_for_action(work, row, seen)
        case PaymentStatus.PAID if status in _WAITING:
            await _settle(work, row)
        case PaymentStatus.PAID if status is PaymentStatus.RETURNED:
            await _reinstate(work, row)
        case PaymentStatus.REJECTED | PaymentStatus.RETURNED if status in _WAITING | SETTLED:
            await _take_failure(work, row, seen)
        case PaymentStatus.CANCELLED if status in _WAITING:
            await cancel(work, row, "cancelled at the provider")
        case PaymentStatus.FAILED if PAYMENT.allows("fail", status):
            await fail(work, row, PaymentErrorClass.TECHNICAL, seen.reason_text or seen.raw_status)
        case PaymentStatus.PENDING if status in (PaymentStatus.PENDING, PaymentStatus.UNCERTAIN):
            await change(work, row, look_again_at=work.now + FIRST_LOOK)
            return False
        case _:
            return False
    return True


async def lose_sight(work: UnitOfWork, row: dict[str, Any], why: str) -> None:
    """The order left and no answer came: look for it, never order it elsewhere, and dun nobody for it."""
    await move(work, row, "lose sight", "payment.uncertain", uncertain_since=work.now, look_again_at=work.now + FIRST_LOOK,
               reason_message=why)  # fmt: skip


async def fail(work: UnitOfWork, row: dict[str, Any], error_class: PaymentErrorClass, message: str) -> None:
    """It could not be made: the instalment is due again, and nobody is dunned for a fault that is not his."""
    books = await _books(work, row)
    after = await _give_back(books, row, "fail")
    await _note(work, row, "payment.failed", error=error_class)
    await change(work, after, look_again_at=None, reason_message=message[:500], version=after["version"])
    work.emit(
        PaymentFailed(**views.payment_ref(after), error_class=error_class, message=message[:500]),
        version=after["version"],
    )


async def cancel(work: UnitOfWork, row: dict[str, Any], reason: str) -> None:
    """Withdrawn before money moved: the instalment is due again."""
    books = await _books(work, row)
    after = await _give_back(books, row, "cancel")
    await _note(work, row, "payment.cancelled", reason=reason)
    await change(work, after, look_again_at=None, action_url=None, version=after["version"])
    unsent = PaymentStatus(row["status"]) is PaymentStatus.PENDING
    fact = PaymentCancelled(**views.payment_ref(after), reason=reason, before_submission=unsent)
    work.emit(fact, version=after["version"])


async def move(work: UnitOfWork, row: dict[str, Any], trigger: str, said: str, **columns: Any) -> dict[str, Any]:
    """Take one step of a payment; the row after it."""
    status = PAYMENT.after(trigger, PaymentStatus(row["status"]))
    after = row | columns | {"status": status, "version": row["version"] + 1}
    await change(work, row, status=status, version=after["version"], **columns)
    await _note(work, row, said)
    return after


async def change(work: UnitOfWork, row: dict[str, Any], **columns: Any) -> None:
    """Change columns of a payment."""
    await work.execute(
        update(payment)
        .where(payment.c.organisation_id == work.organisation_id, payment.c.id == row["id"])
        .values(**columns, updated_at=work.now, updated_by=work.caller.principal)
    )


async def _submit(work: UnitOfWork, row: dict[str, Any]) -> dict[str, Any]:
    if row["status"] == PaymentStatus.SUBMITTED:
        return row
    after = await move(
        work, row, "submit", "payment.submitted",
        submitted_at=work.now, uncertain_since=None, look_again_at=None, action_url=None, action_expires_at=None,
    )  # fmt: skip
    if row["mandate_id"] is not None:
        await _note_presented(work, row)
    fact = PaymentSubmitted(
        **views.payment_ref(after), provider_payment_id=after["provider_payment_id"], submitted_at=work.now
    )
    work.emit(fact, version=after["version"])
    return after


async def _note_presented(work: UnitOfWork, row: dict[str, Any]) -> None:
    """The dormancy clock of the mandate starts again, even if the debit fails."""
    await work.execute(
        update(mandate)
        .where(mandate.c.organisation_id == work.organisation_id, mandate.c.id == row["mandate_id"])
        .values(last_presented_on=func.greatest(mandate.c.last_presented_on, row["requested_collection_date"]))
    )


async def _ask_for_action(work: UnitOfWork, row: dict[str, Any], seen: ProviderPayment) -> None:
    expires = work.now + ACTION_TIME
    after = await move(
        work, row, "ask for action", "payment.requires_action",
        action_url=seen.action_url, action_expires_at=expires, uncertain_since=None, look_again_at=expires,
    )  # fmt: skip
    if seen.action_url is not None:
        fact = PaymentRequiresAction(**views.payment_ref(after), action_url=seen.action_url, expires_at=expires)
        work.emit(fact, version=after["version"])


async def _settle(work: UnitOfWork, row: dict[str, Any]) -> None:
    await _submit(work, row)
    await settle_payments(work, [Settlement(row["id"], work.today())])


async def _take_failure(work: UnitOfWork, row: dict[str, Any], seen: ProviderPayment) -> None:
    """Refused, or taken back. Money that came and went between two readings is booked both ways."""
    status = PaymentStatus(row["status"])
    if status in _WAITING:
        await _submit(work, row)
        if seen.status is PaymentStatus.RETURNED:
            await settle_payments(work, [Settlement(row["id"], work.today())])
    code = seen.reason_code or _UNSAID_REASON[row["method"].startswith("SEPA")]
    failure = Failure(row["id"], code, seen.reason_text, work.today(), "PROVIDER", None)
    await fail_payments(work, [failure])


async def _reinstate(work: UnitOfWork, row: dict[str, Any]) -> None:
    """A dispute was won: the money is there again and settles what it settled before."""
    books = await _books(work, row)
    state = books.payment_states[row["id"]]
    invoice_id = books.invoice_of(row)
    invoice = books.invoice_states[invoice_id] if invoice_id else None
    amount = reinstate(state, books.instalment_states.get(row["instalment_id"]), invoice)
    settled: tuple[Allocation, ...] = ()
    if invoice_id is not None and invoice is not None and amount:
        allocated = books.allocate(books.payments[row["id"]], invoice_id, amount)
        settled = (views.allocation_of(allocated, amount, invoice.open),)
    await books.store()
    await _undo_failures(work, row["id"])
    after = books.payment_after(row["id"])
    await _note(work, row, "payment.return_cancelled")
    work.emit(PaymentReturnCancelled(**views.payment_ref(after), allocations=settled), version=after["version"])
    await standing.refresh(work, [row["client_id"]], only_known=True)


async def _undo_failures(work: UnitOfWork, payment_id: UUID) -> None:
    """What was taken back and came again may be taken back once more: the key of the first time is free again."""
    await work.execute(
        update(r_transaction)
        .where(
            r_transaction.c.organisation_id == work.organisation_id,
            r_transaction.c.payment_id == payment_id,
            r_transaction.c.undone_on.is_(None),
        )
        .values(undone_on=work.today(), key=r_transaction.c.key + "|" + cast(r_transaction.c.id, String))
    )


async def _books(work: UnitOfWork, row: dict[str, Any]) -> Books:
    books = Books(work)
    await books.load([row["id"]])
    return books


async def _give_back(books: Books, row: dict[str, Any], trigger: str) -> dict[str, Any]:
    withdraw(books.payment_states[row["id"]], books.instalment_states.get(row["instalment_id"]), trigger)
    await books.store()
    return books.payment_after(row["id"])


async def _note(work: UnitOfWork, row: dict[str, Any], type_: str, **data: Any) -> None:
    await work.insert_rows(payment_event, [history(work, row["id"], type_, **data)])


async def _wrong_amount(work: UnitOfWork, row: dict[str, Any], seen: ProviderPayment) -> None:
    await raise_alert(
        work, "AMOUNT_MISMATCH", AlertSeverity.CRITICAL, "Montant différent chez le prestataire",
        f"payment {row['reference']} is {row['amount']} {row['currency']} here and {seen.amount} {seen.currency} at the "
        "provider; find out which is right before anything is booked",
        about=row["id"], company_id=row["company_id"], refs=[Ref(type="payment", id=row["id"])],
    )  # fmt: skip
