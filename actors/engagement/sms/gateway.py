"""Hands a text message to the operator over HTTP. The key makes a repeated call harmless: the operator sends it once."""

from dataclasses import dataclass
from enum import StrEnum

import httpx

from runtime.outgoing_http import http_client

_TIMEOUT = httpx.Timeout(15.0, connect=5.0)
_TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})


class GatewayOutcome(StrEnum):
    """What the operator did with the message."""

    ACCEPTED = "ACCEPTED"
    REFUSED = "REFUSED"
    UNREACHABLE = "UNREACHABLE"


@dataclass(frozen=True, slots=True)
class GatewayAnswer:
    """The operator's answer; `provider_id` of an accepted message, `code` of a refused one."""

    outcome: GatewayOutcome
    provider_id: str | None = None
    code: str | None = None


async def send(url: str, token: str, *, to: str, sender: str, text: str, key: str) -> GatewayAnswer:
    """POST the message; faults of the network are answers, so that the caller plans the next try."""
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": key}
    try:
        async with http_client(timeout=_TIMEOUT) as http:
            reply = await http.post(f"{url}/send", headers=headers, json={"to": to, "sender": sender, "text": text})
    except httpx.HTTPError as error:
        return GatewayAnswer(GatewayOutcome.UNREACHABLE, code=type(error).__name__)
    if reply.status_code in _TRANSIENT:
        return GatewayAnswer(GatewayOutcome.UNREACHABLE, code=f"HTTP_{reply.status_code}")
    if reply.is_success:
        return GatewayAnswer(GatewayOutcome.ACCEPTED, provider_id=str(reply.json()["id"]))
    return GatewayAnswer(GatewayOutcome.REFUSED, code=f"HTTP_{reply.status_code}")
