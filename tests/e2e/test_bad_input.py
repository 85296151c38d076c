"""Bad input ends in a clear message where its reader looks; the other tickets go on, and nothing is written off."""

from __future__ import annotations

import re

import pytest

from tests.e2e.conftest import RESTORE, ROLE, World


def check(world: World, ticket: str, *, note: str, status: str, operator: str) -> None:
    """One pass with a good ticket beside the bad one."""
    good = world.ticket({**ROLE, "param_shortname": "good"}, number="good")
    report = world.sync()
    by_id = {one["id"]: one for one in report["tickets"]}
    assert report["exit"] == 1
    assert by_id[ticket]["status"] == status
    assert by_id[good]["status"] == "awaiting-acceptance"
    assert note in world.customer_notes(ticket)
    assert world.captures() == []
    assert world.open_holds() == 1, "only the good ticket's hours are held"
    told = " ".join(re.sub("[│┃]", " ", world.otbridge("status")[1]).split())
    assert operator in told
    again = world.sync()
    assert world.customer_notes(ticket).count(note) == 1, "told once"
    assert (again["exit"], len(again["operator"])) == (1, 1), "as long as it waits for an operator, every pass says so"


def test_an_unknown_service(world: World) -> None:
    ticket = world.ticket({"service": "9.9-magic"})
    check(world, ticket, note="услуги «9.9-magic» нет в каталоге", status="needs-order", operator="order has faults")


def test_missing_and_wrong_parameters(world: World) -> None:
    ticket = world.ticket({"service": "2.9.1-access", "param_shortname": "Куратор", "param_colour": "red"})
    report = world.sync()
    notes = world.customer_notes(ticket)
    assert report["exit"] == 1
    for name in ("shortname", "name", "context_levels", "capabilities", "colour"):
        assert f"– {name}" in notes
    assert world.open_holds() == 0


def test_a_course_that_no_backup_holds(world: World) -> None:
    ticket = world.ticket(RESTORE)
    check(world, ticket, note="Ни в корзине, ни в резервных копиях нет курса", status="failed", operator="otbridge retry")


def test_two_courses_of_that_name(world: World) -> None:
    world.course_deleted(shortname="A-1", fullname="Физика")
    world.course_deleted(shortname="A-2", fullname="Физика")
    ticket = world.ticket({"service": "2.9.1-restore", "param_fullname": "Физика"})
    check(world, ticket, note="Укажите в заказе course_id нужного курса", status="failed", operator="otbridge retry")


def test_a_course_that_is_not_deleted(world: World) -> None:
    world.moodle.add_course(fullname="Охрана труда", shortname="OT-1")
    ticket = world.ticket(RESTORE)
    check(world, ticket, note="Такой курс уже есть в системе", status="failed", operator="otbridge retry")


def test_a_role_that_exists_already(world: World) -> None:
    ticket = world.ticket({**ROLE, "param_shortname": "student"})
    check(world, ticket, note="«student» уже есть", status="failed", operator="otbridge retry")


def test_a_capability_that_moodle_does_not_know(world: World) -> None:
    ticket = world.ticket({**ROLE, "param_capabilities": "moodle/course:fly"})
    check(world, ticket, note="moodle/course:fly", status="failed", operator="otbridge retry")


def test_a_capability_that_the_policy_guards(world: World) -> None:
    ticket = world.ticket({**ROLE, "param_capabilities": "moodle/site:config"})
    check(world, ticket, note="moodle/site:config", status="failed", operator="otbridge retry")


def test_a_mended_order_goes_on_by_itself(world: World) -> None:
    ticket = world.ticket({**ROLE, "param_capabilities": "moodle/course:fly"})
    world.sync()

    world.portal.edit_fields(ticket, ROLE)
    mended = world.sync()

    assert [one["status"] for one in mended["tickets"]] == ["awaiting-acceptance"]
    assert len(world.roles()) == 1
    assert world.open_holds() == 1


def test_retry_lets_a_failed_ticket_go_on_once_the_cause_is_mended(world: World) -> None:
    world.ticket(RESTORE, number="55")
    world.sync()
    world.course_deleted()

    code, told = world.otbridge("retry", "55")
    after = world.sync()

    assert (code, "55" in told) == (0, True)
    assert [one["status"] for one in after["tickets"]] == ["awaiting-acceptance"]
    assert len(world.courses()) == 1


def test_a_rejected_stage_is_done_anew_after_what_was_made_was_taken_back(world: World) -> None:
    ticket = world.ticket(ROLE, number="56")
    world.sync()
    world.portal.reject(ticket, stage=1, comment="не хватает прав")
    assert [(one["status"], one["reason"]) for one in world.sync()["tickets"]] == [("failed", "rejected")]
    world.portal.edit_fields(ticket, {**ROLE, "param_shortname": "methodist2"})

    world.otbridge("retry", "56")
    world.sync()
    world.portal.accept(ticket, stage=1)
    world.sync()

    assert world.portal.ticket(ticket).state == "done"
    assert len(world.roles("methodist2")) == len(world.captures()) == 1
    assert world.open_holds() == 0


def test_what_is_done_is_billed_as_the_service_that_was_begun(world: World) -> None:
    world.moodle.restore_seconds = 3.0
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


@pytest.mark.parametrize("mode", ["html", "garbage", "maintenance"])
def test_a_moodle_that_answers_html_leaves_the_ticket_where_it_is(world: World, mode: str) -> None:
    world.course_deleted()
    ticket = world.ticket(RESTORE)
    world.moodle.faults.add("local_otbridge_find_backups", mode, times=20)

    report = world.sync()

    assert report["exit"] == 3
    assert [one["status"] for one in report["tickets"]] == ["queued"]
    assert world.customer_notes(ticket) == ""

    world.moodle.faults.clear()
    assert [one["status"] for one in world.sync()["tickets"]] == ["awaiting-acceptance"]


def test_a_portal_page_that_is_no_json(world: World) -> None:
    world.ticket(ROLE)
    world.portal.faults.add("GET /api/otbridge/v1/tickets", "html", times=20)

    report = world.sync()

    assert report["exit"] == 3
    assert "tickets" in report["problems"][0]
    world.portal.faults.clear()
    assert world.sync()["exit"] == 0


def test_a_ticket_without_a_number_is_told_and_stops_nothing(world: World) -> None:
    world.portal.put_broken_ticket({"number": None})
    good = world.ticket(ROLE)

    report = world.sync()

    assert report["exit"] == 1
    assert any("number" in problem for fault in report["faults"] for problem in fault["problems"])
    assert [(one["id"], one["status"]) for one in report["tickets"]] == [(good, "awaiting-acceptance")]
    assert "number" in world.otbridge("status")[1]


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

    assert code == 2
    assert "otbridge migrate" in told


def test_a_portal_that_is_not_there(world: World) -> None:
    world.portal.stop()

    assert world.sync()["exit"] == 3
