"""Listening to the live feed in tests, as a browser would."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

WEBHOOK_SECRET = "a secret of at least sixteen characters"


@dataclass(frozen=True)
class Frame:
    """One Server-Sent Event."""

    id: str
    event: str
    data: Any


class Listener:
    """Reads frames off an open stream."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self._lines = response.aiter_lines()
        self.last_id = ""
        self.comments = 0

    async def next(self, seconds: float = 5.0) -> Frame:
        """The next event with data."""
        async with asyncio.timeout(seconds):
            fields: dict[str, str] = {}
            async for line in self._lines:
                if line.startswith(":"):
                    self.comments += 1
                elif line:
                    name, _, value = line.partition(": ")
                    fields[name] = value
                    self.last_id = fields.get("id", self.last_id)
                elif "data" in fields:
                    return Frame(fields.get("id", ""), fields.get("event", "message"), json.loads(fields["data"]))
                else:
                    fields = {}
            raise EOFError("the stream has ended")

    async def opened(self) -> None:
        """Wait for the first frame, which carries the position the stream begins at."""
        async with asyncio.timeout(5):
            async for line in self._lines:
                if line.startswith("id: "):
                    self.last_id = line[4:]
                    return


@asynccontextmanager
async def listening(
    web: httpx.AsyncClient, token: str, *types: str, after: str | None = None
) -> AsyncIterator[Listener]:
    """An open live feed; everything stated from now on, or after `after`, arrives."""
    found = {"authorization": f"Bearer {token}"} | ({"last-event-id": after} if after is not None else {})
    async with web.stream("GET", "/v1/events", params={"types": list(types)}, headers=found) as response:
        assert response.status_code == 200, await response.aread()
        listener = Listener(response)
        await listener.opened()
        yield listener
