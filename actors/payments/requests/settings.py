"""Company accounts and rules of collection."""

from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from actors.payments import views
from actors.payments.company import company_of
from actors.payments.rules.reasons import REASONS
from actors.payments.vault import sealed_iban
from messages.identity import COMPANY_NOT_FOUND
from messages.payments import (
    BIC_INVALID,
    CREDITOR_ACCOUNT_NOT_FOUND,
    CREDITOR_IDENTIFIER_MISSING,
    IBAN_NOT_SEPA,
    AccountStatus,
    CreateCreditorAccount,
    CreditorAccount,
    CreditorAccountPage,
    DisableCreditorAccount,
    GetCreditorAccount,
    GetPaymentSettings,
    ListCreditorAccounts,
    ListRejectionReasons,
    PaymentSettings,
    RejectionReason,
    RejectionReasons,
    UpdateCreditorAccount,
    UpdatePaymentSettings,
)
from messages.problem import Refused
from messages.values.banking import bic_fits_iban, iban_country, is_sepa_country, mask_iban
from messages.values.identifiers import new_id
from runtime.pagination import page
from runtime.unit_of_work import Row, UnitOfWork
from storage.payments.tables.means import company_settings, creditor_account, mandate


def refuse_unusable_account(iban: str, bic: str | None) -> None:
    """Only accounts that SEPA reaches, with a BIC that fits, if one is given."""
    if not is_sepa_country(iban_country(iban)):
        raise Refused.field("iban", "sepa", "this account lies outside SEPA; give one inside", IBAN_NOT_SEPA)
    if bic is not None and not bic_fits_iban(bic, iban):
        raise Refused.field("bic", "country", "the BIC is of another country; correct it or leave it out", BIC_INVALID)


async def create_creditor_account(request: CreateCreditorAccount, work: UnitOfWork) -> CreditorAccount:
    """Record a company's account; its identifier completes mandates that were made without one."""
    company = await company_of(work, request.company_id)
    if company is None:
        raise Refused(COMPANY_NOT_FOUND, f"company {request.company_id} is not an active company; check company_id")
    refuse_unusable_account(request.iban, request.bic)
    identifier = request.creditor_identifier or company.sepa_creditor_id
    if not identifier:
        raise Refused(
            CREDITOR_IDENTIFIER_MISSING, "the company has no SEPA creditor identifier; give creditor_identifier"
        )
    account_id = request.id or new_id()
    if request.is_default:
        await _take_default(work, request.company_id)
    row: dict[str, Any] = {
        "id": account_id,
        "organisation_id": work.organisation_id,
        "version": 1,
        "created_at": work.now,
        "created_by": work.caller.principal,
        "updated_at": work.now,
        "updated_by": work.caller.principal,
        "company_id": request.company_id,
        "iban_masked": mask_iban(request.iban),
        "bic": request.bic,
        "holder_name": request.holder_name,
        "currency": "EUR",
        "creditor_identifier": identifier,
        "bank_profile": request.bank_profile.model_dump(mode="json"),
        "status": AccountStatus.ACTIVE,
        "is_default": request.is_default,
        **await sealed_iban(
            request.iban,
            table="creditor_account",
            row_id=account_id,
            organisation_id=work.organisation_id,
            keys=work.keys,
        ),
    }
    await work.insert(creditor_account, **row)
    await _complete_mandates(work, request.company_id, identifier)
    work.record(
        "creditor_account", account_id, after={"company_id": str(request.company_id), "iban": row["iban_masked"]}
    )
    return views.creditor_account_of(row)


async def update_creditor_account(request: UpdateCreditorAccount, work: UnitOfWork) -> CreditorAccount:
    """Change the fields that were sent."""
    row = await _account(work, request.creditor_account_id, lock=True)
    work.check_version(request.expected_version, row["version"])
    changes = request.model_dump(mode="json", exclude={"creditor_account_id", "expected_version"}, exclude_unset=True)
    if changes.get("is_default"):
        await _take_default(work, row["company_id"])
    after = {**row, **changes, "version": row["version"] + 1}
    await work.execute(
        update(creditor_account)
        .where(creditor_account.c.id == row["id"])
        .values(**changes, version=after["version"], updated_at=work.now, updated_by=work.caller.principal)
    )
    work.record("creditor_account", row["id"], before={"version": row["version"]}, after={"changed": sorted(changes)})
    return views.creditor_account_of(after)


async def list_creditor_accounts(request: ListCreditorAccounts, work: UnitOfWork) -> CreditorAccountPage:
    """A page of accounts."""
    statement = select(creditor_account).where(creditor_account.c.organisation_id == work.organisation_id)
    if request.company_id is not None:
        statement = statement.where(creditor_account.c.company_id == request.company_id)
    return await page(
        work,
        request,
        statement,
        order=(creditor_account.c.created_at, creditor_account.c.id),
        reply=CreditorAccountPage,
        item=views.creditor_account_of,
    )


async def get_creditor_account(request: GetCreditorAccount, work: UnitOfWork) -> CreditorAccount:
    """One account."""
    return views.creditor_account_of(await _account(work, request.creditor_account_id))


async def disable_creditor_account(request: DisableCreditorAccount, work: UnitOfWork) -> CreditorAccount:
    """Collect nothing more on it; disabling it again changes nothing."""
    row = await _account(work, request.creditor_account_id, lock=True)
    if row["status"] == AccountStatus.DISABLED:
        return views.creditor_account_of(row)
    changed = {"status": AccountStatus.DISABLED, "is_default": False, "version": row["version"] + 1}
    await work.execute(
        update(creditor_account)
        .where(creditor_account.c.organisation_id == work.organisation_id, creditor_account.c.id == row["id"])
        .values(**changed, updated_at=work.now, updated_by=work.caller.principal)
    )
    work.record("creditor_account", row["id"], before={"status": row["status"]}, after={"reason": request.reason})
    return views.creditor_account_of({**row, **changed})


async def get_payment_settings(request: GetPaymentSettings, work: UnitOfWork) -> PaymentSettings:
    """The rules of a company."""
    return await _settings_of(work, request.company_id)


async def update_payment_settings(request: UpdatePaymentSettings, work: UnitOfWork) -> PaymentSettings:
    """Replace the rules of a company."""
    before = await _settings_of(work, request.company_id)
    work.check_version(request.expected_version, before.version)
    changed: dict[str, Any] = {
        "values": request.values.model_dump(mode="json"),
        "version": before.version + 1,
        "updated_at": work.now,
        "updated_by": work.caller.principal,
    }
    stored = await work.fetch_one(
        insert(company_settings)
        .values(organisation_id=work.organisation_id, company_id=request.company_id, **changed)
        .on_conflict_do_update(
            index_elements=["organisation_id", "company_id"],
            set_=changed,
            where=company_settings.c.version == before.version,
        )
        .returning(company_settings.c.version)
    )
    work.check_version(before.version + 1, stored["version"] if stored is not None else before.version)
    work.record("payment_settings", request.company_id, before={"version": before.version}, after=changed["values"])
    return PaymentSettings(company_id=request.company_id, version=before.version + 1, **dict(request.values))


async def list_rejection_reasons(request: ListRejectionReasons, work: UnitOfWork) -> RejectionReasons:
    """The table of reason codes."""
    rows = tuple(
        RejectionReason(
            scheme=row.scheme,
            code=row.code,
            iso_name=row.iso_name,
            label_fr=row.label_fr,
            label_en=row.label_en,
            category=row.category,
            retry_advice=row.advice,
            default_retry_delay_days=row.delay,
            max_retries=row.most,
            mandate_effect=row.effect,
            customer_action=row.action,
        )
        for row in REASONS.values()
        if request.scheme in (None, row.scheme)
    )
    return RejectionReasons(items=rows)


async def _account(work: UnitOfWork, account_id: UUID, *, lock: bool = False) -> Row:
    statement: Any = select(creditor_account).where(
        creditor_account.c.organisation_id == work.organisation_id, creditor_account.c.id == account_id
    )
    row = await work.load(
        statement.with_for_update() if lock else statement, "creditor account", code=CREDITOR_ACCOUNT_NOT_FOUND
    )
    if not work.caller.sees_company(row["company_id"]):
        raise Refused(CREDITOR_ACCOUNT_NOT_FOUND, "this creditor account does not exist; check the id")
    return row


async def _settings_of(work: UnitOfWork, company_id: UUID) -> PaymentSettings:
    company = await company_of(work, company_id)
    if company is None or not work.caller.sees_company(company_id):
        raise Refused(COMPANY_NOT_FOUND, f"company {company_id} is not an active company; check company_id")
    return PaymentSettings(company_id=company_id, version=company.settings_version, **dict(company.settings))


async def _take_default(work: UnitOfWork, company_id: UUID) -> None:
    await work.execute(
        update(creditor_account)
        .where(
            creditor_account.c.organisation_id == work.organisation_id,
            creditor_account.c.company_id == company_id,
            creditor_account.c.is_default,
        )
        .values(is_default=False, version=creditor_account.c.version + 1)
    )


async def _complete_mandates(work: UnitOfWork, company_id: UUID, identifier: str) -> None:
    """Mandates signed before the company's identifier was known are collected under it."""
    await work.execute(
        update(mandate)
        .where(
            mandate.c.organisation_id == work.organisation_id,
            mandate.c.company_id == company_id,
            mandate.c.creditor_identifier == "",
        )
        .values(creditor_identifier=identifier)
    )
