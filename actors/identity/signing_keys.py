"""The keys that sign context tokens, and what a development system starts with."""

from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from messages.base import NIL_ORGANISATION
from messages.errors import KEY_NOT_FOUND
from messages.identity import GetSigningKeys, SigningKey, SigningKeyPurpose, SigningKeys, SigningKeyStatus
from messages.values.identifiers import new_id
from runtime import clock
from runtime.context_tokens import TokenIssuer
from runtime.development import ADMINISTRATOR_ID, DEVELOPMENT_KEY_ID, development_key
from runtime.heart import Heart
from runtime.unit_of_work import UnitOfWork
from storage.identity.tables import signing_key, user_account
from storage.shared.statements import render


async def sign(claims: dict[str, Any], work: UnitOfWork) -> str:
    """A context token of these claims, by the current key."""
    row = await work.load(
        select(signing_key.c.kid, signing_key.c.private_key).where(
            signing_key.c.status == SigningKeyStatus.CURRENT,
            signing_key.c.purpose == SigningKeyPurpose.CONTEXT_TOKEN,
        ),
        "signing key",
        code=KEY_NOT_FOUND,
    )
    issuer = _issuers.get(row["kid"])
    if issuer is None:
        issuer = _issuers[row["kid"]] = TokenIssuer(row["kid"], await _opened(row["private_key"], work))
    return issuer.issue(claims)


_issuers: dict[str, TokenIssuer] = {}
"""Keys in use, opened once per process."""


async def _opened(blob: bytes, work: UnitOfWork) -> Ed25519PrivateKey:
    text = await work.keys.decrypt(blob, **_PLACE)
    return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(text))


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


async def ensure_signing_key(heart: Heart) -> None:
    """Make the first key at the first start, and know the development key where there is one."""
    async with heart.database.transaction(NIL_ORGANISATION) as connection:
        await connection.execute("select pg_advisory_xact_lock(hashtext('signing key'))")
        known = {row["kid"] for row in await connection.fetch("select kid from signing_key")}
    if not known - {DEVELOPMENT_KEY_ID}:
        await _store(heart, str(new_id()), Ed25519PrivateKey.generate(), SigningKeyStatus.CURRENT)
    development = development_key(heart.settings)
    if development is not None:
        await _store(
            heart, DEVELOPMENT_KEY_ID, development, SigningKeyStatus.RETIRED
        )  # it verifies, identity never signs with it
    async with heart.database.transaction(NIL_ORGANISATION, read_only=True) as connection:
        rows = await connection.fetch("select kid, public_key, status from signing_key")
    for row in rows:
        await heart.access.remember_key(row["kid"], row["public_key"], row["status"])


async def _store(heart: Heart, kid: str, key: Ed25519PrivateKey, status: SigningKeyStatus) -> None:
    sealed = await heart.keys.encrypt(key.private_bytes_raw().hex(), **_PLACE)
    row = {
        "kid": kid,
        "purpose": SigningKeyPurpose.CONTEXT_TOKEN,
        "public_key": key.public_key().public_bytes_raw(),
        "private_key": sealed,
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
