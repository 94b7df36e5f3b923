"""Readable numbers without a queue: each process takes a block of them and hands it out from memory.

Unique and rising, but a restart leaves a gap. Numbers the law wants gapless (invoices) use a locked counter row instead.
"""

import asyncio
from typing import Any
from uuid import UUID

from sqlalchemy import Table
from sqlalchemy.dialects.postgresql import insert

from storage.shared.statements import render

_SIZE = 50


class NumberBlocks:
    """The numbers of one counter table with the columns organisation_id and next_number."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._free: dict[UUID, range] = {}
        self._lock = asyncio.Lock()

    async def next(self, database: Any, organisation_id: UUID) -> int:
        """The next number of the organisation; takes a new block in a transaction of its own when the last one is used up."""
        async with self._lock:
            block = self._free.get(organisation_id, range(0))
            if not block:
                async with database.aside(organisation_id) as connection:
                    sql, arguments = render(self._take(organisation_id))
                    last = await connection.fetchval(sql, *arguments)
                block = range(last - _SIZE, last)
            self._free[organisation_id] = block[1:]
            return block[0]

    def _take(self, organisation_id: UUID) -> Any:
        statement = insert(self._table).values(organisation_id=organisation_id, next_number=1 + _SIZE)
        return statement.on_conflict_do_update(
            index_elements=["organisation_id"], set_={"next_number": self._table.c.next_number + _SIZE}
        ).returning(self._table.c.next_number)
