"""Stripe with debtors: mandates signed on its page, debits that take days, failures and disputes of banks.

A debtor named `ISSUE-SEPA-REJ-<code>` lets his debits fail with it.
"""

from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from actors.payments.psp.stripe.simulator import Fields, StripeSimulator

_REJECT = "ISSUE-SEPA-REJ-"
_WORDS = {"AC04": "account_closed", "AM04": "insufficient_funds", "MD01": "debit_not_authorized"}
_ALIVE = ("succeeded", "processing")


class DebitingStripe(StripeSimulator):
    """`mandates` by id, as the API shows them."""

    def __init__(self, webhook_secret: str = "whsec_test_secret") -> None:
        super().__init__(webhook_secret)
        self.mandates: dict[str, dict[str, Any]] = {}

    def mandate(self, holder: str = "MARTIN", *, status: str = "active") -> str:
        """A signed mandate; its debtor decides how debits end."""
        number = next(self.ids)
        found: dict[str, Any] = {
            "id": f"mandate_{number}",
            "object": "mandate",
            "payment_method": self.card(holder),
            "payment_method_details": {"type": "sepa_debit", "sepa_debit": {"reference": f"STRP{number:06}"}},
            "status": status,
        }
        self.mandates[found["id"]] = found
        return str(found["id"])

    def sign(self, session_id: str, now: datetime, *, holder: str = "MARTIN", status: str = "active") -> None:
        """The customer signs on the page."""
        session, token = self.sessions[session_id], self.mandate(holder, status=status)
        method = {
            "id": self.mandates[token]["payment_method"],
            "object": "payment_method",
            "sepa_debit": {"last4": "0189"},
        }
        setup = {"id": f"seti_{next(self.ids)}", "object": "setup_intent", "payment_method": method, "mandate": token}
        session |= {"setup_intent": setup, "status": "complete"}
        self.report("checkout.session.completed", session, now)

    def move_mandate(self, mandate_id: str, status: str, now: datetime) -> None:
        """A mandate changes and is reported."""
        self.mandates[mandate_id]["status"] = status
        self.report("mandate.updated", self.mandates[mandate_id], now)

    def charged(self, key: object) -> int:
        """Cents that were or will be taken under one of our keys."""
        found = [intent for intent in self.intents.values() if intent["metadata"].get("crm_key") == str(key)]
        return sum(intent["amount"] for intent in found if intent["status"] in _ALIVE)

    def collect(self, intent_id: str, now: datetime) -> None:
        """The bank's answer."""
        intent = self.intents[intent_id]
        holder = self.holders[intent["payment_method"]]
        if not holder.startswith(_REJECT):
            intent["status"] = "succeeded"
            self.report("payment_intent.succeeded", intent, now)
            return
        word = _WORDS[holder.removeprefix(_REJECT)]
        intent["latest_charge"] |= {"status": "failed", "failure_code": word}
        intent |= {
            "status": "requires_payment_method",
            "last_payment_error": {"code": word, "message": "The bank refused"},
        }
        self.report("payment_intent.payment_failed", intent, now)

    def routes(self) -> list[Route]:
        """Those of cards, and those of mandates."""
        return [
            *super().routes(),
            self._get("/mandates/{id}", "mandate", self._show_mandate),
            self._post("/payment_methods/{id}/detach", "detach", self._detach),
        ]

    def _create_intent(self, request: Request, fields: Fields) -> Response:
        if fields.get("payment_method_types[0]") != "sepa_debit":
            return super()._create_intent(request, fields)
        mandate = self.mandates[fields["mandate"]]
        if mandate["status"] == "inactive" or mandate["payment_method"] != fields["payment_method"]:
            error = {"code": "payment_intent_mandate_invalid", "message": "The mandate is not active"}
            return JSONResponse({"error": error}, 400)
        intent = self._intent(int(fields["amount"]), fields["currency"], fields, "metadata") | {
            "status": "processing",
            "payment_method_types": ["sepa_debit"],
            "payment_method": fields["payment_method"],
            "customer": fields["customer"],
        }
        intent["latest_charge"] = {
            "id": f"py_{next(self.ids)}",
            "object": "charge",
            "status": "pending",
            "amount_refunded": 0,
            "disputed": False,
            "failure_code": None,
            "payment_method_details": {"sepa_debit": {"last4": "0189"}},
        }
        self.intents[intent["id"]] = intent
        return JSONResponse(intent)

    def _show_mandate(self, request: Request, fields: Fields) -> Response:
        found = self.mandates.get(request.path_params["id"])
        missing = {"error": {"code": "resource_missing", "message": "No such mandate"}}
        return JSONResponse(found) if found is not None else JSONResponse(missing, 404)

    def _detach(self, request: Request, fields: Fields) -> Response:
        token = request.path_params["id"]
        for mandate in self.mandates.values():
            if mandate["payment_method"] == token:
                mandate["status"] = "inactive"
        return JSONResponse({"id": token, "object": "payment_method", "customer": None})
