"""Requests about consents."""

from sqlalchemy import select

from actors.clients.changes import ids_of, locked_client, shown_client
from actors.clients.consents import consents_of, write_decision
from messages.clients import (
    CONSENT_PROOF_REQUIRED,
    Consent,
    ConsentChannel,
    ConsentDecision,
    ConsentMatrix,
    ConsentPage,
    ConsentPurpose,
    GetConsentMatrix,
    ListConsents,
    RecordConsent,
)
from messages.problem import Refused
from runtime.pagination import page
from runtime.unit_of_work import UnitOfWork
from storage.clients.queries import one_of
from storage.clients.tables import consent

_PROVEN = (ConsentPurpose.HEALTH_DATA, ConsentPurpose.MARKETING_PHONE)


async def record_consent(request: RecordConsent, work: UnitOfWork) -> Consent:
    """Write a decision into the ledger."""
    row = await locked_client(request.client_id, work)
    granted = request.decision is ConsentDecision.GRANTED
    needs_proof = request.purpose in _PROVEN or request.channel_of_collection is ConsentChannel.IMPORT
    if granted and needs_proof and request.proof_document_id is None:
        raise Refused(
            CONSENT_PROOF_REQUIRED, f"consent to {request.purpose} needs proof_document_id; give the document"
        )
    decided_at = request.decided_at or work.now
    if decided_at > work.now:
        raise Refused.field("decided_at", "future", "decided_at lies in the future; give the moment of the decision")
    fields = request.model_dump(exclude={"client_id", "decided_at"})
    return await write_decision(row["id"], work, decided_at=decided_at, **fields)


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
