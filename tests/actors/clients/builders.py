"""Facts of contracts, bills and payments as their owners would state them about a client."""

from collections.abc import Awaitable
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from messages.base import Event
from messages.clients import Client, CreateClient
from messages.factures import CreditNoteIssued, InvoiceIssued
from messages.payments import PaymentReceived, PaymentRejected, PaymentStandingChanged
from messages.problem import Refused
from messages.values.identifiers import new_id
from tests.harness import Tenant


def money(amount: str) -> dict[str, str]:
    return {"amount": f"{Decimal(amount):.2f}", "currency": "EUR"}


def noon(day: date) -> datetime:
    return datetime.combine(day, time(11), UTC)


def person(**changes: object) -> CreateClient:
    fields: dict[str, object] = {
        "given_name": "JEAN-PIERRE",
        "family_name": "DE LA TOUR",
        "emails": ("jp@example.fr",),
        "phones": ("06 12 34 56 78",),
    }
    return CreateClient.model_validate(fields | changes)


async def code_of(awaitable: Awaitable[object]) -> str:
    """The code a request is refused with."""
    with pytest.raises(Refused) as refusal:
        await awaitable
    return refusal.value.code.code


async def say(tenant: Tenant, event: Event, version: int, on: date = date(2026, 3, 1)) -> None:
    """State a fact and wait until everybody has dealt with it."""
    await tenant.running.state(event, tenant.id, version=version, now=noon(on))
    await tenant.running.settled()


def contract(tenant: Tenant, client: Client, contract_id: UUID, status: str, mrr: str = "29.90") -> dict[str, Any]:
    return {
        "contract_id": contract_id,
        "reference": "CTR-1",
        "version_no": 1,
        "type": "SUBSCRIPTION",
        "legal_regime": "CONSUMER_STANDARD",
        "status": status,
        "quality_status": "APPROVED",
        "client_id": client.id,
        "client_kind": "CONSUMER",
        "company_id": tenant.company_id,
        "sales_rep_id": new_id(),
        "sales_channel": "DISTANCE",
        "starts_on": date(2026, 1, 15),
        "effective_on": date(2026, 1, 15),
        "term_kind": "OPEN_ENDED",
        "currency": "EUR",
        "billing_frequency": "MONTHLY",
        "billing_mode": "ADVANCE",
        "payment_method": "SEPA_DIRECT_DEBIT",
        "payment_terms_days": 0,
        "recurring_net": money(mrr),
        "recurring_gross": money(mrr),
        "mrr": money(mrr),
        "arr": money(mrr),
        "operation_id": new_id(),
        "suspension_reason": "PAYMENT_DEFAULT",
        "billing_policy": "CONTINUE",
        "suspended_from": date(2026, 3, 1),
        "suspended_to": date(2026, 3, 2),
        "ends_on": date(2026, 6, 30) if status == "TERMINATED" else None,
        "reason_code": "CLIENT_REQUEST",
        "initiated_by": "CLIENT",
        "channel": "ONLINE",
        "received_on": date(2026, 6, 1),
        "months_in_force": 5,
        "fee": money("0"),
        "credit": money("0"),
        "legitimate_reason": False,
    }


def standing(client: Client, value: str) -> PaymentStandingChanged:
    return PaymentStandingChanged.model_validate(
        {
            "client_id": client.id,
            "standing": value,
            "previous": "GOOD",
            "risk": "LOW",
            "outstanding": money("0"),
        }
    )


def invoice(tenant: Tenant, client: Client, gross: str, due_on: date, **changes: Any) -> dict[str, Any]:
    fields = {
        "invoice_id": new_id(),
        "number": "F-1",
        "kind": "INVOICE",
        "type_code": "380",
        "company_id": tenant.company_id,
        "client_id": client.id,
        "origin": "CONTRACT_BILLING",
        "status": "ISSUED",
        "settlement_status": "UNPAID",
        "net": money(gross),
        "vat": money("0"),
        "gross": money(gross),
        "due": money(gross),
        "outstanding": money(gross),
        "issue_date": date(2026, 1, 1),
        "due_date": due_on,
        "payment_method": "SEPA_DIRECT_DEBIT",
        "prenotified": True,
        "lines": [],
        "lines_by_account": [],
        "vat_totals": [],
        "prepaid": money("0"),
        "fiscal_year_end": date(2026, 12, 31),
        "issue_mode": "EMAIL",
        "delivery_channel": "EMAIL",
        "buyer_kind": "CONSUMER",
        "process_code": "B1",
        "seal_hash": "0" * 64,
    }
    return fields | changes


def issued(tenant: Tenant, client: Client, gross: str, due_on: date) -> InvoiceIssued:
    return InvoiceIssued.model_validate(invoice(tenant, client, gross, due_on))


def credit(tenant: Tenant, client: Client, invoice_id: UUID, gross: str) -> CreditNoteIssued:
    facts = {
        "kind": "CREDIT_NOTE",
        "type_code": "381",
        "credit_note_id": new_id(),
        "originals": [{"invoice_id": invoice_id, "net": money(gross), "vat": money("0"), "gross": money(gross)}],
        "scope": "AMOUNTS",
        "reason_code": "OTHER",
        "rebill": False,
        "refund_wish": "KEEP_AS_CREDIT",
    }
    return CreditNoteIssued.model_validate(invoice(tenant, client, gross, date(2026, 2, 1), **facts))


def payment(tenant: Tenant, client: Client, amount: str, invoice_id: UUID | None) -> dict[str, Any]:
    return {
        "payment_id": new_id(),
        "reference": "PAY-1",
        "company_id": tenant.company_id,
        "client_id": client.id,
        "invoice_id": invoice_id,
        "type": "EMISSION",
        "attempt_no": 1,
        "amount": money(amount),
        "method": "SEPA_CORE",
        "provider": "BANK_SEPA",
        "status": "PAID",
    }


def received(tenant: Tenant, client: Client, amount: str, invoice_id: UUID, on: date) -> PaymentReceived:
    facts = payment(tenant, client, amount, invoice_id)
    allocation = {
        "allocation_id": new_id(),
        "payment_id": facts["payment_id"],
        "invoice_id": invoice_id,
        "amount": money(amount),
        "allocated_after": money(amount),
    }
    return PaymentReceived.model_validate(facts | {"paid_on": on, "allocations": [allocation], "fees": money("0")})


def rejected(tenant: Tenant, client: Client, amount: str, invoice_id: UUID, on: date) -> PaymentRejected:
    return PaymentRejected.model_validate(
        payment(tenant, client, amount, invoice_id)
        | {
            "phase": "PRE_SETTLEMENT",
            "r_type": "REJECT",
            "reason_code": "AM04",
            "category": "INSUFFICIENT_FUNDS",
            "retry_advice": "AUTO",
            "mandate_effect": "NONE",
            "psp_will_retry": False,
            "rejected_on": on,
            "rejected_at": noon(on),
            "fees": money("0"),
            "consecutive_failures": 1,
            "r_key": "k",
        }
    )
