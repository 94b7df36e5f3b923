"""Speaks the Flow and Directory services of XP Z12-013 over HTTP, as an OAuth2 client of the company's account."""

import asyncio
import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import httpx

from actors.factures.platform.port import (
    DirectoryLine,
    FoundFlow,
    PlatformAddress,
    PlatformUnavailableError,
    Upload,
)
from messages.factures.platform import PLATFORM_REFUSED
from messages.problem import Refused
from messages.values.identifiers import new_id
from messages.values.instants import format_instant, parse_instant
from runtime import clock
from runtime.outgoing_http import http_client

_TIMEOUT = httpx.Timeout(30.0, connect=10.0, write=60.0)
_REPEATABLE = frozenset({408, 425, 429, 500, 502, 503, 504})
_PAGE = 100
_MOST_PAGES = 10
_TOKEN_MARGIN = timedelta(seconds=60)
_OVERLAP = timedelta(seconds=1)
"""Read again before the last instant seen: a flow of the same instant may appear later."""
_MESSAGE = "CustomerInvoiceLC"
_FLOWS, _DIRECTORY = "/flow-service/v1", "/directory-service/v1"


class PlatformClient:
    """One account. The connection and the token are kept between calls."""

    def __init__(self, address: PlatformAddress, client_id: str, client_secret: str) -> None:
        self._address = address
        self._credentials = (client_id, client_secret)
        self._http = http_client(timeout=_TIMEOUT)
        self._token: tuple[str, datetime] | None = None
        self._asking = asyncio.Lock()

    async def close(self) -> None:
        """End the connection."""
        await self._http.aclose()

    async def send(self, upload: Upload) -> str:
        """The flow's id; a sending that is there already is looked up by its tracking id."""
        info = {
            "name": upload.filename,
            "flowSyntax": upload.syntax,
            "processingRule": upload.processing_rule,
            "flowProfile": "CIUS",
            "trackingId": upload.tracking_id,
            "sha256": upload.sha256,
        }
        files = {
            "file": (upload.filename, upload.content, upload.mime),
            "flowInfo": (None, json.dumps(info), "application/json"),
        }
        try:
            answer = await self._json("POST", f"{self._address.flow_url}{_FLOWS}/flows", files=files)
            return str(answer["flowId"])
        except Refused as refusal:
            if refusal.details.get("code") != "AlreadyExistingFlow":
                raise
        where = {"trackingId": upload.tracking_id}
        (known,) = (await self._search({"where": where, "limit": 1}))["results"]
        return str(known["flowId"])

    async def flows_since(self, since: datetime | None) -> Sequence[FoundFlow]:
        """All changed flows, page by page; messages to us are fetched with them."""
        where = {"updatedAfter": format_instant(since - _OVERLAP)} if since else {}
        found: list[FoundFlow] = []
        cursor: str | None = None
        for _ in range(_MOST_PAGES):
            page = await self._search({"where": where, "limit": _PAGE} | ({"cursor": cursor} if cursor else {}))
            found += [await self._found(item) for item in page["results"]]
            cursor = page.get("nextCursor")
            if not cursor:
                break
        return sorted(found, key=lambda flow: flow.updated_at)

    async def directory_line(self, address: str) -> DirectoryLine | None:
        """The entry of an address of scheme 0225."""
        url = f"{self._address.directory_url}{_DIRECTORY}/directory-line/code:{address}"
        answer = await self._call("GET", url, absent_is_fine=True)
        if answer.status_code == 404:
            return None
        body = answer.json()
        enabled = body.get("directoryLineStatus") == "Enabled"
        return DirectoryLine(str(body["addressingIdentifier"]), str(body.get("platformType", "WK")), enabled)

    async def subscribe(self, callback_url: str) -> str:
        """A new signing key for reports to the URL."""
        body = {"callbackUrl": callback_url, "flowTypes": ["CustomerInvoice", _MESSAGE], "flowDirection": "In"}
        answer = await self._json("POST", f"{self._address.flow_url}{_FLOWS}/webhooks", json=body)
        return str(answer["signingKey"])

    async def _found(self, item: dict[str, Any]) -> FoundFlow:
        acknowledgement = item.get("acknowledgement") or {}
        to_us = item["flowType"] == _MESSAGE and item.get("flowDirection") == "In"
        url = f"{self._address.flow_url}{_FLOWS}/flows/{item['flowId']}"
        content = (await self._call("GET", url, params={"docType": "Original"})).content if to_us else None
        details = tuple(str(detail["reasonCode"]) for detail in acknowledgement.get("details") or ())
        return FoundFlow(
            flow_id=str(item["flowId"]),
            type=str(item["flowType"]),
            updated_at=parse_instant(item["updatedAt"]),
            tracking_id=item.get("trackingId"),
            ack_status=acknowledgement.get("status"),
            ack_details=details,
            content=content,
        )

    async def _search(self, body: dict[str, Any]) -> dict[str, Any]:
        return await self._json("POST", f"{self._address.flow_url}{_FLOWS}/flows/search", json=body)

    async def _json(self, method: str, url: str, **arguments: Any) -> dict[str, Any]:
        return dict((await self._call(method, url, **arguments)).json())

    async def _call(self, method: str, url: str, *, absent_is_fine: bool = False, **arguments: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {await self._bearer()}", "Request-Id": str(new_id())}
        headers["Organization-Id"] = self._credentials[0]
        answer = await self._request(method, url, headers=headers, **arguments)
        if answer.status_code == 401:  # the platform ended the token early
            self._token = None
            raise PlatformUnavailableError(f"{method} {url} answered 401")
        if answer.status_code == 404 and absent_is_fine:
            return answer
        if answer.is_error:
            raise _refused(method, url, answer)
        return answer

    async def _bearer(self) -> str:
        async with self._asking:
            if self._token is None or clock.now() >= self._token[1]:
                client_id, secret = self._credentials
                body = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret}
                answer = await self._request("POST", self._address.token_url, data=body)
                if answer.is_error:
                    raise _refused("POST", self._address.token_url, answer)
                found = answer.json()
                ends = clock.now() + timedelta(seconds=float(found["expires_in"])) - _TOKEN_MARGIN
                self._token = (str(found["access_token"]), ends)
            return self._token[0]

    async def _request(self, method: str, url: str, **arguments: Any) -> httpx.Response:
        try:
            answer = await self._http.request(method, url, **arguments)
        except httpx.HTTPError as error:
            raise PlatformUnavailableError(f"{method} {url}: {error!r}") from error
        if answer.status_code in _REPEATABLE:
            raise PlatformUnavailableError(f"{method} {url} answered {answer.status_code}")
        return answer


def _refused(method: str, url: str, answer: httpx.Response) -> Refused:
    try:
        code = str(answer.json().get("errorCode") or answer.status_code)
    except ValueError:
        code = str(answer.status_code)
    return Refused(
        PLATFORM_REFUSED,
        f"the platform answered {answer.status_code} to {method} {url}: {answer.text[:200]}",
        details={"code": code},
    )
