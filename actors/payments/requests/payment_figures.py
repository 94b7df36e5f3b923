"""How a company's payments went, and notes of people in their history."""

from collections.abc import Collection
from decimal import Decimal

from sqlalchemy import func, insert, select

from actors.payments import views
from actors.payments.requests.payments import shown_payment
from actors.payments.rules.machines import LIVE
from actors.payments.rules.outcomes import NOTHING, SETTLED, percent_of
from actors.payments.sets import history
from messages.payments import (
    AddPaymentNote,
    GetPaymentStats,
    PaymentCount,
    PaymentStats,
    PaymentStatus,
    PaymentTimelineEntry,
)
from messages.values.money import round_cents
from runtime.unit_of_work import UnitOfWork
from storage.payments.tables.payments import payment, payment_event

_REJECTED = (PaymentStatus.REJECTED, PaymentStatus.RETURNED)


async def add_payment_note(request: AddPaymentNote, work: UnitOfWork) -> PaymentTimelineEntry:
    """Keep the note with the payment's history; it is never changed."""
    await shown_payment(work, request.payment_id)
    entry = history(work, request.payment_id, "note", text=request.text)
    await work.execute(insert(payment_event).values(**entry))
    work.record("payment", request.payment_id, after={"note": str(entry["id"])})
    return PaymentTimelineEntry.model_validate(entry)


async def get_payment_stats(request: GetPaymentStats, work: UnitOfWork) -> PaymentStats:
    """Counts and amounts by outcome; a company that the caller may not see has none."""
    rows = []
    if work.caller.sees_company(request.company_id):
        rows = await work.fetch(
            select(payment.c.status, func.count().label("count"), func.sum(payment.c.amount).label("amount"))
            .where(
                payment.c.organisation_id == work.organisation_id,
                payment.c.company_id == request.company_id,
                payment.c.business_date.between(request.from_date, request.to_date),
                payment.c.currency == "EUR",
            )
            .group_by(payment.c.status)
        )

    def of(statuses: Collection[PaymentStatus]) -> PaymentCount:
        found = [row for row in rows if row["status"] in statuses]
        amount = sum((row["amount"] for row in found), NOTHING)
        return PaymentCount(count=sum(row["count"] for row in found), amount=views.money(amount))

    total, paid, rejected = of(tuple(PaymentStatus)), of(SETTLED), of(_REJECTED)
    return PaymentStats(
        total=total,
        paid=paid,
        pending=of(LIVE),
        rejected=rejected,
        reject_rate=percent_of(Decimal(rejected.count), Decimal(paid.count + rejected.count)),
        average=views.money(round_cents(total.amount.amount / total.count)) if total.count else None,
    )
