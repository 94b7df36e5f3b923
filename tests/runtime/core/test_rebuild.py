"""Projections are made anew from their owners, and a mailbox that stands before a gap goes on (cross_cutting 9: 15, 16)."""

from typing import Any
from uuid import UUID

import asyncpg
import pytest

from messages.every_actor import EXPORT_SNAPSHOT
from messages.identity import ListCompanies
from messages.problem import Refused
from runtime.client import Client
from runtime.headers import Cause
from runtime.host import Host
from tests.harness import Running, Tenant, eventually


async def rebuilt(running: Running, actor: str, projection: str | None = None) -> Any:
    operator = await running.client()
    answer = await operator.operate(actor, "rebuild", projection=projection)
    await running.settled()
    assert (await operator.operate(actor, "work"))["items"] == []
    return answer


async def in_clients(running: Running, tenant: Tenant, statement: str, *arguments: Any) -> list[Any]:
    connection = await asyncpg.connect(running.installation.actor_url("clients"))
    try:
        await connection.execute(f"set app.organisation_id = '{tenant.id}'")
        return await connection.fetch(statement, *arguments)
    finally:
        await connection.close()


async def test_a_lost_projection_comes_back_from_its_owner_for_every_tenant(
    running: Running, tenant: Tenant, other_tenant: Tenant
) -> None:
    for one in (tenant, other_tenant):
        await in_clients(running, one, "delete from company_ref")
    answer = await rebuilt(running, "clients", "company")
    assert (answer["projections"], answer["gap_closed"]) == (["company"], False)
    for one in (tenant, other_tenant):
        companies = await one.client.call(ListCompanies())
        kept = await in_clients(running, one, "select company_id, legal_name from company_ref")
        assert {(row["company_id"], row["legal_name"]) for row in kept} == {
            (found.company_id, found.legal_name) for found in companies.items
        }


async def test_a_newer_version_that_came_meanwhile_stays(running: Running, tenant: Tenant) -> None:
    await in_clients(running, tenant, "update company_ref set legal_name = 'newer', version = 99")
    await rebuilt(running, "clients", "company")
    assert {row["legal_name"] for row in await in_clients(running, tenant, "select legal_name from company_ref")} == {
        "newer"
    }


async def test_an_unknown_projection_is_refused_with_those_there_are(running: Running) -> None:
    operator = await running.client()
    with pytest.raises(Refused, match="company"):
        await operator.operate("clients", "rebuild", projection="weather")


async def test_an_owner_refuses_what_it_does_not_export_and_shows_no_other_tenant(
    running: Running, tenant: Tenant, other_tenant: Tenant
) -> None:
    heart = running.hosts["clients"].heart
    export = EXPORT_SNAPSHOT["identity"]
    with pytest.raises(Refused, match="organisation, company"):
        await _ask(heart, export.model_validate({"aggregate": "invoice"}), tenant.id)
    foreign = export.model_validate({"aggregate": "company", "id": other_tenant.company_id})
    assert (await _ask(heart, foreign, tenant.id)).items == ()
    assert len((await _ask(heart, foreign, other_tenant.id)).items) == 1


async def _ask(heart: Any, request: Any, organisation_id: UUID) -> Any:
    return await heart.calls.ask(request, organisation_id=organisation_id, cause=Cause("test", "test"))


async def test_15_a_mailbox_before_a_gap_does_not_start_until_a_rebuild_repairs_it(running: Running) -> None:
    await running.stop_actor("clients")
    connection = await asyncpg.connect(running.installation.actor_url("clients"))
    await connection.execute(
        "update mailbox_position set stream_created_at = stream_created_at - interval '1 day' where reader = 'EVENTS'"
    )
    await connection.close()
    host: Host = await running.start_actor("clients")
    operator: Client = await running.client()

    async def names_the_gap() -> bool:
        health = await operator.operate("clients", "health")
        return health["status"] == "NOT_SERVING" and "crm ops rebuild clients" in str(health["troubles"])

    await eventually(names_the_gap)
    assert (await operator.operate("clients", "rebuild", projection="company"))["gap_closed"] is True

    async def serves() -> bool:
        return not host.heart.troubles

    await eventually(serves, seconds=15)
    await running.settled()
