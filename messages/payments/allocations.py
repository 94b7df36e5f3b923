"""What receipts settle, undone by hand; and the invoices that are still open."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field

from messages.base import Event, Request
from messages.paging import Page, PageRequest
from messages.payments.collection import OpenItem, Payment
from messages.payments.snapshots import Allocation


class UnallocationReason(StrEnum):
    """Why a receipt no longer settles an invoice."""

    WRONG_INVOICE = "WRONG_INVOICE"
    CUSTOMER_CHOICE = "CUSTOMER_CHOICE"
    """The debtor says which debt he pays (Code civil, art. 1342-10)."""
    OTHER = "OTHER"


class UnallocatePayment(Request[Payment], permission="payments:payment:allocate"):
    """Take a receipt off invoices: they are open again, the money is the client's credit. A second time changes nothing."""

    payment_id: UUID
    invoice_ids: Annotated[tuple[UUID, ...], Field(min_length=1, max_length=100)]
    reason: UnallocationReason


class ClientOpenItem(OpenItem):
    """An open invoice and whose it is."""

    client_id: UUID
    company_id: UUID
    contract_id: UUID | None


class OpenItemPage(Page[ClientOpenItem]):
    """Open invoices, the oldest issue first."""


class ListOpenItems(PageRequest, Request[OpenItemPage], query=True, permission="payments:payment:read"):
    """Invoices that are not fully settled, of a company or a client."""

    company_id: UUID | None = None
    client_id: UUID | None = None


class PaymentUnallocated(Event, aggregate="payment"):
    """A receipt settles less of an invoice; `allocation.amount` is what was taken off."""

    payment_id: UUID
    client_id: UUID
    company_id: UUID
    allocation: Allocation
    reason: UnallocationReason
