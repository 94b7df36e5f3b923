"""Answers `verify_local_chain` for every actor."""

from typing import Any

from messages.every_actor import ChainVerification
from messages.problem import Refused
from runtime.audit_chain import GENESIS, verify_chain
from runtime.unit_of_work import UnitOfWork

_FIELDS = (
    "id, v, organisation_id, stream, occurred_at, request_id, correlation_id, actor, action, permission, result, error_code,"
    " target, before, after, meta, seq, prev_hash, entry_hash"
)
_ENTRIES = f"""
select {_FIELDS} from audit_entry
where organisation_id = $1 and stream = $2 and seq >= $3 and ($4::bigint is null or seq <= $4) order by seq limit 10001
"""
_BEFORE = "select entry_hash from audit_entry where organisation_id = $1 and stream = $2 and seq = $3"
_HEAD = "select last_seq, last_hash from audit_chain_head where organisation_id = $1 and stream = $2"
_MOST = 10_000


async def verify_local_chain(request: Any, work: UnitOfWork) -> ChainVerification:
    """Recompute a stretch of at most 10,000 entries of the caller's organisation; a cut tail shows against the head."""
    stream = request.stream or work.actor
    if stream not in (work.actor, f"{work.actor}.access"):
        raise Refused.field("stream", "unknown", f"stream is '{work.actor}' or '{work.actor}.access'")
    rows = await work.connection.fetch(_ENTRIES, work.organisation_id, stream, request.from_seq, request.to_seq)
    if len(rows) > _MOST:
        raise Refused.field("to_seq", "range", f"at most {_MOST} entries at a time; give to_seq and go on from there")
    previous = GENESIS
    if request.from_seq > 1:
        previous = (
            await work.connection.fetchval(_BEFORE, work.organisation_id, stream, request.from_seq - 1) or GENESIS
        )
    check = verify_chain([dict(row) for row in rows], previous_hash=previous, first_seq=request.from_seq)
    valid, reason = check.valid, str(check.reason) if check.reason else None
    if valid and request.to_seq is None:
        head = await work.connection.fetchrow(_HEAD, work.organisation_id, stream)
        if head is not None and not check.reaches(head["last_seq"], head["last_hash"]):
            valid, reason = False, "HEAD_MISMATCH"
    return ChainVerification(
        valid=valid,
        entries_checked=check.entries_checked,
        corrupted_entry_id=str(check.corrupted_entry_id) if check.corrupted_entry_id else None,
        reason=reason,
        last_seq=check.last_seq,
        last_hash=check.last_hash,
    )
