"""The central copy of the audit trail: what every actor's sealer publishes, verified once more as it arrives."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from actors.identity.checkpoints import state_broken
from messages.identity import AuditChain
from messages.values.instants import parse_instant
from runtime.audit_chain import GENESIS, verify_chain
from runtime.audit_feed import SealedPart
from runtime.unit_of_work import Row, UnitOfWork
from storage.identity.tables import audit_copy, audit_copy_head

_COPIED = (
    *("v", "stream", "seq", "request_id", "correlation_id", "actor", "action", "permission", "result"),
    *("error_code", "before", "after", "meta", "prev_hash", "entry_hash"),
)


async def keep_entries(part: SealedPart, work: UnitOfWork) -> None:
    """Append what is new. An entry that does not follow the one before is kept, marked, and told as a broken chain."""
    head = await chain_head(part.stream, work, lock=True)
    entries = [entry for entry in part.entries if head is None or entry["seq"] > head["last_seq"]]
    if not entries:
        return  # the sealer published once more what it could not know to have arrived
    if head is None:
        head = _beginning(entries[0])
    seq, digest = head["last_seq"], head["last_hash"]
    rows = []
    for entry in entries:
        check = verify_chain([entry], previous_hash=digest, first_seq=seq + 1)
        if not check.valid:
            state_broken(_broken(part.stream, seq, digest, str(check.reason)), work)
        rows.append(_row(entry, check.valid, work))
        seq, digest = entry["seq"], entry["entry_hash"]
    await work.insert_rows(audit_copy, rows)
    values = {
        "last_seq": seq,
        "last_hash": digest,
        "entry_count": head["entry_count"] + len(rows),
        "broken_count": head["broken_count"] + sum(not row["chain_ok"] for row in rows),
        "updated_at": work.now,
    }
    await work.execute(
        insert(audit_copy_head)
        .values(organisation_id=work.organisation_id, stream=part.stream, first_seq=head["first_seq"], **values)
        .on_conflict_do_update(index_elements=["organisation_id", "stream"], set_=values)
    )


async def chain_head(stream: str, work: UnitOfWork, *, lock: bool = False) -> Row | None:
    """How far the copy of one chain reaches."""
    own = audit_copy_head.c
    statement = select(audit_copy_head).where(own.organisation_id == work.organisation_id, own.stream == stream)
    return await work.fetch_one(statement.with_for_update() if lock else statement)


def _beginning(first: Mapping[str, Any]) -> dict[str, Any]:
    """Nothing yet. The copy of an installation that is older than the feed begins in the middle of a chain."""
    seq = first["seq"]
    before = GENESIS if seq == 1 else first["prev_hash"]
    return {"first_seq": seq, "last_seq": seq - 1, "last_hash": before, "entry_count": 0, "broken_count": 0}


def _broken(stream: str, seq: int, digest: str, reason: str) -> AuditChain:
    return AuditChain(stream=stream, valid=False, entries_checked=seq, last_seq=seq, last_hash=digest, reason=reason)


def _row(entry: Mapping[str, Any], chain_ok: bool, work: UnitOfWork) -> dict[str, Any]:
    target = entry["target"] or {}
    return {name: entry[name] for name in _COPIED} | {
        "id": entry["id"],
        "organisation_id": work.organisation_id,
        "occurred_at": parse_instant(entry["occurred_at"]),
        "received_at": work.now,
        "actor_user_id": entry["actor"].get("user_id"),
        "target_type": target.get("type"),
        "target_id": target.get("id"),
        "chain_ok": chain_ok,
    }
