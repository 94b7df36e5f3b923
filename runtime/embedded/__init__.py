"""PostgreSQL and NATS as children of the application: real servers from wheels, in one folder, on local ports."""

from runtime.embedded.nats import EmbeddedNats
from runtime.embedded.postgres import EmbeddedPostgres
from runtime.embedded.processes import ServerFailed

__all__ = ["EmbeddedNats", "EmbeddedPostgres", "ServerFailed"]
