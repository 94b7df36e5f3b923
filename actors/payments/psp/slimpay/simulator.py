"""Plays Slimpay's side: tokens, the HAL entry point, payins, payouts, payment issues, mandate orders, signed webhooks.

A debtor named `ISSUE-SEPA-REJ-<code>` has his debits rejected with it, as in the provider's own sandbox.
"""

import base64
import json
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from actors.payments.psp.simulation import ProviderSimulator, basic_or_bearer
from actors.payments.psp.slimpay.webhooks import HEADER, signature_of
from runtime.simulation import SentWebhook

Body = dict[str, Any]
_RELATION = "https://api.slimpay.net/alps#"
_REJECT = "ISSUE-SEPA-REJ-"
_BEARER = "Bearer slimpay-token"
_DEAD = ("rejected", "cancelled", "notprocessed")


class SlimpaySimulator(ProviderSimulator):
    """One creditor. Amounts are JSON numbers, kept as text here."""

    def __init__(self, webhook_secret: str = "whsec_test_secret", *, page_size: int = 1) -> None:
        super().__init__()
        self.app_name, self.app_secret, self.creditor = "app", "secret", "creditor-1"
        self.webhook_secret, self.page_size = webhook_secret, page_size
        self.payments: dict[str, Body] = {}
        self.issues: list[Body] = []
        self.orders: dict[str, Body] = {}
        self.holders: dict[str, str] = {}
        self.mandates: dict[str, str] = {}

    # -- what a test does ----------------------------------------------------------------------------------------

    def mandate(self, holder: str = "MARTIN", *, reference: str | None = None) -> str:
        """A signed mandate; its debtor decides how debits end."""
        reference = reference or f"SLMP{next(self.ids):08}"
        self.holders[reference], self.mandates[reference] = holder, "active"
        return reference

    def charged(self, key: object) -> Decimal:
        """The money that was or will be debited under one of our references."""
        found = [p for p in self.payments.values() if p["reference"] == str(key) and p["direction"] == "IN"]
        return sum((Decimal(p["amount"]) for p in found if p["executionStatus"] not in _DEAD), Decimal(0))

    def collect(self, payment_id: str, now: datetime) -> None:
        """The bank's answer."""
        payment = self.payments[payment_id]
        self.move(payment, "processing", now)
        holder = self.holders[payment["mandate"]["reference"]]
        if holder.startswith(_REJECT):
            self._raise_issue(payment, holder.removeprefix(_REJECT))
        self.move(payment, "rejected" if holder.startswith(_REJECT) else "processed", now)

    def contest(self, payment_id: str, now: datetime, *, code: str = "MD06") -> None:
        """The debtor claims a refund at his bank."""
        self._raise_issue(self.payments[payment_id], code)
        self.move(self.payments[payment_id], "contested", now)

    def sign(self, reference: str) -> None:
        """The customer signs the mandate."""
        order = self.orders[reference]
        order["state"] = "closed.completed"
        signed = self.mandate(reference=order["items"][0]["mandate"].get("reference"))
        order["_links"] = {f"{_RELATION}get-mandate": {"href": f"{self.url}/mandates/{signed}"}}

    def move(self, payment: Body, status: str, now: datetime) -> None:
        """A payment changes and is reported."""
        payment["executionStatus"] = status
        self.report({"id": payment["id"], "reference": payment["reference"], "status": status.upper()}, now)

    def report(self, data: Body, now: datetime) -> SentWebhook:
        """A signed webhook."""
        stamp = int(now.timestamp()) * 1000
        body = {
            "Id": f"ev-{next(self.ids)}",
            "version": "1",
            "createdAt": stamp,
            "eventType": "payment.update",
            "data": data,
        }
        raw = json.dumps(body).encode()
        sent = SentWebhook({HEADER: f"t={stamp},v1={signature_of(self.webhook_secret, stamp, raw)}"}, raw)
        self.webhooks.append(sent)
        return sent

    def _raise_issue(self, payment: Body, code: str) -> None:
        link = {f"{_RELATION}get-payment": {"href": f"{self.url}/payments/{payment['id']}"}}
        self.issues.append({"id": f"is-{next(self.ids)}", "returnReasonCode": code, "_links": link})

    # -- what the paths do ---------------------------------------------------------------------------------------

    def routes(self) -> list[Route]:
        """The paths that the entry point names."""
        return [
            Route("/oauth/token", self._token, methods=["POST"]),
            self._path("/", "entry", self._entry, "GET"),
            self._path("/payments/in", "create", lambda request, body: self._pay(body, "IN"), "POST"),
            self._path("/payments/out", "refund", lambda request, body: self._pay(body, "OUT"), "POST"),
            self._path("/payments", "find", self._search, "GET"),
            self._path("/payments/{id}", "read", self._read, "GET"),
            self._path("/payments/{id}/cancel", "cancel", self._cancel, "POST"),
            self._path("/payment-issues", "issues", self._list_issues, "GET"),
            self._path("/orders", "page", self._open_order, "POST"),
            self._path("/orders", "read_page", self._read_order, "GET"),
            self._path("/mandates", "find_mandate", self._find_mandate, "GET"),
            self._path("/mandates/{reference}", "mandate", self._read_mandate, "GET"),
            self._path("/mandates/{reference}/revocation", "revoke", self._revoke, "POST"),
        ]

    def _entry(self, request: Request, body: Body) -> Response:
        paths = {
            "create-payins": "/payments/in",
            "create-payouts": "/payments/out",
            "search-payments": "/payments{?creditorReference,reference,page,size}",
            "search-payment-by-id": "/payments/{id}",
            "search-payment-issues": "/payment-issues{?creditorReference,scheme,executionStatus,page,size}",
            "create-orders": "/orders",
            "get-orders": "/orders{?creditorReference,reference}",
            "get-mandates": "/mandates{?creditorReference,reference}",
        }
        return JSONResponse({"_links": {_RELATION + name: {"href": self.url + path} for name, path in paths.items()}})

    def _pay(self, body: Body, direction: str) -> Response:
        if body["mandate"]["reference"] not in self.holders:
            return JSONResponse({"code": 134, "message": "Mandate not found"}, 404)
        id_ = f"pay-{next(self.ids)}"
        links = {
            f"{_RELATION}get-mandate": {"href": f"{self.url}/mandates/{body['mandate']['reference']}"},
            f"{_RELATION}cancel-payment": {"href": f"{self.url}/payments/{id_}/cancel"},
        }
        status = "toprocess" if direction == "IN" else "processed"
        payment = {**body, "id": id_, "direction": direction, "executionStatus": status, "_links": links}
        self.payments[id_] = payment
        return _hal(payment, 201)

    def _search(self, request: Request, body: Body) -> Response:
        wanted = request.query_params["reference"]
        found = [payment for payment in self.payments.values() if payment["reference"] == wanted]
        return _hal({"page": {"totalPages": 1, "totalElements": len(found)}, "_embedded": {"payments": found}})

    def _read(self, request: Request, body: Body) -> Response:
        return _hal(self.payments[request.path_params["id"]])

    def _cancel(self, request: Request, body: Body) -> Response:
        payment = self.payments[request.path_params["id"]]
        payment["executionStatus"] = "cancelled"
        return _hal(payment)

    def _list_issues(self, request: Request, body: Body) -> Response:
        start = int(request.query_params["page"]) * self.page_size
        pages = -(-len(self.issues) // self.page_size)
        shown = self.issues[start : start + self.page_size]
        return _hal({"page": {"totalPages": pages}, "_embedded": {"paymentIssues": shown}})

    def _open_order(self, request: Request, body: Body) -> Response:
        approval = {"href": f"https://checkout.preprod.slimpay.test/{next(self.ids)}"}
        order = {**body, "state": "open.running", "_links": {f"{_RELATION}user-approval": approval}}
        self.orders[body["reference"]] = order
        return _hal(order, 201)

    def _read_order(self, request: Request, body: Body) -> Response:
        order = self.orders.get(request.query_params["reference"])
        return _hal(order) if order is not None else JSONResponse({"code": 118, "message": "Order not found"}, 404)

    def _read_mandate(self, request: Request, body: Body) -> Response:
        return self._shown(request.path_params["reference"])

    def _find_mandate(self, request: Request, body: Body) -> Response:
        return self._shown(request.query_params["reference"])

    def _revoke(self, request: Request, body: Body) -> Response:
        self.mandates[request.path_params["reference"]] = "revoked"
        return self._shown(request.path_params["reference"])

    def _shown(self, reference: str) -> Response:
        state = self.mandates.get(reference)
        if state is None:
            return JSONResponse({"code": 134, "message": "Mandate not found"}, 404)
        revoke = {f"{_RELATION}revoke-mandate": {"href": f"{self.url}/mandates/{reference}/revocation"}}
        return _hal({"reference": reference, "state": state, "_links": revoke if state == "active" else {}})

    # -- how a path is served ------------------------------------------------------------------------------------

    async def _token(self, request: Request) -> Response:
        login = base64.b64encode(f"{self.app_name}:{self.app_secret}".encode()).decode()
        if basic_or_bearer(request) != f"Basic {login}":
            return JSONResponse({"error": "invalid_client"}, 401)
        return JSONResponse({"access_token": _BEARER.removeprefix("Bearer "), "expires_in": 3600})

    def _path(self, path: str, call: str, do: Callable[[Request, Body], Response], method: str) -> Route:
        async def endpoint(request: Request) -> Response:
            raw = await request.body()
            if basic_or_bearer(request) != _BEARER:
                return JSONResponse({"code": 401, "message": "unauthorized"}, 401)
            body = json.loads(raw, parse_float=str) if raw else {}
            return await self.serve(call, lambda: do(request, body))

        return Route(path, endpoint, methods=[method])


def _hal(fields: Body, status: int = 200) -> Response:
    return JSONResponse(fields, status, media_type="application/hal+json")
