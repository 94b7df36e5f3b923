"""An embedded system that runs: servers, twelve actor processes, the bridge, and a first organisation to work with."""

import asyncio
import contextlib
import json
import os
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx

from messages.identity import CreateOrganisation
from messages.problem import Refused
from messages.values.identifiers import derived_id, new_id
from runtime.client import Client
from runtime.development import development_token
from runtime.embedded.ports import kept_port
from runtime.installation import Installation
from runtime.local_issuer import Accounts
from runtime.nats_configuration import UpstreamGrant
from runtime.nats_surfaces import BRIDGE
from runtime.supervisor import Supervisor
from runtime.system import System

UPSTREAM = "upstream"
_LOCAL_CLIENTS = {
    "crm-web": ("http://127.0.0.1:3000/callback", "http://localhost:3000/callback"),
    "crm-cli": ("http://127.0.0.1:8976/callback",),
}
"""Where a user interface under development and a program of the terminal usually wait for their code."""


def issuer_folder(data: Path) -> Path:
    """Where the local issuer of a data folder keeps accounts and keys."""
    return data / "local-issuer"


class RunningSystem:
    """`crm up` in one object; the demo, the chaos tests and the benchmarks use it too."""

    def __init__(
        self, folder: Path, system: System, *, simulated_time: bool = False, durable: bool = True, bridge: bool = True
    ) -> None:
        self.installation = Installation(folder, system, simulated_time=simulated_time, durable=durable)
        self.supervisor = Supervisor(folder / "logs")
        self._bridge = bridge
        self._extra: dict[str, dict[str, str]] = {}
        self._state = folder / "installation.json"
        self.organisation_id: UUID | None = None
        self.membership_id: UUID | None = None
        self.first_password: str | None = None
        self._remember_organisation()

    @property
    def bridge_url(self) -> str:
        """Where the bridge listens."""
        return f"http://127.0.0.1:{self._bridge_port}"

    @property
    def issuer_url(self) -> str:
        """The local issuer, as its tokens call it."""
        return f"{self.bridge_url}/local-issuer"

    def extend_environment(self, actor: str, **variables: str) -> None:
        """Further CRM_* variables for one actor, before it is started."""
        self._extra.setdefault(actor, {}).update(variables)

    async def start(self) -> None:
        """Start everything; returns when all actors answer. `first_password` is set when the local issuer is new."""
        if self._bridge:
            self._bridge_port = kept_port(self.installation.folder / "bridge.port")
            _, self.first_password = await asyncio.to_thread(Accounts.open, issuer_folder(self.installation.folder))
            self.extend_environment("identity", **_unless_given(self._issuer_of_identity()))
        await self.supervisor.open()
        await asyncio.to_thread(self.installation.start)
        for name in self.installation.system.actors:
            await self.supervisor.start(name, self.installation.environment(name) | self._extra.get(name, {}))
        if self._bridge:
            await self.supervisor.start(BRIDGE, self._bridge_environment())
        await self.wait_until_serving()
        if self._bridge:
            await self._wait_for_bridge()
        if self.organisation_id is None:
            await self._found_organisation()
        self.write_connection()

    async def stop(self) -> None:
        """Drain the actors, then stop the servers."""
        await self.supervisor.stop()
        await asyncio.to_thread(self.installation.stop)

    async def client(self, user: str = "operator", token: str | None = None) -> Client:
        """A client of this system, by default the operator's with an administrator's token."""
        seed = self.installation.nats_keys[user][0]
        return await Client.connect(self.installation.nats.url, seed, user, token or self.token())

    def token(self, **claims: Any) -> str:
        """An administrator's token of the first organisation."""
        return development_token(
            self.installation.secrets.development_issuer_seed(),
            organisation_id=self.organisation_id,
            membership_id=self.membership_id,
            **claims,
        )

    async def wait_until_serving(self, seconds: float = 60.0) -> None:
        """Wait until every actor answers and is SERVING."""
        client = await self.client()
        waiting = set(self.installation.system.actors)
        try:
            async with asyncio.timeout(seconds):
                while waiting:
                    for name in sorted(waiting):
                        try:
                            health = await client.operate(name, "health")
                        except Refused:
                            continue
                        if health["status"] == "SERVING":
                            waiting.discard(name)
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise RuntimeError(
                f"not serving after {seconds:g} s: {', '.join(sorted(waiting))}; look into {self.installation.folder / 'logs'}"
            ) from None
        finally:
            await client.close()

    async def _wait_for_bridge(self, seconds: float = 30.0) -> None:
        """Wait until the bridge answers /healthz."""
        async with httpx.AsyncClient() as http, asyncio.timeout(seconds):
            while True:
                with contextlib.suppress(httpx.TransportError):
                    if (await http.get(f"{self.bridge_url}/healthz")).is_success:
                        return
                await asyncio.sleep(0.05)

    def write_connection(self) -> Path:
        """connection.json for outside programs."""
        return self.installation.write_connection(
            nats_user=UPSTREAM,
            nats_seed=self.installation.nats_keys[UPSTREAM][0],
            inbox_prefix=f"_INBOX_{UPSTREAM}",
            bridge_url=self.bridge_url if self._bridge else None,
            organisation_id=str(self.organisation_id),
            token=self.token(),
        )

    def _bridge_environment(self) -> dict[str, str]:
        environment = self.installation.environment(BRIDGE)
        actors = ",".join(self.installation.system.actors)
        port = str(self._bridge_port)
        environment |= {"CRM_BRIDGE_HOST": "127.0.0.1", "CRM_BRIDGE_PORT": port, "CRM_BRIDGE_ACTORS": actors}
        return environment | _unless_given(
            {
                "CRM_LOCAL_ISSUER_URL": self.issuer_url,
                "CRM_LOCAL_ISSUER_FOLDER": str(issuer_folder(self.installation.folder).absolute()),
                "CRM_LOCAL_ISSUER_CLIENTS": json.dumps(_LOCAL_CLIENTS),
            }
        )

    def _issuer_of_identity(self) -> dict[str, str]:
        """Whose tokens identity believes, and where invitations lead until a user interface has a page for them."""
        return {
            "CRM_IDENTITY_ISSUER_URL": self.issuer_url,
            "CRM_IDENTITY_INVITATION_URL": f"{self.bridge_url}/v1/identity/preview_invitation?token={{token}}",
        }

    async def _found_organisation(self) -> None:
        """The first organisation, and the upstream system that may work in it."""
        seed = self.installation.secrets.development_issuer_seed()
        client = await self.client(token=development_token(seed, organisation_id=None))
        try:
            organisation_id = derived_id("first organisation", str(new_id()))
            founded = await client.call(CreateOrganisation(name="Première organisation", id=organisation_id))
        finally:
            await client.close()
        state = {"organisation_id": str(organisation_id), "membership_id": str(founded.membership.membership_id)}
        self._state.write_text(json.dumps(state))
        self._remember_organisation()
        await asyncio.to_thread(self.installation.admit, self.installation.upstream)

    def _remember_organisation(self) -> None:
        if not self._state.exists():
            return
        state = json.loads(self._state.read_text())
        self.organisation_id, self.membership_id = UUID(state["organisation_id"]), UUID(state["membership_id"])
        subjects = [f"crm.{actor}.*" for actor in self.installation.system.actors]
        subjects += [f"crm.commands.{actor}.*" for actor in self.installation.system.actors]
        self.installation.upstream = (UpstreamGrant(UPSTREAM, tuple(subjects), self.organisation_id),)
        self.installation.make_keys()


def _unless_given(variables: dict[str, str]) -> dict[str, str]:
    """What the environment does not say already: Keycloak or a user interface may be named there."""
    return {name: value for name, value in variables.items() if name not in os.environ}
