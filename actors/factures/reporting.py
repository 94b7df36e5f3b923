"""E-reports: what a period's sales to consumers and their payments come to, generated, sent, accepted or replaced."""

import hashlib
from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select, update

from actors.factures import transmitting
from actors.factures.alerts import raise_alert
from actors.factures.announcing import CREDIT_NOTES
from actors.factures.collecting import consumers_paid
from actors.factures.platform import frr
from actors.factures.rules.e_reports import REPORTING, Period
from messages.base import Event
from messages.factures import InvoiceStatus, Nature, Processing
from messages.factures.e_reports import (
    EReport,
    EReportAccepted,
    EReportGenerated,
    EReportPurpose,
    EReportRejected,
    EReportStatus,
    EReportSubmitted,
    EReportTotals,
    EReportType,
    SaleCategory,
)
from messages.factures.platform import AlertKind
from messages.identity import CompanySnapshot
from messages.values.identifiers import new_id
from messages.values.money import Money, allocate
from runtime.unit_of_work import Row, UnitOfWork
from storage.factures import queries
from storage.factures.tables import e_report, invoice, invoice_line, vat_breakdown

ZERO = Decimal("0.00")
_ALERT_BEFORE = timedelta(days=3)
Lines = list[dict[str, Any]]


async def lines_of(company_id: UUID, type_: EReportType, period: Period, work: UnitOfWork) -> Lines:
    """What is to be reported of a period, as it looks now."""
    if type_ is EReportType.PAYMENTS:
        return await _payments(company_id, period, work)
    return await _sales(company_id, period, work)


async def generate(
    account: Row, type_: EReportType, period: Period, lines: Lines, work: UnitOfWork, *, sequence: int = 0
) -> dict[str, Any]:
    """Make and store a report."""
    company = await work.load(
        queries.COMPANY, "company", organisation_id=work.organisation_id, company_id=account["company_id"]
    )
    identity = new_id()
    xml = _xml(
        identity, CompanySnapshot.model_validate(company["snapshot"]), account, type_, period, lines, sequence, work
    )
    row = {
        "id": identity,
        "organisation_id": work.organisation_id,
        "company_id": account["company_id"],
        "version": 1,
        "type": type_,
        "purpose": EReportPurpose.RECTIFYING if sequence else EReportPurpose.INITIAL,
        "sequence": sequence,
        "period_start": period.start,
        "period_end": period.end,
        "deadline": period.deadline,
        "status": EReportStatus.GENERATED,
        "lines": lines,
        "xml": xml,
        "sha256": hashlib.sha256(xml).hexdigest(),
        "created_at": work.now,
        "updated_at": work.now,
    }
    await work.insert(e_report, **row)
    _say(EReportGenerated, row, work)
    return {**row, "error": None, "alerted_at": None}


async def submit(row: Row, work: UnitOfWork) -> dict[str, Any]:
    """Send a locked report."""
    changed = await _move(row, "submit", work, error=None)
    await transmitting.queue_report(changed, work)
    _say(EReportSubmitted, changed, work)
    return changed


async def note_accepted(e_report_id: UUID, reasons: str, work: UnitOfWork) -> None:
    """The tax hub has the report."""
    row = await locked(e_report_id, work)
    if row is not None and REPORTING.allows("accept", EReportStatus(row["status"])):
        _say(EReportAccepted, await _move(row, "accept", work), work)


async def note_refused(e_report_id: UUID, reasons: str, work: UnitOfWork) -> None:
    """The report was not taken; somebody must look before its deadline."""
    row = await locked(e_report_id, work)
    if row is not None and REPORTING.allows("reject", EReportStatus(row["status"])):
        changed = await _move(row, "reject", work, error=reasons[:500])
        _say(EReportRejected, changed, work, reason=reasons[:500])


async def rectify(row: Row, account: Row, lines: Lines, work: UnitOfWork) -> dict[str, Any]:
    """Put another report in the place of a locked one, and send it."""
    await _move(row, "rectify", work)
    period = Period(row["period_start"], row["period_end"], row["deadline"])
    newer = await generate(account, EReportType(row["type"]), period, lines, work, sequence=row["sequence"] + 1)
    return await submit(newer, work)


async def warn_of_deadline(row: Row, work: UnitOfWork) -> None:
    """Say once that a report is not accepted three days before it must be."""
    if row["alerted_at"] is None and work.today() >= row["deadline"] - _ALERT_BEFORE:
        text = f"the e-report {row['type']} from {row['period_start']} is {row['status']} and due on {row['deadline']}"
        raise_alert(AlertKind.E_REPORT_DUE, row["company_id"], text, work)
        await _change(row, work, alerted_at=work.now)


async def read(e_report_id: UUID, work: UnitOfWork) -> Row | None:
    """A report of the organisation."""
    return await work.fetch_one(_one(e_report_id, work))


async def locked(e_report_id: UUID, work: UnitOfWork) -> Row | None:
    """A report of the organisation, locked."""
    return await work.fetch_one(_one(e_report_id, work).with_for_update())


def _one(e_report_id: UUID, work: UnitOfWork) -> Select[Any]:
    mine = (e_report.c.organisation_id == work.organisation_id, e_report.c.id == e_report_id)
    return select(e_report).where(*mine)


def view(row: Row) -> EReport:
    """The report as requests answer it."""
    decimals = ("rate", "base", "vat", "amount")
    lines = [
        line | {name: Decimal(line[name]) for name in decimals if line.get(name) is not None} for line in row["lines"]
    ]
    return EReport.model_validate({**row, "lines": lines})


async def _move(row: Row, trigger: str, work: UnitOfWork, **columns: Any) -> dict[str, Any]:
    return await _change(row, work, status=REPORTING.after(trigger, EReportStatus(row["status"])), **columns)


async def _change(row: Row, work: UnitOfWork, **columns: Any) -> dict[str, Any]:
    columns |= {"version": row["version"] + 1, "updated_at": work.now}
    mine = (e_report.c.organisation_id == work.organisation_id, e_report.c.id == row["id"])
    await work.execute(update(e_report).where(*mine).values(**columns))
    return {**row, **columns}


def _say(event: type[Event], row: Row, work: UnitOfWork, **more: Any) -> None:
    names = ("company_id", "type", "period_start", "period_end")
    fields = {name: row[name] for name in names} | {"e_report_id": row["id"], "totals": _totals(row["lines"])}
    work.emit(event.model_validate(fields | more), version=row["version"])


def _totals(lines: Lines) -> EReportTotals:
    def total(name: str) -> Money:
        return Money(amount=sum((Decimal(line[name]) for line in lines if line.get(name) is not None), ZERO))

    return EReportTotals(base=total("base"), vat=total("vat"), collected=total("amount"))


def _xml(
    identity: UUID,
    company: CompanySnapshot,
    account: Row,
    type_: EReportType,
    period: Period,
    lines: Lines,
    sequence: int,
    work: UnitOfWork,
) -> bytes:
    head = frr.Head(
        str(identity), work.now, sequence > 0, account["platform_code"], company.siren, company.legal_name,
        period.start, period.end,
    )  # fmt: skip
    if type_ is EReportType.PAYMENTS:
        return frr.payments_report(
            head,
            [
                frr.Collection(date.fromisoformat(line["on"]), Decimal(line["rate"]), Decimal(line["amount"]))
                for line in lines
            ],
        )
    return frr.sales_report(
        head,
        [
            frr.Sales(
                date.fromisoformat(line["on"]), line["category"], Decimal(line["rate"]), Decimal(line["base"]),
                Decimal(line["vat"]), line["count"],
            )
            for line in lines
        ],
    )  # fmt: skip


async def _payments(company_id: UUID, period: Period, work: UnitOfWork) -> Lines:
    summed: dict[tuple[date, Decimal], Decimal] = defaultdict(lambda: ZERO)
    for found in await consumers_paid(company_id, period.start, period.end, work):
        for rate, amount in found.by_rate:
            summed[found.on, rate] += amount
    return [
        {"on": on.isoformat(), "rate": f"{rate:.2f}", "amount": f"{amount:.2f}"}
        for (on, rate), amount in sorted(summed.items())
        if amount
    ]


async def _sales(company_id: UUID, period: Period, work: UnitOfWork) -> Lines:
    """Per day, category and rate; a document of goods and services is shared out by the nets of its lines."""
    sums: dict[tuple[date, SaleCategory, Decimal], list[Decimal]] = defaultdict(lambda: [ZERO, ZERO])
    documents: dict[tuple[date, SaleCategory], set[UUID]] = defaultdict(set)
    nets = await _nets_by_nature(company_id, period, work)
    for row in await work.fetch(_breakdowns(company_id, period, work)):
        sign = -1 if row["kind"] in CREDIT_NOTES else 1
        for category, base, vat in _by_category(row, nets):
            total = sums[row["issue_date"], category, row["rate"]]
            total[0] += sign * base
            total[1] += sign * vat
            documents[row["issue_date"], category].add(row["id"])
    return [
        {
            "on": on.isoformat(), "category": category, "rate": f"{rate:.2f}", "base": f"{base:.2f}", "vat": f"{vat:.2f}",
            "count": len(documents[on, category]),
        }
        for (on, category, rate), (base, vat) in sorted(sums.items())
    ]  # fmt: skip


def _consumers(company_id: UUID, period: Period, work: UnitOfWork) -> list[Any]:
    return [
        invoice.c.organisation_id == work.organisation_id,
        invoice.c.company_id == company_id,
        invoice.c.processing.in_((Processing.B2C, Processing.B2CINT)),
        invoice.c.status.in_((InvoiceStatus.ISSUED, InvoiceStatus.CANCELLED)),
        invoice.c.issue_date >= period.start,
        invoice.c.issue_date <= period.end,
    ]


def _breakdowns(company_id: UUID, period: Period, work: UnitOfWork) -> Any:
    columns = (vat_breakdown.c.category, vat_breakdown.c.rate, vat_breakdown.c.base, vat_breakdown.c.amount)
    return (
        select(invoice.c.id, invoice.c.issue_date, invoice.c.kind, invoice.c.nature, *columns)
        .join(vat_breakdown, vat_breakdown.c.invoice_id == invoice.c.id)
        .where(*_consumers(company_id, period, work))
    )


async def _nets_by_nature(
    company_id: UUID, period: Period, work: UnitOfWork
) -> dict[tuple[UUID, str, Decimal], dict[str, Decimal]]:
    key = (invoice_line.c.invoice_id, invoice_line.c.vat_category, invoice_line.c.vat_rate, invoice_line.c.nature)
    statement = (
        select(*key, func.sum(invoice_line.c.net).label("net"))
        .join(invoice, invoice.c.id == invoice_line.c.invoice_id)
        .where(*_consumers(company_id, period, work), invoice.c.nature == Nature.MIXED)
        .group_by(*key)
    )
    found: dict[tuple[UUID, str, Decimal], dict[str, Decimal]] = defaultdict(dict)
    for row in await work.fetch(statement):
        found[row["invoice_id"], row["vat_category"], row["vat_rate"]][row["nature"]] = row["net"]
    return found


def _by_category(
    row: Row, nets: dict[tuple[UUID, str, Decimal], dict[str, Decimal]]
) -> list[tuple[SaleCategory, Decimal, Decimal]]:
    if row["category"] != "S":
        return [(SaleCategory.UNTAXED, row["base"], row["amount"])]
    of_lines = nets.get((row["id"], row["category"], row["rate"])) or {row["nature"]: Decimal(1)}
    weights = list(of_lines.values())
    bases, vats = allocate(row["base"], weights), allocate(row["amount"], weights)
    categories = [SaleCategory.GOODS if nature == Nature.GOODS else SaleCategory.SERVICES for nature in of_lines]
    return list(zip(categories, bases, vats, strict=True))
