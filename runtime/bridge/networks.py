"""Where a machine's token may be used from: the networks that its account names (identity's `allowed_ips`)."""

import base64

import orjson
from starlette.requests import Request

from messages.errors import IP_NOT_ALLOWED
from messages.problem import Refused
from messages.values.networks import is_inside


def address_of(request: Request) -> str:
    """The network address that the request came from."""
    return request.client.host if request.client else "unknown"


def check_network(authorization: str | None, address: str) -> None:
    """Refuse a context token away from its networks.

    The actor verifies the signature: whoever forges the list of networks has a token that opens nothing.
    """
    networks = _networks_of(authorization)
    if networks and not is_inside(address, networks):
        raise Refused(IP_NOT_ALLOWED, "this account is used from listed networks only; ask its administrator")


def _networks_of(authorization: str | None) -> list[str]:
    _, _, rest = (authorization or "").partition(".")
    payload = rest.partition(".")[0]
    try:
        claims = orjson.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except ValueError:
        return []  # no context token: the actor says so
    found = claims.get("net") if isinstance(claims, dict) else None
    return [str(network) for network in found] if isinstance(found, list) else []
