"""Send requests at a fixed concurrency and report rate, CPU of the server process and latencies."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import psutil


@dataclass(frozen=True)
class Figures:
    """What one run measured."""

    name: str
    requests_per_second: float
    cpu_seconds_per_thousand: float
    p50_milliseconds: float
    p99_milliseconds: float


def processor_seconds(processes: Iterable[psutil.Process]) -> float:
    """What these have used so far, ended children included through their parents."""
    return float(
        sum(
            times.user + times.system + times.children_user + times.children_system
            for times in (process.cpu_times() for process in processes)
        )
    )


async def measure(
    name: str,
    connection: Any,
    pid: int,
    requests: int,
    concurrency: int,
    make: Callable[[int], tuple[str, bytes, dict[str, str]]],
) -> Figures:
    """Run `requests` requests, `concurrency` at a time; the first tenth warms up and is not counted."""
    latencies: list[float] = []
    numbers = iter(range(requests))

    async def worker() -> None:
        for number in numbers:
            subject, body, headers = make(number)
            started = perf_counter()
            answer = await connection.request(subject, body, timeout=10, headers=headers or None)
            latencies.append(perf_counter() - started)
            if answer.headers and "Nats-Service-Error-Code" in answer.headers:
                raise RuntimeError(f"{subject} answered {answer.data.decode()}")

    warm = requests // 10
    counted = numbers
    numbers = iter(range(-warm, 0))
    await asyncio.gather(*(worker() for _ in range(concurrency)))
    latencies.clear()
    numbers = counted
    process = psutil.Process(pid)
    cpu, started = sum(process.cpu_times()[:2]), perf_counter()
    await asyncio.gather(*(worker() for _ in range(concurrency)))
    seconds = perf_counter() - started
    used = sum(process.cpu_times()[:2]) - cpu
    latencies.sort()
    return Figures(
        name,
        requests / seconds,
        used / requests * 1000,
        latencies[len(latencies) // 2] * 1000,
        latencies[int(len(latencies) * 0.99)] * 1000,
    )
