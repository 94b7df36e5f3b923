"""What the actors say at the end, what the bank files say, and whether the two agree."""

import base64
import json
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from lxml import etree

from messages.base import Request
from messages.engagement import ListOutboundEmails
from messages.factures import DocumentKind, GetInvoice, GetInvoiceDocument, Invoice, ListInvoices
from messages.paging import Page
from messages.payments import ListCollectionBatches, ListPayments, PaymentStatus
from runtime.demo.setting import Demo

_ZERO = Decimal("0.00")
_INVOICES_TO_KEEP = 12


@dataclass
class Books:
    """Counts and sums at the end of the demo, in euros."""

    clients: int = 0
    refused_rows: int = 0
    contracts: int = 0
    invoices: int = 0
    invoiced: Decimal = _ZERO
    credited: Decimal = _ZERO
    set_off: Decimal = _ZERO
    """By how much credit notes lowered what invoices still ask for; the rest of them is to be given back."""
    collected: Decimal = _ZERO
    """What payments holds of paid debits and cards."""
    allocated: Decimal = _ZERO
    """What of it settles invoices; the rest is the clients', such as a debit that left before its invoice was credited."""
    still_open: Decimal = _ZERO
    payments: Counter[str] = field(default_factory=Counter)
    batches: int = 0
    batched: Decimal = _ZERO
    ordered_at_bank: Decimal = _ZERO
    received_at_bank: Decimal = _ZERO
    received_by_card: Decimal = _ZERO
    mails: int = 0
    mails_by_purpose: Counter[str] = field(default_factory=Counter)
    dead_letters: int = 0

    def checks(self) -> list[tuple[str, bool]]:
        """The sums that must agree."""
        return [
            (
                "invoiced = collected for it + set off by credit notes + open",
                self.invoiced == self.allocated + self.set_off + self.still_open,
            ),
            ("ordered in bank files = in the actors' batches", self.ordered_at_bank == self.batched),
            (
                "received in bank statements and by card = collected by the actors",
                self.received_at_bank + self.received_by_card == self.collected,
            ),
            ("no dead letters", self.dead_letters == 0),
        ]


async def keep_books(demo: Demo) -> Books:
    """Ask the actors and read the bank files."""
    books = Books(
        clients=len(demo.report.imported), refused_rows=len(demo.report.refused), contracts=len(demo.contracts)
    )
    kept, corrected = 0, set[UUID]()
    async for invoice in every(demo, ListInvoices(limit=100)):
        if invoice.number is None:
            continue
        if invoice.kind is DocumentKind.CREDIT_NOTE:
            books.credited += invoice.gross
            corrected |= set((await demo.client.call(GetInvoice(invoice_id=invoice.id))).preceding)
            continue
        books.invoices += 1
        books.invoiced += invoice.gross
        books.still_open += invoice.outstanding
        if kept < _INVOICES_TO_KEEP:
            kept += 1
            await _keep_invoice(demo, invoice)
    for invoice_id in corrected:
        books.set_off += _set_off(await demo.client.call(GetInvoice(invoice_id=invoice_id)))
    async for payment in every(demo, ListPayments(limit=100)):
        books.payments[str(payment.status)] += 1
        if payment.status is PaymentStatus.PAID:
            books.collected += payment.amount.amount
            books.allocated += payment.allocated_amount.amount
    async for batch in every(demo, ListCollectionBatches(limit=100)):
        books.batches += 1
        books.batched += batch.control_sum.amount
    async for email in every(demo, ListOutboundEmails(limit=100)):
        books.mails += 1
        books.mails_by_purpose[f"{email.purpose} {email.status}"] += 1
    for actor in demo.actors:
        books.dead_letters += len((await demo.client.operate(actor, "dead_letters", status="OPEN", limit=100))["items"])
    _read_bank_files(demo.exchange, books)
    _read_card_books(demo.results / "cards" / "payments.json", books)
    return books


async def every(demo: Demo, request: Request[Any]) -> AsyncIterator[Any]:
    """All items of a list, page after page."""
    cursor: str | None = None
    while True:
        page: Page[Any] = await demo.client.call(request.model_copy(update={"cursor": cursor}) if cursor else request)
        for item in page.items:
            yield item
        cursor = page.next_cursor
        if cursor is None:
            return


async def _keep_invoice(demo: Demo, invoice: Any) -> None:
    found = await demo.client.call(GetInvoiceDocument(invoice_id=invoice.id))
    folder = demo.results / "invoices"
    folder.mkdir(parents=True, exist_ok=True)
    if found.content_base64 is not None:
        (folder / f"{invoice.number}.pdf").write_bytes(base64.b64decode(found.content_base64))


def _set_off(invoice: Invoice) -> Decimal:
    """What of an invoice was settled by anything but money."""
    return max(invoice.due.amount - invoice.outstanding.amount - invoice.settled, _ZERO)


def _read_bank_files(folder: Path, books: Books) -> None:
    """Sums straight from the XML: control sums of what was ordered, entries of what was booked."""
    for path in [*(folder / "done").glob("*.xml"), *(folder / "to_bank").glob("*.xml")]:
        books.ordered_at_bank += Decimal(_text(etree.parse(path).getroot()[0], "{*}GrpHdr/{*}CtrlSum"))
    for path in [*(folder / "read").glob("*camt053*.xml"), *(folder / "from_bank").glob("*camt053*.xml")]:
        for entry in etree.parse(path).getroot().iter("{*}Ntry"):
            amount = Decimal(_text(entry, "{*}Amt"))
            books.received_at_bank += amount if _text(entry, "{*}CdtDbtInd") == "CRDT" else -amount


def _read_card_books(file: Path, books: Books) -> None:
    """What the card provider says it took; it writes its books at the first payment."""
    if file.exists():
        books.received_by_card = Decimal(sum(json.loads(file.read_text(encoding="utf-8"))["cents"])) / 100


def _text(element: Any, path: str) -> str:
    found = element.findtext(path)
    if found is None:
        raise ValueError(f"the bank file has no {path}")
    return str(found)
