"""A real osTicket that fails, and one that is full: what is answered then. OSTICKET_MYSQL is a command
that takes SQL for its database.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import requests

from bridge.portal import changed_pages
from bridge.portal.transport import LARGEST_ANSWER
from tests.contract.engine import PAID
from tests.contract.osticket import OsTicket
from tests.contract.portal_world import HOUR, World

pytestmark = pytest.mark.live

LOCK = (
    "START TRANSACTION; SELECT value FROM ost_otbridge_counter WHERE name = 'change' FOR "
    "UPDATE; SELECT SLEEP(6); ROLLBACK"
)
"""Keeps everybody waiting who wants to change something, for six seconds."""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with OsTicket.start(tmp_path) as engine, closing(World(engine)) as one:
        yield one


def sql(statement: str) -> str:
    """What the database answers."""
    command = os.environ.get("OSTICKET_MYSQL", "")
    if not command:
        pytest.skip("OSTICKET_MYSQL names no way to the database")
    done = subprocess.run(
        [*shlex.split(command), "-N"], input=statement, capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout


def ask(world: World, method: str, path: str, **given: object) -> requests.Response:
    headers = {"Authorization": f"Bearer {world.engine.token}", "Idempotency-Key": f"{world.engine.prefix}k"}
    return requests.request(method, world.engine.url + path, headers=headers, timeout=60, **given)  # type: ignore[arg-type]


def waiting() -> list[str]:
    """Connections that wait for the counter."""
    return sql(
        "SELECT id FROM information_schema.processlist WHERE info LIKE "
        "'%ost_otbridge_counter%' AND info LIKE '%change%'"
        " AND info NOT LIKE '%processlist%' AND info NOT LIKE '%SLEEP%' AND user = 'osticket'"
    ).split()


def test_a_write_whose_connection_to_the_database_is_lost_is_answered_500_and_nothing_is_done(
    world: World,
) -> None:
    ticket = world.ticket()
    world.bridge.ticket(ticket)
    holder = threading.Thread(target=sql, args=(LOCK,))
    answers: list[requests.Response] = []
    body = {"text": "готово", "visibility": "customer"}
    writer = threading.Thread(
        target=lambda: answers.append(ask(world, "POST", f"/tickets/{ticket}/notes", json=body))
    )
    holder.start()
    time.sleep(1)
    writer.start()
    deadline = time.monotonic() + 4
    while not (found := waiting()) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert found, "nobody waits"
    sql("".join(f"KILL {one};" for one in found))
    writer.join()
    holder.join()
    (answer,) = answers
    assert (answer.status_code, answer.headers["Content-Type"]) == (500, "application/problem+json")
    assert json.loads(answer.content)["code"] == "internal"
    assert answer.headers["X-Request-Id"]
    assert [one for one in world.bridge.ticket(ticket).thread if one.author == "bridge"] == []
    again = ask(world, "POST", f"/tickets/{ticket}/notes", json=body)
    assert (again.status_code, "Idempotent-Replayed" in again.headers) == (201, False)
    assert len([one for one in world.bridge.ticket(ticket).thread if one.author == "bridge"]) == 1


def test_tickets_that_left_before_the_plugin_kept_their_places_are_told_after_an_upgrade(
    world: World,
) -> None:
    sql("SELECT 1")
    deleted, _, hold = world.held(state="planned")
    moved, (stage,) = world.agreed()
    world.bridge.hold("h2", world.school, moved, stage, HOUR)
    unharmed = world.later_ticket()
    cursor = next(iter(changed_pages(world.bridge, None))).cursor
    world.engine.delete(deleted)
    world.engine.move(moved, "Техническая поддержка")
    sql("DELETE FROM ost_otbridge_place")  # as it was before
    (page,) = changed_pages(world.bridge, cursor)
    assert {one.id: one.reason for one in page.gone} == {deleted: "deleted", moved: "moved"}
    assert unharmed not in [one.id for one in page.tickets], "what has not left is not told anew"
    world.bridge.void("v", hold)


def test_36_tickets_with_long_threads_are_told_in_pages_that_a_bridge_can_take(world: World) -> None:
    sql("SELECT 1")
    tickets = [world.ticket(category=PAID) for _ in range(36)]
    among = ", ".join(tickets)
    sql(f"""
        INSERT INTO ost_thread_entry (pid, thread_id, staff_id, user_id, type, flags, poster, source, body,
        format, ip_address, created, updated)
        SELECT 0, thread.id, 0, ticket.user_id, 'M', 0, 'A', 'Web', REPEAT('x', 60000), 'text', '127.0.0.1',
        NOW(), NOW()
        FROM ost_thread AS thread JOIN ost_ticket AS ticket ON ticket.ticket_id = thread.object_id
        JOIN (SELECT 1 FROM ost_event LIMIT 17) AS many
        WHERE thread.object_type = 'T' AND ticket.ticket_id IN ({among})
    """)
    cursor, told, sizes = "", [], []
    more = True
    while more:
        answer = ask(world, "GET", f"/tickets?category_prefix={PAID}{f'&cursor={cursor}' if cursor else ''}")
        page = answer.json()
        sizes.append(len(answer.content))
        told += [one["id"] for one in page["tickets"]]
        assert page["next_cursor"] != cursor
        assert answer.headers["X-Next-Cursor"] == page["next_cursor"]
        cursor, more = page["next_cursor"], page["has_more"]
    assert sorted(told) == sorted(tickets)
    assert max(sizes) < 6_000_000 < LARGEST_ANSWER
    assert len(sizes) > 5
    assert len(ask(world, "GET", f"/tickets/{tickets[0]}").content) < 1_200_000
    pages = list(changed_pages(world.bridge, None))
    assert (len(pages), len(pages[0].tickets), pages[0].tickets[0].thread) == (1, 36, ())
    one = ask(world, "GET", f"/tickets?category_prefix={PAID}&limit=1").json()
    assert (len(one["tickets"]), one["has_more"]) == (1, True)
