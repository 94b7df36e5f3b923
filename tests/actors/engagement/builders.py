"""Facts of other actors, as these tests state them."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from messages.activites import TaskAssigned, TaskPriority, TaskStatus, TaskType
from messages.clients import ClientCreated
from messages.contrats import ContractActivated, ContractSigned
from messages.factures import InvoiceDeliveryRequested, InvoiceIssued
from messages.payments import PaymentPrenotificationDue, PaymentReceived
from messages.values.identifiers import new_id

DAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def money(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "EUR"}


def client_created(company_id: UUID, **changes: Any) -> ClientCreated:
    fields = {
        "client_id": new_id(),
        "client_code": "CLI-1",
        "kind": "CONSUMER",
        "type": "INDIVIDUAL",
        "display_name": "Chloé Lefèvre",
        "primary_email": "chloe@example.fr",
        "language": "fr",
        "status_code": "PROSPECT",
        "status_category": "PROSPECT",
        "record_state": "LIVE",
        "company_id": company_id,
        "source": "MANUAL",
        "vat_status": "CONSUMER",
    }
    return ClientCreated.model_validate(fields | changes)


def contract_fields(company_id: UUID, client_id: UUID, **changes: Any) -> dict[str, Any]:
    return {
        "contract_id": new_id(),
        "reference": "CT-2026-0001",
        "version_no": 1,
        "type": "SUBSCRIPTION",
        "legal_regime": "CONSUMER_STANDARD",
        "status": "SIGNED",
        "quality_status": "PENDING",
        "client_id": client_id,
        "client_kind": "CONSUMER",
        "company_id": company_id,
        "sales_rep_id": new_id(),
        "sales_channel": "DISTANCE",
        "starts_on": "2026-03-02",
        "effective_on": "2026-03-02",
        "term_kind": "OPEN_ENDED",
        "currency": "EUR",
        "billing_frequency": "MONTHLY",
        "billing_mode": "ADVANCE",
        "payment_method": "SEPA_DIRECT_DEBIT",
        "payment_terms_days": 0,
        "recurring_net": money("49.90"),
        "recurring_gross": money("59.88"),
        "mrr": money("49.90"),
        "arr": money("598.80"),
    } | changes


def contract_signed(company_id: UUID, client_id: UUID, **changes: Any) -> ContractSigned:
    signature = {
        "signed_at": "2026-03-02T09:00:00.000000Z",
        "concluded_on": "2026-03-02",
        "evidence_id": new_id(),
        "signature_evidence_document_id": new_id(),
        "total_contract_value": money("598.80"),
        "withdrawal_applicable": True,
        "withdrawal_ends_on": "2026-03-16",
        "early_performance_requested": False,
    }
    return ContractSigned.model_validate(contract_fields(company_id, client_id) | signature | changes)


def contract_activated(company_id: UUID, client_id: UUID, **changes: Any) -> ContractActivated:
    fields = {"operation_id": new_id(), "status": "ACTIVE"}
    return ContractActivated.model_validate(contract_fields(company_id, client_id) | fields | changes)


def invoice_fields(company_id: UUID, client_id: UUID, **changes: Any) -> dict[str, Any]:
    return {
        "invoice_id": new_id(),
        "number": "FA-2026-000001",
        "kind": "INVOICE",
        "type_code": "380",
        "company_id": company_id,
        "client_id": client_id,
        "origin": "CONTRACT_BILLING",
        "status": "ISSUED",
        "settlement_status": "UNPAID",
        "net": money("100.00"),
        "vat": money("20.00"),
        "gross": money("120.00"),
        "due": money("120.00"),
        "outstanding": money("120.00"),
        "issue_date": "2026-03-02",
        "due_date": "2026-03-10",
    } | changes


def invoice_issued(company_id: UUID, client_id: UUID, **changes: Any) -> InvoiceIssued:
    facts = {
        "payment_method": "TRANSFER",
        "prenotified": False,
        "lines": (),
        "lines_by_account": (),
        "vat_totals": (),
        "prepaid": money("0.00"),
        "fiscal_year_end": "2026-12-31",
        "issue_mode": "AUTOMATIC",
        "delivery_channel": "EMAIL",
        "buyer_kind": "CONSUMER",
        "process_code": "S1",
        "seal_hash": "00",
    }
    return InvoiceIssued.model_validate(invoice_fields(company_id, client_id) | facts | changes)


def delivery_requested(company_id: UUID, client_id: UUID, **changes: Any) -> InvoiceDeliveryRequested:
    fields = {"channel": "EMAIL", "document_id": new_id()}
    return InvoiceDeliveryRequested.model_validate(invoice_fields(company_id, client_id) | fields | changes)


def prenotification(client_id: UUID, **changes: Any) -> PaymentPrenotificationDue:
    fields = {
        "instalment_id": new_id(),
        "client_id": client_id,
        "invoice_number": "FA-2026-000001",
        "amount": money("59.88"),
        "collection_date": "2026-04-05",
        "rum": "RUM-0001",
        "creditor_identifier": "FR12ZZZ123456",
        "creditor_name": "Société DUP",
        "iban_masked": "FR76 **** 0189",
    }
    return PaymentPrenotificationDue.model_validate(fields | changes)


def payment_received(company_id: UUID, client_id: UUID, **changes: Any) -> PaymentReceived:
    fields = {
        "payment_id": new_id(),
        "reference": "PAY-1",
        "company_id": company_id,
        "client_id": client_id,
        "type": "MANUAL",
        "attempt_no": 1,
        "amount": money("70.00"),
        "method": "TRANSFER",
        "provider": "MANUAL",
        "status": "PAID",
        "paid_on": "2026-03-02",
        "allocations": (),
        "fees": money("0.00"),
    }
    return PaymentReceived.model_validate(fields | changes)


def task_assigned(assignee_id: UUID, **changes: Any) -> TaskAssigned:
    fields = {
        "task_id": new_id(),
        "number": "T-000001",
        "title": "Appeler Chloé",
        "type": TaskType.CALL,
        "priority": TaskPriority.NORMAL,
        "status": TaskStatus.TODO,
        "assignee_id": assignee_id,
    }
    return TaskAssigned.model_validate(fields | changes)
