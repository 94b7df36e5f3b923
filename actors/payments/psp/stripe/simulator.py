"""Plays Stripe's side: PaymentIntents, Checkout Sessions, SetupIntents, refunds, disputes, idempotency keys, webhooks.

A cardholder named `ISSUE-CARD-<decline code>` is declined with it, `ISSUE-PSP-SCA` must authenticate.
"""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from actors.payments.psp.simulation import ProviderSimulator, basic_or_bearer
from actors.payments.psp.stripe.webhooks import HEADER, signature_of
from runtime.simulation import SentWebhook

Fields = dict[str, str]
_SCA = "ISSUE-PSP-SCA"
_DECLINE = "ISSUE-CARD-"


class StripeSimulator(ProviderSimulator):
    """One account. Amounts in cents, as the API has them."""

    prefix = "/v1"

    def __init__(
        self, webhook_secret: str = "whsec_test_secret", *, secret_key: str = "sk_test_1", port: int = 0
    ) -> None:
        super().__init__(port)
        self.secret_key, self.webhook_secret = secret_key, webhook_secret
        self.intents: dict[str, dict[str, Any]] = {}
        self.sessions: dict[str, dict[str, Any]] = {}
        self.refunds: dict[str, dict[str, Any]] = {}
        self.disputes: dict[str, dict[str, Any]] = {}
        self.customers: dict[str, dict[str, Any]] = {}
        self.holders: dict[str, str] = {}
        self._answers: dict[str, tuple[str, Response]] = {}

    # -- what a test does ----------------------------------------------------------------------------------------

    def card(self, holder: str = "MARTIN") -> str:
        """A saved card; its holder decides how it behaves."""
        token = f"pm_{next(self.ids)}"
        self.holders[token] = holder
        return token

    def charged(self, key: object) -> int:
        """Cents taken under one of our keys, over all intents: twice the amount would be a double debit."""
        found = [intent for intent in self.intents.values() if intent["metadata"].get("crm_key") == str(key)]
        return sum(intent["amount"] for intent in found if intent["status"] == "succeeded")

    def pay(self, session_id: str, now: datetime, *, holder: str = "MARTIN") -> None:
        """The customer pays on the page, or leaves his card there."""
        session, token = self.sessions[session_id], self.card(holder)
        if session["mode"] == "setup":
            method = {"id": token, "object": "payment_method", "card": _card(holder)}
            session["setup_intent"] = {
                "id": f"seti_{next(self.ids)}",
                "object": "setup_intent",
                "payment_method": method,
            }
        else:
            intent = session["payment_intent"]
            intent["payment_method"] = token
            self._confirm(intent, holder)
            if intent["status"] != "succeeded":
                self.report("payment_intent.payment_failed", intent, now)
                return
            self.report("payment_intent.succeeded", intent, now)
            session["payment_status"] = "paid"
        session["status"] = "complete"
        self.report("checkout.session.completed", session, now)

    def authenticate(self, intent_id: str, now: datetime) -> None:
        """The customer passes strong authentication."""
        intent = self.intents[intent_id]
        intent |= {"last_payment_error": None, "next_action": None}
        self._succeed(intent)
        self.report("payment_intent.succeeded", intent, now)

    def dispute(self, intent_id: str, now: datetime, *, reason: str = "fraudulent") -> str:
        """The cardholder disputes a charge and the funds are withdrawn."""
        intent = self.intents[intent_id]
        intent["latest_charge"]["disputed"] = True
        found = {
            "id": f"dp_{next(self.ids)}",
            "object": "dispute",
            "payment_intent": intent_id,
            "amount": intent["amount"],
            "status": "needs_response",
            "reason": reason,
            "metadata": {},
        }
        self.disputes[found["id"]] = found
        self.report("charge.dispute.funds_withdrawn", found, now)
        return str(found["id"])

    def win(self, dispute_id: str, now: datetime) -> None:
        """The dispute is decided for the merchant and the funds come back."""
        self.disputes[dispute_id]["status"] = "won"
        self.report("charge.dispute.funds_reinstated", self.disputes[dispute_id], now)

    def report(self, name: str, found: dict[str, Any], now: datetime) -> SentWebhook:
        """A signed webhook about an object as it is now."""
        event = {
            "id": f"evt_{next(self.ids)}",
            "object": "event",
            "type": name,
            "created": int(now.timestamp()),
            "livemode": False,
            "data": {"object": found},
        }
        raw, stamp = json.dumps(event).encode(), int(now.timestamp())
        sent = SentWebhook({HEADER: f"t={stamp},v1={signature_of(self.webhook_secret, stamp, raw)}"}, raw)
        self.webhooks.append(sent)
        return sent

    # -- what the paths do ---------------------------------------------------------------------------------------

    def routes(self) -> list[Route]:
        """The paths that the adapter uses."""
        return [
            self._post("/payment_intents", "create", self._create_intent),
            self._get("/payment_intents/search", "find", self._search_intents),
            self._get("/payment_intents/{id}", "read", lambda request, _: _shown(self.intents, request)),
            self._post("/payment_intents/{id}/cancel", "cancel", self._cancel_intent),
            self._post("/checkout/sessions", "page", self._open_session),
            self._get("/checkout/sessions/{id}", "read_page", lambda request, _: _shown(self.sessions, request)),
            self._post("/checkout/sessions/{id}/expire", "close_page", self._expire_session),
            self._post("/refunds", "refund", self._create_refund),
            self._get("/refunds/{id}", "read_refund", lambda request, _: _shown(self.refunds, request)),
            self._get("/customers/search", "find_customer", self._search_customers),
            self._post("/customers", "customer", self._create_customer),
            self._get("/disputes", "disputes", self._list_disputes),
            self._get("/balance", "balance", lambda *_: JSONResponse({"object": "balance", "available": []})),
        ]

    def _create_intent(self, request: Request, fields: Fields) -> Response:
        intent = self._intent(int(fields["amount"]), fields["currency"], fields, "metadata")
        intent |= {"customer": fields.get("customer"), "payment_method": fields["payment_method"]}
        if fields["payment_method"] not in self.holders:
            return _error(400, "resource_missing", f"No such PaymentMethod: {fields['payment_method']}")
        self.intents[intent["id"]] = intent
        self._confirm(intent, self.holders[fields["payment_method"]])
        if intent["status"] == "requires_payment_method":
            error = {**intent["last_payment_error"], "payment_intent": intent}
            return JSONResponse({"error": error}, 402)
        return JSONResponse(intent)

    def _intent(self, amount: int, currency: str, fields: Fields, prefix: str) -> dict[str, Any]:
        metadata = {
            name[len(prefix) + 1 : -1]: value for name, value in fields.items() if name.startswith(f"{prefix}[")
        }
        return {
            "id": f"pi_{next(self.ids)}",
            "object": "payment_intent",
            "amount": amount,
            "currency": currency,
            "status": "requires_payment_method",
            "metadata": metadata,
            "last_payment_error": None,
            "next_action": None,
            "latest_charge": None,
            "setup_future_usage": fields.get("payment_intent_data[setup_future_usage]"),
        }

    def _confirm(self, intent: dict[str, Any], holder: str) -> None:
        if holder.startswith(_DECLINE):
            code = holder.removeprefix(_DECLINE)
            intent["last_payment_error"] = {"code": "card_declined", "decline_code": code, "message": "declined"}
        elif holder == _SCA:
            url = f"https://hooks.stripe.test/3ds/{intent['id']}"
            intent["status"] = "requires_action"
            intent["next_action"] = {"type": "redirect_to_url", "redirect_to_url": {"url": url}}
        else:
            intent["last_payment_error"] = None
            self._succeed(intent)

    def _succeed(self, intent: dict[str, Any]) -> None:
        intent["status"] = "succeeded"
        intent["latest_charge"] = {
            "id": f"ch_{next(self.ids)}",
            "object": "charge",
            "amount_refunded": 0,
            "disputed": False,
            "payment_method": intent["payment_method"],
            "payment_method_details": {"card": _card(self.holders[intent["payment_method"]])},
        }

    def _cancel_intent(self, request: Request, fields: Fields) -> Response:
        intent = self.intents[request.path_params["id"]]
        if intent["status"] in ("succeeded", "canceled", "processing"):
            return _error(400, "payment_intent_unexpected_state", f"it is {intent['status']}")
        intent["status"] = "canceled"
        return JSONResponse(intent)

    def _open_session(self, request: Request, fields: Fields) -> Response:
        session: dict[str, Any] = {
            "id": f"cs_{next(self.ids)}",
            "object": "checkout.session",
            "mode": fields["mode"],
            "payment_method_types": [fields["payment_method_types[0]"]],
            "status": "open",
            "payment_status": "unpaid",
            "url": f"https://checkout.stripe.test/{next(self.ids)}",
            "customer": fields.get("customer"),
            "metadata": {"crm_key": fields["metadata[crm_key]"]},
            "payment_intent": None,
            "setup_intent": None,
        }
        if fields["mode"] == "payment":
            amount = int(fields["line_items[0][price_data][unit_amount]"])
            currency = fields["line_items[0][price_data][currency]"]
            intent = self._intent(amount, currency, fields, "payment_intent_data[metadata]")
            self.intents[intent["id"]] = session["payment_intent"] = intent
        self.sessions[session["id"]] = session
        return JSONResponse(session)

    def _expire_session(self, request: Request, fields: Fields) -> Response:
        session = self.sessions[request.path_params["id"]]
        if session["status"] != "open":
            return _error(400, "session_not_open", f"it is {session['status']}")
        session["status"] = "expired"
        if session["payment_intent"] is not None:
            session["payment_intent"]["status"] = "canceled"
        return JSONResponse(session)

    def _create_refund(self, request: Request, fields: Fields) -> Response:
        intent = self.intents[fields["payment_intent"]]
        charge, amount = intent["latest_charge"], int(fields["amount"])
        if charge is None or charge["amount_refunded"] + amount > intent["amount"]:
            return _error(400, "charge_already_refunded", "more than is left")
        refund = {
            "id": f"re_{next(self.ids)}",
            "object": "refund",
            "payment_intent": intent["id"],
            "amount": amount,
            "status": "succeeded",
            "metadata": {"crm_key": fields["metadata[crm_key]"]},
        }
        charge["amount_refunded"] += amount
        self.refunds[refund["id"]] = refund
        return JSONResponse(refund)

    def _search_intents(self, request: Request, fields: Fields) -> Response:
        return _found(self.intents, request, "crm_key")

    def _search_customers(self, request: Request, fields: Fields) -> Response:
        return _found(self.customers, request, "client_id")

    def _create_customer(self, request: Request, fields: Fields) -> Response:
        customer: dict[str, Any] = {
            "id": f"cus_{next(self.ids)}",
            "object": "customer",
            "name": fields.get("name"),
            "metadata": {"client_id": fields["metadata[client_id]"]},
        }
        self.customers[customer["id"]] = customer
        return JSONResponse(customer)

    def _list_disputes(self, request: Request, fields: Fields) -> Response:
        wanted = request.query_params["payment_intent"]
        found = [dispute for dispute in self.disputes.values() if dispute["payment_intent"] == wanted]
        return JSONResponse({"object": "list", "data": found})

    # -- how a path is served ------------------------------------------------------------------------------------

    def _get(self, path: str, call: str, do: Callable[[Request, Fields], Response]) -> Route:
        async def endpoint(request: Request) -> Response:
            if (refusal := self._refusal(request)) is not None:
                return refusal
            return await self.serve(call, lambda: do(request, {}))

        return Route(self.prefix + path, endpoint)

    def _post(self, path: str, call: str, do: Callable[[Request, Fields], Response]) -> Route:
        async def endpoint(request: Request) -> Response:
            body = (await request.body()).decode()
            if (refusal := self._refusal(request)) is not None:
                return refusal
            return await self.serve(call, lambda: self._once(request, body, do))

        return Route(self.prefix + path, endpoint, methods=["POST"])

    def _once(self, request: Request, body: str, do: Callable[[Request, Fields], Response]) -> Response:
        """The first answer of an idempotency key; the same key with other parameters is an error."""
        key = request.headers["idempotency-key"]
        if key in self._answers:
            before, answer = self._answers[key]
            return answer if before == body else _error(400, "idempotency_error", "other parameters before")
        answer = do(request, dict(parse_qsl(body)))
        self._answers[key] = (body, answer)
        return answer

    def _refusal(self, request: Request) -> Response | None:
        if basic_or_bearer(request) != f"Bearer {self.secret_key}":
            return _error(401, "invalid_api_key", "Invalid API Key")
        return None


def _card(holder: str) -> dict[str, Any]:
    return {"brand": "visa", "last4": "4242", "exp_month": 12, "exp_year": 2030}


def _error(status: int, code: str, message: str) -> Response:
    return JSONResponse({"error": {"type": "invalid_request_error", "code": code, "message": message}}, status)


def _shown(known: dict[str, dict[str, Any]], request: Request) -> Response:
    found = known.get(request.path_params["id"])
    return JSONResponse(found) if found is not None else _error(404, "resource_missing", "No such object")


def _found(known: dict[str, dict[str, Any]], request: Request, name: str) -> Response:
    """Search by one metadata value, as `metadata['name']:'value'`."""
    wanted = request.query_params["query"].partition(":")[2].strip("'")
    found = [item for item in known.values() if item["metadata"].get(name) == wanted]
    return JSONResponse({"object": "search_result", "data": found[:1]})
