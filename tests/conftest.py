"""Real NATS, real PostgreSQL and real actors. The whole system by default; a folder's conftest may name fewer actors."""

import asyncio
import gc
from collections.abc import Callable, Iterator, Mapping

import pytest
import uvloop

from tests.harness import Running, Tenant, system_of, tenant_fixture
from tests.infrastructure import Infrastructure, InfrastructureSettings, Kind, chosen


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The loop that the actors run on in production too."""
    return {"uvloop": uvloop.new_event_loop}


def pytest_collection_finish() -> None:
    """Everything imported and collected stays: left to itself, the collector walks it in a tenth of the run's time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 100)


@pytest.fixture(scope="session")
def infrastructure() -> Iterator[Infrastructure]:
    """The servers that the systems under test live on."""
    found = chosen()
    yield found
    found.close()


_LONG_FIRST = (
    "scenarios",
    "architecture",
    "privacy",
    "chaos",
    "test_readme.py",
    "contrats",
    "infrastructure",
    "clients",
    "identity",
)
"""Folders that keep a process busy longest; what is short comes last, so that both processes end together."""


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A folder's tests share their actors, so one process runs them all; the longest folders are begun first."""
    for item in items:
        folder = item.path.name if item.path.parent.name == "tests" else item.path.parent.name
        item.add_marker(pytest.mark.xdist_group(folder))
    items.sort(key=_turn)


def _turn(item: pytest.Item) -> int:
    places = (_LONG_FIRST.index(name) for name in (item.path.name, item.path.parent.name) if name in _LONG_FIRST)
    return next(places, len(_LONG_FIRST))


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
