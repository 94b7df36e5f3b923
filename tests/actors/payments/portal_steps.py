"""Steps that tests of the customer portal share: an invoice to pay, a link to pay it with."""

from datetime import date
from typing import Any

from messages.factures import InvoiceIssued
from messages.payments import GetPaymentSettings, PaymentSettingsValues, UpdatePaymentSettings
from messages.payments.portal import CreatedPortalSession, CreatePortalSession
from messages.values.identifiers import new_id
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
