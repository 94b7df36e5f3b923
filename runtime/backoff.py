"""Keep a background part running: repeat it for ever, with growing pauses while it fails."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import structlog

from runtime.heart import Heart

log = structlog.get_logger()

_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 5.0


async def forever(
    heart: Heart, part: str, run: Callable[[], Coroutine[Any, Any, None]], steady_after: float = 1.0
) -> None:
    """Run a part until it is cancelled. A failure is logged, shown by `health`, and tried again.

    A part that has run for `steady_after` seconds counts as healed.
    """
    pause = _FIRST_PAUSE
    while True:
        task = asyncio.ensure_future(run())
        try:
            if not (await asyncio.wait({task}, timeout=steady_after))[0]:
                heart.trouble(part, None)
                pause = _FIRST_PAUSE
            # Not `await task`: that would hand our cancellation to it and, where it is lost, never learn of it.
            await asyncio.wait({task})
            task.result()
        except asyncio.CancelledError:
            while not task.done():  # libraries on Python 3.11 lose a cancellation now and then (asyncio.wait_for)
                task.cancel()
                await asyncio.wait({task}, timeout=0.5)
            raise
        except Exception as error:
            log.warning("part.failed", part=part, error=repr(error), pause=pause)
            heart.trouble(part, repr(error))
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
