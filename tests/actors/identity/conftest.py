"""identity with a real issuer on a socket; clients and products obey its tokens, documents keeps its files."""

import os
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from actors.identity.oidc import tokens
from tests.actors.identity.people import PLATFORM, IssuerServer, Person, founder, person
from tests.harness import Running, Tenant, system_of

running = system_of("identity", "clients", "documents", "products")


@pytest_asyncio.fixture(scope="package", loop_scope="session", autouse=True)
async def issuer() -> AsyncIterator[IssuerServer]:
    """The issuer that everybody signs in at."""
    folder = Path(tempfile.mkdtemp(prefix="crm-issuer-"))
    async with IssuerServer(folder).serving() as server:
        told = {"CRM_IDENTITY_ISSUER_URL": server.url, "CRM_IDENTITY_PLATFORM_ADMINISTRATORS": f'["{PLATFORM}"]'}
        os.environ |= told
        for cached in (tokens.issuer, tokens.settings):
            cached.cache_clear()
        yield server
        for name in told:
            del os.environ[name]
        for cached in (tokens.issuer, tokens.settings):
            cached.cache_clear()


@pytest_asyncio.fixture(loop_scope="session")
async def staff(running: Running, issuer: IssuerServer) -> Person:
    """Somebody of the platform's own people."""
    return await person(running, issuer, PLATFORM)


@pytest_asyncio.fixture(loop_scope="session")
async def owned(running: Running, issuer: IssuerServer) -> tuple[Person, Tenant]:
    """A person and the organisation he founded."""
    return await founder(running, issuer)


@pytest_asyncio.fixture(loop_scope="session")
async def other(running: Running, issuer: IssuerServer) -> tuple[Person, Tenant]:
    """Another person with another organisation."""
    return await founder(running, issuer)
