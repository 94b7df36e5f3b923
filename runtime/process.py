"""What one operating-system process runs: an actor, or the bridge."""

import asyncio
import importlib

import uvloop

from runtime.nats_surfaces import BRIDGE

# How soon SIGTERM is noticed. The framework's ten times a second would be half of what an idle actor costs.
_LOOK_FOR_THE_END_SECONDS = 0.5


def run(name: str) -> None:
    """Run an actor or the bridge until SIGTERM; settings come from the environment."""
    if name == BRIDGE:
        from runtime.bridge.server import serve_from_environment

        serve_from_environment()
        return
    application = importlib.import_module(f"actors.{name}.app").app
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(application.run(sleep_time=_LOOK_FOR_THE_END_SECONDS))
