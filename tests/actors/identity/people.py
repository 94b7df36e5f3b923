"""People who sign in at a real issuer over HTTP and act with the tokens that identity builds for them."""

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar, cast
from urllib.parse import parse_qs, urlsplit
from uuid import UUID, uuid4

import asyncpg
import httpx
import uvicorn

from actors.identity.keycloak.client import directory
from actors.identity.oidc import tokens
from messages.base import NIL_ORGANISATION, Reply, Request
from messages.identity import (
    AcceptInvitation,
    BuildAccessContext,
    CompanyScope,
    ContextTokenBuilt,
    CreateInvitation,
    CreateOrganisation,
    GetInvitationLink,
    Invitation,
    ListRoles,
    Membership,
    SyncUser,
    User,
)
from messages.values.identifiers import new_id
from runtime import headers
from runtime.client import Client, refused
from runtime.local_issuer import Accounts, LocalIssuerSettings, create_local_issuer
from runtime.local_issuer.grants import challenge_of
from runtime.local_issuer.tokens import Signer
from tests.harness import Running, Tenant

REDIRECT = "http://127.0.0.1:9/callback"
PLATFORM = "platform@crm.example"
PASSWORD = "correct horse battery"
ReplyType = TypeVar("ReplyType", bound=Reply)


@contextlib.contextmanager
def told_from_outside(told: dict[str, str]) -> Iterator[None]:
    """Settings of identity for as long as the block lasts."""
    cached = (tokens.issuer, tokens.settings, directory)
    before = {name: os.environ.get(name) for name in told}
    os.environ |= told
    for known in cached:
        known.cache_clear()
    yield
    for name, value in before.items():
        if value is None:
            del os.environ[name]
        else:
            os.environ[name] = value
    for known in cached:
        known.cache_clear()


class IssuerServer:
    """The local issuer on a socket; also signs what no honest issuer would."""

    def __init__(self, folder: Path) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/local-issuer"
        self.accounts, self.first_password = Accounts.open(folder)
        self.settings = LocalIssuerSettings(url=self.url, folder=folder, clients={"crm-web": (REDIRECT,)})
        self.application = create_local_issuer(self.settings, self.accounts)

    @property
    def signer(self) -> Signer:
        """The issuer's keys."""
        return cast(Signer, self.application.state.signer)

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator["IssuerServer"]:
        """Serve until the block ends."""
        server = uvicorn.Server(uvicorn.Config(self.application, log_config=None, lifespan="off"))
        task = asyncio.create_task(server.serve(sockets=[self._socket]))
        try:
            yield self
        finally:
            server.should_exit = True
            await task

    def token(self, email: str, /, **claims: Any) -> str:
        """A token as the issuer makes it, with some claims changed."""
        known = {
            "sub": f"sub-{email}",
            "sid": f"sid-{email}",
            "aud": "crm-api",
            "azp": "crm-web",
            "email": email,
            "email_verified": True,
            "given_name": "Ana",
            "family_name": "Martin",
        }
        return self.signer.sign({name: value for name, value in (known | claims).items() if value is not None})

    async def authorize(self, email: str, password: str, *, verifier: str, redirect: str = REDIRECT) -> httpx.Response:
        """Fill in the form."""
        async with httpx.AsyncClient(trust_env=False) as http:
            return await http.post(
                f"{self.url}/authorize",
                data={
                    "response_type": "code",
                    "client_id": "crm-web",
                    "redirect_uri": redirect,
                    "code_challenge": challenge_of(verifier),
                    "code_challenge_method": "S256",
                    "state": "s-1",
                    "email": email,
                    "password": password,
                },
            )

    async def tokens(self, **form: str) -> httpx.Response:
        """Call the token endpoint."""
        async with httpx.AsyncClient(trust_env=False) as http:
            return await http.post(f"{self.url}/token", data={"client_id": "crm-web", "redirect_uri": REDIRECT} | form)

    async def sign_in(self, email: str, password: str) -> str:
        """Code and PKCE; the access token."""
        verifier = uuid4().hex * 2
        answer = await self.authorize(email, password, verifier=verifier)
        assert answer.status_code == 303, answer.text
        code = parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]
        tokens = await self.tokens(grant_type="authorization_code", code=code, code_verifier=verifier)
        assert tokens.status_code == 200, tokens.text
        return str(tokens.json()["access_token"])


async def as_bridge(running: Running, request: Request[ReplyType], **extra: str) -> ReplyType:
    """Ask what only the bridge may, over the bridge's own NATS user."""
    bridge = await running.client("bridge", token="")
    found = {headers.ORGANISATION: str(NIL_ORGANISATION)} | extra
    body = request.model_dump_json(exclude_unset=True).encode()
    answer = await bridge.send(request.contract.internal_subject, body, found)
    if answer.problem is not None:
        raise refused(answer.problem)
    return cast(ReplyType, request.contract.reply.model_validate_json(answer.body))


async def as_actor(running: Running, request: Request[ReplyType], organisation_id: UUID, **extra: str) -> ReplyType:
    """Ask as another actor would; actors that do not run here have no user that may ask, so the host is called directly."""
    host = running.hosts["identity"]
    endpoint = host.heart.actor.endpoints[request.contract.name]
    found = {headers.ORGANISATION: str(organisation_id), **extra}
    body, _ = await host.requests.answer(
        endpoint, request.model_dump_json(exclude_unset=True).encode(), found, str(new_id()), internal=True
    )
    return cast(ReplyType, request.contract.reply.model_validate_json(body))


@dataclass
class Person:
    """Somebody with an address, his issuer's token and a client."""

    running: Running
    issuer: IssuerServer
    email: str
    user: User
    idp_token: str
    client: Client
    organisation_id: UUID | None = None
    context: ContextTokenBuilt | None = field(default=None, repr=False)

    async def enter(self, organisation_id: UUID | None) -> "Person":
        """Take a fresh context token of that organisation."""
        request = BuildAccessContext(idp_token=self.idp_token, organisation_id=organisation_id)
        self.context = await as_bridge(self.running, request)
        self.client.token, self.organisation_id = self.context.token, organisation_id
        return self

    async def call(self, request: Request[ReplyType], **options: Any) -> ReplyType:
        """Ask with a token that is as new as the last change of rights."""
        await self.enter(self.organisation_id)
        return await self.client.call(request, **options)


async def person(running: Running, issuer: IssuerServer, email: str | None = None, **claims: Any) -> Person:
    """Somebody new who has signed in."""
    email = email or f"p{uuid4().hex[:10]}@x.fr"
    token = issuer.token(email, **claims)
    synced = await as_bridge(running, SyncUser(idp_token=token))
    someone = Person(running, issuer, email, synced.user, token, await running.client(token=""))
    return await someone.enter(None)


async def founder(running: Running, issuer: IssuerServer) -> tuple[Person, Tenant]:
    """A new person with an organisation of his own and one company."""
    from tests.harness import SIRENS, company_request

    owner = await person(running, issuer)
    founded = await owner.call(CreateOrganisation(name=f"Étoile {uuid4().hex[:6]}"))
    organisation_id = founded.organisation.organisation_id
    await owner.enter(organisation_id)
    tenant = Tenant(running, organisation_id, owner.client, founded.membership.membership_id)
    tenant.company_id = (await owner.call(company_request("DUP", SIRENS[0]))).company_id
    return owner, tenant


async def role_id(owner: Person, code: str) -> UUID:
    """The id of a role by its code."""
    roles = await owner.call(ListRoles(limit=100))
    return next(role.role_id for role in roles.items if role.code == code)


async def invite(owner: Person, email: str, code: str, **fields: Any) -> Invitation:
    """Invite somebody with one role."""
    return await owner.call(CreateInvitation(email=email, role_ids=(await role_id(owner, code),), **fields))


async def link_token(owner: Person, invitation: Invitation) -> str:
    """The secret of the link, as engagement gets it for the mail."""
    assert owner.organisation_id is not None
    extra = {headers.TIME: owner.client.now.isoformat()} if owner.client.now else {}
    link = await as_actor(
        owner.running, GetInvitationLink(invitation_id=invitation.invitation_id), owner.organisation_id, **extra
    )
    return link.url.rpartition("/")[2]


async def member(owner: Person, code: str, **fields: Any) -> tuple[Person, Membership]:
    """Somebody new who was invited with a role and has joined and entered."""
    someone = await person(owner.running, owner.issuer)
    invitation = await invite(owner, someone.email, code, **fields)
    token = await link_token(owner, invitation)
    joined = await someone.call(AcceptInvitation(token=token))
    await someone.enter(owner.organisation_id)
    return someone, joined.membership


async def seen(running: Running, user_id: UUID, at: datetime) -> None:
    """The person was last here then."""
    connection = await asyncpg.connect(running.database("identity"))
    try:
        await connection.execute("update user_account set last_seen_at = $2 where id = $1", user_id, at)
    finally:
        await connection.close()


LISTED = CompanyScope.LIST
