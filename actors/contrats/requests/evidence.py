"""Proofs of signatures: shown, and verified against what is stored."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from actors.contrats.contract_record import load
from actors.contrats.signature.signing import evidence_hash
from messages.contrats.upkeep import (
    EVIDENCE_NOT_FOUND,
    EvidenceCheck,
    EvidenceVerdict,
    GetSignatureEvidence,
    SignatureEvidence,
    VerifySignatureEvidence,
)
from messages.documents import GetDocument
from messages.problem import Refused
from runtime.unit_of_work import Row, UnitOfWork
from storage.contrats.tables import evidence_chain, signature_evidence


async def get_signature_evidence(request: GetSignatureEvidence, work: UnitOfWork) -> SignatureEvidence:
    """The proof as it was collected."""
    return SignatureEvidence.model_validate(dict(await _evidence(request.evidence_id, work)))


async def verify_signature_evidence(request: VerifySignatureEvidence, work: UnitOfWork) -> EvidenceVerdict:
    """Every check is answered, whatever the others say."""
    row = await _evidence(request.evidence_id, work)
    checks = [_own_hash(row), await _link(row, work)]
    if row["signed_document_id"] is not None:
        checks.append(await _file(row["signed_document_id"], row["signed_sha256"], work))
    return EvidenceVerdict(valid=all(check.passed for check in checks), checks=tuple(checks))


async def _evidence(evidence_id: UUID, work: UnitOfWork) -> Row:
    statement = select(signature_evidence).where(
        signature_evidence.c.organisation_id == work.organisation_id, signature_evidence.c.id == evidence_id
    )
    row = await work.load(statement, "signature evidence", code=EVIDENCE_NOT_FOUND)
    await load(row["contract_id"], work, lock=False)
    return row


def _own_hash(row: Row) -> EvidenceCheck:
    if row["evidence_sha256"] is None:
        return EvidenceCheck(name="evidence", passed=False, detail="the proof is not stored yet")
    found = evidence_hash(row["prev_evidence_sha256"], row, row["evidence_document_id"])
    same = found == row["evidence_sha256"]
    return EvidenceCheck(name="evidence", passed=same, detail=None if same else "the proof was changed or anonymised")


async def _link(row: Row, work: UnitOfWork) -> EvidenceCheck:
    """The link before is the one this proof names, and the one after, or the chain's head, names this proof."""
    own = row["evidence_sha256"]
    after = select(signature_evidence.c.id).where(
        signature_evidence.c.organisation_id == work.organisation_id, signature_evidence.c.prev_evidence_sha256 == own
    )
    head = await work.fetch_value(
        select(evidence_chain.c.head_sha256).where(evidence_chain.c.organisation_id == work.organisation_id)
    )
    followed = own is not None and (head == own or await work.fetch_one(after.limit(1)) is not None)
    before: Any = row["prev_evidence_sha256"]
    known = before == "" or await work.fetch_one(
        select(signature_evidence.c.id)
        .where(
            signature_evidence.c.organisation_id == work.organisation_id, signature_evidence.c.evidence_sha256 == before
        )
        .limit(1)
    )
    return EvidenceCheck(name="chain", passed=bool(followed and known))


async def _file(document_id: UUID, sha256: str, work: UnitOfWork) -> EvidenceCheck:
    try:
        document = await work.ask(GetDocument(document_id=document_id))
    except Refused as refused:
        if refused.code.retriable:
            raise
        return EvidenceCheck(name="file", passed=False, detail="documents does not know the signed file")
    return EvidenceCheck(name="file", passed=document.sha256 == sha256)
