"""Real NATS, real PostgreSQL and real actors. The whole system by default; a folder's conftest may name fewer actors."""

from tests.harness import Running, Tenant, system_of, tenant_fixture

running = system_of()
"""The system under test, in simulated time."""

tenant = tenant_fixture("Telecom Dupont")
"""An organisation with one company."""

other_tenant = tenant_fixture("Assurances Martin")
"""Another organisation, whose rows must stay invisible to the first."""

__all__ = ["Running", "Tenant", "other_tenant", "running", "tenant"]
