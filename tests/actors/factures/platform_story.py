"""What platform tests are made of: a connected company, buyers by script, and minutes that pass on both sides."""

import base64
import itertools
import json
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from actors.factures.platform.simulator import PlatformSimulator
from messages.factures import CreateInvoice, GetInvoice, Invoice, InvoiceLineDraft, IssueInvoice
from messages.factures.platform import (
    ConnectPlatform,
    LifecycleEvent,
    ListLifecycleEvents,
    ListTransmissions,
    ReceivePlatformWebhook,
    Transmission,
)
from messages.values.identifiers import new_id
from messages.values.instants import format_instant
from runtime import headers
from runtime.simulation import SentWebhook
from tests.actors.factures.builders import NOW, business_of, ready
from tests.harness import Running, Tenant

SIRENS = {
    "normal": "552100554", "rejects": "500002001", "refuses": "500006002", "disputes": "500001003", "absent": "500005004",
    "busy": "500000005", "broken": "500009006", "repeats": "500004007", "disordered": "500008008",
}  # fmt: skip


_STORIES = itertools.count(1)


class Story:
    """A company with an account at the simulated platform."""

    def __init__(self, running: Running, tenant: Tenant, platform: PlatformSimulator) -> None:
        self.running, self.tenant, self.platform = running, tenant, platform
        # The clock's stream takes each instant once, so every story lives a little beside the others.
        self._beside = timedelta(microseconds=next(_STORIES))
        self.now = NOW + self._beside

    async def connect(self, **changes: Any) -> "Story":
        """Give the company its account; every invoice of this year goes through the platform."""
        await ready(self.tenant)
        fields: dict[str, Any] = {
            "company_id": self.tenant.company_id, "platform_code": "SIM", "client_id": "account-1",
            "client_secret": "secret-of-the-account", "einvoicing_start_on": date(2026, 1, 1),
        }  # fmt: skip
        await self.ask(ConnectPlatform.model_validate(fields | changes))
        await self.running.settled()
        return self

    async def ask(self, request: Any) -> Any:
        """The answer to a request made now."""
        self.tenant.client.now = self.now
        return await self.tenant.client.call(request, key=str(new_id()))

    async def issue(self, script: str, price: str = "100.00", **changes: Any) -> Invoice:
        """An issued invoice to a buyer of that script; it is queued, sent or waits."""
        client_id = changes.pop("client_id", None) or await business_of(self.running, self.tenant, SIRENS[script])
        line = InvoiceLineDraft(name="Service", quantity=Decimal(1), unit_price=Decimal(price), vat_rate=Decimal(20))
        order = CreateInvoice(company_id=self.tenant.company_id, client_id=client_id, lines=(line,), **changes)
        draft = await self.ask(order)
        issued: Invoice = await self.ask(IssueInvoice(invoice_id=draft.invoice_id, expected_version=draft.version))
        await self.running.settled()
        return issued

    async def minutes(self, count: int, step: timedelta = timedelta(minutes=5)) -> None:
        """Let time pass here and at the platform, five minutes at a time."""
        for _ in range(count):
            self.now += step
            self.platform.advance(self.now)
            await self.running.tick("minute", self.now)

    async def evening(self, day: date) -> None:
        """The hour tick of 20:00 in Paris."""
        self.now = datetime.fromisoformat(f"{day}T20:00:00+00:00") + self._beside
        self.platform.now = self.now
        await self.running.tick("hour", self.now)

    async def read(self, invoice_id: UUID) -> Invoice:
        """The invoice as it is now."""
        found: Invoice = await self.ask(GetInvoice(invoice_id=invoice_id))
        return found

    async def statuses(self, invoice_id: UUID) -> list[LifecycleEvent]:
        """Its life cycle in the order of arrival."""
        return list((await self.ask(ListLifecycleEvents(invoice_id=invoice_id, limit=100))).items)

    async def sendings(self, invoice_id: UUID) -> list[Transmission]:
        """What was sent of it, newest first."""
        return list((await self.ask(ListTransmissions(invoice_id=invoice_id))).items)

    async def facts(self, type_: str) -> list[dict[str, Any]]:
        """The stated facts of one type."""
        return [body for _, body in await self.running.events(type_, self.tenant.id)]

    async def deliver(self, webhook: SentWebhook, *, raw: bytes | None = None, at: datetime | None = None) -> str:
        """Hand a report on as the bridge does; the code of the answer."""
        bridge = await self.running.client("bridge")
        content = base64.b64encode(webhook.body if raw is None else raw).decode()
        body = {"provider": "SIM", "headers": webhook.headers, "raw_body_b64": content}
        found = {headers.ORGANISATION: str(self.tenant.id), headers.IDEMPOTENCY_KEY: str(uuid4())}
        found[headers.TIME] = format_instant(at or self.now)
        answer = await bridge.send(ReceivePlatformWebhook.contract.internal_subject, json.dumps(body).encode(), found)
        await self.running.settled()
        return answer.problem.code if answer.problem is not None else "OK"
