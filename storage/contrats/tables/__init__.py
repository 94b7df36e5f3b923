"""The tables of contrats."""

from storage.contrats.tables.agreement import (
    contract,
    contract_line,
    contract_version,
    reference_counter,
    status_history,
)
from storage.contrats.tables.billing import billing_adjustment, billing_instalment
from storage.contrats.tables.changes import amendment
from storage.contrats.tables.copies import (
    client_copy,
    company_copy,
    heard_fact,
    mandate_copy,
    merged_contract,
    payment_term_copy,
    product_copy,
    sales_rep_copy,
)
from storage.contrats.tables.evidence import evidence_chain, quality_review, signature_evidence
from storage.contrats.tables.indexation import (
    indexation_clause,
    indexation_item,
    indexation_run,
    price_index_value,
)
from storage.contrats.tables.metadata import metadata
from storage.contrats.tables.port_in import port_in
from storage.contrats.tables.renewal import renewal_cycle
from storage.contrats.tables.service import (
    contract_operation,
    provider_callback,
    service_link,
    suspension_period,
    termination_request,
)
from storage.contrats.tables.settings import company_settings, contract_settings
from storage.contrats.tables.signature import signature_request, signature_webhook, signer
from storage.contrats.tables.words import client_word, contract_word

__all__ = [
    "amendment",
    "billing_adjustment",
    "billing_instalment",
    "client_copy",
    "client_word",
    "company_copy",
    "company_settings",
    "contract",
    "contract_line",
    "contract_operation",
    "contract_settings",
    "contract_version",
    "contract_word",
    "evidence_chain",
    "heard_fact",
    "indexation_clause",
    "indexation_item",
    "indexation_run",
    "mandate_copy",
    "merged_contract",
    "metadata",
    "payment_term_copy",
    "port_in",
    "price_index_value",
    "product_copy",
    "provider_callback",
    "quality_review",
    "reference_counter",
    "renewal_cycle",
    "sales_rep_copy",
    "service_link",
    "signature_evidence",
    "signature_request",
    "signature_webhook",
    "signer",
    "status_history",
    "suspension_period",
    "termination_request",
]
