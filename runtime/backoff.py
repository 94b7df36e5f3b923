"""Keep a background part running: repeat it for ever, with growing pauses while it fails."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from runtime.heart import Heart

log = structlog.get_logger()

_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 5.0


async def forever(heart: Heart, part: str, run: Callable[[], Awaitable[None]]) -> None:
    """Run a part until it is cancelled. A failure is logged, shown by `health`, and tried again."""
    pause = _FIRST_PAUSE
    while True:
        try:
            await run()
            pause = _FIRST_PAUSE
            heart.trouble(part, None)
        except asyncio.CancelledError:
            raise
        except Exception as error:
            log.warning("part.failed", part=part, error=repr(error), pause=pause)
            heart.trouble(part, repr(error))
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
