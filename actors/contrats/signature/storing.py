"""Slow work: write the certificate, have documents keep it, then make the contract signed."""

import asyncio
import base64
from typing import Any
from uuid import UUID

from sqlalchemy import select

from actors.contrats.contract_record import find
from actors.contrats.signature import signing
from actors.contrats.signature.certificate import certificate, facts_of
from messages.documents import (
    Confidentiality,
    DocumentLinkDraft,
    DocumentOrigin,
    DocumentType,
    LinkRole,
    StoreDocument,
    SubjectType,
)
from messages.shared import Ref
from runtime.unit_of_work import UnitOfWork, WorkItem
from runtime.work_queue import Outside
from storage.contrats.tables import contract, contract_line, signature_evidence
from storage.shared.statements import render


class StoreEvidence(WorkItem):
    """The evidence of one signature is to be stored."""

    contract_id: UUID
    evidence_id: UUID


async def store_evidence(item: StoreEvidence, outside: Outside) -> UUID:
    """The id of the stored certificate; the source key makes a repetition find the same document."""
    row, lines, evidence = await _read(item, outside)
    pdf = await asyncio.to_thread(certificate, facts_of(row, lines, evidence))
    stored = await outside.ask(
        StoreDocument(
            type=DocumentType.CONTRACT_SIGNED,
            purpose="SIGNATURE_EVIDENCE",
            reference=Ref(type="contract", id=item.contract_id),
            origin=DocumentOrigin.SYSTEM,
            filename=f"preuve-signature-{row['reference']}.pdf",
            content_base64=base64.b64encode(pdf).decode(),
            declared_mime="application/pdf",
            title=f"Preuve de signature {row['reference']}",
            links=(
                DocumentLinkDraft(subject_type=SubjectType.CONTRACT, subject_id=item.contract_id, role=LinkRole.PROOF),
            ),
            client_id=row["client_id"],
            contract_id=item.contract_id,
            company_id=row["company_id"],
            business_date=evidence["signed_at"].date(),
            source_key=f"contract:{item.contract_id}:evidence:{item.evidence_id}",
            confidentiality=Confidentiality.CLIENT_VISIBLE,
        )
    )
    return stored.document.id


async def evidence_stored(item: StoreEvidence, document_id: UUID, work: UnitOfWork) -> None:
    """The proof is safe: the contract is signed."""
    record = await find(item.contract_id, work)
    if record is not None:
        await signing.conclude(record, item.evidence_id, document_id)


async def evidence_lost(item: StoreEvidence, error: Exception, work: UnitOfWork) -> None:
    """documents refused the proof for good: back to the draft, and somebody must look."""
    record = await find(item.contract_id, work)
    if record is not None:
        await signing.give_up(record, item.evidence_id, error)


async def _read(item: StoreEvidence, outside: Outside) -> tuple[dict[str, Any], list[dict[str, Any]], dict[str, Any]]:
    organisation_id = outside.organisation_id
    statements = (
        select(contract).where(contract.c.organisation_id == organisation_id, contract.c.id == item.contract_id),
        select(contract_line)
        .where(contract_line.c.organisation_id == organisation_id, contract_line.c.contract_id == item.contract_id)
        .order_by(contract_line.c.line_no),
        select(signature_evidence).where(
            signature_evidence.c.organisation_id == organisation_id, signature_evidence.c.id == item.evidence_id
        ),
    )
    found = []
    async with outside.heart.database.transaction(organisation_id, read_only=True) as connection:
        for statement in statements:
            sql, arguments = render(statement)
            found.append([dict(row) for row in await connection.fetch(sql, *arguments)])
    return found[0][0], found[1], found[2][0]
