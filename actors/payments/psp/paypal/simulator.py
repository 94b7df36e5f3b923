"""Plays PayPal's side: tokens, orders, captures, refunds, disputes, the transaction report, webhooks signed by RSA.

A payer named `ISSUE-PAYPAL-<response code>` has his capture declined with that code.
"""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from actors.payments.psp.paypal.webhooks import ALGORITHM, CERTIFICATE, ID, SIGNATURE, TIME, signed_text
from actors.payments.psp.simulation import ProviderSimulator, basic_or_bearer
from messages.values.instants import format_instant
from runtime.simulation import SentWebhook

Body = dict[str, Any]
_DECLINE = "ISSUE-PAYPAL-"
_TOKEN = "A21AA-token"


class PayPalSimulator(ProviderSimulator):
    """One account with one webhook."""

    def __init__(self, webhook_id: str = "WH-SIM-1", *, client_secret: str = "secret") -> None:
        super().__init__()
        self.webhook_id, self.client_id, self.client_secret = webhook_id, "client", client_secret
        self.orders: dict[str, Body] = {}
        self.refunds: dict[str, Body] = {}
        self.disputes: dict[str, Body] = {}
        self.payers: dict[str, str] = {}
        self._answers: dict[tuple[str, str], Response] = {}
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    # -- what a test does ----------------------------------------------------------------------------------------

    def vault(self, payer: str = "MARTIN") -> str:
        """A saved PayPal account."""
        token = f"vault-{next(self.ids)}"
        self.payers[token] = payer
        return token

    def charged(self, key: object) -> int:
        """Cents captured under one of our keys, over all orders."""
        captures = [
            capture
            for order in self.orders.values()
            if order["purchase_units"][0]["custom_id"] == str(key)
            for capture in order["purchase_units"][0]["payments"]["captures"]
        ]
        return sum(_cents(capture["amount"]) for capture in captures if capture["status"] != "DECLINED")

    def approve(self, order_id: str, now: datetime, *, payer: str = "MARTIN") -> None:
        """The payer approves the order on PayPal's page."""
        order = self.orders[order_id]
        token = self.vault(payer)
        order["status"] = "APPROVED"
        vault = {"id": token, "customer": {"id": f"cust-{token}"}, "status": "VAULTED"}
        order["payment_source"]["paypal"]["attributes"] = {"vault": vault}
        self.report("CHECKOUT.ORDER.APPROVED", order, now)

    def dispute(self, order_id: str, now: datetime) -> None:
        """The buyer disputes a payment and wins."""
        capture = self._captures(self.orders[order_id])[0]
        found: Body = {
            "dispute_id": f"PP-D-{next(self.ids)}",
            "reason": "UNAUTHORISED",
            "status": "RESOLVED",
            "dispute_outcome": {"outcome_code": "RESOLVED_BUYER_FAVOUR"},
            "disputed_transactions": [{"seller_transaction_id": capture["id"]}],
        }
        self.disputes[found["dispute_id"]] = found
        self.report("PAYMENT.CAPTURE.COMPLETED", capture, now)
        self.report("PAYMENT.CAPTURE.REVERSED", capture, now)

    def report(self, name: str, found: Body, now: datetime) -> SentWebhook:
        """A signed webhook about an object as it is now."""
        event: Body = {
            "id": f"WH-{next(self.ids)}",
            "event_type": name,
            "create_time": format_instant(now),
            "resource": found,
        }
        raw, transmission = json.dumps(event).encode(), f"tx-{next(self.ids)}"
        text = signed_text(transmission, event["create_time"], self.webhook_id, raw)
        signature = base64.b64encode(self._key.sign(text, PKCS1v15(), SHA256())).decode()
        sent = SentWebhook(
            {
                ID: transmission,
                TIME: event["create_time"],
                SIGNATURE: signature,
                CERTIFICATE: f"{self.url}/certs/1",
                ALGORITHM: "SHA256withRSA",
            },
            raw,
        )
        self.webhooks.append(sent)
        return sent

    # -- what the paths do ---------------------------------------------------------------------------------------

    def routes(self) -> list[Route]:
        """The paths that the adapter uses."""
        return [
            Route("/v1/oauth2/token", self._token, methods=["POST"]),
            Route("/certs/1", self._certificate),
            self._path("/v2/checkout/orders", "create", self._create, "POST"),
            self._path("/v2/checkout/orders/{id}", "read", self._read_order, "GET"),
            self._path("/v2/checkout/orders/{id}/capture", "capture", self._capture, "POST"),
            self._path("/v2/payments/captures/{id}", "read_capture", self._read_capture, "GET"),
            self._path("/v2/payments/captures/{id}/refund", "refund", self._refund, "POST"),
            self._path("/v2/payments/refunds/{id}", "read_refund", self._read_refund, "GET"),
            self._path("/v1/customer/disputes", "disputes", self._list_disputes, "GET"),
            self._path("/v1/customer/disputes/{id}", "dispute", self._read_dispute, "GET"),
            self._path("/v1/reporting/transactions", "find", self._report_transactions, "GET"),
        ]

    def _create(self, request: Request, body: Body) -> Response:
        order = {"id": f"ORDER{next(self.ids)}", "status": "CREATED", "links": [], **body}
        order["purchase_units"][0]["payments"] = {"captures": [], "refunds": []}
        self.orders[order["id"]] = order
        token = body["payment_source"]["paypal"].get("vault_id")
        if token is None:
            order["status"] = "PAYER_ACTION_REQUIRED"
            href = f"https://www.sandbox.paypal.test/checkoutnow?token={order['id']}"
            order["links"] = [{"rel": "payer-action", "href": href}]
        elif token not in self.payers:
            return _error(422, "UNPROCESSABLE_ENTITY", "INVALID_RESOURCE_ID")
        else:
            self._take(order, self.payers[token])
        return JSONResponse(order, 201)

    def _take(self, order: Body, payer: str) -> None:
        unit = order["purchase_units"][0]
        declined = payer.startswith(_DECLINE)
        capture = {
            "id": f"CAP{next(self.ids)}",
            "status": "DECLINED" if declined else "COMPLETED",
            "amount": unit["amount"],
            "custom_id": unit["custom_id"],
            "processor_response": {"response_code": payer.removeprefix(_DECLINE) if declined else "0000"},
            "supplementary_data": {"related_ids": {"order_id": order["id"]}},
        }
        unit["payments"]["captures"].append(capture)
        order["status"] = "COMPLETED"

    def _capture(self, request: Request, body: Body) -> Response:
        order = self.orders[request.path_params["id"]]
        if order["status"] != "APPROVED":
            return _error(422, "UNPROCESSABLE_ENTITY", "ORDER_NOT_APPROVED")
        self._take(order, self.payers[order["payment_source"]["paypal"]["attributes"]["vault"]["id"]])
        return JSONResponse(order, 201)

    def _refund(self, request: Request, body: Body) -> Response:
        order = next(o for o in self.orders.values() for c in self._captures(o) if c["id"] == request.path_params["id"])
        unit = order["purchase_units"][0]
        given = sum(_cents(found["amount"]) for found in unit["payments"]["refunds"])
        if given + _cents(body["amount"]) > _cents(unit["amount"]):
            return _error(422, "UNPROCESSABLE_ENTITY", "REFUND_AMOUNT_EXCEEDED")
        refund = {"id": f"REF{next(self.ids)}", "status": "COMPLETED", "amount": body["amount"]}
        unit["payments"]["refunds"].append(refund)
        self.refunds[refund["id"]] = refund
        whole = given + _cents(body["amount"]) == _cents(unit["amount"])
        self._captures(order)[0]["status"] = "REFUNDED" if whole else "PARTIALLY_REFUNDED"
        return JSONResponse(refund, 201)

    def _captures(self, order: Body) -> list[Body]:
        captures: list[Body] = order["purchase_units"][0]["payments"]["captures"]
        return captures

    def _read_order(self, request: Request, body: Body) -> Response:
        return JSONResponse(self.orders[request.path_params["id"]])

    def _read_capture(self, request: Request, body: Body) -> Response:
        captures = [capture for order in self.orders.values() for capture in self._captures(order)]
        return JSONResponse(next(capture for capture in captures if capture["id"] == request.path_params["id"]))

    def _read_refund(self, request: Request, body: Body) -> Response:
        return JSONResponse(self.refunds[request.path_params["id"]])

    def _list_disputes(self, request: Request, body: Body) -> Response:
        wanted = request.query_params["disputed_transaction_id"]
        found = [d for d in self.disputes.values() if d["disputed_transactions"][0]["seller_transaction_id"] == wanted]
        return JSONResponse({"items": [{"dispute_id": d["dispute_id"], "status": d["status"]} for d in found]})

    def _read_dispute(self, request: Request, body: Body) -> Response:
        return JSONResponse(self.disputes[request.path_params["id"]])

    def _report_transactions(self, request: Request, body: Body) -> Response:
        captures = [capture for order in self.orders.values() for capture in self._captures(order)]
        infos = [{"transaction_id": found["id"], "custom_field": found["custom_id"]} for found in captures]
        return JSONResponse({"transaction_details": [{"transaction_info": info} for info in infos]})

    # -- how a path is served ------------------------------------------------------------------------------------

    async def _token(self, request: Request) -> Response:
        given = basic_or_bearer(request).removeprefix("Basic ")
        if base64.b64decode(given).decode() != f"{self.client_id}:{self.client_secret}":
            return JSONResponse({"error": "invalid_client"}, 401)
        return JSONResponse({"access_token": _TOKEN, "expires_in": 32400, "token_type": "Bearer"})

    async def _certificate(self, request: Request) -> Response:
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "messageverificationcerts.paypal.test")])
        start = datetime(2026, 1, 1, tzinfo=UTC)
        built = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self._key.public_key())
            .serial_number(1)
            .not_valid_before(start)
            .not_valid_after(start + timedelta(days=3650))
            .sign(self._key, SHA256())
        )
        return PlainTextResponse(built.public_bytes(Encoding.PEM).decode())

    def _path(self, path: str, call: str, do: Callable[[Request, Body], Response], method: str) -> Route:
        async def endpoint(request: Request) -> Response:
            raw = await request.body()
            if basic_or_bearer(request) != f"Bearer {_TOKEN}":
                return JSONResponse({"error": "invalid_token"}, 401)
            body = json.loads(raw) if raw else {}
            return await self.serve(call, lambda: self._once(request, body, do))

        return Route(path, endpoint, methods=[method])

    def _once(self, request: Request, body: Body, do: Callable[[Request, Body], Response]) -> Response:
        """A request id is executed once; afterwards the first answer is given again."""
        key = request.headers.get("paypal-request-id")
        if key is None:
            return do(request, body)
        place = (request.url.path, key)
        if place not in self._answers:
            self._answers[place] = do(request, body)
        return self._answers[place]


def _cents(amount: Body) -> int:
    return int(str(amount["value"]).replace(".", ""))


def _error(status: int, name: str, issue: str) -> Response:
    return JSONResponse({"name": name, "details": [{"issue": issue}]}, status)
