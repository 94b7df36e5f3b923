"""Steps that tests of the customer portal share: an invoice to pay, a link to pay it with."""

import base64
import json
from collections.abc import AsyncIterator, Awaitable
from datetime import date
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import pytest_asyncio

from actors.payments.psp.stripe.checkout import CheckoutStripe
from messages.factures import InvoiceIssued
from messages.payments import (
    CreatePspAccount,
    GetPaymentSettings,
    ListPspAccounts,
    PaymentSettingsValues,
    Provider,
    ReceivePspWebhook,
    UpdatePaymentSettings,
)
from messages.payments.portal import (
    CreatedPortalSession,
    CreatePortalSession,
    GetPortalPayment,
    HandlePortalReturn,
    PortalPayment,
    StartPortalPayment,
)
from messages.problem import Refused
from messages.values.identifiers import new_id
from messages.values.instants import format_instant
from runtime import headers
from tests.actors.payments.builders import Subscriber, at, invoice_issued
from tests.actors.payments.steps import STARTS, subscriber
from tests.harness import Running, Tenant

TODAY = date(2026, 4, 20)
PORTAL = "https://pay.example"


async def with_portal(tenant: Tenant, address: str = PORTAL) -> None:
    """The company tells where its payment pages are."""
    found = await tenant.client.call(GetPaymentSettings(company_id=tenant.company_id))
    values = PaymentSettingsValues(portal_base_url=address)
    await tenant.client.call(
        UpdatePaymentSettings(company_id=tenant.company_id, expected_version=found.version, values=values)
    )


async def billed(
    running: Running, tenant: Tenant, amount: str = "24.90", address: str = PORTAL
) -> tuple[Subscriber, InvoiceIssued]:
    """A client who got an invoice."""
    await with_portal(tenant, address)
    found = await subscriber(running, tenant)
    invoice = invoice_issued(found, amount, STARTS)
    await running.state(invoice, tenant.id, now=at(STARTS))
    await running.settled()
    tenant.client.now = at(TODAY)
    return found, invoice


async def link_for(tenant: Tenant, found: Subscriber, invoice: InvoiceIssued, **changes: Any) -> CreatedPortalSession:
    """A link that asks for an invoice."""
    fields = {
        "idempotency_key": f"link-{new_id()}",
        "company_id": tenant.company_id,
        "client_id": found.client_id,
        "invoice_ids": (invoice.invoice_id,),
    }
    return await tenant.client.call(CreatePortalSession.model_validate(fields | changes))


@pytest_asyncio.fixture(loop_scope="session")
async def stripe(running: Running, tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[CheckoutStripe]:
    """The company takes cards: it has an account at a Stripe that listens here."""
    async with CheckoutStripe() as simulator:
        monkeypatch.setenv("CRM_PAYMENTS_PROVIDER_URLS", json.dumps({"STRIPE": simulator.url}))
        await tenant.client.call(
            CreatePspAccount(
                company_id=tenant.company_id,
                provider=Provider.STRIPE,
                name="Stripe",
                credentials={"secret_key": simulator.secret_key},
                webhook_secret=simulator.webhook_secret,
            )
        )
        yield simulator
        await running.settled()  # what was ordered of it is done before it goes


async def started(tenant: Tenant, token: str, **fields: Any) -> PortalPayment:
    """Begin a payment, as the bridge does for the holder of a link."""
    return await tenant.client.call(StartPortalPayment(token=token, **fields), token="")


async def state_of(running: Running, tenant: Tenant, token: str) -> PortalPayment:
    """How the payment stands once the workers are done."""
    await running.settled()
    return await tenant.client.call(GetPortalPayment(token=token), token="")


async def returned(running: Running, tenant: Tenant, stripe: CheckoutStripe, **fields: Any) -> PortalPayment:
    """The customer comes back from the page that was opened last; the payment once the provider was read."""
    (page_id, *_) = list(stripe.sessions)[-1:]
    address = stripe.addresses[page_id]["cancel_url" if fields.get("cancelled") else "success_url"]
    (state,) = parse_qs(urlsplit(address).query)["state"]
    await tenant.client.call(HandlePortalReturn(state=state, **fields), token="")
    await running.settled()
    return await tenant.client.call(GetPortalPayment(state=state), token="")


async def delivered(running: Running, tenant: Tenant, stripe: CheckoutStripe) -> None:
    """Hand all webhooks of Stripe on, twice, the last one first."""
    bridge = await running.client("bridge")
    (account,) = (await tenant.client.call(ListPspAccounts())).items
    path = account.webhook_path.split("/")[5:]
    for webhook in [*reversed(stripe.webhooks)] * 2:
        body = {"path": path, "headers": webhook.headers, "raw_body": base64.b64encode(webhook.body).decode()}
        found = {headers.ORGANISATION: str(tenant.id), headers.TIME: format_instant(at(TODAY, 8))}
        answer = await bridge.send(ReceivePspWebhook.contract.internal_subject, json.dumps(body).encode(), found)
        assert json.loads(answer.body)["http_status"] == 200
    await running.settled()


async def refusal_of(call: Awaitable[Any]) -> str:
    """The code that a request is refused with."""
    with pytest.raises(Refused) as refusal:
        await call
    return str(refusal.value.details["code"])
