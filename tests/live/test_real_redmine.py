"""A real Redmine as the portal, the installed command, and a Moodle: the demo's tickets all the way, and
kills between a write and its answer.

Its people use Redmine under their own keys. Writes go through a line that can lose, delay and cut them
(`bridge.sandbox.faults`).
"""

from __future__ import annotations

import base64
import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import requests
from werkzeug.wrappers import Request, Response

from bridge.domain.hours import Charge
from bridge.domain.tickets import StageState, TicketState
from bridge.portal import AnotherBridge, PortalForbidden, PortalNotFound, PortalRefused, PortalUnauthorized
from bridge.portal.redmine.adapter import RedminePortal
from bridge.portal.redmine.setup import MADE_FOR_ALL
from bridge.sandbox.faults import Faults, FaultyServer
from bridge.sandbox.moodle import SandboxMoodle
from tests.contract.redmine import Redmine
from tests.e2e.conftest import PAID, RESTORE, ROLE, SERIAL, World
from tests.live.conftest import RealMoodle
from tests.live.test_real_moodle import living_course

pytestmark = pytest.mark.live

SCRIPT = '<script>alert("взлом")</script>'
SETTLE_SECONDS = 6
"""Longer than the line keeps anything back."""


class Line:
    """What lies between the bridge and Redmine; looks like the portal to `World`."""

    def __init__(self, redmine: Redmine) -> None:
        self.redmine = redmine
        self.token = redmine.token
        self.faults = Faults()
        self._server = FaultyServer(Request.application(self._forward), self.faults)
        self.url = self._server.url
        self._server.start()

    def stop(self) -> None:
        self._server.stop()

    def writes(self, what: str) -> int:
        """How many requests of this kind the bridge has sent."""
        return sum(call.name.startswith(what) for call in self._server.calls())

    def _forward(self, request: Request) -> Response:
        headers = {
            name: value
            for name, value in request.headers.items()
            if name not in {"Host", "Connection", "Content-Length"}
        }
        answer = requests.request(
            request.method,
            f"{self.redmine.site}{request.full_path}",
            data=request.get_data(),
            headers=headers,
            timeout=60,
        )
        kept = {
            name: value for name, value in answer.headers.items() if name in {"Content-Type", "X-Request-Id"}
        }
        return Response(answer.content, status=answer.status_code, headers=kept)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.redmine, name)


def engine_settings(redmine: Redmine) -> str:
    """What the settings need for a Redmine."""
    return f'engine = "redmine"\nsettle_seconds = {SETTLE_SECONDS}\n{redmine.table}'


@contextmanager
def redmine_world(directory: Path, moodle: Any, name: str = "test") -> Iterator[World]:
    with Redmine.start(directory) as redmine:
        redmine.open_account("school", "Школа № 7", granted="4", hour_price="2500")
        line = Line(redmine)
        world = World(directory, line, moodle)  # type: ignore[arg-type]
        world.configure(name=name, read_seconds=3, engine=engine_settings(redmine))
        (directory / "journal.sqlite3").unlink()
        assert world.otbridge("migrate")[0] == 0
        yield world
        line.stop()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with SandboxMoodle.start(directory=tmp_path / "moodle") as moodle, redmine_world(tmp_path, moodle) as one:
        yield one


def ledger(world: World, kind: str) -> list[dict[str, Any]]:
    """The ledger's time entries of a kind, as Redmine's administrator sees them."""
    redmine: Redmine = world.portal.redmine  # type: ignore[attr-defined]
    activity = vars(redmine.convention.activities)[kind]
    return [one for one in redmine.entries("school") if one["activity"]["id"] == activity]


def statuses(report: dict[str, Any]) -> dict[str, tuple[str, str]]:
    return {one["id"]: (one["status"], one["reason"]) for one in report["tickets"]}


def until(world: World, ticket: str, status: str) -> None:
    """Passes until the ticket stands there."""
    deadline = time.monotonic() + 40
    while (now := statuses(world.sync()).get(ticket, ("", ""))[0]) != status:
        assert time.monotonic() < deadline, now
        time.sleep(0.5)


def journals(world: World, ticket: str) -> list[dict[str, Any]]:
    answer = world.portal.admin.get(f"/issues/{ticket}.json", include="journals")  # type: ignore[attr-defined]
    found: list[dict[str, Any]] = answer["issue"]["journals"]
    return found


def messages(world: World, ticket: str) -> list[str]:
    return [one["notes"] for one in journals(world, ticket) if one["notes"]]


def demo(world: World, unique: str) -> dict[str, str]:
    """The demo's tickets, by what they are."""

    def ticket(subject: str, fields: dict[str, str], *stages: tuple[str, str, str]) -> str:
        opened = world.portal.open_ticket(
            account="school", category=PAID, subject=subject, text=subject, fields=fields, installation=SERIAL
        )
        if stages:
            world.portal.agree(opened, stages)
        return opened

    return {
        "restore": ticket(
            "Восстановить курс", {**RESTORE, "param_shortname": unique}, ("Восстановление курса", "1.5", "1")
        ),
        "role": ticket(
            f"Роль {SCRIPT}", {**ROLE, "param_shortname": f"r{unique}"}, ("Создание роли", "0.5", "1")
        ),
        "lectures": ticket(
            "Разместить лекции", {"service": "2.9.1-content"}, ("Размещение лекций", "3", "0.6")
        ),
        "broken": ticket(
            "Роль куратора",
            {"service": "2.9.1-access", "param_shortname": "куратор"},
            ("Создание роли", "0.5", "1"),
        ),
        "poor": ticket(
            "Вернуть курс", {**RESTORE, "param_shortname": "none"}, ("Восстановление курса", "1", "1")
        ),
        "unagreed": ticket("Роль для проверяющих", {**ROLE, "param_shortname": f"n{unique}"}),
    }


def play_demo(world: World, unique: str) -> None:
    """All the demo's tickets, to written off where they can be; nothing is done twice."""
    portal: Any = world.portal
    code, told = world.otbridge("doctor")
    assert code == 0, told
    assert "the journal keeps the holds" in told
    tickets = demo(world, unique)
    first = world.sync()
    assert first["exit"] == 0, first
    assert statuses(first) == {
        tickets["restore"]: ("awaiting-acceptance", "not-accepted"),
        tickets["role"]: ("awaiting-acceptance", "not-accepted"),
        tickets["lectures"]: ("running", "by-hand"),
        tickets["broken"]: ("needs-order", "order-faults"),
        tickets["poor"]: ("suspended", "balance"),
        tickets["unagreed"]: ("awaiting-agreement", "not-agreed"),
    }

    portal.log_time(tickets["lectures"], minutes=50, category="Ассистент редактора", stage=1)
    portal.log_time(tickets["lectures"], minutes=10, category="Ассистент редактора", stage=1)
    portal.report_ready(tickets["lectures"], stage=1)
    assert statuses(world.sync())[tickets["lectures"]] == ("awaiting-acceptance", "not-accepted")
    done = [tickets[name] for name in ("restore", "role", "lectures")]
    for one in done:
        portal.accept(one, stage=1)
    last = statuses(world.sync())
    assert {last[one] for one in done} == {("done", "done")}

    captures = ledger(world, "capture")
    assert len(captures) == 3
    assert {one["hours"] for one in captures} == {0.0}, "norm-hours are not a time that somebody spent"
    with portal.connect(portal.token) as contract:
        account = contract.account(portal.account_id("school"))
        taken = {
            entry.ticket_id: entry.amount
            for entry in contract.ledger(portal.account_id("school")).entries
            if entry.kind == "capture"
        }
    assert taken[tickets["lectures"]] == Decimal("0.6")
    assert account.written_off == sum(taken.values(), Decimal(0))
    portal.say(tickets["role"], f"Спасибо {SCRIPT}")
    for who in (portal.owner(tickets["role"]).customer, portal.owner(tickets["role"]).specialist):
        shown = who.page(f"/issues/{tickets['role']}")
        assert SCRIPT not in shown, "what people write is escaped"
        assert shown.count("alert(") >= 3, "subject, description and note are there"
    again = world.sync()
    assert [one["done"] for one in again["tickets"]] == [[]] * len(again["tickets"])
    assert len(ledger(world, "capture")) == 3
    assert world.otbridge("reconcile")[0] == 0
    assert world.otbridge("ledger", "verify")[0] == 0


def test_the_tickets_of_the_demo_go_all_the_way_to_written_off(world: World) -> None:
    course = world.moodle.add_course(
        fullname="Охрана труда", shortname="ot2026", activities={"page": 1}, questions=1, files=1
    )
    world.moodle.delete_course(course)
    play_demo(world, "ot2026")


def test_the_same_with_a_real_moodle(tmp_path: Path, real: RealMoodle, unique: str) -> None:
    before = living_course(real, unique)
    real.admin.write("core_course_delete_courses", courseids=[before["id"]])
    with redmine_world(tmp_path, real, unique) as world:
        play_demo(world, unique)
    assert len(real.course_by("shortname", unique)) == 1


def test_a_kill_between_a_write_off_and_its_answer_leaves_one_time_entry(world: World) -> None:
    ticket = world.ticket(ROLE)
    world.sync()
    world.portal.accept(ticket, stage=1)
    world.portal.faults.add("POST /time_entries", "hang_after", seconds=20)
    world.sync_killed_when(lambda: len(ledger(world, "capture")) == 1)

    report = world.sync()

    assert statuses(report)[ticket] == ("done", "done")
    assert len(ledger(world, "capture")) == 1
    assert world.otbridge("reconcile")[0] == 0
    said = messages(world, ticket)
    assert len(said) == len(set(said)), "a message was sent twice"


def test_a_kill_between_a_message_or_a_state_and_its_answer_leaves_one_of_each(world: World) -> None:
    ticket = world.ticket(ROLE)
    seen: list[int] = []
    while True:
        before = len(journals(world, ticket))
        world.portal.faults.add("PUT /issues", "hang_after", seconds=20, times=9)
        if len(seen) == 4:
            break
        world.sync_killed_when(lambda: len(journals(world, ticket)) > before)  # noqa: B023 (called at once)
        world.portal.faults.clear()
        seen.append(before)
    world.portal.faults.clear()

    world.sync()
    world.portal.accept(ticket, stage=1)
    world.sync()

    said = messages(world, ticket)
    assert len(said) == len(set(said)), "a message was sent twice"
    moves = [
        one["new_value"]
        for journal in journals(world, ticket)
        for one in journal["details"]
        if one["name"] == "status_id"
    ]
    assert len(moves) == len(set(moves)), "a state was set twice"
    assert len(ledger(world, "capture")) == 1


def test_a_write_off_that_is_applied_after_its_time_out_is_waited_for_and_never_sent_again(
    world: World,
) -> None:
    ticket = world.ticket(ROLE)
    world.sync()
    world.portal.accept(ticket, stage=1)
    world.portal.faults.add("POST /time_entries", "late", seconds=4)

    assert world.sync()["exit"] == 3
    assert ledger(world, "capture") == []
    until(world, ticket, "done")
    assert len(ledger(world, "capture")) == world.portal.writes("POST /time_entries") == 1  # type: ignore[attr-defined]
    assert world.otbridge("reconcile")[0] == 0


@pytest.mark.parametrize("mode", ["drop_before", "drop_after", "error_500", "html", "truncate"])
def test_every_way_to_lose_an_answer_leaves_one_of_each(world: World, mode: str) -> None:
    ticket = world.ticket(ROLE)
    world.portal.faults.add("PUT /issues", mode)
    world.sync()
    until(world, ticket, "awaiting-acceptance")
    world.portal.accept(ticket, stage=1)
    world.portal.faults.add("POST /time_entries", mode)
    until(world, ticket, "done")
    assert len(ledger(world, "capture")) == 1
    said = messages(world, ticket)
    assert len(said) == len(set(said)), "a message was sent twice"
    assert world.otbridge("reconcile")[0] == 0


def test_a_stranger_s_key_and_a_wrong_one_change_nothing(tmp_path: Path, world: World) -> None:
    redmine: Redmine = world.portal.redmine  # type: ignore[attr-defined]
    ticket = world.ticket(ROLE)
    account = redmine.account_id("school")
    with redmine.connect(redmine.token) as own:
        (stage,) = own.ticket(ticket).stages
        hold = own.hold("hold", account, ticket, stage.id, Decimal("0.5"))
    other = tmp_path / "other"
    other.mkdir()
    with Redmine.start(other) as theirs:
        theirs.open_account("school", "Академия", granted="4")
        for key, error in ((theirs.token, PortalNotFound), ("0" * 40, PortalUnauthorized)):
            with theirs.connect(key) as stranger:
                for attempt in (
                    lambda: stranger.ticket(ticket),
                    lambda: stranger.account(account),
                    lambda: stranger.ledger(account),
                    lambda: stranger.note("1", ticket, "?"),
                    lambda: stranger.attach("2", ticket, "a.txt", "text/plain", b"?"),
                    lambda: stranger.set_ticket_state("3", ticket, TicketState.DONE, list(TicketState)),
                    lambda: stranger.set_stage_state(
                        "4", ticket, stage.id, StageState.READY, list(StageState)
                    ),
                    lambda: stranger.hold("5", account, ticket, stage.id, Decimal("0.5")),
                    lambda: stranger.reverse("6", "1", "?"),
                ):
                    with pytest.raises(error):
                        attempt()
    with redmine.connect(redmine.token) as own:
        assert [entry.kind for entry in own.ledger(account).entries] == ["top_up", "hold"]
        assert own.ticket(ticket).state is TicketState.OPEN
        assert own.void("v", str(hold.hold_id)).amount == Decimal("0.5")


def test_a_key_whose_role_may_not_do_it_writes_nothing(world: World) -> None:
    redmine: Redmine = world.portal.redmine  # type: ignore[attr-defined]
    ticket = world.ticket(ROLE)
    people = redmine.owner(ticket)
    with (
        redmine.connect(redmine.token) as own,
        redmine.connect(people.customer.key) as customer,
        redmine.connect(people.specialist.key) as agent,
    ):
        (stage,) = own.ticket(ticket).stages
        hold = own.hold("hold", redmine.account_id("school"), ticket, stage.id, Decimal("0.05"))
        own.set_stage_state("ready", ticket, stage.id, StageState.READY, [StageState.PLANNED])
        redmine.accept(ticket, stage=1)
        for weak in (customer, agent):
            with pytest.raises(PortalRefused):
                weak.capture("c", str(hold.hold_id), [Charge("c", 3, 3, Decimal(1))], Decimal("0.05"), {})
        with pytest.raises(PortalRefused):
            customer.set_ticket_state("s", ticket, TicketState.IN_PROGRESS, [TicketState.OPEN])
        # Its role may write the message but not the key beside it: that is told once, and not written again
        # and again.
        with pytest.raises(PortalRefused) as caught:
            agent.note("n", ticket, "?")
        assert caught.value.code == "key_not_kept"
        assert customer.meta().scopes == {"ledger:read"}
    assert ledger(world, "capture") == []
    assert messages(world, ticket) == ["?"]


def test_doctor_tells_what_the_key_may_not_do(world: World) -> None:
    redmine: Redmine = world.portal.redmine  # type: ignore[attr-defined]
    customer = redmine.owner(world.ticket(ROLE)).customer
    world.configure(portal_token=customer.key, read_seconds=3, engine=engine_settings(redmine))
    code, told = world.otbridge("doctor")
    assert code == 2
    assert "missing: ledger:write, tickets:read, tickets:write" in told


def test_a_specialist_cannot_top_a_balance_up(world: World) -> None:
    redmine: Redmine = world.portal.redmine  # type: ignore[attr-defined]
    specialist = redmine.owner(world.ticket(ROLE)).specialist
    account = redmine.account_id("school")
    hours = redmine.convention.entry_fields.hours
    for value in (
        {"custom_field_values": {str(hours): "100"}},
        {"custom_fields": [{"id": hours, "value": "100"}]},
    ):
        entry = {
            "project_id": int(account),
            "activity_id": redmine.convention.activities.top_up,
            "hours": 1,
            **value,
        }
        made = specialist.send("POST", "/time_entries.json", time_entry=entry)["time_entry"]["id"]
        with redmine.connect(redmine.token) as portal:
            with pytest.raises(PortalRefused, match=f"time entry {made}"):
                portal.account(account)
            redmine.admin.send("DELETE", f"/time_entries/{made}.json")
            assert portal.account(account).granted == 4


def held(redmine: Redmine, portal: RedminePortal, ticket: str, hours: str = "0.5") -> str:
    """The hold for the ticket's only stage."""
    (stage,) = portal.ticket(ticket).stages
    return str(portal.hold("hold", redmine.account_id("school"), ticket, stage.id, Decimal(hours)).hold_id)


def test_what_no_list_of_changes_tells_is_told_while_hours_are_held(world: World) -> None:
    redmine: Redmine = world.portal.redmine  # type: ignore[attr-defined]
    renamed, staged = world.ticket(ROLE), world.ticket(ROLE)
    with redmine.connect(redmine.token) as portal:
        for ticket in (renamed, staged):
            (stage,) = portal.ticket(ticket).stages
            portal.hold(f"hold-{ticket}", redmine.account_id("school"), ticket, stage.id, Decimal("0.5"))
        time.sleep(redmine.tick)
        page = portal.changed_tickets(None)
        assert page is not None
        time.sleep(redmine.tick)
        before = redmine.admin.get(f"/issues/{renamed}.json")["issue"]["updated_on"]
        redmine.delete_stage(staged, stage=1)
        page = portal.changed_tickets(page.cursor)
        assert page is not None
        assert [(one.id, one.stages) for one in page.tickets] == [(staged, ())]
        redmine.rename_category(renamed, "Нормо-часы")
        assert redmine.admin.get(f"/issues/{renamed}.json")["issue"]["updated_on"] == before, (
            "a new name of a category touches no issue"
        )
        page = portal.changed_tickets(page.cursor)
        assert page is not None
        assert {(one.id, one.reason) for one in page.gone} == {(renamed, "moved"), (staged, "moved")}
    code, told = world.otbridge("doctor")
    assert (code, "check [portal] category_prefix; the portal's categories are: Нормо-часы (2)" in told) == (
        2,
        True,
    ), told


@pytest.mark.parametrize("how", ["moved", "renamed", "deleted", "stage deleted"])
def test_hours_that_are_held_for_what_is_gone_go_back(world: World, how: str) -> None:
    redmine: Redmine = world.portal.redmine  # type: ignore[attr-defined]
    ticket = world.ticket({"service": "2.9.1-content"})
    assert statuses(world.sync())[ticket][0] == "running"
    time.sleep(redmine.tick)
    match how:
        case "moved":
            redmine.move(ticket, "Техническая поддержка")
        case "renamed":
            redmine.rename_category(ticket, "Нормо-часы")
        case "deleted":
            redmine.delete(ticket)
        case _:
            redmine.delete_stage(ticket, stage=1)
    report = world.sync()
    assert report["exit"] == 0, report
    with redmine.connect(redmine.token) as portal:
        account = portal.account(redmine.account_id("school"))
    if how != "stage deleted":
        assert statuses(report)[ticket] == ("withdrawn", "gone")
    assert (account.held, account.available) == (0, 4)
    assert world.otbridge("reconcile")[0] == 0
    assert [one["done"] for one in world.sync()["tickets"]] in ([], [[]]), "and that is all"


def test_another_bridge_writes_nothing_until_the_first_is_released(world: World) -> None:
    redmine: Redmine = world.portal.redmine  # type: ignore[attr-defined]
    ticket = world.ticket(ROLE)
    with (
        redmine.connect(redmine.token, instance="journal-1") as one,
        redmine.connect(redmine.token, instance="journal-2") as other,
    ):
        one.note("n", ticket, "первый")
        with pytest.raises(AnotherBridge, match=f"issue {ticket}: .*: the bridge journal-1 works"):
            other.note("o", ticket, "второй")
        one.note("m", ticket, "ещё раз")
        key = redmine.convention.issue_fields.key
        redmine.admin.send(
            "PUT", f"/issues/{ticket}.json", issue={"custom_fields": [{"id": key, "value": ""}]}
        )
        other.note("o", ticket, "второй")
    assert messages(world, ticket) == ["первый", "ещё раз", "второй"]


def test_nothing_is_written_off_by_a_role_that_does_not_see_norm_hours(world: World) -> None:
    redmine: Redmine = world.portal.redmine  # type: ignore[attr-defined]
    ticket = world.ticket(ROLE)
    with redmine.connect(redmine.token) as portal:
        hold = held(redmine, portal, ticket, "0.05")
        redmine.report_ready(ticket, stage=1)
        redmine.accept(ticket, stage=1)
        roles = (
            f"CustomField.find({redmine.convention.entry_fields.hours}).roles",
            'Role.find_by(name: "Мост нормо-часов")',
        )
        redmine.ruby("{}.delete({})".format(*roles))
        try:
            for ask in (
                portal.meta,
                lambda: portal.capture("c", hold, [Charge("c", 3, 3, Decimal(1))], Decimal("0.05"), {}),
            ):
                with pytest.raises(PortalForbidden, match="does not see the norm-hours"):
                    ask()
            assert world.otbridge("doctor")[0] == 2
        finally:
            redmine.ruby("{} << {}".format(*roles))
        assert ledger(world, "capture") == []
        assert portal.capture(
            "c", hold, [Charge("c", 3, 3, Decimal(1))], Decimal("0.05"), {}
        ).amount == Decimal("0.05")


def test_a_ticket_that_is_moved_to_another_project_is_not_written_off_there(world: World) -> None:
    redmine: Redmine = world.portal.redmine  # type: ignore[attr-defined]
    redmine.open_account("other", "Академия", granted="4")
    world.ticket(
        ROLE, account="other", agreed=False
    )  # Redmine keeps a moved issue's category where the project has one of that name
    ticket = world.ticket(ROLE)
    world.sync()
    world.portal.accept(ticket, stage=1)

    def move(name: str) -> None:
        redmine.admin.send(
            "PUT", f"/issues/{ticket}.json", issue={"project_id": int(redmine.account_id(name))}
        )

    move("other")
    assert statuses(world.sync())[ticket] == ("failed", "refused")
    assert redmine.entries("other")[0]["activity"]["id"] == redmine.convention.activities.top_up
    move("school")
    assert world.otbridge("retry", ticket)[0] == 0
    assert statuses(world.sync())[ticket] == ("done", "done")
    assert len(ledger(world, "capture")) == 1


# What a customer's own rights do not undo


def stages(world: World, ticket: str) -> list[str]:
    """The numbers of a ticket's stages."""
    admin = world.portal.admin  # type: ignore[attr-defined]
    found = admin.get("/issues.json", parent_id=ticket, status_id="*", sort="id")
    return [str(one["id"]) for one in found["issues"]]


def shown(world: World, issue: str) -> dict[str, Any]:
    """All of an issue that a person could change, as Redmine's administrator sees it."""
    told = world.portal.admin.get(f"/issues/{issue}.json")["issue"]  # type: ignore[attr-defined]
    kept = (
        "project",
        "tracker",
        "status",
        "category",
        "parent",
        "subject",
        "estimated_hours",
        "custom_fields",
    )
    return {name: told.get(name) for name in kept}


def undoings(world: World, ticket: str) -> list[tuple[str, dict[str, Any]]]:
    """Every change that would take back what was agreed or accepted: of the ticket or of its stage, and
    what.
    """
    redmine: Redmine = world.portal.redmine  # type: ignore[attr-defined]
    convention = redmine.convention
    fields = convention.issue_fields
    (stage,) = stages(world, ticket)
    other = world.ticket(ROLE, category="Разное", agreed=False)
    category = redmine.admin.get(f"/issues/{other}.json")["issue"]["category"]["id"]
    unticked = {"custom_field_values": {str(fields.agreed): "0"}}
    changes: list[tuple[str, dict[str, Any]]] = [
        (ticket, unticked),
        (ticket, {"custom_fields": [{"id": fields.agreed, "value": "0"}]}),
        (ticket, {"tracker_id": convention.trackers.stage}),
        (ticket, {"category_id": category}),
        (ticket, {"category_id": ""}),
        (ticket, {"project_id": int(redmine.account_id("other"))}),
        (ticket, {"parent_issue_id": int(other)}),
        (ticket, {"status_id": convention.ticket_states[TicketState.OPEN], **unticked}),
        (stage, {"custom_field_values": {str(fields.coefficient): "0.1"}}),
        (stage, {"custom_field_values": {str(fields.held): "0", str(fields.taken): "0"}}),
        (stage, {"estimated_hours": "0.1"}),
        (stage, {"tracker_id": convention.trackers.ticket}),
        (stage, {"project_id": int(redmine.account_id("other"))}),
        (stage, {"parent_issue_id": int(other)}),
        (stage, {"parent_issue_id": ""}),
    ]
    return changes


def try_to_undo(world: World, ticket: str) -> None:
    """The customer, who is in a second project too, tries everything; nothing changes."""
    customer = world.portal.redmine.owner(ticket).customer  # type: ignore[attr-defined]
    for issue, change in undoings(world, ticket):
        before = shown(world, issue)
        customer.send("PUT", f"/issues/{issue}.json", issue=change)
        assert shown(world, issue) == before, change


def test_a_customer_undoes_nothing_that_is_agreed_accepted_or_written_off(world: World) -> None:
    redmine: Redmine = world.portal.redmine  # type: ignore[attr-defined]
    redmine.open_account("other", "Академия", granted="4")
    ticket = world.ticket(ROLE)
    customer = redmine.owner(ticket).customer
    me = customer.get("/users/current.json")["user"]["id"]
    redmine.admin.send(
        "POST",
        f"/projects/{redmine.account_id('other')}/memberships.json",
        membership={
            "user_id": me,
            "role_ids": [
                one["id"] for one in redmine.admin.get("/roles.json")["roles"] if one["name"] == "Заказчик"
            ],
        },
    )
    assert statuses(world.sync())[ticket] == ("awaiting-acceptance", "not-accepted")
    try_to_undo(world, ticket)
    assert statuses(world.sync())[ticket] == ("awaiting-acceptance", "not-accepted")

    world.portal.accept(ticket, stage=1)
    try_to_undo(world, ticket)
    assert statuses(world.sync())[ticket] == ("done", "done")
    try_to_undo(world, ticket)
    world.sync()
    assert len(ledger(world, "capture")) == 1
    assert ledger(world, "reversal") == []
    assert world.otbridge("reconcile")[0] == 0


def test_a_customer_may_take_a_new_agreement_back_and_agree_anew_when_a_specialist_asks(world: World) -> None:
    redmine: Redmine = world.portal.redmine  # type: ignore[attr-defined]
    agreed, states = str(redmine.convention.issue_fields.agreed), redmine.convention.ticket_states
    ticket = world.ticket({"service": "2.9.1-content"})
    people = redmine.owner(ticket)

    def set_(who: Any, value: str, **more: Any) -> str:
        who.send("PUT", f"/issues/{ticket}.json", issue={"custom_field_values": {agreed: value}, **more})
        told = redmine.admin.get(f"/issues/{ticket}.json")["issue"]["custom_fields"]
        return next(str(one["value"]) for one in told if str(one["id"]) == agreed)

    assert set_(people.customer, "0") == "0"
    assert set_(people.customer, "1") == "1"
    world.sync()
    assert set_(people.customer, "0") == "1", "work has begun"
    assert set_(people.specialist, "0", status_id=states[TicketState.OPEN]) == "0"
    assert set_(people.customer, "1") == "1"
    world.portal.withdraw(ticket)
    assert set_(people.customer, "0") == "1"
    assert statuses(world.sync())[ticket][0] == "withdrawn"


def test_redmine_asks_before_it_takes_an_acceptance(world: World) -> None:
    redmine: Redmine = world.portal.redmine  # type: ignore[attr-defined]
    ticket = world.ticket(ROLE)
    world.sync()
    (stage,) = stages(world, ticket)
    customer = redmine.owner(ticket).customer
    assert "Списать часы" not in customer.page(f"/issues/{stage}"), (
        "the field is there for the acceptance only"
    )
    accepted = redmine.convention.stage_states[StageState.ACCEPTED]
    asked = customer.page(f"/issues/{stage}/edit?issue[status_id]={accepted}")
    label = (
        r'title="Приёмка этапа списывает[^"]*"[^>]*>Списать часы этапа с баланса</span> <span '
        r'class="required">'
    )
    assert re.search(label, asked)
    assert "Да, этап принят, часы списать" in asked
    with pytest.raises(AssertionError, match=r"422 .*Списать часы этапа с баланса"):
        customer.send("PUT", f"/issues/{stage}.json", issue={"status_id": accepted})
    assert statuses(world.sync())[ticket] == ("awaiting-acceptance", "not-accepted")
    world.portal.reject(ticket, stage=1, comment="Не то")
    assert ledger(world, "capture") == []


def test_a_stage_shows_what_is_held_and_what_was_written_off_beside_what_was_estimated(world: World) -> None:
    redmine: Redmine = world.portal.redmine  # type: ignore[attr-defined]
    ticket = world.ticket(ROLE)
    (stage,) = stages(world, ticket)
    customer, ids = redmine.owner(ticket).customer, redmine.convention.issue_fields

    def figures() -> tuple[float, Any, Any]:
        told = customer.get(f"/issues/{stage}.json")["issue"]
        fields = {one["id"]: one["value"] for one in told["custom_fields"]}
        return told["estimated_hours"], fields[ids.held], fields[ids.taken] or ""

    world.sync()
    assert figures() == (1.0, "1", "")
    page = customer.page(f"/issues/{stage}")
    assert all(name in page for name in ("Резерв, н.ч", "Списано, н.ч"))
    world.portal.accept(ticket, stage=1)
    world.sync()
    estimated, held, taken = figures()
    assert (estimated, held, taken) == (
        1.0,
        "0",
        f"{-float(ledger(world, 'capture')[0]['custom_fields'][0]['value']):g}",
    )
    assert "Этапы: оценка и списано" in customer.page("/issues")

    other = world.ticket({**ROLE, "param_shortname": "other"})
    world.sync()
    world.portal.withdraw(other)
    world.sync()
    (left,) = stages(world, other)
    shown = {
        one["id"]: one["value"] for one in customer.get(f"/issues/{left}.json")["issue"]["custom_fields"]
    }
    assert (shown[ids.held], shown[ids.taken] or "") == ("0", "")


def test_the_page_of_a_ticket_shows_no_empty_fields_of_an_order(world: World) -> None:
    ticket = world.ticket(ROLE)
    page = world.portal.redmine.owner(ticket).customer.page(f"/issues/{ticket}")  # type: ignore[attr-defined]
    assert "(service)" in page.partition("history")[0]
    for empty in ("(variant)", "(param_course_id)", "(param_fullname)"):
        assert f"{empty}</span>" not in page.partition('id="update"')[0], empty


def test_a_set_up_that_is_run_again_changes_nothing_and_keeps_what_people_made(world: World) -> None:
    script = subprocess.run(
        [Path(sys.executable).with_name("otbridge"), "init-redmine", "--project", "otbridge-setup"],
        check=True,
        capture_output=True,
    ).stdout
    # An administrator asks for a category where the script would close it, lets the variant be shown, and
    # gives a parameter one field for all.
    around = f"""
        require "json"
        kinds = [WorkflowRule, CustomField, Role, Query]
        rows = ->(kind) {{ kind.order(:id).map {{ |row| row.attributes.except("updated_at") }} }}
        state = -> {{ kinds.map(&rows) }}
        ActiveRecord::Base.transaction do
          tracker, customer = Tracker.find_by!(name: "Заявка"), Role.find_by!(name: "Заказчик")
          of = {{tracker: tracker, role: customer, old_status: IssueStatus.find_by!(name: "Выполнена")}}
          WorkflowPermission.find_by!(of.merge(field_name: "category_id")).update!(rule: "required")
          IssueCustomField.find_by!(name: "Вариант (variant)").update!(full_width_layout: "0")
          common = {{name: "Краткое имя (param_shortname)"}}
          role = IssueCustomField.find_by(name: "Имя роли (param_shortname)")
          IssueCustomField.find_by(common) || role.update!(common)
          own = ["Имя курса (param_shortname)", "Имя роли (param_shortname)", "Код курса (param_shortname)"]
          IssueCustomField.where(name: own).destroy_all
          before = state.call
          eval("{base64.b64encode(script).decode()}".unpack1("m").force_encoding("UTF-8"))
          puts "told: #{{(state.call == before).to_json}}"
          raise ActiveRecord::Rollback
        end
    """
    told, made = runner(around)
    assert told.splitlines()[-1] == "told: true"
    assert "rename it to Код курса (param_shortname)" in made
    common = set(re.findall(r"the field (.+) serves", made))
    assert "Краткое имя (param_shortname)" in common
    assert common <= set(MADE_FOR_ALL.values()), "a field that is one action's own is not one for all"
    assert "made:" not in made
    assert f"coefficient = {world.portal.redmine.convention.issue_fields.coefficient}, " in told  # type: ignore[attr-defined]


def runner(ruby: str) -> tuple[str, str]:
    """What Ruby in the Redmine's own runner prints, and what it warns."""
    command = [*shlex.split(os.environ["REDMINE_RUNNER"]), "-"]
    ran = subprocess.run(command, input=ruby.encode(), check=True, capture_output=True)
    return ran.stdout.decode(), ran.stderr.decode()


# What doctor sees


def test_doctor_tells_a_category_that_was_renamed_and_norm_hours_that_the_bridge_does_not_see(
    world: World,
) -> None:
    redmine: Redmine = world.portal.redmine  # type: ignore[attr-defined]
    ticket = world.ticket(ROLE)
    code, told = world.otbridge("doctor", "--json")
    assert (code, "balances of 1 accounts can be read" in told) == (0, True), told

    category = redmine.admin.get(f"/issues/{ticket}.json")["issue"]["category"]["id"]
    redmine.admin.send("PUT", f"/issue_categories/{category}.json", issue_category={"name": "Платное"})
    code, told = world.otbridge("doctor", "--json")
    assert (code, "0 of 1 open tickets" in told, "Платное (1)" in told) == (2, True, True), told
    redmine.admin.send("PUT", f"/issue_categories/{category}.json", issue_category={"name": PAID})

    hours = f"CustomField.find({redmine.convention.entry_fields.hours})"
    bridge = 'Role.find_by!(name: "Мост нормо-часов")'
    try:
        runner(f"{hours}.roles.delete({bridge})")
        code, told = world.otbridge("doctor", "--json")
    finally:
        runner(f"{hours}.roles << {bridge}")
    assert (code, "does not see the norm-hours" in told) == (2, True), told
    assert world.otbridge("doctor")[0] == 0
