"""Steps that tests of collection share: a subscriber, a transmitted batch, its file, an imported answer."""

import base64
from datetime import date, datetime
from typing import Any

from actors.payments.bank.simulator import Answer
from messages.engagement import EmailSent, SmsSent
from messages.payments import (
    CollectionBatch,
    DownloadCollectionFile,
    ImportBankMessage,
    ListCollectionBatches,
    MarkBatchTransmitted,
)
from messages.values.identifiers import new_id
from tests.actors.payments.builders import (
    Subscriber,
    at,
    cutoff_reached,
)
from tests.harness import Running, Tenant

SIGNED = date(2026, 4, 2)
STARTS = date(2026, 4, 10)
DEBIT = date(2026, 5, 5)  # Tuesday; presented on Thursday 30 April (1 May is a TARGET holiday)
PRESENTED = date(2026, 4, 30)


async def subscriber(running: Running, tenant: Tenant, **changes: Any) -> Subscriber:
    found = Subscriber(running, tenant, SIGNED, STARTS, **changes)
    await found.sign()
    return found


async def facts(running: Running, tenant: Tenant, type_: str) -> list[dict[str, Any]]:
    return [body for _, body in await running.events(type_, tenant.id)]


async def transmitted(running: Running, tenant: Tenant, count: int, total: str) -> CollectionBatch:
    """The day's emission, its file compared, approved and marked as uploaded."""
    await running.tick("hour", at(PRESENTED, 5))
    (batch,) = (await tenant.client.call(ListCollectionBatches())).items
    await running.state(cutoff_reached(tenant.company_id, DEBIT, count, total), tenant.id, now=at(PRESENTED, 11))
    await running.settled()
    tenant.client.now = at(PRESENTED, 11)
    return await tenant.client.call(MarkBatchTransmitted(batch_id=batch.batch_id))


async def file_of(tenant: Tenant, batch: CollectionBatch) -> bytes:
    part = await tenant.client.call(DownloadCollectionFile(batch_id=batch.batch_id))
    assert part.parts == 1
    return base64.b64decode(part.content)


async def messages_left(running: Running, tenant: Tenant, day: datetime) -> None:
    """Engagement says of every reminder it was asked for that it left."""
    for order in await facts(running, tenant, "reminder.requested"):
        reference = {"type": "reminder", "id": order["reminder_id"]}
        about = {"reference": reference, "purpose": order["template_key"], "category": "DUNNING"}
        sent = {"email_id": new_id(), "mailbox_id": new_id(), "recipients": (), "sent_at": day, "rfc_message_id": "<m>"}
        event = (
            EmailSent.model_validate(about | sent)
            if order["channel"] == "EMAIL"
            else SmsSent.model_validate(about | {"sms_id": new_id(), "segments": 1})
        )
        await running.state(event, tenant.id, now=day)
    await running.settled()


async def imported(tenant: Tenant, answer: Answer) -> Any:
    request = ImportBankMessage(file_name=answer.name, content=base64.b64encode(answer.content).decode())
    return await tenant.client.call(request, key=str(new_id()))
