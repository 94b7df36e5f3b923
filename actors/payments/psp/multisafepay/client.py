"""Speaks MultiSafepay's JSON dialect. An order is both the page and the payment; its id is our key.

There are no idempotency keys: an order is looked for before it is made, and the gateway refuses an id that was used.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import httpx

from actors.payments.psp.declines import decline_of
from actors.payments.psp.http import ProviderHttp, json_of, major_units, minor_units
from actors.payments.psp.multisafepay import webhooks
from actors.payments.psp.port import (
    Account,
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

_MISSING = 404
_STATUS = {
    "initialized": PaymentStatus.PENDING,
    "uncleared": PaymentStatus.SUBMITTED,
    "reserved": PaymentStatus.SUBMITTED,
    "completed": PaymentStatus.PAID,
    "shipped": PaymentStatus.PAID,
    "refunded": PaymentStatus.PAID,
    "partial_refunded": PaymentStatus.PAID,
    "declined": PaymentStatus.REJECTED,
    "expired": PaymentStatus.CANCELLED,
    "cancelled": PaymentStatus.CANCELLED,
    "void": PaymentStatus.CANCELLED,
    "chargedback": PaymentStatus.RETURNED,
    "error": PaymentStatus.FAILED,
}
_PAGE_ENDED = {"expired": PageStatus.EXPIRED, "cancelled": PageStatus.EXPIRED, "void": PageStatus.EXPIRED}
_OPEN = frozenset({"initialized", "declined"})
_REFUND = {"completed": RefundState.SUCCEEDED, "declined": RefundState.FAILED, "cancelled": RefundState.FAILED}


class MultiSafepayProvider:
    """One MultiSafepay site."""

    capabilities = Capabilities(methods=frozenset({PaymentMethod.CARD}), saved_means=True)

    def __init__(self, account: Account) -> None:
        self._key = account.credentials["api_key"]
        self._http = ProviderHttp(account.base_url, headers={"api_key": self._key}, code_of=_code_of)

    async def create_payment(self, order: PaymentOrder) -> ProviderPayment:
        """A direct order on a recurring id."""
        known = await self._order(order.key)
        if known is None:
            body = {
                "type": "direct",
                "order_id": order.key,
                "gateway": "CREDITCARD",
                "currency": order.currency,
                "amount": minor_units(order.amount),
                "description": order.description,
                "recurring_id": order.means,
                "recurring_model": "unscheduled",
                "var1": order.reference,
            }
            known = _data(await self._http.change("/orders", json=body))
        return _payment(known)

    async def get_payment(self, provider_payment_id: str) -> ProviderPayment:
        """The order."""
        return _payment(_data(await self._http.read(f"/orders/{provider_payment_id}")))

    async def find_payment(self, key: str) -> ProviderPayment | None:
        """The order of that id."""
        found = await self._order(key)
        return _payment(found) if found is not None else None

    async def cancel_payment(self, provider_payment_id: str) -> ProviderPayment:
        """Card orders are decided at once; there is nothing to cancel."""
        return await self.get_payment(provider_payment_id)

    async def ensure_customer(self, customer: Customer) -> str:
        """MultiSafepay keeps no customers; recurring ids stand alone."""
        return str(customer.client_id)

    async def open_page(self, order: PageOrder) -> Page:
        """A redirect order; it expires by itself."""
        if order.purpose is PagePurpose.SETUP or order.amount is None:
            raise ProviderError(FaultKind.PERMANENT, "MultiSafepay saves a card with a first payment only")
        first, _, last = order.customer.name.partition(" ")
        body: dict[str, Any] = {
            "type": "redirect",
            "order_id": order.key,
            "gateway": "CREDITCARD",
            "currency": order.currency,
            "amount": minor_units(order.amount),
            "description": order.description,
            "var1": order.reference,
            "payment_options": {
                "notification_url": order.notify_url,
                "notification_method": "POST",
                "redirect_url": order.success_url,
                "cancel_url": order.cancel_url,
            },
            "customer": {
                "first_name": first,
                "last_name": last,
                "email": order.customer.email,
                "country": order.customer.country,
                "locale": "fr_FR",
            },
        } | ({"recurring_model": "unscheduled"} if order.save_means else {})
        known = await self._order(order.key)
        if known is None:
            known = {"status": "initialized"} | _data(await self._http.change("/orders", json=body))
        return _page(known)

    async def get_page(self, page_id: str) -> Page:
        """The order."""
        return _page(_data(await self._http.read(f"/orders/{page_id}")))

    async def close_page(self, page_id: str) -> Page:
        """A page cannot be closed; it is answered as it stands."""
        return await self.get_page(page_id)

    async def refund(self, order: RefundOrder) -> ProviderRefund:
        """A refund of the order, looked for by our key in its description before it is made."""
        mark = f"refund {order.key}"
        known = _refunds(_data(await self._http.read(f"/orders/{order.provider_payment_id}")))
        for refund_id, found in known.items():
            if found.get("description") == mark:
                return _refund(order.provider_payment_id, refund_id, found)
        body = {"currency": order.currency, "amount": minor_units(order.amount), "description": mark}
        made = _data(await self._http.change(f"/orders/{order.provider_payment_id}/refunds", json=body))
        return await self.get_refund(f"{order.provider_payment_id}/{made['refund_id']}")

    async def get_refund(self, provider_refund_id: str) -> ProviderRefund:
        """The refund among its order's related transactions; our id of it is `order/refund`."""
        order_id, _, refund_id = provider_refund_id.partition("/")
        known = _refunds(_data(await self._http.read(f"/orders/{order_id}")))
        if refund_id not in known:
            raise ProviderError(FaultKind.TRANSIENT, f"refund {refund_id} is not shown yet")
        return _refund(order_id, refund_id, known[refund_id])

    async def check(self) -> None:
        """List the payment methods."""
        await self._http.read("/gateways")

    async def verify_webhook(self, call: WebhookCall, now: datetime) -> None:
        """By the API key."""
        webhooks.verify(call, self._key, now)

    def events(self, call: WebhookCall) -> Sequence[ProviderEvent]:
        """An order in a state."""
        return webhooks.events_of(call)

    def answer(self, call: WebhookCall, *, genuine: bool) -> WebhookAnswer:
        """The word OK."""
        return WebhookAnswer(200, "OK") if genuine else WebhookAnswer(401)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()

    async def _order(self, order_id: str) -> dict[str, Any] | None:
        answer = await self._http.read(f"/orders/{order_id}", keeps=(_MISSING,))
        return None if answer.status_code == _MISSING else _data(answer)


def _data(answer: httpx.Response) -> dict[str, Any]:
    found = json_of(answer).get("data")
    if not isinstance(found, dict):
        raise ProviderError(FaultKind.UNKNOWN_OUTCOME, "the answer holds no data")
    return found


def _payment(found: Mapping[str, Any]) -> ProviderPayment:
    raw = str(found["status"])
    reason = None
    if raw == "declined":
        reason = decline_of(str(found.get("reason_code") or ""))
    elif raw == "chargedback":
        reason = "fraudulent"
    return ProviderPayment(
        provider_payment_id=str(found["order_id"]),
        status=_STATUS.get(raw, PaymentStatus.PENDING),
        amount=major_units(found["amount"]),
        currency=str(found["currency"]),
        raw_status=raw,
        known=raw in _STATUS,
        key=str(found["order_id"]),
        refunded=major_units(found.get("amount_refunded")),
        reason_code=reason,
        reason_text=found.get("reason") or None,
        means=_means(found),
    )


def _means(found: Mapping[str, Any]) -> Means | None:
    details = found.get("payment_details") or {}
    if not details.get("recurring_id"):
        return None
    return Means(str(details["recurring_id"]), MeansKind.CARD, brand=details.get("type"), last4=details.get("last4"))


def _page(found: Mapping[str, Any]) -> Page:
    raw = str(found["status"])
    status = PageStatus.OPEN if raw in _OPEN else _PAGE_ENDED.get(raw, PageStatus.COMPLETE)
    payment = _payment(found) if raw not in _OPEN and "amount" in found else None
    return Page(str(found["order_id"]), status, found.get("payment_url"), payment)


def _refunds(found: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {str(item["transaction_id"]): item for item in found.get("related_transactions") or ()}


def _refund(order_id: str, refund_id: str, found: Mapping[str, Any]) -> ProviderRefund:
    state = _REFUND.get(str(found["status"]), RefundState.PENDING)
    return ProviderRefund(f"{order_id}/{refund_id}", state, major_units(abs(int(found["amount"]))))


def _code_of(answer: httpx.Response) -> str | None:
    try:
        return str(json.loads(answer.content)["error_code"])
    except (ValueError, KeyError, TypeError):
        return None
