"""Speaks Maileva's HTTP dialect (mail v2, registered_mail v4)."""

import asyncio
import json
from collections.abc import Mapping
from datetime import date
from typing import Any

import httpx

from actors.logistics.maileva.provider import (
    Account,
    Json,
    PostalReport,
    PostalScan,
    ProviderRefusedError,
    ProviderUnavailableError,
    Sending,
)
from messages.logistics import ProofKind
from messages.shared import LetterKind
from messages.values.instants import local_date, parse_instant
from runtime import clock
from runtime.outgoing_http import http_client

_SIGN_IN = {
    "https://api.maileva.com": "https://connexion.maileva.com",
    "https://api.sandbox.maileva.net": "https://connexion.sandbox.maileva.net",
}
OFFICIAL_HOSTS = frozenset(_SIGN_IN)
_TOKEN_PATH = "/auth/realms/services/protocol/openid-connect/token"
_RENEW_BEFORE_SECONDS = 300
_TIMEOUT = httpx.Timeout(30.0, connect=10.0, write=120.0)
_REPEATABLE = frozenset({408, 425, 429, 500, 502, 503, 504})

_PROOFS = {
    ProofKind.DEPOSIT: "deposit_proof",
    ProofKind.CONTENT: "content_proof",
    ProofKind.DELIVERY: "acknowledgement_of_receipt",
    ProofKind.UNDELIVERED: "undelivered_mail",
}

# One token per account and process: twenty letters at once sign in once.
_tokens: dict[Account, tuple[str, float]] = {}
_locks: dict[Account, asyncio.Lock] = {}


class MailevaClient:
    """`async with MailevaClient(account) as provider:`"""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._http = http_client(timeout=_TIMEOUT)

    async def __aenter__(self) -> "MailevaClient":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def prepare(self, sending: Sending) -> str:
        """Each step looks at what is there before it adds anything, so that a crash between two steps repeats none."""
        base = _product(sending.kind)
        sending_id = await self._find(base, sending.custom_id) or await self._create(base, sending)
        path = f"{base}/sendings/{sending_id}"
        if (await self._call("GET", path))["status"] != "DRAFT":
            return sending_id
        if not (await self._call("GET", f"{path}/documents"))["documents"]:
            await self._add_document(path, sending)
        if not (await self._call("GET", f"{path}/recipients"))["recipients"]:
            await self._call("POST", f"{path}/recipients", json=_recipient(sending))
        return sending_id

    async def status(self, kind: LetterKind, sending_id: str) -> str:
        """DRAFT until it is submitted, then the word about its recipient."""
        path = f"{_product(kind)}/sendings/{sending_id}"
        sending = await self._call("GET", path)
        if sending["status"] in ("DRAFT", "REJECTED"):
            return str(sending["status"])
        found = (await self._call("GET", f"{path}/recipients"))["recipients"]
        return str(found[0]["status"] if found else sending["status"])

    async def report(self, kind: LetterKind, sending_id: str) -> PostalReport:
        """Scans and proofs come with the recipient of a registered letter, with a call of their own for a simple one."""
        path = f"{_product(kind)}/sendings/{sending_id}"
        sending = await self._call("GET", path)
        found = (await self._call("GET", f"{path}/recipients"))["recipients"]
        if sending["status"] in ("DRAFT", "REJECTED") or not found:
            return PostalReport(str(sending["status"]))
        recipient = found[0]
        if kind is LetterKind.SIMPLE:
            statuses = await self._call("GET", f"{path}/recipients/{recipient['id']}/delivery_statuses")
            return PostalReport(str(recipient["status"]), scans=_scans(statuses["delivery_statuses"]))
        recipient = await self._call("GET", f"{path}/recipients/{recipient['id']}")
        return PostalReport(
            str(recipient["status"]),
            recipient.get("registered_number"),
            _scans([*recipient.get("delivery_statuses", ()), *_main_status(recipient)]),
            tuple(_proofs(recipient)),
        )

    async def proof(self, kind: LetterKind, sending_id: str, proof: ProofKind) -> bytes:
        """The PDF."""
        path = f"{_product(kind)}/sendings/{sending_id}"
        recipient = (await self._call("GET", f"{path}/recipients"))["recipients"][0]["id"]
        answer = await self._answer("GET", f"{path}/recipients/{recipient}/download_{_PROOFS[proof]}")
        return answer.content

    async def submit(self, kind: LetterKind, sending_id: str) -> None:
        """The call that cannot be taken back; one that was made before is fine."""
        try:
            await self._call("POST", f"{_product(kind)}/sendings/{sending_id}/submit")
        except ProviderRefusedError as error:
            if error.code != "SENDING_STATUS_IS_NOT_DRAFT":
                raise

    async def discard(self, kind: LetterKind, sending_id: str) -> None:
        """Delete a draft."""
        try:
            await self._call("DELETE", f"{_product(kind)}/sendings/{sending_id}")
        except ProviderRefusedError as error:
            if error.code not in ("NOT_FOUND", "SENDING_STATUS_IS_NOT_DRAFT"):
                raise

    async def _find(self, base: str, custom_id: str) -> str | None:
        found = (await self._call("GET", f"{base}/sendings", params={"custom_id": custom_id}))["sendings"]
        return str(found[0]["id"]) if found else None

    async def _create(self, base: str, sending: Sending) -> str:
        created = await self._call("POST", f"{base}/sendings", json=_options(sending))
        return str(created["id"])

    async def _add_document(self, path: str, sending: Sending) -> None:
        files = {
            "document": (sending.filename, sending.content, "application/pdf"),
            "metadata": (None, json.dumps({"name": sending.filename, "priority": 1}), "application/json"),
        }
        await self._call("POST", f"{path}/documents", files=files)

    async def _call(self, method: str, path: str, **arguments: Any) -> Json:
        answer = await self._answer(method, path, **arguments)
        return dict(answer.json()) if answer.content else {}

    async def _answer(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        """One call with a valid token, renewed once when the provider refuses it."""
        answer = await self._send(method, path, await self._token(), arguments)
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            _tokens.pop(self._account, None)
            answer = await self._send(method, path, await self._token(), arguments)
        if answer.status_code in _REPEATABLE:
            raise ProviderUnavailableError(f"{method} {path} answered {answer.status_code}")
        if answer.is_error:
            raise _refusal_of(answer)
        return answer

    async def _send(self, method: str, path: str, token: str, arguments: Mapping[str, Any]) -> httpx.Response:
        url = self._account.base_url.rstrip("/") + path
        try:
            return await self._http.request(method, url, headers={"Authorization": f"Bearer {token}"}, **arguments)
        except httpx.HTTPError as error:
            raise ProviderUnavailableError(f"{method} {path}: {error!r}") from error

    async def _token(self) -> str:
        async with _locks.setdefault(self._account, asyncio.Lock()):
            known = _tokens.get(self._account)
            if known is not None and known[1] > clock.monotonic():
                return known[0]
            token, seconds = await self._sign_in()
            _tokens[self._account] = (token, clock.monotonic() + max(seconds - _RENEW_BEFORE_SECONDS, 1))
            return token

    async def _sign_in(self) -> tuple[str, int]:
        base = self._account.base_url.rstrip("/")
        form = {
            "grant_type": "password",
            "client_id": "crm",
            "username": self._account.username,
            "password": self._account.password,
        }
        try:
            answer = await self._http.post(_SIGN_IN.get(base, base) + _TOKEN_PATH, data=form)
        except httpx.HTTPError as error:
            raise ProviderUnavailableError(f"signing in: {error!r}") from error
        if answer.status_code in _REPEATABLE:
            raise ProviderUnavailableError(f"signing in answered {answer.status_code}")
        if answer.is_error:
            raise ProviderRefusedError("AUTH_FAILED", "the account's user or password is wrong; correct the account")
        found = answer.json()
        return str(found["access_token"]), int(found["expires_in"])


def _product(kind: LetterKind) -> str:
    return "/mail/v2" if kind is LetterKind.SIMPLE else "/registered_mail/v4"


def _options(sending: Sending) -> Json:
    """Every option is given: the provider's defaults cost more."""
    options: Json = {
        "name": sending.name,
        "custom_id": sending.custom_id,
        "color_printing": sending.colour,
        "duplex_printing": sending.duplex,
        "optional_address_sheet": False,
        "postage_type": sending.postage.value,
        "print_sender_address": sending.sender is not None,
    }
    if sending.kind is not LetterKind.SIMPLE:
        options["acknowledgement_of_receipt"] = sending.kind is LetterKind.REGISTERED_AR
    if sending.sender is not None:
        options |= {f"sender_address_line_{n}": getattr(sending.sender, f"line{n}") for n in range(1, 7)}
        options["sender_country_code"] = sending.sender.country_code
    return options


def _recipient(sending: Sending) -> Json:
    lines = {f"address_line_{n}": getattr(sending.recipient, f"line{n}") for n in range(1, 7)}
    return {"custom_id": sending.custom_id, "country_code": sending.recipient.country_code, **lines}


def _scans(found: list[Json]) -> tuple[PostalScan, ...]:
    """Oldest first; of the same instant, the provider's summary before its details."""
    scans = [PostalScan(str(one["status"]), str(one.get("label") or ""), parse_instant(one["date"])) for one in found]
    return tuple(sorted(scans, key=lambda scan: (scan.occurred_at, scan.code)))


def _main_status(recipient: Json) -> list[Json]:
    """The provider's summary as one more scan; an undelivered letter's says why."""
    summary = recipient.get("last_main_delivery_status")
    if summary is None:
        return []
    if summary["status"] == "UNDELIVERED" and recipient.get("undelivered_mail_reason"):
        return [{**summary, "status": recipient["undelivered_mail_reason"]}]
    return [summary]


def _proofs(recipient: Json) -> list[tuple[ProofKind, date]]:
    """The proofs whose address the provider has filled in."""
    return [
        (kind, local_date(parse_instant(recipient[f"{name}_date"])))
        for kind, name in _PROOFS.items()
        if recipient.get(f"{name}_url")
    ]


def _refusal_of(answer: httpx.Response) -> ProviderRefusedError:
    try:
        first = answer.json()["errors"][0]
        return ProviderRefusedError(str(first["code"]), str(first["message"]))
    except (ValueError, KeyError, IndexError, TypeError):
        code = "NOT_FOUND" if answer.status_code == httpx.codes.NOT_FOUND else f"HTTP_{answer.status_code}"
        return ProviderRefusedError(code, answer.text[:200])
