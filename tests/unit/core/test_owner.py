"""Which claims may be taken over at once: those of a process of this machine that is surely gone."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from bridge.owner import is_stale, operator_name, own_name

NAMES_ITSELF = "from bridge.owner import own_name; print(own_name(), flush=True); input()"


@pytest.fixture
def worker() -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Another process, and the name that it gives itself."""
    with subprocess.Popen([sys.executable, "-c", NAMES_ITSELF], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process, process.stdout.readline().strip()
        process.kill()


def test_the_running_process_is_not_stale():
    assert not is_stale(own_name())
    assert own_name().startswith(f"{socket.gethostname()}:{os.getpid()}:")


def test_another_living_process_is_not_stale(worker):
    assert not is_stale(worker[1])


def test_a_killed_process_is_stale(worker):
    process, name = worker
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert is_stale(name)


def test_a_killed_process_is_stale_even_before_its_parent_has_noticed(worker):
    process, name = worker
    process.send_signal(signal.SIGKILL)
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert is_stale(name)


def test_a_process_id_that_came_again_is_stale():
    assert is_stale(f"{socket.gethostname()}:{os.getpid()}:1")


def test_of_another_host_nothing_is_known():
    assert not is_stale("other-host.example:1:1")


@pytest.mark.parametrize("owner", ["", "worker", "a:b:c", f"{socket.gethostname()}:x:1"])
def test_a_name_that_says_nothing_is_not_stale(owner):
    assert not is_stale(owner)


def test_an_operator_is_told_by_login_and_host(monkeypatch):
    monkeypatch.delenv("SUDO_USER", raising=False)
    monkeypatch.setenv("LOGNAME", "anna")
    assert operator_name() == f"anna@{socket.gethostname()}"
    monkeypatch.setenv("SUDO_USER", "boris")
    assert operator_name() == f"boris@{socket.gethostname()}"


def test_an_operator_without_a_login_is_told_by_the_user_id(monkeypatch):
    for name in ("SUDO_USER", "LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("pwd.getpwuid", {}.__getitem__)
    assert operator_name() == f"{os.getuid()}@{socket.gethostname()}"
