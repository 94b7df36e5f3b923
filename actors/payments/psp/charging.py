"""Ordering payments at providers, exactly once: the same payment under the same key, whatever breaks in between."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, select, update

from actors.payments.alerts import raise_alert
from actors.payments.psp import circuits, following
from actors.payments.psp.port import FaultKind, PaymentOrder, ProviderError, ProviderPayment
from actors.payments.psp.records import (
    REPEATED,
    TOKEN,
    account_provider,
    failure_of,
    lock_payment,
    order_mandate_reading,
    read_one,
)
from messages.payments import AlertSeverity, PaymentErrorClass, PaymentMethod, PaymentStatus, PaymentType
from messages.shared import Ref
from runtime import clock
from runtime.actor import MORE, Moment
from runtime.unit_of_work import UnitOfWork, WorkItem
from runtime.work_queue import Outside
from storage.payments.tables.payments import payment
from storage.payments.tables.providers import payment_method

ATTEMPTS: Final = 3
_LOOK_AGAIN = timedelta(minutes=30)
_WORRY = timedelta(hours=2)
_GIVE_UP = timedelta(hours=24)
_PAGE = 200


class ChargePayment(WorkItem):
    """Order a payment at its provider."""

    payment_id: UUID


class LookForPayment(WorkItem):
    """See what became of a payment whose outcome is unknown, or that is under way for long."""

    payment_id: UUID


class WithdrawPayment(WorkItem):
    """Ask the provider to let a payment go that has moved no money."""

    payment_id: UUID
    asked_at: datetime


@dataclass(frozen=True, slots=True)
class Reading:
    """What a provider said of a payment, or why it did not; `read_at` is when it was asked."""

    read_at: datetime
    seen: ProviderPayment | None = None
    fault: FaultKind | None = None
    text: str = ""


def order_charge(work: UnitOfWork, row: dict[str, Any]) -> None:
    """Leave the order for the workers; a payment that is ordered again is a new piece of work under the same key."""
    work.order(ChargePayment(payment_id=row["id"]), key=f"{row['id']}|{row['submissions']}")


async def charge(item: ChargePayment, outside: Outside) -> Reading | None:
    """Order it; None when it is not to be ordered any more. What was proven not to happen is repeated by the queue."""
    row = await read_one(
        outside,
        select(payment, payment_method.c.provider_token, payment_method.c.provider_customer_id)
        .join(payment_method, payment_method.c.id == payment.c.payment_method_id)
        .where(payment.c.organisation_id == outside.organisation_id, payment.c.id == item.payment_id),
    )
    if row is None or row["status"] != PaymentStatus.PENDING:
        return None
    token = await outside.heart.keys.decrypt(
        row["provider_token"], organisation_id=outside.organisation_id, row_id=row["payment_method_id"], **TOKEN
    )
    order = PaymentOrder(
        key=row["end_to_end_id"],
        amount=row["amount"],
        currency=row["currency"],
        reference=row["reference"],
        description=row["external_reference"] or row["reference"],
        means=token,
        customer=row["provider_customer_id"],
        method=PaymentMethod(row["method"]),
        collect_on=row["requested_collection_date"],
    )
    provider, read_at = await account_provider(outside, row["psp_account_id"]), clock.now()
    try:
        return Reading(read_at, await provider.create_payment(order))
    except ProviderError as error:
        if error.kind in (FaultKind.TRANSIENT, FaultKind.RATE):
            raise failure_of(error) from error
        return Reading(read_at, None, error.kind, str(error))


async def charged(item: ChargePayment, reading: Reading | None, work: UnitOfWork) -> None:
    """Book what came of the order."""
    if reading is None:
        return
    row = await lock_payment(work, item.payment_id)
    if row is None:
        return
    if reading.fault is FaultKind.UNKNOWN_OUTCOME:
        await circuits.failed(work, row["psp_account_id"], row["company_id"])
    else:
        await circuits.succeeded(work, row["psp_account_id"])
    if reading.seen is not None:
        await following.follow(work, item.payment_id, reading.seen, reading.read_at)
        return
    if row["status"] != PaymentStatus.PENDING:
        return
    match reading.fault:
        case FaultKind.UNKNOWN_OUTCOME:
            await following.lose_sight(work, row, reading.text)
        case FaultKind.AUTHENTICATION:
            await circuits.lock_out(work, row["psp_account_id"], row["company_id"])
            await following.fail(
                work, row, PaymentErrorClass.TECHNICAL, "the provider refuses the account's credentials"
            )
        case _:
            if row["mandate_id"] is not None:  # its provider may know something of the mandate that we do not
                order_mandate_reading(work, row["payment_method_id"])
            await following.fail(work, row, PaymentErrorClass.DECLINED, reading.text)


async def charge_failed(item: ChargePayment, error: Exception, work: UnitOfWork) -> None:
    """It could never be ordered: that is proven, so the instalment may be collected another way."""
    row = await lock_payment(work, item.payment_id)
    if row is not None and row["status"] == PaymentStatus.PENDING:
        await circuits.failed(work, row["psp_account_id"], row["company_id"])
        await following.fail(work, row, PaymentErrorClass.TECHNICAL, "the provider could not be reached")


def order_withdrawal(work: UnitOfWork, payment_id: UUID) -> None:
    """Leave the wish to withdraw a payment for the workers; the provider decides."""
    work.order(WithdrawPayment(payment_id=payment_id, asked_at=work.now), key=f"{payment_id}|{work.now.isoformat()}")


async def withdraw_debits(work: UnitOfWork, condition: ColumnElement[bool]) -> None:
    """Ask providers to let go the debits that are under way at them; what they do not let go can be refunded."""
    rows = await work.fetch(
        select(payment.c.id).where(
            payment.c.organisation_id == work.organisation_id,
            payment.c.status == PaymentStatus.SUBMITTED,
            payment.c.type.in_((PaymentType.EMISSION, PaymentType.REEMISSION)),
            payment.c.provider_payment_id.is_not(None),
            condition,
        )
    )
    for row in rows:
        order_withdrawal(work, row["id"])


async def withdraw(item: WithdrawPayment, outside: Outside) -> Reading | None:
    """The payment as the provider has it after being asked."""
    row = await read_one(
        outside,
        select(payment).where(payment.c.organisation_id == outside.organisation_id, payment.c.id == item.payment_id),
    )
    if row is None or row["provider_payment_id"] is None:
        return None
    provider, read_at = await account_provider(outside, row["psp_account_id"]), clock.now()
    try:
        return Reading(read_at, await provider.cancel_payment(row["provider_payment_id"]))
    except ProviderError as error:
        if error.kind in REPEATED:
            raise failure_of(error) from error
        return Reading(read_at, None, error.kind, str(error))


async def withdrawn(item: WithdrawPayment, reading: Reading | None, work: UnitOfWork) -> None:
    """Cancelled, or on its way as before: then it can be refunded once it is paid."""
    if reading is not None and reading.seen is not None:
        await following.follow(work, item.payment_id, reading.seen, reading.read_at)


# -- what is unknown or under way ------------------------------------------------------------------------------------


async def look_again(moment: Moment, work: UnitOfWork) -> object:
    """Minute: payments whose outcome is unknown are looked for, from five minutes on and for 24 hours."""
    rows = await work.fetch(
        select(payment)
        .where(payment.c.organisation_id == work.organisation_id, payment.c.look_again_at <= work.now)
        .order_by(payment.c.look_again_at, payment.c.id)
        .limit(_PAGE)
        .with_for_update(skip_locked=True)
    )
    for found in rows:
        row = dict(found)
        if row["status"] == PaymentStatus.UNCERTAIN and row["uncertain_since"] <= work.now - _GIVE_UP:
            await _give_up(work, row)
            continue
        if row["status"] == PaymentStatus.UNCERTAIN and row["uncertain_since"] <= work.now - _WORRY:
            await _alert(work, row, AlertSeverity.WARNING, "its outcome is unknown for two hours; look at the provider")
        work.order(LookForPayment(payment_id=row["id"]), key=f"{row['id']}|{row['look_again_at'].isoformat()}")
        waits = row["status"] in (PaymentStatus.UNCERTAIN, PaymentStatus.REQUIRES_ACTION)
        await following.change(work, row, look_again_at=work.now + _LOOK_AGAIN if waits else None)
    return MORE if len(rows) == _PAGE else None


async def read_long_submitted(moment: Moment, work: UnitOfWork) -> None:
    """04:00: a webhook may be lost, so what is under way at a provider is read once a day."""
    await work.execute(
        update(payment)
        .where(
            payment.c.organisation_id == work.organisation_id,
            payment.c.psp_account_id.is_not(None),
            payment.c.status == PaymentStatus.SUBMITTED,
            payment.c.look_again_at.is_(None),
        )
        .values(look_again_at=work.now)
    )


async def look(item: LookForPayment, outside: Outside) -> Reading | None:
    """By its id where it is known, else by our key. A page that was left open is closed when its time is over."""
    row = await read_one(
        outside,
        select(payment).where(payment.c.organisation_id == outside.organisation_id, payment.c.id == item.payment_id),
    )
    if row is None:
        return None
    provider, read_at = await account_provider(outside, row["psp_account_id"]), clock.now()
    known = row["provider_payment_id"]
    try:
        if row["status"] == PaymentStatus.REQUIRES_ACTION and known is not None:
            return Reading(read_at, await provider.cancel_payment(known))
        if known is not None:
            return Reading(read_at, await provider.get_payment(known))
        return Reading(read_at, await provider.find_payment(row["end_to_end_id"]))
    except ProviderError as error:
        if error.kind in REPEATED:
            raise failure_of(error) from error
        return Reading(read_at, None, error.kind, str(error))


async def looked(item: LookForPayment, reading: Reading | None, work: UnitOfWork) -> None:
    """What was found is booked; what the provider never had is ordered again, under the same key."""
    if reading is None or reading.fault is not None:
        return
    if reading.seen is not None:
        await following.follow(work, item.payment_id, reading.seen, reading.read_at)
        return
    row = await lock_payment(work, item.payment_id)
    if row is None or row["status"] != PaymentStatus.UNCERTAIN:
        return
    again = row["submissions"] + 1
    after = await following.move(
        work, row, "order again", "payment.ordered_again", submissions=again, uncertain_since=None, look_again_at=None
    )
    order_charge(work, after)


async def _give_up(work: UnitOfWork, row: dict[str, Any]) -> None:
    await _alert(
        work, row, AlertSeverity.CRITICAL,
        "its outcome is unknown for 24 hours; make sure at the provider that nothing was debited before it is tried again",
    )  # fmt: skip
    await following.fail(work, row, PaymentErrorClass.UNKNOWN_OUTCOME, "the provider never said what became of it")


async def _alert(work: UnitOfWork, row: dict[str, Any], severity: AlertSeverity, text: str) -> None:
    await raise_alert(
        work, "UNCERTAIN_PAYMENT", severity, "Paiement à l'issue inconnue", f"payment {row['reference']}: {text}",
        about=f"{row['id']}|{severity}", company_id=row["company_id"], refs=[Ref(type="payment", id=row["id"])],
    )  # fmt: skip
