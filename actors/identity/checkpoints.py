"""Verifying the audit chains of all actors from here, and signing their heads."""

from collections.abc import Awaitable, Callable
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from actors.identity.rules.checkpoints import canonical_checkpoint, checkpoint_hash
from actors.identity.signing_keys import sign_bytes
from messages.errors import AUDIT_CHAIN_INVALID, VALIDATION_FAILED
from messages.every_actor import VERIFY_LOCAL_CHAIN, ChainVerification
from messages.identity import AuditChain, AuditChainBroken, AuditCheckpointCreated, SigningKeyPurpose
from messages.problem import Refused
from messages.registry import ACTORS
from messages.values.identifiers import derived_id, new_id
from runtime.chain_verification import verify_local_chain
from runtime.unit_of_work import Row, UnitOfWork
from storage.identity.tables import audit_checkpoint

_STRETCH = 10_000
Ask = Callable[[str, int, int | None], Awaitable[ChainVerification]]


def streams() -> tuple[str, ...]:
    """Every actor has two chains: what it wrote or refused, and what was read."""
    return tuple(stream for actor in ACTORS for stream in (actor, f"{actor}.access"))


async def whole_chain(stream: str, ask: Ask) -> AuditChain:
    """A chain from its first entry to its head. A silent actor proves nothing."""
    try:
        return await _to_the_head(stream, 1, ask)
    except Refused as refused:
        return AuditChain(
            stream=stream, valid=False, entries_checked=0, last_seq=0, last_hash="", reason=refused.code.code
        )


async def _to_the_head(stream: str, start: int, ask: Ask) -> AuditChain:
    """From an entry on, in one question, or in stretches where there is more than one question may cover."""
    while True:
        try:
            part = await ask(stream, start, None)
        except Refused as refused:
            if refused.code is not VALIDATION_FAILED:
                raise
            part = await ask(stream, start, start + _STRETCH - 1)
            if part.valid:
                start = part.last_seq + 1
                continue
        if part.reason == "HEAD_MISMATCH":  # entries may have been sealed between the reading of chain and head
            part = await ask(stream, start, None)
        return _chain(stream, part)


async def head_at(stream: str, seq: int, ask: Ask) -> AuditChain:
    """The chain up to that entry."""
    start = 1
    while True:
        part = await ask(stream, start, min(start + _STRETCH - 1, seq))
        if part.valid and part.last_seq < seq and part.entries_checked == _STRETCH:
            start = part.last_seq + 1
            continue
        return _chain(stream, part)


def asking(work: UnitOfWork) -> Ask:
    """Ask inside a request: the own chain is read here, the others' by their actors."""

    async def ask(stream: str, from_seq: int, to_seq: int | None) -> ChainVerification:
        request = _question(stream, from_seq, to_seq)
        if stream.partition(".")[0] == work.actor:
            return await verify_local_chain(request, work)
        return await work.ask(request)

    return ask


def state_broken(chain: AuditChain, work: UnitOfWork) -> None:
    """The chain does not hold."""
    entry_id = derived_id("broken chain", work.organisation_id, chain.stream, chain.last_seq)
    work.emit(
        AuditChainBroken(
            entry_id=entry_id, stream=chain.stream, expected="an unbroken chain", got=chain.reason or "HASH_MISMATCH"
        ),
        version=1,
        key=f"{work.organisation_id} {chain.stream} {chain.last_seq}",
    )


async def sign_head(chain: AuditChain, work: UnitOfWork) -> Row:
    """The checkpoint of a head; a head that was signed before keeps its checkpoint."""
    row = await _checkpoint_of(chain, work)
    if row is not None:
        if row["last_hash"] != chain.last_hash:
            state_broken(chain.model_copy(update={"reason": "CHECKPOINT_MISMATCH"}), work)
        return row
    facts: dict[str, Any] = {
        "stream": chain.stream,
        "entry_count": chain.entries_checked,
        "last_seq": chain.last_seq,
        "last_hash": chain.last_hash,
        "created_at": work.now,
    }
    canonical = canonical_checkpoint(work.organisation_id, **facts)
    kid, signature = await sign_bytes(canonical, SigningKeyPurpose.AUDIT, work)
    checkpoint_id = new_id()
    added = await work.execute(
        insert(audit_checkpoint)
        .values(
            id=checkpoint_id,
            organisation_id=work.organisation_id,
            checkpoint_hash=checkpoint_hash(canonical),
            signature=signature,
            kid=kid,
            **facts,
        )
        .on_conflict_do_nothing()
    )
    if added:
        shown = {name: value for name, value in facts.items() if name != "created_at"}
        work.emit(AuditCheckpointCreated(checkpoint_id=checkpoint_id, **shown), version=1)
    row = await _checkpoint_of(chain, work)
    if row is None:
        raise Refused(AUDIT_CHAIN_INVALID, f"the head of {chain.stream} could not be signed; repeat the request")
    return row


async def _checkpoint_of(chain: AuditChain, work: UnitOfWork) -> Row | None:
    return await work.fetch_one(
        select(audit_checkpoint).where(
            audit_checkpoint.c.organisation_id == work.organisation_id,
            audit_checkpoint.c.stream == chain.stream,
            audit_checkpoint.c.last_seq == chain.last_seq,
        )
    )


def check_stream(stream: str) -> None:
    """Refuse what is no stream."""
    if stream not in streams():
        raise Refused.field("stream", "unknown", f"'{stream}' is no stream; write an actor's name, or <actor>.access")


def _question(stream: str, from_seq: int, to_seq: int | None) -> Any:
    request = VERIFY_LOCAL_CHAIN[stream.partition(".")[0]]
    return request.model_validate({"stream": stream, "from_seq": from_seq, "to_seq": to_seq})


def _chain(stream: str, part: ChainVerification) -> AuditChain:
    """A chain has no gaps, so the number of its last entry is how many were found good."""
    return AuditChain.model_validate(part.model_dump() | {"stream": stream, "entries_checked": part.last_seq})
