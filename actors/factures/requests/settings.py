"""Requests about a company's settings and about orders to bill."""

import asyncio
import hashlib
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert

from actors.factures import billing, logos, views
from messages.contrats import ContractBillingDue
from messages.errors import PRECONDITION_FAILED
from messages.factures import (
    BILLING_INTAKE_NOT_FOUND,
    SETTINGS_NOT_FOUND,
    BillingIntake,
    BillingIntakePage,
    GetInvoicingSettings,
    IntakeStatus,
    InvoiceStatus,
    InvoicingSettings,
    InvoicingSettingsChanged,
    ListBillingIntakes,
    RetryBillingIntake,
    UpdateInvoicingSettings,
    UploadLogo,
)
from messages.problem import Refused
from runtime.pagination import page
from runtime.unit_of_work import Row, UnitOfWork
from storage.factures import queries
from storage.factures.tables import billing_intake, invoice, invoiced_item, invoicing_settings, logo

_RETRIABLE = (IntakeStatus.PARKED, IntakeStatus.FAILED)


async def get_invoicing_settings(request: GetInvoicingSettings, work: UnitOfWork) -> InvoicingSettings:
    """How a company invoices, or did under an earlier version."""
    current = await _settings(request.company_id, work)
    if request.settings_version in (None, current["settings_version"]):
        return views.settings_of(current)
    statement = select(invoicing_settings).where(
        invoicing_settings.c.organisation_id == work.organisation_id,
        invoicing_settings.c.company_id == request.company_id,
        invoicing_settings.c.settings_version == request.settings_version,
    )
    return views.settings_of(await work.load(statement, "settings version", code=SETTINGS_NOT_FOUND))


async def update_invoicing_settings(request: UpdateInvoicingSettings, work: UnitOfWork) -> InvoicingSettings:
    """Save a new version with the fields that were sent."""
    current = await _settings(request.company_id, work)
    return await _save(current, request.model_dump(exclude={"company_id"}, exclude_unset=True), work)


async def upload_logo(request: UploadLogo, work: UnitOfWork) -> InvoicingSettings:
    """Keep the logo as it will be printed, and use it."""
    current = await _settings(request.company_id, work)
    png = await asyncio.to_thread(logos.printable, request.content_base64)
    sha256 = hashlib.sha256(png).hexdigest()
    kept = insert(logo).values(
        organisation_id=work.organisation_id, company_id=request.company_id, sha256=sha256, png=png, saved_at=work.now
    )
    await work.execute(kept.on_conflict_do_nothing())
    changes = {"logo_sha256": sha256, "logo_position": request.position, "show_logo": True}
    return await _save(current, changes, work)


async def _save(current: Row, changes: dict[str, Any], work: UnitOfWork) -> InvoicingSettings:
    company_id = current["company_id"]
    row = {column.key: current[column.key] for column in invoicing_settings.c} | changes
    row |= {
        "settings_version": current["settings_version"] + 1,
        "saved_at": work.now,
        "saved_by": work.caller.principal,
    }
    await work.insert(invoicing_settings, **row)
    fact = InvoicingSettingsChanged(company_id=company_id, settings_version=row["settings_version"])
    work.emit(fact, version=row["settings_version"])
    work.record("invoicing_settings", company_id, after={"changed": sorted(changes)})
    return views.settings_of(row)


async def list_billing_intakes(request: ListBillingIntakes, work: UnitOfWork) -> BillingIntakePage:
    """A page of orders to bill, newest first."""
    statement = select(billing_intake).where(billing_intake.c.organisation_id == work.organisation_id)
    if request.status is not None:
        statement = statement.where(billing_intake.c.status == request.status)
    if request.contract_id is not None:
        statement = statement.where(billing_intake.c.contract_id == request.contract_id)
    return await page(
        work,
        request,
        statement,
        order=(billing_intake.c.created_at, billing_intake.c.id),
        descending=True,
        reply=BillingIntakePage,
        item=_intake_of,
    )


async def retry_billing_intake(request: RetryBillingIntake, work: UnitOfWork) -> BillingIntake:
    """Bill a parked or failed order again."""
    mine = (billing_intake.c.organisation_id == work.organisation_id, billing_intake.c.id == request.intake_id)
    statement = select(billing_intake).where(*mine)
    row = await work.load(statement.with_for_update(), "billing intake", code=BILLING_INTAKE_NOT_FOUND)
    if row["status"] not in _RETRIABLE:
        raise Refused(PRECONDITION_FAILED, f"the order is {row['status']}; only a parked or failed one is billed again")
    await retry(row, work)
    work.record("billing_intake", request.intake_id, after={"retried": True})
    return _intake_of(await work.load(statement, "billing intake"))


async def retry(row: Row, work: UnitOfWork) -> None:
    """Throw the drafts of a locked intake away and draft it again."""
    for invoice_id in row["invoice_ids"]:
        mine = (invoiced_item.c.organisation_id == work.organisation_id, invoiced_item.c.invoice_id == invoice_id)
        await work.execute(delete(invoiced_item).where(*mine))
        draft = (invoice.c.organisation_id == work.organisation_id, invoice.c.id == invoice_id)
        await work.execute(
            update(invoice)
            .where(*draft, invoice.c.status == InvoiceStatus.DRAFT)
            .values(status=InvoiceStatus.DISCARDED, auto_issue=False)
        )
    await billing.draft_intake(row["id"], ContractBillingDue.model_validate(row["payload"]), work)


async def _settings(company_id: object, work: UnitOfWork) -> Row:
    if not work.caller.sees_company(company_id):  # type: ignore[arg-type]
        raise Refused(SETTINGS_NOT_FOUND, f"company {company_id} is not known here; check the id")
    return await work.load(
        queries.COMPANY,
        "company",
        code=SETTINGS_NOT_FOUND,
        organisation_id=work.organisation_id,
        company_id=company_id,
    )


def _intake_of(row: Row) -> BillingIntake:
    return BillingIntake.model_validate(dict(row))
