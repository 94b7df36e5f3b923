"""The tables of factures, by subject."""

from storage.factures.tables.companies import (
    fiscal_closing,
    invoicing_settings,
    late_interest_rate,
    logo,
    numbering_counter,
    numbering_series,
    status_label,
)
from storage.factures.tables.documents import (
    invoice,
    invoice_line,
    payment_position,
    rendition,
    seal,
    seal_head,
    settlement,
    vat_breakdown,
)
from storage.factures.tables.metadata import metadata
from storage.factures.tables.neighbours import (
    billing_intake,
    client_view,
    client_word,
    company_view,
    debit_plan_view,
    invoiced_item,
    issue_mode_view,
    mandate_view,
    payment_term_view,
    product_range_view,
    product_version_view,
    product_view,
    revenue_account_view,
)
from storage.factures.tables.platform import (
    directory_line,
    e_report,
    lifecycle_event,
    platform_account,
    platform_webhook,
    stated_collection,
    transmission,
)

__all__ = [
    "billing_intake", "client_view", "client_word", "company_view", "debit_plan_view", "directory_line", "e_report",
    "fiscal_closing", "invoice", "invoice_line", "invoiced_item", "invoicing_settings", "issue_mode_view",
    "late_interest_rate", "lifecycle_event", "logo", "mandate_view", "metadata", "numbering_counter", "numbering_series",
    "payment_position", "payment_term_view", "platform_account", "platform_webhook", "product_range_view",
    "product_version_view", "product_view", "rendition",
    "revenue_account_view", "seal", "seal_head", "settlement", "stated_collection", "status_label", "transmission",
    "vat_breakdown",
]  # fmt: skip
