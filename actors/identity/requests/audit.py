"""The audit centre's requests."""

import asyncio
import base64

from sqlalchemy import select

from actors.identity.checkpoints import asking, check_stream, head_at, sign_head, streams, whole_chain
from actors.identity.rules.checkpoints import canonical_checkpoint, checkpoint_hash
from actors.identity.signing_keys import signature_holds
from messages.errors import AUDIT_CHAIN_INVALID
from messages.identity import (
    AUDIT_CHECKPOINT_NOT_FOUND,
    AuditCheckpoint,
    AuditCheckpointPage,
    AuditVerification,
    CheckpointVerification,
    CreateAuditCheckpoint,
    ListAuditCheckpoints,
    VerifyAuditChain,
    VerifyAuditCheckpoint,
)
from messages.problem import Refused
from runtime.pagination import page
from runtime.unit_of_work import Row, UnitOfWork
from storage.identity.tables import audit_checkpoint


async def verify_audit_chain(request: VerifyAuditChain, work: UnitOfWork) -> AuditVerification:
    """One chain, or all of them: the own ones first, for they share this transaction, the others' side by side."""
    ask = asking(work)
    if request.stream is not None:
        check_stream(request.stream)
    wanted = (request.stream,) if request.stream is not None else streams()
    own = [await whole_chain(stream, ask) for stream in wanted if _is_own(stream, work)]
    others = await asyncio.gather(*(whole_chain(stream, ask) for stream in wanted if not _is_own(stream, work)))
    chains = tuple(sorted([*own, *others], key=lambda chain: chain.stream))
    return AuditVerification(valid=all(chain.valid for chain in chains), chains=chains)


async def create_audit_checkpoint(request: CreateAuditCheckpoint, work: UnitOfWork) -> AuditCheckpoint:
    """Sign the head of a chain that holds."""
    check_stream(request.stream)
    chain = await whole_chain(request.stream, asking(work))
    if not chain.valid or not chain.last_seq:
        raise Refused(
            AUDIT_CHAIN_INVALID,
            f"{request.stream} has no head to sign: {chain.reason or 'it has no entry'}; verify it first",
            details={"reason": chain.reason or "EMPTY"},
        )
    return _checkpoint_of(await sign_head(chain, work))


async def list_audit_checkpoints(request: ListAuditCheckpoints, work: UnitOfWork) -> AuditCheckpointPage:
    """A page, the newest first."""
    statement = select(audit_checkpoint).where(audit_checkpoint.c.organisation_id == work.organisation_id)
    if request.stream is not None:
        statement = statement.where(audit_checkpoint.c.stream == request.stream)
    return await page(
        work,
        request,
        statement,
        order=(audit_checkpoint.c.created_at, audit_checkpoint.c.id),
        reply=AuditCheckpointPage,
        item=_checkpoint_of,
        descending=True,
    )


async def verify_audit_checkpoint(request: VerifyAuditCheckpoint, work: UnitOfWork) -> CheckpointVerification:
    """The signature over what is stored, and today's chain up to the signed entry."""
    row = await work.load(
        select(audit_checkpoint).where(
            audit_checkpoint.c.organisation_id == work.organisation_id, audit_checkpoint.c.id == request.checkpoint_id
        ),
        "checkpoint",
        code=AUDIT_CHECKPOINT_NOT_FOUND,
    )
    canonical = canonical_checkpoint(
        work.organisation_id, row["stream"], row["entry_count"], row["last_seq"], row["last_hash"], row["created_at"]
    )
    authentic = checkpoint_hash(canonical) == row["checkpoint_hash"]
    signature_valid = authentic and await signature_holds(canonical, row["signature"], row["kid"], work)
    chain = await head_at(row["stream"], row["last_seq"], asking(work))
    passes = chain.valid and (chain.last_seq, chain.last_hash) == (row["last_seq"], row["last_hash"])
    reason = None if passes else chain.reason or "CHECKPOINT_MISMATCH"
    return CheckpointVerification(
        valid=signature_valid and passes, signature_valid=signature_valid, chain_valid=passes, reason=reason
    )


def _is_own(stream: str, work: UnitOfWork) -> bool:
    return stream.partition(".")[0] == work.actor


def _checkpoint_of(row: Row) -> AuditCheckpoint:
    fields = {"checkpoint_id": row["id"], "signature": base64.b64encode(row["signature"]).decode()}
    return AuditCheckpoint.model_validate(dict(row) | fields)
