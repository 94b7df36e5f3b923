"""What products hears from the other actors."""

from datetime import date
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert

from actors.products import merging
from actors.products.requests.accounting import insert_mapping
from actors.products.requests.price_lists import insert_list
from actors.products.requests.promotions import give_back
from actors.products.requests.quotes import accept_quote
from actors.products.requests.ranges import insert_range
from actors.products.requests.vat import insert_rate
from actors.products.rows import new_row
from actors.products.rules.accounting import DEFAULT_ACCOUNTS
from actors.products.rules.ranges import SEEDED_RANGES
from actors.products.rules.vat import SEEDED_RATES
from actors.products.version_documents import versions_with, watch_version
from messages.clients import ClientCreated, ClientDeleted, ClientMerged, ClientUnmerged, ClientUpdated
from messages.commercial import CommissionPlanDeactivated, CommissionPlanPublished
from messages.contrats import ContractCancelled, ContractSigned, ContractWithdrawn
from messages.documents import DocumentAvailable, DocumentPurged, DocumentRestored, DocumentTrashed
from messages.identity import CompanyCreated, CompanyUpdated, OrganisationCreated
from messages.products.publications import MappingStatus
from messages.products.ranges import RangeKind
from messages.values.identifiers import derived_id
from messages.values.vat_zones import VatZone, vat_zone_of
from runtime.unit_of_work import UnitOfWork
from storage.products.tables import (
    client_contract,
    client_ref,
    commission_plan_ref,
    company_ref,
    document_ref,
    product_range,
)
from storage.projections import keep_newest

_ALWAYS = date(2000, 1, 1)


async def seed_organisation(event: OrganisationCreated, work: UnitOfWork) -> None:
    """A new tenant starts with ranges, the French VAT rates, default accounts and an empty default price list."""
    known = select(product_range.c.id).where(product_range.c.organisation_id == work.organisation_id).limit(1)
    if await work.fetch_one(known) is not None:
        return
    await _seed_ranges(work)
    await _seed_vat_rates(work)
    await _seed_accounts(work)
    price_list = {
        **new_row(_seed_id(work, "price_list"), work),
        "code": "PUBLIC",
        "name": "Tarif public",
        "description": None,
        "currency": event.currency,
        "tax_included": False,
        "valid_from": None,
        "valid_to": None,
        "priority": 0,
        "is_default": True,
        "active": True,
    }
    await insert_list(price_list, work)


async def keep_company(event: CompanyCreated | CompanyUpdated, work: UnitOfWork) -> None:
    """The companies that sell, and how they are subject to VAT."""
    await work.execute(
        keep_newest(
            company_ref,
            organisation_id=work.organisation_id,
            company_id=event.company_id,
            code=event.code,
            legal_name=event.legal_name,
            vat_regime=event.vat_regime,
            status=event.status,
            version=work.source_version,
        )
    )


async def keep_client(event: ClientCreated | ClientUpdated, work: UnitOfWork) -> None:
    """What VAT depends on: the client's status and the zone of his billing address; without one, mainland France."""
    address = event.billing_address
    await work.execute(
        keep_newest(
            client_ref,
            organisation_id=work.organisation_id,
            client_id=event.client_id,
            company_id=event.company_id,
            kind=event.kind,
            vat_status=event.vat_status,
            vat_zone=vat_zone_of(address.country_code, address.postal_code) if address else VatZone.FR_METRO,
            country=address.country_code if address else "FR",
            version=work.source_version,
        )
    )


async def forget_client(event: ClientDeleted, work: UnitOfWork) -> None:
    """A client that was never referenced is gone."""
    await work.execute(
        delete(client_ref).where(
            client_ref.c.organisation_id == work.organisation_id, client_ref.c.client_id == event.client_id
        )
    )


async def follow_merge(event: ClientMerged, work: UnitOfWork) -> None:
    """Agreed prices, quotes and contracts of the merged records are the survivor's; which they were is kept."""
    for merged_id in event.merged_ids:
        await merging.take_over(merged_id, event.survivor_id, event.merge_operation_id, work)


async def undo_merge(event: ClientUnmerged, work: UnitOfWork) -> None:
    """What came from the restored client is his again."""
    await merging.give_back(event.restored_id, event.survivor_id, event.merge_operation_id, work)


async def keep_document(event: DocumentAvailable, work: UnitOfWork) -> None:
    """The hash of a stored file, which documents of versions copy."""
    await work.execute(
        keep_newest(
            document_ref,
            organisation_id=work.organisation_id,
            document_id=event.document_id,
            sha256=event.sha256,
            status="AVAILABLE",
            version=work.source_version,
        )
    )


async def follow_document(event: DocumentTrashed | DocumentRestored | DocumentPurged, work: UnitOfWork) -> None:
    """A file in the bin of documents is missing for the sale of its versions, until it is taken out again."""
    status = "AVAILABLE" if isinstance(event, DocumentRestored) else "GONE"
    moved = await work.execute(
        update(document_ref)
        .where(
            document_ref.c.organisation_id == work.organisation_id,
            document_ref.c.document_id == event.document_id,
            document_ref.c.version < work.source_version,
        )
        .values(status=status, version=work.source_version)
    )
    if moved:
        for version_id in await versions_with(event.document_id, work):
            await watch_version(version_id, work, work.today())


async def keep_commission_plan(event: CommissionPlanPublished, work: UnitOfWork) -> None:
    """Which sales a commission plan covers; a product that earns commissions needs one."""
    selectors = event.selectors
    await work.execute(
        keep_newest(
            commission_plan_ref,
            organisation_id=work.organisation_id,
            plan_id=event.plan_id,
            product_id=selectors.product_id,
            product_range_id=selectors.product_range_id,
            product_type=selectors.product_type,
            company_id=selectors.company_id,
            effective_to=event.effective_to,
            active=True,
            version=work.source_version,
        )
    )


async def drop_commission_plan(event: CommissionPlanDeactivated, work: UnitOfWork) -> None:
    """A plan that is no longer chosen covers nothing; an older publication that comes late does not revive it."""
    await work.execute(
        keep_newest(
            commission_plan_ref,
            organisation_id=work.organisation_id,
            plan_id=event.plan_id,
            active=False,
            version=work.source_version,
        )
    )


async def accept_quotes(event: ContractSigned, work: UnitOfWork) -> None:
    """The prices a signed contract was made on are honoured; from now on the client is no new one."""
    for quote_id in event.price_quote_ids:
        await accept_quote(quote_id, event.contract_id, event.client_id, event.concluded_on, work)
    columns = {"contract_id": event.contract_id, "client_id": event.client_id}
    signed = insert(client_contract).values(organisation_id=work.organisation_id, **columns)
    await work.execute(signed.on_conflict_do_nothing())


async def give_redemptions_back(event: ContractCancelled | ContractWithdrawn, work: UnitOfWork) -> None:
    """A contract that did not come to be uses no promotion up and makes no client an old one."""
    await give_back(event.contract_id, work)
    await work.execute(
        delete(client_contract).where(
            client_contract.c.organisation_id == work.organisation_id,
            client_contract.c.contract_id == event.contract_id,
        )
    )


def _seed_id(work: UnitOfWork, *parts: str) -> UUID:
    return derived_id("products", work.organisation_id, *parts)


async def _seed_ranges(work: UnitOfWork) -> None:
    for order, seed in enumerate(SEEDED_RANGES):
        row = {
            **new_row(_seed_id(work, "range", seed.code), work),
            "code": seed.code,
            "name": seed.name,
            "description": None,
            "kind": RangeKind.FAMILY,
            "parent_id": None,
            "level": 0,
            "path": seed.code,
            "scope": seed.scope,
            "company_id": None,
            "display_order": order,
            "active": True,
            "default_product_type": seed.product_type,
            "default_sector": seed.sector,
        }
        await insert_range(row, work)


async def _seed_vat_rates(work: UnitOfWork) -> None:
    for seed in SEEDED_RATES:
        row = {
            **new_row(_seed_id(work, "vat_rate", seed.zone, seed.tax_class, seed.valid_from.isoformat()), work),
            "zone": seed.zone,
            "tax_class": seed.tax_class,
            "rate": seed.rate,
            "category": seed.category,
            "exemption_code": seed.exemption_code,
            "exemption_text": seed.exemption_text,
            "valid_from": seed.valid_from,
            "valid_to": seed.valid_to,
        }
        await insert_rate(row, work)


async def _seed_accounts(work: UnitOfWork) -> None:
    for nature, (gl_account, journal) in DEFAULT_ACCOUNTS.items():
        row = {
            **new_row(_seed_id(work, "accounting_mapping", nature), work),
            "product_id": None,
            "range_id": None,
            "company_id": None,
            "nature": nature,
            "gl_account": gl_account,
            "journal": journal,
            "tax_code": None,
            "cost_centre": None,
            "valid_from": _ALWAYS,
            "valid_to": None,
            "status": MappingStatus.TO_VALIDATE,
        }
        await insert_mapping(row, work)
