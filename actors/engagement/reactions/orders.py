"""Facts that order a mail to a client. Orders cannot be switched off."""

import re
from typing import Any

from sqlalchemy import select

from actors.engagement import queue, settling
from actors.engagement.addressing import ClientMail, Medium, write_to_client
from actors.engagement.composing import Attachment
from messages.contrats import ContractSigned, ContractTerminationRevoked, ContractTerminationScheduled
from messages.documents import DocumentAvailable, DocumentRejected
from messages.engagement import EmailCategory, EmailStatus
from messages.factures import InvoiceDeliveryRequested
from messages.payments import PaymentPrenotificationDue, ReminderChannel, ReminderRequested
from messages.shared import Ref
from messages.values.money import Money
from runtime.unit_of_work import Row, UnitOfWork
from storage.engagement.tables import outbound_attachment, outbound_email

_REMINDER_FACTS = ("next_collection_date", "rum", "creditor_identifier", "creditor_name", "case_number", "deadline_on")
_NOT_IN_FILENAMES = re.compile(r'[\\/:*?"<>|\x00-\x1f]+')


async def send_signed_contract(event: ContractSigned, work: UnitOfWork) -> None:
    """The client gets the signed file."""
    document_id = event.document_id
    await write_to_client(
        ClientMail(
            client_id=event.client_id,
            template_key="contract.signed",
            variables={
                "contract_reference": event.reference,
                "signed_on": event.concluded_on.isoformat(),
                "withdrawal_ends_on": event.withdrawal_ends_on.isoformat() if event.withdrawal_ends_on else None,
            },
            source_key=f"contract:{event.contract_id}:{work.source_version}:signed",
            reference=Ref(type="contract", id=event.contract_id),
            company_id=event.company_id,
            attachments=(Attachment(document_id=document_id, filename=_filename(event.reference)),)
            if document_id
            else (),
        ),
        work,
    )


async def acknowledge_termination(event: ContractTerminationScheduled, work: UnitOfWork) -> None:
    """The acknowledgement on a durable medium, also when a letter goes by post."""
    await write_to_client(
        ClientMail(
            client_id=event.client_id,
            template_key="contract.termination_acknowledged",
            variables={
                "contract_reference": event.reference,
                "received_on": event.received_on.isoformat(),
                "ends_on": (event.ends_on or event.effective_on).isoformat(),
            },
            source_key=f"contract:{event.contract_id}:{work.source_version}:termination",
            reference=Ref(type="contract", id=event.contract_id),
            company_id=event.company_id,
        ),
        work,
    )


async def confirm_revocation(event: ContractTerminationRevoked, work: UnitOfWork) -> None:
    """The contract goes on: said on the same medium."""
    await write_to_client(
        ClientMail(
            client_id=event.client_id,
            template_key="contract.termination_revoked",
            variables={"contract_reference": event.reference},
            source_key=f"contract:{event.contract_id}:{work.source_version}:revoked",
            reference=Ref(type="contract", id=event.contract_id),
            company_id=event.company_id,
        ),
        work,
    )


async def send_invoice(event: InvoiceDeliveryRequested, work: UnitOfWork) -> None:
    """The invoice with its PDF; other channels are others' work."""
    if event.channel != "EMAIL":
        return
    number = event.number or ""
    await write_to_client(
        ClientMail(
            client_id=event.client_id,
            template_key="invoice.available",
            variables={
                "invoice_number": number,
                "gross": _money(event.gross),
                "due_date": event.due_date.isoformat() if event.due_date else None,
            },
            source_key=f"invoice:{event.invoice_id}:{work.source_version}:EMAIL",
            reference=Ref(type="invoice", id=event.invoice_id),
            company_id=event.company_id,
            attachments=(Attachment(document_id=event.document_id, filename=_filename(number)),),
        ),
        work,
    )


async def announce_debit(event: PaymentPrenotificationDue, work: UnitOfWork) -> None:
    """The SEPA pre-notification: amount, date, creditor and mandate."""
    await write_to_client(
        ClientMail(
            client_id=event.client_id,
            template_key="debit.prenotification",
            variables={
                "amount": _money(event.amount),
                "collection_date": event.collection_date.isoformat(),
                "rum": event.rum,
                "creditor_identifier": event.creditor_identifier,
                "creditor_name": event.creditor_name,
                "iban_masked": event.iban_masked,
                "invoice_number": event.invoice_number,
            },
            source_key=f"prenotification:{event.instalment_id}:{event.amount}",
            reference=Ref(type="instalment", id=event.instalment_id),
        ),
        work,
    )


async def remind(event: ReminderRequested, work: UnitOfWork) -> None:
    """A reminder, now; what comes of it is told with the reminder as reference."""
    if event.channel not in (ReminderChannel.EMAIL, ReminderChannel.SMS):
        return
    amount = {"amount": event.variables["amount"], "currency": event.variables["currency"]}
    told = dict.fromkeys(_REMINDER_FACTS) | {name: value or None for name, value in event.variables.items()}
    await write_to_client(
        ClientMail(
            medium=Medium(event.channel),
            client_id=event.client_id,
            template_key=event.template_key,
            variables={**told, "amount": amount, "payment_url": event.payment_url},
            source_key=f"reminder:{event.reminder_id}",
            reference=Ref(type="reminder", id=event.reminder_id),
            company_id=event.company_id,
            category=EmailCategory(event.category),
        ),
        work,
    )


async def release_mails(event: DocumentAvailable, work: UnitOfWork) -> None:
    """Mails that waited for this document leave now."""
    for row in await _mails_with(event.document_id, work):
        if row["next_attempt_at"] is not None:
            await queue.order_attempt(row, work)


async def fail_mails(event: DocumentRejected, work: UnitOfWork) -> None:
    """Mails with a document that will never be readable fail."""
    for row in await _mails_with(event.document_id, work):
        await settling.fail(row, "ATTACHMENT_NOT_CLEAN", work, text=f"document rejected: {event.reason}")


async def _mails_with(document_id: Any, work: UnitOfWork) -> list[Row]:
    """The queued mails a document is attached to, locked."""
    return await work.fetch(
        select(outbound_email)
        .join(outbound_attachment, outbound_attachment.c.email_id == outbound_email.c.id)
        .where(
            outbound_attachment.c.organisation_id == work.organisation_id,
            outbound_attachment.c.document_id == document_id,
            outbound_email.c.status == EmailStatus.QUEUED,
        )
        .order_by(outbound_email.c.id)
        .with_for_update(of=outbound_email)
    )


def _money(amount: Money) -> dict[str, str]:
    return {"amount": str(amount.amount), "currency": amount.currency}


def _filename(reference: str) -> str:
    """A reference as a file name; the suffix follows from the document."""
    return _NOT_IN_FILENAMES.sub("-", reference).strip(" .-")[:100]
