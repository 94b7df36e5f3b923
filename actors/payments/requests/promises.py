"""Promises as collections agents record them."""

from sqlalchemy import select

from actors.payments.recovery import climbing, promising, shown
from actors.payments.recovery.found import desk_of
from actors.payments.rules.promises import MOST_PER_EPISODE, may_promise
from messages.payments import (
    PROMISE_LIMIT_REACHED,
    PROMISE_NOT_FOUND,
    CancelPaymentPromise,
    ListPaymentPromises,
    PaymentPromise,
    PaymentPromisePage,
    RecordPaymentPromise,
)
from messages.problem import Refused
from messages.values.instants import PARIS
from runtime.pagination import page
from runtime.unit_of_work import UnitOfWork
from storage.payments.tables.agreements import payment_promise


async def record_payment_promise(request: RecordPaymentPromise, work: UnitOfWork) -> PaymentPromise:
    """Wait for the debtor's own day."""
    if not may_promise(request.promised_on, work.today()):
        raise Refused.field("promised_on", "range", "give a day from today on, at most 30 days ahead")
    desk, case = await desk_of(work, request.case_id)
    if request.amount > case["outstanding"]:
        raise Refused.field(
            "amount", "range", f"{case['outstanding']} {case['currency']} are owed; promise at most that"
        )
    made = [row for row in desk.promises.values() if (row["case_id"], row["episode"]) == (case["id"], case["episode"])]
    if len(made) >= MOST_PER_EPISODE:
        raise Refused(PROMISE_LIMIT_REACHED, "two promises were made for this debt; agree on another way to pay")
    row = promising.record(desk, case, request.amount, request.promised_on, request.made_via)
    await desk.store()
    return shown.promise_of(row)


async def cancel_payment_promise(request: CancelPaymentPromise, work: UnitOfWork) -> PaymentPromise:
    """Go on with the case."""
    found = await work.load(
        select(payment_promise).where(
            payment_promise.c.organisation_id == work.organisation_id, payment_promise.c.id == request.promise_id
        ),
        "payment promise",
        code=PROMISE_NOT_FOUND,
    )
    desk, case = await desk_of(work, found["case_id"])
    row = desk.promises[request.promise_id]
    promising.cancel(desk, case, row)
    work.record("payment_promise", row["id"], after={"cancelled": request.reason})
    await climbing.climb(desk, case, PARIS)
    await desk.store()
    return shown.promise_of(row)


async def list_payment_promises(request: ListPaymentPromises, work: UnitOfWork) -> PaymentPromisePage:
    """A page of promises, newest first."""
    statement = select(payment_promise).where(payment_promise.c.organisation_id == work.organisation_id)
    for name in ("case_id", "client_id"):
        if getattr(request, name) is not None:
            statement = statement.where(payment_promise.c[name] == getattr(request, name))
    if request.status:
        statement = statement.where(payment_promise.c.status.in_(request.status))
    return await page(
        work,
        request,
        statement,
        order=(payment_promise.c.created_at, payment_promise.c.id),
        descending=True,
        reply=PaymentPromisePage,
        item=shown.promise_of,
    )
