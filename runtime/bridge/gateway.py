"""The bridge's one connection to NATS, and its way to ask."""

from contextlib import suppress

import nats.errors

from messages.errors import ACTOR_UNAVAILABLE, DEADLINE_EXCEEDED, SUBJECT_NOT_PERMITTED
from messages.problem import Refused
from runtime.client import Answer
from runtime.connection import Connection
from runtime.nats_surfaces import BRIDGE
from runtime.settings import Settings


class Gateway:
    """Passes bytes to an actor and back; what goes wrong on the way is a `Refused`."""

    def __init__(self, settings: Settings) -> None:
        self.connection = Connection(BRIDGE, settings)

    async def open(self) -> None:
        """Connect; from then on reconnect for ever."""
        await self.connection.broker.connect()

    async def close(self) -> None:
        """Send what is buffered, then disconnect."""
        await self.connection.broker.stop()

    async def ask(self, subject: str, body: bytes, found: dict[str, str], seconds: float) -> Answer:
        """The raw answer, a Problem included. Nobody listening is known at once: ACTOR_UNAVAILABLE."""
        if not self.connection.connected:
            raise Refused(ACTOR_UNAVAILABLE, "the bridge has no connection to NATS; try again")
        try:
            message = await self.connection.request(subject, body, found, seconds)
        except nats.errors.NoRespondersError:
            raise Refused(ACTOR_UNAVAILABLE, f"nobody answers {subject}; the actor is stopped, try again") from None
        except (nats.errors.TimeoutError, TimeoutError):
            raise Refused(DEADLINE_EXCEEDED, f"{subject} did not answer within {seconds:g} s") from None
        except (nats.errors.ConnectionClosedError, nats.errors.OutboundBufferLimitError) as error:
            raise Refused(ACTOR_UNAVAILABLE, "the bridge has lost its connection to NATS; try again") from error
        except PermissionError as error:
            raise Refused(SUBJECT_NOT_PERMITTED, str(error)) from None
        return Answer(message.data, message.headers or {})

    async def ask_all(self, subject: str, seconds: float, quiet_seconds: float) -> list[Answer]:
        """What every replica answers: `seconds` for the first, then as long as the next comes within `quiet_seconds`.

        Empty when nobody listens, nobody answers or NATS cannot be reached.
        """
        if not self.connection.connected:
            return []
        client = self.connection.client
        subscription = await client.subscribe(client.new_inbox())
        answers: list[Answer] = []
        try:
            await client.publish(subject, b"{}", reply=subscription.subject)
            while True:
                message = await subscription.next_msg(timeout=quiet_seconds if answers else seconds)
                if (message.headers or {}).get("Status") == "503":
                    return []
                answers.append(Answer(message.data, message.headers or {}))
        except (nats.errors.Error, TimeoutError):
            return answers
        finally:
            with suppress(nats.errors.Error):
                await subscription.unsubscribe()
