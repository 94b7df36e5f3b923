"""Attempts by key, in the memory of one process: enough to make guessing and flooding pointless, gone with a restart."""

from collections import OrderedDict, deque

from runtime import clock

_MOST_KEYS = 10_000


class Attempts:
    """Blocks a key for `seconds` once it failed `limit` times within as long."""

    def __init__(self, limit: int, seconds: float) -> None:
        self._limit = limit
        self._seconds = seconds
        self._failures: OrderedDict[str, deque[float]] = OrderedDict()

    def note(self, key: str) -> None:
        """Count one failure."""
        failures = self._failures.setdefault(key, deque(maxlen=self._limit))
        failures.append(clock.monotonic())
        self._failures.move_to_end(key)
        if len(self._failures) > _MOST_KEYS:
            self._failures.popitem(last=False)

    def is_blocked(self, key: str) -> bool:
        """Whether the last `limit` failures were close together and the last of them is fresh."""
        failures = self._failures.get(key)
        if failures is None or len(failures) < self._limit:
            return False
        fresh = clock.monotonic() - failures[-1] < self._seconds
        return fresh and failures[-1] - failures[0] < self._seconds


class Budget:
    """At most `limit` uses of a key within any `seconds`."""

    def __init__(self, limit: int, seconds: float) -> None:
        self._limit = limit
        self._seconds = seconds
        self._uses: OrderedDict[str, deque[float]] = OrderedDict()

    def take(self, key: str) -> bool:
        """Use the key once; False when its budget is spent, and then nothing is used."""
        now = clock.monotonic()
        uses = self._uses.setdefault(key, deque(maxlen=self._limit))
        self._uses.move_to_end(key)
        if len(self._uses) > _MOST_KEYS:
            self._uses.popitem(last=False)
        if len(uses) == self._limit and now - uses[0] < self._seconds:
            return False
        uses.append(now)
        return True
