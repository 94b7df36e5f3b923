"""What the files of the calendar hold, read page by page: debits by position, totals by month of days."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, tuple_

from actors.calendar.rows import among
from actors.calendar.rules.volumes import intensity_of
from actors.calendar.settings import settings_of
from messages.base import Part
from messages.calendar.csv_files import CsvExportType
from messages.calendar.terms import PlannedDebitStatus
from runtime.unit_of_work import Row, UnitOfWork
from storage.calendar.tables import client_copy, company_copy, contract_copy, planned_debit

_ROWS_AT_ONCE = 1000
_DAYS_AT_ONCE = timedelta(days=31)
_debit = planned_debit.c
_TOTALS = (func.count().label("count"), func.sum(_debit.amount).label("amount"))

HEADERS = {
    CsvExportType.PLANNED_DEBITS: (
        "date",
        "company",
        "client",
        "contract_reference",
        "invoice",
        "lot",
        "status",
        "amount",
        "currency",
    ),
    CsvExportType.VOLUMES: ("date", "company", "lot", "count", "amount", "currency"),
    CsvExportType.HEATMAP: ("date", "day_of_week", "count", "amount", "intensity"),
}

Place = tuple[date, UUID | None]
"""Where a page begins: after this debit, or on this day."""


class Wanted(Part):
    """What a file holds; `company_ids` null means every company."""

    type: CsvExportType
    start_date: date
    end_date: date
    company_ids: tuple[UUID, ...] | None
    lots: tuple[str, ...]

    @property
    def filename(self) -> str:
        """The name of the file."""
        return f"calendar_{self.type.value.lower()}_{self.start_date}_{self.end_date}.csv"


async def page_of(wanted: Wanted, place: Place | None, work: UnitOfWork) -> tuple[list[list[str]], Place | None]:
    """The rows from a place on, and where the next page begins; None after the last one."""
    if wanted.type is CsvExportType.PLANNED_DEBITS:
        return await _debits(wanted, place, work)
    first = place[0] if place else wanted.start_date
    last = min(first + _DAYS_AT_ONCE, wanted.end_date)
    part = wanted.model_copy(update={"start_date": first, "end_date": last})
    rows = await (_volumes(part, work) if wanted.type is CsvExportType.VOLUMES else _heatmap(part, work))
    return rows, (last + timedelta(days=1), None) if last < wanted.end_date else None


# -- steps -------------------------------------------------------------------------------------------------------


async def _debits(wanted: Wanted, place: Place | None, work: UnitOfWork) -> tuple[list[list[str]], Place | None]:
    own = _debit.organisation_id
    names = (
        planned_debit.outerjoin(
            company_copy, (company_copy.c.organisation_id == own) & (company_copy.c.company_id == _debit.company_id)
        )
        .outerjoin(client_copy, (client_copy.c.organisation_id == own) & (client_copy.c.client_id == _debit.client_id))
        .outerjoin(
            contract_copy,
            (contract_copy.c.organisation_id == own) & (contract_copy.c.contract_id == _debit.contract_id),
        )
    )
    statement = (
        select(
            planned_debit, company_copy.c.name.label("company"), client_copy.c.display_name, contract_copy.c.reference
        )
        .select_from(names)
        .where(*_filters(wanted, work))
    )
    if place is not None:
        statement = statement.where(tuple_(_debit.planned_debit_date, _debit.id) > tuple_(*place))
    rows = await work.fetch(statement.order_by(_debit.planned_debit_date, _debit.id).limit(_ROWS_AT_ONCE))
    following = (rows[-1]["planned_debit_date"], rows[-1]["id"]) if len(rows) == _ROWS_AT_ONCE else None
    return [_debit_row(row) for row in rows], following


def _debit_row(row: Row) -> list[str]:
    return [
        row["planned_debit_date"].isoformat(),
        row["company"] or str(row["company_id"]),
        row["display_name"] or str(row["client_id"]),
        row["reference"] or "",
        str(row["invoice_id"] or ""),
        row["lot_code"] or "",
        row["status"],
        f"{row['amount']:.2f}",
        row["currency"],
    ]


async def _volumes(wanted: Wanted, work: UnitOfWork) -> list[list[str]]:
    names = planned_debit.outerjoin(
        company_copy,
        (company_copy.c.organisation_id == _debit.organisation_id) & (company_copy.c.company_id == _debit.company_id),
    )
    keys = (_debit.planned_debit_date, company_copy.c.name, _debit.company_id, _debit.lot_code, _debit.currency)
    found = await work.fetch(
        select(*keys, *_TOTALS)
        .select_from(names)
        .where(*_filters(wanted, work), _debit.status != PlannedDebitStatus.CANCELLED)
        .group_by(*keys)
        .order_by(*keys)
    )
    return [
        [
            row["planned_debit_date"].isoformat(),
            row["name"] or str(row["company_id"]),
            row["lot_code"] or "",
            str(row["count"]),
            f"{row['amount']:.2f}",
            row["currency"],
        ]
        for row in found
    ]


async def _heatmap(wanted: Wanted, work: UnitOfWork) -> list[list[str]]:
    settings = await settings_of(work)
    found = await work.fetch(
        select(_debit.planned_debit_date, *_TOTALS)
        .where(*_filters(wanted, work), _debit.status != PlannedDebitStatus.CANCELLED)
        .group_by(_debit.planned_debit_date)
        .order_by(_debit.planned_debit_date)
    )
    return [_cell(row, intensity_of(row["count"], Decimal(row["amount"]), settings)) for row in found]


def _cell(row: Row, intensity: str) -> list[str]:
    day = row["planned_debit_date"]
    return [day.isoformat(), str(day.weekday()), str(row["count"]), f"{row['amount']:.2f}", intensity]


def _filters(wanted: Wanted, work: UnitOfWork) -> list[Any]:
    found = [
        _debit.organisation_id == work.organisation_id,
        _debit.planned_debit_date.between(wanted.start_date, wanted.end_date),
    ]
    if wanted.company_ids is not None:
        found.append(among(_debit.company_id, wanted.company_ids))
    if wanted.lots:
        found.append(among(_debit.lot_code, wanted.lots))
    return found
