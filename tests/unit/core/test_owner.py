"""Which claims may be taken over at once: those of a process of this machine that is surely gone."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bridge.journal.owner import is_stale, operator_name, own_name

NAMES_ITSELF = "from bridge.journal.owner import own_name; print(own_name(), flush=True); input()"


@pytest.fixture
def worker() -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Another process, and the name that it gives itself."""
    with subprocess.Popen(
        [sys.executable, "-c", NAMES_ITSELF], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        yield process, process.stdout.readline().strip()
        process.kill()


def test_the_running_process_is_not_stale() -> None:
    assert not is_stale(own_name())
    assert own_name().startswith(f"{socket.gethostname()}:{os.getpid()}:")


def test_another_living_process_is_not_stale(worker: tuple[subprocess.Popen[str], str]) -> None:
    assert not is_stale(worker[1])


def test_a_killed_process_is_stale(worker: tuple[subprocess.Popen[str], str]) -> None:
    process, name = worker
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert is_stale(name)


def test_a_killed_process_is_stale_even_before_its_parent_has_noticed(
    worker: tuple[subprocess.Popen[str], str],
) -> None:
    process, name = worker
    process.send_signal(signal.SIGKILL)
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert is_stale(name)


def test_a_process_id_that_came_again_is_stale() -> None:
    assert is_stale(f"{socket.gethostname()}:{os.getpid()}:1")


def test_of_another_host_nothing_is_known() -> None:
    assert not is_stale("other-host.example:1:1")


@pytest.mark.parametrize("owner", ["", "worker", "a:b:c", f"{socket.gethostname()}:x:1"])
def test_a_name_that_says_nothing_is_not_stale(owner: str) -> None:
    assert not is_stale(owner)


@pytest.fixture
def login(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """A machine without logins; returns a function that lets the environment and the kernel tell some."""
    for name in ("SUDO_USER", "LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    accounts = {0: "root", 7: "anna"}
    monkeypatch.setattr("pwd.getpwuid", lambda uid: SimpleNamespace(pw_name=accounts[uid]))
    monkeypatch.setattr("bridge.journal.owner.LOGIN_UID", tmp_path / "loginuid")

    def told(*, loginuid: str = "4294967295", **environ: str) -> None:
        (tmp_path / "loginuid").write_text(loginuid)
        for name, value in environ.items():
            monkeypatch.setenv(name, value)

    return told


HOST = socket.gethostname()


def test_an_operator_is_told_by_login_and_host(login: Any) -> None:
    login(LOGNAME="anna")
    assert operator_name() == f"anna@{HOST}"


def test_behind_sudo_the_person_who_called_it_is_told(login: Any) -> None:
    login(LOGNAME="root", SUDO_USER="boris")
    assert operator_name() == f"boris@{HOST}"


@pytest.mark.parametrize("environ", [{"LOGNAME": "root"}, {"LOGNAME": "otbridge", "SUDO_USER": "root"}])
def test_behind_su_and_a_second_sudo_the_one_who_logged_in_is_told(login: Any, environ: Any) -> None:
    login(loginuid="7", **environ)
    assert operator_name() == f"anna@{HOST}"
    login(loginuid="4294967295", **environ)
    assert operator_name() == f"root@{HOST}"


@pytest.mark.parametrize("loginuid", ["4294967295", "99", "", "x"])
def test_an_operator_without_a_login_is_told_by_the_user_id(
    login: Any, monkeypatch: pytest.MonkeyPatch, loginuid: str
) -> None:
    login(loginuid=loginuid)
    monkeypatch.setattr("pwd.getpwuid", {}.__getitem__)
    assert operator_name() == f"uid {os.getuid()}@{HOST}"


def test_an_operator_may_say_who_they_are(login: Any) -> None:
    login(LOGNAME="otbridge")
    assert operator_name("Анна Петрова") == f"Анна Петрова (otbridge@{HOST})"


def test_a_living_process_that_proc_does_not_show_is_not_stale(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_pid: int, _signal: int) -> None:
        raise PermissionError

    monkeypatch.setattr("bridge.journal.owner.started_at", lambda _pid: "")
    monkeypatch.setattr("bridge.journal.owner.os.kill", refused)
    assert not is_stale(f"{socket.gethostname()}:4711:1")
