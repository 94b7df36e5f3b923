"""Speaks PayPal's REST dialect: orders that are captured, decimal strings, `PayPal-Request-Id` on every POST.

An order is both the page and the payment. A page that the payer approved is captured when it is read.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import httpx

from actors.payments.psp.http import ProviderHttp, json_of
from actors.payments.psp.paypal import webhooks
from actors.payments.psp.port import (
    NOTHING,
    Account,
    BadWebhookError,
    Capabilities,
    Customer,
    FaultKind,
    Means,
    MeansKind,
    Page,
    PageOrder,
    PagePurpose,
    PageStatus,
    PaymentOrder,
    ProviderError,
    ProviderEvent,
    ProviderPayment,
    ProviderRefund,
    RefundOrder,
    RefundState,
    WebhookAnswer,
    WebhookCall,
)
from messages.payments.vocabulary import PaymentMethod, PaymentStatus
from messages.values.instants import format_instant
from runtime import clock

_TOKEN_MARGIN = 60
_SEARCHED = timedelta(days=2)
_CAPTURE = {
    "COMPLETED": PaymentStatus.PAID,
    "PARTIALLY_REFUNDED": PaymentStatus.PAID,
    "REFUNDED": PaymentStatus.PAID,
    "PENDING": PaymentStatus.SUBMITTED,
    "DECLINED": PaymentStatus.REJECTED,
    "FAILED": PaymentStatus.FAILED,
}
_ORDER = {"PAYER_ACTION_REQUIRED": PaymentStatus.REQUIRES_ACTION, "VOIDED": PaymentStatus.CANCELLED}
_RESPONSES = {
    "0500": "do_not_honor",
    "5100": "generic_decline",
    "5120": "insufficient_funds",
    "5400": "expired_card",
    "9500": "fraudulent",
}
_REFUND = {"COMPLETED": RefundState.SUCCEEDED, "FAILED": RefundState.FAILED, "CANCELLED": RefundState.FAILED}
_LOST = "RESOLVED_BUYER_FAVOUR"
_DUPLICATE = "DUPLICATE_INVOICE_ID"


class PayPalProvider:
    """One PayPal account."""

    capabilities = Capabilities(methods=frozenset({PaymentMethod.PAYPAL}), saved_means=True)

    def __init__(self, account: Account) -> None:
        given = account.credentials
        self._webhook_id, self._host = given["webhook_id"], urlsplit(account.base_url).netloc
        self._login = ProviderHttp(account.base_url, auth=(given["client_id"], given["client_secret"]))
        self._http = ProviderHttp(account.base_url, code_of=_code_of)
        self._token, self._token_ends = "", 0.0
        self._certificates: dict[str, bytes] = {}

    async def create_payment(self, order: PaymentOrder) -> ProviderPayment:
        """An order on a vaulted PayPal account, captured at once."""
        stored = {"payment_initiator": "MERCHANT", "usage": "SUBSEQUENT", "usage_pattern": "UNSCHEDULED_POSTPAID"}
        source = {"paypal": {"vault_id": order.means, "stored_credential": stored}}
        return await self._payment(await self._order(order.key, order, source))

    async def get_payment(self, provider_payment_id: str) -> ProviderPayment:
        """The order with its capture, also when only the capture is known."""
        order_id = provider_payment_id
        if order_id.startswith(webhooks.CAPTURE):
            capture = await self._get(f"/v2/payments/captures/{order_id.removeprefix(webhooks.CAPTURE)}")
            order_id = capture["supplementary_data"]["related_ids"]["order_id"]
        return await self._payment(await self._get(f"/v2/checkout/orders/{order_id}"))

    async def find_payment(self, key: str) -> ProviderPayment | None:
        """By the transaction report, which follows within three hours; until then the request id protects the order."""
        now = clock.now()
        parameters = {
            "start_date": format_instant(now - _SEARCHED),
            "end_date": format_instant(now),
            "fields": "transaction_info",
            "page_size": "500",
        }
        listed = await self._get("/v1/reporting/transactions", parameters)
        for detail in listed.get("transaction_details") or ():
            info = detail["transaction_info"]
            if info.get("custom_field") == key:
                return await self.get_payment(f"{webhooks.CAPTURE}{info['transaction_id']}")
        return None

    async def cancel_payment(self, provider_payment_id: str) -> ProviderPayment:
        """Captures cannot be withdrawn; unapproved orders lapse by themselves."""
        return await self.get_payment(provider_payment_id)

    async def ensure_customer(self, customer: Customer) -> str:
        """The vault's own customer id, chosen by us."""
        return customer.client_id.hex[:22]

    async def open_page(self, order: PageOrder) -> Page:
        """An order that the payer approves on PayPal's page."""
        if order.purpose is PagePurpose.SETUP or order.amount is None:
            raise ProviderError(FaultKind.PERMANENT, "PayPal saves an account with a first payment only")
        context = {"return_url": order.success_url, "cancel_url": order.cancel_url, "user_action": "PAY_NOW"}
        source: dict[str, Any] = {"paypal": {"experience_context": context}}
        if order.save_means:
            source["paypal"]["attributes"] = {"vault": {"store_in_vault": "ON_SUCCESS", "usage_type": "MERCHANT"}}
        return await self._page(await self._order(order.key, order, source))

    async def get_page(self, page_id: str) -> Page:
        """The order; an approved one is captured, once."""
        found = await self._get(f"/v2/checkout/orders/{page_id}")
        if found["status"] == "APPROVED":
            found = await self._post(f"/v2/checkout/orders/{page_id}/capture", f"capture-{page_id}", {})
        return await self._page(found)

    async def close_page(self, page_id: str) -> Page:
        """An order cannot be closed; it lapses by itself and is answered as it stands."""
        return await self._page(await self._get(f"/v2/checkout/orders/{page_id}"))

    async def refund(self, order: RefundOrder) -> ProviderRefund:
        """A refund of the order's capture."""
        capture = _capture(await self._get(f"/v2/checkout/orders/{order.provider_payment_id}"))
        if capture is None:
            raise ProviderError(FaultKind.PERMANENT, "the order has no capture to refund")
        body = {"amount": _money(order.amount, order.currency), "custom_id": order.key}
        return _refund(await self._post(f"/v2/payments/captures/{capture['id']}/refund", order.key, body))

    async def get_refund(self, provider_refund_id: str) -> ProviderRefund:
        """The refund."""
        return _refund(await self._get(f"/v2/payments/refunds/{provider_refund_id}"))

    async def check(self) -> None:
        """Ask for a token."""
        self._token_ends = 0.0
        await self._bearer()

    async def verify_webhook(self, call: WebhookCall, now: datetime) -> None:
        """By PayPal's certificate, fetched once and kept."""
        url = webhooks.certificate_url(call, self._host)
        if url not in self._certificates:
            try:
                self._certificates[url] = (await self._login.read(url)).content
            except ProviderError as error:
                raise BadWebhookError("the certificate cannot be fetched") from error
        webhooks.verify(call, self._webhook_id, self._certificates[url])

    def events(self, call: WebhookCall) -> Sequence[ProviderEvent]:
        """One event a call."""
        return webhooks.events_of(call)

    def answer(self, call: WebhookCall, *, genuine: bool) -> WebhookAnswer:
        """Any 2xx."""
        return WebhookAnswer(200 if genuine else 401)

    async def close(self) -> None:
        """Close the connections."""
        await self._login.close()
        await self._http.close()

    async def _order(self, key: str, order: PaymentOrder | PageOrder, source: Mapping[str, Any]) -> dict[str, Any]:
        unit = {
            "reference_id": order.reference,
            "custom_id": key,
            "invoice_id": key,
            "description": order.description[:127],
            "amount": _money(order.amount or NOTHING, order.currency),
        }
        body = {"intent": "CAPTURE", "purchase_units": [unit], "payment_source": source}
        try:
            return await self._post("/v2/checkout/orders", key, body)
        except ProviderError as error:
            if error.code == _DUPLICATE:  # it was taken before, and its request id has been forgotten since
                raise ProviderError(FaultKind.UNKNOWN_OUTCOME, str(error), code=error.code) from error
            raise

    async def _bearer(self) -> dict[str, str]:
        if clock.monotonic() >= self._token_ends:
            answer = json_of(await self._login.ask("/v1/oauth2/token", data={"grant_type": "client_credentials"}))
            self._token = str(answer["access_token"])
            self._token_ends = clock.monotonic() + int(answer["expires_in"]) - _TOKEN_MARGIN
        return {"Authorization": f"Bearer {self._token}"}

    async def _post(self, path: str, key: str, body: Mapping[str, Any]) -> dict[str, Any]:
        headers = await self._bearer() | {"PayPal-Request-Id": key, "Prefer": "return=representation"}
        return json_of(await self._http.change(path, json=dict(body), headers=headers))

    async def _get(self, path: str, parameters: Mapping[str, str] | None = None) -> dict[str, Any]:
        answer = await self._http.read(path, params=dict(parameters or {}), headers=await self._bearer())
        return json_of(answer)

    async def _page(self, found: Mapping[str, Any]) -> Page:
        capture = _capture(found)
        status = PageStatus.COMPLETE if capture else PageStatus.OPEN
        if found["status"] == "VOIDED":
            status = PageStatus.EXPIRED
        link = next((item["href"] for item in found.get("links") or () if item["rel"] == "payer-action"), None)
        return Page(str(found["id"]), status, link, await self._payment(found) if capture else None)

    async def _payment(self, found: Mapping[str, Any]) -> ProviderPayment:
        unit, capture = found["purchase_units"][0], _capture(found)
        amount = unit["amount"]
        status = _ORDER.get(found["status"], PaymentStatus.PENDING)
        reason = None
        if capture is not None:
            status = _CAPTURE.get(capture["status"], PaymentStatus.SUBMITTED)
            response = (capture.get("processor_response") or {}).get("response_code")
            if status is PaymentStatus.REJECTED:
                reason = _RESPONSES.get(str(response), "generic_decline")
            elif status is PaymentStatus.PAID:
                dispute = await self._lost_dispute(str(capture["id"]))
                if dispute is not None:
                    status, reason = PaymentStatus.RETURNED, dispute
        return ProviderPayment(
            provider_payment_id=str(found["id"]),
            status=status,
            amount=Decimal(amount["value"]),
            currency=str(amount["currency_code"]),
            raw_status=str(capture["status"] if capture is not None else found["status"]),
            key=unit.get("custom_id"),
            refunded=_refunded(unit),
            reason_code=reason,
            means=_means(found),
        )

    async def _lost_dispute(self, capture_id: str) -> str | None:
        """The reason of a dispute that was decided for the buyer."""
        listed = await self._get("/v1/customer/disputes", {"disputed_transaction_id": capture_id})
        for item in listed.get("items") or ():
            details = await self._get(f"/v1/customer/disputes/{item['dispute_id']}")
            if (details.get("dispute_outcome") or {}).get("outcome_code") == _LOST:
                return "fraudulent" if details.get("reason") == "UNAUTHORISED" else str(details["reason"]).lower()
        return None


def _money(amount: Decimal, currency: str) -> dict[str, str]:
    return {"currency_code": currency, "value": f"{amount:.2f}"}


def _capture(found: Mapping[str, Any]) -> Mapping[str, Any] | None:
    captures = (found["purchase_units"][0].get("payments") or {}).get("captures") or ()
    return captures[-1] if captures else None


def _refunded(unit: Mapping[str, Any]) -> Decimal:
    given = (unit.get("payments") or {}).get("refunds") or ()
    return sum((Decimal(item["amount"]["value"]) for item in given if item["status"] == "COMPLETED"), NOTHING)


def _means(found: Mapping[str, Any]) -> Means | None:
    vault = (((found.get("payment_source") or {}).get("paypal") or {}).get("attributes") or {}).get("vault") or {}
    if not vault.get("id"):
        return None
    return Means(str(vault["id"]), MeansKind.PAYPAL, (vault.get("customer") or {}).get("id"))


def _refund(found: Mapping[str, Any]) -> ProviderRefund:
    state = _REFUND.get(found["status"], RefundState.PENDING)
    return ProviderRefund(str(found["id"]), state, Decimal(found["amount"]["value"]))


def _code_of(answer: httpx.Response) -> str | None:
    try:
        body = answer.json()
        return str((body.get("details") or [{}])[0].get("issue") or body["name"])
    except (ValueError, KeyError, TypeError, AttributeError, IndexError):
        return None
