"""Speaks the Genesis gateway's XML: recurring sales, refunds, and hosted pages (WPF).

Our key is the transaction id: the gateway refuses one that was used, and what it made is then read by it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import httpx
from lxml import etree

from actors.payments.psp.declines import decline_of
from actors.payments.psp.emerchantpay import webhooks
from actors.payments.psp.emerchantpay.xml import document, fields_of
from actors.payments.psp.http import ProviderHttp, major_units, minor_units
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

_AUTHENTICATION, _DOUBLE, _NOT_FOUND = "110", "450", "460"
_SALE = {PaymentMethod.CARD: "recurring_sale", PaymentMethod.SEPA_CORE: "sdd_recurring_sale"}
_REFUND = {PaymentMethod.CARD: "refund", PaymentMethod.SEPA_CORE: "sdd_refund"}
_STATUS = {
    "new": PaymentStatus.PENDING,
    "in_progress": PaymentStatus.PENDING,
    "pending": PaymentStatus.PENDING,
    "pending_review": PaymentStatus.PENDING,
    "pending_hold": PaymentStatus.PENDING,
    "timeout": PaymentStatus.PENDING,
    "user": PaymentStatus.REQUIRES_ACTION,
    "pending_async": PaymentStatus.SUBMITTED,
    "submitted": PaymentStatus.SUBMITTED,
    "approved": PaymentStatus.PAID,
    "refunded": PaymentStatus.PAID,
    "partially_refunded": PaymentStatus.PAID,
    "chargeback_reversed": PaymentStatus.PAID,
    "represented": PaymentStatus.PAID,
    "declined": PaymentStatus.REJECTED,
    "unsuccessful": PaymentStatus.REJECTED,
    "voided": PaymentStatus.CANCELLED,
    "cancelled": PaymentStatus.CANCELLED,
    "chargebacked": PaymentStatus.RETURNED,
    "second_chargebacked": PaymentStatus.RETURNED,
    "error": PaymentStatus.FAILED,
}
_REFUND_STATE = {"approved": RefundState.SUCCEEDED, "declined": RefundState.FAILED, "error": RefundState.FAILED}
_PAGE_ENDED = frozenset({"timeout", "cancelled", "voided"})
_PAGE_OPEN = frozenset({"new", "user", "in_progress", "pending"})


class EmerchantPayProvider:
    """One terminal of an emerchantpay account."""

    capabilities = Capabilities(methods=frozenset({PaymentMethod.CARD}), saved_means=True)

    def __init__(self, account: Account) -> None:
        given = account.credentials
        self._terminal, self._password = given["terminal_token"], given["password"]
        headers = {"Content-Type": "text/xml"}
        login = (given["username"], self._password)
        self._gate = ProviderHttp(account.base_url, headers=headers, auth=login)
        self._wpf = ProviderHttp(account.base_url.replace("//gate.", "//wpf.").replace(".gate.", ".wpf."),
                                 headers=headers, auth=login)  # fmt: skip

    async def create_payment(self, order: PaymentOrder) -> ProviderPayment:
        """A recurring sale that refers to the sale by which the card was saved."""
        fields = {
            "transaction_type": _SALE[order.method],
            "transaction_id": order.key,
            "usage": order.description,
            "reference_id": order.means,
            "amount": minor_units(order.amount),
            "currency": order.currency,
        }
        return _payment(await self._process(order.key, fields))

    async def get_payment(self, provider_payment_id: str) -> ProviderPayment:
        """By the gateway's id; a page is read with the transaction that was made on it."""
        if provider_payment_id.startswith(webhooks.PAGE):
            page = await self.get_page(provider_payment_id)
            if page.payment is None:
                raise ProviderError(FaultKind.TRANSIENT, "nothing was paid on the page yet")
            return page.payment
        return _payment(await self._reconcile({"unique_id": provider_payment_id}))

    async def find_payment(self, key: str) -> ProviderPayment | None:
        """By our transaction id."""
        try:
            return _payment(await self._reconcile({"transaction_id": key}))
        except ProviderError as error:
            if error.code == _NOT_FOUND:
                return None
            raise

    async def cancel_payment(self, provider_payment_id: str) -> ProviderPayment:
        """Sales are captured at once; there is nothing to cancel."""
        return await self.get_payment(provider_payment_id)

    async def ensure_customer(self, customer: Customer) -> str:
        """The gateway keeps no customers; a saved card is the sale that saved it."""
        return str(customer.client_id)

    async def open_page(self, order: PageOrder) -> Page:
        """A hosted page; a card that is to be kept is taken by an initial recurring sale."""
        if order.purpose is PagePurpose.SETUP or order.amount is None:
            raise ProviderError(FaultKind.PERMANENT, "emerchantpay saves a card with a first payment only")
        first, _, last = order.customer.name.partition(" ")
        fields = {
            "transaction_id": order.key,
            "usage": order.description,
            "amount": minor_units(order.amount),
            "currency": order.currency,
            "notification_url": order.notify_url,
            "return_success_url": order.success_url,
            "return_failure_url": order.cancel_url,
            "return_cancel_url": order.cancel_url,
            "customer_email": order.customer.email,
            "billing_address": {"first_name": first, "last_name": last, "country": order.customer.country},
            "transaction_types": ["init_recurring_sale" if order.save_means else "sale3d"],
        }
        answer = await self._wpf.change("/wpf", content=document("wpf_payment", fields))
        found = _checked(answer, FaultKind.UNKNOWN_OUTCOME, (_DOUBLE,))
        if found.get("code") == _DOUBLE:
            found = await self._page_fields({"transaction_id": order.key})
        return _page(found)

    async def get_page(self, page_id: str) -> Page:
        """The page with its transaction."""
        return _page(await self._page_fields({"unique_id": page_id.removeprefix(webhooks.PAGE)}))

    async def close_page(self, page_id: str) -> Page:
        """A page lapses by itself; it is answered as it stands."""
        return await self.get_page(page_id)

    async def refund(self, order: RefundOrder) -> ProviderRefund:
        """A refund that refers to the sale."""
        fields = {
            "transaction_type": _REFUND[order.method],
            "transaction_id": order.key,
            "usage": order.reference,
            "reference_id": order.provider_payment_id,
            "amount": minor_units(order.amount),
            "currency": order.currency,
        }
        made = await self._process(order.key, fields)
        if made["status"] == "error":
            raise ProviderError(FaultKind.PERMANENT, str(made.get("message")), code=made.get("code"))
        return _refund(made)

    async def get_refund(self, provider_refund_id: str) -> ProviderRefund:
        """The refund."""
        return _refund(await self._reconcile({"unique_id": provider_refund_id}))

    async def check(self) -> None:
        """Look for a transaction that does not exist."""
        await self.find_payment("connection-check")

    async def verify_webhook(self, call: WebhookCall, now: datetime) -> None:
        """By the API password."""
        webhooks.verify(call, self._password)

    def events(self, call: WebhookCall) -> Sequence[ProviderEvent]:
        """A transaction or a page in a state."""
        return webhooks.events_of(call)

    def answer(self, call: WebhookCall, *, genuine: bool) -> WebhookAnswer:
        """The echo of the unique id."""
        return webhooks.echo(call) if genuine else WebhookAnswer(401)

    async def close(self) -> None:
        """Close the connections."""
        await self._gate.close()
        await self._wpf.close()

    async def _process(self, key: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        answer = await self._gate.change(f"/process/{self._terminal}/", content=document("payment_transaction", fields))
        found = _checked(answer, FaultKind.UNKNOWN_OUTCOME, (_DOUBLE,))
        return await self._reconcile({"transaction_id": key}) if found.get("code") == _DOUBLE else found

    async def _reconcile(self, by: Mapping[str, str]) -> dict[str, Any]:
        answer = await self._gate.ask(f"/reconcile/{self._terminal}/", content=document("reconcile", by))
        return _checked(answer, FaultKind.TRANSIENT, ())

    async def _page_fields(self, by: Mapping[str, str]) -> dict[str, Any]:
        answer = await self._wpf.ask("/wpf/reconcile", content=document("wpf_reconcile", by))
        return _checked(answer, FaultKind.TRANSIENT, ())


def _checked(answer: httpx.Response, unreadable: FaultKind, keeps: tuple[str, ...]) -> dict[str, Any]:
    """The fields of an answer; an error without a transaction becomes a fault, a declined transaction stays."""
    try:
        _, found = fields_of(answer.content)
    except etree.XMLSyntaxError as error:
        raise ProviderError(unreadable, "the answer is no XML") from error
    code = found.get("code")
    if code is None or code in keeps or found.get("unique_id"):
        return found
    kind = FaultKind.AUTHENTICATION if code == _AUTHENTICATION else FaultKind.PERMANENT
    raise ProviderError(kind, str(found.get("technical_message") or found.get("message")), code=str(code))


def _payment(found: Mapping[str, Any]) -> ProviderPayment:
    raw = str(found["status"])
    status, reason = _STATUS.get(raw, PaymentStatus.PENDING), None
    if status is PaymentStatus.REJECTED:
        reason = decline_of(found.get("response_code"))
    elif status is PaymentStatus.RETURNED:
        reason = "fraudulent"
    initial = str(found.get("transaction_type", "")).startswith("init_recurring")
    return ProviderPayment(
        provider_payment_id=str(found["unique_id"]),
        status=status,
        amount=major_units(found["amount"]),
        currency=str(found["currency"]),
        raw_status=raw,
        known=raw in _STATUS,
        key=str(found["transaction_id"]),
        reason_code=reason,
        reason_text=found.get("message") or None,
        means=Means(str(found["unique_id"]), MeansKind.CARD) if initial and status is PaymentStatus.PAID else None,
    )


def _page(found: Mapping[str, Any]) -> Page:
    raw, inner = str(found["status"]), found.get("payment_transaction")
    status = PageStatus.EXPIRED if raw in _PAGE_ENDED else PageStatus.OPEN if raw in _PAGE_OPEN else PageStatus.COMPLETE
    payment = None
    if isinstance(inner, Mapping):  # the transaction on a page has an id of the gateway's; our key is the page's
        payment = _payment({**inner, "transaction_id": found["transaction_id"]})
    return Page(webhooks.PAGE + str(found["unique_id"]), status, found.get("redirect_url") or None, payment)


def _refund(found: Mapping[str, Any]) -> ProviderRefund:
    state = _REFUND_STATE.get(str(found["status"]), RefundState.PENDING)
    reason = found.get("message") if state is RefundState.FAILED else None
    return ProviderRefund(str(found["unique_id"]), state, major_units(found["amount"]), reason)
