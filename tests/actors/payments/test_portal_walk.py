"""payments: two links for one invoice, used in any order by a customer of any mood: never paid twice, nothing lost."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any
from urllib.parse import parse_qs, urlsplit

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from actors.payments.portal.rules import OPEN
from actors.payments.psp.stripe.checkout import CheckoutStripe
from messages.payments import GetClientBalance, ListPayments
from messages.payments.portal import (
    AccessPortalSession,
    CancelPortalSession,
    CreatedPortalSession,
    GetPortalSession,
    HandlePortalReturn,
    StartPortalPayment,
)
from messages.problem import Refused
from tests.actors.payments.builders import Subscriber, at, invoice_issued, look_behind
from tests.actors.payments.portal_steps import TODAY, billed, link_for
from tests.actors.payments.steps import facts
from tests.harness import Running, Tenant

STEPS = ("open", "start", "start other", "pay", "decline", "come back", "give up", "wait", "kill")
_numbers = count(100)


@dataclass
class Walk:
    """One invoice, its two links, the page that was opened last."""

    running: Running
    tenant: Tenant
    stripe: CheckoutStripe
    client: Subscriber
    now: datetime
    links: list[CreatedPortalSession] = field(default_factory=list)

    async def begin(self) -> None:
        number = next(_numbers)
        period = TODAY + timedelta(days=number)
        self.invoice = invoice_issued(self.client, "24.90", period, number=f"F2026-0{number}")
        await self.running.state(self.invoice, self.tenant.id, now=self.now)
        await self.running.settled()
        self.known = set(self.stripe.sessions)
        self.tenant.client.now = self.now
        for _ in range(2):
            self.links.append(await link_for(self.tenant, self.client, self.invoice, purpose="DUNNING_LINK"))

    async def do(self, step: str) -> None:
        """Try a step; what is not possible now is refused and changes nothing."""
        with suppress(Refused):
            match step:
                case "open":
                    await self.call(AccessPortalSession(token=self.links[0].token))
                case "start" | "start other":
                    await self.call(StartPortalPayment(token=self.links[step != "start"].token))
                case "pay" | "decline":
                    holder = "MARTIN" if step == "pay" else "ISSUE-CARD-expired_card"
                    open_pages = [page for page in self.pages if self.stripe.sessions[page]["status"] == "open"]
                    for page in open_pages[:1]:
                        self.stripe.pay(page, self.now, holder=holder)
                case "come back" | "give up" if self.pages:
                    address = self.stripe.addresses[self.pages[-1]]["success_url"]
                    (state,) = parse_qs(urlsplit(address).query)["state"]
                    await self.call(HandlePortalReturn(state=state, cancelled=step == "give up"))
                case "wait":
                    self.now += timedelta(minutes=33)
                    await self.running.tick("minute", self.now)
                case "kill":
                    session_id = self.links[0].session.session_id
                    await self.tenant.client.call(CancelPortalSession(session_id=session_id, reason="test"))
        await self.running.settled()

    async def call(self, request: Any) -> None:
        self.tenant.client.now = self.now
        await self.tenant.client.call(request, token="")

    @property
    def pages(self) -> list[str]:
        """The provider's pages for this invoice, in the order they were opened."""
        return [page for page in self.stripe.sessions if page not in self.known]

    async def holds(self) -> None:
        """What must be true whatever happened: the money of the provider is booked once, and nothing stays held."""
        mine = [self.stripe.sessions[page] for page in self.pages]
        taken = [session for session in mine if session["payment_status"] == "paid"]
        assert len(taken) <= 1
        id_ = str(self.invoice.invoice_id)
        received = [
            fact
            for fact in await facts(self.running, self.tenant, "payment.received")
            if id_ in [share["invoice_id"] for share in fact["allocations"]]
        ]
        assert len(received) == len(taken)
        balance = await self.tenant.client.call(GetClientBalance(client_id=self.client.client_id))
        open_amounts = {item.invoice_id: item.open.amount for item in balance.open_items}
        assert open_amounts.get(self.invoice.invoice_id, Decimal("0.00")) == Decimal("0.00" if taken else "24.90")
        assert balance.unallocated.amount == 0
        live = await self.tenant.client.call(ListPayments(client_id=self.client.client_id, status=("PENDING",)))
        assert live.items == () and all(session["status"] != "open" for session in mine)
        assert await look_behind(self.running, self.tenant, "select 1 from portal_claim") == []
        for link in self.links:
            found = await self.tenant.client.call(GetPortalSession(session_id=link.session.session_id))
            assert found.use_count <= found.max_uses == 3
            assert found.status != "REDIRECTED"
            ended = await self.said(found.session_id)
            assert len(ended) == (found.status in ("COMPLETED", "FAILED", "EXPIRED")), (found.status, ended)
            assert found.status in OPEN or not ended or ended == [f"portal_session.{found.status.lower()}"]

    async def said(self, session_id: Any) -> list[str]:
        """The ends that were stated of a link."""
        return [
            type_
            for type_ in ("portal_session.completed", "portal_session.failed", "portal_session.expired")
            for fact in await facts(self.running, self.tenant, type_)
            if fact["session_id"] == str(session_id)
        ]


async def test_whatever_the_customer_does_an_invoice_is_paid_once(
    running: Running, tenant: Tenant, stripe: CheckoutStripe
) -> None:
    client, _ = await billed(running, tenant)
    loop = asyncio.get_running_loop()
    start = at(TODAY, 9)

    async def walked(steps: Sequence[str]) -> None:
        nonlocal start
        walk = Walk(running, tenant, stripe, client, start)
        await walk.begin()
        for step in steps:
            await walk.do(step)
        for last in ("wait", "come back", "wait"):  # whatever was begun comes to its end
            await walk.do(last)
        await walk.holds()
        start = walk.now + timedelta(minutes=1)

    @settings(max_examples=3, deadline=None, database=None, phases=(Phase.explicit, Phase.generate))
    @given(st.lists(st.sampled_from(STEPS), min_size=4, max_size=9))
    def walks(steps: list[str]) -> None:
        asyncio.run_coroutine_threadsafe(walked(steps), loop).result(60)

    await asyncio.to_thread(walks)
    for steps in (["start", "start other", "pay", "pay"], ["start", "kill", "pay", "start other"]):
        await walked(steps)
