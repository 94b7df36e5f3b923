"""Real NATS, real PostgreSQL and real actors. The whole system by default; a folder's conftest may name fewer actors."""

from collections.abc import Iterator

import pytest

from tests.harness import Running, Tenant, system_of, tenant_fixture
from tests.infrastructure import Infrastructure, InfrastructureSettings, Kind, chosen


@pytest.fixture(scope="session")
def infrastructure() -> Iterator[Infrastructure]:
    """The servers that the systems under test live on."""
    found = chosen()
    yield found
    found.close()


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Only servers of our own may be stopped."""
    if item.get_closest_marker("restarts_servers") and (infra := InfrastructureSettings().infra) is not Kind.EMBEDDED:
        pytest.skip(f"restarts a server, which only embedded ones allow (CRM_TEST_INFRA={infra})")


running = system_of()
"""The system under test, in simulated time."""

tenant = tenant_fixture("Telecom Dupont")
"""An organisation with one company."""

other_tenant = tenant_fixture("Assurances Martin")
"""Another organisation, whose rows must stay invisible to the first."""

__all__ = ["Running", "Tenant", "other_tenant", "running", "tenant"]
