"""Every list request of six actors: what its table is filled with, and what people filter it by."""

from benchmarks.list_cases.calendar import CALENDAR
from benchmarks.list_cases.contrats import CONTRATS
from benchmarks.list_cases.factures import FACTURES
from benchmarks.list_cases.identity import IDENTITY
from benchmarks.list_cases.listing import Listing
from benchmarks.list_cases.payments import PAYMENTS
from benchmarks.list_cases.payments_providers import PAYMENTS_PROVIDERS
from benchmarks.list_cases.payments_recovery import PAYMENTS_RECOVERY
from benchmarks.list_cases.products import PRODUCTS
from messages.products import browsing

__all__ = ["ELSEWHERE", "LISTINGS", "ONLY_THEIR_ORDER", "Listing"]

ELSEWHERE = {
    browsing.GetCatalog: "prices every product it shows; measured with calculate_price in benchmarks/catalogue.py"
}
ONLY_THEIR_ORDER = {
    "identity.list_organisations": "of an installation, for its platform's staff: some hundreds",
    "identity.list_partner_members": "of one partner: some dozens",
    "identity.list_partners": "of an installation, for its platform's staff: some hundreds",
    "payments.list_emission_runs": "one a day of a company",
    "payments.list_export_jobs": "ordered by people: some dozens a year",
    "payments.list_provider_status_mappings": "recorded by people: some dozens",
}
"""Lists that can never hold many rows: that an index gives their order is all that is tested of them."""
LISTINGS = (*IDENTITY, *PRODUCTS, *CONTRATS, *CALENDAR, *FACTURES, *PAYMENTS, *PAYMENTS_RECOVERY, *PAYMENTS_PROVIDERS)
