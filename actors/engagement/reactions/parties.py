"""Organisations, companies and clients: who mails are from and to."""

from actors.engagement.addressing import release_waiting
from actors.engagement.requests.mailboxes import make_default_mailbox
from messages.clients import ClientCreated, ClientUpdated
from messages.identity import CompanyCreated, CompanyUpdated, OrganisationCreated
from runtime.unit_of_work import UnitOfWork
from storage.engagement.tables import client_ref, company_ref
from storage.projections import keep_newest


async def seed_organisation(event: OrganisationCreated, work: UnitOfWork) -> None:
    """A new organisation begins with the operator's relay as its mailbox."""
    await make_default_mailbox(event.name, work)


async def keep_company(event: CompanyCreated | CompanyUpdated, work: UnitOfWork) -> None:
    """The names mails are signed with."""
    await work.execute(
        keep_newest(
            company_ref,
            organisation_id=work.organisation_id,
            company_id=event.company_id,
            name=event.trade_name or event.legal_name,
            email=event.email,
            phone=event.phone,
            version=work.source_version,
        )
    )


async def keep_client(event: ClientCreated | ClientUpdated, work: UnitOfWork) -> None:
    """The names, addresses and languages of clients; mails that waited for one leave."""
    row = {
        "client_id": event.client_id,
        "display_name": event.display_name,
        "email": event.primary_email,
        "phone": event.primary_phone,
        "language": event.language,
        "company_id": event.company_id,
        "version": work.source_version,
    }
    await work.execute(keep_newest(client_ref, organisation_id=work.organisation_id, **row))
    await release_waiting(row, work)
