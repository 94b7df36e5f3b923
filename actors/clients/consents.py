"""The ledger of consents: appended to, never changed; the newest decision per purpose counts."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on

from messages.clients import ClientConsentRecorded, Consent
from messages.values.identifiers import new_id
from runtime.unit_of_work import UnitOfWork
from storage.clients.queries import one_of
from storage.clients.tables import client, consent


async def write_decision(
    client_id: UUID, work: UnitOfWork, *, decided_at: datetime | None = None, **fields: Any
) -> Consent:
    """Append a decision and tell it; its version is the client's."""
    decision = {
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
    await work.insert(consent, **decision)
    version = await work.fetch_value(
        select(client.c.version).where(client.c.organisation_id == work.organisation_id, client.c.id == client_id)
    )
    work.emit(ClientConsentRecorded.model_validate(decision), version=version)
    return Consent.model_validate(decision)


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
