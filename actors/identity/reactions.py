"""What identity hears: who sells for whom, which companies issue invoices, and which invitations did not arrive."""

from sqlalchemy import update

from messages.commercial import SalesRepCreated, SalesRepUpdated
from messages.contrats import ContractActivated, ContractExpired, ContractTerminated, ContractWithdrawn
from messages.engagement import EmailBounced
from messages.factures import InvoiceIssued
from messages.identity import DeliveryStatus, InvitationStatus
from runtime.unit_of_work import UnitOfWork
from storage.identity.tables import company, company_contract, invitation, user_sales_rep
from storage.projections import keep_newest


async def keep_sales_rep(event: SalesRepCreated | SalesRepUpdated, work: UnitOfWork) -> None:
    """Which representative a user is in the organisation: the scope of his own data."""
    await work.execute(
        keep_newest(
            user_sales_rep,
            organisation_id=work.organisation_id,
            rep_id=event.rep_id,
            user_id=event.user_id if event.active else None,
            version=work.source_version,
        )
    )


async def follow_contract(
    event: ContractActivated | ContractTerminated | ContractExpired | ContractWithdrawn, work: UnitOfWork
) -> None:
    """Which contracts run, by company."""
    await work.execute(
        keep_newest(
            company_contract,
            organisation_id=work.organisation_id,
            contract_id=event.contract_id,
            company_id=event.company_id,
            live=isinstance(event, ContractActivated),
            version=work.source_version,
        )
    )


async def mark_bounced(event: EmailBounced, work: UnitOfWork) -> None:
    """The mail of an invitation came back: who invited sees it and takes another way."""
    if event.reference is None or event.reference.type != "invitation":
        return
    changed = await work.execute(
        update(invitation)
        .where(
            invitation.c.organisation_id == work.organisation_id,
            invitation.c.id == event.reference.id,
            invitation.c.status == InvitationStatus.PENDING,
            invitation.c.last_sent_at <= event.at,
            invitation.c.delivery_status != DeliveryStatus.BOUNCED,
        )
        .values(delivery_status=DeliveryStatus.BOUNCED)
    )
    if changed:
        work.record("invitation", event.reference.id, after={"delivery_status": DeliveryStatus.BOUNCED})


async def lock_siren(event: InvoiceIssued, work: UnitOfWork) -> None:
    """The company's identity is printed on a sealed document now."""
    changed = await work.execute(
        update(company)
        .where(company.c.organisation_id == work.organisation_id, company.c.id == event.company_id, ~company.c.in_use)
        .values(in_use=True)
    )
    if changed:
        work.record("company", event.company_id, before={"in_use": False}, after={"in_use": True})
