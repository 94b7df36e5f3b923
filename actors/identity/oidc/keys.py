"""The public keys of an OpenID issuer, found by discovery and kept for a while (OpenID Connect Discovery 1.0, RFC 7517)."""

import asyncio

import httpx
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from messages.errors import EXTERNAL_SERVICE_ERROR
from messages.problem import Refused
from runtime import clock
from runtime.outgoing_http import http_client

_DISCOVERY_SECONDS = 3600.0
_KEYS_SECONDS = 600.0
_REFRESH_SECONDS = 30.0
_TIMEOUT_SECONDS = 3.0


class IssuerKeys:
    """One issuer's keys. An unknown key id makes it look again, at most every thirty seconds."""

    def __init__(self, issuer_url: str) -> None:
        self._issuer_url = issuer_url
        self._keys_url = ""
        self._discovered_at = float("-inf")
        self._fetched_at = float("-inf")
        self._keys = KeySet([])
        self._looking = asyncio.Lock()

    async def containing(self, key_id: str | None) -> KeySet:
        """The key set, fresh enough to hold this key if the issuer has it. EXTERNAL_SERVICE_ERROR when it is not reached."""
        async with self._looking:
            age = clock.monotonic() - self._fetched_at
            if age > _KEYS_SECONDS or (not self._knows(key_id) and age > _REFRESH_SECONDS):
                await self._fetch()
        return self._keys

    def _knows(self, key_id: str | None) -> bool:
        return key_id is None or any(key.kid == key_id for key in self._keys.keys)

    async def _fetch(self) -> None:
        try:
            async with http_client(timeout=_TIMEOUT_SECONDS, trust_env=False) as http:
                if clock.monotonic() - self._discovered_at > _DISCOVERY_SECONDS:
                    await self._discover(http)
                answer = await http.get(self._keys_url)
                answer.raise_for_status()
                keys = KeySet.import_key_set(answer.json())
        except (httpx.HTTPError, JoseError, ValueError, KeyError, TypeError) as error:
            if self._keys.keys:
                return  # the keys at hand go on; only what they do not verify is refused
            raise Refused(
                EXTERNAL_SERVICE_ERROR, "the issuer's keys cannot be read; try again", details={"provider": "oidc"}
            ) from error
        self._keys, self._fetched_at = keys, clock.monotonic()

    async def _discover(self, http: httpx.AsyncClient) -> None:
        answer = await http.get(f"{self._issuer_url.rstrip('/')}/.well-known/openid-configuration")
        answer.raise_for_status()
        document = answer.json()
        if document["issuer"] != self._issuer_url:
            raise ValueError(f"the issuer calls itself {document['issuer']}")
        self._keys_url, self._discovered_at = str(document["jwks_uri"]), clock.monotonic()
