"""Plays the Genesis gateway's side: recurring sales, refunds, reconciliation, hosted pages, signed notifications.

A cardholder named `ISSUE-CARD-<response code>` is declined with that ISO 8583 code.
"""

import base64
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from actors.payments.psp.emerchantpay.webhooks import signature_of
from actors.payments.psp.emerchantpay.xml import document, fields_of
from actors.payments.psp.simulation import ProviderSimulator, basic_or_bearer
from runtime.simulation import SentWebhook

Body = dict[str, Any]
_DECLINE = "ISSUE-CARD-"
_TAKEN = ("approved", "chargebacked", "refunded", "partially_refunded")


class EmerchantPaySimulator(ProviderSimulator):
    """One terminal. Amounts in cents."""

    def __init__(self, password: str = "secret_password") -> None:
        super().__init__()
        self.username, self.password, self.terminal = "user", password, "terminal-1"
        self.transactions: dict[str, Body] = {}
        self.pages: dict[str, Body] = {}
        self.holders: dict[str, str] = {}

    # -- what a test does ----------------------------------------------------------------------------------------

    def saved(self, holder: str = "MARTIN") -> str:
        """The initial sale by which a card was saved."""
        sale = self._keep("init_recurring_sale", uuid4().hex, 100, "EUR", "approved")
        self.holders[sale["unique_id"]] = holder
        return str(sale["unique_id"])

    def charged(self, key: object) -> int:
        """Cents taken under one of our keys, over all transactions."""
        sales = [found for found in self.transactions.values() if found["transaction_id"] == str(key)]
        return sum(int(found["amount"]) for found in sales if found["status"] in _TAKEN)

    def pay(self, unique_id: str, *, holder: str = "MARTIN") -> None:
        """The customer pays on the page."""
        page = self.pages[unique_id]
        sale = self._keep(page["type"], f"{unique_id}-1", page["amount"], page["currency"], "approved")
        self.holders[sale["unique_id"]] = holder
        page |= {"status": "approved", "payment_transaction": sale}
        self._notify(
            {"wpf_transaction_id": page["transaction_id"], "wpf_status": "approved"}, "wpf_unique_id", unique_id
        )

    def charge_back(self, unique_id: str) -> None:
        """The cardholder disputes a sale."""
        sale = self.transactions[unique_id]
        sale["status"] = "chargebacked"
        told = {"transaction_id": sale["transaction_id"], "status": "chargebacked", "event": "chargeback"}
        self._notify(told | {"transaction_type": sale["transaction_type"]}, "unique_id", unique_id)

    def notification(self, told: Body, name: str, unique_id: str) -> SentWebhook:
        """A signed notification; the signature is its last field."""
        fields = {**told, name: unique_id, "signature": signature_of(unique_id, self.password)}
        return SentWebhook({"content-type": "application/x-www-form-urlencoded"}, urlencode(fields).encode())

    def _notify(self, told: Body, name: str, unique_id: str) -> None:
        self.webhooks.append(self.notification(told, name, unique_id))

    # -- what the paths do ---------------------------------------------------------------------------------------

    def routes(self) -> list[Route]:
        """The paths that the adapter uses."""
        return [
            self._path("/process/{terminal}/", "create", self._process),
            self._path("/reconcile/{terminal}/", "find", self._reconcile),
            self._path("/wpf", "page", self._open_page),
            self._path("/wpf/reconcile", "read_page", self._read_page),
        ]

    def _process(self, body: Body) -> Response:
        if any(found["transaction_id"] == body["transaction_id"] for found in self.transactions.values()):
            return _error("450", "Transaction with the same transaction_id was processed already")
        origin = self.transactions.get(body["reference_id"])
        if origin is None:
            return _error("410", "The reference transaction cannot be found")
        amount = int(body["amount"])
        if body["transaction_type"].endswith("refund"):
            return self._refund(origin, body, amount)
        holder = self.holders[origin["unique_id"]]
        declined = holder.startswith(_DECLINE)
        sale = self._keep(
            body["transaction_type"], body["transaction_id"], amount, body["currency"],
            "declined" if declined else "approved",
            response_code=holder.removeprefix(_DECLINE) if declined else "00",
        )  # fmt: skip
        return _answer("payment_response", sale)

    def _refund(self, sale: Body, body: Body, amount: int) -> Response:
        if sale["given_back"] + amount > int(sale["amount"]):
            return _error("420", "The amount exceeds what is left of the reference transaction")
        sale["given_back"] += amount
        sale["status"] = "refunded" if sale["given_back"] == int(sale["amount"]) else "partially_refunded"
        refund = self._keep(body["transaction_type"], body["transaction_id"], amount, body["currency"], "approved")
        return _answer("payment_response", refund)

    def _keep(self, type_: str, transaction_id: str, amount: int, currency: str, status: str, **more: str) -> Body:
        found: Body = {
            "transaction_type": type_,
            "status": status,
            "unique_id": uuid4().hex,
            "transaction_id": transaction_id,
            "amount": amount,
            "currency": currency,
            "given_back": 0,
            **more,
        }
        self.transactions[found["unique_id"]] = found
        return found

    def _reconcile(self, body: Body) -> Response:
        (name, value), *_ = body.items()
        found = next((item for item in self.transactions.values() if item[name] == value), None)
        return _answer("payment_response", found) if found else _error("460", "Transaction not found")

    def _open_page(self, body: Body) -> Response:
        if any(page["transaction_id"] == body["transaction_id"] for page in self.pages.values()):
            return _error("450", "Transaction with the same transaction_id was processed already")
        unique_id = uuid4().hex
        page: Body = {
            "status": "new",
            "unique_id": unique_id,
            "transaction_id": body["transaction_id"],
            "amount": body["amount"],
            "currency": body["currency"],
            "redirect_url": f"https://staging.wpf.emerchantpay.test/payment/{unique_id}",
        }
        self.pages[unique_id] = page | {"type": "init_recurring_sale"}
        return _answer("wpf_payment", page)

    def _read_page(self, body: Body) -> Response:
        (name, value), *_ = body.items()
        found = next((page for page in self.pages.values() if page[name] == value), None)
        return _answer("wpf_payment", found) if found else _error("460", "Transaction not found")

    def _path(self, path: str, call: str, do: Callable[[Body], Response]) -> Route:
        async def endpoint(request: Request) -> Response:
            _, body = fields_of(await request.body())
            login = base64.b64encode(f"{self.username}:{self.password}".encode()).decode()
            if basic_or_bearer(request) != f"Basic {login}":
                return _error("110", "Invalid credentials", 401)
            name = "refund" if str(body.get("transaction_type", "")).endswith("refund") else call
            return await self.serve(name, lambda: do(body))

        return Route(path, endpoint, methods=["POST"])


def _answer(root: str, fields: Body) -> Response:
    return Response(document(root, fields), media_type="application/xml")


def _error(code: str, message: str, status: int = 200) -> Response:
    fields = {"status": "error", "code": code, "technical_message": message, "message": "Something went wrong"}
    return Response(document("payment_response", fields), status, media_type="application/xml")
