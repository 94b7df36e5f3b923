"""One line to a register: few calls at a time, short patience, and a pause after five failures in a row."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

import httpx

from messages.errors import EXTERNAL_SERVICE_ERROR
from messages.problem import Refused
from runtime import clock
from runtime.outgoing_http import http_client

_TIMEOUT: Final = httpx.Timeout(3.0)
_AT_ONCE: Final = 4
_PAUSES: Final = (0.25, 0.5)
_LONGEST_WAIT: Final = 2.0
_FAILURES: Final = 5
_OPEN_SECONDS: Final = 60.0
_LATER: Final = frozenset({408, 425, 429, 500, 502, 503, 504})


class Line:
    """Asks one service; whatever prevents an answer is EXTERNAL_SERVICE_ERROR."""

    def __init__(self, name: str, url: str) -> None:
        self._name = name
        self._url = url
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._failures = 0
        self._closed_until = 0.0

    async def ask(self, method: str, path: str, **arguments: Any) -> Mapping[str, Any]:
        """The JSON of an answer; tried three times."""
        if clock.monotonic() < self._closed_until:
            raise self._away("it failed five times in a row")
        async with self._slots:
            for pause in (*_PAUSES, None):
                answer, why = await self._once(method, path, arguments)
                if answer is not None and answer.status_code not in _LATER:
                    return self._read(answer)
                if pause is not None:
                    await asyncio.sleep(_wait(answer, pause))
        self._failures += 1
        if self._failures >= _FAILURES:
            self._failures, self._closed_until = 0, clock.monotonic() + _OPEN_SECONDS
        raise self._away(why)

    async def _once(self, method: str, path: str, arguments: Mapping[str, Any]) -> tuple[httpx.Response | None, str]:
        try:
            async with http_client(timeout=_TIMEOUT) as http:
                answer = await http.request(method, self._url + path, **arguments)
        except httpx.HTTPError as error:
            return None, type(error).__name__
        return answer, f"it answered {answer.status_code}"

    def _read(self, answer: httpx.Response) -> Mapping[str, Any]:
        self._failures = 0
        try:
            found = answer.json()
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise self._away("its answer cannot be read")
        return found

    def _away(self, why: str) -> Refused:
        return Refused(
            EXTERNAL_SERVICE_ERROR, f"{self._name} cannot be used now ({why}); go on without it, or try later"
        )


def _wait(answer: httpx.Response | None, pause: float) -> float:
    """As long as the service asks for, within our patience."""
    asked = answer.headers.get("retry-after", "") if answer is not None else ""
    return min(float(asked), _LONGEST_WAIT) if asked.isdigit() else pause
