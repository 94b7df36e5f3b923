"""What invoices and payments bring into the timeline, and which tasks they resolve."""

from actors.activites import rules, tasks, timeline
from actors.activites.reactions.projections import remember_invoice
from messages.activites import TaskResolution, TimelineKind
from messages.factures import InvoiceCancelled, InvoiceIssued, InvoicePaid, InvoiceRef
from messages.payments import PaymentReceived, PaymentRef, PaymentRejected, PaymentReturned
from messages.values.money import Money
from runtime.unit_of_work import UnitOfWork
from storage.activites.tables import task


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
