"""Bills, payments, debits, accounts and standing of a client."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from actors.clients.changes import find_client
from actors.clients.pairs import note_duplicates
from actors.clients.status import derive_status
from actors.clients.timeline import note
from messages.base import NIL_ORGANISATION
from messages.clients import TimelineKind
from messages.factures import CreditNoteIssued, InvoiceCancelled, InvoiceIssued, InvoicePaid
from messages.payments import (
    Allocation,
    BankDetailsCreated,
    BankDetailsDisabled,
    BankDetailsUpdated,
    InstalmentCancelled,
    InstalmentPaid,
    InstalmentPlanned,
    InstalmentRescheduled,
    MandateActivated,
    MandateBlocked,
    MandateCancelled,
    MandateConsumed,
    MandateCreated,
    MandateExpired,
    MandateFailed,
    MandateSuspended,
    MandateUnblocked,
    PaymentAllocated,
    PaymentReceived,
    PaymentRef,
    PaymentRejected,
    PaymentReturned,
    PaymentStandingChanged,
    PaymentUnallocated,
)
from messages.values.due_dates import late_from
from runtime.unit_of_work import UnitOfWork
from storage.clients.tables import (
    bank_details_ref,
    credit_ref,
    instalment_ref,
    invoice_payment_ref,
    invoice_ref,
    mandate_ref,
    payment_ref,
    standing_ref,
)
from storage.projections import keep_newest

LifeOfMandate = (
    MandateCreated
    | MandateActivated
    | MandateBlocked
    | MandateUnblocked
    | MandateSuspended
    | MandateFailed
    | MandateConsumed
    | MandateCancelled
    | MandateExpired
)

_NOTHING = Decimal("0.00")


async def keep_invoice(event: InvoiceIssued, work: UnitOfWork) -> None:
    """A bill of the client."""
    credited = await work.fetch_value(
        select(func.coalesce(func.sum(credit_ref.c.gross), _NOTHING)).where(
            credit_ref.c.organisation_id == work.organisation_id, credit_ref.c.invoice_id == event.invoice_id
        )
    )
    statement = insert(invoice_ref).values(
        organisation_id=work.organisation_id,
        invoice_id=event.invoice_id,
        client_id=event.client_id,
        number=event.number,
        gross=event.gross.amount,
        credited=credited,
        currency=event.gross.currency,
        issued_on=event.issue_date,
        due_on=event.due_date,
        late_from=late_from(event.due_date, event.planned_debit_date),
        settled=False,
        rejected=False,
    )
    await work.execute(statement.on_conflict_do_nothing())
    params = {"number": event.number}
    await note(
        event.client_id, TimelineKind.INVOICE, event.contract.type, event.invoice_id, work, params,
        source="factures", amount=event.gross,
    )  # fmt: skip


async def settle_invoice(event: InvoicePaid | InvoiceCancelled, work: UnitOfWork) -> None:
    """Nothing of the bill is open any more."""
    await _mark_invoice(event.invoice_id, work, settled=True, rejected=False)
    params = {"number": event.number}
    await note(
        event.client_id, TimelineKind.INVOICE, event.contract.type, event.invoice_id, work, params,
        source="factures", amount=event.gross,
    )  # fmt: skip
    await derive_status(event.client_id, work, reason=event.contract.type)


async def credit_invoice(event: CreditNoteIssued, work: UnitOfWork) -> None:
    """A credit note takes something off bills."""
    for original in event.originals:
        statement = insert(credit_ref).values(
            organisation_id=work.organisation_id,
            credit_note_id=event.credit_note_id,
            invoice_id=original.invoice_id,
            gross=abs(original.gross.amount),
        )
        if await work.execute(statement.on_conflict_do_nothing()):
            await work.execute(
                update(invoice_ref)
                .where(*_is_invoice(original.invoice_id, work))
                .values(credited=invoice_ref.c.credited + abs(original.gross.amount))
            )
    params = {"number": event.number}
    await note(
        event.client_id, TimelineKind.INVOICE, event.contract.type, event.credit_note_id, work, params,
        source="factures", amount=event.gross,
    )  # fmt: skip
    await derive_status(event.client_id, work, reason=event.contract.type)


async def receive_payment(event: PaymentReceived, work: UnitOfWork) -> None:
    """Money came in."""
    await _keep_payment(event, "RECEIVED", event.paid_on, work)
    for allocation in event.allocations:
        await _keep_allocation(event.client_id, allocation, work)
    await _note_payment(event, work)
    await derive_status(event.client_id, work, reason=event.contract.type)


async def reject_payment(event: PaymentRejected, work: UnitOfWork) -> None:
    """A debit failed."""
    await _keep_payment(event, "REJECTED", event.rejected_on, work)
    if event.invoice_id is not None:
        await _mark_invoice(event.invoice_id, work, rejected=True)
    await _note_payment(event, work, reason=event.reason_code)
    await derive_status(event.client_id, work, reason=event.contract.type)


async def return_payment(event: PaymentReturned, work: UnitOfWork) -> None:
    """The bank took the money back: what it settled is open again."""
    await _keep_payment(event, "RETURNED", event.rejected_on, work)
    for allocation in event.allocations_reversed:
        await _keep_allocation(event.client_id, allocation, work)
        if allocation.invoice_id is not None:
            await _mark_invoice(allocation.invoice_id, work, settled=False, rejected=True)
    await _note_payment(event, work, reason=event.reason_code)
    await derive_status(event.client_id, work, reason=event.contract.type)


async def allocate_payment(event: PaymentAllocated | PaymentUnallocated, work: UnitOfWork) -> None:
    """What a payment settles changed."""
    await _keep_allocation(event.client_id, event.allocation, work)
    await derive_status(event.client_id, work, reason=event.contract.type)


async def keep_standing(event: PaymentStandingChanged, work: UnitOfWork) -> None:
    """How the client pays, as payments judges it; the worst of his companies counts."""
    await work.execute(
        keep_newest(
            standing_ref,
            organisation_id=work.organisation_id,
            client_id=event.client_id,
            company_id=event.company_id or NIL_ORGANISATION,
            standing=event.standing,
            risk=event.risk,
            version=work.source_version,
        )
    )
    await derive_status(event.client_id, work, reason=f"payment standing {event.standing}")


async def plan_debit(
    event: InstalmentPlanned | InstalmentRescheduled | InstalmentCancelled | InstalmentPaid, work: UnitOfWork
) -> None:
    """The client's next debit."""
    await work.execute(
        keep_newest(
            instalment_ref,
            organisation_id=work.organisation_id,
            instalment_id=event.instalment_id,
            client_id=event.client_id,
            amount=event.amount.amount,
            currency=event.amount.currency,
            debit_on=event.planned_debit_date,
            open=isinstance(event, InstalmentPlanned | InstalmentRescheduled),
            version=work.source_version,
        )
    )


async def keep_account(event: BankDetailsCreated | BankDetailsUpdated | BankDetailsDisabled, work: UnitOfWork) -> None:
    """An account of the client, masked; another client with the same account may be the same person."""
    changed = await work.execute(
        keep_newest(
            bank_details_ref,
            organisation_id=work.organisation_id,
            bank_details_id=event.bank_details_id,
            client_id=event.client_id,
            iban_country=event.iban_country,
            iban_masked=event.iban_masked,
            iban_fingerprint=event.iban_fingerprint,
            holder_name=event.holder_name,
            status=event.status,
            version=work.source_version,
        )
    )
    row = await find_client(event.client_id, work) if changed and isinstance(event, BankDetailsCreated) else None
    if row is not None:
        await note_duplicates(row, work)


async def keep_mandate(event: LifeOfMandate, work: UnitOfWork) -> None:
    """The authorisation to debit the client."""
    await work.execute(
        keep_newest(
            mandate_ref,
            organisation_id=work.organisation_id,
            mandate_id=event.mandate_id,
            client_id=event.client_id,
            bank_details_id=event.bank_details_id,
            rum=event.rum,
            status=event.status,
            version=work.source_version,
        )
    )
    params = {"rum": event.rum}
    await note(
        event.client_id, TimelineKind.MANDATE, event.contract.type, event.mandate_id, work, params, source="payments"
    )


async def _keep_payment(event: PaymentRef, status: str, on: date, work: UnitOfWork) -> None:
    await work.execute(
        keep_newest(
            payment_ref,
            organisation_id=work.organisation_id,
            payment_id=event.payment_id,
            client_id=event.client_id,
            invoice_id=event.invoice_id,
            amount=event.amount.amount,
            refunded=_NOTHING,
            currency=event.amount.currency,
            status=status,
            on_date=on,
            version=work.source_version,
        )
    )


async def _keep_allocation(client_id: UUID, found: Allocation, work: UnitOfWork) -> None:
    if found.invoice_id is None:
        return
    columns = {"allocated_after": found.allocated_after.amount, "version": work.source_version}
    statement = insert(invoice_payment_ref).values(
        organisation_id=work.organisation_id,
        invoice_id=found.invoice_id,
        payment_id=found.payment_id,
        client_id=client_id,
        **columns,
    )
    await work.execute(
        statement.on_conflict_do_update(
            index_elements=["organisation_id", "invoice_id", "payment_id"],
            set_=columns,
            where=invoice_payment_ref.c.version <= work.source_version,
        )
    )


async def _note_payment(
    event: PaymentReceived | PaymentRejected | PaymentReturned, work: UnitOfWork, *, reason: str | None = None
) -> None:
    params: dict[str, Any] = {"reference": event.reference} | ({"reason": reason} if reason else {})
    await note(
        event.client_id, TimelineKind.PAYMENT, event.contract.type, event.payment_id, work, params,
        source="payments", amount=event.amount,
    )  # fmt: skip


async def _mark_invoice(invoice_id: UUID, work: UnitOfWork, **changes: bool) -> None:
    await work.execute(update(invoice_ref).where(*_is_invoice(invoice_id, work)).values(**changes))


def _is_invoice(invoice_id: UUID, work: UnitOfWork) -> tuple[Any, Any]:
    return invoice_ref.c.organisation_id == work.organisation_id, invoice_ref.c.invoice_id == invoice_id
