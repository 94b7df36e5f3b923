"""clients: create, read, list, change, archive."""

import pytest

from messages.clients import GetClient, ListClients, UpdateClient
from messages.problem import Refused
from tests.actors.clients.builders import person
from tests.harness import Tenant


async def test_a_created_client_is_a_prospect_with_tidied_names(tenant: Tenant) -> None:
    created = await tenant.client.call(person())
    assert created.display_name == "Jean-Pierre de La Tour"
    assert created.status_category == "PROSPECT"
    assert [point.value for point in created.contact_points] == ["jp@example.fr", "+33612345678"]
    assert await tenant.client.call(GetClient(client_id=created.id)) == created


async def test_another_tenants_client_is_not_found(tenant: Tenant, other_tenant: Tenant) -> None:
    created = await tenant.client.call(person())
    with pytest.raises(Refused) as refusal:
        await other_tenant.client.call(GetClient(client_id=created.id))
    assert refusal.value.code.code == "CLIENT_NOT_FOUND"
    assert (await other_tenant.client.call(ListClients())).items == ()


async def test_a_stale_version_is_refused(tenant: Tenant) -> None:
    created = await tenant.client.call(person())
    changed = await tenant.client.call(UpdateClient(client_id=created.id, expected_version=1, family_name="Martin"))
    assert (changed.version, changed.display_name) == (2, "Jean-Pierre Martin")
    with pytest.raises(Refused) as refusal:
        await tenant.client.call(UpdateClient(client_id=created.id, expected_version=1, family_name="Durand"))
    assert refusal.value.code.code == "VERSION_CONFLICT"


async def test_a_list_is_filtered_by_sets_of_values(tenant: Tenant) -> None:
    await tenant.client.call(person())
    assert len((await tenant.client.call(ListClients(status_category=("PROSPECT", "ACTIVE")))).items) == 1
    assert (await tenant.client.call(ListClients(status_category=("INACTIVE",), type=("BUSINESS",)))).items == ()
