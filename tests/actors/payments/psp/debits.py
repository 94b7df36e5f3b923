"""A company with a GoCardless account at the simulator, and a subscriber who signs his mandate there."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from actors.payments.psp.gocardless.simulator import GoCardlessSimulator
from messages.payments import (
    CreatePspAccount,
    GetMandate,
    ListPayments,
    Mandate,
    Payment,
    Provider,
    PspAccount,
    SetupMandate,
)
from messages.values.identifiers import new_id
from tests.actors.payments.builders import Subscriber, at
from tests.actors.payments.psp.desk import deliver
from tests.actors.payments.steps import DEBIT, SIGNED, STARTS
from tests.harness import Running, Tenant

PRESENTED = date(2026, 4, 29)  # three TARGET days before DEBIT: 1 May is a holiday


@dataclass
class DebitDesk:
    """What the tests of direct debits at a provider do over and over."""

    running: Running
    tenant: Tenant
    gocardless: GoCardlessSimulator
    account: PspAccount
    subscriber: Subscriber

    @classmethod
    async def open(cls, running: Running, tenant: Tenant, gocardless: GoCardlessSimulator) -> "DebitDesk":
        """The account, and a signed contract without any mandate."""
        tenant.client.now = at(SIGNED)
        account = await tenant.client.call(
            CreatePspAccount(
                company_id=tenant.company_id,
                provider=Provider.GOCARDLESS,
                name="GoCardless",
                credentials={"access_token": gocardless.access_token},
                webhook_secret=gocardless.webhook_secret,
            )
        )
        found = cls(running, tenant, gocardless, account, Subscriber(running, tenant, SIGNED, STARTS))
        await found.subscriber.sign(consent=False)
        return found

    async def ask(self, **changes: Any) -> Mandate:
        """A mandate at the provider for the subscriber's contract; its page is open."""
        request = SetupMandate(
            company_id=self.tenant.company_id,
            client_id=self.subscriber.client_id,
            contract_id=self.subscriber.contract_id,
            psp_account_id=self.account.psp_account_id,
            return_url="https://shop.test/back",
        )
        asked = await self.tenant.client.call(request.model_copy(update=changes), key=str(new_id()))
        await self.running.settled()
        return await self.read(asked.mandate_id)

    async def sign(self, status: str = "active", *, holder: str = "MARTIN", earliest: str = "2026-04-09") -> Mandate:
        """The subscriber signs on the page; where the mandate stands afterwards."""
        asked = await self.ask()
        page = list(self.gocardless.things["billing_requests"])[-1]
        self.gocardless.fulfil(page, at(SIGNED, 9), holder=holder, status=status, earliest=earliest)
        await self.report()
        return await self.read(asked.mandate_id)

    async def tell(self, status: str, action: str | None = None) -> None:
        """The provider changes its newest mandate and says so."""
        self.gocardless.move_mandate(self.token, status, at(SIGNED, 10), action)
        await self.report()

    @property
    def token(self) -> str:
        """The provider's name of its newest mandate."""
        return list(self.gocardless.things["mandates"])[-1]

    async def report(self, last: int = 1, *, now: datetime | None = None) -> list[int]:
        """Hand on the provider's newest webhooks."""
        return await deliver(
            self.running, self.tenant, self.account, *self.gocardless.webhooks[-last:], now=now or at(SIGNED, 10)
        )

    async def read(self, mandate_id: UUID) -> Mandate:
        """The mandate as it is now."""
        return await self.tenant.client.call(GetMandate(mandate_id=mandate_id))

    async def payments(self) -> tuple[Payment, ...]:
        """What was made of the subscriber's instalments, newest first."""
        found = (await self.tenant.client.call(ListPayments(client_id=self.subscriber.client_id))).items
        return tuple(payment for payment in found if payment.instalment_id is not None)

    async def facts(self, type_: str) -> list[dict[str, Any]]:
        """The stated facts of a type."""
        return [body for _, body in await self.running.events(type_, self.tenant.id)]

    async def emit(self, day: date = PRESENTED, hour: int = 5) -> None:
        """The morning's emission of a day."""
        await self.running.tick("hour", at(day, hour))
        await self.running.settled()

    async def debit(self) -> Payment:
        """The newest payment of the subscriber after the emission of his first debit."""
        await self.subscriber.open_gates(SIGNED)
        await self.emit()
        return (await self.payments())[0]

    async def collect(self, payment: Payment) -> Payment:
        """The bank's answer to a debit, reported; the payment afterwards."""
        before = len(self.gocardless.webhooks)
        assert payment.provider_payment_id is not None
        self.gocardless.collect(payment.provider_payment_id, at(DEBIT, 9))
        await self.report(len(self.gocardless.webhooks) - before, now=at(DEBIT, 9))
        return (await self.payments())[0]
