"""The lists of payments that recovery fills: notices, promises, plans, charges, and what they are decided by."""

from benchmarks.filling import spread
from benchmarks.list_cases.listing import (
    CASE,
    CLIENT,
    COMPANY,
    JSON_LIST,
    MONEY,
    OWNED,
    SOME_CLIENT,
    SOME_COMPANY,
    Listing,
    words,
)
from messages.payments import charges, notices, promises, reminding, retries, settlements

_OF_A_CASE = {"case_id": spread("case"), "client_id": SOME_CLIENT, "currency": "'EUR'"}

PAYMENTS_RECOVERY = (
    Listing(notices.ListFormalNotices, "formal_notice", {**_OF_A_CASE, **OWNED, "items": JSON_LIST, "total": "29.90",
             "status": words("EXPIRED", "CANCELLED", "SENT")},
            ({}, {"case_id": CASE}, {"client_id": CLIENT}, {"status": ("SENT",)}, {"status": ("DRAFT",)})),
    Listing(promises.ListPaymentPromises, "payment_promise", {**_OF_A_CASE, "amount": "29.90",
             "status": words("KEPT", "KEPT", "BROKEN")},
            ({}, {"case_id": CASE}, {"client_id": CLIENT}, {"status": ("PENDING",)})),
    Listing(settlements.ListSettlementPlans, "settlement_plan", {**_OF_A_CASE, "item_ids": JSON_LIST, "total": "29.90",
             "status": words("COMPLETED", "COMPLETED", "BROKEN")},
            ({}, {"case_id": CASE}, {"client_id": CLIENT}, {"status": ("ACTIVE",)})),
    Listing(charges.ListRecoveryCharges, "recovery_charge",
            {**_OF_A_CASE, **OWNED, **MONEY, "key": "'k' || n", "vat_category": "'O'",
             "status": words("INVOICED", "INVOICED", "INVOICED", "RAISED")},
            ({}, {"case_id": CASE}, {"client_id": CLIENT}, {"status": ("RAISED",)}, {"status": ("WAIVED",)})),
    Listing(charges.ListFeeRules, "fee_rule",
            {"company_id": SOME_COMPANY, "customer_type": "'B2B'", "contract_clause_ref": "'art. 7'", "is_active": "n % 2 = 0",
             "amount_incl_tax": "15.00", "currency": "'EUR'"},
            ({}, {"company_id": COMPANY}, {"active_only": True}), rows=500),
    Listing(reminding.ListReminderPolicies, "reminder_policy",
            {"company_id": SOME_COMPANY, "name": "'R' || n", "priority": "n", "is_active": "n % 2 = 0"},
            ({}, {"company_id": COMPANY}, {"active_only": False}), rows=0),
    Listing(retries.ListRetryRuns, "retry_run", {"key": "'k' || n", "triggered_by": "'clock'"},
            ({}, {"is_manual": False}, {"is_manual": True}), rows=5000),
)  # fmt: skip
