"""The lists of factures."""

from datetime import date

from benchmarks.filling import one_of, spread
from benchmarks.list_cases.listing import (
    CLIENT,
    COMPANY,
    CONTRACT,
    JSON_LIST,
    OWNED,
    SOME_COMPANY,
    Listing,
    rows_of,
    words,
)
from messages.factures import e_reports, platform, proof
from messages.factures import requests as invoicing

NAMES = words("dupont", "martin", "petit", "moreau")
FACTURES = (
    Listing(invoicing.ListInvoices, "invoice",
            {**OWNED, "number": "'FA-2026-' || lpad(n::text, 6, '0')", "draft_ref": "'B-' || n",
             "preceding_id": "case when n % 50 = 0 then md5('invoice-' || n - 1)::uuid end", "id": spread("invoice"),
             "status": words("ISSUED", "ISSUED", "ISSUED", "DRAFT"), "issue_date": "current_date - (n % 900)::int",
             "due_date": "current_date - (n % 900)::int + 15", "overdue": "n % 60 = 0"},
            ({}, {"client_id": CLIENT}, {"contract_id": CONTRACT}, {"company_id": COMPANY}, {"kind_in": ("CREDIT_NOTE",)},
             {"status_in": ("DRAFT",)}, {"settlement_in": ("PAID",)}, {"overdue": True}, {"preceding_id": one_of("invoice", 49)},
             {"number_prefix": "FA-2026-0777"}, {"issued_from": date(2026, 3, 1), "issued_to": date(2026, 3, 2)},
             {"search": "fa-2026-0777"}, {"search": "dupont 777"}),
            also=(rows_of("factures", "client_view",
                {"client_id": spread("client"), "snapshot": f"jsonb_build_object('display_name', {NAMES} || ' ' || n)"}, 50_000),)),
    Listing(invoicing.ListBillingIntakes, "billing_intake",
            {"contract_id": spread("contract"), "reference": "'I-' || n", "item_hash": "'h' || n"},
            ({}, {"contract_id": CONTRACT}, {"status": "FAILED"})),
    Listing(platform.ListTransmissions, "transmission",
            {"company_id": SOME_COMPANY, "invoice_id": spread("invoice"), "tracking_id": "'T-' || n",
             "state": words("ACK_OK", "ACK_OK", "QUEUED")},
            ({}, {"invoice_id": one_of("invoice", 7)}, {"state": "GAVE_UP"}, {"state": "QUEUED"})),
    Listing(platform.ListLifecycleEvents, "lifecycle_event",
            {"invoice_id": spread("invoice"), "code": "205", "source_key": "'S-' || n", "amounts": JSON_LIST},
            ({"invoice_id": one_of("invoice", 7)},)),
    Listing(e_reports.ListEReports, "e_report",
            {"company_id": SOME_COMPANY, "sequence": "n", "lines": JSON_LIST}, ({}, {"company_id": COMPANY}), rows=20_000),
    Listing(proof.ListClosings, "fiscal_closing",
            {"company_id": SOME_COMPANY, "period": "'DAY'", "period_key": "date '2000-01-01' + (n / 5)::int", "totals": JSON_LIST,
             "prev_closing_hash": "'h' || n"},
            ({"company_id": COMPANY},), rows=20_000,
            also=(
                rows_of("factures", "company_view", {"company_id": SOME_COMPANY}, 5),
                rows_of("factures", "invoicing_settings", {"company_id": SOME_COMPANY}, 5),
            )),
)  # fmt: skip
