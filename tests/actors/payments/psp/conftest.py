"""Companies with an account at a provider that is a simulator."""

from collections.abc import AsyncIterator

import pytest

from actors.payments.psp.gocardless.simulator import GoCardlessSimulator
from actors.payments.psp.stripe.simulator import StripeSimulator
from tests.actors.payments.psp.debits import DebitDesk
from tests.actors.payments.psp.desk import CardDesk
from tests.harness import Running, Tenant


@pytest.fixture
async def stripe(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[StripeSimulator]:
    async with StripeSimulator() as simulator:
        monkeypatch.setenv("CRM_PAYMENTS_PROVIDER_URLS", f'{{"STRIPE": "{simulator.url}"}}')
        monkeypatch.setenv("CRM_PAYMENTS_PROVIDER_TIMEOUT_SECONDS", "0.5")
        yield simulator


@pytest.fixture
async def desk(running: Running, tenant: Tenant, stripe: StripeSimulator) -> CardDesk:
    return await CardDesk.open(running, tenant, stripe)


@pytest.fixture
async def gocardless(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[GoCardlessSimulator]:
    async with GoCardlessSimulator() as simulator:
        monkeypatch.setenv("CRM_PAYMENTS_PROVIDER_URLS", f'{{"GOCARDLESS": "{simulator.url}"}}')
        monkeypatch.setenv("CRM_PAYMENTS_PROVIDER_TIMEOUT_SECONDS", "0.5")
        yield simulator


@pytest.fixture
async def debits(running: Running, tenant: Tenant, gocardless: GoCardlessSimulator) -> DebitDesk:
    return await DebitDesk.open(running, tenant, gocardless)
