"""A company with a card account whose provider is a simulator."""

from collections.abc import AsyncIterator

import pytest

from actors.payments.psp.stripe.simulator import StripeSimulator
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
