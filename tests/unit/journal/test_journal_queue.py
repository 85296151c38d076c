"""Claims: in the order of the queue, never two workers at once, never lost, never written by who has lost
it.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from bridge.domain.tickets import Ticket
from bridge.journal import Journal, JournalError, LostClaim
from tests.unit.journal.conftest import Clock, Database

MINUTE = timedelta(minutes=1)

_WORKER = """
import sys
from datetime import UTC, datetime, timedelta
from bridge.journal import Journal
with Journal.open(sys.argv[1]) as journal:
    while True:
        with journal.transaction() as unit:
            now, ttl = datetime.now(UTC), timedelta(minutes=5)
            claim = unit.queue.claim("p", sys.argv[2], now=now, ttl=ttl, is_stale=lambda owner: False)
        if claim is None:
            break
        print(claim.record.ticket.id)
        with journal.transaction() as unit:
            unit.queue.release(claim, state="done", reason="", due_at=None, now=datetime.now(UTC))
"""


@pytest.fixture
def claim(clock: Clock) -> Any:
    """Claims on the portal "p" for worker "w" at the clock's moment, nobody being stale, unless the test
    says otherwise.
    """

    def do(unit: Any, owner: Any = "w", *, stale: Any = (), **options: Any) -> Any:
        return unit.queue.claim(
            "p", owner, now=clock(), ttl=MINUTE, is_stale=lambda name: name in stale, **options
        )

    return do


@pytest.fixture
def release(clock: Clock) -> Any:
    def do(unit: Any, claim: Any, state: Any = "waiting", due_at: Any = None) -> None:
        unit.queue.release(claim, state=state, reason="why", due_at=due_at, now=clock())

    return do


@pytest.fixture
def queue(journal: Journal, make_ticket: Callable[..., Ticket]) -> Any:
    """Three tickets; t2 was agreed first, t1 and t3 at the same moment."""
    with journal.transaction() as unit:
        unit.polling.merge(
            "p",
            [make_ticket("t3", queued=5), make_ticket("t1", queued=5), make_ticket("t2", queued=1)],
            "c",
            None,
        )
    return journal


def test_tickets_are_claimed_in_the_order_of_agreement(queue: Any, claim: Any) -> None:
    with queue.transaction() as unit:
        claims = [claim(unit) for _ in range(4)]
    assert [claimed and claimed.record.ticket.id for claimed in claims] == ["t2", "t1", "t3", None]


def test_a_released_ticket_is_not_claimed_again_until_it_changes(
    queue: Any, claim: Any, release: Any, make_ticket: Callable[..., Ticket]
) -> None:
    with queue.transaction() as unit:
        for _ in range(3):
            release(unit, claim(unit))
        assert claim(unit) is None
        record = unit.tickets.get("p", "t1")
        assert (record.state, record.reason, record.dirty) == ("waiting", "why", False)
        unit.polling.merge("p", [make_ticket("t1", version=2)], "c", None)
        assert claim(unit).record.ticket.version == 2


def test_a_change_during_the_work_is_not_forgotten(
    queue: Any, claim: Any, release: Any, make_ticket: Callable[..., Ticket]
) -> None:
    with queue.transaction() as unit:
        changed, woken, still = claim(unit), claim(unit), claim(unit)
        unit.polling.merge("p", [make_ticket("t2", queued=1, version=2)], "c", None)
        unit.tickets.wake("p", "t1")
        for claimed in (changed, woken, still):
            release(unit, claimed)
        assert {record.ticket.id: record.dirty for record in unit.tickets.all()} == {
            "t2": True,
            "t1": True,
            "t3": False,
        }


def test_a_due_ticket_is_claimed_when_its_moment_has_come(
    queue: Any, claim: Any, release: Any, clock: Clock
) -> None:
    with queue.transaction() as unit:
        for due in (clock() + MINUTE, clock() + 2 * MINUTE, None):
            release(unit, claim(unit), due_at=due)
        assert claim(unit) is None
        clock.forward(minutes=1)
        first = claim(unit)
        assert first.record.ticket.id == "t2"
        assert claim(unit) is None
        release(unit, first)
        clock.forward(hours=1)
        assert claim(unit).record.ticket.id == "t1"
        assert claim(unit) is None


def test_a_due_moment_that_a_clock_a_day_ahead_wrote_down_has_come_once_the_clock_is_right(
    queue: Any, claim: Any, release: Any, clock: Clock
) -> None:
    with queue.transaction() as unit:
        clock.forward(days=1)
        for due in (clock() + MINUTE, clock() + timedelta(days=14), None):
            release(unit, claim(unit), due_at=due)
        clock.forward(days=-1)
        early = []
        while claimed := claim(unit):
            early.append(claimed.record.ticket.id)
            release(unit, claimed, due_at=clock() + MINUTE)
        assert early == ["t2", "t1"], "t3 waits for somebody, whatever the clock"
        assert [record.ticket.id for record in unit.queue.movable("p", clock() + MINUTE)] == ["t2", "t1"]


def test_clocks_of_two_workers_that_differ_a_little_make_nothing_due(
    queue: Any, claim: Any, release: Any, clock: Clock
) -> None:
    with queue.transaction() as unit:
        for _ in range(3):
            release(unit, claim(unit), due_at=clock() + timedelta(hours=6))
        clock.forward(minutes=-4)
        assert claim(unit) is None


def test_a_pass_looks_at_a_ticket_once(queue: Any, claim: Any, release: Any, clock: Clock) -> None:
    seen: set[tuple[str, str]] = set()
    with queue.transaction() as unit:
        while claimed := claim(unit, not_again=seen):
            seen.add(claimed.record.ticket.id)
            release(unit, claimed, due_at=clock())
        assert seen == {"t1", "t2", "t3"}
        assert claim(unit, only="t1", not_again=seen) is None
        assert claim(unit).record.ticket.id == "t2"


def test_more_passed_over_tickets_than_one_glance(
    journal: Journal, make_ticket: Callable[..., Ticket], claim: Any
) -> None:
    with journal.transaction() as unit:
        unit.polling.merge(
            "p", [make_ticket(f"t{number:03}", queued=number // 7) for number in range(50)], "c", None
        )
        assert claim(unit, not_again={f"t{number:03}" for number in range(49)}).record.ticket.id == "t049"
        assert claim(unit, not_again={f"t{number:03}" for number in range(50)}) is None


def test_one_ticket_can_be_claimed_by_name_though_nothing_changed(
    queue: Any, claim: Any, release: Any
) -> None:
    with queue.transaction() as unit:
        for _ in range(3):
            release(unit, claim(unit))
        only = claim(unit, only="t3")
        assert only.record.ticket.id == "t3"
        assert claim(unit, only="t3") is None
        assert claim(unit, only="t9") is None


def test_a_lease_ends(queue: Any, claim: Any, clock: Clock) -> None:
    with queue.transaction() as unit:
        first = claim(unit, "w1")
        clock.forward(seconds=59)
        assert claim(unit, "w2", only="t2") is None
        clock.forward(seconds=1)
        second = claim(unit, "w2")
    assert (second.record.ticket.id, second.fence) == ("t2", first.fence + 1)


def test_a_dead_workers_ticket_is_taken_over_at_once(queue: Any, claim: Any) -> None:
    with queue.transaction() as unit:
        claim(unit, "dead")
        assert claim(unit, "w2", stale={"dead"}).record.ticket.id == "t2"


def test_who_lost_the_lease_writes_nothing(queue: Any, claim: Any, release: Any, clock: Clock) -> None:
    with queue.transaction() as unit:
        lost = claim(unit, "w1")
        taken = claim(unit, "w2", stale={"w1"})
    for write in (
        lambda unit: release(unit, lost, state="failed"),
        lambda unit: unit.queue.renew(lost, clock(), MINUTE),
    ):
        with (
            pytest.raises(LostClaim, match=r"ticket № t2 \(p\): the lease of w1 has ended"),
            queue.transaction() as unit,
        ):
            write(unit)
    with queue.transaction() as unit:
        assert unit.tickets.get("p", "t2").state == "new"
        release(unit, taken)
        assert unit.tickets.get("p", "t2").state == "waiting"
        with pytest.raises(LostClaim):
            release(unit, taken)


def test_a_worker_that_claims_anew_has_lost_its_earlier_claim(
    queue: Any, claim: Any, release: Any, clock: Clock
) -> None:
    with queue.transaction() as unit:
        earlier = claim(unit)
        clock.forward(hours=1)
        later = claim(unit)
        assert later.record.ticket.id == earlier.record.ticket.id
        with pytest.raises(LostClaim):
            release(unit, earlier)
        release(unit, later)


def test_whoever_lost_the_claim_is_stopped_before_it_writes(
    queue: Any, claim: Any, release: Any, clock: Clock
) -> None:
    with queue.transaction() as unit:
        lost = claim(unit)
        unit.queue.guard(lost)
    clock.forward(hours=1)
    with queue.transaction() as unit:
        taken = claim(unit, "w2")
        unit.queue.guard(taken)
    with pytest.raises(LostClaim, match="nothing was written"), queue.transaction() as unit:
        unit.queue.guard(lost)
    with queue.transaction() as unit:
        release(unit, taken)
    with pytest.raises(LostClaim), queue.transaction() as unit:
        unit.queue.guard(taken)


def test_a_guarded_ticket_is_not_taken_over_before_the_transaction_ends(
    queue: Any, database: Database, claim: Any, clock: Clock
) -> None:
    if database.kind == "sqlite":
        pytest.skip("SQLite has one writer at a time")
    with queue.transaction() as unit:
        mine = claim(unit)
    clock.forward(hours=1)
    with queue.transaction() as writing, queue.transaction() as other:
        writing.queue.guard(mine)
        assert claim(other, "w2", only=mine.record.ticket.id) is None
        writing.decisions.add("p", mine.record.ticket.id, "hold", {"reason": "x"}, "anna@desk", clock())


def test_an_ended_lease_that_nobody_took_is_still_good(
    queue: Any, claim: Any, release: Any, clock: Clock
) -> None:
    with queue.transaction() as unit:
        mine = claim(unit)
        clock.forward(hours=1)
        unit.queue.renew(mine, clock(), MINUTE)
        assert claim(unit, "w2", only="t2") is None
        release(unit, mine)


def test_what_can_move_is_listed_without_being_claimed(
    queue: Any, claim: Any, release: Any, clock: Clock, make_ticket: Callable[..., Ticket]
) -> None:
    with queue.transaction() as unit:
        unit.polling.merge("q", [make_ticket()], "c", None)
        due, later = claim(unit), claim(unit)
        release(unit, due, due_at=clock())
        release(unit, later, due_at=clock() + MINUTE)
    with queue.transaction(read_only=True) as unit:
        assert [record.ticket.id for record in unit.queue.movable("p", clock())] == ["t2", "t3"]


def test_claims_are_a_portals_own(queue: Any, clock: Clock) -> None:
    with queue.transaction() as unit:
        assert unit.queue.claim("q", "w", now=clock(), ttl=MINUTE, is_stale=lambda _: False) is None


def test_waking_what_is_not_there_is_told(journal: Journal) -> None:
    with journal.transaction() as unit, pytest.raises(JournalError, match="knows no ticket t9"):
        unit.tickets.wake("p", "t9")


def test_threads_never_get_the_same_ticket(
    journal: Journal, make_ticket: Callable[..., Ticket], claim: Any, release: Any
) -> None:
    with journal.transaction() as unit:
        unit.polling.merge("p", [make_ticket(f"t{number:02}") for number in range(60)], "c", None)
    got: list[str] = []

    def work(name: str) -> None:
        while True:
            with journal.transaction() as unit:
                claimed = claim(unit, name)
            if claimed is None:
                return
            got.append(claimed.record.ticket.id)
            with journal.transaction() as unit:
                release(unit, claimed)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(work, ["w1", "w2", "w3", "w4"]))
    assert sorted(got) == [f"t{number:02}" for number in range(60)]


def test_claims_that_are_not_committed_yet_hide_nothing_and_are_not_given_twice(
    queue: Any, database: Database, claim: Any
) -> None:
    """On PostgreSQL a second worker passes over a locked row; on SQLite it waits for the first."""
    if database.kind == "sqlite":
        pytest.skip("SQLite has one writer at a time")
    with queue.transaction() as first, queue.transaction() as second:
        assert [claim(first, "w1").record.ticket.id, claim(second, "w2").record.ticket.id] == ["t2", "t1"]


def test_processes_never_get_the_same_ticket(
    journal: Journal, database: Database, make_ticket: Callable[..., Ticket]
) -> None:
    with journal.transaction() as unit:
        unit.polling.merge("p", [make_ticket(f"t{number:02}") for number in range(60)], "c", None)
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", _WORKER, database.url, f"w{number}"], stdout=subprocess.PIPE, text=True
        )
        for number in range(2)
    ]
    got = [line for worker in workers for line in worker.communicate(timeout=60)[0].split()]
    assert sorted(got) == [f"t{number:02}" for number in range(60)]
