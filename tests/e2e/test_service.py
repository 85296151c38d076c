"""The service and the commands around it, as processes."""

from __future__ import annotations

import json
import os
import signal
import socket
import time
from collections.abc import Callable
from decimal import Decimal

import pytest

from tests.e2e.conftest import RESTORE, ROLE, World


def wait_until(happened: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.05)


def test_the_service_works_by_itself_and_stops_cleanly(world: World) -> None:
    ticket = world.ticket(ROLE)
    service = world.start("run")
    wait_until(lambda: world.portal.ticket(ticket).state == "awaiting_acceptance")
    world.portal.accept(ticket, stage=1)
    wait_until(lambda: world.portal.ticket(ticket).state == "done")

    service.send_signal(signal.SIGTERM)
    service.communicate(timeout=20)

    assert service.returncode == 0
    assert len(world.captures()) == len(world.roles()) == 1


def test_a_stop_does_not_wait_for_a_long_restore_and_the_next_start_goes_on(world: World) -> None:
    world.moodle.restore_seconds = 2.0
    world.course_deleted()
    ticket = world.ticket(RESTORE)
    service = world.start("run")
    wait_until(lambda: any(one.status == "running" for one in world.moodle.operations()))

    service.send_signal(signal.SIGTERM)
    service.communicate(timeout=30)

    assert service.returncode == 0
    assert [one.status for one in world.moodle.operations()] == ["running"]
    world.sync()
    assert world.portal.ticket(ticket).state == "awaiting_acceptance"
    assert len(world.courses()) == len(world.moodle.operations()) == 1


def test_a_search_that_was_cut_short_waits_and_goes_on(world: World) -> None:
    world.course_deleted()
    world.moodle.unread_backups = 1
    ticket = world.ticket(RESTORE)
    settings = world.directory / "bridge.toml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace("operation_wait_seconds = 60", "operation_wait_seconds = 0.1"))

    first = world.sync()

    (waiting,) = first["tickets"]
    assert (first["exit"], waiting["status"], waiting["reason"]) == (0, "queued", "still-reading")
    assert world.open_holds() == 0
    assert world.courses() == []
    world.moodle.unread_backups = 0
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace("operation_wait_seconds = 0.1", "operation_wait_seconds = 60"))

    def done() -> bool:
        world.sync()
        return world.portal.ticket(ticket).state == "awaiting_acceptance"

    wait_until(done)  # it is due after a second
    assert len(world.courses()) == 1


def test_the_service_tells_systemd_that_it_is_ready_and_that_it_stops(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = str(world.directory / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(path)
        systemd.settimeout(20)
        monkeypatch.setitem(os.environ, "NOTIFY_SOCKET", path)
        service = world.start("run")
        assert systemd.recv(100) == b"READY=1"
        assert systemd.recv(100) == b"STATUS=all well"
        service.send_signal(signal.SIGHUP)
        assert systemd.recv(100).startswith(b"RELOADING=1")
        assert [systemd.recv(100) for _ in range(2)] == [b"READY=1", b"STATUS=all well"]
        service.send_signal(signal.SIGINT)
        assert systemd.recv(100) == b"STOPPING=1"
        service.communicate(timeout=20)
    assert service.returncode == 0


def test_a_service_without_its_journal_and_its_portal_goes_on_when_they_are_there(world: World) -> None:
    ticket = world.ticket(ROLE)
    journal = world.directory / "journal.sqlite3"
    journal.rename(world.directory / "away")
    world.portal.faults.add("/", "error_500", times=3)
    service = world.start("-v", "run")
    wait_until(lambda: service.stderr is not None and "no journal" in service.stderr.readline())

    (world.directory / "away").rename(journal)
    wait_until(lambda: world.portal.ticket(ticket).state == "awaiting_acceptance")
    service.send_signal(signal.SIGTERM)
    _, said = service.communicate(timeout=20)

    assert service.returncode == 0
    assert "journal: reachable again" in said


def test_three_passes_at_once_do_everything_once(world: World) -> None:
    world.course_deleted()
    tickets = [
        world.ticket(RESTORE),
        *(world.ticket({**ROLE, "param_shortname": f"role{number}"}) for number in range(4)),
    ]

    passes = [world.begin("sync", "--json") for _ in range(3)]
    for one in passes:
        out, err = one.communicate(timeout=60)
        assert one.returncode == 0, out + err

    assert [world.portal.ticket(ticket).state for ticket in tickets] == ["awaiting_acceptance"] * 5
    assert len(world.courses()) == 1
    assert len(world.moodle.operations()) == 5
    assert world.portal.account("school").held == Decimal(5)


def test_the_journal_is_made_once_and_for_its_owner_alone(world: World) -> None:
    journal = world.directory / "journal.sqlite3"
    journal.unlink()

    made, again = world.otbridge("migrate"), world.otbridge("migrate")

    assert made[0] == again[0] == 0
    assert "applied 0001" in made[1]
    assert again[1] == "The journal is up to date.\n"
    assert journal.stat().st_mode & 0o077 == 0


def test_doctor_finds_nothing_wrong_with_a_healthy_site(world: World) -> None:
    code, told = world.otbridge("doctor", "--json")

    assert code == 0, told
    assert {check["ok"] for check in json.loads(told)["checks"]} == {True}


def test_doctor_names_what_is_missing_in_moodle(world: World) -> None:
    world.moodle.restrict(functions=["local_otbridge_run"], capabilities=["moodle/role:manage"])

    code, told = world.otbridge("doctor", "--json")

    faults = {check["name"]: check for check in json.loads(told)["checks"] if not check["ok"]}
    assert code == 2
    assert "local_otbridge_run" in faults["functions"]["found"]
    assert "moodle/role:manage" in faults["capabilities"]["found"]
    assert all(check["advice"] for check in faults.values())


def test_doctor_tells_a_wrong_token_from_a_site_that_is_not_there(world: World) -> None:
    world.configure(moodle_token="0" * 32)
    _, wrong = world.otbridge("doctor")
    assert "token" in wrong

    world.moodle.stop()
    code, away = world.otbridge("doctor")
    assert code == 3
    assert "check the address" in away


def test_what_went_on_can_be_looked_at_afterwards(world: World) -> None:
    ticket = world.ticket(ROLE, number="77", subject="[bold]Роль[/bold] <script>")
    world.sync()
    world.portal.accept(ticket, stage=1)
    world.sync()

    shown = world.otbridge("show", "77")[1]
    assert "[bold]Роль[/bold] <script>" in shown
    document = json.loads(world.otbridge("show", "77", "--json")[1])
    assert [row["kind"] for row in document["ledger"]] == ["hold", "capture"]
    assert all(effect["state"] == "done" for effect in document["effects"])
    listed = json.loads(world.otbridge("status", "--json")[1])
    assert [(one["number"], one["status"]) for one in listed["tickets"]] == [("77", "done")]
    assert world.otbridge("show", "78")[0] == 1


def test_secrets_reach_neither_output_nor_journal(world: World) -> None:
    world.ticket(ROLE)
    world.course_deleted()
    world.ticket(RESTORE)
    world.moodle.faults.add("local_otbridge_find_backups", "html", times=9)
    told = world.otbridge("-vv", "sync")[1] + world.otbridge("-vv", "doctor")[1]
    journal = b"".join(path.read_bytes() for path in world.directory.glob("journal.sqlite3*"))

    for secret in (world.portal.token, world.moodle.token):
        assert secret not in told
        assert secret.encode() not in journal
