"""Big bank files are built and read in a process of their own; small ones are not worth starting it."""

import asyncio

from actors.payments.bank.pain008 import DebitFile, build
from actors.payments.bank.reading import BankFile, read
from runtime.worker_pool import WorkerPool

_WORKERS = WorkerPool(1)
_MANY_DEBITS = 1000
_BIG_FILE = 512 * 1024


async def built(file: DebitFile) -> bytes:
    """The XML of a file, checked; InvalidFile when a check fails."""
    if len(file.debits) < _MANY_DEBITS:
        return await asyncio.to_thread(build, file)
    return await _WORKERS.run(build, file)


async def read_whole(content: bytes) -> BankFile:
    """What a bank's file says; Unreadable when it cannot be read."""
    if len(content) < _BIG_FILE:
        return await asyncio.to_thread(read, content)
    return await _WORKERS.run(read, content)
