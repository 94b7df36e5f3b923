"""The statements of factures that run often; amounts inside JSON travel as text, so that none becomes a float."""

from typing import Any

from sqlalchemy import Column, Label, Text, and_, bindparam, cast, func, select, update
from sqlalchemy.dialects.postgresql import insert

from storage.factures.tables import (
    client_view,
    company_view,
    directory_line,
    invoice,
    invoice_line,
    invoicing_settings,
    late_interest_rate,
    logo,
    mandate_view,
    numbering_counter,
    numbering_series,
    platform_account,
    rendition,
    seal_head,
    settlement,
    transmission,
    vat_breakdown,
)
from storage.shared.statements import Statement, prepare, rows_as_json

_EXACT = {"quantity", "unit_price", "net", "vat_rate", "rate", "base", "amount"}


def _exact(column: Column[Any]) -> Any:
    return cast(column, Text).label(column.key) if column.key in _EXACT else column


def _parts(name: str, table: Any, columns: list[str], order: str) -> Label[Any]:
    return rows_as_json(
        name, [_exact(table.c[key]) for key in columns], table.c.invoice_id == invoice.c.id, table.c[order]
    )


_LINES = _parts("lines", invoice_line, [column.key for column in invoice_line.c][2:], "line_no")
_BREAKDOWN = _parts("breakdown", vat_breakdown, ["category", "rate", "base", "amount", "exemption_code"], "position")
_SETTLEMENTS = _parts(
    "settlements", settlement, ["id", "source", "source_id", "amount", "on_date", "method", "presumed"], "id"
)

DOCUMENT = select(invoice, _LINES, _BREAKDOWN, _SETTLEMENTS).where(
    invoice.c.organisation_id == bindparam("organisation_id")
)
INVOICE_BY_ID: Statement = prepare(DOCUMENT.where(invoice.c.id == bindparam("id")))
INVOICE_BY_NUMBER: Statement = prepare(
    DOCUMENT.where(invoice.c.company_id == bindparam("company_id"), invoice.c.number == bindparam("number"))
)
INVOICE_FOR_UPDATE: Statement = prepare(DOCUMENT.where(invoice.c.id == bindparam("id")).with_for_update(of=invoice))
INVOICES_BY_ID: Statement = prepare(
    DOCUMENT.where(invoice.c.id == func.any(bindparam("ids"))).order_by(invoice.c.created_at, invoice.c.id)
)
INVOICES_FOR_UPDATE: Statement = prepare(
    DOCUMENT.where(invoice.c.id == func.any(bindparam("ids"))).order_by(invoice.c.id).with_for_update(of=invoice)
)
TO_ISSUE: Statement = prepare(
    DOCUMENT.where(
        invoice.c.company_id == bindparam("company_id"), invoice.c.status == "DRAFT", invoice.c.auto_issue.is_(True)
    )
    .order_by(invoice.c.created_at, invoice.c.id)
    .limit(bindparam("most"))
)

SUMMARY = select(
    invoice.c.id,
    invoice.c.number,
    invoice.c.draft_ref,
    invoice.c.kind,
    invoice.c.company_id,
    invoice.c.client_id,
    invoice.c.contract_id,
    invoice.c.status,
    invoice.c.settlement_status,
    invoice.c.transmission_status,
    invoice.c.overdue,
    invoice.c.net,
    invoice.c.vat,
    invoice.c.gross,
    invoice.c.outstanding,
    invoice.c.issue_date,
    invoice.c.due_date,
    invoice.c.created_at,
)

_newest_settings = (
    select(func.max(invoicing_settings.c.settings_version))
    .where(
        invoicing_settings.c.organisation_id == bindparam("organisation_id"),
        invoicing_settings.c.company_id == bindparam("company_id"),
    )
    .scalar_subquery()
)
COMPANY: Statement = prepare(
    select(company_view.c.snapshot, invoicing_settings)
    .join(
        invoicing_settings,
        and_(
            invoicing_settings.c.organisation_id == company_view.c.organisation_id,
            invoicing_settings.c.company_id == company_view.c.company_id,
            invoicing_settings.c.settings_version == _newest_settings,
        ),
    )
    .where(
        company_view.c.organisation_id == bindparam("organisation_id"),
        company_view.c.company_id == bindparam("company_id"),
    )
)
LOGO: Statement = prepare(
    select(logo.c.png).where(
        logo.c.organisation_id == bindparam("organisation_id"),
        logo.c.company_id == bindparam("company_id"),
        logo.c.sha256 == bindparam("sha256"),
    )
)
PLATFORM_ACCOUNT: Statement = prepare(
    select(platform_account).where(
        platform_account.c.organisation_id == bindparam("organisation_id"),
        platform_account.c.company_id == bindparam("company_id"),
    )
)
_transmission = select(transmission).where(
    transmission.c.organisation_id == bindparam("organisation_id"), transmission.c.id == bindparam("id")
)
TRANSMISSION: Statement = prepare(_transmission)
TRANSMISSION_FOR_UPDATE: Statement = prepare(_transmission.with_for_update())
LATE_INTEREST_RATES: Statement = prepare(
    select(late_interest_rate.c.semester, late_interest_rate.c.ecb_rate).where(
        late_interest_rate.c.organisation_id == bindparam("organisation_id")
    )
)
DIRECTORY_LINE: Statement = prepare(
    select(directory_line).where(
        directory_line.c.organisation_id == bindparam("organisation_id"),
        directory_line.c.address == bindparam("address"),
    )
)
CLIENTS: Statement = prepare(
    select(client_view.c.client_id, client_view.c.snapshot).where(
        client_view.c.organisation_id == bindparam("organisation_id"),
        client_view.c.client_id == func.any(bindparam("ids")),
    )
)
MANDATES: Statement = prepare(
    select(mandate_view)
    .where(
        mandate_view.c.organisation_id == bindparam("organisation_id"),
        mandate_view.c.company_id == bindparam("company_id"),
        mandate_view.c.client_id == func.any(bindparam("ids")),
        mandate_view.c.status == "ACTIVE",
    )
    .order_by(mandate_view.c.mandate_id)
)

_series = select(numbering_series).where(
    numbering_series.c.organisation_id == bindparam("organisation_id"),
    numbering_series.c.company_id == bindparam("company_id"),
)
SERIES: Statement = prepare(_series.order_by(numbering_series.c.code))
COUNTERS: Statement = prepare(
    select(numbering_counter).where(
        numbering_counter.c.organisation_id == bindparam("organisation_id"),
        numbering_counter.c.series_id == func.any(bindparam("ids")),
    )
)
ADD_COUNTER: Statement = prepare(
    insert(numbering_counter)
    .values(
        organisation_id=bindparam("organisation_id"),
        series_id=bindparam("series_id"),
        year=bindparam("year"),
        last_seq=0,
    )
    .on_conflict_do_nothing()
)
LOCK_COUNTER: Statement = prepare(
    select(numbering_counter)
    .where(numbering_counter.c.series_id == bindparam("series_id"), numbering_counter.c.year == bindparam("year"))
    .with_for_update()
)
MOVE_COUNTER: Statement = prepare(
    update(numbering_counter)
    .where(numbering_counter.c.series_id == bindparam("series"), numbering_counter.c.year == bindparam("of_year"))
    .values(last_seq=bindparam("seq"), last_issue_date=bindparam("issue_date"))
)
LAST_DATE: Statement = prepare(
    select(func.max(numbering_counter.c.last_issue_date)).where(numbering_counter.c.series_id == bindparam("series_id"))
)
LOCK_SEAL_HEAD: Statement = prepare(
    select(seal_head)
    .where(
        seal_head.c.organisation_id == bindparam("organisation_id"), seal_head.c.company_id == bindparam("company_id")
    )
    .with_for_update()
)
MOVE_SEAL_HEAD: Statement = prepare(
    update(seal_head)
    .where(seal_head.c.organisation_id == bindparam("organisation"), seal_head.c.company_id == bindparam("company"))
    .values(last_seq=bindparam("seq"), last_hash=bindparam("hash"))
)
ISSUE: Statement = prepare(
    update(invoice)
    .where(invoice.c.id == bindparam("invoice_id"))
    .values(
        {
            invoice.c[name]: bindparam(f"new_{name}")
            for name in (
                "number", "series_id", "series_year", "series_seq", "status", "settlement_status", "issue_date",
                "issued_at", "issued_by", "due_date", "vat_due_code", "transmission_status", "channel", "mandate_reference",
                "creditor_id", "seller", "buyer", "settings_version", "fiscal_year_end", "outstanding", "seal_hash",
                "version", "updated_at", "updated_by",
            )
        }
    )
)  # fmt: skip
FILE: Statement = prepare(
    select(rendition).where(
        rendition.c.organisation_id == bindparam("organisation_id"),
        rendition.c.invoice_id == bindparam("invoice_id"),
        rendition.c.format == bindparam("format"),
    )
)
PDF_HASHES: Statement = prepare(
    select(rendition.c.invoice_id, rendition.c.sha256).where(
        rendition.c.organisation_id == bindparam("organisation_id"),
        rendition.c.invoice_id == func.any(bindparam("ids")),
        rendition.c.format == "FACTURX_PDF",
    )
)
