"""Names and properties that plans select on and statements print."""

from actors.commercial.engine.settings import settings_of
from messages.clients import ClientCreated, ClientUpdated
from messages.identity import CompanyCreated, CompanyUpdated, OrganisationCreated
from messages.products import ProductCreated, ProductUpdated
from runtime.unit_of_work import UnitOfWork
from storage.commercial.tables import client_ref, company_ref, product_ref
from storage.projections import keep_newest


async def seed_settings(event: OrganisationCreated, work: UnitOfWork) -> None:
    """Every organisation starts with the default settings."""
    await settings_of(work)


async def keep_company(event: CompanyCreated | CompanyUpdated, work: UnitOfWork) -> None:
    """The companies that statements are made for."""
    await work.execute(
        keep_newest(
            company_ref,
            organisation_id=work.organisation_id,
            company_id=event.company_id,
            code=event.code,
            legal_name=event.legal_name,
            version=work.source_version,
        )
    )


async def keep_client(event: ClientCreated | ClientUpdated, work: UnitOfWork) -> None:
    """The client's name on statement lines."""
    await work.execute(
        keep_newest(
            client_ref,
            organisation_id=work.organisation_id,
            client_id=event.client_id,
            display_name=event.display_name,
            partner_id=None,
            version=work.source_version,
        )
    )


async def keep_product(event: ProductCreated | ProductUpdated, work: UnitOfWork) -> None:
    """What plans select on."""
    await work.execute(
        keep_newest(
            product_ref,
            organisation_id=work.organisation_id,
            product_id=event.product_id,
            name=event.name,
            product_type=event.product_type,
            range_id=event.range_id,
            version=work.source_version,
        )
    )
