"""The PostgreSQL server as a child process."""

import secrets
import shutil
import signal
import subprocess
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
from runtime.embedded.system_account import PROGRAMS, let_account_in, system_account

_START_SECONDS = 60.0
_STOP_SECONDS = 30.0
_ENVIRONMENT = {"LC_ALL": "C", "TZ": "UTC"}

_SETTINGS = """\
listen_addresses = '{host}'
port = {port}
unix_socket_directories = ''
max_connections = 400
shared_buffers = 128MB
jit = off
wal_level = minimal
max_wal_senders = 0
min_wal_size = 32MB
max_wal_size = 512MB
logging_collector = off
log_timezone = 'UTC'
timezone = 'UTC'
"""
# Commits still reach the operating system, so that a killed server keeps them as a durable one does (5 % slower).
_NOT_DURABLE = "fsync = off\nfull_page_writes = off\n"


class EmbeddedPostgres:
    """One PostgreSQL server that keeps data, port, password and log in a folder; any process may stop it.

    Not durable (tests only) means: a crash of the machine may cost the data, a crash of the server does not. Read URL
    and port after a start: a taken port is replaced then.
    """

    def __init__(self, folder: Path, *, durable: bool = True) -> None:
        self.folder = folder.resolve()
        self.log = self.folder / "server.log"
        self._durable = durable
        self._data = self.folder / "data"
        self._pid_file = self._data / "postmaster.pid"
        self._port_file = self.folder / "port"
        self._password_file = self.folder / "password"
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def port(self) -> int:
        """The local port, kept between runs."""
        return kept_port(self._port_file)

    @property
    def admin_url(self) -> str:
        """The superuser's URL, password included: never log it. Raises FileNotFoundError before the first start."""
        return f"postgresql://postgres:{self._password_file.read_text().strip()}@{LOCALHOST}:{self.port}/postgres"

    def start(self) -> None:
        """Make the data folder if needed and run; a server already running with these settings is adopted.

        Raises ServerFailed when it does not answer within 60 s.
        """
        account = system_account()
        if not (self._data / "PG_VERSION").exists():
            self._initialise(account)
        if self.process() is not None:
            if self._settings_file.read_text() == self._settings() and self._answers():
                return
            self.stop()
        self._clear_remains()
        if not port_is_free(self.port):
            new_port(self._port_file)
        if account is not None:
            let_account_in(self._data)
        self._settings_file.write_text(self._settings())
        self._child = launch(
            [PROGRAMS / "postgres", "-D", self._data], self.log, account=account, environment=_ENVIRONMENT
        )
        wait_until_answers("PostgreSQL", self._child, self._answers, self.log, _START_SECONDS)

    def stop(self) -> None:
        """Roll back what is open, write everything down and end; nothing happens when it does not run."""
        process = self.process()
        if process is not None and not end(process, signal.SIGINT, _STOP_SECONDS):
            self.kill()
        self._collect_child()

    def kill(self) -> None:
        """End the server and its sessions as a power cut would (SIGKILL)."""
        if process := self.process():
            end_at_once([process, *process.children(recursive=True)])
        self._collect_child()

    def restart(self) -> None:
        """Stop, then start."""
        self.stop()
        self.start()

    def _collect_child(self) -> None:
        if self._child is not None:
            self._child.poll()

    @property
    def _settings_file(self) -> Path:
        return self._data / "postgresql.conf"

    def _settings(self) -> str:
        return _SETTINGS.format(host=LOCALHOST, port=self.port) + ("" if self._durable else _NOT_DURABLE)

    def process(self) -> psutil.Process | None:
        """The running server, or None."""
        return running_process(self._pid_file, self._data)

    def _answers(self) -> bool:
        """The server's own word: the eighth line of its pid file."""
        try:
            lines = self._pid_file.read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(lines) >= 8 and lines[7].strip() == "ready" and int(lines[3]) == self.port

    def _initialise(self, account: str | None) -> None:
        # Made beside its place and moved there, so that an interrupted initdb leaves nothing that looks complete.
        unfinished = self.folder / "data.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True, mode=0o700)
        self._password_file.touch(mode=0o600)
        self._password_file.write_text(secrets.token_urlsafe(24))
        if account is not None:
            let_account_in(unfinished)
            shutil.chown(unfinished, account, account)
            shutil.chown(self._password_file, account, account)
        arguments: list[str | Path] = [PROGRAMS / "initdb", "-D", unfinished, "-U", "postgres"]
        arguments += ["--auth=scram-sha-256", f"--pwfile={self._password_file}", "--encoding=UTF8", "--no-instructions"]
        # The built-in locale folds accents' case like French needs and sorts alike on every machine.
        arguments += ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        arguments += [] if self._durable else ["--no-sync"]
        done = launch(arguments, self.log, account=account, environment=_ENVIRONMENT)
        if code := done.wait():
            raise ServerFailed(f"initdb ended with code {code}", self.log)
        unfinished.rename(self._data)

    def _clear_remains(self) -> None:
        """After a crash: end sessions that lost their server, and drop a pid file whose number may be someone else's."""
        if not self._pid_file.exists():
            return
        orphans = [process for process in psutil.process_iter(["name"]) if self._is_orphan(process)]
        end_at_once(orphans)
        self._pid_file.unlink()

    def _is_orphan(self, process: psutil.Process) -> bool:
        try:
            return process.name() == "postgres" and process.cwd() == str(self._data)
        except psutil.Error:
            return False
