"""What the whole system costs: how soon twelve actors answer, how much memory each holds, what it burns while idle."""

import asyncio
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from time import perf_counter

import psutil
from rich.console import Console
from rich.table import Table

from benchmarks.measure import processor_seconds
from runtime.running_system import RunningSystem
from runtime.system import discover

_CALM_SECONDS = 60.0  # what the start leaves behind, such as the first vacuum of new tables, is not idleness
_IDLE_SECONDS = 120.0  # two whole minutes of the clock
_MEBIBYTE = 2**20


async def run() -> None:
    """Start cold, start warm, rest; print."""
    folder = Path(tempfile.mkdtemp(prefix="crm-bench-"))
    try:
        cold = await _start_and_stop(folder)
        system = RunningSystem(folder, discover())
        started = perf_counter()
        await system.start()
        warm = perf_counter() - started
        try:
            await asyncio.sleep(_CALM_SECONDS)
            memory = _memory(system)
            idle = await _idle_share(system)
        finally:
            await system.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    _show(cold, warm, idle, memory)


async def _start_and_stop(folder: Path) -> float:
    system = RunningSystem(folder, discover())
    started = perf_counter()
    await system.start()
    seconds = perf_counter() - started
    await system.stop()
    return seconds


def _memory(system: RunningSystem) -> dict[str, tuple[float, float]]:
    """Resident MiB of each process, and its share when what is common with others is divided among them."""
    found = {}
    for name, child in system.supervisor.children.items():
        memory = psutil.Process(child.pid).memory_full_info()
        found[name] = (memory.rss / _MEBIBYTE, memory.pss / _MEBIBYTE)
    return found


async def _idle_share(system: RunningSystem) -> float:
    """Percent of one core that everything together uses while nothing happens: actors, bridge, NATS and PostgreSQL."""
    before = processor_seconds(_processes(system))
    await asyncio.sleep(_IDLE_SECONDS)
    return (processor_seconds(_processes(system)) - before) / _IDLE_SECONDS * 100


def _processes(system: RunningSystem) -> Iterable[psutil.Process]:
    servers = [system.installation.postgres.process(), system.installation.nats.process()]
    parents = [psutil.Process(child.pid).parent() for child in system.supervisor.children.values()]
    for root in {*servers, *parents} - {None}:
        yield root
        yield from root.children(recursive=True)


def _show(cold: float, warm: float, idle: float, memory: dict[str, tuple[float, float]]) -> None:
    table = Table("whole system", "measured", "aim")
    table.add_row("first start: databases, streams, twelve actors and the bridge", f"{cold:.1f} s", "")
    table.add_row("start on existing data", f"{warm:.1f} s", "<= 12 s")
    table.add_row("idle, everything together", f"{idle:.1f} % of a core", "< 5 %")
    for name, (resident, share) in sorted(memory.items()):
        table.add_row(f"memory of {name}: resident / proportional", f"{resident:.0f} / {share:.0f} MiB", "<= 90 MiB")
    Console(width=120).print(table)
