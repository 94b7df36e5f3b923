"""The tables of calendar."""

from storage.calendar.tables.book import debit_day, planned_debit
from storage.calendar.tables.copies import client_copy, company_copy, contract_copy, merged_row
from storage.calendar.tables.files import csv_export, csv_import
from storage.calendar.tables.metadata import metadata
from storage.calendar.tables.rules import (
    announced_holiday,
    calendar_settings,
    cutoff_policy,
    debit_configuration,
    debit_date_override,
    debit_lot,
    holiday,
    holiday_zone,
)
from storage.calendar.tables.volumes import threshold_state, volume_forecast, volume_threshold

__all__ = [
    "announced_holiday",
    "calendar_settings",
    "client_copy",
    "company_copy",
    "contract_copy",
    "csv_export",
    "csv_import",
    "cutoff_policy",
    "debit_configuration",
    "debit_date_override",
    "debit_day",
    "debit_lot",
    "holiday",
    "holiday_zone",
    "merged_row",
    "metadata",
    "planned_debit",
    "threshold_state",
    "volume_forecast",
    "volume_threshold",
]
