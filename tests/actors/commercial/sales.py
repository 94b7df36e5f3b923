"""Builders: a representative, a plan, and the facts of a contract's life as their owners would state them."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from messages.base import Event
from messages.contrats import (
    ContractActivated,
    ContractBillingDue,
    ContractCreated,
    ContractQualityApproved,
    ContractResumed,
    ContractSigned,
    ContractSuspended,
    ContractTerminated,
)
from messages.factures import InvoiceIssued
from messages.payments import PaymentReceived, PaymentReturned
from messages.payments.receivables import ReceivableDefaultCured, ReceivableDefaulted
from messages.values.identifiers import new_id
from messages.values.money import round_cents
from tests.actors.commercial.people import money, noon
from tests.harness import Tenant


@dataclass
class Sale:
    """One contract of a representative, and what other actors say about it, on simulated days."""

    tenant: Tenant
    rep_id: UUID
    effective_on: date = date(2025, 1, 10)
    net: Decimal = Decimal("49.90")
    gross: Decimal = Decimal("59.88")
    contract_id: UUID = field(default_factory=new_id)
    line_id: UUID = field(default_factory=new_id)
    product_id: UUID = field(default_factory=new_id)
    client_id: UUID = field(default_factory=new_id)
    status: str = "DRAFT"
    version: int = 0
    payment_version: int = 0

    async def state(self, event: type[Event], on: date, *, version: int | None = None, **fields: Any) -> None:
        """State a fact of the contract and wait until commercial has dealt with it."""
        await self.say(event.model_validate(self.snapshot() | fields), on, version=version)

    async def say(self, event: Event, on: date, *, version: int | None = None) -> None:
        if version is None:
            self.version += 1
            version = self.version
        await self.tenant.running.state(event, self.tenant.id, version=version, now=noon(on))
        await self.tenant.running.settled()

    def snapshot(self) -> dict[str, Any]:
        line = {
            "line_id": self.line_id,
            "product_id": self.product_id,
            "product_code": "BOX",
            "description": "Internet box",
            "kind": "RECURRING",
            "billing_period": "MONTHLY",
            "quantity": "1",
            "unit_price_net": money(self.net),
            "net": money(self.net),
            "vat_rate": "20",
            "vat_category": "S",
            "recurrence": "MONTHLY",
            "valid_from": self.effective_on,
        }
        return {
            "contract_id": self.contract_id,
            "reference": f"CTR-{self.contract_id.hex[-6:]}",
            "version_no": 1,
            "type": "SUBSCRIPTION",
            "legal_regime": "CONSUMER_TELECOM",
            "status": self.status,
            "quality_status": "PENDING",
            "client_id": self.client_id,
            "client_kind": "CONSUMER",
            "company_id": self.tenant.company_id,
            "sales_rep_id": self.rep_id,
            "sales_channel": "DISTANCE",
            "starts_on": self.effective_on,
            "effective_on": self.effective_on,
            "term_kind": "OPEN_ENDED",
            "currency": "EUR",
            "billing_frequency": "MONTHLY",
            "billing_mode": "ADVANCE",
            "payment_method": "SEPA_DIRECT_DEBIT",
            "payment_terms_days": 0,
            "recurring_net": money(self.net),
            "recurring_gross": money(self.gross),
            "mrr": money(self.net),
            "arr": money(self.net * 12),
            "lines": [line],
        }

    async def create(self, on: date) -> None:
        await self.state(ContractCreated, on)

    async def sign(self, on: date) -> None:
        self.status = "SIGNED"
        await self.state(
            ContractSigned,
            on,
            signed_at=noon(on),
            concluded_on=on,
            evidence_id=new_id(),
            signature_evidence_document_id=new_id(),
            total_contract_value=money(self.gross),
            withdrawal_applicable=True,
            early_performance_requested=False,
        )

    async def approve(self, on: date) -> None:
        await self.state(ContractQualityApproved, on, review_id=new_id(), reviewer_id=new_id(), approved_on=on)

    async def sell(self, on: date) -> None:
        """Created, signed and approved on one day."""
        await self.create(on)
        await self.sign(on)
        await self.approve(on)

    async def activate(self, on: date) -> None:
        self.status = "ACTIVE"
        await self.state(ContractActivated, on, operation_id=new_id())

    async def suspend(self, on: date) -> None:
        self.status = "SUSPENDED"
        await self.state(ContractSuspended, on, suspension_reason="PAYMENT_DEFAULT", billing_policy="CONTINUE")

    async def resume(self, on: date) -> None:
        self.status = "ACTIVE"
        await self.state(ContractResumed, on, suspended_from=on, suspended_to=on)

    async def terminate(self, on: date, **changes: Any) -> None:
        self.status = "TERMINATED"
        facts: dict[str, Any] = {
            "ends_on": on,
            "reason_code": "CLIENT_REQUEST",
            "initiated_by": "CLIENT",
            "channel": "ONLINE",
            "received_on": on,
            "months_in_force": 1,
            "fee": money("0"),
            "credit": money("0"),
            "legitimate_reason": False,
        }
        await self.state(ContractTerminated, on, **(facts | changes))

    async def bill(self, on: date, period_start: date | None = None) -> "Bill":
        """A month is billed and invoiced; it falls due on the same day."""
        bill = Bill(self, period_start or on, on)
        vat = self.gross - self.net
        instalment = {
            "billing_instalment_id": bill.instalment_id,
            "frequency": "MONTHLY",
            "period_no": 1,
            "period_start": bill.period_start,
            "period_end": bill.period_start,
            "bill_on": on,
            "due_on": on,
            "version_no": 1,
            "lines": [
                {
                    "line_id": self.line_id,
                    "product_id": self.product_id,
                    "description": "Internet box",
                    "quantity": "1",
                    "unit_price": money(self.net),
                    "net": money(self.net),
                    "vat_rate": "20",
                    "vat_category": "S",
                    "recurring": True,
                }
            ],
            "net_total": money(self.net),
            "vat_total": money(vat),
            "gross_total": money(self.gross),
        }
        due = ContractBillingDue.model_validate(
            {
                "contract_id": self.contract_id,
                "reference": "CTR",
                "client_id": self.client_id,
                "company_id": self.tenant.company_id,
                "sales_rep_id": self.rep_id,
                "instalments": [instalment],
                "net_total": money(self.net),
                "vat_total": money(vat),
                "gross_total": money(self.gross),
                "due_on": on,
                "billing_address_id": new_id(),
                "payment_method": "SEPA_DIRECT_DEBIT",
                "payment_terms_days": 0,
            }
        )
        await self.say(due, on)
        await self.say(bill.invoice(), on, version=1)
        return bill


@dataclass
class Bill:
    """One invoice of one month, and what happens to its money."""

    sale: Sale
    period_start: date
    due_on: date
    instalment_id: UUID = field(default_factory=new_id)
    invoice_id: UUID = field(default_factory=new_id)
    item_id: UUID = field(default_factory=new_id)
    payment_id: UUID = field(default_factory=new_id)

    def invoice(self) -> InvoiceIssued:
        sale = self.sale
        vat = sale.gross - sale.net
        return InvoiceIssued.model_validate(
            {
                "invoice_id": self.invoice_id,
                "number": f"F-{self.invoice_id.hex[-6:]}",
                "kind": "INVOICE",
                "type_code": "380",
                "company_id": sale.tenant.company_id,
                "client_id": sale.client_id,
                "contract_id": sale.contract_id,
                "origin": "CONTRACT_BILLING",
                "status": "ISSUED",
                "settlement_status": "UNPAID",
                "net": money(sale.net),
                "vat": money(vat),
                "gross": money(sale.gross),
                "due": money(sale.gross),
                "outstanding": money(sale.gross),
                "issue_date": self.due_on,
                "due_date": self.due_on,
                "billing_instalment_ids": [self.instalment_id],
                "period_start": self.period_start,
                "payment_method": "SEPA_DIRECT_DEBIT",
                "prenotified": True,
                "lines": [
                    {
                        "line_no": 1,
                        "contract_id": sale.contract_id,
                        "contract_line_id": sale.line_id,
                        "billing_instalment_id": self.instalment_id,
                        "name": "Internet box",
                        "quantity": "1",
                        "net": money(sale.net),
                        "vat_category": "S",
                        "vat_rate": "20",
                        "vat": money(vat),
                        "gross": money(sale.gross),
                        "recurring": True,
                        "revenue_account": "706000",
                    }
                ],
                "lines_by_account": [],
                "vat_totals": [],
                "prepaid": money("0"),
                "fiscal_year_end": date(2025, 12, 31),
                "issue_mode": "EMAIL",
                "delivery_channel": "EMAIL",
                "buyer_kind": "CONSUMER",
                "process_code": "B1",
                "seal_hash": "0" * 64,
            }
        )

    async def pay(
        self,
        on: date,
        amount: str | None = None,
        allocated_after: str | None = None,
        payment_id: UUID | None = None,
        version: int = 1,
    ) -> UUID:
        """Money arrives, in full unless said otherwise."""
        identity = payment_id or new_id()
        paid = Decimal(amount) if amount else self.sale.gross
        after = Decimal(allocated_after) if allocated_after else paid
        await self.sale.say(
            PaymentReceived.model_validate(
                self._payment(identity, paid)
                | {
                    "paid_on": on,
                    "allocations": [self._allocation(identity, paid, after)],
                    "fees": money("0"),
                }
            ),
            on,
            version=version,
        )
        return identity

    async def return_payment(self, payment_id: UUID, on: date) -> None:
        """The bank takes the money back."""
        gross = self.sale.gross
        await self.sale.say(
            PaymentReturned.model_validate(
                self._payment(payment_id, gross)
                | {
                    "phase": "POST_SETTLEMENT",
                    "r_type": "RETURN",
                    "reason_code": "MD06",
                    "category": "DISPUTE",
                    "retry_advice": "NEVER",
                    "mandate_effect": "NONE",
                    "psp_will_retry": False,
                    "rejected_on": on,
                    "rejected_at": noon(on),
                    "fees": money("0"),
                    "consecutive_failures": 1,
                    "r_key": str(payment_id),
                    "allocations_reversed": [self._allocation(payment_id, gross, Decimal(0))],
                    "compensation": money("0"),
                    "within_scheme_window": True,
                }
            ),
            on,
            version=2,
        )

    async def default(self, on: date) -> None:
        await self.sale.say(
            ReceivableDefaulted.model_validate(self._receivable() | {"defaulted_on": on}), on, version=1
        )

    async def cure(self, on: date) -> None:
        await self.sale.say(ReceivableDefaultCured.model_validate(self._receivable() | {"cured_on": on}), on, version=2)

    def _receivable(self) -> dict[str, Any]:
        sale = self.sale
        return {
            "item_id": self.item_id,
            "company_id": sale.tenant.company_id,
            "client_id": sale.client_id,
            "contract_id": sale.contract_id,
            "invoice_id": self.invoice_id,
            "due_date": self.due_on,
            "amount": money(sale.gross),
        }

    def _payment(self, identity: UUID, amount: Decimal) -> dict[str, Any]:
        sale = self.sale
        return {
            "payment_id": identity,
            "reference": f"PAY-{identity.hex[-6:]}",
            "company_id": sale.tenant.company_id,
            "client_id": sale.client_id,
            "contract_id": sale.contract_id,
            "invoice_id": self.invoice_id,
            "type": "EMISSION",
            "attempt_no": 1,
            "amount": money(amount),
            "method": "SEPA_CORE",
            "provider": "BANK_SEPA",
            "status": "PAID",
        }

    def _allocation(self, identity: UUID, amount: Decimal, after: Decimal) -> dict[str, Any]:
        return {
            "allocation_id": new_id(),
            "payment_id": identity,
            "invoice_id": self.invoice_id,
            "amount": money(round_cents(amount)),
            "allocated_after": money(after),
        }
