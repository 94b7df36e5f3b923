"""One kept HTTP client per account, and what a failed call says of what was done."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import httpx

from actors.payments.psp.port import FaultKind, ProviderError
from actors.payments.psp.settings import ProviderSettings
from runtime.outgoing_http import http_client

_CONNECT_SECONDS = 10.0
_CENTS = Decimal("0.01")
_LOCKED = 409
_TOO_MANY = 429


def minor_units(amount: Decimal) -> int:
    """Cents of an amount; the platform's currencies have two decimals."""
    cents = amount * 100
    if cents != cents.to_integral_value():
        raise ProviderError(FaultKind.PERMANENT, f"{amount} has more than two decimals")
    return int(cents)


def major_units(cents: int | str | None) -> Decimal:
    """An amount of cents."""
    return (Decimal(cents or 0) / 100).quantize(_CENTS)


class ProviderHttp:
    """Calls to one account. Whatever may have been executed without an answer is UNKNOWN_OUTCOME, never repeated here.

    `code_of(response)` reads the provider's error code; `keeps` names statuses that the adapter reads itself.
    """

    def __init__(
        self,
        base_url: str,
        *,
        headers: dict[str, str] | None = None,
        auth: httpx.Auth | tuple[str, str] | None = None,
        code_of: Callable[[httpx.Response], str | None] = lambda _: None,
    ) -> None:
        seconds = ProviderSettings().provider_timeout_seconds
        timeout = httpx.Timeout(seconds, connect=min(seconds, _CONNECT_SECONDS))
        self._http = http_client(base_url=base_url.rstrip("/"), timeout=timeout, headers=headers or {}, auth=auth)
        self._code_of = code_of

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def read(self, path: str, *, keeps: tuple[int, ...] = (), **arguments: Any) -> httpx.Response:
        """A call that changes nothing."""
        return await self._call("GET", path, keeps, changes=False, **arguments)

    async def change(
        self, path: str, *, method: str = "POST", keeps: tuple[int, ...] = (), **arguments: Any
    ) -> httpx.Response:
        """A call that changes something."""
        return await self._call(method, path, keeps, changes=True, **arguments)

    async def ask(self, path: str, *, keeps: tuple[int, ...] = (), **arguments: Any) -> httpx.Response:
        """A POST that changes nothing: tokens, searches."""
        return await self._call("POST", path, keeps, changes=False, **arguments)

    async def _call(
        self, method: str, path: str, keeps: tuple[int, ...], *, changes: bool, **arguments: Any
    ) -> httpx.Response:
        lost = FaultKind.UNKNOWN_OUTCOME if changes else FaultKind.TRANSIENT
        try:
            answer = await self._http.request(method, path, **arguments)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise ProviderError(FaultKind.TRANSIENT, f"{method} {path}: {error!r}") from error
        except httpx.HTTPError as error:
            raise ProviderError(lost, f"{method} {path}: {error!r}") from error
        if answer.is_success or answer.status_code in keeps:
            return answer
        raise self._fault(answer, lost, f"{method} {path}")

    def _fault(self, answer: httpx.Response, lost: FaultKind, what: str) -> ProviderError:
        status = answer.status_code
        code, retry_after = self._code_of(answer), None
        if status in (401, 403):
            kind = FaultKind.AUTHENTICATION
        elif status == _TOO_MANY:
            kind, retry_after = FaultKind.RATE, _seconds(answer.headers.get("retry-after"))
        elif status == _LOCKED:
            kind = FaultKind.TRANSIENT
        elif answer.is_server_error or status == httpx.codes.REQUEST_TIMEOUT:
            kind = lost
        else:
            kind = FaultKind.PERMANENT
        return ProviderError(kind, f"{what} answered {status} {code or ''}".strip(), code=code, retry_after=retry_after)


def json_of(answer: httpx.Response) -> dict[str, Any]:
    """The body of an answer that must be a JSON object; anything else leaves the outcome unknown."""
    try:
        found = answer.json()
    except ValueError as error:
        raise ProviderError(FaultKind.UNKNOWN_OUTCOME, "the answer is no JSON") from error
    if not isinstance(found, dict):
        raise ProviderError(FaultKind.UNKNOWN_OUTCOME, "the answer is no JSON object")
    return found


def _seconds(given: str | None) -> float:
    return float(given) if given and given.isdigit() else 60.0
