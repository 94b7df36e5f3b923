"""Companies, representatives and the dictionaries of a new organisation."""

from sqlalchemy import select

from actors.clients.changes import change_client, find_client
from actors.clients.dictionaries import seed_dictionaries
from messages.commercial import (
    ContractAttributionChanged,
    SalesRepActivated,
    SalesRepCreated,
    SalesRepDeactivated,
    SalesRepUpdated,
)
from messages.identity import CompanyCreated, CompanyUpdated, OrganisationCreated, UserRegistered, UserUpdated
from runtime.unit_of_work import UnitOfWork
from storage.clients.tables import company_ref, sales_rep_ref, user_ref
from storage.projections import keep_newest


async def seed(event: OrganisationCreated, work: UnitOfWork) -> None:
    """Every organisation starts with payment terms, billing periods and modes, issue modes and status codes."""
    await seed_dictionaries(work)


async def keep_company(event: CompanyCreated | CompanyUpdated, work: UnitOfWork) -> None:
    """The companies a client may belong to."""
    await work.execute(
        keep_newest(
            company_ref,
            organisation_id=work.organisation_id,
            company_id=event.company_id,
            code=event.code,
            legal_name=event.legal_name,
            status=event.status,
            version=work.source_version,
        )
    )


async def keep_user(event: UserRegistered | UserUpdated, work: UnitOfWork) -> None:
    """The names of account managers."""
    columns = {"user_id": event.user_id, "name": f"{event.first_name} {event.last_name}".strip()}
    await work.execute(keep_newest(user_ref, **columns, version=work.source_version))


async def keep_sales_rep(
    event: SalesRepCreated | SalesRepUpdated | SalesRepActivated | SalesRepDeactivated, work: UnitOfWork
) -> None:
    """The representatives clients belong to; a job takes the clients of one who left."""
    successor = event.transfer_to_rep_id if isinstance(event, SalesRepDeactivated) else None
    await work.execute(
        keep_newest(
            sales_rep_ref,
            organisation_id=work.organisation_id,
            rep_id=event.rep_id,
            code=event.code,
            display_name=f"{event.given_name} {event.family_name}".strip(),
            active=event.active,
            transfer_to_rep_id=successor,
            version=work.source_version,
        )
    )


async def take_representative(event: ContractAttributionChanged, work: UnitOfWork) -> None:
    """The client belongs to the representative of his newest contract."""
    row = await find_client(event.client_id, work)
    if row is None:
        return
    left = await work.fetch_value(
        select(sales_rep_ref.c.rep_id).where(
            sales_rep_ref.c.organisation_id == work.organisation_id,
            sales_rep_ref.c.rep_id == event.rep_id,
            sales_rep_ref.c.active.is_(False),
        )
    )
    if left is None:
        await change_client(row, {"sales_rep_id": event.rep_id}, work)
