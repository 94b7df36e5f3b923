"""Invitations as rows: the secret behind their links, their encrypted addresses, and the facts about them."""

import secrets
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from actors.identity.roles import summaries
from actors.identity.rules.invitations import invitation_token, status_at, token_hash
from messages.base import NIL_ORGANISATION
from messages.errors import KEY_NOT_FOUND
from messages.identity import INVITATION_NOT_FOUND, Invitation, InvitationStatus, RoleSummary
from messages.problem import Refused
from runtime.heart import Heart
from runtime.unit_of_work import Row, UnitOfWork
from storage.identity.tables import invitation, invitation_key, invitation_link
from storage.shared.statements import render

_NONCE_BYTES = 16
_KEY_ID = 1
_KEY_PLACE: dict[str, Any] = {
    "organisation_id": NIL_ORGANISATION,
    "domain": "SECRETS",
    "table": "invitation_key",
    "column": "key",
    "row_id": NIL_ORGANISATION,
}


async def ensure_invitation_key(heart: Heart) -> None:
    """Make the secret of all links at the first start."""
    sealed = await heart.keys.encrypt(secrets.token_bytes(32).hex(), **_KEY_PLACE)
    sql, arguments = render(insert(invitation_key).values(id=_KEY_ID, key=sealed).on_conflict_do_nothing())
    async with heart.database.transaction(NIL_ORGANISATION) as connection:
        await connection.execute(sql, *arguments)


async def token_of(invitation_id: UUID, nonce: bytes, work: UnitOfWork) -> str:
    """The secret of a link, computed anew each time."""
    row = await work.load(select(invitation_key.c.key), "invitation key", code=KEY_NOT_FOUND)
    key = bytes.fromhex(await work.keys.decrypt(row["key"], **_KEY_PLACE))
    return invitation_token(key, invitation_id, nonce)


async def new_link(invitation_id: UUID, work: UnitOfWork) -> dict[str, bytes]:
    """A fresh nonce and the hash its token is found by."""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return {"token_nonce": nonce, "token_hash": token_hash(await token_of(invitation_id, nonce, work))}


async def invitation_row(invitation_id: UUID, work: UnitOfWork, *, lock: bool = False) -> Row:
    """An invitation of the organisation, or INVITATION_NOT_FOUND."""
    statement = select(invitation).where(
        invitation.c.organisation_id == work.organisation_id, invitation.c.id == invitation_id
    )
    row = await work.fetch_one(statement.with_for_update() if lock else statement)
    if row is None:
        raise invitation_not_found()
    return row


def invitation_not_found() -> Refused:
    """One answer for unknown ids, unknown tokens and invitations of other organisations."""
    return Refused(
        INVITATION_NOT_FOUND,
        "no such invitation; check the link or ask for a new one",
        details={"resource": "invitation"},
    )


async def change_invitation(row: Row, changed: dict[str, Any], work: UnitOfWork) -> Row:
    """Store changes, also where links and addresses are looked up."""
    hashed = changed.pop("token_hash", None)
    after = {**row, **changed, "version": row["version"] + 1}
    await work.execute(
        update(invitation)
        .where(invitation.c.id == row["id"])
        .values(**changed, version=after["version"], updated_at=work.now, updated_by=work.caller.principal)
    )
    shown = {"status": after["status"], "expires_at": after["expires_at"]}
    await work.execute(
        update(invitation_link)
        .where(invitation_link.c.invitation_id == row["id"])
        .values(**shown, **({"token_hash": hashed} if hashed else {}))
    )
    return after


async def seal_address(email: str, invitation_id: UUID, work: UnitOfWork) -> bytes:
    """The stored form of the invited address."""
    return await work.keys.encrypt(email, **_place(invitation_id, work))


async def opened_address(row: Row, work: UnitOfWork) -> str:
    """The invited address."""
    return await work.keys.decrypt(row["email"], **_place(row["id"], work))


def _place(invitation_id: UUID, work: UnitOfWork) -> dict[str, Any]:
    return {
        "organisation_id": work.organisation_id,
        "domain": "PII",
        "table": "invitation",
        "column": "email",
        "row_id": invitation_id,
    }


async def invitations_of(rows: list[Row], work: UnitOfWork) -> tuple[Invitation, ...]:
    """The replies, as they stand at this instant."""
    names = await summaries((code for row in rows for code in row["role_codes"]), work)
    return tuple([await _invitation_of(row, names, work) for row in rows])


async def _invitation_of(row: Row, names: dict[str, RoleSummary], work: UnitOfWork) -> Invitation:
    status = status_at(InvitationStatus(row["status"]), row["expires_at"], work.now)
    fields = {
        "invitation_id": row["id"],
        "email": await opened_address(row, work),
        "roles": tuple(names[code] for code in row["role_codes"] if code in names),
        "status": status,
    }
    return Invitation.model_validate(dict(row) | fields)
