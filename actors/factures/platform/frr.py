"""The XML of an e-report (flow 10, format FRR): sales per day, category and rate, or collections per day and rate."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import groupby
from xml.sax.saxutils import escape

_PLATFORM_SCHEME, _SIREN = "0238", "0002"


@dataclass(frozen=True, slots=True)
class Sales:
    """A day's sales of one category at one rate."""

    on: date
    category: str
    rate: Decimal
    base: Decimal
    vat: Decimal
    count: int


@dataclass(frozen=True, slots=True)
class Collection:
    """A day's collections at one rate, VAT included."""

    on: date
    rate: Decimal
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Head:
    """Who reports what, through whom; `is_rectifying` for a report that takes the place of an earlier one."""

    id: str
    issued_at: datetime
    is_rectifying: bool
    platform: str
    siren: str
    name: str
    start: date
    end: date


def sales_report(head: Head, sales: Sequence[Sales]) -> bytes:
    """10.3: sales to consumers, in the order of days and categories."""
    ordered = sorted(sales, key=lambda line: (line.on, line.category, line.rate))
    groups = groupby(ordered, key=lambda line: (line.on, line.category))
    parts = [_transactions(on, category, list(lines)) for (on, category), lines in groups]
    return _report(head, "TransactionsReport", parts)


def payments_report(head: Head, collections: Sequence[Collection]) -> bytes:
    """10.4: what consumers paid, in the order of days."""
    ordered = sorted(collections, key=lambda line: (line.on, line.rate))
    parts = [_payment(on, list(lines)) for on, lines in groupby(ordered, key=lambda line: line.on)]
    return _report(head, "PaymentsReport", parts)


def _transactions(on: date, category: str, lines: list[Sales]) -> str:
    subtotals = "".join(
        f"<TaxSubtotal><TaxPercent>{line.rate:.2f}</TaxPercent><TaxableAmount>{line.base:.2f}</TaxableAmount>"
        f"<TaxTotal>{line.vat:.2f}</TaxTotal></TaxSubtotal>"
        for line in lines
    )
    return (
        f"<Transactions><Date>{on:%Y%m%d}</Date><TransactionsCurrency>EUR</TransactionsCurrency>"
        f"<CategoryCode>{category}</CategoryCode>"
        f"<TaxExclusiveAmount>{sum(line.base for line in lines):.2f}</TaxExclusiveAmount>"
        f"<TaxTotal>{sum(line.vat for line in lines):.2f}</TaxTotal>"
        f"<TransactionsCount>{max(line.count for line in lines)}</TransactionsCount>{subtotals}</Transactions>"
    )


def _payment(on: date, lines: list[Collection]) -> str:
    subtotals = "".join(
        f"<SubTotals><TaxPercent>{line.rate:.2f}</TaxPercent><CurrencyCode>EUR</CurrencyCode>"
        f"<Amount>{line.amount:.2f}</Amount></SubTotals>"
        for line in lines
    )
    return f"<Transactions><Payment><Date>{on:%Y%m%d}</Date>{subtotals}</Payment></Transactions>"


def _report(head: Head, name: str, parts: list[str]) -> bytes:
    issued = f"{head.issued_at.astimezone(UTC):%Y%m%d%H%M%S}"
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<Report><ReportDocument>'
        f"<Id>{escape(head.id)}</Id>"
        f"<IssueDateTime><DateTimeString>{issued}</DateTimeString></IssueDateTime>"
        f"<TypeCode>{'RE' if head.is_rectifying else 'IN'}</TypeCode>"
        f'<Sender><Id schemeId="{_PLATFORM_SCHEME}">{escape(head.platform)}</Id><Name>{escape(head.platform)}</Name>'
        "<RoleCode>WK</RoleCode></Sender>"
        f'<Issuer><Id schemeId="{_SIREN}">{escape(head.siren)}</Id><Name>{escape(head.name)}</Name>'
        "<RoleCode>SE</RoleCode></Issuer></ReportDocument>"
        f"<{name}><ReportPeriod><StartDate>{head.start:%Y%m%d}</StartDate><EndDate>{head.end:%Y%m%d}</EndDate></ReportPeriod>"
        f"{''.join(parts)}</{name}></Report>\n"
    ).encode()
