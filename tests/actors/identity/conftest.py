"""identity with a real issuer on a socket; clients and products obey its tokens, documents keeps its files."""

import os
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from actors.identity.oidc import tokens
from tests.actors.identity.people import IssuerServer, Person, founder
from tests.harness import Running, Tenant, system_of

running = system_of("identity", "clients", "documents", "products")


@pytest_asyncio.fixture(scope="package", loop_scope="session", autouse=True)
async def issuer() -> AsyncIterator[IssuerServer]:
    """The issuer that everybody signs in at."""
    folder = Path(tempfile.mkdtemp(prefix="crm-issuer-"))
    async with IssuerServer(folder).serving() as server:
        os.environ["CRM_IDENTITY_ISSUER_URL"] = server.url
        tokens.issuer.cache_clear()
        yield server
        del os.environ["CRM_IDENTITY_ISSUER_URL"]
        tokens.issuer.cache_clear()


@pytest_asyncio.fixture(loop_scope="session")
async def owned(running: Running, issuer: IssuerServer) -> tuple[Person, Tenant]:
    """A person and the organisation he founded."""
    return await founder(running, issuer)


@pytest_asyncio.fixture(loop_scope="session")
async def other(running: Running, issuer: IssuerServer) -> tuple[Person, Tenant]:
    """Another person with another organisation."""
    return await founder(running, issuer)
