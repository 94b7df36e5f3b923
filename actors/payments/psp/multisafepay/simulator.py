"""Plays MultiSafepay's side: redirect and direct orders, refunds among related transactions, signed notifications.

A cardholder named `ISSUE-CARD-<response code>` is declined with that ISO 8583 code.
"""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from actors.payments.psp.multisafepay.webhooks import HEADER, header_of
from actors.payments.psp.simulation import ProviderSimulator
from runtime.simulation import SentWebhook

Body = dict[str, Any]
_DECLINE = "ISSUE-CARD-"
_MODIFIED = "2026-11-24T10:00:"


class MultiSafepaySimulator(ProviderSimulator):
    """One site. Amounts in cents."""

    prefix = "/v1/json"

    def __init__(self, api_key: str = "test_api_key") -> None:
        super().__init__()
        self.api_key = api_key
        self.orders: dict[str, Body] = {}
        self.holders: dict[str, str] = {}

    # -- what a test does ----------------------------------------------------------------------------------------

    def recurring(self, holder: str = "MARTIN") -> str:
        """A saved card."""
        token = f"rec-{next(self.ids)}"
        self.holders[token] = holder
        return token

    def charged(self, key: object) -> int:
        """Cents taken for an order."""
        order = self.orders.get(str(key))
        taken = order is not None and order["status"] in ("completed", "chargedback", "refunded", "partial_refunded")
        return int(order["amount"]) if order is not None and taken else 0

    def pay(self, order_id: str, now: datetime, *, holder: str = "MARTIN") -> None:
        """The customer pays on the page."""
        order = self.orders[order_id]
        order["payment_details"] = {"recurring_id": self.recurring(holder), "type": "VISA", "last4": "1111"}
        self.decide(order, holder, now)

    def charge_back(self, order_id: str, now: datetime) -> None:
        """The cardholder disputes the payment."""
        self.move(self.orders[order_id], "chargedback", now)

    def decide(self, order: Body, holder: str, now: datetime | None) -> None:
        """The network's answer."""
        if holder.startswith(_DECLINE):
            order |= {"reason": "Declined", "reason_code": holder.removeprefix(_DECLINE)}
        self.move(order, "declined" if holder.startswith(_DECLINE) else "completed", now)

    def move(self, order: Body, status: str, now: datetime | None) -> None:
        """An order changes; with a time, it is reported."""
        order |= {"status": status, "financial_status": status, "modified": f"{_MODIFIED}{next(self.ids):02}"}
        if now is not None:
            self.report(order, now)

    def report(self, order: Body, now: datetime) -> SentWebhook:
        """A signed notification of an order as it is now."""
        raw, stamp = json.dumps(order).encode(), int(now.timestamp())
        sent = SentWebhook({HEADER: header_of(self.api_key, stamp, raw)}, raw)
        self.webhooks.append(sent)
        return sent

    # -- what the paths do ---------------------------------------------------------------------------------------

    def routes(self) -> list[Route]:
        """The paths that the adapter uses."""
        return [
            self._path("/orders", "create", self._create, "POST"),
            self._path("/orders/{id}", "read", self._read, "GET"),
            self._path("/orders/{id}/refunds", "refund", self._refund, "POST"),
            self._path("/gateways", "check", lambda request, body: _ok([]), "GET"),
        ]

    def _create(self, request: Request, body: Body) -> Response:
        if body["order_id"] in self.orders:
            return _error(400, 1006, "Invalid transaction ID: order_id was used")
        order = {
            **body,
            "transaction_id": next(self.ids),
            "status": "initialized",
            "amount_refunded": 0,
            "reason": "",
            "reason_code": "",
            "payment_details": {"recurring_id": body.get("recurring_id")},
            "related_transactions": [],
            "modified": f"{_MODIFIED}00",
        }
        self.orders[body["order_id"]] = order
        if body["type"] == "redirect":
            order["payment_url"] = f"https://testpayv2.multisafepay.test/connect/{order['transaction_id']}/"
            return _ok({"order_id": body["order_id"], "payment_url": order["payment_url"]})
        holder = self.holders.get(body["recurring_id"])
        if holder is None:
            return _error(400, 1024, "Invalid recurring id")
        self.decide(order, holder, None)
        return _ok(order)

    def _read(self, request: Request, body: Body) -> Response:
        order = self.orders.get(request.path_params["id"])
        return _ok(order) if order is not None else _error(404, 1006, "Invalid transaction ID")

    def _refund(self, request: Request, body: Body) -> Response:
        order = self.orders[request.path_params["id"]]
        if order["amount_refunded"] + body["amount"] > order["amount"]:
            return _error(400, 1027, "Refund amount is too high")
        order["amount_refunded"] += body["amount"]
        refund = {
            "transaction_id": next(self.ids),
            "amount": -body["amount"],
            "currency": body["currency"],
            "description": body["description"],
            "status": "completed",
        }
        order["related_transactions"].append(refund)
        self.move(order, "refunded" if order["amount_refunded"] == order["amount"] else "partial_refunded", None)
        return _ok({"transaction_id": order["transaction_id"], "refund_id": refund["transaction_id"]})

    def _path(self, path: str, call: str, do: Callable[[Request, Body], Response], method: str) -> Route:
        async def endpoint(request: Request) -> Response:
            raw = await request.body()
            if request.headers.get("api_key") != self.api_key:
                return _error(401, 1032, "Invalid API key")
            return await self.serve(call, lambda: do(request, json.loads(raw) if raw else {}))

        return Route(self.prefix + path, endpoint, methods=[method])


def _ok(data: object) -> Response:
    return JSONResponse({"success": True, "data": data})


def _error(status: int, code: int, info: str) -> Response:
    return JSONResponse({"success": False, "data": {}, "error_code": code, "error_info": info}, status)
