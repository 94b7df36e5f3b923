"""Speaks GoCardless's HTTP dialect: SEPA direct debits under mandates that it keeps.

Every POST carries an `Idempotency-Key`; a key that was used answers 409 with the id of what it made, which is adopted.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import httpx

from actors.payments.psp.gocardless import webhooks
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
from messages.payments.vocabulary import MandateStatus, PaymentMethod, PaymentStatus

VERSION = "2015-07-06"
_CONFLICT = 409
_INVALID_SIGNATURE = 498
_PAGE_SIZE = 500
_MOST_PAGES = 20
_STATUS = {
    "pending_customer_approval": PaymentStatus.SUBMITTED,
    "pending_submission": PaymentStatus.SUBMITTED,
    "submitted": PaymentStatus.SUBMITTED,
    "confirmed": PaymentStatus.PAID,
    "paid_out": PaymentStatus.PAID,
    "cancelled": PaymentStatus.CANCELLED,
    "customer_approval_denied": PaymentStatus.REJECTED,
    "failed": PaymentStatus.REJECTED,
    "charged_back": PaymentStatus.RETURNED,
}
_MANDATE = {
    "pending_customer_approval": MandateStatus.PENDING_CUSTOMER_APPROVAL,
    "pending_submission": MandateStatus.PENDING_SUBMISSION,
    "submitted": MandateStatus.SUBMITTED,
    "active": MandateStatus.ACTIVE,
    "suspended_by_payer": MandateStatus.SUSPENDED_BY_PAYER,
    "blocked": MandateStatus.BLOCKED,
    "failed": MandateStatus.FAILED,
    "cancelled": MandateStatus.CANCELLED,
    "expired": MandateStatus.EXPIRED,
    "consumed": MandateStatus.CONSUMED,
}
_REASONED = {"failed": "failed", "charged_back": "charged_back"}
_CAUSES = {
    "insufficient_funds": "AM04",
    "bank_account_closed": "AC04",
    "invalid_bank_details": "AC01",
    "direct_debit_not_enabled": "AG01",
    "refer_to_payer": "MS03",
    "mandate_cancelled": "MD01",
    "authorisation_disputed": "MD01",
    "refund_requested": "MD06",
}
_REFUND = {
    "paid": RefundState.SUCCEEDED,
    "cancelled": RefundState.FAILED,
    "bounced": RefundState.FAILED,
    "funds_returned": RefundState.FAILED,
}


class GoCardlessProvider:
    """One GoCardless account."""

    capabilities = Capabilities(
        methods=frozenset({PaymentMethod.SEPA_CORE}),
        hosted_page=False,
        setup_page=True,
        saved_means=True,
        cancels=True,
        lead_target_days=3,
    )

    def __init__(self, account: Account) -> None:
        self._secrets = tuple(account.webhook_secrets)
        headers = {"Authorization": f"Bearer {account.credentials['access_token']}", "GoCardless-Version": VERSION}
        self._http = ProviderHttp(account.base_url, headers=headers, code_of=_code_of)

    async def create_payment(self, order: PaymentOrder) -> ProviderPayment:
        """A payment under a mandate, on the wanted day or the first that the mandate allows."""
        body: dict[str, Any] = {
            "amount": minor_units(order.amount),
            "currency": order.currency,
            "description": order.description[:100],
            "metadata": {"crm_key": order.key, "reference": order.reference},
            "retry_if_possible": False,
            "links": {"mandate": order.means},
        }
        if order.collect_on is not None:
            mandate = await self._get(f"/mandates/{order.means}", "mandates")
            earliest = mandate.get("next_possible_charge_date") or ""
            body["charge_date"] = max(order.collect_on.isoformat(), earliest)
        return await self._payment(await self._create("/payments", "payments", order.key, body))

    async def get_payment(self, provider_payment_id: str) -> ProviderPayment:
        """The payment, with the reason of its failure from its events."""
        return await self._payment(await self._get(f"/payments/{provider_payment_id}", "payments"))

    async def find_payment(self, key: str) -> ProviderPayment | None:
        """By metadata, over the newest payments: there is no search. What is missed is still protected by its key."""
        async for found in self._newest("/payments", "payments"):
            if (found.get("metadata") or {}).get("crm_key") == key:
                return await self._payment(found)
        return None

    async def cancel_payment(self, provider_payment_id: str) -> ProviderPayment:
        """Possible until it is submitted to the bank; 422 says that it is too late."""
        try:
            await self._http.change(f"/payments/{provider_payment_id}/actions/cancel", json={"data": {}})
        except ProviderError as error:
            if error.kind is not FaultKind.PERMANENT:
                raise
        return await self.get_payment(provider_payment_id)

    async def ensure_customer(self, customer: Customer) -> str:
        """One customer per client, by the idempotency key."""
        given, _, family = customer.name.partition(" ")
        named = {"given_name": given, "family_name": family} if family else {"company_name": customer.name}
        body = {
            **named,
            "email": customer.email,
            "country_code": customer.country,
            "metadata": {"client_id": str(customer.client_id)},
        }
        key = f"customer|{customer.client_id}"
        return str((await self._create("/customers", "customers", key, body))["id"])

    async def open_page(self, order: PageOrder) -> Page:
        """A billing request for a mandate and its flow; single payments have no page here."""
        if order.purpose is not PagePurpose.SETUP:
            raise ProviderError(FaultKind.PERMANENT, "GoCardless collects under mandates only; let one be set up")
        links = {"customer": order.provider_customer_id} if order.provider_customer_id else {}
        wanted = {"scheme": "sepa_core", "currency": order.currency}
        if order.mandate_reference is not None:
            wanted["reference"] = order.mandate_reference
        request = await self._create(
            "/billing_requests",
            "billing_requests",
            order.key,
            {"mandate_request": wanted, "links": links},
        )
        flow = await self._create(
            "/billing_request_flows",
            "billing_request_flows",
            f"flow|{order.key}",
            {
                "redirect_uri": order.success_url,
                "exit_uri": order.cancel_url,
                "links": {"billing_request": request["id"]},
            },
        )
        return _page(request, flow.get("authorisation_url"))

    async def get_page(self, page_id: str) -> Page:
        """The billing request."""
        return _page(await self._get(f"/billing_requests/{page_id}", "billing_requests"), None)

    async def close_page(self, page_id: str) -> Page:
        """Cancel the billing request; one that is fulfilled stays."""
        try:
            await self._http.change(f"/billing_requests/{page_id}/actions/cancel", json={"data": {}})
        except ProviderError as error:
            if error.kind is not FaultKind.PERMANENT:
                raise
        return await self.get_page(page_id)

    async def get_mandate(self, token: str) -> ProviderMandate:
        """The mandate; one that was moved to another bank or scheme names its successor."""
        found = await self._get(f"/mandates/{token}", "mandates")
        earliest = found.get("next_possible_charge_date")
        return ProviderMandate(
            token=token,
            status=_MANDATE[found["status"]],
            raw_status=str(found["status"]),
            next_possible_charge_date=date.fromisoformat(earliest) if earliest else None,
            replaced_by=(found.get("links") or {}).get("new_mandate"),
        )

    async def cancel_mandate(self, token: str) -> ProviderMandate:
        """422 says that it has ended already."""
        try:
            await self._http.change(f"/mandates/{token}/actions/cancel", json={"data": {}})
        except ProviderError as error:
            if error.kind is not FaultKind.PERMANENT:
                raise
        return await self.get_mandate(token)

    async def refund(self, order: RefundOrder) -> ProviderRefund:
        """A refund; the total after it is confirmed, so that a miscount is refused."""
        body = {
            "amount": minor_units(order.amount),
            "total_amount_confirmation": minor_units(order.refunded_before + order.amount),
            "metadata": {"crm_key": order.key},
            "links": {"payment": order.provider_payment_id},
        }
        return _refund(await self._create("/refunds", "refunds", order.key, body))

    async def get_refund(self, provider_refund_id: str) -> ProviderRefund:
        """The refund."""
        return _refund(await self._get(f"/refunds/{provider_refund_id}", "refunds"))

    async def check(self) -> None:
        """Read the creditor."""
        await self._http.read("/creditors", params={"limit": 1})

    async def verify_webhook(self, call: WebhookCall, now: datetime) -> None:
        """By the endpoint's secrets; the signature holds no time."""
        webhooks.verify(call, self._secrets)

    def events(self, call: WebhookCall) -> Sequence[ProviderEvent]:
        """Up to 250 events a call."""
        return webhooks.events_of(call)

    def answer(self, call: WebhookCall, *, genuine: bool) -> WebhookAnswer:
        """204, or 498 for a signature that does not fit."""
        return WebhookAnswer(204 if genuine else _INVALID_SIGNATURE)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()

    async def _create(self, path: str, name: str, key: str, body: Mapping[str, Any]) -> dict[str, Any]:
        answer = await self._http.change(path, json={name: body}, headers={"Idempotency-Key": key}, keeps=(_CONFLICT,))
        if answer.status_code != _CONFLICT:
            return _inner(json_of(answer), name)
        made = next((error["links"]["conflicting_resource_id"] for error in _errors(answer) if "links" in error), None)
        if made is None:
            raise ProviderError(FaultKind.TRANSIENT, f"POST {path} conflicts with another call", code=_code_of(answer))
        return await self._get(f"{path}/{made}", name)

    async def _get(self, path: str, name: str) -> dict[str, Any]:
        return _inner(json_of(await self._http.read(path)), name)

    async def _newest(self, path: str, name: str) -> AsyncIterator[dict[str, Any]]:
        """Newest first, page by page, following the cursors."""
        after: str | None = None
        for _ in range(_MOST_PAGES):
            parameters = {"limit": str(_PAGE_SIZE)} | ({"after": after} if after else {})
            listed = json_of(await self._http.read(path, params=parameters))
            for found in listed[name]:
                yield found
            after = listed["meta"]["cursors"]["after"]
            if after is None:
                return

    async def _payment(self, found: Mapping[str, Any]) -> ProviderPayment:
        raw = str(found["status"])
        details = await self._details(str(found["id"]), _REASONED[raw]) if raw in _REASONED else {}
        reason = details.get("reason_code") or _CAUSES.get(details.get("cause", ""))
        return ProviderPayment(
            provider_payment_id=str(found["id"]),
            status=_STATUS.get(raw, PaymentStatus.PENDING),
            amount=major_units(found["amount"]),
            currency=str(found["currency"]),
            raw_status=raw,
            known=raw in _STATUS,
            key=(found.get("metadata") or {}).get("crm_key"),
            refunded=major_units(found.get("amount_refunded")),
            reason_code="MS02" if raw == "customer_approval_denied" else reason,
            reason_text=details.get("description"),
        )

    async def _details(self, payment: str, action: str) -> dict[str, Any]:
        parameters = {"resource_type": "payments", "payment": payment, "action": action, "limit": "1"}
        listed = json_of(await self._http.read("/events", params=parameters))
        return dict(listed["events"][0].get("details") or {}) if listed["events"] else {}


def _page(found: Mapping[str, Any], url: str | None) -> Page:
    status = {"fulfilled": PageStatus.COMPLETE, "cancelled": PageStatus.EXPIRED}.get(found["status"], PageStatus.OPEN)
    links = found.get("links") or {}
    mandate = links.get("mandate_request_mandate")
    means = Means(str(mandate), MeansKind.SEPA_MANDATE, links.get("customer")) if mandate else None
    return Page(str(found["id"]), status, url, means=means)


def _refund(found: Mapping[str, Any]) -> ProviderRefund:
    state = _REFUND.get(found["status"], RefundState.PENDING)
    return ProviderRefund(str(found["id"]), state, major_units(found["amount"]))


def _inner(body: Mapping[str, Any], name: str) -> dict[str, Any]:
    found = body.get(name)
    if not isinstance(found, dict):
        raise ProviderError(FaultKind.UNKNOWN_OUTCOME, f"the answer holds no {name}")
    return found


def _errors(answer: httpx.Response) -> list[dict[str, Any]]:
    try:
        return list(answer.json()["error"]["errors"])
    except (ValueError, KeyError, TypeError):
        return []


def _code_of(answer: httpx.Response) -> str | None:
    return next((str(error["reason"]) for error in _errors(answer) if "reason" in error), None)
