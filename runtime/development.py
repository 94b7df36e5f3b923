"""The development issuer: context tokens without sign-in, for tests, demo and first steps. Never in production."""

from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from messages.values.identifiers import derived_id, new_id
from runtime import clock
from runtime.context_tokens import TokenIssuer
from runtime.settings import Environment, Settings

DEVELOPMENT_KEY_ID = "development"
ADMINISTRATOR_ID = derived_id("development administrator")
_LIFE_SECONDS = 12 * 3600


def development_key(settings: Settings) -> Ed25519PrivateKey | None:
    """The key of the development issuer; None where it is off."""
    if settings.development_issuer_seed is None or settings.environment is Environment.PRODUCTION:
        return None
    return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(settings.development_issuer_seed.get_secret_value()))


def development_token(
    seed: str,
    *,
    organisation_id: UUID | None,
    user_id: UUID = ADMINISTRATOR_ID,
    membership_id: UUID | None = None,
    permissions: tuple[str, ...] = ("*",),
    roles: tuple[str, ...] = ("owner",),
    company_ids: tuple[UUID, ...] | None = None,
    life_seconds: int = _LIFE_SECONDS,
    policy_version: int | None = None,
) -> str:
    """A context token signed by the development issuer, valid from now on."""
    now = int(clock.unix_now())
    claims: dict[str, Any] = {
        "sub": str(user_id),
        "sid": f"development-{user_id}",
        "org": str(organisation_id) if organisation_id else None,
        "mem": str(membership_id) if membership_id else None,
        "rol": list(roles),
        "prm": list(permissions),
        "cmp": "ALL" if company_ids is None else [str(company) for company in company_ids],
        "dsc": "ORGANISATION",
        "iat": now,
        "exp": now + life_seconds,
        "jti": str(new_id()),
    }
    if policy_version is not None:
        claims["pol"] = policy_version
    issuer = TokenIssuer(DEVELOPMENT_KEY_ID, Ed25519PrivateKey.from_private_bytes(bytes.fromhex(seed)))
    return issuer.issue(claims)
