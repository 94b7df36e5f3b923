"""clients: files whose time has come are announced, archived, and ended by the runs that identity orders."""

import itertools
from datetime import UTC, date, datetime, timedelta
from typing import Any

from messages.activites import ActivityRecorded
from messages.clients import Client, GetClient
from messages.contrats import ContractTerminated
from messages.identity import (
    GetRetentionPolicy,
    ListPurgeRuns,
    ListRetentionPolicies,
    PlaceLegalHold,
    PurgeRun,
    RunRetentionPurge,
    UpsertRetentionPolicy,
)
from messages.values.identifiers import new_id
from tests.actors.clients.builders import code_of, contract, issued, noon, person, say
from tests.harness import Tenant, eventually

_SECONDS = itertools.count()


async def made(tenant: Tenant, on: date, number: int = 1, **changes: object) -> Client:
    """A client who was recorded on a day, reachable by an address of his own."""
    tenant.client.now = noon(on)
    try:
        return await tenant.client.call(person(emails=(f"c{number}@example.fr",), phones=(), **changes))
    finally:
        tenant.client.now = None


async def called(tenant: Tenant, client: Client, on: date) -> None:
    """The client rang."""
    deed = {
        "activity_id": new_id(), "type_code": "CALL", "client_id": client.id, "occurred_at": noon(on),
        "direction": "INBOUND", "counts_as_contact": True, "source": "MANUAL",
    }  # fmt: skip
    await say(tenant, ActivityRecorded.model_validate(deed), 1, on)


async def left(tenant: Tenant, client: Client, on: date) -> None:
    """A contract ran until that day."""
    facts = contract(tenant, client, new_id(), "TERMINATED") | {"ends_on": on, "effective_on": date(2021, 1, 1)}
    await say(tenant, ContractTerminated.model_validate(facts), 6, on)


async def state(tenant: Tenant, client: Client) -> str:
    """Where the record stands; GONE when there is none any more."""
    try:
        return (await tenant.client.call(GetClient(client_id=client.id))).record_state
    except Exception as error:
        assert "CLIENT_NOT_FOUND" in repr(error)
        return "GONE"


async def begins(tenant: Tenant, on: date) -> None:
    """A day. Each tick is an instant of its own: the stream drops a second message of one instant."""
    await tenant.running.tick("day", noon(on) + timedelta(seconds=next(_SECONDS)))


async def runs(tenant: Tenant, on: date, **filters: Any) -> list[PurgeRun]:
    """Identity's nightly runs of that day by the actors that run here, all reported."""
    await tenant.running.tick("hour", datetime(on.year, on.month, on.day, 3, 30, next(_SECONDS), tzinfo=UTC))

    async def ended() -> list[PurgeRun] | None:
        found = (await tenant.client.call(ListPurgeRuns(limit=100, **filters))).items
        today = [run for run in found if run.as_of.date() == on and run.actor in tenant.running.hosts]
        return today if today and all(run.completed_at for run in today) else None

    found: list[PurgeRun] = await eventually(ended)
    return found


async def notices(tenant: Tenant) -> list[tuple[str, str]]:
    found = await tenant.running.events("client_retention.due", tenant.id)
    return [(body["client_id"], body["scheduled_on"]) for _, body in found]


async def test_case_18_a_prospect_is_announced_and_deleted(tenant: Tenant) -> None:
    prospect = await made(tenant, date(2022, 11, 30))
    for day in (date(2025, 10, 31), date(2025, 11, 1), date(2025, 11, 2)):
        await begins(tenant, day)
        assert await notices(tenant) == ([] if day < date(2025, 11, 1) else [(str(prospect.id), "2025-12-01")])
    assert {run.deleted for run in await runs(tenant, date(2025, 11, 30))} == {0}
    assert await state(tenant, prospect) == "LIVE"
    by_category = {run.category: run for run in await runs(tenant, date(2025, 12, 1))}
    assert by_category["PROSPECT"].model_dump(include={"status", "scanned", "deleted", "retained"}) == {
        "status": "SUCCESS", "scanned": 1, "deleted": 1, "retained": 0,
    }  # fmt: skip
    assert await state(tenant, prospect) == "GONE"
    deleted = await tenant.running.events("client.deleted", tenant.id)
    assert [body["client_id"] for _, body in deleted] == [str(prospect.id)]


async def test_case_18_a_customer_is_archived_then_anonymised(tenant: Tenant) -> None:
    customer = await made(tenant, date(2021, 1, 1))
    await left(tenant, customer, date(2021, 6, 30))
    await called(tenant, customer, date(2021, 9, 10))
    await begins(tenant, date(2022, 9, 10))
    assert await state(tenant, customer) == "LIVE"
    await begins(tenant, date(2022, 9, 11))
    assert await state(tenant, customer) == "ARCHIVED"
    assert {run.anonymised for run in await runs(tenant, date(2024, 9, 10))} == {0}
    await runs(tenant, date(2024, 9, 11))
    assert await state(tenant, customer) == "ANONYMISED"
    for fact in ("archived", "erasure_requested", "anonymised"):
        assert len(await tenant.running.events(f"client.{fact}", tenant.id)) == 1, fact


async def test_case_18_debts_and_legal_holds_keep_a_file(tenant: Tenant) -> None:
    debtor = await made(tenant, date(2021, 1, 1), 1)
    held = await made(tenant, date(2021, 1, 1), 2, family_name="MARTIN")
    for number, client in enumerate((debtor, held)):
        await left(tenant, client, date(2021, 6, 30))
        if number == 0:
            await say(tenant, issued(tenant, client, "0.01", date(2021, 6, 15)), 1, date(2021, 6, 1))
    await tenant.client.call(PlaceLegalHold(subject_type="CUSTOMER", subject_id=held.id, reason="procès"))
    found = {run.category: run for run in await runs(tenant, date(2024, 9, 11))}["CUSTOMER_ACTIVE"]
    assert (found.status, found.retained, found.anonymised) == ("PARTIAL", 2, 0)
    assert [await state(tenant, client) for client in (debtor, held)] == ["LIVE", "LIVE"]


async def test_a_period_is_chosen_within_its_bounds(tenant: Tenant, other_tenant: Tenant) -> None:
    prospect = await made(tenant, date(2025, 1, 10))
    longer = UpsertRetentionPolicy(category="PROSPECT", months=37, expected_version=0)
    assert await code_of(tenant.client.call(longer)) == "RETENTION_POLICY_INVALID"
    shorter = UpsertRetentionPolicy(category="PROSPECT", months=12, expected_version=0)
    chosen = await tenant.client.call(shorter)
    assert (chosen.months, chosen.version, chosen.max_months) == (12, 1, 36)
    assert await code_of(tenant.client.call(shorter)) == "VERSION_CONFLICT"
    theirs = (await other_tenant.client.call(ListRetentionPolicies(category="PROSPECT"))).items
    assert [(policy.months, policy.version) for policy in theirs] == [(36, 0)]
    wanted = GetRetentionPolicy(category="PROSPECT")
    assert await tenant.client.call(wanted) == chosen
    assert (await other_tenant.client.call(wanted),) == theirs
    await tenant.running.settled()
    tenant.client.now = noon(date(2026, 1, 11))
    try:
        counted = await tenant.client.call(RunRetentionPurge(category="PROSPECT"))
        assert [run.dry_run for run in counted.items] == [True]
        await tenant.running.settled()
        (dry,) = (await tenant.client.call(ListPurgeRuns())).items
        assert (dry.status, dry.deleted) == ("SUCCESS", 1)
        assert await state(tenant, prospect) == "LIVE"
        await tenant.client.call(RunRetentionPurge(category="PROSPECT", dry_run=False))
    finally:
        tenant.client.now = None
    await tenant.running.settled()
    assert await state(tenant, prospect) == "GONE"
    assert (await other_tenant.client.call(ListPurgeRuns())).items == ()


async def test_who_rings_is_kept_from_that_day_on(tenant: Tenant) -> None:
    prospect = await made(tenant, date(2022, 11, 30))
    await begins(tenant, date(2025, 11, 1))
    await called(tenant, prospect, date(2025, 11, 20))
    await runs(tenant, date(2025, 12, 1))
    assert await state(tenant, prospect) == "LIVE"
    await begins(tenant, date(2028, 10, 22))
    assert await notices(tenant) == [(str(prospect.id), "2025-12-01"), (str(prospect.id), "2028-11-21")]
