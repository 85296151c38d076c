"""Who does something: a worker, so that a claim of one that died can be taken over at once instead of when its lease ends; an operator."""

from __future__ import annotations

import getpass
import os
import socket
from pathlib import Path


def own_name() -> str:
    """Name of the running process: host, process id, and the moment it started (process ids come again)."""
    return f"{socket.gethostname()}:{os.getpid()}:{_started(os.getpid())}"


def operator_name() -> str:
    """The person at the command line, as login@host; behind sudo the one who called it."""
    try:
        login = os.environ.get("SUDO_USER") or getpass.getuser()
    except (KeyError, OSError):  # a user id without a name
        login = str(os.getuid())
    return f"{login}@{socket.gethostname()}"


def is_stale(owner: str) -> bool:
    """Whether the worker is a process of this host that is gone. Of other hosts nothing is known: their leases have to end."""
    host, _, rest = owner.rpartition(":")[0].rpartition(":")
    started = owner.rpartition(":")[2]
    if host != socket.gethostname() or not rest.isdigit():
        return False
    return _started(int(rest)) != started


def _started(pid: int) -> str:
    """Start time of a process in clock ticks since boot, "" when there is none of that id (or it has ended and waits for its parent)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] in ("Z", "X") else fields[19]
