"""What the provider says of a payment that a link began: booked once, and the link follows in the same transaction."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, update

from actors.payments import removal, standing, views
from actors.payments.alerts import raise_alert
from actors.payments.books import Books
from actors.payments.portal import dues, sessions
from actors.payments.portal.dues import OpenItem
from actors.payments.portal.rules import OPEN
from actors.payments.psp import saving
from actors.payments.psp.port import Means, ProviderPayment
from actors.payments.psp.records import lock_payment
from actors.payments.rules.machines import PAYMENT
from actors.payments.rules.outcomes import SETTLED, allocate_to, pay_instalment
from actors.payments.rules.reasons import reason_of
from actors.payments.sets import history, state_many
from messages.base import Event
from messages.payments import (
    AlertSeverity,
    Allocation,
    InstalmentPaid,
    InstalmentStatus,
    PaymentCancelled,
    PaymentErrorClass,
    PaymentFailed,
    PaymentReceived,
    PaymentStatus,
    PaymentType,
)
from messages.payments.portal import MOST_STARTS, PortalSessionFailed
from messages.payments.portal_vocabulary import PortalAuditEvent, PortalOutcome, PortalSessionStatus
from messages.shared import Ref
from runtime.unit_of_work import UnitOfWork
from storage.payments.sets import among
from storage.payments.tables.payments import payment, payment_event
from storage.payments.tables.portal import portal_claim, portal_page

_EVENTS = {
    PortalOutcome.PAID: PortalAuditEvent.PAYMENT_COMPLETED,
    PortalOutcome.SAVED: PortalAuditEvent.CARD_SAVED,
}
"""What is recorded of a page that did what its link was for."""
_WAITING = frozenset({PaymentStatus.PENDING, PaymentStatus.SUBMITTED})


async def session_of(work: UnitOfWork, page_id: UUID, *, lock: bool = False) -> dict[str, Any]:
    """The link that led to a page; a page for a payment has the payment's id."""
    session_id = await work.fetch_value(
        select(portal_page.c.session_id).where(
            portal_page.c.organisation_id == work.organisation_id, portal_page.c.id == page_id
        )
    )
    return await sessions.load(work, session_id, lock=lock)


# -- money ---------------------------------------------------------------------------------------------------------


async def settle(work: UnitOfWork, payment_id: UUID, seen: ProviderPayment) -> None:
    """The money is there: the link's items are paid, debits of them that did not leave yet are withdrawn."""
    link = await session_of(work, payment_id)
    items = await dues.items_to_settle(work, link)
    await _withdraw_debits(work, items)
    books = Books(work)
    await books.load([payment_id], invoices=[item.invoice_id for item in items if item.invoice_id])
    await books.load_instalments(item.instalment_id for item in items if item.instalment_id)
    row, state = books.payments[payment_id], books.payment_states[payment_id]
    if state.status in SETTLED:
        return
    if state.status not in _WAITING or (seen.amount, seen.currency) != (row["amount"], row["currency"]):
        await _alert(work, row, seen)
        await _note_finished(work, payment_id, None)  # its claims stay: whoever paid must not be asked again
        return
    if state.status is PaymentStatus.PENDING:
        state.status = PAYMENT.after("submit", state.status)
    state.status = PAYMENT.after("settle", state.status)
    row["settled_on"], row["paid_at"] = work.today(), work.now
    allocations = _distribute(books, row, items)
    await books.store()
    await work.execute(
        update(payment)
        .where(payment.c.organisation_id == work.organisation_id, payment.c.id == payment_id)
        .values(provider_payment_id=seen.provider_payment_id)
    )
    after = books.payment_after(payment_id)
    fact = PaymentReceived(
        **views.payment_ref(after),
        paid_on=row["settled_on"],
        settled_on=row["settled_on"],
        allocations=allocations,
        fees=views.money(dues.NOTHING, row["currency"]),
    )
    state_many(work, [(fact, after["version"]), *_paid(books)], summary="payment")
    await work.insert_rows(payment_event, [history(work, payment_id, "payment.received", link=str(link["id"]))])
    await _finish(work, payment_id, PortalOutcome.PAID)
    await standing.refresh(work, [row["client_id"]], only_known=True)


def _distribute(books: Books, row: dict[str, Any], items: Sequence[OpenItem]) -> tuple[Allocation, ...]:
    """Pay the items in their order, the oldest first; what is left over stays the client's credit."""
    state, left, allocations = books.payment_states[row["id"]], row["amount"], []
    for item in items:
        taken = left
        if item.invoice_id is not None:
            invoice = books.invoice_states[item.invoice_id]
            taken = allocate_to(state, invoice, left)
            if taken:
                after = books.allocate(row, item.invoice_id, taken)
                after["instalment_id"] = item.instalment_id
                allocations.append(views.allocation_of(after, taken, invoice.open))
        if item.instalment_id is not None:
            paid = pay_instalment(books.instalment_states[item.instalment_id], taken)
            if item.instalment_id == row["instalment_id"]:
                state.instalment_amount = paid
            taken = paid if item.invoice_id is None else taken
        left -= taken
    return tuple(allocations)


def _paid(books: Books) -> list[tuple[Event, int]]:
    facts: list[tuple[Event, int]] = []
    for id_, state in sorted(books.instalment_states.items()):
        if books.instalment_changed(id_) and state.status is InstalmentStatus.PAID:
            after = books.instalment_after(id_)
            facts.append((InstalmentPaid(**views.instalment_snapshot(after)), after["version"]))
    return facts


async def _withdraw_debits(work: UnitOfWork, items: Sequence[OpenItem]) -> None:
    """Debits of the same items that are not at the bank yet; those that are come in as an overpayment."""
    ids = [item.instalment_id for item in items if item.instalment_id is not None]
    rows = await work.fetch(
        select(payment.c.id).where(
            payment.c.organisation_id == work.organisation_id,
            among(payment.c.instalment_id, ids),
            payment.c.type.in_((PaymentType.EMISSION, PaymentType.REEMISSION)),
            payment.c.status.in_((PaymentStatus.PENDING, PaymentStatus.BATCHED)),
        )
    )
    if rows:
        await removal.take_out(work, sorted(row["id"] for row in rows), "paid by card")


async def _alert(work: UnitOfWork, row: dict[str, Any], seen: ProviderPayment) -> None:
    """Money that fits no payment under way is real all the same: a person must look."""
    await raise_alert(
        work,
        "AMOUNT_MISMATCH",
        AlertSeverity.CRITICAL,
        "Paiement par carte à vérifier",
        f"payment {row['reference']} is {row['status']} of {row['amount']} {row['currency']} here and paid with "
        f"{seen.amount} {seen.currency} at the provider; refund it there or record it by hand",
        about=row["id"],
        company_id=row["company_id"],
        refs=[Ref(type="payment", id=row["id"])],
    )


# -- no money ------------------------------------------------------------------------------------------------------


async def decline(work: UnitOfWork, payment_id: UUID, seen: ProviderPayment) -> None:
    """The card was refused and the page is closed. No debit failed: instalment, counters and recovery are untouched."""
    code = seen.reason_code or "generic_decline"
    changes = {"reason_code": code, "reason_category": reason_of(code).category, "reason_message": seen.reason_text}
    after = await _end(work, payment_id, "decline", **changes, provider_payment_id=seen.provider_payment_id)
    if after is not None:
        fact = PaymentFailed(**views.payment_ref(after), error_class=PaymentErrorClass.DECLINED, message=code)
        work.emit(fact, version=after["version"])
    await _finish(work, payment_id, PortalOutcome.DECLINED)


async def abandon(work: UnitOfWork, page_id: UUID) -> None:
    """The page closed unused."""
    after = await _end(work, page_id, "cancel")
    if after is not None:
        fact = PaymentCancelled(**views.payment_ref(after), reason="page closed unpaid", before_submission=True)
        work.emit(fact, version=after["version"])
    await _finish(work, page_id, PortalOutcome.ABANDONED)


async def fail(work: UnitOfWork, page_id: UUID, message: str) -> None:
    """There was no page: a fault of ours or the provider's, so the start does not count."""
    after = await _end(work, page_id, "fail", reason_message=message)
    if after is not None:
        fact = PaymentFailed(**views.payment_ref(after), error_class=PaymentErrorClass.TECHNICAL, message=message)
        work.emit(fact, version=after["version"])
    await _finish(work, page_id, PortalOutcome.UNAVAILABLE)


async def keep_card(work: UnitOfWork, page_id: UUID, account_id: UUID, means: Means) -> None:
    """The client left another card; it is his default from now on. payment_method.added."""
    link = await session_of(work, page_id)
    await saving.save(work, account_id, link["client_id"], means)
    await _finish(work, page_id, PortalOutcome.SAVED)


async def _end(work: UnitOfWork, payment_id: UUID, trigger: str, **columns: Any) -> dict[str, Any] | None:
    """Move a waiting payment to its end; None when it has one already, or the page was for none."""
    row = await lock_payment(work, payment_id)
    if row is None or not PAYMENT.allows(trigger, PaymentStatus(row["status"])):
        return None
    changes = {"status": PAYMENT.after(trigger, PaymentStatus(row["status"])), "version": row["version"] + 1, **columns}
    await work.execute(
        update(payment)
        .where(payment.c.organisation_id == work.organisation_id, payment.c.id == payment_id)
        .values(**changes, updated_at=work.now, updated_by=work.caller.principal)
    )
    await work.insert_rows(payment_event, [history(work, payment_id, f"payment.{trigger}")])
    return {**row, **changes}


# -- the link ------------------------------------------------------------------------------------------------------


async def _finish(work: UnitOfWork, page_id: UUID, outcome: PortalOutcome) -> None:
    """Give the items free and let the link follow; one that ended meanwhile keeps its state, the record says what came."""
    if not await _note_finished(work, page_id, outcome):
        return
    await work.execute(
        delete(portal_claim).where(
            portal_claim.c.organisation_id == work.organisation_id, portal_claim.c.payment_id == page_id
        )
    )
    row = await session_of(work, page_id, lock=True)
    event = _EVENTS.get(outcome, PortalAuditEvent.PAYMENT_FAILED)
    if row["status"] not in OPEN:
        await sessions.note(work, row, event, page_id=str(page_id), outcome=outcome)
    elif outcome in _EVENTS:
        await sessions.complete(work, row, outcome, event)
    else:
        await _return(work, row, page_id, outcome)


async def _note_finished(work: UnitOfWork, page_id: UUID, outcome: PortalOutcome | None) -> bool:
    """Whether this is the first end of the page."""
    changed = await work.execute(
        update(portal_page)
        .where(
            portal_page.c.organisation_id == work.organisation_id,
            portal_page.c.id == page_id,
            portal_page.c.finished_at.is_(None),
        )
        .values(finished_at=work.now, outcome=outcome)
    )
    return bool(changed)


async def _return(work: UnitOfWork, row: dict[str, Any], page_id: UUID, outcome: PortalOutcome) -> None:
    """Back to ACTIVE while uses are left, else the link failed; portal_session.failed."""
    most = row["max_uses"]
    if outcome is PortalOutcome.UNAVAILABLE:
        most = min(most + 1, MOST_STARTS)
    trigger = "return" if row["use_count"] < most else "fail"
    after = await sessions.change(work, row, trigger, outcome=outcome, max_uses=most)
    await sessions.note(work, after, PortalAuditEvent.PAYMENT_FAILED, before=row, page_id=str(page_id), outcome=outcome)
    if after["status"] == PortalSessionStatus.FAILED:
        fact = PortalSessionFailed(session_id=row["id"], client_id=row["client_id"], reason=outcome)
        work.emit(fact, version=after["version"])
