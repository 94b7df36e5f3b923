"""The daily emission at the providers that keep mandates beside GoCardless: Stripe and Slimpay."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

from actors.payments.psp.slimpay.simulator import SlimpaySimulator
from actors.payments.psp.stripe.debtors import DebitingStripe
from messages.payments import (
    CancelMandate,
    CreatePspAccount,
    GetMandate,
    ListCollectionBatches,
    ListPayments,
    Mandate,
    Payment,
    PaymentMethod,
    Provider,
    PspAccount,
    SetupMandate,
)
from messages.problem import Refused
from messages.values.identifiers import new_id
from tests.actors.payments.builders import Subscriber, at, creditor_account
from tests.actors.payments.psp.desk import deliver
from tests.actors.payments.steps import DEBIT, PRESENTED, SIGNED, STARTS
from tests.harness import Running, Tenant

FIRST = {"STRIPE": PRESENTED, "SLIMPAY": PRESENTED.replace(day=29)}
"""Two or three TARGET days before the debit; 1 May is a holiday."""


@dataclass
class Keeper:
    """A company whose debits go through one provider."""

    running: Running
    tenant: Tenant
    simulator: Any
    provider: Provider

    async def open(self) -> PspAccount:
        """The account, and a subscriber whose contract has no mandate."""
        self.tenant.client.now = at(SIGNED)
        credentials = {"secret_key": "sk_test_1"}
        if self.provider is Provider.SLIMPAY:
            credentials = {"app_name": "app", "app_secret": "secret", "creditor_reference": "creditor-1"}
        request = CreatePspAccount(
            company_id=self.tenant.company_id,
            provider=self.provider,
            name="debits",
            credentials=credentials,
            webhook_secret="whsec_test_secret",
        )
        self.account = await self.tenant.client.call(request)
        self.subscriber = Subscriber(self.running, self.tenant, SIGNED, STARTS)
        await self.subscriber.sign(consent=False)
        return self.account

    def asked(self) -> SetupMandate:
        """A mandate for the subscriber's contract."""
        return SetupMandate(
            company_id=self.tenant.company_id,
            client_id=self.subscriber.client_id,
            contract_id=self.subscriber.contract_id,
            psp_account_id=self.account.psp_account_id,
            return_url="https://shop.test/back",
        )

    async def sign(self, holder: str = "MARTIN") -> Mandate:
        """The subscriber signs on the provider's page, and the hour finds it: no webhook came."""
        asked = await self.tenant.client.call(self.asked(), key=str(new_id()))
        await self.running.settled()
        if self.provider is Provider.STRIPE:
            self.simulator.sign(list(self.simulator.sessions)[-1], at(SIGNED, 9), holder=holder)
        else:
            self.simulator.sign(list(self.simulator.orders)[-1])
            self.simulator.holders[asked.rum] = holder
        await self.running.tick("hour", at(SIGNED, 10))
        await self.running.settled()
        return await self.tenant.client.call(GetMandate(mandate_id=asked.mandate_id))

    async def debit(self) -> Payment:
        """The payment of the first debit, ordered by the morning's emission."""
        await self.subscriber.open_gates(SIGNED)
        await self.running.tick("hour", at(FIRST[self.provider], 5))
        await self.running.settled()
        return await self.payment()

    async def payment(self) -> Payment:
        """The only payment."""
        (found,) = (await self.tenant.client.call(ListPayments())).items
        return found

    async def collect(self, payment: Payment) -> Payment:
        """The bank's answer, reported."""
        before = len(self.simulator.webhooks)
        self.simulator.collect(payment.provider_payment_id, at(DEBIT, 9))
        sent = self.simulator.webhooks[before:]
        await deliver(self.running, self.tenant, self.account, *sent, now=at(DEBIT, 9))
        return await self.payment()


@pytest.fixture(params=["STRIPE", "SLIMPAY"])
async def keeper(
    request: pytest.FixtureRequest, running: Running, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Keeper]:
    async with DebitingStripe() if request.param == "STRIPE" else SlimpaySimulator() as simulator:
        monkeypatch.setenv("CRM_PAYMENTS_PROVIDER_URLS", f'{{"{request.param}": "{simulator.url}"}}')
        monkeypatch.setenv("CRM_PAYMENTS_PROVIDER_TIMEOUT_SECONDS", "0.5")
        found = Keeper(running, tenant, simulator, Provider(request.param))
        await found.open()
        yield found


async def test_a_mandate_signed_at_the_provider_is_debited_there_once_and_settled(keeper: Keeper) -> None:
    await creditor_account(keeper.tenant)  # the bank route exists, and is not taken
    signed = await keeper.sign()
    assert (signed.status, signed.signature_method, signed.usable) == ("ACTIVE", "PSP_HOSTED", True)
    ours = keeper.provider is Provider.SLIMPAY
    assert signed.rum.startswith("RUMCRM" if ours else "STRP"), "one reference: ours, or the one Stripe printed"
    sent = await keeper.debit()
    assert (sent.status, sent.provider, sent.method, sent.mandate_id) == (
        "SUBMITTED", keeper.provider, "SEPA_CORE", signed.mandate_id,
    )  # fmt: skip
    assert Decimal(keeper.simulator.charged(sent.end_to_end_id)) in (2490, Decimal("24.90"))
    assert keeper.simulator.calls["create"] == 1
    assert (await keeper.tenant.client.call(ListCollectionBatches())).items == ()
    assert (await keeper.collect(sent)).status == "PAID"
    await keeper.tenant.client.call(CancelMandate(mandate_id=signed.mandate_id, reason="asked for"))
    await keeper.running.settled()
    (state,) = keeper.simulator.mandates.values()
    assert (state["status"] if keeper.provider is Provider.STRIPE else state) in ("inactive", "revoked")


async def test_a_refused_debit_has_the_banks_reason_and_ends_the_mandate(keeper: Keeper) -> None:
    signed = await keeper.sign("ISSUE-SEPA-REJ-MD01")
    rejected = await keeper.collect(await keeper.debit())
    assert (rejected.status, rejected.reason_code) == ("REJECTED", "MD01")
    assert (await keeper.tenant.client.call(GetMandate(mandate_id=signed.mandate_id))).status == "CANCELLED"


async def test_an_account_that_takes_no_debits_keeps_no_mandate(keeper: Keeper, other_tenant: Tenant) -> None:
    if keeper.provider is Provider.STRIPE:
        cards = await keeper.tenant.client.call(
            CreatePspAccount(
                company_id=keeper.tenant.company_id,
                provider=Provider.STRIPE,
                name="cards",
                credentials={"secret_key": "sk_test_1"},
                methods=(PaymentMethod.CARD,),
            )
        )
        wanted = keeper.asked().model_copy(update={"psp_account_id": cards.psp_account_id})
        with pytest.raises(Refused) as refusal:
            await keeper.tenant.client.call(wanted, key=str(new_id()))
        assert refusal.value.code.code == "VALIDATION_FAILED"
    foreign = keeper.asked().model_copy(update={"company_id": other_tenant.company_id})
    with pytest.raises(Refused) as refusal:
        await other_tenant.client.call(foreign, key=str(new_id()))
    assert refusal.value.code.code == "PSP_ACCOUNT_NOT_FOUND"
