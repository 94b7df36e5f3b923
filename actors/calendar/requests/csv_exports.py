"""Requests about files that are written."""

import base64
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select

from actors.calendar.rows import among
from actors.calendar.rules.csv_text import write_file
from actors.calendar.rules.volumes import intensity_of
from actors.calendar.settings import settings_of
from messages.calendar.csv_files import EXPORT_TOO_LARGE, INLINE_BYTES, CsvExportType, ExportCalendarCsv, ExportedCsv
from messages.calendar.terms import PlannedDebitStatus
from messages.problem import Refused
from runtime.unit_of_work import Row, UnitOfWork
from storage.calendar.tables import client_copy, company_copy, contract_copy, planned_debit

_MOST_ROWS = 5000
_DEBITS = ("date", "company", "client", "contract_reference", "invoice", "lot", "status", "amount", "currency")
_VOLUMES = ("date", "company", "lot", "count", "amount", "currency")
_HEATMAP = ("date", "day_of_week", "count", "amount", "intensity")


async def export_calendar_csv(request: ExportCalendarCsv, work: UnitOfWork) -> ExportedCsv:
    """The file, whole or not at all."""
    header: tuple[str, ...]
    match request.type:
        case CsvExportType.PLANNED_DEBITS:
            header, rows = _DEBITS, await _debit_rows(request, work)
        case CsvExportType.VOLUMES:
            header, rows = _VOLUMES, await _volume_rows(request, work)
        case CsvExportType.HEATMAP:
            header, rows = _HEATMAP, await _heatmap_rows(request, work)
    content = write_file(header, rows)
    if len(rows) > _MOST_ROWS or len(content) > INLINE_BYTES:
        raise Refused(EXPORT_TOO_LARGE, "the file would exceed 256 KiB; choose a shorter period or fewer companies")
    name = f"calendar_{request.type.value.lower()}_{request.start_date}_{request.end_date}.csv"
    return ExportedCsv(filename=name, content_base64=base64.b64encode(content).decode(), row_count=len(rows))


async def _debit_rows(request: ExportCalendarCsv, work: UnitOfWork) -> list[list[str]]:
    own = planned_debit.c.organisation_id
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
    found = await work.fetch(
        select(
            planned_debit, company_copy.c.name.label("company"), client_copy.c.display_name, contract_copy.c.reference
        )
        .select_from(names)
        .where(*_filters(request, work))
        .order_by(_debit.planned_debit_date, _debit.id)
        .limit(_MOST_ROWS + 1)
    )
    return [
        [
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
        for row in found
    ]


_debit = planned_debit.c


async def _volume_rows(request: ExportCalendarCsv, work: UnitOfWork) -> list[list[str]]:
    company = company_copy.c.name
    names = planned_debit.outerjoin(
        company_copy,
        (company_copy.c.organisation_id == _debit.organisation_id) & (company_copy.c.company_id == _debit.company_id),
    )
    keys = (_debit.planned_debit_date, company, _debit.company_id, _debit.lot_code, _debit.currency)
    found = await work.fetch(
        select(*keys, *_TOTALS)
        .select_from(names)
        .where(*_filters(request, work), _debit.status != PlannedDebitStatus.CANCELLED)
        .group_by(*keys)
        .order_by(*keys)
        .limit(_MOST_ROWS + 1)
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


_TOTALS = (func.count().label("count"), func.sum(planned_debit.c.amount).label("amount"))


async def _heatmap_rows(request: ExportCalendarCsv, work: UnitOfWork) -> list[list[str]]:
    settings = await settings_of(work)
    found = await work.fetch(
        select(_debit.planned_debit_date, *_TOTALS)
        .where(*_filters(request, work), _debit.status != PlannedDebitStatus.CANCELLED)
        .group_by(_debit.planned_debit_date)
        .order_by(_debit.planned_debit_date)
    )
    return [_cell(row, intensity_of(row["count"], Decimal(row["amount"]), settings)) for row in found]


def _cell(row: Row, intensity: str) -> list[str]:
    day = row["planned_debit_date"]
    return [day.isoformat(), str(day.weekday()), str(row["count"]), f"{row['amount']:.2f}", intensity]


def _filters(request: ExportCalendarCsv, work: UnitOfWork) -> list[Any]:
    found = [
        _debit.organisation_id == work.organisation_id,
        _debit.planned_debit_date.between(request.start_date, request.end_date),
    ]
    allowed = work.caller.company_ids
    wanted = set(request.company_ids) & set(allowed) if allowed is not None and request.company_ids else None
    companies = wanted if wanted is not None else (request.company_ids or allowed)
    if companies is not None and (request.company_ids or allowed is not None):
        found.append(among(_debit.company_id, companies))
    if request.lots:
        found.append(among(_debit.lot_code, request.lots))
    return found
