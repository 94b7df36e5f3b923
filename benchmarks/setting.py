"""The systems that the benchmarks run on: real servers, real processes, one organisation with one company."""

import shutil
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from messages.identity import CreateCompany
from messages.values.addresses import Address
from runtime.nats_configuration import ActorSurface
from runtime.running_system import RunningSystem
from runtime.system import System, discover


class BenchmarkSystem(System):
    """Some actors, and a NATS user for the bare server."""

    def surfaces(self) -> list[ActorSurface]:
        """The actors' surfaces and one more that only serves requests."""
        return [*super().surfaces(), ActorSurface("bare", (), (), ())]


@asynccontextmanager
async def system_of(
    actors: Sequence[str],
    voices: Sequence[str] = (),
    environment: Mapping[str, Mapping[str, str]] | None = None,
    *,
    simulated_time: bool = False,
) -> AsyncIterator[RunningSystem]:
    """A durable system of these actors that is settled; the benchmark speaks for the voices. Its folder is deleted at the end.

    `environment`: further CRM_* variables by actor.
    """
    folder = Path(tempfile.mkdtemp(prefix="crm-bench-"))
    known = BenchmarkSystem(discover(list(actors)).actors, tuple(voices))
    system = RunningSystem(folder, known, simulated_time=simulated_time, bridge=False)
    for actor, variables in (environment or {}).items():
        system.extend_environment(actor, **variables)
    try:
        await system.start()
        client = await system.client()
        await client.call(
            CreateCompany(
                code="BENCH",
                legal_name="Bench SARL",
                siren="732829320",
                address=Address(street="1 rue X", postal_code="75001", city="Paris"),
            )
        )
        await client.settle(system.installation.system.actors)
        await client.close()
        yield system
    finally:
        await system.stop()
        shutil.rmtree(folder, ignore_errors=True)
