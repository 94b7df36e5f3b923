"""What a client prefers, else what his organisation does: when he pays and how his documents reach him."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from messages.clients import ClientSnapshot
from messages.factures import Channel
from messages.values.due_dates import TermBasis, due_date
from runtime.unit_of_work import Row

DEFAULT_DAYS: Final = 30


@dataclass(frozen=True, slots=True)
class PaymentTerm:
    """When a document is due, counted from its issue; `code` where it is a term of the library."""

    days: int = DEFAULT_DAYS
    basis: TermBasis = TermBasis.NET
    day_of_month: int | None = None
    code: str | None = None

    def due_on(self, issue_date: date) -> date:
        """The due date of a document issued that day."""
        return due_date(issue_date, self.days, self.basis, self.day_of_month)

    @property
    def columns(self) -> dict[str, object]:
        """How a document keeps it."""
        return {
            "payment_days": self.days,
            "payment_basis": self.basis,
            "payment_day_of_month": self.day_of_month,
            "payment_terms_code": self.code,
        }

    @classmethod
    def of(cls, row: Row) -> "PaymentTerm":
        """The term a document keeps."""
        basis = TermBasis(row["payment_basis"] or TermBasis.NET)
        return cls(row["payment_days"], basis, row["payment_day_of_month"], row["payment_terms_code"])


_CHANNELS: Final = {
    "EMAIL": Channel.EMAIL,
    "POST": Channel.POST,
    "CLIENT_SPACE": Channel.PORTAL,
    "MANUAL": Channel.MANUAL,
}
"""Issue modes of clients. Those of the platform are no channel here: the reform decides what passes it."""


def term_of(client: ClientSnapshot, known: Sequence[Mapping[str, Any]]) -> PaymentTerm:
    """The client's term, else the first default of the organisation's, else 30 days."""
    own = str(client.default_payment_term.id) if client.default_payment_term else None
    found = next((row for row in known if row["payment_term_id"] == own), known[0] if known else None)
    if found is None:
        return PaymentTerm()
    return PaymentTerm(found["days"], TermBasis(found["basis"]), found["day_of_month"], found["code"])


def channel_of(client: ClientSnapshot, default: str | None) -> Channel:
    """How the client wants his documents, else as the organisation sends them; by mail needs an address."""
    wanted = client.invoice_issue_mode.channel if client.invoice_issue_mode else None
    channel = _CHANNELS.get(wanted or default or "EMAIL", Channel.EMAIL)
    return Channel.POST if channel is Channel.EMAIL and not client.primary_email else channel
