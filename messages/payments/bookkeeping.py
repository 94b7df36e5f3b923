"""Payments: what accountants write into the sub-ledger: entries of their own, reversals, letters, closed periods."""

from datetime import date
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from pydantic import Field, model_validator

from messages.base import Idempotency, Part, Reply, Request
from messages.paging import Page, PageRequest
from messages.payments.ledger import JournalCode, JournalEntry
from messages.values.instants import Instant
from messages.values.money import Money
from messages.values.refusal import refusal
from messages.values.text import Label, Line

AccountNumber = Annotated[str, Field(pattern="^[1-8][0-9]{5}$")]
"""Six digits of the French chart of accounts (Plan comptable général)."""

CLIENT_ACCOUNTS = ("411000", "416000", "419100")
"""Accounts with a sub-account per client."""

Side = Annotated[Decimal, Field(ge=0, decimal_places=2, lt=Decimal("10000000000"))]

_READ, _WRITE, _CLOSE = "payments:ledger:read", "payments:ledger:write", "payments:ledger_period:write"


class ManualLine(Part):
    """One side of an entry; exactly one of debit and credit is above zero. Client accounts name their client."""

    account: AccountNumber
    client_id: UUID | None = None
    debit: Side = Decimal("0.00")
    credit: Side = Decimal("0.00")

    @model_validator(mode="after")
    def _one_side(self) -> "ManualLine":
        if (self.debit > 0) == (self.credit > 0):
            raise refusal("ONE_SIDE", "give either debit or credit, above zero")
        if (self.account in CLIENT_ACCOUNTS) != (self.client_id is not None):
            raise refusal("CLIENT_ACCOUNT", f"accounts {', '.join(CLIENT_ACCOUNTS)} need client_id, others have none")
        return self


class PostManualEntry(Request[JournalEntry], permission=_WRITE, idempotency=Idempotency.REQUIRED):
    """Post an entry in the journal OD. It can be reversed, never changed."""

    company_id: UUID
    entry_date: date
    piece_ref: Line
    label: Label
    lines: Annotated[tuple[ManualLine, ...], Field(min_length=2, max_length=100)]


class ReverseEntry(Request[JournalEntry], permission=_WRITE):
    """Post the exact mirror of an entry in the same journal, today or on a day of an open period; once per entry."""

    entry_id: UUID
    entry_date: date | None = None
    reason: Label


class LedgerLine(Reply):
    """A line of an account, with the letter that settles it."""

    entry_id: UUID
    line_no: int
    journal: JournalCode
    number: int
    entry_date: date
    piece_ref: str
    label: str
    client_id: UUID | None
    debit: Money
    credit: Money
    letter: str | None
    lettered_on: date | None


class LedgerLinePage(Page[LedgerLine]):
    """Lines by date."""


class ListAccountLines(PageRequest, Request[LedgerLinePage], query=True, permission=_READ):
    """The lines of an account, of one client where it has sub-accounts; `open_only` leaves out what is lettered."""

    company_id: UUID
    account: AccountNumber = "411000"
    client_id: UUID | None = None
    open_only: bool = False


class LineRef(Part):
    """A line of an entry."""

    entry_id: UUID
    line_no: Annotated[int, Field(ge=1)]


class Lettering(Reply):
    """Lines that settle each other."""

    letter: str
    lettered_on: date
    lines: int


class LetterLines(Request[Lettering], permission=_WRITE):
    """Say that lines of one client's account settle each other; their debits and credits must be equal."""

    company_id: UUID
    account: AccountNumber = "411000"
    client_id: UUID
    lines: Annotated[tuple[LineRef, ...], Field(min_length=2, max_length=500)]


class UnletterLines(Request[Lettering], permission=_WRITE):
    """Take a letter off again; automatic lettering may give the lines another one."""

    company_id: UUID
    account: AccountNumber = "411000"
    client_id: UUID
    letter: Annotated[str, Field(pattern="^[A-Z]{3,6}$")]


class AccountingPeriod(Reply):
    """Up to when a company's books are closed; None: never closed."""

    company_id: UUID
    closed_until: date | None
    changed_at: Instant | None


class CloseAccountingPeriod(Request[AccountingPeriod], permission=_CLOSE):
    """Close the books up to the end of a month: nothing is dated there any more, late facts go to the first open day."""

    company_id: UUID
    until: date


class ReopenAccountingPeriod(Request[AccountingPeriod], permission=_CLOSE):
    """Open the books again from the first day of a month on."""

    company_id: UUID
    since: date
    reason: Label


class GetAccountingPeriod(Request[AccountingPeriod], query=True, permission=_READ):
    """Up to when a company's books are closed."""

    company_id: UUID
