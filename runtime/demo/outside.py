"""The world around the company: a bank that takes files and answers them, and a provider that switches services on."""

import asyncio
import json
import sys
from datetime import date
from pathlib import Path

import orjson

from messages.contrats import HandleProviderCallback, ProviderOutcome
from runtime.demo.setting import Demo

_BANK = "actors.payments.bank.simulator"
_MAIL = "actors.engagement.smtp.catcher"


class Bank:
    """The simulated bank, a program of its own between two folders."""

    def __init__(self, demo: Demo) -> None:
        self._folder = demo.exchange
        self._script = demo.results / "bank" / "script.json"
        self._script.parent.mkdir(parents=True, exist_ok=True)
        shares = {
            f"REJ-{code}" if code == "AC04" else f"RET-{code}-2": share
            for code, share in demo.calendar.rejections.items()
        }
        self._script.write_text(json.dumps({"shares": shares, "seed": "demo"}, indent=2) + "\n")

    @property
    def has_work(self) -> bool:
        """Whether files lie in its inbox or debits wait in its books."""
        if any((self._folder / "to_bank").glob("*.xml")):
            return True
        books = self._folder / "bank.json"
        return books.exists() and bool(orjson.loads(books.read_bytes()).get("due"))

    async def play(self, day: date) -> None:
        """Let the bank work through the day."""
        process = await asyncio.create_subprocess_exec(
            *(
                sys.executable,
                "-m",
                _BANK,
                str(self._folder),
                "--until",
                day.isoformat(),
                "--script",
                str(self._script),
            ),
            stderr=asyncio.subprocess.PIPE,
        )
        _, errors = await process.communicate()
        if process.returncode:
            raise RuntimeError(f"the simulated bank failed: {errors.decode()[-2000:]}")


class Provider:
    """Hears the orders to switch services and answers each."""

    def __init__(self, demo: Demo) -> None:
        self._demo = demo
        self._orders: list[tuple[str, str]] = []

    async def open(self) -> None:
        """Start hearing orders of this organisation."""
        subject = f"crm.events.contract.provisioning_requested.{self._demo.system.organisation_id}"
        subscription = await self._demo.client.connection.subscribe(subject)

        async def hear() -> None:
            async for message in subscription.messages:
                order = orjson.loads(message.data)
                for link in order["service_links"]:
                    self._orders.append((order["operation_id"], link["service_link_id"]))

        self._hearing = asyncio.create_task(hear())

    async def answer(self) -> int:
        """Answer the orders heard so far; how many."""
        orders, self._orders = self._orders, []
        for operation_id, link_id in orders:
            await self._demo.client.call(
                HandleProviderCallback.model_validate(
                    {
                        "provider": "DEMO",
                        "callback_id": f"demo-{operation_id}-{link_id}",
                        "operation_id": operation_id,
                        "service_link_id": link_id,
                        "outcome": ProviderOutcome.OK,
                        "external_service_id": f"SRV-{link_id[:8]}",
                    }
                ),
                key=f"demo-{operation_id}-{link_id}",
            )
        return len(orders)

    def close(self) -> None:
        """Stop hearing."""
        self._hearing.cancel()


class MailCatcher:
    """A real SMTP server that keeps every message as a file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = 0
        self._process: asyncio.subprocess.Process | None = None

    async def open(self, port: int) -> None:
        """Listen on a local port."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = port
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", _MAIL, str(self.folder), "--port", str(port)),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        async with asyncio.timeout(10):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                except OSError:
                    await asyncio.sleep(0.05)
                else:
                    writer.close()
                    return

    async def close(self) -> None:
        """Stop listening."""
        if self._process is not None:
            self._process.terminate()
            await self._process.wait()
