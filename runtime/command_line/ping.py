"""`crm ping`: whether an actor answers on NATS; what a container's health check runs.

Health checks run often: this module imports neither FastStream nor the messages, so that one costs little, and it can be run
as `python -m runtime.command_line.ping ACTOR`.
"""

import asyncio
import json
from typing import Annotated

import nats.errors
import typer
from nats.aio.client import Client
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from runtime.settings import SECRETS_DIRECTORY

USER = "monitor"
"""The one NATS user that may publish on $SRV."""

_SECONDS = 3


class PingSettings(BaseSettings):
    """`CRM_NATS_URL`, and the monitor's NKey seed as `CRM_MONITOR_SEED` or the file /run/secrets/crm_monitor_seed."""

    model_config = SettingsConfigDict(env_prefix="CRM_", extra="ignore", secrets_dir=SECRETS_DIRECTORY)

    nats_url: str = "nats://127.0.0.1:4222"
    monitor_seed: SecretStr | None = Field(default=None, description="NKey seed of the NATS user 'monitor'")


class NoAnswer(RuntimeError):  # noqa: N818 - it tells what happened
    """The actor, or NATS, did not answer; the text says which."""


def ping(actor: Annotated[str, typer.Argument(help="one of the twelve actors")]) -> None:
    """Ask $SRV.PING.ACTOR over NATS: exit code 0 when the actor answers, 1 when not."""
    settings = PingSettings()
    if settings.monitor_seed is None:
        typer.echo("CRM_MONITOR_SEED is not set: give the monitor's NKey seed, or the file crm_monitor_seed", err=True)
        raise typer.Exit(1)
    try:
        answer = asyncio.run(ask(actor, settings.nats_url, settings.monitor_seed.get_secret_value()))
    except NoAnswer as silence:
        typer.echo(str(silence), err=True)
        raise typer.Exit(1) from None
    typer.echo(f"{answer['name']} {answer['version']} {answer['id']}")


async def ask(actor: str, nats_url: str, seed: str) -> dict[str, str]:
    """The first replica's answer, as the NATS services convention (ADR-32) defines it. Raises NoAnswer within seconds."""

    async def ignore(_: Exception) -> None:
        """Said below in one line; the library's own handler would print a traceback for each attempt."""

    connection = Client()
    try:
        async with asyncio.timeout(_SECONDS):  # the client itself would try for two minutes
            await connection.connect(
                nats_url, nkeys_seed_str=seed, inbox_prefix=f"_INBOX_{USER}", name="ping", error_cb=ignore
            )
            message = await connection.request(f"$SRV.PING.{actor}", b"", timeout=_SECONDS)
    except nats.errors.NoRespondersError:
        raise NoAnswer(f"{actor} is not running: nobody listens on $SRV.PING.{actor}") from None
    except (OSError, TimeoutError, nats.errors.Error) as error:
        where = f"{actor} did not answer" if connection.is_connected else f"NATS at {nats_url} is not reached"
        raise NoAnswer(f"{where} within {_SECONDS} s, or it refuses user {USER}: {error!r}") from error
    finally:
        await connection.close()
    return dict(json.loads(message.data))


if __name__ == "__main__":
    typer.run(ping)
