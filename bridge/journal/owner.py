"""Who does something: a worker, so that a claim of one that died can be taken over at once instead of when
its lease ends; an operator.
"""

from __future__ import annotations

import getpass
import os
import pwd
import socket
from pathlib import Path

LOGIN_UID = Path("/proc/self/loginuid")
"""4294967295 where nobody logged in: a service, a container."""


def own_name() -> str:
    """Name of the running process: host, process id, and the moment it started (process ids come again)."""
    return f"{socket.gethostname()}:{os.getpid()}:{started_at(os.getpid())}"


def operator_name(said: str = "") -> str:
    """The person at the command line, as login@host; behind sudo the one who called it.

    Parameters:
        said: how the person calls themselves ("" where they do not): "Анна Петрова (anna@host)".
    """
    login = f"{login_name()}@{socket.gethostname()}"
    return f"{said} ({login})" if said else login


def login_name() -> str:
    """The name of the person's account; where it is root, or has none, that of the account that logged in
    at first.
    """
    try:
        name = os.environ.get("SUDO_USER") or getpass.getuser()
    except (KeyError, OSError):  # a user id without a name
        name = ""
    if name in ("", "root"):
        name = _logged_in() or name
    return name or f"uid {os.getuid()}"


def _logged_in() -> str:
    """The account of the session's login as the kernel's audit keeps it through su and sudo, "" where it
    keeps none.
    """
    try:
        uid = int(LOGIN_UID.read_text(encoding="ascii"))
        return pwd.getpwuid(uid).pw_name
    except (OSError, ValueError, KeyError, OverflowError):
        return ""


def is_stale(owner: str) -> bool:
    """Whether the worker is a process of this host that is gone. Of other hosts nothing is known: their
    leases have to end.
    """
    host, _, rest = owner.rpartition(":")[0].rpartition(":")
    started = owner.rpartition(":")[2]
    if host != socket.gethostname() or not rest.isdigit():
        return False
    found = started_at(int(rest))
    if not found and _is_hidden(int(rest)):
        return False
    return found != started


def _is_hidden(pid: int) -> bool:
    """Whether a process of this id is another user's, of which /proc may show nothing (hidepid,
    ProtectProc=).
    """
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except (OSError, OverflowError):
        return False
    return False


def started_at(pid: int) -> str:
    """Start time of a process in clock ticks since boot, "" when there is none of that id (or it has ended
    and waits for its parent).
    """
    try:
        fields = (
            Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
        )
    except OSError:
        return ""
    return "" if fields[0] in ("Z", "X") else fields[19]
