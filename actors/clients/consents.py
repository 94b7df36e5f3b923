"""The ledger of consents: appended to, never changed; the newest decision per purpose counts."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on

from messages.clients import (
    CONSENT_PROOF_REQUIRED,
    ClientConsentRecorded,
    Consent,
    ConsentChannel,
    ConsentDecision,
    ConsentPurpose,
    FirstConsent,
    RecordConsent,
)
from messages.problem import Refused
from messages.values.identifiers import new_id
from runtime.unit_of_work import UnitOfWork
from storage.clients.queries import one_of
from storage.clients.tables import client, consent

_PROVEN = (ConsentPurpose.HEALTH_DATA, ConsentPurpose.MARKETING_PHONE)


def decision_row(client_id: UUID, given: RecordConsent | FirstConsent, work: UnitOfWork) -> dict[str, Any]:
    """A line of the ledger; a grant that needs proof has it (CONSENT_PROOF_REQUIRED), and nothing is decided in future."""
    needs_proof = given.purpose in _PROVEN or given.channel_of_collection is ConsentChannel.IMPORT
    if given.decision is ConsentDecision.GRANTED and needs_proof and given.proof_document_id is None:
        raise Refused(CONSENT_PROOF_REQUIRED, f"consent to {given.purpose} needs proof_document_id; give the document")
    if given.decided_at is not None and given.decided_at > work.now:
        raise Refused.field("decided_at", "future", "decided_at lies in the future; give the moment of the decision")
    fields = given.model_dump(exclude={"client_id", "decided_at"})
    return _row(client_id, work, decided_at=given.decided_at, **fields)


async def write_decision(
    client_id: UUID, work: UnitOfWork, *, decided_at: datetime | None = None, **fields: Any
) -> Consent:
    """Append a decision and tell it; its version is the client's."""
    return await append(_row(client_id, work, decided_at=decided_at, **fields), work)


async def append(decision: dict[str, Any], work: UnitOfWork) -> Consent:
    """Store a line of the ledger and tell it; its version is the client's."""
    await work.insert(consent, **decision)
    version = await work.fetch_value(
        select(client.c.version).where(
            client.c.organisation_id == work.organisation_id, client.c.id == decision["client_id"]
        )
    )
    tell(decision, version, work)
    return Consent.model_validate(decision)


def tell(decision: dict[str, Any], version: int, work: UnitOfWork) -> None:
    """State a decision that is stored."""
    work.emit(ClientConsentRecorded.model_validate(decision), version=version)


def _row(client_id: UUID, work: UnitOfWork, *, decided_at: datetime | None, **fields: Any) -> dict[str, Any]:
    return {
        "id": new_id(),
        "organisation_id": work.organisation_id,
        "client_id": client_id,
        "decided_at": decided_at or work.now,
        "expires_at": None,
        "text_version": None,
        "proof_document_id": None,
        "collected_by": work.caller.principal,
        **fields,
    }


async def consents_of(
    client_ids: Sequence[UUID], work: UnitOfWork, *, as_of: datetime | None = None
) -> tuple[Consent, ...]:
    """The newest decision per purpose; one that has expired counts as none."""
    at = as_of or work.now
    own = consent.c
    rows = await work.fetch(
        select(consent)
        .ext(distinct_on(own.purpose))
        .where(own.organisation_id == work.organisation_id, one_of(own.client_id, client_ids), own.decided_at <= at)
        .order_by(own.purpose, own.decided_at.desc(), own.id.desc())
    )
    return tuple(
        Consent.model_validate(dict(row)) for row in rows if row["expires_at"] is None or row["expires_at"] > at
    )
