"""How often one address may try: a guesser of tokens is stopped long before he costs anything."""

import ipaddress
from collections import OrderedDict, deque

from runtime import clock

_WINDOW_SECONDS = 60.0
_MOST_ADDRESSES = 10_000


class VisitLimit:
    """At most `most` visits a minute from one IPv4 address or one IPv6 network of 64 bits; kept in this process only."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._visits: OrderedDict[str, deque[float]] = OrderedDict()

    def wait_seconds(self, address: str) -> int:
        """Count a visit: 0 lets it pass, else the seconds after which the next one may."""
        now, key = clock.monotonic(), network_of(address)
        visits = self._visits.setdefault(key, deque())
        self._visits.move_to_end(key)
        if len(self._visits) > _MOST_ADDRESSES:
            self._visits.popitem(last=False)
        while visits and visits[0] <= now - _WINDOW_SECONDS:
            visits.popleft()
        if len(visits) >= self._most:
            return max(1, round(visits[0] + _WINDOW_SECONDS - now))
        visits.append(now)
        return 0


def network_of(address: str) -> str:
    """What one visitor can choose freely inside of counts as one: an IPv6 subscriber owns 2^64 addresses."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address):
        mapped = found.ipv4_mapped
        return str(mapped) if mapped else str(ipaddress.ip_network((found, 64), strict=False))
    return str(found)
