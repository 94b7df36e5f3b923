"""Every list request of six actors: what its table is filled with, and what people filter it by."""

from benchmarks.list_cases.calendar import CALENDAR
from benchmarks.list_cases.contrats import CONTRATS
from benchmarks.list_cases.factures import FACTURES
from benchmarks.list_cases.identity import IDENTITY
from benchmarks.list_cases.listing import Listing
from benchmarks.list_cases.payments import PAYMENTS
from benchmarks.list_cases.products import PRODUCTS
from messages.products import browsing

__all__ = ["ELSEWHERE", "LISTINGS", "ONLY_THEIR_ORDER", "Listing"]

ELSEWHERE = {
    browsing.GetCatalog: "prices every product it shows; measured with calculate_price in benchmarks/catalogue.py"
}
ONLY_THEIR_ORDER = frozenset(
    {
        "contrats.list_contract_lines",
        "factures.list_closings",
        "factures.list_e_reports",
        "factures.list_lifecycle_events",
        "factures.list_transmissions",
        "identity.list_organisations",
        "identity.list_partner_members",
        "identity.list_partners",
        "identity.list_purge_runs",
        "identity.list_user_memberships",
        "payments.get_portal_session_audit",
        "payments.list_emission_runs",
        "payments.list_account_lines",
        "payments.list_fee_rules",
        "payments.list_formal_notices",
        "payments.list_payment_methods",
        "payments.list_payment_promises",
        "payments.list_settlement_plans",
        "payments.list_portal_sessions",
        "payments.list_provider_overrides",
        "payments.list_provider_status_mappings",
        "payments.list_recovery_charges",
        "payments.list_psp_accounts",
        "payments.list_psp_events",
        "payments.list_refunds",
        "payments.list_reminder_policies",
        "payments.list_retry_runs",
        "payments.list_routing_rules",
    }
)
"""Lists that the benchmark does not fill: that an index gives their order is all that is tested of them."""
LISTINGS = (*IDENTITY, *PRODUCTS, *CONTRATS, *CALENDAR, *FACTURES, *PAYMENTS)
