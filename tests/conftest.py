"""Real NATS, real PostgreSQL and real actors. The whole system by default; a folder's conftest may name fewer actors."""

import asyncio
import gc
from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

import pytest
import uvloop
from xdist.scheduler import LoadScopeScheduling

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
    "payments",
    "contrats",
    "factures",
    "infrastructure",
    "clients",
    "identity",
)
"""Folders that keep a process busy longest; what is short comes last, so that both processes end together."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest folders are begun first."""
    items.sort(key=_turn)


def _turn(item: pytest.Item) -> int:
    places = (_LONG_FIRST.index(name) for name in (item.path.name, item.path.parent.name) if name in _LONG_FIRST)
    return next(places, len(_LONG_FIRST))


class _FolderByFolder(LoadScopeScheduling):  # type: ignore[misc] # the library has no types
    """A folder's tests share their actors, so one process runs them all.

    Not by `--dist loadgroup`: the names it gives to tests are not read any more by this version of pytest.
    """

    def _split_scope(self, nodeid: str) -> str:
        path = PurePosixPath(nodeid.partition("::")[0])
        return path.name if path.parent.name == "tests" else str(path.parent)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """How several processes share the tests out."""
    return _FolderByFolder(config, log)


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
