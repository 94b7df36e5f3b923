"""The lists of contrats."""

from datetime import UTC, date, datetime

from benchmarks.filling import one_of, spread
from benchmarks.list_cases.listing import (
    CLIENT,
    COMPANY,
    CONTRACT,
    JSON_LIST,
    PRODUCT,
    SNAPSHOT,
    SOME_CLIENT,
    SOME_COMPANY,
    Listing,
    rows_of,
    words,
)
from messages.contrats import amendments, indexation, lines, port_ins, renewals, requests, upkeep

CONTRATS = (
    Listing(requests.ListContracts, "contract",
            {"id": spread("contract"), "reference": "'CT-2026-' || lpad(n::text, 6, '0')", "client_id": SOME_CLIENT,
             "company_id": SOME_COMPANY, "sales_rep_id": spread("rep", 300), "currency": "'EUR'",
             "status": words("ACTIVE", "ACTIVE", "TERMINATED", "DRAFT"), "ends_on": "current_date + (n % 700)::int",
             "starts_on": "current_date - (n % 700)::int", "billing_frequency": "'MONTHLY'", "mrr": "n % 90"},
            ({}, {"client_id": CLIENT}, {"company_id": COMPANY}, {"sales_rep_id": one_of("rep", 7)},
             {"status": ("ACTIVE",)}, {"status": ("SUSPENDED",)}, {"quality_status": ("APPROVED",)},
             {"sort_by": "reference"}, {"sort_by": "starts_on"}, {"sort_by": "ends_on"}, {"sort_by": "status"},
             {"sort_by": "mrr"}, {"ends_from": date(2026, 12, 1), "ends_to": date(2026, 12, 5)},
             {"product_id": PRODUCT}, {"search": "2026-077777"}, {"search": "dupont 777"}),
            also=(
                rows_of("contrats", "contract_line",
                    {"contract_id": spread("contract"), "product_id": spread("product"), "kind": "'RECURRING'",
                     "billing_period": "'MONTHLY'"}),
                rows_of("contrats", "client_copy",
                    {"client_id": spread("client"), "search_name": f"{words('dupont', 'martin', 'petit', 'moreau')} || ' ' || n",
                     "display_name": "'Dupont ' || n"},
                    50_000),
            )),
    Listing(lines.ListContractLines, None, {},
            ({"contract_id": CONTRACT}, {"contract_id": CONTRACT, "as_of": date(2026, 3, 1)})),
    Listing(amendments.ListAmendments, "amendment", {"contract_id": spread("contract"), "operations": JSON_LIST},
            ({"contract_id": CONTRACT},)),
    Listing(requests.ListContractStatusHistory, "status_history", {"contract_id": spread("contract")},
            ({"contract_id": CONTRACT},)),
    Listing(amendments.ListContractVersions, "contract_version",
            {"contract_id": spread("contract"), "snapshot": f"$${SNAPSHOT}$$::jsonb"},
            ({"contract_id": CONTRACT},)),
    Listing(indexation.ListIndexValues, "price_index_value",
            {"code": words(*(code.value for code in indexation.IndexCode)),
             "period": "lpad((n / 96)::text, 4, '0') || '-' || lpad((1 + n / 8 % 12)::text, 2, '0')"}, ({"code": "SYNTEC"},)),
    Listing(requests.ListOperations, "contract_operation", {"contract_id": spread("contract")},
            ({"contract_id": CONTRACT},)),
    Listing(port_ins.ListPortIns, "port_in",
            {"contract_id": spread("contract"), "msisdn_index": "decode(md5(n::text), 'hex')"}, ({"contract_id": CONTRACT},)),
    Listing(upkeep.ListQualityQueue, "quality_review",
            {"contract_id": spread("contract"), "status": words("PENDING", "APPROVED", "APPROVED", "APPROVED")},
            ({}, {"company_id": COMPANY}, {"submitted_before": datetime(2026, 1, 1, tzinfo=UTC)})),
    Listing(renewals.ListRenewals, "renewal_cycle",
            {"contract_id": spread("contract"), "company_id": SOME_COMPANY, "refusal_deadline": "current_date + (n % 700)::int",
             "term_ends_on": "current_date + (n % 700)::int + 30"},
            ({}, {"deadline_from": date(2026, 12, 1), "deadline_to": date(2026, 12, 5)})),
)  # fmt: skip
