"""Bank files out and in: batches of debits, the bank's answers, and its statements."""

from datetime import date
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field, model_validator

from messages.base import Event, Idempotency, Part, Reply, Request
from messages.paging import Page, PageRequest
from messages.payments.bank_vocabulary import BankMessageKind, BankMessageStatus, BatchStatus, CreditDebit, MatchStatus
from messages.payments.snapshots import BatchRef
from messages.payments.vocabulary import SequenceType
from messages.values.instants import Instant
from messages.values.money import Money
from messages.values.numbers import Percent
from messages.values.refusal import refusal
from messages.values.text import Label, Line


class BatchGroup(Reply):
    """The debits of one sequence type and date in a file (PmtInf)."""

    pmt_inf_id: str
    sequence_type: SequenceType
    collection_date: date
    tx_count: int
    control_sum: Money


class CollectionBatch(BatchRef):
    """A bank file with its groups."""

    creditor_account_id: UUID
    business_date: date
    groups: tuple[BatchGroup, ...]
    file_name: str | None = None
    file_sha256: str | None = None
    file_size: int | None = None
    document_id: UUID | None = None
    approved_by: tuple[UUID, ...] = ()
    transmitted_at: Instant | None = None
    created_at: Instant
    version: int


class CollectionBatchPage(Page[CollectionBatch]):
    """Bank files, newest first."""


class CollectionBatches(Reply):
    """The files that a preparation made."""

    items: tuple[CollectionBatch, ...]


class CollectionFile(Reply):
    """One part of a bank file, base64; the parts of 256 KiB joined have the given SHA-256."""

    batch_id: UUID
    file_name: str
    sha256: str
    size: int
    part: int
    parts: int
    content: str
    document_id: UUID | None = None


class BankMessageCounts(Reply):
    """What an imported file held."""

    transactions: int = 0
    matched: int = 0
    unmatched: int = 0
    r_transactions: int = 0
    total_credit: Money = Money(amount=Decimal("0.00"))
    total_debit: Money = Money(amount=Decimal("0.00"))


class BankMessage(Reply):
    """A file that a bank sent."""

    id: UUID
    creditor_account_id: UUID | None
    kind: BankMessageKind
    message_version: str
    msg_id: str
    file_name: str
    status: BankMessageStatus
    counts: BankMessageCounts
    error: str | None = None
    received_at: Instant


class BankMessagePage(Page[BankMessage]):
    """Imported files, newest first."""


class BankTransaction(Reply):
    """One line of a statement."""

    id: UUID
    message_id: UUID
    amount: Money
    sign: CreditDebit
    booking_date: date
    value_date: date | None
    bank_code: str | None
    end_to_end_id: str | None
    counterparty_name: str | None
    remittance: str | None
    reason_code: str | None
    match_status: MatchStatus
    matched_amount: Money


class BankTransactionPage(Page[BankTransaction]):
    """Statement lines by booking date, newest first."""


class PrepareCollectionBatches(
    Request[CollectionBatches], permission="payments:collection_batch:write", timeout_seconds=30.0
):
    """Put the pending debits of a company into bank files now; at most 2,000 debits per request, repeat for more."""

    company_id: UUID


class GetCollectionBatch(Request[CollectionBatch], query=True):
    """One bank file with its groups."""

    batch_id: UUID


class ListCollectionBatches(
    PageRequest, Request[CollectionBatchPage], query=True, permission="payments:collection_batch:read"
):
    """Bank files by company and state."""

    company_id: UUID | None = None
    status: tuple[BatchStatus, ...] = ()


class DownloadCollectionFile(
    Request[CollectionFile], query=True, permission="payments:collection_batch:download", audited=True
):
    """A part of a bank file; it holds IBANs, so each download is audited."""

    batch_id: UUID
    part: Annotated[int, Field(ge=1)] = 1


class ApproveCollectionBatch(Request[CollectionBatch]):
    """Approve a file above the limit; two different people must."""

    batch_id: UUID


class MarkBatchTransmitted(Request[CollectionBatch], permission="payments:collection_batch:transmit"):
    """Say that an approved file was uploaded at the bank by hand."""

    batch_id: UUID


class CancelCollectionBatch(Request[CollectionBatch]):
    """Take a file back before it is transmitted; its debits wait for the next one."""

    batch_id: UUID
    reason: Label


class ImportBankMessage(
    Request[BankMessage],
    permission="payments:bank_transaction:import",
    idempotency=Idempotency.REQUIRED,
    timeout_seconds=30.0,
):
    """Read a pain.002, camt.053 or camt.054 of any minor version; a repeated file answers DUPLICATE and changes nothing."""

    creditor_account_id: UUID | None = None
    file_name: Line
    content: Annotated[str, Field(max_length=350_000, description="base64, at most 256 KiB decoded")] | None = None
    document_id: UUID | None = None

    @model_validator(mode="after")
    def _one_source(self) -> "ImportBankMessage":
        if (self.content is None) == (self.document_id is None):
            raise refusal("ONE_SOURCE", "give either content (up to 256 KiB) or document_id")
        return self


class ListBankMessages(PageRequest, Request[BankMessagePage], query=True, permission="payments:bank_transaction:read"):
    """Imported files."""

    kind: BankMessageKind | None = None
    status: tuple[BankMessageStatus, ...] = ()


class ListBankTransactions(
    PageRequest, Request[BankTransactionPage], query=True, permission="payments:bank_transaction:read"
):
    """Statement lines by match and date."""

    match_status: tuple[MatchStatus, ...] = ()
    message_id: UUID | None = None
    booked_from: date | None = None
    booked_to: date | None = None


class BankMatch(Part):
    """How much of a line belongs to a receipt."""

    payment_id: UUID
    amount: Money


class MatchBankTransaction(Request[BankTransaction], permission="payments:bank_transaction:match"):
    """Say which recorded receipts a credit belongs to; never more than the line, nor than a receipt, amounts to."""

    bank_transaction_id: UUID
    targets: Annotated[tuple[BankMatch, ...], Field(min_length=1, max_length=50)]
    reason: Label


class UnmatchBankTransaction(Request[BankTransaction], permission="payments:bank_transaction:match"):
    """Undo what a person said of a line: its matches by hand, or that it is none of our business. Automatic matches stay."""

    bank_transaction_id: UUID
    reason: Label


class IgnoreBankTransaction(Request[BankTransaction], permission="payments:bank_transaction:match"):
    """Say that a line is none of our business; nobody is reminded of it again."""

    bank_transaction_id: UUID
    reason: Label


class MatchedLines(Reply):
    """The lines of one match status."""

    match_status: MatchStatus
    count: int
    amount: Money


class ReconciliationStatus(Reply):
    """How much of what the bank booked is explained; `rate` is matched amount by total amount, null without lines."""

    lines: tuple[MatchedLines, ...]
    total: Money
    matched: Money
    rate: Percent | None


class GetReconciliationStatus(Request[ReconciliationStatus], query=True, permission="payments:bank_transaction:read"):
    """The lines in euros that the bank booked in a period of at most a year, by match status."""

    booked_from: date
    booked_to: date

    @model_validator(mode="after")
    def _in_order(self) -> "GetReconciliationStatus":
        if not 0 <= (self.booked_to - self.booked_from).days <= 366:
            raise refusal("PERIOD_INVALID", "booked_to must be on or after booked_from, by a year at most")
        return self


class CollectionBatchReady(BatchRef, Event, aggregate="collection_batch", aggregate_id="batch_id"):
    """The file is built and valid."""


class CollectionBatchApproved(BatchRef, Event, aggregate="collection_batch", aggregate_id="batch_id"):
    """The file may leave; no name means the system approved it below the limit."""

    approved_by: tuple[UUID, ...]


class CollectionBatchTransmitted(BatchRef, Event, aggregate="collection_batch", aggregate_id="batch_id"):
    """The file is at the bank."""

    transmitted_at: Instant


class CollectionBatchRejected(BatchRef, Event, aggregate="collection_batch", aggregate_id="batch_id"):
    """The bank refused the whole file."""

    reason_code: str


class CollectionBatchSettled(BatchRef, Event, aggregate="collection_batch", aggregate_id="batch_id"):
    """Every debit of the file has its outcome."""

    settled_amount: Money


class BankStatementImported(Event, aggregate="bank_statement", aggregate_id="message_id"):
    """A statement or notification was read and matched as far as possible."""

    model_config = ConfigDict(serialize_by_alias=True)

    message_id: UUID
    creditor_account_id: UUID
    from_: Annotated[date, Field(alias="from")]
    to: date
    count: int
    total_credit: Money
    total_debit: Money
    matched: int
    unmatched: int


class BankTransactionUnmatched(Event, aggregate="bank_transaction"):
    """A statement line belongs to nothing known."""

    bank_transaction_id: UUID
    amount: Money
    booked_on: date
