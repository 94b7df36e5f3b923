"""What limits dealing with a client, and how each change of it is told."""

from typing import Any

from actors.clients.changes import change_client
from actors.clients.rules.kyc import KYC
from messages.base import Event
from messages.clients import ClientKycChanged, ClientUnblocked, KycStatus
from runtime.unit_of_work import Row, UnitOfWork

NOT_BLOCKED: dict[str, Any] = {"blocked_scope": None, "blocked_until": None, "blocked_reason": None}


async def change_and_tell(row: Row, changes: dict[str, Any], fact: Event | None, work: UnitOfWork) -> Row:
    """Store a change and state the fact about it; nothing happens, and nothing is told, when nothing changed."""
    after = await change_client(row, changes, work)
    if fact is not None and after["version"] != row["version"]:
        work.emit(fact, version=after["version"])
    return after


async def unblock(row: Row, work: UnitOfWork) -> Row:
    """Lift the client's block, if he has one."""
    if row["blocked_scope"] is None:
        return row
    fact = ClientUnblocked(client_id=row["id"], scope=row["blocked_scope"])
    return await change_and_tell(row, NOT_BLOCKED, fact, work)


async def move_kyc(row: Row, to: KycStatus, work: UnitOfWork, **more: Any) -> Row:
    """Take the identity check a step further, if its state allows that."""
    before = KycStatus(row["kyc_status"])
    status = KYC.after(to, before)
    verified = {"kyc_verified_at": work.now} if status is KycStatus.VERIFIED else {}
    fact = ClientKycChanged(
        client_id=row["id"], from_status=before, to_status=status, expires_on=more.get("kyc_expires_on")
    )
    return await change_and_tell(row, {"kyc_status": status, **verified, **more}, fact, work)
