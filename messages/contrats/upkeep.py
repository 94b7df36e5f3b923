"""contrats: putting things right by hand, and looking at proofs."""

from typing import Any
from uuid import UUID

from messages.base import Empty, Event, Reply, Request
from messages.contrats.replies import ContractOperation, QualityReview, ScheduledInstalment
from messages.contrats.terms import SignatureMethod
from messages.errors import NOT_FOUND, PRECONDITION_FAILED
from messages.paging import Page, PageRequest
from messages.values.instants import Instant
from messages.values.text import Paragraph

CANNOT_DELETE = PRECONDITION_FAILED.specific("CANNOT_DELETE", "Suppression impossible", "Cannot be deleted")
EVIDENCE_NOT_FOUND = NOT_FOUND.specific("EVIDENCE_NOT_FOUND", "Preuve introuvable", "Evidence not found")
INSTALMENT_NOT_FOUND = NOT_FOUND.specific(
    "BILLING_INSTALMENT_NOT_FOUND", "Échéance introuvable", "Billing instalment not found"
)


class QualityQueuePage(Page[QualityReview]):
    """Reviews that wait, oldest first."""


class SignatureEvidence(Reply):
    """The proof of one signature: who signed what, and its link in the organisation's chain."""

    id: UUID
    contract_id: UUID
    method: SignatureMethod
    level: str | None
    provider: str | None
    signers: tuple[dict[str, Any], ...]
    signed_at: Instant
    original_sha256: str | None
    signed_sha256: str
    signed_document_id: UUID | None
    evidence_document_id: UUID | None
    mandate_consent: bool
    status: str
    prev_evidence_sha256: str | None
    evidence_sha256: str | None
    collected_at: Instant


class EvidenceCheck(Reply):
    """One thing that was compared."""

    name: str
    passed: bool
    detail: str | None = None


class EvidenceVerdict(Reply):
    """Whether the proof is what it was, check by check."""

    valid: bool
    checks: tuple[EvidenceCheck, ...]


class GetOperation(Request[ContractOperation], query=True, permission="contrats:contract:read"):
    """One operation with its steps."""

    operation_id: UUID


class DeleteContract(Request[Empty]):
    """Remove a draft that was never sent; anything else is cancelled instead."""

    contract_id: UUID
    expected_version: int
    reason: Paragraph


class ListQualityQueue(PageRequest, Request[QualityQueuePage], query=True, permission="contrats:quality:review"):
    """The sales that wait for their review."""

    company_id: UUID | None = None
    submitted_before: Instant | None = None


class SkipInstalment(Request[ScheduledInstalment], permission="contrats:billing:write"):
    """Do not bill a period that is still planned."""

    billing_instalment_id: UUID
    reason: Paragraph


class RebillInstalment(Request[ScheduledInstalment], permission="contrats:billing:write"):
    """Bill a skipped period after all, or order a period again that no invoice came of; today at the earliest."""

    billing_instalment_id: UUID
    reason: Paragraph


class GetSignatureEvidence(Request[SignatureEvidence], query=True, permission="contrats:signature:read"):
    """The proof of a signature."""

    evidence_id: UUID


class VerifySignatureEvidence(Request[EvidenceVerdict], query=True, permission="contrats:signature:read"):
    """Recompute the hash of the proof, compare the stored file, and follow the chain one link."""

    evidence_id: UUID


class ContractDeleted(Event, aggregate="contract"):
    """A draft was removed; projections forget it."""

    contract_id: UUID
    reference: str
