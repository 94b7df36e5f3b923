"""The keys that sign context tokens, audit checkpoints and proofs, and what a development system starts with."""

from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from actors.identity.rules.life import SIGNING_KEY
from messages.base import NIL_ORGANISATION
from messages.errors import KEY_NOT_FOUND
from messages.identity import (
    GetSigningKeys,
    RotateSigningKey,
    SigningKey,
    SigningKeyPurpose,
    SigningKeyRotated,
    SigningKeys,
    SigningKeyStatus,
)
from messages.values.identifiers import new_id
from runtime import clock
from runtime.context_tokens import TokenIssuer
from runtime.development import ADMINISTRATOR_ID, DEVELOPMENT_KEY_ID, development_key
from runtime.heart import Heart
from runtime.runtime_reactions import keep_signing_key
from runtime.unit_of_work import UnitOfWork
from storage.identity.tables import signing_key, user_account
from storage.shared.outgoing import ACCESS_CHANGED
from storage.shared.statements import render


async def sign(claims: dict[str, Any], work: UnitOfWork) -> str:
    """A context token of these claims, by the current key."""
    kid, key = await _current(SigningKeyPurpose.CONTEXT_TOKEN, work)
    issuer = _issuers.get(kid)
    if issuer is None:
        issuer = _issuers[kid] = TokenIssuer(kid, key)
    return issuer.issue(claims)


async def sign_bytes(content: bytes, purpose: SigningKeyPurpose, work: UnitOfWork) -> tuple[str, bytes]:
    """The Ed25519 signature of a checkpoint or proof, and the id of the key that made it."""
    kid, key = await _current(purpose, work)
    return kid, key.sign(content)


async def signature_holds(content: bytes, signature: bytes, kid: str, work: UnitOfWork) -> bool:
    """Whether that key made this signature; a revoked or unknown key proves nothing."""
    row = await work.fetch_one(
        select(signing_key.c.public_key).where(
            signing_key.c.kid == kid, signing_key.c.status != SigningKeyStatus.REVOKED
        )
    )
    if row is None:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(row["public_key"]).verify(signature, content)
    except InvalidSignature:
        return False
    return True


_issuers: dict[str, TokenIssuer] = {}
_private_keys: dict[str, Ed25519PrivateKey] = {}
"""Keys in use, opened once per process."""


async def _current(purpose: SigningKeyPurpose, work: UnitOfWork) -> tuple[str, Ed25519PrivateKey]:
    row = await work.load(
        select(signing_key.c.kid, signing_key.c.private_key).where(
            signing_key.c.status == SigningKeyStatus.CURRENT, signing_key.c.purpose == purpose
        ),
        "signing key",
        code=KEY_NOT_FOUND,
    )
    kid: str = row["kid"]
    if kid not in _private_keys:
        text = await work.keys.decrypt(row["private_key"], **_PLACE)
        _private_keys[kid] = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(text))
    return kid, _private_keys[kid]


_PLACE: dict[str, Any] = {
    "organisation_id": NIL_ORGANISATION,
    "domain": "SECRETS",
    "table": "signing_key",
    "column": "private_key",
    "row_id": NIL_ORGANISATION,
}


async def get_signing_keys(request: GetSigningKeys, work: UnitOfWork) -> SigningKeys:
    """The public keys that verify now, and those that must not verify any more."""
    rows = await work.fetch(select(signing_key).order_by(signing_key.c.kid))
    return SigningKeys(
        keys=tuple(
            SigningKey(
                kid=row["kid"],
                purpose=SigningKeyPurpose(row["purpose"]),
                public_key=row["public_key"].hex(),
                status=row["status"],
            )
            for row in rows
        )
    )


async def rotate_signing_key(request: RotateSigningKey, work: UnitOfWork) -> SigningKey:
    """The current key retires, or is revoked; the unique index lets two rotations at a time not both win."""
    old = await work.load(
        select(signing_key)
        .where(signing_key.c.status == SigningKeyStatus.CURRENT, signing_key.c.purpose == request.purpose)
        .with_for_update(),
        "signing key",
        code=KEY_NOT_FOUND,
    )
    ended = SIGNING_KEY.after("revoke" if request.revoke_current else "retire", SigningKeyStatus(old["status"]))
    await work.execute(update(signing_key).where(signing_key.c.kid == old["kid"]).values(status=ended))
    key, key_id = Ed25519PrivateKey.generate(), new_id()
    await work.insert(
        signing_key,
        kid=str(key_id),
        purpose=request.purpose,
        public_key=key.public_key().public_bytes_raw(),
        private_key=await work.keys.encrypt(key.private_bytes_raw().hex(), **_PLACE),
        status=SigningKeyStatus.CURRENT,
        created_at=work.now,
    )
    event = SigningKeyRotated(
        signing_key_id=key_id,
        kid=str(key_id),
        purpose=request.purpose,
        public_key=key.public_key().public_bytes_raw().hex(),
        not_before=work.now,
        revoked_kid=old["kid"] if request.revoke_current else None,
    )
    await keep_signing_key(event, work)
    await work.connection.execute(f"notify {ACCESS_CHANGED}")
    work.emit(event, version=1)
    work.record("signing_key", key_id, before={old["kid"]: old["status"]}, after={old["kid"]: ended})
    return SigningKey(kid=str(key_id), purpose=request.purpose, public_key=event.public_key, status="CURRENT")


async def ensure_signing_keys(heart: Heart) -> None:
    """Make the first key of each purpose at the first start, and know the development key where there is one."""
    development = development_key(heart.settings)
    if development is not None:  # it verifies; identity itself never signs with it
        await _store(heart, DEVELOPMENT_KEY_ID, development, SigningKeyPurpose.CONTEXT_TOKEN, SigningKeyStatus.RETIRED)
    for purpose in SigningKeyPurpose:
        await _store(heart, str(new_id()), Ed25519PrivateKey.generate(), purpose, SigningKeyStatus.CURRENT)
    async with heart.database.transaction(NIL_ORGANISATION, read_only=True) as connection:
        rows = await connection.fetch(
            "select kid, public_key, status from signing_key where purpose = $1", SigningKeyPurpose.CONTEXT_TOKEN
        )
    for row in rows:
        await heart.access.remember_key(row["kid"], row["public_key"], row["status"])


async def _store(
    heart: Heart, kid: str, key: Ed25519PrivateKey, purpose: SigningKeyPurpose, status: SigningKeyStatus
) -> None:
    """Keep a key; where its purpose has a current one already the new one is dropped."""
    row = {
        "kid": kid,
        "purpose": purpose,
        "public_key": key.public_key().public_bytes_raw(),
        "private_key": await heart.keys.encrypt(key.private_bytes_raw().hex(), **_PLACE),
        "status": status,
        "created_at": clock.now(),
    }
    statement = insert(signing_key).values(**row).on_conflict_do_nothing()
    if kid == DEVELOPMENT_KEY_ID:
        statement = insert(signing_key).values(**row).on_conflict_do_update(index_elements=["kid"], set_=row)
    sql, arguments = render(statement)
    async with heart.database.transaction(NIL_ORGANISATION) as connection:
        await connection.execute(sql, *arguments)


async def ensure_development_administrator(heart: Heart) -> None:
    """The person that `crm token` acts as, where the development issuer is on."""
    if development_key(heart.settings) is None:
        return
    row = {
        "id": ADMINISTRATOR_ID,
        "kind": "PERSON",
        "first_name": "Development",
        "last_name": "Administrator",
        "status": "ACTIVE",
        "locale": "fr-FR",
        "timezone": "Europe/Paris",
        "created_at": clock.now(),
    }
    sql, arguments = render(insert(user_account).values(**row).on_conflict_do_nothing())
    async with heart.database.transaction(NIL_ORGANISATION) as connection:
        await connection.execute(sql, *arguments)
