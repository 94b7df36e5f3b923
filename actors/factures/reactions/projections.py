"""Copies of what other actors own: companies with their seeds, clients, mandates, planned debits, terms, accounts."""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Table, delete, func, update
from sqlalchemy.dialects.postgresql import insert

from actors.factures.rules.numbering import DEFAULT_PATTERN, SEEDS
from actors.factures.rules.seals import GENESIS
from messages.clients import ClientCreated, ClientMerged, ClientSnapshot, ClientUnmerged, ClientUpdated
from messages.clients.dictionaries import (
    InvoiceIssueModeRetired,
    InvoiceIssueModeSaved,
    PaymentTermRetired,
    PaymentTermSaved,
)
from messages.factures import InvoiceStatus, Profile
from messages.identity import CompanyArchived, CompanyCreated, CompanySnapshot, CompanyUpdated
from messages.payments import (
    InstalmentCancelled,
    InstalmentPlanned,
    InstalmentRescheduled,
    MandateActivated,
    MandateBlocked,
    MandateCancelled,
    MandateExpired,
    MandateUnblocked,
)
from messages.products import (
    AccountingMappingSaved,
    AccountNature,
    ProductCreated,
    ProductRangeCreated,
    ProductRangeUpdated,
    ProductUpdated,
    ProductVersionEffective,
)
from messages.products.events import ProductDeleted
from messages.values.identifiers import derived_id
from runtime.unit_of_work import UnitOfWork
from storage.factures.tables import (
    client_view,
    company_view,
    debit_plan_view,
    invoice,
    invoicing_settings,
    issue_mode_view,
    mandate_view,
    numbering_series,
    payment_term_view,
    product_range_view,
    product_version_view,
    product_view,
    revenue_account_view,
    seal_head,
)
from storage.projections import keep_newest


async def _keep(view: Table, work: UnitOfWork, **columns: Any) -> None:
    """The row as its owner now has it; an older fact changes nothing."""
    own = {"organisation_id": work.organisation_id, "version": work.source_version}
    await work.execute(keep_newest(view, **own, **columns))


async def keep_company(event: CompanyCreated | CompanyUpdated, work: UnitOfWork) -> None:
    """A company may invoice: default settings, its series and the start of its chain."""
    scope = {"organisation_id": work.organisation_id, "company_id": event.company_id}
    snapshot = CompanySnapshot.model_validate(event.model_dump()).model_dump(mode="json")
    await work.execute(keep_newest(company_view, **scope, snapshot=snapshot, version=work.source_version))
    settings = insert(invoicing_settings).values(
        **scope,
        settings_version=1,
        auto_issue_contract_billing=True,
        default_profile=Profile.EN16931,
        vat_on_debits=False,
        saved_at=work.now,
        saved_by=work.caller.principal,
    )
    await work.execute(settings.on_conflict_do_nothing())
    await work.execute(insert(seal_head).values(**scope, last_seq=0, last_hash=GENESIS).on_conflict_do_nothing())
    for code, kinds in SEEDS:
        series = insert(numbering_series).values(
            **scope,
            id=derived_id("numbering_series", work.organisation_id, event.company_id, code),
            code=code,
            kinds=list(kinds),
            pattern=DEFAULT_PATTERN,
            prefix=code,
            status="ACTIVE",
        )
        await work.execute(series.on_conflict_do_nothing())


async def archive_company(event: CompanyArchived, work: UnitOfWork) -> None:
    """The company charges nobody any more; it may still give money back."""
    view = company_view.c
    status = func.jsonb_build_object("status", "ARCHIVED")
    await work.execute(
        update(company_view)
        .where(
            view.organisation_id == work.organisation_id,
            view.company_id == event.company_id,
            view.version < work.source_version,
        )
        .values(snapshot=view.snapshot.op("||")(status), version=work.source_version)
    )


async def keep_client(event: ClientCreated | ClientUpdated, work: UnitOfWork) -> None:
    """Who is invoiced."""
    await _keep_client(event.client_id, ClientSnapshot.model_validate(event.model_dump()), work)


async def _keep_client(client_id: UUID, snapshot: ClientSnapshot, work: UnitOfWork) -> None:
    await _keep(
        client_view,
        work,
        client_id=client_id,
        snapshot=snapshot.model_dump(mode="json"),
    )


async def follow_merge(event: ClientMerged, work: UnitOfWork) -> None:
    """Drafts of the merged records become the survivor's; issued documents keep the buyer they were issued to."""
    await _keep_client(event.survivor_id, event.survivor, work)
    moved = update(invoice).where(
        invoice.c.organisation_id == work.organisation_id,
        invoice.c.client_id == func.any(list(event.merged_ids)),
        invoice.c.status == InvoiceStatus.DRAFT,
    )
    await work.execute(
        moved.values(
            client_id=event.survivor_id,
            merged_client_id=invoice.c.client_id,
            merge_operation_id=event.merge_operation_id,
            version=invoice.c.version + 1,
        )
    )


async def undo_merge(event: ClientUnmerged, work: UnitOfWork) -> None:
    """Drafts that came from the restored client are his again; what was issued meanwhile stays the survivor's."""
    back = update(invoice).where(
        invoice.c.organisation_id == work.organisation_id,
        invoice.c.merge_operation_id == event.merge_operation_id,
        invoice.c.merged_client_id == event.restored_id,
        invoice.c.status == InvoiceStatus.DRAFT,
    )
    await work.execute(
        back.values(
            client_id=event.restored_id,
            merged_client_id=None,
            merge_operation_id=None,
            version=invoice.c.version + 1,
        )
    )


async def keep_mandate(
    event: MandateActivated | MandateBlocked | MandateUnblocked | MandateCancelled | MandateExpired, work: UnitOfWork
) -> None:
    """What a direct debit prints, and whether it may."""
    await _keep(
        mandate_view,
        work,
        mandate_id=event.mandate_id,
        client_id=event.client_id,
        company_id=event.company_id,
        contract_id=event.contract_id,
        rum=event.rum,
        creditor_identifier=event.creditor_identifier,
        status=event.status,
    )


async def keep_debit_plan(
    event: InstalmentPlanned | InstalmentRescheduled | InstalmentCancelled, work: UnitOfWork
) -> None:
    """When a contract's period will be debited; printed on its invoice."""
    await _keep(
        debit_plan_view,
        work,
        instalment_id=event.instalment_id,
        contract_id=event.contract_id,
        period_start=event.period_start,
        planned_debit_date=event.planned_debit_date,
        status=event.status,
    )


async def keep_payment_term(event: PaymentTermSaved, work: UnitOfWork) -> None:
    """When clients with that term pay."""
    await _keep(
        payment_term_view,
        work,
        payment_term_id=event.id,
        code=event.code,
        days=event.days,
        basis=event.end_of_month,
        day_of_month=event.day_of_month,
        is_default=event.is_default,
        active=event.active,
    )


async def keep_issue_mode(event: InvoiceIssueModeSaved, work: UnitOfWork) -> None:
    """How documents leave."""
    await _keep(
        issue_mode_view,
        work,
        issue_mode_id=event.id,
        code=event.code,
        channel=event.channel,
        is_default=event.is_default,
        active=event.active,
    )


async def retire_payment_term(event: PaymentTermRetired, work: UnitOfWork) -> None:
    """No default any more; clients who have the term keep it."""
    await _retire(payment_term_view, payment_term_view.c.payment_term_id == event.id, work)


async def retire_issue_mode(event: InvoiceIssueModeRetired, work: UnitOfWork) -> None:
    """No default any more; clients who have the mode keep it."""
    await _retire(issue_mode_view, issue_mode_view.c.issue_mode_id == event.id, work)


async def _retire(view: Table, is_it: ColumnElement[bool], work: UnitOfWork) -> None:
    older = (view.c.organisation_id == work.organisation_id, view.c.version < work.source_version)
    await work.execute(update(view).where(is_it, *older).values(active=False, version=work.source_version))


async def keep_product(event: ProductCreated | ProductUpdated, work: UnitOfWork) -> None:
    """Whose account a product shares, and its article number."""
    await _keep(
        product_view,
        work,
        product_id=event.product_id,
        range_id=event.range_id,
        sku=event.sku,
    )


async def forget_product(event: ProductDeleted, work: UnitOfWork) -> None:
    """It was never sold, so no invoice names it."""
    for view in (product_view, product_version_view):
        mine = (view.c.organisation_id == work.organisation_id, view.c.product_id == event.product_id)
        await work.execute(delete(view).where(*mine))


async def keep_product_version(event: ProductVersionEffective, work: UnitOfWork) -> None:
    """The commercial terms an invoice line was written under."""
    await work.execute(
        keep_newest(
            product_version_view,
            organisation_id=work.organisation_id,
            product_id=event.product_id,
            version_id=event.version_id,
            version=event.number,
        )
    )


async def keep_product_range(event: ProductRangeCreated | ProductRangeUpdated, work: UnitOfWork) -> None:
    """Above which ranges a product stands."""
    await _keep(
        product_range_view,
        work,
        range_id=event.range_id,
        parent_id=event.parent_id,
    )


async def keep_revenue_account(event: AccountingMappingSaved, work: UnitOfWork) -> None:
    """Where the revenue of products is booked; other natures are not on invoices."""
    if event.nature is not AccountNature.REVENUE:
        return
    await _keep(
        revenue_account_view,
        work,
        mapping_id=event.mapping_id,
        product_id=event.product_id,
        range_id=event.range_id,
        company_id=event.company_id,
        account=event.gl_account,
        valid_from=event.valid_from,
        valid_to=event.valid_to,
    )
