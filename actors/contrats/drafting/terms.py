"""The terms of a draft with the seller's defaults, the payment term they name, and what the catalogue must offer beside them."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from actors.contrats.choices import choices_of
from actors.contrats.contract_record import ContractRecord
from actors.contrats.rules.draft_terms import columns_of
from messages.clients import ClientKind
from messages.contrats import FREE_CONTRACT, PAYMENT_TERM_NOT_FOUND, SHORT_OFFER_MISSING, DraftTerms, LegalRegime
from messages.problem import Refused
from runtime.unit_of_work import Row, UnitOfWork
from storage.contrats.tables import payment_term_copy, product_copy

_SHORT_MONTHS = 12


async def agreed_terms(terms: DraftTerms, client: Row, company_id: UUID, work: UnitOfWork) -> dict[str, Any]:
    """The columns of a draft, checked against the law and the catalogue."""
    defaults = (await choices_of(work, company_id)).defaults
    term = await _payment_term(terms.payment_terms_id, work) if terms.payment_terms_id is not None else None
    columns = columns_of(terms, ClientKind(client["kind"]), defaults, term)
    telecom = columns["legal_regime"] is LegalRegime.CONSUMER_TELECOM
    if telecom and columns["commitment_months"] > _SHORT_MONTHS:
        await _refuse_without_short_offer(work)
    return columns


async def refuse_free(record: ContractRecord) -> None:
    """A contract costs something, unless the seller's settings allow free ones."""
    if record["total_contract_value"] > 0 or not record.lines:
        return
    if not (await choices_of(record.work, record["company_id"])).free_contract:
        text = "the contract costs nothing; correct the prices, or allow free_contract in the settings"
        raise Refused(FREE_CONTRACT, text)


async def _payment_term(payment_term_id: UUID, work: UnitOfWork) -> Row:
    row = await work.fetch_one(
        select(payment_term_copy).where(
            payment_term_copy.c.organisation_id == work.organisation_id,
            payment_term_copy.c.payment_term_id == payment_term_id,
        )
    )
    if row is None or not row["active"]:
        text = "payment_terms_id is no active payment term; choose one of clients, or give payment_terms_days"
        raise Refused.field("payment_terms_id", "unknown", text, PAYMENT_TERM_NOT_FOUND)
    return row


async def _refuse_without_short_offer(work: UnitOfWork) -> None:
    """Who offers a consumer more than 12 months must offer 12 or less too (Code de la consommation, art. L224-28)."""
    offer = select(product_copy.c.product_id).where(
        product_copy.c.organisation_id == work.organisation_id,
        product_copy.c.sector == "TELECOM",
        product_copy.c.lifecycle == "ACTIVE",
        product_copy.c.commitment_months <= _SHORT_MONTHS,
    )
    if await work.fetch_one(offer.limit(1)) is None:
        text = "the catalogue has no telecom offer of at most 12 months; add one, or shorten the commitment"
        raise Refused.field("commitment_months", "catalogue", text, SHORT_OFFER_MISSING)
