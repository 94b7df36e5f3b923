"""Signs the local issuer's tokens with an ES256 key made at the first start; earlier keys still verify after a rotation."""

import json
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from messages.values.identifiers import new_id
from runtime import clock
from runtime.local_issuer.accounts import write_secretly
from runtime.local_issuer.grants import SignIn

ACCESS_SECONDS = 300
AUDIENCE = "crm-api"
_ALGORITHM = "ES256"


class Signer:
    """The keys of one folder."""

    def __init__(self, folder: Path, issuer: str) -> None:
        self._path = folder / "keys.json"
        self._issuer = issuer
        known = json.loads(self._path.read_text()) if self._path.exists() else []
        self._keys = [ECKey.import_key(key) for key in known]
        if not self._keys:
            self.rotate()

    def rotate(self) -> None:
        """Sign with a new key from now on."""
        self._keys.insert(0, ECKey.generate_key("P-256", {"use": "sig", "alg": _ALGORITHM, "kid": str(new_id())}))
        write_secretly(self._path, json.dumps([key.as_dict(private=True) for key in self._keys]))

    def public_keys(self) -> Any:
        """The JSON Web Key Set (RFC 7517)."""
        return KeySet(list(self._keys)).as_dict(private=False)

    def access_token(self, sign_in: SignIn) -> str:
        """For our actors: five minutes, audience crm-api, with who the person is."""
        return self.sign(
            {**_person(sign_in), "aud": AUDIENCE, "azp": sign_in.client_id, "scope": "openid email profile"}
        )

    def id_token(self, sign_in: SignIn) -> str:
        """For the client that signed the person in."""
        nonce = {"nonce": sign_in.nonce} if sign_in.nonce else {}
        return self.sign({**_person(sign_in), "aud": sign_in.client_id, "azp": sign_in.client_id, **nonce})

    def sign(self, claims: dict[str, Any]) -> str:
        """A token of these claims; issuer, times and id are added unless given."""
        now = int(clock.unix_now())
        times = {"iss": self._issuer, "iat": now, "exp": now + ACCESS_SECONDS, "jti": str(new_id())}
        key = self._keys[0]
        return jwt.encode({"alg": _ALGORITHM, "kid": key.kid, "typ": "JWT"}, times | claims, key)

    def verified(self, token: str) -> dict[str, Any] | None:
        """The claims of a token of ours that is still valid; None for anything else."""
        try:
            decoded = jwt.decode(token, KeySet(list(self._keys)), algorithms=[_ALGORITHM])
            jwt.JWTClaimsRegistry(now=int(clock.unix_now()), iss={"essential": True, "value": self._issuer}).validate(
                decoded.claims
            )
        except ValueError:
            return None
        return dict(decoded.claims)


def _person(sign_in: SignIn) -> dict[str, Any]:
    account = sign_in.account
    return {
        "sub": account.subject,
        "sid": sign_in.session_id,
        "auth_time": sign_in.authenticated_at,
        "email": account.email,
        "email_verified": True,
        "given_name": account.given_name,
        "family_name": account.family_name,
    }
