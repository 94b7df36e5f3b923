"""What the demo is given: the example files, the folder to leave results in, and the running system."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from messages.values.instants import PARIS
from runtime.client import Client
from runtime.client_file import ImportReport
from runtime.running_system import RunningSystem


@dataclass
class Calendar:
    """The span the demo plays, and the hours of each day at which the clock ticks."""

    starts_on: date
    ends_on: date
    hours: tuple[int, ...]
    rejections: dict[str, float]

    @classmethod
    def read(cls, path: Path) -> "Calendar":
        """From examples/calendar.json."""
        content = json.loads(path.read_text(encoding="utf-8"))
        return cls(
            date.fromisoformat(content["starts_on"]),
            date.fromisoformat(content["ends_on"]),
            tuple(content["hours"]),
            content["rejections"],
        )

    def days(self) -> Iterator[date]:
        """Every day after the first one, to the last."""
        for number in range(1, (self.ends_on - self.starts_on).days + 1):
            yield self.starts_on + timedelta(days=number)


@dataclass
class Demo:
    """Everything the steps of the demo share."""

    system: RunningSystem
    client: Client
    examples: Path
    results: Path
    calendar: Calendar
    catalogue: dict[str, Any]
    company_id: UUID = field(init=False)
    sales_rep_id: UUID = field(init=False)
    products: dict[str, UUID] = field(default_factory=dict)
    report: ImportReport = field(default_factory=ImportReport)
    contracts: list[UUID] = field(default_factory=list)

    @property
    def actors(self) -> list[str]:
        """The actors that must be settled before time moves on."""
        return list(self.system.installation.system.actors)

    @property
    def exchange(self) -> Path:
        """Where bank files are exchanged with the simulated bank."""
        return self.results / "bank" / str(self.system.organisation_id)

    async def settle(self, seconds: float = 120.0) -> None:
        """Wait until everybody has dealt with everything."""
        await self.client.settle(self.actors, seconds)


def at(day: date, hour: int, minute: int = 0) -> datetime:
    """An instant of that day in Paris, UTC."""
    return datetime.combine(day, time(hour, minute), tzinfo=PARIS).astimezone(UTC)
