"""Local ports that stay the same between runs, so that URLs in shells and notes keep working."""

import random
import socket
from pathlib import Path

LOCALHOST = "127.0.0.1"
# Below the range the system takes outgoing ports from: a client that keeps connecting to a stopped server in that range
# may be given the server's own port as its source, connect to itself and keep the server from coming back.
_CANDIDATES = range(20_000, 32_000)
_ATTEMPTS = 200


def port_is_free(port: int) -> bool:
    """Whether a server could listen on this local port now; ports waiting after a close count as free."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOCALHOST, port))
        except OSError:
            return False
        return True


def kept_port(file: Path) -> int:
    """The port written in the file; a free one, written there, when there is none yet."""
    try:
        return int(file.read_text())
    except (FileNotFoundError, ValueError):
        return new_port(file)


def new_port(file: Path) -> int:
    """Choose a free port and keep it in the file. Raises RuntimeError when no port is free."""
    chance = random.SystemRandom()
    for _ in range(_ATTEMPTS):
        port = chance.choice(_CANDIDATES)
        if port_is_free(port):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(f"{port}\n")
            return port
    raise RuntimeError(
        f"no free port found on {LOCALHOST} between {_CANDIDATES.start} and {_CANDIDATES.stop}; stop some servers there"
    )
