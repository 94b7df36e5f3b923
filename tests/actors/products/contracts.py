"""A signed contract on a quote, as contrats states it."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

from messages.contrats import (
    BillingFrequency,
    BillingMode,
    ContractClientKind,
    ContractSigned,
    ContractStatus,
    ContractType,
    LegalRegime,
    PaymentMethod,
    QualityStatus,
    SalesChannel,
    TermKind,
)
from messages.values.money import Money


def signed_contract(company_id: UUID, quote_id: UUID, concluded_on: date) -> ContractSigned:
    """contract.signed of a consumer's monthly subscription at 29.90."""
    fields: dict[str, Any] = {
        "contract_id": uuid4(),
        "reference": "CT-000001",
        "version_no": 1,
        "type": next(iter(ContractType)),
        "legal_regime": next(iter(LegalRegime)),
        "status": ContractStatus.SIGNED,
        "quality_status": next(iter(QualityStatus)),
        "client_id": uuid4(),
        "client_kind": ContractClientKind.CONSUMER,
        "company_id": company_id,
        "sales_rep_id": uuid4(),
        "sales_channel": SalesChannel.DISTANCE,
        "starts_on": concluded_on,
        "effective_on": concluded_on,
        "term_kind": next(iter(TermKind)),
        "currency": "EUR",
        "billing_frequency": BillingFrequency.MONTHLY,
        "billing_mode": next(iter(BillingMode)),
        "payment_method": next(iter(PaymentMethod)),
        "payment_terms_days": 30,
        "recurring_net": Money.of("24.92"),
        "recurring_gross": Money.of("29.90"),
        "mrr": Money.of("24.92"),
        "arr": Money.of("299.04"),
        "price_quote_ids": (quote_id,),
        "signed_at": datetime(concluded_on.year, concluded_on.month, concluded_on.day, 10, tzinfo=UTC),
        "concluded_on": concluded_on,
        "evidence_id": uuid4(),
        "signature_evidence_document_id": uuid4(),
        "total_contract_value": Money.of("299.04"),
        "withdrawal_applicable": True,
        "early_performance_requested": False,
    }
    return ContractSigned(**fields)
