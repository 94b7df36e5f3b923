"""Which account a payment goes through, and whether its means may be debited at all."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from actors.payments.company import Company
from actors.payments.psp.saving import has_expired
from actors.payments.rules.guards import ContractFacts, contract_block
from actors.payments.rules.machines import LIVE
from messages.payments import (
    COLLECTION_BLOCKED,
    ROUTING_NOT_FOUND,
    SAVED_MEANS_NOT_FOUND,
    BlockReason,
    PaymentMethod,
    PspStatus,
    SavedMeansKind,
    SavedMeansStatus,
)
from messages.problem import Refused
from runtime.unit_of_work import Row, UnitOfWork
from storage.payments.tables.payments import payment
from storage.payments.tables.providers import payment_method, psp_account
from storage.payments.tables.views import client_view, contract_view

METHODS = {
    SavedMeansKind.CARD: PaymentMethod.CARD,
    SavedMeansKind.PAYPAL: PaymentMethod.PAYPAL,
    SavedMeansKind.SEPA_MANDATE: PaymentMethod.SEPA_CORE,
}


@dataclass(frozen=True, slots=True)
class Charge:
    """What is to be debited."""

    client_id: UUID
    contract_id: UUID | None
    amount: Decimal
    collect_on: date


async def means_to_debit(work: UnitOfWork, client_id: UUID, wanted: UUID | None, account_id: UUID | None = None) -> Row:
    """The means of payment that was asked for, else the newest at the account, else the client's default."""
    statement = select(payment_method).where(
        payment_method.c.organisation_id == work.organisation_id, payment_method.c.client_id == client_id
    )
    if wanted is not None:
        statement = statement.where(payment_method.c.id == wanted)
    elif account_id is not None:
        active = payment_method.c.status == SavedMeansStatus.ACTIVE
        statement = statement.where(payment_method.c.psp_account_id == account_id, active)
    else:
        statement = statement.where(payment_method.c.is_default)
    row = await work.fetch_one(statement.order_by(payment_method.c.created_at.desc(), payment_method.c.id.desc()))
    if row is None:
        raise Refused(SAVED_MEANS_NOT_FOUND, "the client saved no such means of payment; let him save one first")
    return row


async def account_of(work: UnitOfWork, account_id: UUID, company_id: UUID) -> Row:
    """The account that holds a means of payment; it must be the company's and take payments."""
    row = await work.fetch_one(
        select(psp_account).where(
            psp_account.c.organisation_id == work.organisation_id,
            psp_account.c.id == account_id,
            psp_account.c.company_id == company_id,
            psp_account.c.status == PspStatus.ACTIVE,
        )
    )
    if row is None:
        raise Refused(ROUTING_NOT_FOUND, "no active provider account of the company holds this means of payment")
    return row


async def refuse_blocked(work: UnitOfWork, company: Company, charge: Charge, means: Row) -> None:
    """The guards of an emission, as far as they concern a saved means; COLLECTION_BLOCKED names the one that holds."""
    reason = await _block(work, company, charge, means)
    if reason is not None:
        raise Refused(
            COLLECTION_BLOCKED, f"the payment is held back by {reason}; clear that first", details={"reason": reason}
        )


async def _block(work: UnitOfWork, company: Company, charge: Charge, means: Row) -> BlockReason | None:
    settings = company.settings
    if charge.contract_id is not None:
        contract = await _contract(work, charge.contract_id)
        reason = contract_block(contract, charge.collect_on, settings) if contract is not None else None
        if reason is not None:
            return reason
    client = await work.fetch_one(
        select(client_view).where(
            client_view.c.organisation_id == work.organisation_id, client_view.c.client_id == charge.client_id
        )
    )
    if client is not None and (client["deceased"] or client["blocked_scope"] in ("COLLECTION", "ALL")):
        return BlockReason.CLIENT_BLOCKED
    if not settings.min_debit_amount <= charge.amount <= settings.max_debit_amount:
        return BlockReason.AMOUNT_OUT_OF_RANGE
    if means["status"] != SavedMeansStatus.ACTIVE:
        return BlockReason.NO_PAYMENT_MEANS
    if has_expired(means, charge.collect_on):
        return BlockReason.CARD_EXPIRED
    if await _live_payments(work, charge.client_id, charge.collect_on) >= settings.max_live_payments_per_client_per_day:
        return BlockReason.VELOCITY_LIMIT
    return None


async def _contract(work: UnitOfWork, contract_id: UUID) -> ContractFacts | None:
    row = await work.fetch_one(
        select(contract_view).where(
            contract_view.c.organisation_id == work.organisation_id, contract_view.c.contract_id == contract_id
        )
    )
    if row is None:
        return None
    names: tuple[str, ...] = ContractFacts.__slots__
    facts: dict[str, Any] = {name: row[name] for name in names}
    return ContractFacts(**facts)


async def _live_payments(work: UnitOfWork, client_id: UUID, day: date) -> int:
    counted: int = await work.fetch_value(
        select(func.count())
        .select_from(payment)
        .where(
            payment.c.organisation_id == work.organisation_id,
            payment.c.client_id == client_id,
            payment.c.business_date == day,
            payment.c.status.in_(LIVE),
        )
    )
    return counted
