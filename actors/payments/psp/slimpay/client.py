"""Speaks Slimpay's HAL dialect: direct debits (payins) under mandates that it keeps, found by following links from `/`.

There are no idempotency keys: a payin or payout is looked for by our key, its reference, before it is made.
"""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import httpx

from actors.payments.psp.http import ProviderHttp
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
from actors.payments.psp.slimpay import webhooks
from messages.payments.vocabulary import MandateStatus, PaymentMethod, PaymentStatus
from runtime import clock

_RELATION = "https://api.slimpay.net/alps#"
_HAL = 'application/hal+json; profile="https://api.slimpay.net/alps/v1"'
_TOKEN_MARGIN = 30
_DEBIT, _CREDIT = "SEPA.DIRECT_DEBIT.CORE", "SEPA.CREDIT_TRANSFER"
_TEMPLATE = re.compile(r"\{[^}]*\}")
_MOST_PAGES = 20
_STATUS = {
    "created": PaymentStatus.SUBMITTED,
    "accepted": PaymentStatus.SUBMITTED,
    "togenerate": PaymentStatus.SUBMITTED,
    "toprocess": PaymentStatus.SUBMITTED,
    "processing": PaymentStatus.SUBMITTED,
    "toreplay": PaymentStatus.SUBMITTED,
    "transformed": PaymentStatus.SUBMITTED,
    "processed": PaymentStatus.PAID,
    "executed": PaymentStatus.PAID,
    "refunded": PaymentStatus.PAID,
    "rejected": PaymentStatus.REJECTED,
    "contested": PaymentStatus.RETURNED,
    "notprocessed": PaymentStatus.FAILED,
    "cancelled": PaymentStatus.CANCELLED,
}
_FAILED = frozenset({PaymentStatus.REJECTED, PaymentStatus.RETURNED})
_MANDATE = {
    "created": MandateStatus.PENDING_CUSTOMER_APPROVAL,
    "waitingForReference": MandateStatus.PENDING_SUBMISSION,
    "active": MandateStatus.ACTIVE,
    "revoked": MandateStatus.CANCELLED,
    "expired": MandateStatus.EXPIRED,
}
_PAYOUT = {"processed": RefundState.SUCCEEDED, "rejected": RefundState.FAILED, "notprocessed": RefundState.FAILED}


class SlimpayProvider:
    """One creditor at Slimpay."""

    capabilities = Capabilities(
        methods=frozenset({PaymentMethod.SEPA_CORE}),
        hosted_page=False,
        setup_page=True,
        saved_means=True,
        cancels=True,
        lead_target_days=3,
    )

    def __init__(self, account: Account) -> None:
        given = account.credentials
        self._creditor = given["creditor_reference"]
        self._secrets = tuple(account.webhook_secrets)
        self._login = ProviderHttp(account.base_url, auth=(given["app_name"], given["app_secret"]))
        self._http = ProviderHttp(account.base_url, headers={"Accept": _HAL}, code_of=_code_of)
        self._token, self._token_ends = "", 0.0
        self._links: dict[str, str] = {}

    async def create_payment(self, order: PaymentOrder) -> ProviderPayment:
        """A payin under a mandate."""
        known = await self._by_reference(order.key)
        if known is None:
            body: dict[str, Any] = {
                "creditor": {"reference": self._creditor},
                "mandate": {"reference": order.means},
                "reference": order.key,
                "amount": order.amount,
                "currency": order.currency,
                "scheme": _DEBIT,
                "label": order.description[:140],
            }
            if order.collect_on is not None:
                body["executionDate"] = order.collect_on.isoformat()
            known = await self._post("create-payins", body)
        return await self._payment(known)

    async def get_payment(self, provider_payment_id: str) -> ProviderPayment:
        """The payment, with the reason of its issue."""
        return await self._payment(await self._by_id(provider_payment_id))

    async def find_payment(self, key: str) -> ProviderPayment | None:
        """By our reference."""
        found = await self._by_reference(key)
        return await self._payment(found) if found is not None else None

    async def cancel_payment(self, provider_payment_id: str) -> ProviderPayment:
        """By the payment's own link, which is there as long as it can be cancelled."""
        found = await self._by_id(provider_payment_id)
        link = (found.get("_links") or {}).get(f"{_RELATION}cancel-payment")
        if link is not None:
            await self._send(link["href"], {})
            found = await self._by_id(provider_payment_id)
        return await self._payment(found)

    async def ensure_customer(self, customer: Customer) -> str:
        """A subscriber is known by our own reference."""
        return str(customer.client_id)

    async def open_page(self, order: PageOrder) -> Page:
        """An order to sign a mandate; single payments have no page here."""
        if order.purpose is not PagePurpose.SETUP:
            raise ProviderError(FaultKind.PERMANENT, "Slimpay collects under mandates only; let one be signed")
        given, _, family = order.customer.name.partition(" ")
        signatory = {"givenName": given, "familyName": family or given, "email": order.customer.email}
        named = {"reference": order.mandate_reference} if order.mandate_reference is not None else {}
        known = await self._find("get-orders", {"creditorReference": self._creditor, "reference": order.key})
        if known is None:
            body = {
                "creditor": {"reference": self._creditor},
                "subscriber": {"reference": str(order.customer.client_id)},
                "reference": order.key,
                "started": True,
                "locale": "fr",
                "returnUrl": order.success_url,
                "items": [
                    {
                        "type": "signMandate",
                        "autoGenReference": order.mandate_reference is None,
                        "mandate": {"standard": "SEPA", "signatory": signatory} | named,
                    }
                ],
            }
            known = await self._post("create-orders", body)
        return await self._page(known)

    async def get_page(self, page_id: str) -> Page:
        """The order, with the mandate that was signed."""
        found = await self._find("get-orders", {"creditorReference": self._creditor, "reference": page_id})
        if found is None:
            raise ProviderError(FaultKind.PERMANENT, f"there is no order {page_id}")
        return await self._page(found)

    async def close_page(self, page_id: str) -> Page:
        """An order lapses by itself; it is answered as it stands."""
        return await self.get_page(page_id)

    async def get_mandate(self, token: str) -> ProviderMandate:
        """The mandate, by its reference."""
        found = await self._mandate(token)
        state = str(found["state"])
        return ProviderMandate(token=token, status=_MANDATE[state], raw_status=state)

    async def cancel_mandate(self, token: str) -> ProviderMandate:
        """Revoke it."""
        found = await self._mandate(token)
        revoke = found["_links"].get(f"{_RELATION}revoke-mandate")
        if revoke is not None:
            await self._send(revoke["href"], {})
        return await self.get_mandate(token)

    async def _mandate(self, reference: str) -> dict[str, Any]:
        found = await self._find("get-mandates", {"creditorReference": self._creditor, "reference": reference})
        if found is None:
            raise ProviderError(FaultKind.PERMANENT, f"there is no mandate {reference}")
        return found

    async def refund(self, order: RefundOrder) -> ProviderRefund:
        """A credit transfer to the debtor's account; nothing ties it to the debit there, so the sum is watched here."""
        if order.refunded_before + order.amount > order.payment_amount:
            raise ProviderError(FaultKind.PERMANENT, "the refunds would exceed the payment", code="AMOUNT_EXCEEDED")
        known = await self._by_reference(order.key)
        if known is None:
            payment = await self._by_id(order.provider_payment_id)
            mandate = await self._follow(payment, "get-mandate")
            body = {
                "creditor": {"reference": self._creditor},
                "mandate": {"reference": mandate["reference"]},
                "reference": order.key,
                "amount": order.amount,
                "currency": order.currency,
                "scheme": _CREDIT,
                "label": order.reference,
            }
            known = await self._post("create-payouts", body)
        return _refund(known)

    async def get_refund(self, provider_refund_id: str) -> ProviderRefund:
        """The payout."""
        return _refund(await self._by_id(provider_refund_id))

    async def check(self) -> None:
        """Ask for a token."""
        self._token_ends = 0.0
        await self._bearer()

    async def verify_webhook(self, call: WebhookCall, now: datetime) -> None:
        """By the account's secrets; the time is in milliseconds."""
        webhooks.verify(call, self._secrets, now)

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

    # -- following links ---------------------------------------------------------------------------------------------

    async def _bearer(self) -> dict[str, str]:
        if clock.monotonic() >= self._token_ends:
            answer = await self._login.ask("/oauth/token", data={"grant_type": "client_credentials", "scope": "api"})
            found = _parsed(answer)
            self._token = str(found["access_token"])
            self._token_ends = clock.monotonic() + int(found["expires_in"]) - _TOKEN_MARGIN
        return {"Authorization": f"Bearer {self._token}"}

    async def _link(self, relation: str) -> str:
        """The address of a relation, without its template, from the entry point."""
        if not self._links:
            entry = _parsed(await self._http.read("/", headers=await self._bearer()))
            self._links = {name: str(link["href"]) for name, link in entry["_links"].items()}
        return self._links[_RELATION + relation]

    async def _post(self, relation: str, body: Mapping[str, Any]) -> dict[str, Any]:
        return await self._send(_TEMPLATE.sub("", await self._link(relation)), body)

    async def _send(self, address: str, body: Mapping[str, Any]) -> dict[str, Any]:
        headers = await self._bearer() | {"Content-Type": "application/json"}
        return _parsed(await self._http.change(address, content=_json(body), headers=headers))

    async def _read(self, address: str, parameters: Mapping[str, str] | None = None) -> dict[str, Any]:
        answer = await self._http.read(address, params=dict(parameters or {}), headers=await self._bearer())
        return _parsed(answer)

    async def _follow(self, found: Mapping[str, Any], relation: str) -> dict[str, Any]:
        return await self._read(found["_links"][_RELATION + relation]["href"])

    async def _find(self, relation: str, parameters: Mapping[str, str]) -> dict[str, Any] | None:
        address = _TEMPLATE.sub("", await self._link(relation))
        answer = await self._http.read(address, params=dict(parameters), headers=await self._bearer(), keeps=(404,))
        return None if answer.status_code == httpx.codes.NOT_FOUND else _parsed(answer)

    async def _by_id(self, payment_id: str) -> dict[str, Any]:
        return await self._read((await self._link("search-payment-by-id")).replace("{id}", payment_id))

    async def _by_reference(self, reference: str) -> dict[str, Any] | None:
        parameters = {"creditorReference": self._creditor, "reference": reference}
        listed = await self._read(_TEMPLATE.sub("", await self._link("search-payments")), parameters)
        found = (listed.get("_embedded") or {}).get("payments") or ()
        return dict(found[0]) if found else None

    async def _issue(self, payment_id: str) -> dict[str, Any]:
        """The issue of a payment, page by page: it names its payment by a link."""
        address = _TEMPLATE.sub("", await self._link("search-payment-issues"))
        for number in range(_MOST_PAGES):
            parameters = {"creditorReference": self._creditor, "scheme": _DEBIT, "page": str(number)}
            listed = await self._read(address, parameters)
            for issue in (listed.get("_embedded") or {}).get("paymentIssues") or ():
                if issue["_links"][f"{_RELATION}get-payment"]["href"].rsplit("/", 1)[-1] == payment_id:
                    return dict(issue)
            if number + 1 >= int(listed["page"]["totalPages"]):
                break
        return {}

    async def _payment(self, found: Mapping[str, Any]) -> ProviderPayment:
        raw = str(found["executionStatus"])
        status = _STATUS.get(raw, PaymentStatus.PENDING)
        issue = await self._issue(str(found["id"])) if status in _FAILED else {}
        return ProviderPayment(
            provider_payment_id=str(found["id"]),
            status=status,
            amount=_amount(found["amount"]),
            currency=str(found["currency"]),
            raw_status=raw,
            known=raw in _STATUS,
            key=str(found["reference"]),
            reason_code=issue.get("returnReasonCode"),
        )

    async def _page(self, found: Mapping[str, Any]) -> Page:
        state = str(found["state"])
        means = None
        status = PageStatus.OPEN if state.startswith("open.") else PageStatus.EXPIRED
        if state == "closed.completed":
            status = PageStatus.COMPLETE
            mandate = await self._follow(found, "get-mandate")
            means = Means(str(mandate["reference"]), MeansKind.SEPA_MANDATE)
        approval = found["_links"].get(f"{_RELATION}user-approval") or {}
        return Page(str(found["reference"]), status, approval.get("href"), means=means)


def _json(body: Mapping[str, Any]) -> bytes:
    """JSON with exact amounts: a Decimal becomes a JSON number without passing through a float."""
    amount = body.get("amount")
    text = json.dumps({**body, "amount": "@amount@"} if amount is not None else dict(body))
    return text.replace('"@amount@"', f"{amount:.2f}" if amount is not None else "").encode()


def _parsed(answer: httpx.Response) -> dict[str, Any]:
    try:
        found = json.loads(answer.content, parse_float=Decimal)
    except ValueError as error:
        raise ProviderError(FaultKind.UNKNOWN_OUTCOME, "the answer is no JSON") from error
    if not isinstance(found, dict):
        raise ProviderError(FaultKind.UNKNOWN_OUTCOME, "the answer is no JSON object")
    return found


def _amount(found: Decimal | int | str) -> Decimal:
    return Decimal(found).quantize(Decimal("0.01"))


def _refund(found: Mapping[str, Any]) -> ProviderRefund:
    state = _PAYOUT.get(str(found["executionStatus"]), RefundState.PENDING)
    return ProviderRefund(str(found["id"]), state, _amount(found["amount"]))


def _code_of(answer: httpx.Response) -> str | None:
    try:
        return str(answer.json()["code"])
    except (ValueError, KeyError, TypeError):
        return None
