"""Lives of a ticket that every kill and every fault is tried on: how each begins, what people do at rest,
how it must end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

from bridge.operators.decisions import by_hours
from bridge.settings import PolicyTable
from tests.reliability import laws
from tests.reliability.world import PAID, RESTORE, ROLE, UNATTENDED, World

T = "t1"
"""The ticket of every scenario."""

BY_HAND = {"service": "2.6"}
CONTENT = {"service": "2.9.1-content"}
TWO_WEEKS = 14

Move = Callable[[World], None]


@dataclass(frozen=True)
class Scenario:
    """One life of a ticket.

    Attributes:
        begin: what is there before the first pass.
        moves: what people do, one move each time when everything rests.
        meanwhile: what the customer does once, after the first pass, whatever became of that.
        status, reason: where the ticket stands at the end, and why.
        notes: how many messages the customer has at the end.
        taken: norm-hours that are written off at the end.
        made: short names of what exists in Moodle at the end.
        rows: kinds of the ledger's rows about the ticket, in order.
    """

    name: str
    begin: Move
    moves: tuple[Move, ...]
    status: str
    notes: int
    taken: str = "0"
    made: tuple[str, ...] = ()
    meanwhile: Move | None = field(default=None)
    reason: str = ""
    rows: str = "hold capture"

    def play(self, world: World) -> None:
        """Live it from here to the end, and look whether everything is as it must be."""
        told = self.meanwhile is None
        if not told:

            def between(world: World) -> None:
                nonlocal told
                if not told:
                    told = True
                    self.meanwhile(world)  # type: ignore[misc]

            world.between = between
        for move in self.moves:
            world.rest()
            world.check()
            move(world)
        world.rest()
        world.chaos.deliver()
        world.rest()
        self.judge(world)

    def judge(self, world: World) -> None:
        """Everything as it must be at the end."""
        laws.at_rest(world)
        stands = (world.statuses()[T], world.reasons()[T])
        assert stands == (self.status, self.reason or self.status), f"it is {stands}"
        assert world.taken(T) == Decimal(self.taken), f"{world.taken(T)} is taken"
        rows = " ".join(entry.kind for entry in world.portal.entries if entry.ticket_id == T)
        assert rows == self.rows, f"the ledger has: {rows}"
        assert len(world.portal.notes(T)) == self.notes, [note.text for note in world.portal.notes(T)]
        made = Counter(thing["shortname"] for thing in (*world.moodle.courses.values(), *world.moodle.roles))
        assert made == Counter(self.made), f"made: {made}"
        if self.status == "done":
            assert world.portal.ticket(T).state == "done", (
                f"the portal shows it as {world.portal.ticket(T).state}"
            )


# --- moves


def accept(world: World, stage: int = 1) -> None:
    world.portal.accept(T, stage)


def reject(world: World) -> None:
    world.portal.reject(T, comment="не то")


def withdraw(world: World) -> None:
    world.portal.withdraw(T)


def report(*entries: tuple[int, str], stage: int = 1) -> Move:
    """Specialists log minutes of categories and report the stage ready."""

    def move(world: World) -> None:
        for minutes, category in entries:
            world.portal.log_time(T, minutes, category, stage)
        world.portal.report_ready(T, stage)

    return move


def log(minutes: int, category: str = "development") -> Move:
    return lambda world: world.portal.log_time(T, minutes, category, 1)


def agree(*stages: tuple[str, Any, Any]) -> Move:
    return lambda world: world.portal.agree(T, stages)


def together(*moves: Move) -> Move:
    """Several moves before the next pass."""

    def move(world: World) -> None:
        for one in moves:
            one(world)

    return move


def days(number: float) -> Move:
    def move(world: World) -> None:
        world.clock.now += timedelta(days=number)

    return move


def clock_ahead(**by: float) -> Move:
    """The clock of the bridge's machine is set ahead of the portal's, or back with nothing."""

    def move(world: World) -> None:
        world.clock.ahead = timedelta(**by)

    return move


def top_up(world: World) -> None:
    world.portal.top_up("poor", 2)


def drift(world: World) -> None:
    world.drift("school")


def reconcile(world: World) -> None:
    assert world.reconcile() == []


def undo(world: World) -> None:
    assert world.desk(T).undo(None, "переделать") is not None


def retry(world: World) -> None:
    world.retry(T)


def correct(hours: str) -> Move:
    def move(world: World) -> None:
        desk = world.desk(T)
        stage = desk.stage("1")
        captured = desk.standing().captured(stage)
        assert captured is not None
        desk.correct(stage, by_hours(stage, Decimal(hours), desk.standing().charges(captured)), "ошибка")

    return move


def recount(world: World) -> None:
    world.recount(T, "1")


def stop(world: World) -> None:
    world.desk(T).pause("выясняем")


def resume(world: World) -> None:
    world.desk(T).resume("выяснили")


def operator_withdraws(world: World) -> None:
    world.desk(T).withdraw("по звонку")


def edit(fields: dict[str, str]) -> Move:
    return lambda world: world.portal.edit_fields(T, fields)


# --- beginnings


def _order(fields: dict[str, str], *stages: tuple[str, Any, Any], policy: PolicyTable = UNATTENDED) -> Move:
    def begin(world: World) -> None:
        world.policy = policy
        world.order(fields, stages=stages or (("Работа", 1, 1),))

    return begin


def _policy(**terms: Any) -> PolicyTable:
    return PolicyTable(unattended=UNATTENDED.unattended, **terms)


def _poor(world: World) -> None:
    world.portal.open_account("poor", "Академия", granted="0.25")
    world.order(ROLE, account="poor")


def _poor_by_hand(world: World) -> None:
    world.portal.open_account("poor", "Академия", granted="1")
    world.order(BY_HAND, account="poor")


def _restore_fails(world: World) -> None:
    world.moodle.failures.append("restorefailed")
    world.order(RESTORE)


def _agreed_after_another(world: World) -> None:
    """Opened first, agreed last, on an account whose hours suffice for one ticket only."""
    world.portal.open_account("poor", "Академия", granted="1")
    first = world.portal.open_ticket(account="poor", category=PAID, subject="Заявка", fields=BY_HAND)
    world.order(CONTENT, account="poor")
    world.portal.agree(first, [("Работа", 1, 1)])


def _after_a_poisoned_one(world: World) -> None:
    """An order for which Moodle always fails is worked on before."""
    world.moodle.broken.add("poisoned")
    first = world.portal.open_ticket(account="school", category=PAID, subject="Заявка", fields=ROLE)
    world.order({**RESTORE, "param_shortname": "poisoned"})
    world.clock.now += timedelta(seconds=1)
    world.portal.agree(first, [("Работа", 1, 1)])


STAGES = (("Анализ", 2, 1), ("Наполнение", 2, "0.6"), ("Сдача", "0.5", 1))

ROLE_DONE = Scenario(
    "a role is made and written off", _order(ROLE), (accept,), "done", 4, "0.5", ("methodist",)
)
RESTORE_DONE = Scenario(
    "a course comes back and is written off", _order(RESTORE), (accept,), "done", 4, "1", ("OT-1",)
)
STAGES_DONE = Scenario(
    "three stages are worked by hand",
    _order(BY_HAND, *STAGES),
    (
        together(report((60, "development"), (30, "content")), log(15)),
        accept,
        report((100, "content"), stage=2),
        lambda world: accept(world, 2),
        report((10, "content"), stage=3),
        lambda world: accept(world, 3),
    ),
    "done",
    10,
    "2.65",
    rows="hold capture hold capture hold capture",
)
POOR = Scenario(
    "the balance is too small, then topped up", _poor, (top_up, accept), "done", 5, "0.5", ("methodist",)
)
WITHDRAWN = Scenario(
    "withdrawn before acceptance",
    _order(ROLE),
    (withdraw,),
    "withdrawn",
    2,
    made=("methodist",),
    reason="withdrawn-with-work",
    rows="hold void",
)
ACCEPTED_WITHDRAWN = Scenario(
    "withdrawn after acceptance",
    _order(ROLE),
    (together(accept, withdraw),),
    "withdrawn",
    3,
    "0.5",
    ("methodist",),
)
OPERATOR_WITHDREW = Scenario(
    "an operator withdraws it",
    _order(BY_HAND),
    (log(15), operator_withdraws),
    "withdrawn",
    2,
    rows="hold void",
)
FAILED = Scenario(
    "the restore fails, the order is changed",
    _restore_fails,
    (edit({**RESTORE, "param_users": "нет"}), accept),
    "done",
    6,
    "1",
    ("OT-1",),
    rows="hold void hold capture",
)
LATE_TIME = Scenario(
    "time is logged after the report",
    _order(ROLE),
    (together(log(15), accept),),
    "failed",
    3,
    "0.5",
    ("methodist",),
    reason="late-time",
)
RECOUNTED = Scenario(
    "time that came late is counted",
    _order(ROLE),
    (together(log(15), accept), recount),
    "done",
    5,
    "0.75",
    ("methodist",),
    rows="hold capture reversal hold capture",
)
CORRECTED = Scenario(
    "corrected twice, the second time to nothing",
    _order(BY_HAND),
    (report((45, "development")), accept, correct("0.25"), correct("0")),
    "done",
    6,
    rows="hold capture reversal hold capture reversal",
)
AGREED_ANEW = Scenario(
    "more is agreed on while it begins",
    _order(ROLE),
    (accept,),
    "done",
    4,
    "0.5",
    ("methodist",),
    meanwhile=agree(("Работа", 2, 1)),
)
BEYOND = Scenario(
    "more is spent than was agreed, then agreed on, then topped up",
    _poor_by_hand,
    (
        together(log(90), log(30, "content")),
        agree(("Работа", 3, 1)),
        top_up,
        together(lambda world: world.portal.report_ready(T)),
        accept,
    ),
    "done",
    6,
    "1.8",
    rows="hold void hold capture",
)
SILENT = Scenario(
    "silence accepts",
    _order(ROLE, policy=_policy(accept_after_days=TWO_WEEKS)),
    (days(TWO_WEEKS - 1), days(2)),
    "done",
    4,
    "0.5",
    ("methodist",),
)
SILENT_CLOCKS = Scenario(
    "silence accepts by the portal's clock, and only while the machine's agrees with it",
    _order(ROLE, policy=_policy(accept_after_days=TWO_WEEKS)),
    (
        days(TWO_WEEKS - 1),
        clock_ahead(days=1),
        days(2),
        clock_ahead(days=-1),
        together(clock_ahead(), days(1)),
    ),
    "done",
    4,
    "0.5",
    ("methodist",),
)
BEHIND_POISON = Scenario(
    "an order for which Moodle always fails stands before it",
    _after_a_poisoned_one,
    (accept,),
    "done",
    4,
    "0.5",
    ("methodist",),
)
REJECTED_SILENT = Scenario(
    "rejected, then silent",
    _order(ROLE, policy=_policy(accept_after_days=TWO_WEEKS)),
    (reject, days(TWO_WEEKS + 1)),
    "failed",
    2,
    made=("methodist",),
    reason="rejected",
    rows="hold",
)
REJECTED_UNSEEN = Scenario(
    "rejected in the last moment of silence",
    _order(ROLE, policy=_policy(accept_after_days=TWO_WEEKS)),
    (together(days(TWO_WEEKS + 1), reject),),
    "failed",
    2,
    made=("methodist",),
    reason="rejected",
    rows="hold",
)
REPORTED_AGAIN = Scenario(
    "rejected, reported ready once more by a specialist, then silent",
    _order(ROLE, policy=_policy(accept_after_days=TWO_WEEKS)),
    (days(TWO_WEEKS - 1), reject, report(), days(2)),
    "awaiting-acceptance",
    2,
    made=("methodist",),
    reason="not-accepted",
    rows="hold",
)
UNASKED = Scenario(
    "the site's policy accepts",
    _order(RESTORE, policy=_policy(accept_unasked=("2.9.1-restore",))),
    (),
    "done",
    4,
    "1",
    ("OT-1",),
)
REJECTED_BY_HAND = Scenario(
    "rejected work goes on by hand",
    _order(CONTENT, ("Наполнение", 2, "0.6")),
    (report((30, "content")), reject, report((15, "development")), accept),
    "done",
    6,
    "0.55",
    rows="hold void hold capture",
)
UNDONE = Scenario(
    "rejected, taken back by an operator, made anew",
    _order(ROLE),
    (reject, undo, accept),
    "done",
    6,
    "0.5",
    ("methodist",),
    rows="hold void hold capture",
)
TAKEN_BACK = Scenario(
    "taken back by an operator before anybody accepts it, made anew",
    _order(ROLE),
    (undo, retry, accept),
    "done",
    7,
    "0.5",
    ("methodist",),
    rows="hold void hold capture",
)
WITHDRAWN_BEYOND = Scenario(
    "an operator withdraws what is accepted with more than was agreed",
    _order(BY_HAND),
    (together(report((90, "development")), accept), operator_withdraws),
    "withdrawn",
    4,
    "1",
    rows="hold capture",
)
UNDONE_BY_POLICY = Scenario(
    "rejected and taken back by policy",
    _order(ROLE, policy=_policy(undo_rejected=("2.9.1-access",))),
    (reject, accept),
    "done",
    6,
    "0.5",
    ("methodist",),
    rows="hold void hold capture",
)
STOPPED = Scenario(
    "an operator stops it while it is accepted",
    _order(BY_HAND),
    (report((45, "development")), stop, accept, resume),
    "done",
    4,
    "0.75",
)
DRIFTED = Scenario(
    "the ledgers differ while it is accepted",
    _order(ROLE),
    (together(accept, drift), reconcile),
    "done",
    4,
    "0.5",
    ("methodist",),
)
DIFFERING = Scenario(
    "the ledgers differ",
    _order(ROLE),
    (together(accept, drift),),
    "writing-off",
    2,
    made=("methodist",),
    reason="drift",
    rows="hold",
)
QUEUED = Scenario(
    "agreed after another ticket, opened before it",
    _agreed_after_another,
    (),
    "suspended",
    1,
    reason="balance",
    rows="",
)

MAIN = (ROLE_DONE, RESTORE_DONE)
OTHERS = (
    STAGES_DONE,
    POOR,
    WITHDRAWN,
    ACCEPTED_WITHDRAWN,
    OPERATOR_WITHDREW,
    FAILED,
    LATE_TIME,
    RECOUNTED,
    CORRECTED,
    AGREED_ANEW,
    BEYOND,
    SILENT,
    SILENT_CLOCKS,
    BEHIND_POISON,
    REJECTED_SILENT,
    REJECTED_UNSEEN,
    REPORTED_AGAIN,
    UNASKED,
    REJECTED_BY_HAND,
    UNDONE,
    TAKEN_BACK,
    WITHDRAWN_BEYOND,
    UNDONE_BY_POLICY,
    STOPPED,
    DRIFTED,
    DIFFERING,
    QUEUED,
)
