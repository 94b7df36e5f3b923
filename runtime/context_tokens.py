"""Context tokens: identity signs them, every actor verifies them offline (cross_cutting 6.3).

A token is a compact JWS over canonical claims (RFC 8785), signed with Ed25519. The header is exactly {alg, kid, typ}: anything more
or else is refused, which closes algorithm confusion and `crit` tricks at once.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwa import JWSAlgModel
from joserfc.jwk import OKPKey
from pydantic import BaseModel, ConfigDict

from messages.errors import SESSION_EXPIRED, UNAUTHORIZED
from messages.problem import Refused
from runtime.permission_patterns import PermissionSet

ISSUER = "crm-identity"
AUDIENCE = "crm"
TOKEN_TYPE = "crm-at+jwt"
LEEWAY_SECONDS = 5

_ALGORITHM = "EdDSA"


class UnknownKey(Refused):
    """The token names a signing key this process does not know (yet); refreshing the keys once may cure it."""

    def __init__(self, key_id: str) -> None:
        super().__init__(UNAUTHORIZED, "authorization: unknown signing key; ask identity for a new context token")
        self.key_id = key_id


@dataclass(frozen=True, slots=True)
class ContextToken:
    """Who acts, for which organisation, with which rights. Instants are Unix seconds; `company_ids` None means all."""

    subject: UUID
    session_id: str
    organisation_id: UUID | None
    membership_id: UUID | None
    roles: tuple[str, ...]
    permissions: PermissionSet
    company_ids: frozenset[UUID] | None
    data_scope: str
    team: UUID | None
    policy_version: int | None
    issued_at: int
    expires_at: int
    token_id: str


class _Claims(BaseModel):
    """The claims as they travel; unknown ones are ignored so that identity may add some."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore", hide_input_in_errors=True)

    iss: Literal["crm-identity"]
    aud: Literal["crm"]
    sub: UUID
    sid: str
    org: UUID | None
    mem: UUID | None = None
    rol: tuple[str, ...]
    prm: tuple[str, ...]
    cmp: Literal["ALL"] | frozenset[UUID]
    dsc: Literal["OWN", "TEAM", "COMPANY", "ORGANISATION"]
    team: UUID | None = None
    pol: int | None = None
    iat: int
    exp: int
    jti: str

    def context(self) -> ContextToken:
        return ContextToken(
            subject=self.sub,
            session_id=self.sid,
            organisation_id=self.org,
            membership_id=self.mem,
            roles=self.rol,
            permissions=PermissionSet(self.prm),
            company_ids=None if self.cmp == "ALL" else self.cmp,
            data_scope=self.dsc,
            team=self.team,
            policy_version=self.pol,
            issued_at=self.iat,
            expires_at=self.exp,
            token_id=self.jti,
        )


class _EdDsaOnly(jws.JWSRegistry):
    """RFC 9864 renames EdDSA to Ed25519 and joserfc warns at each use; the contract with our actors says EdDSA."""

    def get_alg(self, name: str) -> JWSAlgModel:
        return self.algorithms[_ALGORITHM] if name == _ALGORITHM else super().get_alg(name)


_registry = _EdDsaOnly(algorithms=[_ALGORITHM])


class TokenIssuer:
    """Signs context tokens with one key; only identity holds one."""

    def __init__(self, key_id: str, private_key: Ed25519PrivateKey) -> None:
        self.key_id = key_id
        self._key = OKPKey.import_key(private_key)

    def issue(self, claims: Mapping[str, Any]) -> str:
        """The signed token of these claims (JSON values only); `iss` and `aud` are added.

        Raises ValueError when a claim is missing or malformed, so that no token is issued that every actor would refuse.
        """
        payload = rfc8785.dumps({**claims, "iss": ISSUER, "aud": AUDIENCE})
        _Claims.model_validate_json(payload)
        header = {"alg": _ALGORITHM, "kid": self.key_id, "typ": TOKEN_TYPE}
        return jws.serialize_compact(header, payload, self._key, registry=_registry)


class TokenVerifier:
    """Verifies tokens with the public keys it was given and remembers the last `capacity` that verified."""

    def __init__(self, capacity: int = 4096) -> None:
        self._capacity = capacity
        self._keys: dict[str, OKPKey] = {}
        self._verified: OrderedDict[str, ContextToken] = OrderedDict()

    def add_key(self, key_id: str, public_key: bytes) -> None:
        """Trust this raw Ed25519 key (32 bytes); another key of the same name is replaced. ValueError when malformed."""
        key = Ed25519PublicKey.from_public_bytes(public_key)
        known = self._keys.get(key_id)
        if known is not None and known.public_key == key:
            return  # a refresh of the keys must not make every token cold again
        self._keys[key_id] = OKPKey.import_key(key)
        self._verified.clear()

    def remove_key(self, key_id: str) -> None:
        """Stop trusting a key; its tokens are refused from now on, remembered or not."""
        self._keys.pop(key_id, None)
        self._verified.clear()

    def knows(self, key_id: str) -> bool:
        """Whether tokens signed by this key can be verified."""
        return key_id in self._keys

    def key_id_of(self, token: str) -> str | None:
        """The key a well-formed token says it was signed with, unverified; None for anything else."""
        try:
            return _key_id(jws.extract_compact(token.encode(), registry=_registry))
        except (JoseError, ValueError):
            return None

    def verify(self, token: str, now: float) -> ContextToken:
        """Who the token speaks for at `now` (Unix seconds).

        Raises Refused: UNAUTHORIZED (UnknownKey when only its key is missing), or SESSION_EXPIRED from 5 s after `exp`.
        """
        context = self._verified.get(token)
        if context is None:
            context = self._verified[token] = self._authenticated(token)
            if len(self._verified) > self._capacity:
                self._verified.popitem(last=False)
        else:
            self._verified.move_to_end(token)
        if now - LEEWAY_SECONDS >= context.expires_at:
            raise Refused(SESSION_EXPIRED, "authorization: the context token has expired; ask identity for a new one")
        return context

    def _authenticated(self, token: str) -> ContextToken:
        try:
            signed = jws.extract_compact(token.encode(), registry=_registry)
            key_id = _key_id(signed)
            if key_id is None:
                raise _not_a_context_token()
            key = self._keys.get(key_id)
            if key is None:
                raise UnknownKey(key_id)
            if not jws.validate_compact(signed, key, registry=_registry):
                raise _not_a_context_token()
            return _Claims.model_validate_json(signed.payload).context()
        except (JoseError, ValueError) as error:  # pydantic's ValidationError is a ValueError
            raise _not_a_context_token() from error


def _key_id(signed: jws.CompactSignature) -> str | None:
    header = signed.headers()
    key_id = header.get("kid")
    if isinstance(key_id, str) and header == {"alg": _ALGORITHM, "kid": key_id, "typ": TOKEN_TYPE}:
        return key_id
    return None


def _not_a_context_token() -> Refused:
    return Refused(
        UNAUTHORIZED, "authorization: not a valid context token; sign in again or ask identity for a new one"
    )
