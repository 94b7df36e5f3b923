"""A mandate that a provider keeps begins on its page."""

from uuid import UUID

from sqlalchemy import select

from actors.payments import mandates, views
from actors.payments.company import Company
from actors.payments.psp import saving
from actors.payments.rules.providers import PROFILES
from messages.clients import CLIENT_NOT_FOUND
from messages.payments import (
    PSP_ACCOUNT_NOT_FOUND,
    SCHEME_NOT_ALLOWED,
    Mandate,
    MandateScheme,
    MandateStatus,
    PaymentMethod,
    Provider,
    PspStatus,
    SetupMandate,
    SetupStatus,
)
from messages.problem import Refused
from messages.values.identifiers import new_id
from runtime.unit_of_work import Row, UnitOfWork
from storage.payments.tables.means import mandate
from storage.payments.tables.providers import psp_account, setup_session
from storage.payments.tables.views import client_view

_LIVE = (
    MandateStatus.PENDING_CUSTOMER_APPROVAL,
    MandateStatus.PENDING_SUBMISSION,
    MandateStatus.SUBMITTED,
    MandateStatus.ACTIVE,
)


async def begin(request: SetupMandate, work: UnitOfWork, company: Company) -> Mandate:
    """The client's live mandate at the provider, else a new one that he signs on the provider's page.

    The provider collects under a creditor identifier of its own; its name stands in the place of ours.
    """
    account = await _account(request, work)
    if request.scheme is not MandateScheme.SEPA_CORE:
        raise Refused(SCHEME_NOT_ALLOWED, "providers keep SEPA_CORE mandates only; use SEPA_CORE")
    if request.return_url is None:
        raise Refused.field("return_url", "needed", "say where the provider's page sends the client afterwards")
    await _require_client(work, request.client_id)
    known = await _known(request, work)
    if known is not None:
        return views.mandate_of(await mandates.load_mandate(work, known)).model_copy(update={"reused": True})
    row = await mandates.create_mandate(
        work,
        company_id=request.company_id,
        client_id=request.client_id,
        contract_id=request.contract_id,
        scheme=request.scheme,
        bank_details_id=None,
        creditor_identifier=account["provider"],
        prefix=company.settings.mandate_prefix,
        psp_account_id=account["id"],
    )
    session_id = new_id()
    await work.insert(
        setup_session,
        id=session_id,
        organisation_id=work.organisation_id,
        version=1,
        created_at=work.now,
        created_by=work.caller.principal,
        updated_at=work.now,
        updated_by=work.caller.principal,
        client_id=request.client_id,
        psp_account_id=account["id"],
        status=SetupStatus.OPENING,
        success_url=request.return_url,
        cancel_url=request.return_url,
        mandate_id=row["id"],
    )
    work.order(saving.OpenSetupPage(setup_session_id=session_id), key=str(session_id))
    return views.mandate_of(await mandates.load_mandate(work, row["id"]))


async def page_of(work: UnitOfWork, found: Mandate) -> str | None:
    """Where the client signs, while he can."""
    if found.psp_account_id is None or found.status is not MandateStatus.PENDING_CUSTOMER_APPROVAL:
        return None
    url: str | None = await work.fetch_value(
        select(setup_session.c.redirect_url).where(
            setup_session.c.organisation_id == work.organisation_id,
            setup_session.c.mandate_id == found.mandate_id,
            setup_session.c.status == SetupStatus.OPEN,
        )
    )
    return url


async def _account(request: SetupMandate, work: UnitOfWork) -> Row:
    row = await work.fetch_one(
        select(psp_account).where(
            psp_account.c.organisation_id == work.organisation_id,
            psp_account.c.id == request.psp_account_id,
            psp_account.c.company_id == request.company_id,
            psp_account.c.status == PspStatus.ACTIVE,
        )
    )
    if row is None:
        raise Refused(
            PSP_ACCOUNT_NOT_FOUND, f"the company has no active provider account {request.psp_account_id}; check the id"
        )
    if PROFILES[Provider(row["provider"])].debit_lead_days is None:
        raise Refused.field("psp_account_id", "keeps_mandates", f"{row['provider']} keeps no mandates; choose another")
    if PaymentMethod.SEPA_CORE not in row["methods"]:
        text = "this account takes no SEPA_CORE debits; add the method to it, or choose another account"
        raise Refused.field("psp_account_id", "takes_debits", text)
    return row


async def _require_client(work: UnitOfWork, client_id: UUID) -> None:
    known = await work.fetch_value(
        select(client_view.c.client_id).where(
            client_view.c.organisation_id == work.organisation_id, client_view.c.client_id == client_id
        )
    )
    if known is None:
        raise Refused(CLIENT_NOT_FOUND, f"client {client_id} is not known; check client_id")


async def _known(request: SetupMandate, work: UnitOfWork) -> UUID | None:
    found: UUID | None = await work.fetch_value(
        select(mandate.c.id)
        .where(
            mandate.c.organisation_id == work.organisation_id,
            mandate.c.client_id == request.client_id,
            mandate.c.company_id == request.company_id,
            mandate.c.contract_id.is_not_distinct_from(request.contract_id),
            mandate.c.psp_account_id == request.psp_account_id,
            mandate.c.status.in_(_LIVE),
        )
        .order_by(mandate.c.created_at.desc())
        .limit(1)
    )
    return found
