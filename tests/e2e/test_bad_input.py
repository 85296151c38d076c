"""Bad input ends in a clear message where its reader looks; the other tickets go on, and nothing is
written off.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import RESTORE, ROLE, World, a_world
from tests.profile import THOROUGH


@dataclass(frozen=True)
class Bad:
    """An order that cannot be carried out, and what is made of it.

    Attributes:
        fields: what the form says.
        note: what the customer reads.
        status: where the ticket stands after the pass.
        operator: what `otbridge status` says of it.
    """

    fields: dict[str, str]
    note: tuple[str, ...]
    status: str = "failed"
    operator: str = "otbridge retry"


BAD = {
    "unknown-service": Bad(
        {"service": "9.9-magic"}, ("услуги «9.9-magic» нет в каталоге",), "needs-order", "order has faults"
    ),
    "parameters": Bad(
        {"service": "2.9.1-access", "param_shortname": "Куратор", "param_colour": "red"},
        ("– shortname", "– name", "– context_levels", "– capabilities", "– colour"),
        "needs-order",
        "order has faults",
    ),
    "twenty-digits": Bad(
        {**RESTORE, "param_course_id": "1" * 20},
        ("course_id: слишком большое число",),
        "needs-order",
        "order has faults",
    ),
    "control-character": Bad(
        {**RESTORE, "param_shortname": "OT\x0b1"},
        ("shortname: содержит управляющий символ U+000B",),
        "needs-order",
        "order has faults",
    ),
    "misspelt-parameter": Bad(
        {**RESTORE, "param_shortnam": "x"}, ("похожие: shortname",), "needs-order", "order has faults"
    ),
    "archetype": Bad({**ROLE, "param_archetype": "editingteacher"}, ("archetype:editingteacher",)),
    "no-backup": Bad(
        {**RESTORE, "param_shortname": "nowhere"}, ("Ни в корзине, ни в резервных копиях нет курса",)
    ),
    "two-courses": Bad(
        {"service": "2.9.1-restore", "param_fullname": "Физика"},
        ("Укажите в заказе course_id нужного курса",),
    ),
    "not-deleted": Bad(RESTORE, ("Такой курс уже есть в системе",)),
    "role-exists": Bad({**ROLE, "param_shortname": "student"}, ("«student» уже есть",)),
    "unknown-capability": Bad({**ROLE, "param_capabilities": "moodle/course:fly"}, ("moodle/course:fly",)),
    "guarded-capability": Bad({**ROLE, "param_capabilities": "moodle/site:config"}, ("moodle/site:config",)),
}
"""By the number of the ticket."""


@dataclass(frozen=True)
class Passes:
    """Two passes over all bad orders, a ticket that cannot be read, and a good one in the end."""

    world: World
    ids: dict[str, str]
    first: dict[str, Any]
    status: str
    again: dict[str, Any]

    def standing(self, number: str) -> str:
        """Where the first pass left a ticket."""
        return str(next(one["status"] for one in self.first["tickets"] if one["number"] == number))

    def row(self, number: str) -> str:
        """What `otbridge status` says of a ticket, without the table's lines."""
        found = next(row for row in re.split("[├└]", self.status) if re.search(rf"[│┃] {number} ", row))
        return " ".join(re.sub("[│┃]", " ", found).split())


@pytest.fixture(scope="module")
def passes(tmp_path_factory: pytest.TempPathFactory, empty_journal: Path) -> Iterator[Passes]:
    with a_world(tmp_path_factory.mktemp("bad"), empty_journal) as world:
        world.course_deleted(shortname="A-1", fullname="Физика")
        world.course_deleted(shortname="A-2", fullname="Физика")
        world.moodle.add_course(fullname="Охрана труда", shortname="OT-1")
        world.portal.put_broken_ticket({"number": None})
        ids = {number: world.ticket(bad.fields, number=number) for number, bad in BAD.items()}
        ids["free"] = world.ticket({}, number="free")
        ids["good"] = world.ticket({**ROLE, "param_shortname": "good"}, number="good")
        first, (_, status), again = world.sync(), world.otbridge("status"), world.sync()
        yield Passes(world, ids, first, status, again)


@pytest.mark.parametrize("number", BAD)
def test_a_bad_order_is_told_to_its_customer_once_and_to_the_operator(passes: Passes, number: str) -> None:
    bad = BAD[number]
    assert passes.standing(number) == bad.status
    notes = passes.world.customer_notes(passes.ids[number])
    for part in bad.note:
        assert notes.count(part) == 1
    assert bad.operator in passes.row(number)


def test_a_ticket_without_a_number_is_told(passes: Passes) -> None:
    (fault,) = passes.first["faults"]
    assert any("number" in problem for problem in fault["problems"])
    assert "A ticket cannot be read" in passes.status


def test_the_good_ticket_goes_on_and_only_its_hours_are_held(passes: Passes) -> None:
    assert passes.standing("good") == "awaiting-acceptance"
    assert [role.shortname for role in passes.world.roles("good")] == ["good"]
    assert passes.world.captures() == []
    assert passes.world.open_holds() == 1


def test_every_pass_says_that_a_ticket_waits_for_an_operator_but_not_for_its_customer(
    passes: Passes,
) -> None:
    for report in (passes.first, passes.again):
        assert (report["exit"], report["operator"]) == (1, ["free"])


@pytest.mark.skipif(not THOROUGH, reason="what scenarios show, with processes: HYPOTHESIS_PROFILE=thorough")
def test_what_is_done_is_billed_as_the_service_that_was_begun(world: World) -> None:
    world.moodle.restore_seconds = 1.5
    world.course_deleted()
    ticket = world.ticket(RESTORE)
    world.sync_killed_when(lambda: any(one.status == "running" for one in world.moodle.operations()))
    world.portal.edit_fields(ticket, ROLE)

    world.sync()
    world.portal.accept(ticket, stage=1)
    world.sync()

    assert [entry.amount for entry in world.captures()] == [1]
    assert len(world.courses()) == 1


def test_a_wrong_moodle_token_stops_its_tickets_and_is_told(world: World) -> None:
    world.configure(moodle_token="0" * 32)
    ticket = world.ticket(RESTORE)

    report = world.sync()

    assert report["exit"] == 2
    assert "check the token" in report["problems"][0]
    assert world.customer_notes(ticket) == ""
    assert world.open_holds() == 0


def test_a_wrong_portal_token_is_told(world: World) -> None:
    world.configure(portal_token="wrong")
    world.ticket(ROLE)

    report = world.sync()

    assert report["exit"] == 2
    assert "401" in report["problems"][0]


def test_a_moodle_that_answers_html_leaves_the_ticket_where_it_is(world: World) -> None:
    world.course_deleted()
    ticket = world.ticket(RESTORE)
    for mode, exit_code, status in (
        ("html", 3, "queued"),
        ("garbage", 3, "queued"),
        ("maintenance", 1, "failed"),
    ):
        world.moodle.faults.clear()
        world.moodle.faults.add("local_otbridge_find_backups", mode, times=20)

        report = world.sync()

        assert report["exit"] == exit_code, (
            "the site itself answers: from the third time on an operator looks at the ticket"
        )
        assert [one["status"] for one in report["tickets"]] == [status]
        assert world.customer_notes(ticket) == ""
        assert len(world.moodle.faults.planned()) == 1

    world.moodle.faults.clear()
    number = world.portal.tickets()[0].number
    assert world.otbridge("retry", number)[0] == 0
    assert [one["status"] for one in world.sync()["tickets"]] == ["awaiting-acceptance"]


def test_a_portal_page_that_is_no_json(world: World) -> None:
    world.ticket(ROLE)
    world.portal.faults.add("GET /api/otbridge/v1/tickets", "html", times=20)

    report = world.sync()

    assert report["exit"] == 3
    assert "tickets" in report["problems"][0]
    world.portal.faults.clear()
    assert world.sync()["exit"] == 0


def test_settings_with_faults_are_told_all_at_once(world: World) -> None:
    (world.directory / "bridge.toml").write_text('[portal]\nurl = "ftp://x"\ncolour = 1\n', encoding="utf-8")

    code, told = world.otbridge("sync")

    assert code == 2
    for part in ("portal.url", "portal.colour", "installation"):
        assert part in told


def test_secrets_that_others_may_read_are_refused(world: World) -> None:
    (world.directory / ".env").chmod(0o644)

    code, told = world.otbridge("sync")

    assert code == 2
    assert "chmod 600" in told


def test_a_journal_that_was_never_made_says_what_to_do(world: World) -> None:
    (world.directory / "journal.sqlite3").unlink()

    code, told = world.otbridge("sync")

    assert code == 4
    assert "otbridge migrate" in told


def test_a_portal_that_is_not_there(world: World) -> None:
    world.portal.stop()

    assert world.sync()["exit"] == 3
