"""The lists of calendar."""

from datetime import date

from benchmarks.filling import one_of, spread
from benchmarks.list_cases.listing import CLIENT, COMPANY, CONTRACT, MONEY, OWNED, SOME_COMPANY, Listing, words
from messages.calendar import audit_trail, book, configurations, csv_files, forecast, overrides, volumes

CALENDAR = (
    Listing(audit_trail.GetAuditLogs, "audit_entry",
            {"stream": "'calendar'", "seq": "10000000 + n", "actor": "'{\"type\": \"USER\"}'::jsonb", "result": "'ALLOWED'",
             "request_id": "'r' || n", "correlation_id": "'c' || n", "action": "'calendar.holiday.create'", "v": "1",
             "transaction_id": "1", "prev_hash": "'p' || n", "entry_hash": "'e' || n",
             "target": f"jsonb_build_object('type', 'holiday', 'id', {spread('holiday', 2000)})"},
            ({}, {"entity_type": "holiday"}), rows=20_000),
    Listing(audit_trail.GetEntityHistory, None, {}, ({"entity_type": "holiday", "entity_id": one_of("holiday", 7)},)),
    Listing(book.ListPlannedDebits, "planned_debit",
            {**OWNED, **MONEY, "schedule_id": spread("schedule"), "period": "'2026-06'",
             "planned_debit_date": "current_date + (n % 900)::int - 450", "status": words("PLANNED", "EXECUTED", "FAILED"),
             "lot_code": words("L1", "L2", "L3", "L4"), "blocked_reason": "case when n % 1000 = 0 then 'MANUAL' end"},
            ({}, {"client_id": CLIENT}, {"contract_id": CONTRACT}, {"company_ids": (COMPANY,)}, {"lot_codes": ("L2",)},
             {"start_date": date(2026, 3, 1), "end_date": date(2026, 3, 31)}, {"status": ("FAILED",)},
             {"status": ("PROCESSING",)}, {"blocked": True}, {"overdue": True})),
    Listing(book.ListDebitDays, "debit_day",
            {"company_id": spread("company", 100), "collection_date": "date '2010-01-01' + (n / 100)::int",
             "rail": "'SEPA_CORE'"},
            ({"start_date": date(2015, 1, 1)}, {"company_id": one_of("company", 7)}, {"status": ("OPEN",)})),
    Listing(configurations.ListDebitConfigurations, "debit_configuration",
            {"level": "'CLIENT'", "scope_id": spread("client"), "mode": "'FIXED_DAY'", "fixed_day": "1 + n % 28",
             "is_active": "true"},
            ({}, {"scope_id": CLIENT}, {"level": "COMPANY"}, {"mode": "FIXED_DAY"}, {"lot_code": "L3"})),
    Listing(overrides.ListDebitDateOverrides, "debit_date_override",
            {"level": "'CONTRACT'", "scope_id": spread("contract"), "target_year": "2026", "target_month": "1 + n % 12"},
            ({}, {"scope_id": CONTRACT}, {"level": "CLIENT"}, {"from_date": date(2026, 3, 1)})),
    Listing(csv_files.ListCsvImports, "csv_import", {"options": "'{}'::jsonb"}, ({}, {"type": "HOLIDAYS"})),
    Listing(forecast.GetVolumeForecast, "volume_forecast",
            {"company_id": spread("company", 100), "date": "current_date + (n / 100)::int - 1000", "currency": "'EUR'"},
            ({"from_date": date(2026, 3, 1), "to_date": date(2026, 12, 31)},)),
    Listing(volumes.ListVolumeThresholds, "volume_threshold", {"company_id": SOME_COMPANY, "currency": "'EUR'"},
            ({}, {"company_id": COMPANY}), rows=1000),
)  # fmt: skip
