"""Plays GoCardless's side: mandates, payments, refunds, billing requests, events, idempotency keys, cursors, webhooks.

A debtor named `ISSUE-SEPA-REJ-<code>` lets his debits fail with it, `ISSUE-SEPA-LATE-<code>` after they were confirmed.
"""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from actors.payments.psp.gocardless.webhooks import HEADER, signature_of
from actors.payments.psp.simulation import ProviderSimulator, basic_or_bearer
from messages.values.instants import format_instant
from runtime.simulation import SentWebhook

Body = dict[str, Any]
_REJECT = "ISSUE-SEPA-REJ-"
_LATE = "ISSUE-SEPA-LATE-"
_MOST_REFUNDS = 5


class GoCardlessSimulator(ProviderSimulator):
    """One account. `page_size` makes the pages of lists short."""

    def __init__(self, webhook_secret: str = "whsec_test_secret", *, page_size: int = 2) -> None:
        super().__init__()
        self.access_token, self.webhook_secret, self.page_size = "sandbox_token", webhook_secret, page_size
        self.things: dict[str, dict[str, Body]] = {
            name: {} for name in ("payments", "refunds", "customers", "billing_requests", "mandates", "events")
        }
        self.holders: dict[str, str] = {}
        self._made: dict[tuple[str, str], str] = {}

    # -- what a test does ----------------------------------------------------------------------------------------

    def mandate(self, holder: str = "MARTIN", *, earliest: str = "2026-11-27") -> str:
        """An active mandate; its debtor decides how debits end."""
        found = self._keep("mandates", "MD", {"status": "active", "next_possible_charge_date": earliest, "links": {}})
        self.holders[found["id"]] = holder
        return str(found["id"])

    def move_mandate(self, mandate_id: str, status: str, now: datetime, action: str | None = None) -> None:
        """A mandate changes, which leaves an event and a webhook."""
        self.things["mandates"][mandate_id]["status"] = status
        self._tell("mandates", action or status, {"mandate": mandate_id}, {}, now)

    def replace_mandate(self, mandate_id: str, now: datetime) -> str:
        """A mandate is taken over by another one."""
        new = self.mandate(self.holders[mandate_id])
        self.things["mandates"][mandate_id]["links"] = {"new_mandate": new}
        self.move_mandate(mandate_id, "cancelled", now, "replaced")
        return new

    def charged(self, key: object) -> int:
        """Cents that were or will be debited under one of our keys."""
        made = [found for found in self.things["payments"].values() if found["metadata"].get("crm_key") == str(key)]
        return sum(found["amount"] for found in made if found["status"] not in ("cancelled", "failed"))

    def collect(self, payment_id: str, now: datetime) -> None:
        """The bank's answer: submitted, then confirmed or failed."""
        payment = self.things["payments"][payment_id]
        holder = self.holders[payment["links"]["mandate"]]
        self.move(payment, "submitted", now)
        if holder.startswith(_REJECT):
            self.move(payment, "failed", now, _details(holder.removeprefix(_REJECT)))
            return
        self.move(payment, "confirmed", now)
        if holder.startswith(_LATE):
            self.move(payment, "failed", now, _details(holder.removeprefix(_LATE)))

    def charge_back(self, payment_id: str, now: datetime, *, cause: str = "refund_requested") -> None:
        """The debtor claims a refund at his bank."""
        details = {"origin": "bank", "cause": cause, "scheme": "sepa_core"}
        self.move(self.things["payments"][payment_id], "charged_back", now, details)

    def fulfil(
        self,
        request_id: str,
        now: datetime,
        *,
        holder: str = "MARTIN",
        status: str = "active",
        earliest: str = "2026-11-27",
    ) -> None:
        """The customer signs the mandate on the page."""
        request = self.things["billing_requests"][request_id]
        request["status"] = "fulfilled"
        signed = self.mandate(holder, earliest=earliest)
        self.things["mandates"][signed] |= {"status": status, "reference": request["mandate_request"].get("reference")}
        request["links"]["mandate_request_mandate"] = signed
        self._tell("billing_requests", "fulfilled", {"billing_request": request_id}, {}, now)

    def move(self, payment: Body, status: str, now: datetime, details: Body | None = None) -> None:
        """A payment changes, which leaves an event and a webhook."""
        payment["status"] = status
        self._tell("payments", status, {"payment": payment["id"]}, details or {}, now)

    def send(self, *events: Body) -> SentWebhook:
        """A signed webhook of events."""
        raw = json.dumps({"events": events}).encode()
        sent = SentWebhook({HEADER: signature_of(self.webhook_secret, raw)}, raw)
        self.webhooks.append(sent)
        return sent

    def _tell(self, kind: str, action: str, links: Body, details: Body, now: datetime) -> None:
        event = {
            "created_at": format_instant(now),
            "resource_type": kind,
            "action": action,
            "links": links,
            "details": details,
        }
        self.send(self._keep("events", "EV", event))

    # -- what the paths do ---------------------------------------------------------------------------------------

    def routes(self) -> list[Route]:
        """The paths that the adapter uses."""
        return [
            self._post("/payments", "create", "payments", self._create_payment),
            self._list("/payments", "find", "payments"),
            self._list("/events", "events", "events"),
            self._list("/creditors", "check", "customers"),
            *(self._read(name) for name in ("payments", "refunds", "mandates", "billing_requests", "customers")),
            self._act("/payments/{id}/actions/cancel", "payments", "pending_submission"),
            self._act("/billing_requests/{id}/actions/cancel", "billing_requests", "pending"),
            self._act("/mandates/{id}/actions/cancel", "mandates", "active"),
            self._post("/refunds", "refund", "refunds", self._create_refund),
            self._post("/customers", "customer", "customers", lambda body: self._keep("customers", "CU", body)),
            self._post("/billing_requests", "page", "billing_requests", self._create_request),
            self._post("/billing_request_flows", "flow", "billing_request_flows", self._create_flow),
        ]

    def _create_payment(self, body: Body) -> Body | Response:
        mandate = self.things["mandates"].get(body["links"]["mandate"])
        if mandate is None:
            return _error(422, "resource_not_found", "mandate not found")
        if body.get("charge_date", "9999") < mandate["next_possible_charge_date"]:
            return _error(422, "charge_date", "must be on or after next_possible_charge_date")
        return self._keep("payments", "PM", {"status": "pending_submission", "amount_refunded": 0, **body})

    def _create_refund(self, body: Body) -> Body | Response:
        payment = self.things["payments"][body["links"]["payment"]]
        total = payment["amount_refunded"] + body["amount"]
        if payment["status"] not in ("confirmed", "paid_out"):
            return _error(422, "refund_payment_invalid_state", "the payment is not confirmed")
        if total != body["total_amount_confirmation"] or total > payment["amount"]:
            return _error(422, "total_amount_confirmation_invalid", "the total does not fit")
        payment["amount_refunded"] = total
        return self._keep("refunds", "RF", {"status": "pending_submission", **body})

    def _create_request(self, body: Body) -> Body:
        return self._keep("billing_requests", "BRQ", {"status": "pending", "metadata": {}, **body})

    def _create_flow(self, body: Body) -> Body:
        url = f"https://pay-sandbox.gocardless.test/billing/{body['links']['billing_request']}"
        return {"id": f"BRF{next(self.ids)}", "authorisation_url": url, **body}

    def _keep(self, name: str, prefix: str, fields: Body) -> Body:
        found = {"id": f"{prefix}{next(self.ids):06}", **fields}
        self.things[name][found["id"]] = found
        return found

    # -- how a path is served ------------------------------------------------------------------------------------

    def _post(self, path: str, call: str, name: str, do: Callable[[Body], Body | Response]) -> Route:
        async def endpoint(request: Request) -> Response:
            body = json.loads(await request.body())[name]
            if (refusal := self._refusal(request)) is not None:
                return refusal
            return await self.serve(call, lambda: self._once(request, name, body, do))

        return Route(path, endpoint, methods=["POST"])

    def _once(self, request: Request, name: str, body: Body, do: Callable[[Body], Body | Response]) -> Response:
        """A key that made something answers 409 with its id, whatever the rest of the call says."""
        place = (name, request.headers["idempotency-key"])
        if place in self._made and name != "billing_request_flows":
            links = {"conflicting_resource_id": self._made[place]}
            return _error(409, "idempotent_creation_conflict", "created already", links=links)
        made = do(body)
        if isinstance(made, Response):
            return made
        self._made[place] = made["id"]
        return JSONResponse({name: made}, 201)

    def _read(self, name: str) -> Route:
        async def endpoint(request: Request) -> Response:
            found = self.things[name].get(request.path_params["id"])
            if (refusal := self._refusal(request)) is not None:
                return refusal
            shown = JSONResponse({name: found}) if found else _error(404, "resource_not_found", "not found")
            return await self.serve(f"read {name}", lambda: shown)

        return Route(f"/{name}/{{id}}", endpoint)

    def _list(self, path: str, call: str, name: str) -> Route:
        async def endpoint(request: Request) -> Response:
            if (refusal := self._refusal(request)) is not None:
                return refusal
            return await self.serve(call, lambda: self._listed(request, path.strip("/"), name))

        return Route(path, endpoint)

    def _listed(self, request: Request, shown_as: str, name: str) -> Response:
        wanted = request.query_params
        found = sorted(self.things[name].values(), key=lambda item: str(item["id"]), reverse=True)
        if name == "events":
            found = [
                e for e in found if e["links"].get("payment") == wanted["payment"] and e["action"] == wanted["action"]
            ]
        if "after" in wanted:
            found = [item for item in found if item["id"] < wanted["after"]]
        page = found[: self.page_size]
        after = page[-1]["id"] if len(found) > len(page) else None
        return JSONResponse({shown_as: page, "meta": {"cursors": {"before": None, "after": after}}})

    def _act(self, path: str, name: str, only: str) -> Route:
        async def endpoint(request: Request) -> Response:
            found = self.things[name][request.path_params["id"]]
            if found["status"] != only:
                return _error(422, "cancellation_failed", f"it is {found['status']}")
            found["status"] = "cancelled"
            return JSONResponse({name: found})

        return Route(path, endpoint, methods=["POST"])

    def _refusal(self, request: Request) -> Response | None:
        if basic_or_bearer(request) != f"Bearer {self.access_token}":
            return _error(401, "access_token_not_found", "The access token you've used is not recognised")
        return None


def _details(code: str) -> Body:
    return {"origin": "bank", "cause": "other", "scheme": "sepa_core", "reason_code": code}


def _error(status: int, reason: str, message: str, *, links: Body | None = None) -> Response:
    error = {"reason": reason, "message": message} | ({"links": links} if links else {})
    return JSONResponse(
        {"error": {"code": status, "type": "invalid_state", "message": message, "errors": [error]}}, status
    )
