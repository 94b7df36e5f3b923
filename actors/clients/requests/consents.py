"""Requests about consents."""

from sqlalchemy import select

from actors.clients.changes import ids_of, locked_client, shown_client
from actors.clients.consents import append, consents_of, decision_row
from messages.clients import (
    Consent,
    ConsentMatrix,
    ConsentPage,
    GetConsentMatrix,
    ListConsents,
    RecordConsent,
)
from runtime.pagination import page
from runtime.unit_of_work import UnitOfWork
from storage.clients.queries import one_of
from storage.clients.tables import consent


async def record_consent(request: RecordConsent, work: UnitOfWork) -> Consent:
    """Write a decision into the ledger."""
    row = await locked_client(request.client_id, work)
    return await append(decision_row(row["id"], request, work), work)


async def get_consent_matrix(request: GetConsentMatrix, work: UnitOfWork) -> ConsentMatrix:
    """What the client agrees to now."""
    row = await shown_client(request.client_id, work)
    return ConsentMatrix(client_id=row["id"], items=await consents_of(await ids_of(row["id"], work), work))


async def list_consents(request: ListConsents, work: UnitOfWork) -> ConsentPage:
    """A page of the ledger, newest first."""
    row = await shown_client(request.client_id, work)
    own = consent.c
    wanted = select(consent).where(
        own.organisation_id == work.organisation_id, one_of(own.client_id, await ids_of(row["id"], work))
    )
    return await page(
        work,
        request,
        wanted,
        order=(own.decided_at, own.id),
        descending=True,
        reply=ConsentPage,
        item=lambda found: Consent.model_validate(dict(found)),
    )
