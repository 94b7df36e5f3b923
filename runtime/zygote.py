"""Forks actor processes from one parent that has everything imported: twelve start in the time of one.

Run as `python -m runtime.zygote`; orders arrive as JSON lines on standard input, reports leave on standard output. When the
input ends, because the supervisor is gone, the children are asked to stop.
"""

import contextlib
import ctypes
import gc
import json
import os
import select
import signal
import sys
import traceback
from pathlib import Path
from typing import Any

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Preload, then obey."""
    import runtime.host
    import runtime.process  # noqa: F401 - preloaded for the children

    gc.collect()
    gc.freeze()  # so that the children's collector does not touch, and so copy, what they share
    names: dict[int, str] = {}
    child_ended = _child_alarm()
    _say(ready=True)
    pending = b""
    while True:
        readable, _, _ = select.select([0, child_ended], [], [])
        if child_ended in readable:
            os.read(child_ended, 65536)
        if 0 in readable:
            data = os.read(0, 65536)
            if not data:
                break
            *lines, pending = (pending + data).split(b"\n")
            for line in lines:
                order = json.loads(line)
                pid = _fork(order)
                names[pid] = order["name"]
                _say(started=order["name"], pid=pid)
        _report_ended(names)
    for pid in names:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)


def _child_alarm() -> int:
    """A descriptor that becomes readable when a child has ended, so that an idle parent sleeps."""
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    os.set_blocking(writing, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    return reading


def _fork(order: dict[str, Any]) -> int:
    pid = os.fork()
    if pid == 0:
        try:
            _become(order)
            os._exit(0)
        except SystemExit as stop:
            sys.stderr.write(f"{stop.code}\n")
            sys.stderr.flush()
            os._exit(3)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    return pid


def _become(order: dict[str, Any]) -> None:
    """In the child: own log, own environment, no way to outlive the parent unnoticed."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    with contextlib.suppress(OSError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    log = os.open(Path(order["log"]), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640)
    os.dup2(log, 1)
    os.dup2(log, 2)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.environ.update(order["environment"])
    from runtime.process import run

    run(order["name"])


def _report_ended(names: dict[int, str]) -> None:
    while names:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        name = names.pop(pid, None)
        if name is not None:
            _say(ended=name, pid=pid, code=os.waitstatus_to_exitcode(status))


def _say(**report: Any) -> None:
    sys.stdout.write(json.dumps(report) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
