"""The audit centre: chains of all actors verified from one place, and signed checkpoints that a rewritten past contradicts."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from messages.base import Event, Reply, Request
from messages.paging import Page, PageRequest
from messages.values.instants import Instant

AuditStream = Annotated[
    str, Field(pattern=r"^[a-z]+(\.access)?$", max_length=50, examples=["clients", "clients.access"])
]


class AuditChain(Reply):
    """One chain of the organisation. `reason` says why it does not hold, or that its actor did not answer."""

    stream: str
    valid: bool
    entries_checked: int
    last_seq: int
    last_hash: str
    corrupted_entry_id: str | None = None
    reason: str | None = None


class AuditVerification(Reply):
    """All chains that were looked at; valid only if every one of them holds."""

    valid: bool
    chains: tuple[AuditChain, ...]


class AuditCheckpoint(Reply):
    """The signed head of a chain at an instant; hash and signature are over its canonical form (cross_cutting 6.6)."""

    checkpoint_id: UUID
    stream: str
    entry_count: int
    last_seq: int
    last_hash: str
    created_at: Instant
    checkpoint_hash: str
    signature: str = Field(description="Ed25519, base64")
    kid: str


class AuditCheckpointPage(Page[AuditCheckpoint]):
    """Checkpoints, the newest first."""


class CheckpointVerification(Reply):
    """Whether a checkpoint is authentic and the actor's chain of today still passes through it."""

    valid: bool
    signature_valid: bool
    chain_valid: bool
    reason: str | None = None


class VerifyAuditChain(
    Request[AuditVerification], query=True, audited=True, permission="identity:audit:verify", timeout_seconds=30.0
):
    """Recompute one chain, or those of all actors, from the first entry to the head."""

    stream: AuditStream | None = None


class CreateAuditCheckpoint(Request[AuditCheckpoint], permission="identity:audit:verify", timeout_seconds=30.0):
    """Verify a chain now and sign its head; a head that was signed before keeps its checkpoint."""

    stream: AuditStream


class ListAuditCheckpoints(PageRequest, Request[AuditCheckpointPage], query=True, permission="identity:audit:read"):
    """The signed heads, the newest first."""

    stream: AuditStream | None = None


class VerifyAuditCheckpoint(
    Request[CheckpointVerification], query=True, audited=True, permission="identity:audit:verify", timeout_seconds=30.0
):
    """Check signature and chain of a checkpoint; a history that was rewritten since no longer passes through it."""

    checkpoint_id: UUID


class AuditCheckpointCreated(Event, aggregate="audit_checkpoint", aggregate_id="checkpoint_id"):
    """The head of a chain was signed; keep it outside, too."""

    checkpoint_id: UUID
    stream: str
    last_seq: int
    last_hash: str
    entry_count: int


class AuditChainBroken(Event, aggregate="audit_chain", aggregate_id="entry_id"):
    """A chain does not hold, or no longer passes through a signed checkpoint."""

    entry_id: UUID
    stream: str
    expected: str
    got: str
