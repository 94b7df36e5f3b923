"""A company with a Stripe account at the simulator, and a client who saved a card there."""

import base64
import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from actors.payments.psp.stripe.simulator import StripeSimulator
from messages.payments import (
    CreatePayment,
    CreatePspAccount,
    CreateSetupSession,
    GetPayment,
    GetSetupSession,
    ListPaymentMethods,
    Payment,
    Provider,
    PspAccount,
    ReceivePspWebhook,
    SavedMeans,
)
from messages.values.identifiers import new_id
from messages.values.instants import format_instant
from messages.values.money import Money
from runtime import headers
from runtime.simulation import SentWebhook
from tests.actors.payments.builders import at, client_created
from tests.harness import Running, Tenant

DAY = date(2026, 11, 24)


@dataclass
class CardDesk:
    """What the tests of card payments do over and over."""

    running: Running
    tenant: Tenant
    stripe: StripeSimulator
    account: PspAccount
    client_id: UUID
    card: SavedMeans

    @classmethod
    async def open(
        cls, running: Running, tenant: Tenant, stripe: StripeSimulator, holder: str = "MARTIN"
    ) -> "CardDesk":
        """The account, the client, and his card, saved on Stripe's page and reported by a webhook."""
        tenant.client.now = at(DAY)
        account = await tenant.client.call(
            CreatePspAccount(
                company_id=tenant.company_id,
                provider=Provider.STRIPE,
                name="Stripe",
                credentials={"secret_key": stripe.secret_key},
                webhook_secret=stripe.webhook_secret,
            )
        )
        client_id = new_id()
        await running.state(client_created(client_id, tenant.company_id), tenant.id, now=at(DAY))
        await running.settled()
        found = cls(running, tenant, stripe, account, client_id, None)  # type: ignore[arg-type]
        found.card = await found.save_card(holder)
        return found

    async def save_card(self, holder: str = "MARTIN") -> SavedMeans:
        """The client leaves a card on the provider's page."""
        asked = CreateSetupSession(
            client_id=self.client_id,
            psp_account_id=self.account.psp_account_id,
            success_url="https://portal.test/ok",
            cancel_url="https://portal.test/no",
        )
        session = await self.tenant.client.call(asked)
        await self.running.settled()
        opened = await self.tenant.client.call(GetSetupSession(setup_session_id=session.setup_session_id))
        assert (opened.status, opened.redirect_url is not None) == ("OPEN", True)
        self.stripe.pay(list(self.stripe.sessions)[-1], at(DAY, 9), holder=holder)
        assert await self.deliver(self.stripe.webhooks[-1]) == [200]
        saved = (await self.tenant.client.call(ListPaymentMethods(client_id=self.client_id))).items
        return saved[-1]

    async def pay(self, *, key: str | None = None, **changes: Any) -> Payment:
        """Order a payment of 24.90, or of an instalment, and wait until the workers have done what they can."""
        fields: dict[str, Any] = {}
        if "instalment_id" not in changes:
            fields = {"company_id": self.tenant.company_id, "client_id": self.client_id, "amount": Money.of("24.90")}
        made = await self.tenant.client.call(CreatePayment(**fields | changes), key=key or str(new_id()))
        await self.running.settled()
        return await self.read(made.payment_id)

    async def read(self, payment_id: UUID) -> Payment:
        """The payment as it is now."""
        return await self.tenant.client.call(GetPayment(payment_id=payment_id))

    def charged(self, payment: Payment) -> int:
        """Cents that Stripe took for a payment."""
        return self.stripe.charged(payment.end_to_end_id)

    async def deliver(
        self, *webhooks: SentWebhook, now: datetime | None = None, account: PspAccount | None = None
    ) -> list[int]:
        """Hand webhooks on as the bridge does; the HTTP statuses for the provider."""
        return await deliver(self.running, self.tenant, account or self.account, *webhooks, now=now or at(DAY, 9))

    async def facts(self, type_: str) -> list[dict[str, Any]]:
        """The stated facts of a type."""
        return [body for _, body in await self.running.events(type_, self.tenant.id)]


async def deliver(
    running: Running, tenant: Tenant, account: PspAccount, *webhooks: SentWebhook, now: datetime
) -> list[int]:
    """Hand webhooks on as the bridge does; the HTTP statuses for the provider."""
    bridge, statuses = await running.client("bridge"), []
    path = account.webhook_path.split("/")[4:]
    for webhook in webhooks:
        body = {"path": path[1:], "headers": webhook.headers, "raw_body": base64.b64encode(webhook.body).decode()}
        body["remote_ip"] = "192.0.2.7"
        found = {headers.ORGANISATION: str(tenant.id), headers.TIME: format_instant(now)}
        answer = await bridge.send(ReceivePspWebhook.contract.internal_subject, json.dumps(body).encode(), found)
        assert answer.problem is None, answer.problem
        statuses.append(json.loads(answer.body)["http_status"])
    await running.settled()
    return statuses
