"""payments is killed while the provider has taken the money and not answered: one debit, however often it is asked for."""

import asyncio
import base64
import json
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest

from actors.payments.psp.simulation import Trouble
from actors.payments.psp.stripe.simulator import StripeSimulator
from messages.clients import AddressDraft, AddressUsage, CreateClient
from messages.payments import (
    CreatePayment,
    CreatePspAccount,
    CreateSetupSession,
    GetPayment,
    ListPaymentMethods,
    Provider,
    ReceivePspWebhook,
)
from messages.problem import Refused
from messages.values.identifiers import new_id
from messages.values.money import Money
from runtime import clock, headers
from runtime.client import Client
from runtime.running_system import RunningSystem
from runtime.system import discover
from tests.chaos.load import RETRIABLE
from tests.harness import SIRENS, company_request, eventually


@dataclass
class Till:
    """Who pays whom, in real processes."""

    system: RunningSystem
    client: Client
    stripe: StripeSimulator
    company_id: UUID
    payer: UUID


@asynccontextmanager
async def till() -> AsyncIterator[Till]:
    """A company with an account at the simulator, and a client with a saved card."""
    folder = Path(tempfile.mkdtemp(prefix="crm-chaos-"))
    async with StripeSimulator() as stripe:
        system = RunningSystem(folder, discover(["identity", "clients", "payments"]), durable=False, bridge=False)
        urls = json.dumps({"STRIPE": stripe.url})
        system.extend_environment("payments", CRM_PAYMENTS_PROVIDER_URLS=urls)
        await system.start()
        client = await system.client()
        try:
            company = await client.call(company_request("KILL", SIRENS[0]))
            await client.settle(system.installation.system.actors)
            payer = await client.call(
                CreateClient(
                    given_name="Zoé",
                    family_name="Gaïté",
                    emails=("zoe@example.fr",),
                    addresses=(
                        AddressDraft(
                            usage=frozenset({AddressUsage.HOME, AddressUsage.BILLING}),
                            line1="2 rue Y",
                            postal_code="69001",
                            city="Lyon",
                        ),
                    ),
                )
            )
            await client.settle(system.installation.system.actors)
            found = Till(system, client, stripe, company.company_id, payer.id)
            await save_card(found)
            yield found
        finally:
            await client.close()
            await system.stop()
            if "CRM_KEEP" not in os.environ:
                shutil.rmtree(folder, ignore_errors=True)


async def save_card(here: Till) -> None:
    """The client leaves a card on Stripe's page, and Stripe says so."""
    account = await here.client.call(
        CreatePspAccount(
            company_id=here.company_id,
            provider=Provider.STRIPE,
            name="Stripe",
            credentials={"secret_key": here.stripe.secret_key},
            webhook_secret=here.stripe.webhook_secret,
        )
    )
    await here.client.call(
        CreateSetupSession(
            client_id=here.payer,
            psp_account_id=account.psp_account_id,
            success_url="https://portal.test/ok",
            cancel_url="https://portal.test/no",
        )
    )
    actors = here.system.installation.system.actors
    await here.client.settle(actors)
    here.stripe.pay(list(here.stripe.sessions)[-1], clock.now())
    sent = here.stripe.webhooks[-1]
    seed = here.system.installation.nats_keys["bridge"][0]
    bridge = await Client.connect(here.system.installation.nats.url, seed, "bridge")
    body = {
        "path": account.webhook_path.split("/")[5:],
        "headers": sent.headers,
        "raw_body": base64.b64encode(sent.body).decode(),
    }
    answer = await bridge.send(
        ReceivePspWebhook.contract.internal_subject,
        json.dumps(body).encode(),
        {headers.ORGANISATION: str(here.system.organisation_id)},
    )
    assert json.loads(answer.body)["http_status"] == 200
    await bridge.close()
    await here.client.settle(actors)
    assert len((await here.client.call(ListPaymentMethods(client_id=here.payer))).items) == 1


async def end_leases(system: RunningSystem) -> None:
    """As if the time of the lost worker's lease had passed."""
    connection = await asyncpg.connect(system.installation.actor_url("payments"))
    try:
        await connection.execute("update work_item set leased_until = now() where status = 'RUNNING'")
    finally:
        await connection.close()


@pytest.mark.chaos
async def test_case_19_a_kill_after_the_provider_took_the_money_leaves_one_debit() -> None:
    async with till() as here:
        here.stripe.trouble("create", Trouble.TIME_OUT)
        request = CreatePayment(id=new_id(), company_id=here.company_id, client_id=here.payer, amount=Money.of("24.90"))
        key = str(new_id())
        made = await here.client.call(request, key=key)

        async def taken() -> bool:
            return here.stripe.charged(made.end_to_end_id) == 2490

        await eventually(taken)
        here.system.supervisor.children["payments"].pause = 0.05
        assert here.system.supervisor.kill("payments")
        for _ in range(5):
            again = await repeated(here, request, key)
            assert again == made.payment_id
        await here.system.wait_until_serving()
        await end_leases(here.system)

        async def paid() -> bool:
            return (await here.client.call(GetPayment(payment_id=made.payment_id))).status == "PAID"

        await eventually(paid, seconds=20)
        assert len(here.stripe.intents) == 1
        assert here.stripe.charged(made.end_to_end_id) == 2490
        assert here.stripe.calls["create"] == 2, "ordered again under the same key"


async def repeated(here: Till, request: CreatePayment, key: str) -> UUID:
    """The same request under the same key, until the actor that was killed answers again."""
    while True:
        try:
            return (await here.client.call(request, key=key, timeout_seconds=2)).payment_id
        except Refused as refused:
            assert refused.code.code in RETRIABLE, refused
        await asyncio.sleep(0.05)
