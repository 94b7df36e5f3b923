"""The bridge's own process: uvicorn on uvloop, ended in good order by SIGTERM."""

import socket

import structlog
import uvicorn

from runtime.bridge.app import create_app
from runtime.bridge.settings import BridgeSettings
from runtime.local_issuer import LocalIssuerSettings
from runtime.logs import configure_logging
from runtime.nats_surfaces import BRIDGE
from runtime.settings import Settings

log = structlog.get_logger()


class BridgeServer(uvicorn.Server):
    """Ends the live feeds first: uvicorn would wait for them until they end by themselves."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Finish the streams, then what is in hand, then the connection to NATS."""
        self.config.app.state.feed.close()  # type: ignore[union-attr] # our own FastAPI application
        await super().shutdown(sockets)


def create_server(
    settings: Settings, bridge: BridgeSettings, host: str, port: int, local_issuer: LocalIssuerSettings | None = None
) -> BridgeServer:
    """A server that is not started; port 0 takes a free one. Raises SystemExit when a setting may not be."""
    config = uvicorn.Config(
        create_app(settings, bridge, local_issuer),
        host=host,
        port=port,
        loop="uvloop",
        lifespan="on",
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=int(settings.drain_seconds),
    )
    return BridgeServer(config)


def serve(
    settings: Settings, host: str | None = None, port: int | None = None, bridge: BridgeSettings | None = None
) -> None:
    """Serve until SIGTERM or Ctrl-C. Host and port come from CRM_BRIDGE_HOST and CRM_BRIDGE_PORT unless given."""
    bridge = bridge or BridgeSettings()
    configure_logging(settings, BRIDGE)
    host, port = host or bridge.host, bridge.port if port is None else port
    log.info("bridge.starting", host=host, port=port)
    create_server(settings, bridge, host, port).run()


def serve_from_environment() -> None:
    """What `crm bridge` and a container run."""
    serve(Settings())


if __name__ == "__main__":
    serve_from_environment()
