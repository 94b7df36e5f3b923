"""Requests that change the lines of a draft; its totals follow in the same transaction."""

from dataclasses import replace
from decimal import Decimal
from uuid import UUID

from sqlalchemy import delete

from actors.factures import drafting, views
from actors.factures.drafting import DraftLine, load_parties
from actors.factures.recovering import copied_line
from actors.factures.requests.drafts import change, draft_lines, draft_of, load, prepaid_of
from actors.factures.rules import vat
from actors.factures.rules.amounts import VatKey
from messages.factures import MOST_LINES, Invoice, InvoiceUpdated, ReplaceInvoiceLines
from messages.factures.drafts import AddInvoiceLine, RemoveInvoiceLine, UpdateInvoiceLine
from messages.problem import Refused
from runtime.unit_of_work import Row, UnitOfWork
from storage.factures.tables import invoice_line, vat_breakdown


async def replace_invoice_lines(request: ReplaceInvoiceLines, work: UnitOfWork) -> Invoice:
    """Give a draft other lines."""
    row = await draft_of(request.invoice_id, request.expected_version, work)
    return await _with_lines(row, draft_lines(request.lines), work)


async def add_invoice_line(request: AddInvoiceLine, work: UnitOfWork) -> Invoice:
    """Put one more line on a draft."""
    row = await draft_of(request.invoice_id, request.expected_version, work)
    lines = _lines_of(row)
    if len(lines) == MOST_LINES:
        raise Refused.field("line", "line_limit", f"a document has at most {MOST_LINES} lines; write a second one")
    place = len(lines) if request.position is None else min(request.position - 1, len(lines))
    return await _with_lines(row, (*lines[:place], *draft_lines((request.line,)), *lines[place:]), work)


async def update_invoice_line(request: UpdateInvoiceLine, work: UnitOfWork) -> Invoice:
    """Write one line anew."""
    row = await draft_of(request.invoice_id, request.expected_version, work)
    before, after = _around(request.line_no, row)
    return await _with_lines(row, (*before, *draft_lines((request.line,)), *after), work)


async def remove_invoice_line(request: RemoveInvoiceLine, work: UnitOfWork) -> Invoice:
    """Take one line off; a draft without lines is thrown away instead."""
    row = await draft_of(request.invoice_id, request.expected_version, work)
    before, after = _around(request.line_no, row)
    if not before and not after:
        raise Refused.field("line_no", "last_line", "it is the only line; delete the draft with DeleteInvoice instead")
    return await _with_lines(row, (*before, *after), work)


def _around(line_no: int, row: Row) -> tuple[tuple[DraftLine, ...], tuple[DraftLine, ...]]:
    lines = _lines_of(row)
    if line_no > len(lines):
        raise Refused.field("line_no", "unknown", f"the draft has no line {line_no}; check line_no")
    return lines[: line_no - 1], lines[line_no:]


def _lines_of(row: Row) -> tuple[DraftLine, ...]:
    """The lines of a stored draft with the VAT they bear."""
    return tuple(
        replace(
            copied_line(line),
            key=VatKey(line["vat_category"], Decimal(line["vat_rate"]), line["exemption_code"]),
        )
        for line in row["lines"]
    )


async def _with_lines(row: Row, lines: tuple[DraftLine, ...], work: UnitOfWork) -> Invoice:
    parties = await load_parties(row["company_id"], row["client_id"], work)
    rows = await drafting.line_rows(lines, parties, work)
    allowances = drafting.spread_again(row["allowances"], rows)
    totals = drafting.totals_of(rows, allowances, row["charges"])
    for table in (invoice_line, vat_breakdown):
        mine = (table.c.organisation_id == work.organisation_id, table.c.invoice_id == row["id"])
        await work.execute(delete(table).where(*mine))
    await drafting.store_parts(row["id"], rows, totals, work)
    nature = vat.nature_of(frozenset(line["nature"] for line in rows))
    changes = {
        "nature": nature,
        "process_code": vat.process_code(nature)[:1] + row["process_code"][1:],
        "allowances": allowances,
        **drafting.totals_columns(totals, prepaid_of(row, totals)),
    }
    changed = await change(row, changes, work)
    fact = InvoiceUpdated(**views.reference_of(changed), draft_ref=row["draft_ref"], changed_fields=("lines",))
    work.emit(fact, version=changed["version"])
    return views.invoice_of(await load(UUID(str(row["id"])), work))
