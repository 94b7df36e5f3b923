"""Mandates as users see and change them."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import select

from actors.payments import mandates, removal, views
from actors.payments.company import company_of
from actors.payments.mandates import WITH_ACCOUNT, load_mandate, lock_mandate
from actors.payments.psp import charging, mandating, provider_setups
from actors.payments.rules.machines import MANDATE
from messages.identity import COMPANY_NOT_FOUND
from messages.payments import (
    BANK_DETAILS_NOT_FOUND,
    CREDITOR_IDENTIFIER_MISSING,
    MANDATE_NOT_FOUND,
    SCHEME_NOT_ALLOWED,
    BankDetailsStatus,
    BlockMandate,
    CancelMandate,
    ConfirmMandateSignature,
    GetMandate,
    ListMandates,
    Mandate,
    MandatePage,
    MandateScheme,
    MandateSignatureRequested,
    MandateStatus,
    MandateUnblocked,
    PaymentStatus,
    SetupMandate,
    UnblockMandate,
)
from messages.problem import Refused
from runtime.pagination import page
from runtime.unit_of_work import Row, UnitOfWork
from storage.payments.tables.means import bank_details, mandate
from storage.payments.tables.payments import payment
from storage.payments.tables.views import client_view


async def get_mandate(request: GetMandate, work: UnitOfWork) -> Mandate:
    """One mandate."""
    row = await load_mandate(work, request.mandate_id)
    if not work.caller.sees_company(row["company_id"]):
        raise Refused(MANDATE_NOT_FOUND, "this mandate does not exist; check the id")
    found = views.mandate_of(row)
    return found.model_copy(update={"redirect_url": await provider_setups.page_of(work, found)})


async def list_mandates(request: ListMandates, work: UnitOfWork) -> MandatePage:
    """A page of mandates."""
    statement = WITH_ACCOUNT.where(mandate.c.organisation_id == work.organisation_id)
    for column in ("client_id", "company_id", "contract_id"):
        value = getattr(request, column)
        if value is not None:
            statement = statement.where(mandate.c[column] == value)
    if request.rum is not None:
        statement = statement.where(mandate.c.rum == request.rum.upper())
    if request.status:
        statement = statement.where(mandate.c.status.in_(request.status))
    if request.usable is not None:
        reachable = (bank_details.c.status == BankDetailsStatus.ACTIVE) | mandate.c.psp_account_id.is_not(None)
        usable = (mandate.c.status == MandateStatus.ACTIVE) & reachable
        statement = statement.where(usable if request.usable else usable.is_not(True))
    if work.caller.company_ids is not None:
        statement = statement.where(mandate.c.company_id.in_(work.caller.company_ids))
    return await page(
        work,
        request,
        statement,
        order=(mandate.c.created_at, mandate.c.id),
        descending=True,
        reply=MandatePage,
        item=views.mandate_of,
    )


async def setup_mandate(request: SetupMandate, work: UnitOfWork) -> Mandate:
    """The client's usable mandate on that account, else a new one that waits for his signature."""
    company = await company_of(work, request.company_id)
    if company is None or not work.caller.sees_company(request.company_id):
        raise Refused(COMPANY_NOT_FOUND, f"company {request.company_id} is not an active company; check company_id")
    if request.psp_account_id is not None:
        return await provider_setups.begin(request, work, company)
    if request.bank_details_id is None:
        raise Refused.field("bank_details_id", "needed", "name the account, or a provider with psp_account_id")
    if not company.creditor_identifier:
        raise Refused(CREDITOR_IDENTIFIER_MISSING, "the company has no creditor account; create one first")
    await refuse_scheme(work, request.client_id, request.scheme)
    account = await account_of(work, request.client_id, request.bank_details_id)
    known = await _usable(work, request, account["iban_fingerprint"])
    if known is not None:
        return views.mandate_of(await load_mandate(work, known)).model_copy(update={"reused": True})
    row = await mandates.create_mandate(
        work,
        company_id=request.company_id,
        client_id=request.client_id,
        contract_id=request.contract_id,
        scheme=request.scheme,
        bank_details_id=request.bank_details_id,
        creditor_identifier=company.creditor_identifier,
        prefix=company.settings.mandate_prefix,
    )
    asked = MandateSignatureRequested(
        **views.mandate_snapshot(row),
        signature_channel=request.signature_channel,
        action_url=request.return_url,
        expires_at=work.now + timedelta(days=company.settings.unsigned_mandate_expiry_days),
        template_key="MANDATE",
        data={"rum": row["rum"], "creditor_identifier": row["creditor_identifier"], "creditor_name": company.name},
    )
    work.emit(asked, version=1)
    return views.mandate_of(await load_mandate(work, row["id"]))


async def refuse_scheme(work: UnitOfWork, client_id: UUID, scheme: MandateScheme) -> None:
    """SEPA_B2B is for clients who are no consumers; SCHEME_NOT_ALLOWED."""
    kind = await work.fetch_value(
        select(client_view.c.kind).where(
            client_view.c.organisation_id == work.organisation_id, client_view.c.client_id == client_id
        )
    )
    if scheme is MandateScheme.SEPA_B2B and kind not in ("BUSINESS", "PUBLIC"):
        raise Refused(SCHEME_NOT_ALLOWED, "SEPA_B2B is for businesses and public bodies; use SEPA_CORE")


async def account_of(work: UnitOfWork, client_id: UUID, bank_details_id: UUID) -> Row:
    """The client's own account, in use."""
    return await work.load(
        select(bank_details).where(
            bank_details.c.organisation_id == work.organisation_id,
            bank_details.c.id == bank_details_id,
            bank_details.c.client_id == client_id,
            bank_details.c.status == BankDetailsStatus.ACTIVE,
        ),
        "bank details",
        code=BANK_DETAILS_NOT_FOUND,
    )


async def _usable(work: UnitOfWork, request: SetupMandate, fingerprint: str) -> UUID | None:
    found: UUID | None = await work.fetch_value(
        select(mandate.c.id)
        .join(bank_details, bank_details.c.id == mandate.c.bank_details_id)
        .where(
            mandate.c.organisation_id == work.organisation_id,
            mandate.c.client_id == request.client_id,
            mandate.c.company_id == request.company_id,
            mandate.c.scheme == request.scheme,
            mandate.c.status == MandateStatus.ACTIVE,
            bank_details.c.iban_fingerprint == fingerprint,
            bank_details.c.status == BankDetailsStatus.ACTIVE,
        )
        .order_by(mandate.c.created_at.desc())
        .limit(1)
    )
    return found


async def confirm_mandate_signature(request: ConfirmMandateSignature, work: UnitOfWork) -> Mandate:
    """The signature is proven: the mandate is active, and its contract is collected under it from now on."""
    row = await lock_mandate(work, request.mandate_id)
    signed = await mandates.sign_mandate(
        work,
        row,
        signed_at=request.signed_at,
        method=request.method,
        document_id=request.document_id,
        proof={"confirmed_by": work.caller.principal, "place": request.signature_place},
    )
    await mandating.collect_under(work, signed)
    return views.mandate_of(await load_mandate(work, request.mandate_id))


async def block_mandate(request: BlockMandate, work: UnitOfWork) -> Mandate:
    """Stop debits under a mandate and take those out that are not transmitted."""
    row = await lock_mandate(work, request.mandate_id)
    await mandates.block_mandate(work, row, request.reason, request.until)
    await _take_out(work, request.mandate_id, request.reason)
    return views.mandate_of(await load_mandate(work, request.mandate_id))


async def unblock_mandate(request: UnblockMandate, work: UnitOfWork) -> Mandate:
    """Allow debits again."""
    row = await lock_mandate(work, request.mandate_id)
    after = row | {
        "status": MANDATE.after("unblock", MandateStatus(row["status"])),
        "block_reason": None,
        "blocked_until": None,
        "version": row["version"] + 1,
    }
    await mandates.store_mandate(work, after, "status", "block_reason", "blocked_until")
    work.emit(MandateUnblocked(**views.mandate_snapshot(after)), version=after["version"])
    return views.mandate_of(await load_mandate(work, request.mandate_id))


async def cancel_mandate(request: CancelMandate, work: UnitOfWork) -> Mandate:
    """End a mandate and take out what is not transmitted under it."""
    row = await lock_mandate(work, request.mandate_id)
    await mandates.cancel_mandate(work, row, request.cancelled_by, request.reason)
    if row["payment_method_id"] is not None:
        work.order(mandating.EndMandate(payment_method_id=row["payment_method_id"]), key=str(row["id"]))
    await _take_out(work, request.mandate_id, request.reason)
    return views.mandate_of(await load_mandate(work, request.mandate_id))


async def _take_out(work: UnitOfWork, mandate_id: UUID, reason: str) -> None:
    await charging.withdraw_debits(work, payment.c.mandate_id == mandate_id)
    rows = await work.fetch(
        select(payment.c.id).where(
            payment.c.organisation_id == work.organisation_id,
            payment.c.mandate_id == mandate_id,
            payment.c.status.in_((PaymentStatus.PENDING, PaymentStatus.BATCHED)),
        )
    )
    await removal.take_out(work, [row["id"] for row in rows], reason)
