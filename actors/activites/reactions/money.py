"""What invoices, payments and recovery bring into the timeline, and which tasks they make or resolve."""

from sqlalchemy import select

from actors.activites import rules, tasks, timeline
from actors.activites.reactions.projections import remember_invoice
from messages.activites import TaskPriority, TaskResolution, TaskType, TimelineKind
from messages.factures import InvoiceCancelled, InvoiceIssued, InvoicePaid, InvoiceRef
from messages.payments import (
    DunningActionRequested,
    PaymentReceived,
    PaymentRef,
    PaymentRejected,
    PaymentReturned,
    StaffAction,
)
from messages.payments import TaskPriority as DunningPriority
from messages.values.instants import local_date
from messages.values.money import Money
from runtime.unit_of_work import UnitOfWork
from storage.activites.tables import invoice_ref, task

_COLLECTION = "back_office"
_PRIORITIES = {
    DunningPriority.HIGH: TaskPriority.HIGH,
    DunningPriority.MEDIUM: TaskPriority.NORMAL,
    DunningPriority.LOW: TaskPriority.LOW,
}


async def invoice_issued(event: InvoiceIssued, work: UnitOfWork) -> None:
    """A bill went out."""
    await remember_invoice(event, work)
    await _show_invoice(event, InvoiceIssued.type, f"Facture {event.number}", event.gross, work)


async def invoice_paid(event: InvoicePaid, work: UnitOfWork) -> None:
    """Who followed the invoice up need not any more."""
    await remember_invoice(event, work)
    await _show_invoice(event, InvoicePaid.type, f"Facture {event.number} réglée", event.gross, work)
    for row in await tasks.open_tasks(
        work, task.c.invoice_id == event.invoice_id, task.c.type.in_(rules.RESOLVED_BY_PAYMENT)
    ):
        await tasks.complete(row, work, resolution=TaskResolution.AUTO_RESOLVED)


async def invoice_cancelled(event: InvoiceCancelled, work: UnitOfWork) -> None:
    """There is nothing left to follow up."""
    await remember_invoice(event, work)
    await _show_invoice(event, InvoiceCancelled.type, f"Facture {event.number} annulée", event.gross, work)
    for row in await tasks.open_tasks(
        work, task.c.invoice_id == event.invoice_id, task.c.type.in_(rules.RESOLVED_BY_PAYMENT)
    ):
        await tasks.cancel(row, "INVOICE_CANCELLED", work)


async def payment_received(event: PaymentReceived, work: UnitOfWork) -> None:
    """Money came in."""
    await _show_payment(event, TimelineKind.PAYMENT, PaymentReceived.type, "Paiement reçu", None, "", work)


async def payment_failed(event: PaymentRejected | PaymentReturned, work: UnitOfWork) -> None:
    """A debit brought no money, or its money went back."""
    title = "Prélèvement rejeté" if isinstance(event, PaymentRejected) else "Prélèvement retourné"
    await _show_payment(event, TimelineKind.REJECTION, type(event).type, title, event.reason_code, event.r_key, work)


async def follow_unpaid(event: DunningActionRequested, work: UnitOfWork) -> None:
    """Recovery wants a person to act; where the invoice was paid meanwhile the task is born done."""
    if event.action is not StaffAction.CREATE_TASK:
        return
    paid = await _is_paid(event, work)
    row = await tasks.create(
        tasks.TaskDraft(
            title=event.title,
            type=TaskType.UNPAID_FOLLOW_UP if event.invoice_id is not None else TaskType.CONTRACT_FOLLOW_UP,
            priority=_PRIORITIES[event.priority],
            description=event.description,
            due_date=local_date(event.due_at) if event.due_at is not None else None,
            assignee_id=event.assignee_id,
            queue_role=None if event.assignee_id is not None else event.queue_role or _COLLECTION,
            client_id=event.client_id,
            contract_id=event.contract_id,
            invoice_id=event.invoice_id,
            action_id=event.action_id,
            source_key=f"dunning:{event.action_id}",
            silent=paid,
        ),
        work,
    )
    if row is not None and paid:
        await tasks.complete(row, work, resolution=TaskResolution.AUTO_RESOLVED)


async def _is_paid(event: DunningActionRequested, work: UnitOfWork) -> bool:
    if event.invoice_id is None:
        return False
    left = await work.fetch_value(
        select(invoice_ref.c.outstanding).where(
            invoice_ref.c.organisation_id == work.organisation_id, invoice_ref.c.invoice_id == event.invoice_id
        )
    )
    return left is not None and left <= 0


async def _show_invoice(event: InvoiceRef, type_: str, title: str, amount: Money, work: UnitOfWork) -> None:
    await timeline.write(
        timeline.Line(
            kind=TimelineKind.INVOICE,
            code=type_,
            title=title,
            amount=amount,
            ref_type="invoice",
            ref_id=event.invoice_id,
            source_key=f"{type_}:{event.invoice_id}:{work.source_version}",
            client_id=event.client_id,
            contract_id=event.contract_id,
            invoice_id=event.invoice_id,
        ),
        work,
    )


async def _show_payment(
    event: PaymentRef, kind: TimelineKind, type_: str, title: str, detail: str | None, key: str, work: UnitOfWork
) -> None:
    await timeline.write(
        timeline.Line(
            kind=kind,
            code=type_,
            title=title,
            detail=detail,
            amount=event.amount,
            ref_type="payment",
            ref_id=event.payment_id,
            source_key=f"{type_}:{event.payment_id}:{key}",
            client_id=event.client_id,
            contract_id=event.contract_id,
            invoice_id=event.invoice_id,
        ),
        work,
    )
