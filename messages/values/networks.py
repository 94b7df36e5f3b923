"""Network addresses: ranges in CIDR notation, and whether an address lies in one."""

from collections.abc import Iterable
from ipaddress import ip_address, ip_network
from typing import Annotated

from pydantic import AfterValidator, Field

from messages.values.refusal import refusal


def _network(text: str) -> str:
    try:
        return str(ip_network(text.strip(), strict=False))
    except ValueError:
        raise refusal(
            "NETWORK_INVALID", "this is no network; write an address or a range like 203.0.113.0/24"
        ) from None


Network = Annotated[str, Field(max_length=50), AfterValidator(_network)]
"""A range of addresses, IPv4 or IPv6; a single address is a range of one."""


def is_inside(address: str | None, networks: Iterable[str]) -> bool:
    """Whether the address lies in one of the networks; text that is no address lies in none."""
    try:
        found = ip_address(address or "")
    except ValueError:
        return False
    return any(found in ip_network(network) for network in networks)
