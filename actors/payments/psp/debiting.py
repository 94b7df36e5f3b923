"""Which provider debits an instalment in place of the company's bank, and under which of the client's mandates."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import select

from actors.payments.psp.choosing import Charge
from actors.payments.psp.routing import decide_debit
from actors.payments.rules.provider_mandates import DEBITED, takes_debits
from actors.payments.rules.providers import PROFILES
from messages.payments import PaymentMethod, Provider, PspStatus
from runtime.unit_of_work import Row, UnitOfWork
from storage.payments.sets import among
from storage.payments.tables.means import mandate
from storage.payments.tables.providers import psp_account


@dataclass(frozen=True, slots=True)
class ProviderDebit:
    """The provider that takes a debit. `waits` when it does not answer now: the debit goes nowhere else."""

    account_id: UUID
    provider: Provider
    mandate: Row
    decision: dict[str, Any]
    waits: bool = False

    @property
    def lead(self) -> int:
        """TARGET days between the order and its collection."""
        return lead_of(self.provider)

    def payment_columns(self) -> dict[str, Any]:
        """What a payment that goes this way has in place of a creditor account."""
        return {
            "mandate_id": self.mandate["id"],
            "creditor_account_id": None,
            "provider": self.provider,
            "psp_account_id": self.account_id,
            "payment_method_id": self.mandate["payment_method_id"],
            "routing_decision": self.decision,
        }

    def mandate_columns(self) -> dict[str, Any]:
        """What the guards look at: the mandate takes debits, and the provider knows the account."""
        return {
            "mandate_id": self.mandate["id"],
            "mandate_status": "ACTIVE",
            "creditor_identifier": self.mandate["creditor_identifier"],
            "signed_at": self.mandate["signed_at"],
            "last_presented_on": self.mandate["last_presented_on"],
            "bank_details_status": "ACTIVE",
        }


BY_BANK: Mapping[str, Any] = {"psp_account_id": None, "payment_method_id": None, "routing_decision": None}
"""The columns of `payment_columns` for a debit that goes into a file of the bank."""


class DebitRoutes:
    """The accounts of a company that debit under mandates, and the mandates that some clients have there."""

    def __init__(self, work: UnitOfWork, company_id: UUID, accounts: Mapping[UUID, Provider]) -> None:
        self._work = work
        self._company_id = company_id
        self._accounts = accounts
        self._mandates: dict[UUID, list[Row]] = {}

    @classmethod
    async def load(cls, work: UnitOfWork, company_id: UUID) -> "DebitRoutes":
        """The accounts; a company that has none costs one query."""
        rows = await work.fetch(
            select(psp_account.c.id, psp_account.c.provider).where(
                psp_account.c.methods.contains([PaymentMethod.SEPA_CORE]),
                psp_account.c.organisation_id == work.organisation_id,
                psp_account.c.company_id == company_id,
                psp_account.c.status == PspStatus.ACTIVE,
                psp_account.c.provider.in_(KEEPERS),
            )
        )
        return cls(work, company_id, {row["id"]: Provider(row["provider"]) for row in rows})

    @property
    def longest_lead(self) -> int:
        """How many TARGET days ahead the slowest of them must be told."""
        return max((lead_of(provider) for provider in self._accounts.values()), default=0)

    async def know(self, client_ids: Collection[UUID]) -> None:
        """Learn which mandates these clients have there."""
        if not self._accounts or not client_ids:
            return
        rows = await self._work.fetch(
            select(mandate)
            .where(
                mandate.c.organisation_id == self._work.organisation_id,
                mandate.c.company_id == self._company_id,
                among(mandate.c.client_id, sorted(client_ids)),
                mandate.c.psp_account_id.in_(self._accounts),
                mandate.c.payment_method_id.is_not(None),
                mandate.c.status.in_(DEBITED),
            )
            .order_by(mandate.c.created_at, mandate.c.id)
        )
        for row in rows:
            if takes_debits(row["status"], row["next_possible_charge_date"]):
                self._mandates.setdefault(row["client_id"], []).append(row)

    async def of(self, due: Mapping[str, Any], amount: Decimal, day: date) -> ProviderDebit | None:
        """The provider that debits an instalment; None when the company's bank does.

        Rules and overrides choose among the providers that hold a mandate for the contract; without any that speak, the
        contract's own mandate does. A mandate under a provider's creditor identifier is debited there and nowhere else.
        """
        held = self._held(due)
        if not held:
            return None
        own = next((account for account, row in held.items() if row["id"] == due["mandate_id"]), None)
        charge = Charge(due["client_id"], due["contract_id"], amount, day)
        decision = await decide_debit(self._work, self._company_id, charge, list(held), own)
        account = decision.account_id or (own if decision.waits else None)
        if account is None:
            return None
        told = decision.result.model_dump(mode="json")
        return ProviderDebit(account, self._accounts[account], held[account], told, waits=decision.account_id is None)

    def _held(self, due: Mapping[str, Any]) -> dict[UUID, Row]:
        """By account the mandate for this contract: the schedule's own before the newest."""
        found = [
            row
            for row in self._mandates.get(due["client_id"], ())
            if row["contract_id"] in (None, due["contract_id"]) or row["id"] == due["mandate_id"]
        ]
        found.sort(key=lambda row: row["id"] == due["mandate_id"])
        return {row["psp_account_id"]: row for row in found}


async def debit_under(work: UnitOfWork, mandate_id: UUID | None) -> ProviderDebit | None:
    """The provider that keeps a mandate, if it takes debits under it now; None also for a mandate of our own."""
    row = await work.fetch_one(
        select(mandate, psp_account.c.provider)
        .join(psp_account, psp_account.c.id == mandate.c.psp_account_id)
        .where(
            mandate.c.organisation_id == work.organisation_id,
            mandate.c.id == mandate_id,
            mandate.c.payment_method_id.is_not(None),
            psp_account.c.status == PspStatus.ACTIVE,
        )
    )
    if row is None or not takes_debits(row["status"], row["next_possible_charge_date"]):
        return None
    return ProviderDebit(row["psp_account_id"], Provider(row["provider"]), row, {"source": "MANDATE"})


def lead_of(provider: Provider) -> int:
    """TARGET days that a provider needs for a direct debit."""
    return PROFILES[provider].debit_lead_days or 0


KEEPERS: Sequence[Provider] = tuple(name for name, profile in PROFILES.items() if profile.debit_lead_days is not None)
