"""What payments tests state as the other actors would."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

import asyncpg

from messages.calendar import DebitCalendarCutoffReached
from messages.clients import ClientCreated
from messages.contrats import (
    ContractActivated,
    ContractCollectionUnlocked,
    ContractQualityApproved,
    ContractSigned,
)
from messages.factures import CreditNoteIssued, InvoiceIssued
from messages.payments import BankProfile, CreateBankDetails, CreateCreditorAccount, CreditorAccount, Transport
from messages.values.identifiers import new_id
from messages.values.money import Money
from tests.harness import Running, Tenant

IBAN = "FR7630006000011234567890189"
OTHER_IBAN = "DE89370400440532013000"
CREDITOR_IBAN = "FR1420041010050500013M02606"


_moments = count(1)


def at(day: date, hour: int = 8, minute: int = 0) -> datetime:
    """That minute of that day in UTC; no two are the same, because a tick is played once per instant."""
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC) + timedelta(microseconds=next(_moments))


@dataclass
class Subscriber:
    """A client with an account and a contract that is debited monthly."""

    running: Running
    tenant: Tenant
    signed_on: date
    starts_on: date
    amount: str = "24.90"
    channel: str = "IN_STORE"
    withdrawal: bool = False
    preferred_day: int | None = 5
    client_id: UUID = field(default_factory=new_id)
    contract_id: UUID = field(default_factory=new_id)
    name: str = "Élodie Martin"
    iban: str = IBAN
    bank_details_id: UUID | None = None
    version: int = 1

    async def sign(self, *, consent: bool = True, **changes: Any) -> None:
        """The client exists, gives his account and signs."""
        await self.state(client_created(self.client_id, self.tenant.company_id, self.name), self.signed_on)
        await self.running.settled()
        self.tenant.client.now = at(self.signed_on)
        details = await self.tenant.client.call(
            CreateBankDetails(client_id=self.client_id, iban=self.iban, holder_name=self.name)
        )
        self.bank_details_id = details.bank_details_id
        await self.state(self.signature(consent=consent, **changes), self.signed_on)
        await self.running.settled()

    def signature(self, *, consent: bool = True, **changes: Any) -> ContractSigned:
        """contract.signed."""
        proof = {"document_id": new_id(), "signed_at": at(self.signed_on), "evidence_id": new_id()}
        return ContractSigned.model_validate(
            self.snapshot("SIGNED")
            | {
                "signed_at": at(self.signed_on),
                "concluded_on": self.signed_on,
                "evidence_id": new_id(),
                "signature_evidence_document_id": new_id(),
                "total_contract_value": money("300.00"),
                "withdrawal_applicable": self.withdrawal,
                "early_performance_requested": False,
                "mandate_scheme": "SEPA_CORE",
                "bank_details_id": self.bank_details_id,
                "mandate_consent": proof if consent else None,
                "preferred_debit_day": self.preferred_day,
            }
            | changes
        )

    def snapshot(self, status: str) -> dict[str, Any]:
        """The contract's visible state."""
        return {
            "contract_id": self.contract_id,
            "reference": "CTR-1",
            "version_no": 1,
            "type": "SUBSCRIPTION",
            "legal_regime": "CONSUMER_STANDARD",
            "status": status,
            "quality_status": "PENDING",
            "client_id": self.client_id,
            "client_kind": "CONSUMER",
            "company_id": self.tenant.company_id,
            "sales_rep_id": new_id(),
            "sales_channel": self.channel,
            "starts_on": self.starts_on,
            "effective_on": self.starts_on,
            "term_kind": "OPEN_ENDED",
            "currency": "EUR",
            "billing_frequency": "MONTHLY",
            "billing_mode": "ADVANCE",
            "payment_method": "SEPA_DIRECT_DEBIT",
            "payment_terms_days": 0,
            "recurring_net": money("20.75"),
            "recurring_gross": money(self.amount),
            "mrr": money("20.75"),
            "arr": money("249.00"),
        }

    async def open_gates(self, day: date, *, quality: bool = True) -> None:
        """Quality approved unless told otherwise, collection unlocked, contract active."""
        review = {"review_id": new_id(), "reviewer_id": new_id(), "approved_on": day}
        if quality:
            await self.state(ContractQualityApproved.model_validate(self.snapshot("SIGNED") | review), day)
        await self.state(ContractCollectionUnlocked(contract_id=self.contract_id, not_before=day), day)
        activation = {"operation_id": new_id()}
        await self.state(ContractActivated.model_validate(self.snapshot("ACTIVE") | activation), day)
        await self.running.settled()

    async def state(self, event: Any, day: date) -> None:
        """A fact of another actor about this subscriber, one version after the last."""
        await self.running.state(event, self.tenant.id, version=self.version, now=at(day))
        self.version += 1


def money(amount: str) -> Money:
    """Euros."""
    return Money.of(amount)


def client_created(client_id: UUID, company_id: UUID, name: str = "Élodie Martin") -> ClientCreated:
    """client.created."""
    return ClientCreated.model_validate(
        {
            "client_id": client_id,
            "client_code": "CLI-000001",
            "kind": "CONSUMER",
            "type": "INDIVIDUAL",
            "display_name": name,
            "language": "fr",
            "status_code": "PROSPECT",
            "status_category": "PROSPECT",
            "record_state": "LIVE",
            "company_id": company_id,
            "source": "WEB",
            "vat_status": "CONSUMER",
        }
    )


def invoice_issued(
    subscriber: Subscriber, amount: str, period_start: date, *, number: str = "F2026-0001", **changes: Any
) -> InvoiceIssued:
    """invoice.issued for one period of a contract."""
    return InvoiceIssued.model_validate(
        {
            "invoice_id": new_id(),
            "number": number,
            "kind": "INVOICE",
            "type_code": "380",
            "company_id": subscriber.tenant.company_id,
            "client_id": subscriber.client_id,
            "contract_id": subscriber.contract_id,
            "origin": "CONTRACT_BILLING",
            "status": "ISSUED",
            "settlement_status": "UNPAID",
            "net": money("20.75"),
            "vat": money("4.15"),
            "gross": money(amount),
            "due": money(amount),
            "outstanding": money(amount),
            "issue_date": period_start,
            "due_date": period_start + timedelta(days=15),
            "period_start": period_start,
            "period_end": period_start + timedelta(days=29),
            "payment_method": "SEPA_DIRECT_DEBIT",
            "prenotified": False,
            "lines": [],
            "lines_by_account": [],
            "vat_totals": [],
            "prepaid": money("0.00"),
            "fiscal_year_end": date(2026, 12, 31),
            "issue_mode": "EMAIL",
            "delivery_channel": "EMAIL",
            "buyer_kind": "CONSUMER",
            "process_code": "S1",
            "seal_hash": "0" * 64,
        }
        | changes
    )


def credit_note_issued(subscriber: Subscriber, invoice: InvoiceIssued, amount: str) -> CreditNoteIssued:
    """credit_note.issued for a part of an invoice."""
    original = {"invoice_id": invoice.invoice_id, "net": money(amount), "vat": money("0.00"), "gross": money(amount)}
    return CreditNoteIssued.model_validate(
        invoice.model_dump()
        | {
            "invoice_id": new_id(),
            "credit_note_id": new_id(),
            "kind": "CREDIT_NOTE",
            "type_code": "381",
            "originals": [original],
            "scope": "AMOUNTS",
            "reason_code": "GOODWILL",
            "rebill": False,
            "refund_wish": "SET_OFF",
            "internal_only": False,
        }
    )


def cutoff_reached(
    company_id: UUID, day: date, count: int, total: str, *, seq: int = 1, checksum: str = "-"
) -> DebitCalendarCutoffReached:
    """debit_calendar.cutoff_reached."""
    return DebitCalendarCutoffReached.model_validate(
        {
            "debit_day_id": new_id(),
            "company_id": company_id,
            "rail": "SEPA_CORE",
            "collection_date": day,
            "seq": seq,
            "count": count,
            "total": money(total),
            "checksum": checksum,
            "submit_by": at(day - timedelta(days=4), 12),
        }
    )


async def creditor_account(tenant: Tenant, **profile: Any) -> CreditorAccount:
    """The company's own account."""
    return await tenant.client.call(
        CreateCreditorAccount(
            company_id=tenant.company_id,
            iban=CREDITOR_IBAN,
            bic="PSSTFRPPPAR",
            holder_name="Télécom Dupont",
            creditor_identifier="FR72ZZZ123456",
            bank_profile=BankProfile.model_validate({"transport": Transport.MANUAL} | profile),
        )
    )


async def look_behind(running: Running, tenant: Tenant, query: str, *arguments: Any) -> list[Any]:
    """Rows of the actor's own database, as the tenant may see them."""
    connection = await asyncpg.connect(running.database("payments"))
    try:
        async with connection.transaction():
            await connection.execute("select set_config('app.organisation_id', $1, true)", str(tenant.id))
            return list(await connection.fetch(query, *arguments))
    finally:
        await connection.close()
