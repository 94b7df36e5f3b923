"""identity with a real issuer on a socket; clients and products obey its tokens, documents keeps its files."""

import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from actors.identity.keycloak.simulator import KeycloakSimulator
from tests.actors.identity.people import PLATFORM, IssuerServer, Person, founder, person, told_from_outside
from tests.harness import Running, Tenant, system_of

running = system_of("identity", "clients", "documents", "products")


@pytest_asyncio.fixture(scope="package", loop_scope="session", autouse=True)
async def issuer() -> AsyncIterator[IssuerServer]:
    """The issuer that everybody signs in at."""
    folder = Path(tempfile.mkdtemp(prefix="crm-issuer-"))
    async with IssuerServer(folder).serving() as server:
        told = {"CRM_IDENTITY_ISSUER_URL": server.url, "CRM_IDENTITY_PLATFORM_ADMINISTRATORS": f'["{PLATFORM}"]'}
        with told_from_outside(told):
            yield server


@pytest_asyncio.fixture(loop_scope="session")
async def keycloak(issuer: IssuerServer) -> AsyncIterator[KeycloakSimulator]:
    """The directory of accounts that identity keeps in step."""
    async with KeycloakSimulator() as simulator:
        told = {"CRM_IDENTITY_KEYCLOAK_URL": simulator.url, "CRM_IDENTITY_KEYCLOAK_CLIENT_SECRET": simulator.secret}
        with told_from_outside(told):
            yield simulator


@pytest_asyncio.fixture(loop_scope="session")
async def staff(running: Running, issuer: IssuerServer) -> Person:
    """Somebody of the platform's own people."""
    return await person(running, issuer, PLATFORM)


@pytest_asyncio.fixture(loop_scope="session")
async def owned(running: Running, issuer: IssuerServer) -> tuple[Person, Tenant]:
    """A person and the organisation he founded; every actor knows its company."""
    found = await founder(running, issuer)
    await running.settled()
    return found


@pytest_asyncio.fixture(loop_scope="session")
async def other(running: Running, issuer: IssuerServer) -> tuple[Person, Tenant]:
    """Another person with another organisation."""
    return await founder(running, issuer)
