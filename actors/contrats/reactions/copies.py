"""What contrats keeps of the other actors' aggregates."""

from sqlalchemy import Uuid, select, type_coerce, update
from sqlalchemy.dialects.postgresql import ARRAY

from actors.contrats.contract_record import find
from messages.clients import ClientArchived, ClientCreated, ClientRestored, ClientUpdated, RecordState
from messages.clients.dictionaries import PaymentTermSaved
from messages.commercial import SalesRepActivated, SalesRepCreated, SalesRepDeactivated, SalesRepUpdated
from messages.contrats import (
    ContractStatus,
    ContractUpdated,
    PriceCheck,
)
from messages.identity import CompanyCreated, CompanyUpdated
from messages.products import PriceQuoteExpired, ProductCreated, ProductLifecycleChanged, ProductUpdated
from messages.values.text import search_form
from runtime.unit_of_work import UnitOfWork
from storage.contrats.tables import (
    client_copy,
    company_copy,
    contract,
    payment_term_copy,
    product_copy,
    sales_rep_copy,
)
from storage.projections import keep_newest


async def keep_client(event: ClientCreated | ClientUpdated, work: UnitOfWork) -> None:
    """Who contracts are made with."""
    await work.execute(
        keep_newest(
            client_copy,
            organisation_id=work.organisation_id,
            client_id=event.client_id,
            display_name=event.display_name,
            search_name=search_form(event.display_name),
            kind=event.kind,
            email=event.primary_email,
            holiday_zone=event.holiday_zone,
            company_id=event.company_id,
            billing_address_id=event.billing_address.address_id if event.billing_address else None,
            billing_address=event.billing_address.model_dump(mode="json") if event.billing_address else None,
            archived=event.record_state is not RecordState.LIVE,
            version=work.source_version,
        )
    )


async def keep_client_state(event: ClientArchived | ClientRestored, work: UnitOfWork) -> None:
    """An archived client gets no new contract."""
    await work.execute(
        update(client_copy)
        .where(
            client_copy.c.organisation_id == work.organisation_id,
            client_copy.c.client_id == event.client_id,
            client_copy.c.version < work.source_version,
        )
        .values(archived=isinstance(event, ClientArchived), version=work.source_version)
    )


async def keep_company(event: CompanyCreated | CompanyUpdated, work: UnitOfWork) -> None:
    """The companies that sell, and where their days begin."""
    await work.execute(
        keep_newest(
            company_copy,
            organisation_id=work.organisation_id,
            company_id=event.company_id,
            name=event.legal_name,
            timezone=event.timezone,
            status=event.status,
            version=work.source_version,
        )
    )


async def keep_product(event: ProductCreated | ProductUpdated, work: UnitOfWork) -> None:
    """The products that may be sold."""
    await work.execute(
        keep_newest(
            product_copy,
            organisation_id=work.organisation_id,
            product_id=event.product_id,
            code=event.sku,
            name=event.name,
            lifecycle=event.lifecycle,
            sector=event.sector,
            commitment_months=event.commitment_months,
            version=work.source_version,
        )
    )


async def keep_product_lifecycle(event: ProductLifecycleChanged, work: UnitOfWork) -> None:
    """Whether a product may still be sold; running contracts go on."""
    await work.execute(
        update(product_copy)
        .where(
            product_copy.c.organisation_id == work.organisation_id,
            product_copy.c.product_id == event.product_id,
            product_copy.c.version < work.source_version,
        )
        .values(lifecycle=event.to, version=work.source_version)
    )


async def keep_sales_rep(
    event: SalesRepCreated | SalesRepUpdated | SalesRepActivated | SalesRepDeactivated, work: UnitOfWork
) -> None:
    """Who sells; the user behind a seller may not review the sale."""
    await work.execute(
        keep_newest(
            sales_rep_copy,
            organisation_id=work.organisation_id,
            rep_id=event.rep_id,
            user_id=event.user_id,
            name=f"{event.given_name} {event.family_name}",
            active=event.active,
            version=work.source_version,
        )
    )


async def keep_payment_term(event: PaymentTermSaved, work: UnitOfWork) -> None:
    """The terms a contract may name instead of a number of days."""
    await work.execute(
        keep_newest(
            payment_term_copy,
            organisation_id=work.organisation_id,
            payment_term_id=event.id,
            code=event.code,
            days=event.days,
            basis=event.end_of_month,
            day_of_month=event.day_of_month,
            active=event.active,
            version=work.source_version,
        )
    )


async def expire_quote(event: PriceQuoteExpired, work: UnitOfWork) -> None:
    """A draft on that quote needs another one."""
    drafts = select(contract.c.id).where(
        contract.c.organisation_id == work.organisation_id,
        contract.c.status == ContractStatus.DRAFT,
        type_coerce(contract.c.price_quote_ids, ARRAY(Uuid)).contains([event.quote_id]),
        contract.c.price_check.in_((PriceCheck.VERIFIED, PriceCheck.UNVERIFIED)),
    )
    for row in await work.fetch(drafts.order_by(contract.c.id)):
        record = await find(row["id"], work)
        if record is not None:
            record.set(price_check=PriceCheck.EXPIRED)
            record.state(ContractUpdated, changed_fields=("price_check",))
            await record.save()
