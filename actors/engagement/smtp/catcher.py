"""A small SMTP server for development, demo and tests: it keeps every mail as a file and plays a server's moods.

The local part of a recipient chooses the answer: `bounce-unknown` 550 5.1.1, `bounce-full` 552 5.2.2, `policy` 550 5.7.1,
`toobig` 552 5.3.4, `defer-N` 451 the first N times, `drop-after-data` takes the mail and hangs up without a word.
Not for the internet: no TLS, no queue, no relaying.
"""

import argparse
import asyncio
import base64
import re
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path

_ANSWERS: Mapping[str, str] = {
    "bounce-unknown": "550 5.1.1 no such user here",
    "bounce-full": "552 5.2.2 mailbox full",
    "policy": "550 5.7.1 refused by policy",
    "toobig": "552 5.3.4 message too big",
}
_ADDRESS = re.compile(r"<([^>]*)>")
_DEFER = re.compile(r"defer-(\d+)")
_LONGEST_LINE = 1 << 20


class Catcher:
    """`async with Catcher(folder) as catcher:` listens on 127.0.0.1; `catcher.port` says where."""

    def __init__(self, folder: Path, port: int = 0, *, logins: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self.port = port
        self.connections = 0
        self.attempts: Counter[str] = Counter()
        self._logins = dict(logins or {})
        self._server: asyncio.Server | None = None
        self._count = 0

    async def __aenter__(self) -> "Catcher":
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen; mails caught earlier stay in the folder."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._count = len(list(self.folder.glob("*.eml")))
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, limit=_LONGEST_LINE)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.close()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._server.wait_closed(), 2)

    def mails(self, to: str | None = None) -> list[EmailMessage]:
        """The caught mails in their order, or those whose envelope names an address."""
        parser = BytesParser(policy=policy.default)
        found = [parser.parsebytes(path.read_bytes()) for path in sorted(self.folder.glob("*.eml"))]
        return [mail for mail in found if to is None or to in str(mail["X-Envelope-To"]).split(", ")]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            await _Dialogue(self, reader, writer).run()
        writer.close()

    def answer_to(self, address: str) -> str:
        """What a recipient is answered."""
        local = address.partition("@")[0]
        self.attempts[address] += 1
        deferred = _DEFER.fullmatch(local)
        if deferred and self.attempts[address] <= int(deferred.group(1)):
            return "451 4.7.1 come back later"
        return _ANSWERS.get(local, "250 2.1.5 fine")

    def accepts(self, username: str, password: str) -> bool:
        """Whether a login is right; without configured logins every one is."""
        return not self._logins or self._logins.get(username) == password

    @property
    def demands_login(self) -> bool:
        """Whether mail is taken from known users only."""
        return bool(self._logins)

    def keep(self, recipients: list[str], body: bytes) -> None:
        """Store a mail with its envelope as the first header."""
        self._count += 1
        envelope = f"X-Envelope-To: {', '.join(recipients)}\r\n".encode()
        (self.folder / f"{self._count:06d}.eml").write_bytes(envelope + body)


class _Dialogue:
    """One connection."""

    def __init__(self, catcher: Catcher, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._catcher = catcher
        self._reader = reader
        self._writer = writer
        self._recipients: list[str] = []
        self._signed_in = not catcher.demands_login

    async def run(self) -> None:
        await self._say("220 catcher ESMTP")
        while line := await self._reader.readline():
            text = line.decode("utf-8", "replace").rstrip("\r\n")
            verb = text.partition(" ")[0].upper()
            match verb:
                case "EHLO":
                    await self._say(
                        "250-catcher", "250-SIZE 26214400", "250-8BITMIME", "250-SMTPUTF8", "250 AUTH PLAIN"
                    )
                case "AUTH":
                    await self._authenticate(text)
                case "MAIL" if self._signed_in:
                    self._recipients = []
                    await self._say("250 2.1.0 fine")
                case "RCPT" if self._signed_in:
                    await self._recipient(text)
                case "DATA" if self._recipients:
                    if not await self._data():
                        return
                case "MAIL" | "RCPT":
                    await self._say("530 5.7.0 sign in first")
                case "QUIT":
                    await self._say("221 2.0.0 bye")
                    return
                case "HELO" | "RSET" | "NOOP":
                    await self._say("250 2.0.0 fine")
                case _:
                    await self._say("503 5.5.1 not now")

    async def _authenticate(self, text: str) -> None:
        _, _, credentials = text.partition("PLAIN")
        if not credentials.strip():
            await self._say("334 ")
            credentials = (await self._reader.readline()).decode()
        _, username, password = base64.b64decode(credentials.strip()).decode().split("\0")
        self._signed_in = self._catcher.accepts(username, password)
        await self._say("235 2.7.0 welcome" if self._signed_in else "535 5.7.8 wrong user or password")

    async def _recipient(self, text: str) -> None:
        found = _ADDRESS.search(text)
        address = found.group(1) if found else ""
        answer = self._catcher.answer_to(address)
        if answer.startswith("250"):
            self._recipients.append(address)
        await self._say(answer)

    async def _data(self) -> bool:
        """Take the message; False when the connection is dropped without an answer."""
        await self._say("354 go on")
        lines = []
        while (line := await self._reader.readline()) not in (b".\r\n", b""):
            lines.append(line[1:] if line.startswith(b".") else line)
        if not line:
            return False
        self._catcher.keep(self._recipients, b"".join(lines))
        if any(address.startswith("drop-after-data@") for address in self._recipients):
            self._writer.transport.abort()
            return False
        await self._say("250 2.0.0 kept")
        return True

    async def _say(self, *lines: str) -> None:
        self._writer.write(("\r\n".join(lines) + "\r\n").encode())
        await self._writer.drain()


async def _catch(folder: Path, port: int) -> None:
    async with Catcher(folder, port):
        await asyncio.Event().wait()


def main() -> None:
    """Catch mails until stopped: `python -m actors.engagement.smtp.catcher FOLDER --port 2525`."""
    parser = argparse.ArgumentParser(prog="actors.engagement.smtp.catcher", description="Keep every mail as a file.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--port", type=int, default=2525)
    chosen = parser.parse_args()
    with suppress(KeyboardInterrupt):
        asyncio.run(_catch(chosen.folder, chosen.port))


if __name__ == "__main__":
    main()
