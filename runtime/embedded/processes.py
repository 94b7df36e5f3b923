"""Start, find and end a server that outlives the process which started it."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import psutil

_POLL_SECONDS = 0.01
_LOG_LINES = 12


class ServerFailed(RuntimeError):  # noqa: N818 - it tells what happened
    """A server did not start, answer or reload; the text names its log and shows the end of it."""

    def __init__(self, what: str, log: Path) -> None:
        super().__init__(f"{what}; its log is {log}:\n{_last_lines(log)}")


def launch(
    arguments: Sequence[str | Path],
    log: Path,
    *,
    account: str | None = None,
    environment: Mapping[str, str] | None = None,
) -> subprocess.Popen[bytes]:
    """Start a program in a session of its own (the terminal's Ctrl-C does not reach it), its output added to the log.

    With an account it runs as that system user, without further groups.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        return subprocess.Popen(
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            cwd="/",
            env={**os.environ, **(environment or {})},
            user=account,
            group=account,
            extra_groups=None if account is None else (),
        )


def wait_until_answers(
    name: str, process: subprocess.Popen[bytes], answers: Callable[[], bool], log: Path, seconds: float
) -> None:
    """Wait until the server answers. Raises ServerFailed when it ended, or after the bound, in seconds (then killed)."""
    deadline = time.monotonic() + seconds
    while not answers():
        if process.poll() is not None:
            raise ServerFailed(f"{name} ended with code {process.returncode} while starting", log)
        if time.monotonic() > deadline:
            process.kill()
            process.wait()
            raise ServerFailed(f"{name} did not answer within {seconds:g} s and was killed", log)
        time.sleep(_POLL_SECONDS)


def running_process(pid_file: Path, argument: Path) -> psutil.Process | None:
    """The live process a pid file names, if its command line holds the argument: a reused number is not our server."""
    try:
        process = psutil.Process(int(pid_file.read_text().split(maxsplit=1)[0]))
        if not _is_alive(process) or str(argument) not in process.cmdline():
            return None
    except (FileNotFoundError, ValueError, IndexError, psutil.NoSuchProcess):
        return None
    return process


def end(process: psutil.Process, how: signal.Signals, seconds: float) -> bool:
    """Ask a process to end and wait; False when it still lives after the bound, in seconds."""
    with contextlib.suppress(psutil.NoSuchProcess):
        process.send_signal(how)
    return _all_gone([process], seconds)


def end_at_once(processes: Sequence[psutil.Process], seconds: float = 10) -> None:
    """Kill processes as a power cut would, and wait until they are gone."""
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    _all_gone(processes, seconds)


def _all_gone(processes: Sequence[psutil.Process], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while any(_is_alive(process) for process in processes):
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True


def _is_alive(process: psutil.Process) -> bool:
    """A zombie is dead: it only waits for its parent to notice."""
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _last_lines(log: Path) -> str:
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-_LOG_LINES:])
    except FileNotFoundError:
        return "(not written yet)"
