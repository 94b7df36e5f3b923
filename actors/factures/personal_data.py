"""What factures keeps of a client: issued documents stay ten years, drafts and copies go (Commercial Code art. L123-22)."""

from typing import Any, Final

from sqlalchemy import ColumnElement, Date, and_, cast, func, select

from messages.factures import InvoiceStatus
from runtime.privacy import Anonymise, Delete, PersonalData, Retain, Subject, by_id, through
from storage.factures.tables import (
    billing_intake,
    client_view,
    invoice,
    invoice_line,
    invoiced_item,
    lifecycle_event,
    rendition,
    seal,
    transmission,
    vat_breakdown,
)

_REASON: Final = "ACCOUNTING_10Y: Commercial Code L123-22"
_invoices = by_id(invoice.c.client_id)
_issued = invoice.c.status.in_((InvoiceStatus.ISSUED, InvoiceStatus.CANCELLED))
_end = cast(invoice.c.fiscal_year_end + func.make_interval(10), Date)


def _drafts(subject: Subject) -> ColumnElement[bool]:
    return and_(_invoices(subject), ~_issued)


def _kept_with(invoice_id: Any) -> Any:
    return select(_end).where(invoice.c.id == invoice_id).correlate_except(invoice).scalar_subquery()


PERSONAL_DATA: Final = (
    PersonalData(
        invoice_line,
        through(invoice_line.c.invoice_id, invoice.c.id, _drafts),
        Delete(),
        "drafts",
        entity="draft_line",
    ),
    PersonalData(
        vat_breakdown, through(vat_breakdown.c.invoice_id, invoice.c.id, _drafts), Delete(), "drafts", "draft_vat"
    ),
    PersonalData(
        invoiced_item, through(invoiced_item.c.invoice_id, invoice.c.id, _drafts), Delete(), "drafts", "draft_item"
    ),
    PersonalData(invoice, _drafts, Delete(), "drafts", "draft"),
    PersonalData(
        rendition,
        through(rendition.c.invoice_id, invoice.c.id, _invoices),
        Retain(_REASON, until=_kept_with(rendition.c.invoice_id)),
        "the invoice's file",
    ),
    PersonalData(
        seal,
        through(seal.c.invoice_id, invoice.c.id, _invoices),
        Retain(_REASON, until=_kept_with(seal.c.invoice_id)),
        "proof that invoices were not changed",
    ),
    PersonalData(
        invoice_line,
        through(invoice_line.c.invoice_id, invoice.c.id, _invoices),
        Retain(_REASON, until=_kept_with(invoice_line.c.invoice_id)),
        "what was sold",
    ),
    PersonalData(
        transmission,
        through(transmission.c.invoice_id, invoice.c.id, _invoices),
        Retain(_REASON, until=_kept_with(transmission.c.invoice_id)),
        "what was sent to the approved platform",
    ),
    PersonalData(
        lifecycle_event,
        through(lifecycle_event.c.invoice_id, invoice.c.id, _invoices),
        Retain(_REASON, until=_kept_with(lifecycle_event.c.invoice_id)),
        "the regulated life cycle of invoices",
    ),
    PersonalData(invoice, _invoices, Retain(_REASON, until=_end), "invoices and credit notes", where=_issued),
    PersonalData(
        billing_intake,
        through(
            billing_intake.c.contract_id,
            invoice.c.contract_id,
            _invoices,
        ),
        Anonymise({"reason": None}),
        "what contrats asked to bill",
    ),
    PersonalData(client_view, by_id(client_view.c.client_id), Delete(), "buyer of the next invoice"),
)
