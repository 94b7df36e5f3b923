"""The facts that factures states."""

from uuid import UUID

from messages.base import Event
from messages.factures.facts import CancelledBy, ContractLineNet, CreditFacts, InvoiceFacts, RunFailure, SettlementFacts
from messages.factures.invoices import InvoiceRef
from messages.factures.values import Channel
from messages.shared import LetterOrder
from messages.values.instants import Instant
from messages.values.money import Money


class InvoiceCreated(InvoiceRef, Event, aggregate="invoice"):
    """A draft was saved."""

    draft_ref: str


class InvoiceUpdated(InvoiceRef, Event, aggregate="invoice"):
    """A draft changed."""

    draft_ref: str
    changed_fields: tuple[str, ...]


class InvoiceDiscarded(Event, aggregate="invoice"):
    """A draft was thrown away; its periods may be billed again."""

    invoice_id: UUID
    draft_ref: str


class InvoiceIssued(InvoiceRef, InvoiceFacts, Event, aggregate="invoice"):
    """An invoice has its number, seal and file; without document_id the archive was not reachable within 60 s."""


class CreditNoteIssued(InvoiceRef, InvoiceFacts, CreditFacts, Event, aggregate="credit_note"):
    """A credit note has its number, seal and file."""


class InvoiceDocumentArchived(Event, aggregate="invoice"):
    """The file's id, when it was not known at issue."""

    invoice_id: UUID
    document_id: UUID
    sha256: str


class InvoiceDeliveryRequested(InvoiceRef, Event, aggregate="invoice", personal=True):
    """The document is to be sent; the channel says by whom."""

    channel: Channel
    recipient_contact_ids: tuple[UUID, ...] = ()
    letter: LetterOrder | None = None
    document_id: UUID


class InvoiceSent(InvoiceRef, Event, aggregate="invoice"):
    """Mail relay or post confirmed the sending."""

    channel: Channel
    sent_at: Instant


class InvoicePartiallyPaid(InvoiceRef, SettlementFacts, Event, aggregate="invoice"):
    """A part is paid."""


class InvoicePaid(InvoiceRef, SettlementFacts, Event, aggregate="invoice"):
    """Nothing is left to pay."""


class InvoicePaymentReversed(InvoiceRef, SettlementFacts, Event, aggregate="invoice"):
    """A settlement came back; the invoice is open again."""


class InvoiceOverpaid(InvoiceRef, SettlementFacts, Event, aggregate="invoice"):
    """More was paid than was due."""


class InvoiceOverdue(InvoiceRef, Event, aggregate="invoice"):
    """First day after the due date with something left to pay."""

    days: int


class InvoiceCancelled(InvoiceRef, Event, aggregate="invoice"):
    """Fully credited."""

    by: CancelledBy
    rebill: bool
    net_by_contract_line: tuple[ContractLineNet, ...] = ()


class BillingRunCompleted(Event, aggregate="billing_run", aggregate_id="run_id"):
    """The day's billing in figures."""

    run_id: UUID
    as_of: Instant
    issued: int
    drafted: int
    failed: int
    net: Money
    failures: tuple[RunFailure, ...] = ()


class InvoicingSettingsChanged(Event, aggregate="invoicing_settings", aggregate_id="company_id"):
    """A company invoices differently from now on."""

    company_id: UUID
    settings_version: int
