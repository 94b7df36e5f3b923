"""The world around the company: a bank that takes files and answers them, and a provider that switches services on."""

import asyncio
import json
import sys
from datetime import date
from pathlib import Path
from typing import Any

import orjson

from messages.contrats import HandleProviderCallback, ProviderOutcome
from runtime.demo.setting import Demo

_START_SECONDS = 20
_BANK = "actors.payments.bank.simulator"
_MAIL = "actors.engagement.smtp.catcher"
_CARDS = "actors.payments.psp.stripe.checkout"


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
        self._behaviour: dict[str, Any] = {"shares": shares, "seed": "demo", "rules": []}
        self._write_script()

    def decide(self, rum: str, outcome: str, first: date, last: date) -> None:
        """From now on every debit of a mandate inside a span ends like this, whatever the shares say."""
        span = {"from": first.isoformat(), "to": last.isoformat()}
        self._behaviour["rules"].append({"rum": rum, "outcome": outcome, **span})
        self._write_script()

    def _write_script(self) -> None:
        self._script.write_text(json.dumps(self._behaviour, indent=2) + "\n", encoding="utf-8")

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
                    self._orders.append((order["operation_id"], link["id"]))

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


class _Program:
    """A server of the outside world, in a process of its own."""

    def __init__(self) -> None:
        self.port = 0
        self._process: asyncio.subprocess.Process | None = None

    async def _start(self, port: int, module: str, *arguments: str) -> None:
        """Return when it listens on the local port."""
        self.port = port
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", module, *arguments, "--port", str(port)),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        async with asyncio.timeout(_START_SECONDS):
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


class MailCatcher(_Program):
    """A real SMTP server that keeps every message as a file."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder

    async def open(self, port: int) -> None:
        """Listen on a local port."""
        self.folder.mkdir(parents=True, exist_ok=True)
        await self._start(port, _MAIL, str(self.folder))


class CardProvider(_Program):
    """A provider of card payments with a page for customers; its books are a file."""

    secret_key = "sk_test_demo"

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._books = folder / "payments.json"

    async def open(self, port: int) -> None:
        """Listen on a local port."""
        self._books.parent.mkdir(parents=True, exist_ok=True)
        await self._start(port, _CARDS, "--books", str(self._books), "--secret-key", self.secret_key)

    @property
    def environment(self) -> dict[str, str]:
        """What payments must be told to find it."""
        return {"CRM_PAYMENTS_PROVIDER_URLS": json.dumps({"STRIPE": f"http://127.0.0.1:{self.port}/v1"})}
