"""Keeps one process per actor running: restarts what falls, with growing pauses, and drains everything at the end."""

import asyncio
import contextlib
import json
import os
import signal
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog

from runtime import clock

log = structlog.get_logger()

_FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 10.0
_STABLE_SECONDS = 30.0


@dataclass
class Child:
    """One supervised process."""

    name: str
    environment: dict[str, str]
    pid: int | None = None
    started_at: float = 0.0
    restarts: int = 0
    pause: float = _FIRST_PAUSE
    ended: asyncio.Event = field(default_factory=asyncio.Event)


class Supervisor:
    """Starts processes through a warm parent and watches over them."""

    def __init__(self, log_folder: Path) -> None:
        self._log_folder = log_folder
        self.children: dict[str, Child] = {}
        self._stopping = False
        self._zygote: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._restarts: set[asyncio.Task[None]] = set()
        self._ready = asyncio.Event()

    async def open(self) -> None:
        """Start the warm parent; it imports everything once."""
        self._log_folder.mkdir(parents=True, exist_ok=True)
        with (self._log_folder / "parent.log").open("ab") as errors:
            self._zygote = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "runtime.zygote",
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=errors,
                start_new_session=True,  # Ctrl-C reaches the supervisor only, which then drains
            )
        self._reader = asyncio.create_task(self._read_reports())

    async def start(self, name: str, environment: dict[str, str]) -> None:
        """Start a process and keep it running from now on."""
        self.children[name] = Child(name, environment)
        await self._ready.wait()
        await self._order(self.children[name])

    def kill(self, name: str, how: signal.Signals = signal.SIGKILL) -> bool:
        """Send a signal to a process (chaos tests); False when it is not running now."""
        child = self.children[name]
        if child.pid is None:
            return False
        with contextlib.suppress(ProcessLookupError):
            os.kill(child.pid, how)
            return True
        return False

    async def stop(self, drain_seconds: float = 12.0) -> None:
        """SIGTERM to all, SIGKILL to those that do not drain in time."""
        self._stopping = True
        for task in self._restarts:
            task.cancel()
        alive = [child for child in self.children.values() if child.pid is not None]
        for child in alive:
            self.kill(child.name, signal.SIGTERM)
        if alive:
            waiting: list[asyncio.Future[Any]] = [asyncio.ensure_future(child.ended.wait()) for child in alive]
            for silent in (await asyncio.wait(waiting, timeout=drain_seconds))[1]:
                silent.cancel()
        for child in alive:
            if child.pid is not None:
                log.error("supervisor.killed", name=child.name)
                self.kill(child.name)
        if self._zygote is not None and self._zygote.stdin is not None:
            self._zygote.stdin.close()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._zygote.wait(), 5)
        if self._reader is not None:
            self._reader.cancel()

    async def _order(self, child: Child) -> None:
        assert self._zygote is not None and self._zygote.stdin is not None
        child.ended.clear()
        order = {
            "name": child.name,
            "environment": child.environment,
            "log": str(self._log_folder / f"{child.name}.log"),
        }
        self._zygote.stdin.write(json.dumps(order).encode() + b"\n")
        await self._zygote.stdin.drain()

    async def _read_reports(self) -> None:
        assert self._zygote is not None and self._zygote.stdout is not None
        async for line in self._zygote.stdout:
            self._heard(json.loads(line))
        if not self._stopping:
            log.error("supervisor.parent_ended", log=str(self._log_folder / "parent.log"))

    def _heard(self, report: dict[str, Any]) -> None:
        if "ready" in report:
            self._ready.set()
        elif "started" in report:
            child = self.children[report["started"]]
            child.pid, child.started_at = report["pid"], clock.monotonic()
        elif "ended" in report:
            child = self.children[report["ended"]]
            child.pid = None
            child.ended.set()
            if not self._stopping:
                log.warning("supervisor.ended", name=child.name, code=report["code"])
                task = asyncio.create_task(self._restart(child))
                self._restarts.add(task)
                task.add_done_callback(self._restarts.discard)

    async def _restart(self, child: Child) -> None:
        if clock.monotonic() - child.started_at > _STABLE_SECONDS:
            child.pause = _FIRST_PAUSE
        await asyncio.sleep(child.pause)
        child.pause = min(child.pause * 2, _LONGEST_PAUSE)
        child.restarts += 1
        await self._order(child)
