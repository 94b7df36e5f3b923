"""Closes what has ended: each day, month and fiscal year of a company once, in order, without a gap."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from actors.factures.rules.closings import ClosedContent, bounds, closing_hash
from actors.factures.rules.seals import GENESIS
from messages.factures.proof import Closing, ClosingPeriod, KindTotals
from messages.identity import CompanySnapshot
from runtime.unit_of_work import Row, UnitOfWork
from storage.factures import queries
from storage.factures.tables import fiscal_closing, invoice, seal

_DAY = timedelta(days=1)
ZERO = Decimal("0.00")


async def close_ended(company_id: UUID, period: ClosingPeriod, work: UnitOfWork, most: int) -> list[dict[str, Any]]:
    """Close at most so many ended periods, oldest first; nothing before a company's first document."""
    scope: dict[str, Any] = {"organisation_id": work.organisation_id, "company_id": company_id}
    company = await work.load(queries.COMPANY, "company", **scope)
    year_end = CompanySnapshot.model_validate(company["snapshot"]).fiscal_year_end
    # One closing at a time, and none while a document takes its place in the chain.
    await work.load(queries.LOCK_SEAL_HEAD, "seal chain", **scope)
    last = await _last(company_id, period, work)
    day = last["period_end"] + _DAY if last else await _first_day(company_id, work)
    closed: list[dict[str, Any]] = []
    while day is not None and len(closed) < most:
        start, end = bounds(period, day, year_end)
        if end >= work.today():
            break
        last = await _close(company_id, period, start, end, last, work)
        closed.append(last)
        day = end + _DAY
    return closed


def view(row: Row) -> Closing:
    """A closing as requests answer it."""
    totals = [
        KindTotals.model_validate(item | {name: Decimal(item[name]) for name in ("net", "vat", "gross")})
        for item in row["totals"]
    ]
    return Closing.model_validate({**row, "totals": totals, "period_start": row["period_key"]})


async def _close(
    company_id: UUID, period: ClosingPeriod, start: date, end: date, last: Row | None, work: UnitOfWork
) -> dict[str, Any]:
    sums = await work.fetch(_sums(company_id, start, end, work))
    gross = sum((row["gross"] for row in sums), ZERO)
    content = ClosedContent(
        company_id=str(company_id),
        period=period,
        start=start,
        end=end,
        document_count=sum(row["count"] for row in sums),
        totals=[{"kind": row["kind"]} | {name: f"{row[name]:.2f}" for name in ("net", "vat", "gross")} for row in sums],
        perpetual_total=gross + (last["perpetual_total"] if last else ZERO),
        first_seq=min((row["first_seq"] for row in sums), default=None),
        last_seq=max((row["last_seq"] for row in sums), default=None),
        last_seal_hash=await _seal_until(company_id, end, work),
    )
    previous = last["closing_hash"] if last else GENESIS
    row = {
        "organisation_id": work.organisation_id,
        "company_id": company_id,
        "period": period,
        "period_key": start,
        "period_end": end,
        **{
            name: getattr(content, name)
            for name in ("document_count", "totals", "perpetual_total", "first_seq", "last_seq")
        },
        "last_seal_hash": content.last_seal_hash,
        "canonical": content.canonical(),
        "prev_closing_hash": previous,
        "closing_hash": closing_hash(previous, content.canonical()),
        "closed_at": work.now,
    }
    await work.insert(fiscal_closing, **row)
    return row


def _sums(company_id: UUID, start: date, end: date, work: UnitOfWork) -> Any:
    added = [func.sum(invoice.c[name]).label(name) for name in ("net", "vat", "gross")]
    return (
        select(
            invoice.c.kind,
            func.count().label("count"),
            *added,
            func.min(seal.c.chain_seq).label("first_seq"),
            func.max(seal.c.chain_seq).label("last_seq"),
        )
        .join(seal, seal.c.invoice_id == invoice.c.id)
        .where(
            invoice.c.organisation_id == work.organisation_id,
            invoice.c.company_id == company_id,
            invoice.c.issue_date >= start,
            invoice.c.issue_date <= end,
        )
        .group_by(invoice.c.kind)
        .order_by(invoice.c.kind)
    )


async def _seal_until(company_id: UUID, end: date, work: UnitOfWork) -> str:
    """The newest seal of a document issued until a day."""
    statement = (
        select(seal.c.seal_hash)
        .join(invoice, invoice.c.id == seal.c.invoice_id)
        .where(
            seal.c.organisation_id == work.organisation_id,
            seal.c.company_id == company_id,
            invoice.c.issue_date <= end,
        )
        .order_by(seal.c.chain_seq.desc())
        .limit(1)
    )
    return str(await work.fetch_value(statement) or GENESIS)


async def _first_day(company_id: UUID, work: UnitOfWork) -> date | None:
    statement = (
        select(invoice.c.issue_date)
        .join(seal, seal.c.invoice_id == invoice.c.id)
        .where(seal.c.organisation_id == work.organisation_id, seal.c.company_id == company_id, seal.c.chain_seq == 1)
    )
    found: date | None = await work.fetch_value(statement)
    return found


async def _last(company_id: UUID, period: ClosingPeriod, work: UnitOfWork) -> Row | None:
    statement = select(fiscal_closing).where(
        fiscal_closing.c.organisation_id == work.organisation_id,
        fiscal_closing.c.company_id == company_id,
        fiscal_closing.c.period == period,
    )
    return await work.fetch_one(statement.order_by(fiscal_closing.c.period_key.desc()).limit(1))
