"""Speaks Stripe's HTTP dialect: form-encoded, minor units, `Idempotency-Key` on every POST.

Payments are PaymentIntents, pages are Checkout Sessions, saved means are PaymentMethods of a Customer; a debit names its
Mandate.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import httpx

from actors.payments.psp.http import ProviderHttp, json_of, major_units, minor_units
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
    ProviderMandate,
    ProviderPayment,
    ProviderRefund,
    RefundOrder,
    RefundState,
    WebhookAnswer,
    WebhookCall,
)
from actors.payments.psp.stripe import debits, webhooks
from messages.payments.vocabulary import PaymentMethod, PaymentStatus

VERSION = "2025-12-15.clover"
_PAYMENT = {"expand[0]": "latest_charge"}
_PAGE = {"expand[0]": "payment_intent.latest_charge", "expand[1]": "setup_intent.payment_method"}
_DECLINED = 402
_NO_MEANS = "requires_payment_method"
_STATUS = {
    "requires_action": PaymentStatus.REQUIRES_ACTION,
    "requires_confirmation": PaymentStatus.PENDING,
    "requires_capture": PaymentStatus.SUBMITTED,
    "processing": PaymentStatus.SUBMITTED,
    "succeeded": PaymentStatus.PAID,
    "canceled": PaymentStatus.CANCELLED,
}
_REFUND = {"succeeded": RefundState.SUCCEEDED, "failed": RefundState.FAILED, "canceled": RefundState.FAILED}
_REASONS = {"DUPLICATE": "duplicate", "FRAUDULENT": "fraudulent"}
_DISPUTE_STANDS = frozenset({"needs_response", "under_review", "lost"})


class StripeProvider:
    """One Stripe account."""

    capabilities = Capabilities(
        methods=frozenset({PaymentMethod.CARD, PaymentMethod.SEPA_CORE}),
        setup_page=True,
        saved_means=True,
        cancels=True,
    )

    def __init__(self, account: Account) -> None:
        self._secrets = tuple(account.webhook_secrets)
        self._http = ProviderHttp(
            account.base_url,
            headers={"Authorization": f"Bearer {account.credentials['secret_key']}", "Stripe-Version": VERSION},
            code_of=_code_of,
        )

    async def create_payment(self, order: PaymentOrder) -> ProviderPayment:
        """A confirmed off-session PaymentIntent; 402 carries the declined one."""
        fields: dict[str, Any] = {
            "amount": minor_units(order.amount),
            "currency": order.currency.lower(),
            "customer": order.customer,
            **await self._means_fields(order),
            "off_session": "true",
            "confirm": "true",
            "description": order.description,
            "metadata[crm_key]": order.key,
            "metadata[reference]": order.reference,
            **_PAYMENT,
        }
        answer = await self._post("/payment_intents", order.key, fields, keeps=(_DECLINED,))
        if answer.status_code != _DECLINED:
            return await self._payment(json_of(answer))
        declined = json_of(answer)["error"].get("payment_intent")
        if declined is None:
            raise ProviderError(FaultKind.PERMANENT, "the means of payment was refused", code=_code_of(answer))
        return await self._payment(declined)

    async def get_payment(self, provider_payment_id: str) -> ProviderPayment:
        """The PaymentIntent, with its dispute if there is one."""
        return await self._payment(await self._get(f"/payment_intents/{provider_payment_id}", _PAYMENT))

    async def find_payment(self, key: str) -> ProviderPayment | None:
        """By metadata; Stripe's search follows writes within a minute."""
        found = await self._get("/payment_intents/search", {"query": f"metadata['crm_key']:'{key}'", "limit": 1})
        return await self.get_payment(found["data"][0]["id"]) if found["data"] else None

    async def cancel_payment(self, provider_payment_id: str) -> ProviderPayment:
        """Cancel the PaymentIntent; 400 says that it is too late."""
        try:
            await self._post(f"/payment_intents/{provider_payment_id}/cancel", f"cancel|{provider_payment_id}", {})
        except ProviderError as error:
            if error.kind is not FaultKind.PERMANENT:
                raise
        return await self.get_payment(provider_payment_id)

    async def ensure_customer(self, customer: Customer) -> str:
        """The customer with our id in its metadata, else a new one."""
        query = f"metadata['client_id']:'{customer.client_id}'"
        found = await self._get("/customers/search", {"query": query, "limit": 1})
        if found["data"]:
            return str(found["data"][0]["id"])
        fields = {"name": customer.name, "email": customer.email, "metadata[client_id]": str(customer.client_id)}
        return str(json_of(await self._post("/customers", f"customer|{customer.client_id}", fields))["id"])

    async def open_page(self, order: PageOrder) -> Page:
        """A Checkout Session in mode payment or setup; one that leaves a mandate is always of mode setup."""
        debit = order.method is PaymentMethod.SEPA_CORE
        if debit and order.purpose is PagePurpose.PAY:
            raise ProviderError(FaultKind.PERMANENT, "a debit needs a signed mandate; let the customer sign one first")
        fields: dict[str, Any] = {
            "mode": "setup" if order.purpose is PagePurpose.SETUP else "payment",
            "payment_method_types[0]": debits.TYPE if debit else "card",
            "success_url": order.success_url,
            "cancel_url": order.cancel_url,
            "customer": order.provider_customer_id,
            "customer_email": None if order.provider_customer_id else order.customer.email,
            "client_reference_id": order.reference,
            "metadata[crm_key]": order.key,
            "expires_at": int(order.expires_at.timestamp()) if order.expires_at else None,
        }
        if order.amount is not None:
            fields |= {
                "line_items[0][quantity]": 1,
                "line_items[0][price_data][currency]": order.currency.lower(),
                "line_items[0][price_data][unit_amount]": minor_units(order.amount),
                "line_items[0][price_data][product_data][name]": order.description,
                "payment_intent_data[description]": order.description,
                "payment_intent_data[metadata][crm_key]": order.key,
                "payment_intent_data[metadata][reference]": order.reference,
                "payment_intent_data[setup_future_usage]": "off_session" if order.save_means else None,
            }
        return await self._page(json_of(await self._post("/checkout/sessions", order.key, fields)))

    async def get_page(self, page_id: str) -> Page:
        """The Checkout Session with its PaymentIntent or SetupIntent."""
        return await self._page(await self._get(f"/checkout/sessions/{page_id}", _PAGE))

    async def close_page(self, page_id: str) -> Page:
        """Expire the session; 400 says that it is over already."""
        try:
            await self._post(f"/checkout/sessions/{page_id}/expire", f"expire|{page_id}", {})
        except ProviderError as error:
            if error.kind is not FaultKind.PERMANENT:
                raise
        return await self.get_page(page_id)

    async def refund(self, order: RefundOrder) -> ProviderRefund:
        """A Refund of the PaymentIntent."""
        fields = {
            "payment_intent": order.provider_payment_id,
            "amount": minor_units(order.amount),
            "reason": _REASONS.get(order.reason, "requested_by_customer"),
            "metadata[crm_key]": order.key,
        }
        return _refund(json_of(await self._post("/refunds", order.key, fields)))

    async def get_refund(self, provider_refund_id: str) -> ProviderRefund:
        """The Refund."""
        return _refund(await self._get(f"/refunds/{provider_refund_id}", {}))

    async def get_mandate(self, token: str) -> ProviderMandate:
        """The Mandate."""
        return debits.mandate_of(await self._get(f"/mandates/{token}", {}))

    async def cancel_mandate(self, token: str) -> ProviderMandate:
        """Detach its PaymentMethod, which makes it inactive; a detached one is refused with 400."""
        method = (await self._get(f"/mandates/{token}", {}))["payment_method"]
        try:
            await self._post(f"/payment_methods/{method}/detach", f"detach|{method}", {})
        except ProviderError as error:
            if error.kind is not FaultKind.PERMANENT:
                raise
        return await self.get_mandate(token)

    async def check(self) -> None:
        """Read the balance."""
        await self._get("/balance", {})

    async def verify_webhook(self, call: WebhookCall, now: datetime) -> None:
        """By the account's endpoint secrets."""
        webhooks.verify(call, self._secrets, now)

    def events(self, call: WebhookCall) -> Sequence[ProviderEvent]:
        """One event a call."""
        return webhooks.events_of(call)

    def answer(self, call: WebhookCall, *, genuine: bool) -> WebhookAnswer:
        """Any 2xx."""
        return WebhookAnswer(200 if genuine else 401)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()

    async def _post(
        self, path: str, key: str, fields: Mapping[str, Any], *, keeps: tuple[int, ...] = ()
    ) -> httpx.Response:
        given = {name: str(value) for name, value in fields.items() if value is not None}
        return await self._http.change(path, data=given, headers={"Idempotency-Key": key}, keeps=keeps)

    async def _get(self, path: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        return json_of(await self._http.read(path, params=dict(parameters)))

    async def _means_fields(self, order: PaymentOrder) -> dict[str, Any]:
        """A card by itself, a debit by its mandate and the account that this was signed for."""
        if order.method is not PaymentMethod.SEPA_CORE:
            return {"payment_method": order.means}
        signed = await self._get(f"/mandates/{order.means}", {})
        return {
            "payment_method_types[0]": debits.TYPE,
            "payment_method": signed["payment_method"],
            "mandate": order.means,
        }

    async def _page(self, found: Mapping[str, Any]) -> Page:
        intent, setup = found.get("payment_intent"), found.get("setup_intent")
        status = {"open": PageStatus.OPEN, "complete": PageStatus.COMPLETE}.get(found["status"], PageStatus.EXPIRED)
        return Page(
            page_id=str(found["id"]),
            status=status,
            url=found.get("url"),
            payment=await self._payment(intent) if isinstance(intent, dict) else None,
            means=_left(setup, found.get("customer")) if isinstance(setup, dict) else None,
        )

    async def _payment(self, found: Mapping[str, Any]) -> ProviderPayment:
        charge = found.get("latest_charge")
        charge = charge if isinstance(charge, dict) else {}
        error = found.get("last_payment_error") or {}
        raw = str(found["status"])
        known, status = raw in _STATUS or raw == _NO_MEANS, _status(raw, error)
        debit = debits.is_debit(found)
        reason = (error.get("decline_code") or error.get("code")) if status is not PaymentStatus.PAID else None
        if debit and reason is not None:
            reason = debits.reason_of(charge.get("failure_code") or reason)
        if charge.get("disputed"):
            dispute = await self._standing_dispute(str(found["id"]))
            if dispute is not None:
                said = str(dispute["reason"])
                raw, known = "disputed", True
                status, reason = PaymentStatus.RETURNED, debits.reason_of(said) if debit else said
        redirect = (found.get("next_action") or {}).get("redirect_to_url") or {}
        return ProviderPayment(
            provider_payment_id=str(found["id"]),
            status=status,
            amount=major_units(found["amount"]),
            currency=str(found["currency"]).upper(),
            raw_status=raw,
            known=known,
            key=(found.get("metadata") or {}).get("crm_key"),
            refunded=major_units(charge.get("amount_refunded")),
            reason_code=reason,
            reason_text=error.get("message"),
            action_url=redirect.get("url"),
            means=_charged(charge, found),
        )

    async def _standing_dispute(self, intent: str) -> dict[str, Any] | None:
        found = await self._get("/disputes", {"payment_intent": intent, "limit": 10})
        return next((dispute for dispute in found["data"] if dispute["status"] in _DISPUTE_STANDS), None)


def _status(raw: str, error: Mapping[str, Any]) -> PaymentStatus:
    """An intent without a usable means was declined, wants the customer, or waits for one on its page."""
    if raw != _NO_MEANS:
        return _STATUS.get(raw, PaymentStatus.PENDING)
    if not error:
        return PaymentStatus.REQUIRES_ACTION
    wanted = error.get("decline_code") or error.get("code")
    return PaymentStatus.REQUIRES_ACTION if wanted == "authentication_required" else PaymentStatus.REJECTED


def _charged(charge: Mapping[str, Any], intent: Mapping[str, Any]) -> Means | None:
    """The card that a charge used, where it was kept for later."""
    details = (charge.get("payment_method_details") or {}).get("card")
    if not details or not charge.get("payment_method") or intent.get("setup_future_usage") != "off_session":
        return None
    return _means({"id": charge["payment_method"], "card": details}, intent.get("customer"))


def _left(setup: Mapping[str, Any], customer: str | None) -> Means | None:
    """What the customer left on a page: a mandate or a card."""
    method, signed = setup.get("payment_method"), debits.signed_means(setup, customer)
    return signed or (_means(method, customer) if isinstance(method, dict) else None)


def _means(found: Mapping[str, Any], customer: str | None) -> Means:
    card = found.get("card") or {}
    return Means(
        token=str(found["id"]),
        kind=MeansKind.CARD,
        customer=customer,
        brand=card.get("brand"),
        last4=card.get("last4"),
        exp_month=card.get("exp_month"),
        exp_year=card.get("exp_year"),
    )


def _refund(found: Mapping[str, Any]) -> ProviderRefund:
    return ProviderRefund(
        provider_refund_id=str(found["id"]),
        state=_REFUND.get(found["status"], RefundState.PENDING),
        amount=major_units(found["amount"]),
        reason_code=found.get("failure_reason"),
    )


def _code_of(answer: httpx.Response) -> str | None:
    try:
        error = answer.json()["error"]
    except (ValueError, KeyError, TypeError):
        return None
    found = error.get("decline_code") or error.get("code") or error.get("type")
    return str(found) if found is not None else None
