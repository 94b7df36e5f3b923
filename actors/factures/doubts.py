"""What an accountant should look at before a document is issued by hand; each may be overridden, none is a rule of law broken."""

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

from sqlalchemy import func, select

from actors.factures.facturx.sheet import Sheet
from messages.factures import CREDIT_TYPE_CODES, Channel, Finding, InvoiceStatus, SettlementStatus
from messages.shared import PartyKind
from runtime.unit_of_work import Row, UnitOfWork
from storage.factures import queries
from storage.factures.tables import invoice

_MOST_DAYS = 60
_MONTH_END_DAYS = 45
_UNUSUAL = 10
_ENOUGH_TO_COMPARE = 3


async def warnings_of(row: Row, sheet: Sheet, work: UnitOfWork) -> list[Finding]:
    """Every warning against a draft."""
    if sheet.type_code in CREDIT_TYPE_CODES:
        return []
    found = [*_term(sheet)]
    if row["deposits"]:
        found += await _unpaid_deposits(row, work)
    found += await _unusual_amount(row, work)
    found += await _unreachable(row, work)
    return found


def _term(sheet: Sheet) -> Iterable[Finding]:
    """Between businesses 60 days from the issue, or 45 days and the end of the month (Code de commerce art. L441-10)."""
    if sheet.buyer.kind != PartyKind.BUSINESS or sheet.due_date is None:
        return
    if sheet.due_date > max(sheet.issue_date + timedelta(days=_MOST_DAYS), _month_end_cap(sheet.issue_date)):
        yield Finding(
            rule="TERM_EXCEEDS_LEGAL_CAP",
            path="due_date",
            message=f"{sheet.due_date} lies more than {_MOST_DAYS} days after the issue; lower payment_days",
        )


def _month_end_cap(issue_date: date) -> date:
    after = issue_date + timedelta(days=_MONTH_END_DAYS)
    return (after.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


async def _unpaid_deposits(row: Row, work: UnitOfWork) -> list[Finding]:
    ids = [UUID(item["invoice_id"]) for item in row["deposits"]]
    statement = select(invoice.c.number).where(
        invoice.c.organisation_id == work.organisation_id,
        invoice.c.id == func.any(ids),
        invoice.c.settlement_status.not_in((SettlementStatus.PAID, SettlementStatus.OVERPAID)),
    )
    return [
        Finding(
            rule="DEPOSIT_NOT_PAID",
            path="deposits",
            message=f"the deposit {found['number']} is not paid, so it is not deducted; collect or credit it first",
        )
        for found in await work.fetch(statement.order_by(invoice.c.number))
    ]


async def _unreachable(row: Row, work: UnitOfWork) -> list[Finding]:
    """A document that is to be mailed to a client without address."""
    if row["channel"] != Channel.EMAIL:
        return []
    (client,) = await work.fetch(queries.CLIENTS, organisation_id=work.organisation_id, ids=[row["client_id"]])
    if client["snapshot"]["primary_email"]:
        return []
    message = "the client has no e-mail address; add one or choose another channel"
    return [Finding(rule="EMAIL_MISSING", path="channel", message=message)]


async def _unusual_amount(row: Row, work: UnitOfWork) -> list[Finding]:
    statement = select(func.count().label("count"), func.avg(invoice.c.gross).label("average")).where(
        invoice.c.organisation_id == work.organisation_id,
        invoice.c.client_id == row["client_id"],
        invoice.c.status == InvoiceStatus.ISSUED,
    )
    (known,) = await work.fetch(statement)
    if known["count"] < _ENOUGH_TO_COMPARE or row["gross"] <= Decimal(known["average"]) * _UNUSUAL:
        return []
    message = f"{row['gross']:.2f} is more than ten times what the client is usually invoiced; check the lines"
    return [Finding(rule="AMOUNT_UNUSUAL", path="gross", message=message)]
