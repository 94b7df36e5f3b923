"""Letters on their way, for tests."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from actors.logistics.maileva.simulator import Draft, MailevaSimulator
from messages.logistics import GetLetter, Letter
from tests.actors.logistics.test_letters import letter, stored
from tests.harness import Running, Tenant


async def read(tenant: Tenant, letter_id: UUID) -> Letter:
    return await tenant.client.call(GetLetter(letter_id=letter_id))


async def posted(
    running: Running, tenant: Tenant, maileva: MailevaSimulator, day: datetime, **changes: Any
) -> tuple[Letter, Draft]:
    """A registered letter at the post, and its sending at the provider."""
    tenant.client.now = day
    fields = {"kind": "REGISTERED_AR", "submit": True} | changes
    made = await tenant.client.call(letter(tenant, await stored(tenant), **fields))
    await running.settled()
    [draft] = maileva.of(made.id)
    maileva.set_status(draft, "PROCESSED")
    await running.tick("hour", day + timedelta(hours=1))
    found = await read(tenant, made.id)
    assert found.status == "POSTED"
    return found, draft
