"""What an issuer's token says, once signature, issuer, audience and time are verified (cross_cutting 8.1)."""

import hashlib
from functools import cache
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwa import JWSAlgModel
from joserfc.jws import JWSRegistry, extract_compact
from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from actors.identity.oidc.keys import IssuerKeys
from actors.identity.settings import IdentitySettings
from messages.errors import SSO_ASSERTION_INVALID
from messages.problem import Refused
from runtime import clock

_ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA"]
_LEEWAY_SECONDS = 30


class IssuerClaims(BaseModel):
    """What the issuer says of a person and his sign-in. Instants are Unix seconds."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    iss: str
    sub: str
    exp: int
    sid: str = ""
    email: str | None = None
    email_verified: bool = False
    given_name: str | None = None
    family_name: str | None = None
    name: str | None = None
    auth_time: int | None = None
    acr: str | None = None
    jti: str | None = None

    @field_validator("sub")
    @classmethod
    def _says_who(cls, sub: str) -> str:
        if not 0 < len(sub) <= 255:
            raise ValueError("sub")
        return sub


class _KnownAlgorithms(JWSRegistry):
    """RFC 9864 renames EdDSA to Ed25519 and joserfc warns at each use; issuers still write EdDSA."""

    def get_alg(self, name: str) -> JWSAlgModel:
        return self.algorithms[name] if name == "EdDSA" else super().get_alg(name)


_registry = _KnownAlgorithms(algorithms=_ALGORITHMS)


class Issuer:
    """The one OpenID issuer that this installation trusts."""

    def __init__(self, settings: IdentitySettings) -> None:
        self.url = settings.issuer_url
        self._settings = settings
        self._keys = IssuerKeys(settings.issuer_url or "")

    async def claims_of(self, token: str) -> IssuerClaims:
        """The verified claims. Raises Refused: SSO_ASSERTION_INVALID, EXTERNAL_SERVICE_ERROR. The token is never logged."""
        raw = await self._verified(token, (self._settings.issuer_audience,))
        authorised = raw.get("azp")
        if authorised is not None and authorised not in self._settings.issuer_clients:
            raise refused("was made for another client")
        try:
            claims = IssuerClaims.model_validate(raw)
        except ValidationError as error:
            raise refused("lacks a claim or has one of a wrong type") from error
        if claims.sid:
            return claims
        return claims.model_copy(update={"sid": hashlib.sha256(token.encode()).hexdigest()})

    async def logout_claims_of(self, token: str) -> dict[str, Any]:
        """The verified claims of a back-channel logout token; those are made for the client, not for our actors."""
        return await self._verified(token, self._settings.issuer_clients)

    async def _verified(self, token: str, audiences: tuple[str, ...]) -> dict[str, Any]:
        if self.url is None:
            raise refused("cannot be verified: no issuer is configured, set CRM_IDENTITY_ISSUER_URL")
        try:
            header = extract_compact(token.encode(), registry=_registry).headers()
            if header.get("alg") not in _ALGORITHMS:
                raise refused("is not signed with a public key")
            keys = await self._keys.containing(header.get("kid"))
            decoded = jwt.decode(token, keys, algorithms=_ALGORITHMS, registry=_registry)
            registry = jwt.JWTClaimsRegistry(
                now=int(clock.unix_now()),
                leeway=_LEEWAY_SECONDS,
                iss={"essential": True, "value": self.url},
                aud={"essential": True, "values": list(audiences)},
                exp={"essential": True},
                iat={"essential": True},
            )
            registry.validate(decoded.claims)
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise refused("does not verify") from error
        return dict(decoded.claims)


def refused(what: str) -> Refused:
    """SSO_ASSERTION_INVALID; never says more than the caller may know."""
    return Refused(SSO_ASSERTION_INVALID, f"idp_token {what}; sign in again at the issuer")


@cache
def issuer() -> Issuer:
    """The configured issuer of this process."""
    return Issuer(IdentitySettings())


@cache
def settings() -> IdentitySettings:
    """The settings of this process."""
    return IdentitySettings()
