"""The portal and the Moodle in memory behave as the embedded ones do over HTTP, so that what is proven on
them is proven.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

from bridge import moodle_ws, portal
from bridge.actions.program import Program, Step
from bridge.domain.hours import Charge
from bridge.domain.tickets import StageState, TicketState
from bridge.flow.context import Bridge
from bridge.flow.messages import Messages
from bridge.flow.sync import Pass
from bridge.journal import Journal, migrate
from bridge.moodle_ws import MoodleError
from bridge.portal import PortalError
from bridge.sandbox.moodle import SandboxMoodle
from bridge.sandbox.portal import SandboxPortal
from tests.reliability.fake_moodle import FakeMoodle
from tests.reliability.world import PAID, RESTORE, ROLE, UNATTENDED, Disk, World, settings

SCHOOL = {"id": "school", "customer": "Школа", "granted": 10, "hour_price": 2500}
PREFIX = PAID.partition(" / ")[0]
OPKEY = "5e1f7d4e-0000-5000-8000-00000000000{}"


def life(customer: Any, run: Callable[[], object]) -> None:
    """Four tickets: a course, a role, the same role again (refused, ordered otherwise), one that is too
    dear, topped up and withdrawn.
    """
    customer.open_account("poor", "Академия", granted="0.25", hour_price=2500)
    orders = (
        (RESTORE, "school"),
        (ROLE, "school"),
        (ROLE, "school"),
        ({**ROLE, "param_shortname": "dean"}, "poor"),
    )
    for fields, account in orders:
        customer.agree(
            customer.open_ticket(account=account, category=PAID, subject="Заявка", fields=fields),
            [("Работа", 1, 1)],
        )
    run()
    customer.edit_fields("t3", {**ROLE, "param_shortname": "tutor"})
    customer.top_up("poor", 2)
    run()
    for ticket in ("t1", "t2", "t3"):
        customer.accept(ticket)
    customer.withdraw("t4")
    run()


def left(customer: Any, entries: list[Any], base_url: str) -> dict[str, Any]:
    """What a life leaves, without the names that a place makes up and without moments."""

    def plain(text: str) -> str:
        return re.sub(r"id=\d+|\d\d\.\d\d\.\d{4} \d\d:\d\d", "…", text.replace(base_url, "…"))

    return {
        "ledger": [
            (entry.kind, entry.account_id, entry.ticket_id, entry.amount, entry.price) for entry in entries
        ],
        "notes": {
            ticket: [plain(note.text) for note in customer.notes(ticket)]
            for ticket in ("t1", "t2", "t3", "t4")
        },
        "states": [
            (customer.ticket(id_).state, customer.ticket(id_).stages[0].state)
            for id_ in ("t1", "t2", "t3", "t4")
        ],
        "versions": [customer.ticket(id_).version for id_ in ("t1", "t2", "t3", "t4")],
    }


def test_a_life_over_http_leaves_what_one_in_memory_leaves(disk: Disk, tmp_path: Path) -> None:
    world = World(disk)
    life(world.portal, world.rest)
    in_memory = left(world.portal, world.portal.entries, world.moodle.base_url)

    migrate(url := f"sqlite:///{tmp_path / 'journal.sqlite3'}")
    with (
        SandboxMoodle.start(directory=tmp_path / "moodle", restore_seconds=0.05) as moodle,
        SandboxPortal.start(directory=tmp_path / "portal") as served,
        Journal.open(url) as journal,
        portal.connect("test", served.url, portal.BearerAuth(served.token), category_prefix=PREFIX) as line,
        moodle_ws.connect(moodle.url, moodle.token) as moodle_line,
    ):
        served.open_account(**SCHOOL)  # type: ignore[arg-type]
        course = moodle.add_course(
            fullname="Охрана труда", shortname="OT-1", activities={"quiz": 1, "page": 2}, questions=5, files=3
        )
        moodle.delete_course(course)
        bridge = Bridge(settings(UNATTENDED), Messages(), journal, line, lambda _: moodle_line, "test")

        def passes() -> None:
            while any(ticket.status == "running" for ticket in Pass(bridge).run().tickets):
                moodle.wait_for_operations()
            Pass(bridge).run()

        life(served, passes)
        over_http = left(served, served.ledger(), moodle.url)

    assert in_memory == over_http
    assert [stage for _, stage in in_memory["states"]].count(StageState.WRITTEN_OFF) == 3


def told(do: Callable[[], Any]) -> Any:
    """What a call comes to: the refusal's name and code, or the amount of an entry."""
    try:
        answer = do()
    except (PortalError, MoodleError) as error:
        return type(error).__name__, getattr(error, "code", "") or getattr(error, "errorcode", "")
    return (
        (answer.kind, answer.amount)
        if hasattr(answer, "kind")
        else answer.get("status")
        if isinstance(answer, dict)
        else "done"
    )


def refusals(line: Any, customer: Any) -> list[Any]:
    """Everything that the contract says of keys, holds, captures and states, tried once."""
    t, other = (
        customer.open_ticket(account="school", category=PAID, subject="Заявка", fields={}) for _ in range(2)
    )
    for ticket in (t, other):
        customer.agree(ticket, [("Работа", 1, 1)])
    stage, others = customer.ticket(t).stages[0].id, customer.ticket(other).stages[0].id
    half = [Charge("unattended", 30, 30, Decimal(1))]
    hold = line.hold("k1", "school", t, stage, Decimal(1)).hold_id
    said = [
        told(lambda: line.hold("k1", "school", t, stage, Decimal(1))),
        told(lambda: line.hold("k1", "school", t, stage, Decimal(2))),
        told(lambda: line.hold("k2", "school", t, stage, Decimal(10))),
        told(lambda: line.hold("k2", "school", t, stage, Decimal(2))),
        told(lambda: line.hold("k3", "nobody", t, stage, Decimal(1))),
        told(lambda: line.hold("k3", "school", t, "s99", Decimal(1))),
        told(lambda: line.note("k1", t, "текст")),
        told(lambda: line.note("k4", "t99", "текст")),
        told(lambda: line.note("k4", t, "текст")),
        told(lambda: line.capture("k5", hold, half, Decimal("0.5"), {})),
        told(lambda: line.set_stage_state("k6", t, stage, StageState.READY, [StageState.IN_PROGRESS], {})),
        told(lambda: line.set_stage_state("k6", t, stage, StageState.IN_PROGRESS, [StageState.PLANNED], {})),
        told(lambda: line.set_stage_state("k7", t, stage, StageState.READY, [StageState.IN_PROGRESS], {})),
        told(lambda: line.set_stage_state("k8", t, stage, StageState.READY, [StageState.PLANNED], {})),
        told(lambda: line.set_stage_state("k9", t, stage, StageState.ACCEPTED, [StageState.READY], {})),
    ]
    customer.accept(t)
    said += [
        told(lambda: line.capture("k5", hold, half, Decimal("0.75"), {})),
        told(lambda: line.capture("k5", "h99", half, Decimal("0.5"), {})),
        told(lambda: line.capture("k5", hold, half, Decimal("0.5"), {})),
        told(lambda: line.capture("k5", hold, half, Decimal("0.5"), {})),
        told(lambda: line.void("k10", hold)),
        told(lambda: line.set_ticket_state("k11", t, TicketState.WITHDRAWN, [TicketState.OPEN])),
        told(lambda: line.set_ticket_state("k11", t, TicketState.DONE, [TicketState.SUSPENDED])),
        told(lambda: line.set_ticket_state("k11", t, TicketState.DONE, [TicketState.OPEN])),
        line.find("k99"),
    ]
    second = line.hold("k12", "school", other, others, Decimal(1)).hold_id
    customer.withdraw(other)
    said += [
        told(lambda: line.hold("k12", "school", other, others, Decimal(1))),
        told(lambda: line.hold("k13", "school", other, others, Decimal(1))),
        told(lambda: line.set_ticket_state("k14", other, TicketState.DONE, list(TicketState))),
        told(lambda: line.void("k15", second)),
        told(lambda: line.void("k15", second)),
        told(lambda: line.void("k16", second)),
        told(lambda: line.account("nobody")),
    ]
    (captured,) = [entry for entry in line.ledger("school").entries if entry.kind == "capture"]
    said += [
        told(lambda: line.reverse("k17", "l99", "ошибка")),
        told(lambda: line.reverse("k17", captured.id, "ошибка")),
        told(lambda: line.reverse("k17", captured.id, "ошибка")),
        told(lambda: line.reverse("k18", captured.id, "ошибка")),
        customer.ticket(t).stages[0].state,
    ]
    anew = line.hold("k19", "school", t, stage, Decimal(1)).hold_id
    said += [told(lambda: line.capture("k20", anew, half, Decimal("0.5"), {}))]
    tacit = customer.open_ticket(account="school", category=PAID, subject="Заявка", fields={})
    customer.agree(tacit, [("Анализ", 1, 1), ("Работа", 1, 1)])
    first, second = (one.id for one in customer.ticket(tacit).stages)
    customer.log_time(tacit, 30, "content", 1)
    customer.log_time(tacit, 15)
    customer.report_ready(tacit, 1)
    holds = [
        line.hold(key, "school", tacit, stage, Decimal(1)).hold_id
        for key, stage in (("k21", first), ("k22", second))
    ]
    said += [
        told(lambda: line.capture("k23", holds[0], half, Decimal("0.5"), {})),
        told(lambda: line.capture("k23", holds[0], half, Decimal("0.5"), {}, accepted_by="silence")),
        told(lambda: line.capture("k24", holds[1], half, Decimal("0.5"), {}, accepted_by="policy")),
    ]
    customer.report_ready(tacit, 2)
    customer.reject(tacit, 2, "не то")
    said += [told(lambda: line.capture("k24", holds[1], half, Decimal("0.5"), {}, accepted_by="policy"))]
    stages = customer.ticket(tacit).stages
    said += [(one.state, one.portal_revision, one.comment, one.accepted_at is None) for one in stages]
    said += [
        (entry.category, entry.minutes, entry.stage_id in (first, second))
        for entry in customer.ticket(tacit).time_entries
    ]
    account = line.account("school")
    return [*said, account.granted, account.written_off, account.held, account.available]


def test_the_portal_in_memory_refuses_what_the_embedded_one_refuses(disk: Disk, tmp_path: Path) -> None:
    fake = World(disk).portal
    with (
        SandboxPortal.start(directory=tmp_path) as served,
        portal.connect("test", served.url, portal.BearerAuth(served.token), category_prefix=PREFIX) as line,
    ):
        served.open_account(**SCHOOL)  # type: ignore[arg-type]
        assert refusals(fake, fake) == refusals(line, served)


def operations(moodle: Any, wait: Callable[[], object]) -> list[Any]:
    """Everything that the plugin's documentation says of operation keys, tried once."""
    criteria = {"courseid": 0, "idnumber": "", "shortname": "OT-1", "fullname": ""}
    (backup,) = moodle.read("local_otbridge_find_backups", **criteria)["backups"]
    restore = Step("course.restore", "course", {"ref": backup["ref"], "category": 1, "users": True})

    def role(**changes: Any) -> Step:
        params = {"shortname": "dean", "name": "Декан", "contextlevels": ["course"], "capabilities": []}
        return Step("role.create", "role", {**params, **changes})

    def run(number: int, *steps: Step) -> Any:
        program = Program(steps).canonical()
        return told(
            lambda: moodle.write(
                "local_otbridge_run", opkey=OPKEY.format(number), program=program, draftitemid=0
            )
        )

    def undo(number: int, undoes: int) -> Any:
        keys = {"opkey": OPKEY.format(number), "undoes": OPKEY.format(undoes)}
        return told(lambda: moodle.write("local_otbridge_undo", **keys))

    def get(number: int) -> Any:
        return told(lambda: moodle.read("local_otbridge_get_operation", opkey=OPKEY.format(number)))

    def living() -> int:
        found = moodle.read("core_course_get_courses_by_field", field="shortname", value="OT-1")
        return len(found["courses"])

    def categories(id_: str) -> int:
        wanted = [{"key": "id", "value": id_}]
        found = moodle.read("core_course_get_categories", criteria=wanted, addsubcategories=False)
        return len(found)

    said = [
        get(1),
        run(1, role()),
        run(1, role()),
        run(1, role(name="Проректор")),
        run(2, role()),
        run(2, role(shortname="rector")),
        run(3, restore),
        undo(4, 3),
    ]
    wait()
    said += [
        get(3),
        run(3, restore),
        run(4, restore),
        run(1, restore),
        living(),
        categories("1"),
        categories("9"),
        undo(5, 9),
        undo(5, 1),
        undo(5, 1),
        undo(6, 1),
        undo(7, 3),
    ]
    wait()
    return [
        *said,
        get(7),
        undo(7, 3),
        undo(7, 2),
        get(1),
        living(),
        [one["source"] for one in moodle.read("local_otbridge_find_backups", **criteria)["backups"]],
    ]


def test_the_moodle_in_memory_keeps_keys_as_the_embedded_one_keeps_them(tmp_path: Path) -> None:
    fake = FakeMoodle()
    fake.lose_course("Охрана труда", "OT-1")

    def look() -> None:
        for _ in range(fake.steps):
            for number in (3, 7):
                fake.read("local_otbridge_get_operation", opkey=OPKEY.format(number))

    with (
        SandboxMoodle.start(directory=tmp_path, restore_seconds=0.02) as moodle,
        moodle_ws.connect(moodle.url, moodle.token) as line,
    ):
        moodle.delete_course(moodle.add_course(fullname="Охрана труда", shortname="OT-1"))
        assert operations(fake, look) == operations(line, moodle.wait_for_operations)
