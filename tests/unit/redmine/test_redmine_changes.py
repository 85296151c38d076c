"""What has changed: nothing is lost though Redmine keeps whole seconds and commits late, and nothing is
told for ever.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.portal import PortalNotFound, PortalRefused, PortalUnreachable
from bridge.portal.redmine import changes
from bridge.portal.redmine.changes import Cursor
from tests.profile import THOROUGH
from tests.unit.redmine.redmine_fakes import AT, PAID, stamp
from tests.unit.redmine.redmine_site import OVERLAP, Poller, Site


@pytest.fixture
def site() -> Site:
    return Site()


@pytest.fixture
def poller(site: Site) -> Poller:
    return Poller(site)


@pytest.fixture
def three_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages are short."""
    monkeypatch.setattr(changes, "ROWS", 3)


short = pytest.mark.usefixtures("three_rows")

# The cursor

SECONDS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)).map(
    lambda moment: moment.replace(microsecond=0)
)
MARKS = st.builds(
    lambda kind, id_, at: f"{kind}{id_}@{stamp(at)}", st.sampled_from("it"), st.integers(1, 2**40), SECONDS
)


@given(
    st.builds(
        Cursor,
        SECONDS,
        SECONDS,
        rows=st.frozensets(st.integers(1, 2**40), max_size=4),
        late=st.none() | SECONDS,
        seen=st.frozensets(MARKS, max_size=4),
    )
)
def test_a_cursor_comes_back_from_its_text(cursor: Cursor) -> None:
    assert Cursor.read(str(cursor), "clients") == cursor
    assert str(cursor).isascii()


GOOD = '["2026-03-01T09:30:00Z","2026-03-01T09:30:00Z",[],null,[]]'


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0",
        "null",
        "{}",
        "[]",
        "17",
        "c2",
        GOOD[:-1],
        GOOD + " ",
        GOOD.replace("[],null", "0,null"),
        GOOD.replace("[],null", '["x"],null'),
        GOOD.replace("[],null", "[1e400],null"),
        GOOD.replace("[],null", "[2,1],null"),
        GOOD.replace("null", '"later"'),
        GOOD.replace("2026-03-01T09:30:00Z", "2026-03-01T09:30:00"),
        GOOD.replace("2026", "0001"),
        GOOD.replace("Z", "+03:00"),
        GOOD.replace("2026", "9999-"),
        GOOD.replace("null", "0"),
        GOOD.replace("null", '""'),
        "[" * 100_000,
        json.dumps([GOOD]),
    ],
)
def test_what_is_no_cursor_is_refused(site: Site, text: str) -> None:
    poller = Poller(site)
    assert Cursor.read(GOOD, "clients").issues == AT
    with pytest.raises(PortalRefused) as caught:
        poller.changes.page(text, None)
    assert (type(caught.value), caught.value.code, caught.value.portal) == (
        PortalRefused,
        "invalid",
        "clients",
    )
    assert len(str(caught.value)) < 1000


def test_marks_that_mean_nothing_hide_nothing(site: Site, poller: Poller) -> None:
    site.ticket()
    site.wait(5)
    page = poller.changes.page(GOOD.replace("null,[]", 'null,["","\\u0000","@","x","x@y"]'), None)
    assert page is not None
    assert len(page.tickets) == 1


@given(
    st.text()
    | st.recursive(st.none() | st.integers() | st.floats() | st.text(), st.lists, max_leaves=6).map(
        json.dumps
    )
)
def test_whatever_comes_as_a_cursor_is_refused_or_read(text: str) -> None:
    try:
        read = str(Cursor.read(text, "clients"))
    except PortalRefused as refusal:
        read = text if refusal.code == "invalid" else ""
    assert read == text


# Told once


def test_the_first_page_tells_all_tickets_the_oldest_change_first(site: Site, poller: Poller) -> None:
    first, second, third = site.ticket(), site.ticket(), site.ticket()
    site.wait(5)
    site.change(first)
    assert poller.ids() == [second, third, first]
    assert poller.cursor is not None
    assert not poller.has_more


def test_a_change_is_told_once(site: Site, poller: Poller) -> None:
    one, other = site.ticket(), site.ticket()
    site.wait(5)
    assert poller.ids() == [one, other]
    for _ in range(3):
        assert poller.ids() == []
        site.wait(1)
    site.change(other)
    site.wait(5)
    assert poller.ids() == [other]
    assert poller.ids() == []


def test_a_change_of_this_very_second_is_told_again_for_another_may_follow_it(
    site: Site, poller: Poller
) -> None:
    site.now += timedelta(milliseconds=200)
    ticket = site.ticket()
    first = poller.poll()[0]
    site.wait(0.5)
    site.change(ticket)
    assert first.updated_at == AT, "the second change stands in the second of the first"
    site.wait(0.5)
    second = poller.poll()[0]
    assert second.version > first.version
    site.wait(1)
    assert poller.ids() == [ticket], "the second may still not be over when it is looked at"
    site.wait(1)
    assert poller.ids() == []


def test_an_answer_of_nothing_new_does_not_hide_what_follows_in_its_second(
    site: Site, poller: Poller
) -> None:
    ticket = site.ticket()
    assert poller.ids() == [ticket]
    assert poller.ids() == [ticket]
    site.wait(0.3)
    site.change(ticket)
    site.wait(10)
    assert poller.ids() == [ticket]
    assert poller.versions[str(ticket)] == poller.reader.ticket(str(ticket)).version


def test_only_the_overlap_is_looked_at_again(site: Site, poller: Poller) -> None:
    site.ticket()
    site.wait(5)
    poller.poll()
    site.asked.clear()
    poller.poll()
    assert site.asked[0] == ("issues", {"updated_on": f">={stamp(AT - OVERLAP)}", "sort": "updated_on,id"}, 0)


@pytest.mark.parametrize("late", [1, 60, 120])
def test_a_change_whose_transaction_ends_late_is_told(site: Site, poller: Poller, late: float) -> None:
    one, other = site.ticket(), site.ticket()
    site.wait(5)
    poller.poll()
    site.change(one, late=late)
    site.wait(late - 0.5)
    site.change(other)
    assert poller.ids() == [other]
    site.wait(3)
    assert one in poller.ids()
    assert poller.ids() == []


def test_a_cursor_that_is_asked_again_tells_the_same_again(site: Site, poller: Poller) -> None:
    for _ in range(3):
        site.ticket()
    site.wait(5)
    first = poller.changes.page(None, None)
    assert first is not None
    site.change(1)
    site.wait(5)
    assert poller.changes.page(first.cursor, None) == poller.changes.page(first.cursor, None)


def test_an_issue_of_the_future_hides_nobody(site: Site, poller: Poller) -> None:
    """The server's clock was wrong for a while, or an import made the moments up."""
    one, other = site.ticket(), site.ticket()
    poller.poll()
    site.now += timedelta(hours=1)
    site.change(other)
    site.now -= timedelta(hours=1)
    poller.poll()
    for _ in range(5):
        site.wait(300)
        site.change(one)
        site.wait(5)
        assert one in poller.ids()


@short
@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_what_redmine_lets_through_of_the_second_before_the_overlap_is_not_told_again(
    site: Site, poller: Poller, count: int
) -> None:
    site.now += timedelta(milliseconds=500)
    for _ in range(count):
        site.ticket()
    site.wait(120.6)
    site.ticket()
    site.wait(5)
    assert len(poller.ids()) == count + 1
    assert poller.ids() == []


# The cursor stays short


def test_what_was_told_is_kept_for_the_overlap_only(site: Site, poller: Poller) -> None:
    tickets = [site.ticket() for _ in range(5)]
    for turn in range(200):
        site.wait(30)
        site.change(tickets[turn % 5])
        site.wait(5)
        poller.poll()
    assert len(Cursor.read(str(poller.cursor), "clients").seen) <= 2 * OVERLAP / timedelta(seconds=30)


def test_what_was_told_of_time_is_kept_for_the_overlap_only(site: Site, poller: Poller) -> None:
    ticket = site.ticket()
    for _ in range(100):
        site.wait(30)
        site.log(ticket)
        site.wait(5)
        poller.poll()
    assert len(Cursor.read(str(poller.cursor), "clients").seen) <= 2 * OVERLAP / timedelta(seconds=30)


@short
def test_the_cursor_of_a_long_list_stays_short(site: Site, poller: Poller) -> None:
    for _ in range(60):
        site.ticket()
        site.wait(60)
    lengths: list[int] = []
    while not lengths or poller.has_more:
        poller.page()
        lengths.append(len(Cursor.read(str(poller.cursor), "clients").seen))
    assert len(lengths) >= 20
    assert max(lengths) <= 8


# Long lists


@short
@pytest.mark.parametrize("ascending", [True, False])
@pytest.mark.parametrize("count", [2, 3, 4, 9, 10, 17])
def test_a_long_list_of_one_second_is_told_page_by_page(
    site: Site, poller: Poller, count: int, ascending: bool
) -> None:
    tickets = [site.ticket() for _ in range(count)]
    site.wait(10)
    for ticket in tickets if ascending else tickets[::-1]:
        site.wait(0.0001)  # finer than what Redmine prints, so that its order is not that of the numbers
        site.change(ticket)
    site.wait(200)
    pages: list[Any] = []
    cursors: list[Any] = []
    while not pages or poller.has_more:
        page = poller.page()
        assert page is not None
        pages.append([int(one.id) for one in page.tickets])
        cursors.append(page.cursor)
    assert sorted(id_ for page in pages for id_ in page) == tickets, "each exactly once"
    assert len(set(cursors)) == len(cursors), "the cursor moves"
    assert all(len(page) <= 3 for page in pages)
    assert len(pages) >= count // 3
    assert poller.ids() == []


@short
def test_seconds_full_of_changes_among_others_are_told_once(site: Site, poller: Poller) -> None:
    tickets = []
    for burst in (1, 8, 2, 1, 11, 3, 1):
        site.wait(2)
        site.now = site.now.replace(microsecond=0)
        tickets += [site.ticket() for _ in range(burst)]
    site.wait(500)
    told = poller.ids()
    assert sorted(told) == tickets
    assert told == sorted(told), "the oldest first"


@short
def test_rows_that_move_away_while_a_second_is_read_take_nobody_along(site: Site, poller: Poller) -> None:
    tickets = [site.ticket() for _ in range(12)]
    site.wait(500)
    poller.poll(2)
    site.asked.clear()

    def change_two() -> None:
        if len(site.asked) == 2:
            for ticket in tickets[:2]:
                site.change(ticket)

    site.before = change_two
    poller.poll()
    assert len([asked for asked in site.asked if "updated_on" in asked[1]]) > 3
    assert set(poller.versions) == {str(ticket) for ticket in tickets}


@short
def test_rows_that_are_deleted_while_a_second_is_read_take_nobody_along(site: Site, poller: Poller) -> None:
    tickets = [site.ticket() for _ in range(4)]
    site.wait(500)
    poller.poll(1)
    site.asked.clear()

    def delete_two() -> None:
        if len(site.asked) == 1:
            for ticket in tickets[:2]:
                site.delete(ticket)

    site.before = delete_two
    poller.poll()
    assert set(poller.versions) == {str(ticket) for ticket in tickets}


@short
def test_a_change_that_comes_late_into_a_list_that_is_being_read_is_told(site: Site, poller: Poller) -> None:
    """The list is read on an hour later, and ends far behind the change."""
    tickets = [site.ticket() for _ in range(9)]
    site.wait(5)
    poller.poll()
    site.wait(500)
    site.change(tickets[0], late=100)
    site.wait(2)
    for ticket in tickets[1:6]:
        site.change(ticket)
    poller.poll(2)
    assert poller.has_more
    site.wait(3600)
    for ticket in tickets[6:]:
        site.change(ticket)
    site.wait(5)
    for _ in range(2):
        poller.poll()
    assert poller.versions[str(tickets[0])] == poller.reader.ticket(str(tickets[0])).version


@short
def test_a_list_is_read_on_behind_what_was_told(site: Site, poller: Poller) -> None:
    tickets = [site.ticket() for _ in range(4)]
    site.wait(500)
    assert poller.ids(1) == tickets[:3]
    site.change(tickets[0])
    site.wait(5)
    assert poller.ids() == [tickets[3], tickets[0]]


@short
def test_time_is_looked_for_when_the_list_has_ended(site: Site, poller: Poller) -> None:
    tickets = [site.ticket() for _ in range(4)]
    site.wait(500)
    poller.poll(1)
    assert [what for what, filters, _ in site.asked if "activity_id" in filters] == []
    site.log(tickets[1])
    assert poller.ids() == [tickets[3], tickets[1]]
    assert [what for what, filters, _ in site.asked if "activity_id" in filters] == ["entries"]


# From a change to its ticket


def test_a_change_of_a_stage_is_one_of_its_ticket(site: Site, poller: Poller) -> None:
    ticket, other = site.ticket(), site.ticket()
    stages = [site.stage(ticket), site.stage(ticket), site.stage(other)]
    site.wait(5)
    poller.poll()
    for stage in stages[:2]:
        site.change(stage)
    site.wait(5)
    assert poller.ids() == [ticket], "once, though two of its stages have changed"
    for id_ in (stages[2], stages[0], ticket):
        site.wait(0.1)
        site.change(id_)
    site.wait(5)
    assert poller.ids() == [other, ticket]


def test_time_that_is_logged_is_a_change_of_its_ticket(site: Site, poller: Poller) -> None:
    ticket, other = site.ticket(), site.ticket()
    stage = site.stage(ticket)
    site.wait(5)
    poller.poll()
    site.log(stage)
    site.wait(5)
    assert poller.ids() == [ticket]
    assert poller.ids() == []
    site.log(other)
    site.log(stage)
    site.log(None)
    site.wait(5)
    assert set(poller.ids()) == {ticket, other}
    assert poller.ids() == []


@pytest.mark.parametrize("late", [1, 60, 120])
def test_time_whose_transaction_ends_late_is_told(site: Site, poller: Poller, late: float) -> None:
    one, other = site.ticket(), site.ticket()
    site.wait(5)
    poller.poll()
    site.log(one, late=late)
    site.wait(late - 0.5)
    site.log(other)
    site.wait(0.2)
    assert poller.ids() == [other]
    site.wait(3)
    assert one in poller.ids()
    assert poller.ids() == []


def test_time_of_the_very_second_is_told_again(site: Site, poller: Poller) -> None:
    ticket = site.ticket()
    site.wait(5)
    poller.poll()
    site.log(ticket)
    assert poller.ids() == [ticket]
    site.log(ticket)
    site.wait(5)
    assert poller.ids() == [ticket]
    assert poller.ids() == []


def test_rows_of_the_ledger_are_no_change(site: Site, poller: Poller) -> None:
    ticket = site.ticket()
    site.wait(5)
    poller.poll()
    for activity in (21, 22, 23):
        site.log(ticket, activity=activity)
    site.wait(5)
    assert poller.ids() == []


def test_time_on_many_issues_is_asked_for_in_lists_that_redmine_can_give(site: Site) -> None:
    stages = [site.stage(site.ticket()) for _ in range(130)]
    site.wait(5)
    poller = Poller(site)
    poller.poll()
    site.wait(200)
    for stage in stages:
        site.log(stage)
    site.wait(5)
    assert len(poller.ids()) == 130


@pytest.mark.parametrize(
    ("category", "told"),
    [
        (PAID, True),
        (f"{PAID}/Контент", True),
        (f"{PAID} / Контент / Отчёты", True),
        (f" {PAID} ", True),
        (f"{PAID}-2", False),
        (f"Архив / {PAID}", False),
        ("Техническая поддержка", False),
        ("", False),
        (None, False),
    ],
)
def test_categories_are_compared_step_by_step(
    site: Site, poller: Poller, category: str | None, told: bool
) -> None:
    ticket = site.ticket(category=category)
    stage = site.stage(ticket)
    site.wait(5)
    assert poller.ids() == ([ticket] if told else [])
    site.change(stage)
    site.log(stage)
    site.wait(5)
    assert poller.ids() == ([ticket] if told else [])
    assert Poller(site, prefix="").ids() == [ticket]
    assert Poller(site, prefix=f"{PAID} / Контент").ids() == (
        [ticket] if told and "Контент" in str(category) else []
    )


def test_issues_of_other_trackers_are_no_tickets(site: Site, poller: Poller) -> None:
    ticket = site.ticket()
    odd = [site.ticket(tracker=3), site.ticket(tracker=2), site.stage(ticket, tracker=3)]
    deep = site.stage(site.stage(ticket))
    site.wait(5)
    assert poller.ids() == [ticket]
    for id_ in (*odd, deep):
        site.change(id_)
        site.log(id_)
    site.wait(5)
    assert poller.ids() == []
    assert not set(site.read) & set(odd), "what is not a ticket is not asked for"


def test_a_ticket_that_comes_into_the_category_is_told(site: Site, poller: Poller) -> None:
    ticket = site.ticket(category="Техническая поддержка")
    site.wait(5)
    assert poller.ids() == []
    site.set(ticket, category={"id": 8, "name": PAID})
    site.wait(5)
    assert poller.ids() == [ticket]


# What leaves the filter


def test_a_ticket_that_leaves_the_category_is_told_as_gone_once(site: Site, poller: Poller) -> None:
    ticket = site.ticket()
    site.wait(5)
    poller.poll()
    site.set(ticket, category={"id": 9, "name": "Техническая поддержка"})
    moved = site.now
    site.wait(5)
    assert poller.left() == [(ticket, "moved")]
    assert poller.gone[0].at == moved
    assert poller.left() == []


@pytest.mark.parametrize("tracker", [2, 3])
def test_a_ticket_that_gets_another_tracker_is_told_as_gone(site: Site, poller: Poller, tracker: int) -> None:
    ticket = site.ticket()
    site.wait(5)
    poller.poll()
    site.set(ticket, tracker={"id": tracker, "name": "Ошибка"})
    site.wait(5)
    assert poller.left() == [(ticket, "moved")]


def test_a_stage_of_a_ticket_that_has_left_with_its_category_tells_it(site: Site, poller: Poller) -> None:
    ticket = site.ticket()
    stage = site.stage(ticket)
    site.wait(5)
    poller.poll()
    site.rename(ticket, "Архив")
    site.change(stage)
    site.wait(5)
    assert poller.left() == [(ticket, "moved")]


def test_a_paid_ticket_and_its_stages_are_never_gone(site: Site, poller: Poller) -> None:
    ticket = site.ticket()
    stage = site.stage(ticket)
    site.hold(ticket, stage)
    site.log(stage)
    site.wait(5)
    assert poller.left() == []
    for id_ in (ticket, stage):
        site.change(id_)
        site.wait(5)
        assert poller.left() == []


def test_a_ticket_is_gone_that_vanishes_while_its_page_is_read(site: Site, poller: Poller) -> None:
    one, gone = site.ticket(), site.ticket()
    site.wait(5)
    whole = site.issue

    def issue(id_: str) -> Any:
        if int(id_) == one:
            site.delete(gone)
        return whole(id_)

    with mock.patch.object(site, "issue", issue):
        assert poller.left() == [(gone, "deleted")]


def begun(site: Site, poller: Poller) -> tuple[int, int]:
    """A ticket that was told, with hours held for its only stage, and Redmine at rest."""
    ticket = site.ticket()
    stage = site.stage(ticket)
    site.wait(5)
    poller.poll()
    site.hold(ticket, stage)
    site.wait(500)
    assert poller.poll() == []
    assert poller.page() is None
    return ticket, stage


def test_what_is_held_for_a_ticket_that_was_deleted_is_told(site: Site, poller: Poller) -> None:
    ticket, stage = begun(site, poller)
    site.delete(stage)
    site.delete(ticket)
    assert poller.left() == [(ticket, "deleted")]
    assert poller.left() == [(ticket, "deleted")], "as long as hours are held for it"
    site.holds.clear()
    assert poller.left() == []


def test_what_is_held_for_a_ticket_that_was_moved_out_of_sight_is_told(site: Site, poller: Poller) -> None:
    ticket, stage = begun(site, poller)
    site.hidden |= {ticket, stage}
    assert poller.left() == [(ticket, "moved")]


def test_a_whole_account_out_of_sight_gives_no_hours_back(site: Site, poller: Poller) -> None:
    ticket, stage = begun(site, poller)
    site.hidden |= {ticket, stage, 3}
    assert poller.left() == []
    site.hidden.clear()
    assert poller.left() == []


def test_what_is_held_in_a_category_that_was_renamed_is_told(site: Site, poller: Poller) -> None:
    ticket, _ = begun(site, poller)
    site.rename(ticket, "Нормо-часы")
    assert poller.left() == [(ticket, "moved")]


@pytest.mark.parametrize("how", ["deleted", "hidden", "moved"])
def test_a_ticket_whose_held_stage_is_gone_is_told_as_changed(site: Site, poller: Poller, how: str) -> None:
    ticket, stage = begun(site, poller)
    before = poller.versions[str(ticket)]
    if how == "deleted":
        site.delete(stage)
    elif how == "hidden":
        site.hidden.add(stage)
    else:
        other = site.ticket()
        site.wait(500)
        poller.poll()
        site.move_quietly(stage, other)
    (told,) = poller.poll()
    assert told.id == str(ticket)
    assert told.version > before, "or the journal would keep what it has"
    assert poller.gone == []
    site.wait(2)
    site.change(ticket)
    site.holds.clear()
    site.wait(5)
    (later,) = poller.poll()
    assert later.version > told.version


def test_what_is_held_is_looked_for_in_lists_that_redmine_can_give(site: Site, poller: Poller) -> None:
    pairs = [(ticket, site.stage(ticket)) for ticket in [site.ticket() for _ in range(130)]]
    site.wait(5)
    poller.poll()
    for ticket, stage in pairs:
        site.hold(ticket, stage)
    site.wait(500)
    poller.poll()
    site.asked.clear()
    poller.poll()
    assert len([1 for what, filters, _ in site.asked if "issue_id" in filters]) == 3


@short
def test_what_is_held_is_looked_for_at_the_end_of_a_list(site: Site, poller: Poller) -> None:
    ticket, stage = begun(site, poller)
    site.delete(stage)
    site.delete(ticket)
    for _ in range(4):
        site.ticket()
    site.wait(500)
    page = poller.page()
    assert page is not None
    assert (page.has_more, page.gone) == (True, ())
    assert poller.left() == [(ticket, "deleted")]


def test_a_held_ticket_that_cannot_be_read_is_a_fault_of_its_own(site: Site, poller: Poller) -> None:
    ticket, stage = begun(site, poller)
    site.delete(stage)
    site.set(ticket, status={"id": 99, "name": "Отложена"})
    other = site.ticket()
    site.wait(5)
    page = poller.page()
    assert page is not None
    assert [one.ref for one in page.faults] == [str(ticket)]
    assert [int(one.id) for one in page.tickets] == [other]


# What cannot be read


def test_a_ticket_that_cannot_be_read_stops_no_other(site: Site, poller: Poller) -> None:
    one, bad, other = site.ticket(), site.ticket(), site.ticket()
    site.set(bad, status={"id": 99, "name": "Отложена"})
    site.wait(5)
    page = poller.page()
    assert page is not None
    assert [int(ticket.id) for ticket in page.tickets] == [one, other]
    (fault,) = page.faults
    assert fault.ref == str(bad)
    assert fault.problems == (f"#{bad}: the status 'Отложена' stands for no state (ticket_states)",)
    assert json.loads(fault.payload)["status"] == {"id": 99, "name": "Отложена"}
    again = poller.page()
    assert again is not None
    assert (again.tickets, again.faults) == ((), ()), "it is told again when somebody has changed it"
    site.set(bad, status={"id": 1, "name": "Новая"})
    site.wait(5)
    assert poller.ids() == [bad]


@pytest.mark.parametrize(
    "fields", [None, 7, {}, [None], [{"id": "x"}], [{"id": 31, "value": {"a": 1}}], [{"value": "1"}]]
)
def test_fields_that_a_plugin_has_made_otherwise_stop_no_other(
    site: Site, poller: Poller, fields: Any
) -> None:
    one, bad, other = site.ticket(), site.ticket(), site.ticket()
    site.set(bad, custom_fields=fields)
    site.wait(5)
    assert {one, other} <= set(poller.ids()) <= {one, bad, other}


@pytest.mark.parametrize("broken", ["ticket", "stage"])
def test_an_issue_that_a_plugin_has_made_otherwise_stops_no_other(
    site: Site, poller: Poller, broken: str
) -> None:
    one, bad, other = site.ticket(), site.ticket(), site.ticket()
    stage = site.stage(bad)
    site.set(bad if broken == "ticket" else stage, subject=7)
    site.wait(5)
    page = poller.page()
    assert page is not None
    assert {int(ticket.id) for ticket in page.tickets} == {one, other}
    (fault,) = page.faults
    assert fault.ref == str(bad)
    assert "subject" in fault.problems[0]
    site.set(bad if broken == "ticket" else stage, subject="Роль")
    site.wait(5)
    assert poller.ids() == [bad]


@pytest.mark.parametrize("subject", ["\x00", "'; DROP", "\N{PILE OF POO}", "\u2028"])
def test_a_fault_is_told_whatever_stands_in_it(site: Site, poller: Poller, subject: str) -> None:
    bad = site.ticket()
    site.set(bad, status={"id": 99, "name": "?"}, subject=subject)
    page = poller.page()
    assert page is not None
    (fault,) = page.faults
    assert "\x00" not in json.loads(fault.payload)["subject"]
    fault.payload.encode()


def test_a_ticket_that_was_deleted_meanwhile_is_left_out(site: Site, poller: Poller) -> None:
    one, gone = site.ticket(), site.ticket()
    site.wait(5)
    whole = site.issue

    def issue(id_: str) -> Any:
        if int(id_) == one:
            site.delete(gone)
        return whole(id_)

    with mock.patch.object(site, "issue", issue):
        assert poller.ids() == [one]
    assert poller.ids() == []


def test_a_stage_that_was_deleted_meanwhile_lets_the_page_be_asked_for_again(
    site: Site, poller: Poller
) -> None:
    ticket = site.ticket()
    stage = site.stage(ticket)
    site.wait(5)
    whole = site.issue

    def issue(id_: str) -> Any:
        found = whole(id_)
        if int(id_) == ticket:
            site.delete(stage)
        return found

    with mock.patch.object(site, "issue", issue), pytest.raises(PortalNotFound):
        poller.poll()
    assert poller.cursor is None
    assert poller.ids() == [ticket]


def test_a_stage_whose_ticket_is_gone_is_left_out(site: Site, poller: Poller) -> None:
    ticket = site.ticket()
    stage = site.stage(ticket)
    site.delete(ticket)
    site.log(stage)
    assert poller.ids() == []
    assert poller.cursor is not None


def test_a_redmine_that_goes_down_meanwhile_tells_nothing(site: Site, poller: Poller) -> None:
    site.ticket()
    site.wait(5)
    down = mock.Mock(side_effect=PortalUnreachable("issue", "down"))
    with mock.patch.object(site, "issue", down), pytest.raises(PortalUnreachable):
        poller.poll()
    assert poller.cursor is None
    assert len(poller.poll()) == 1


# ETags


def test_the_same_rows_are_told_as_nothing(site: Site, poller: Poller) -> None:
    ticket = site.ticket()
    stage = site.stage(ticket)
    site.log(stage)
    site.wait(5)
    first = poller.page()
    assert first is not None
    idle = poller.changes.page(first.cursor, first.etag)
    assert idle is not None, "the ETag of another cursor stands for nothing"
    assert (idle.tickets, idle.cursor) == ((), first.cursor)
    read = len(site.read)
    assert poller.changes.page(idle.cursor, idle.etag) is None
    assert len(site.read) == read, "an idle poll reads no ticket"
    again = poller.changes.page(idle.cursor, None)
    assert again is not None, "only who names an ETag is answered that nothing has changed"
    assert again.etag == idle.etag
    for happens in (lambda: site.change(stage), lambda: site.log(ticket), lambda: site.log(stage)):
        site.wait(5)
        happens()
        site.wait(5)
        later = poller.changes.page(idle.cursor, idle.etag)
        assert later is not None
        assert [one.id for one in later.tickets] == [str(ticket)]
        assert later.etag != idle.etag


def test_an_etag_that_redmine_never_gave_is_none(site: Site, poller: Poller) -> None:
    assert poller.changes.page(None, "x") is not None


# A whole life

EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("wait"), st.sampled_from([0.1, 0.4, 0.9, 1, 2, 30, 119, 121, 600])),
        st.tuples(st.just("change"), st.integers(0, 9), st.sampled_from([0, 0, 0, 0.5, 2, 60, 119, 120])),
        st.tuples(st.just("burst"), st.sampled_from([1, -1])),
        st.tuples(st.just("ticket"), st.sampled_from([PAID, PAID, "Поддержка"])),
        st.tuples(st.just("stage"), st.integers(0, 9)),
        st.tuples(st.just("log"), st.integers(0, 9), st.sampled_from([0, 0, 0.5, 60, 120])),
        st.tuples(st.just("poll"), st.sampled_from([1, 1, 2, 5])),
    ),
    max_size=40,
)


@settings(max_examples=1000 if THOROUGH else 80)
@given(EVENTS, st.sampled_from([3, 3, 5]), st.sampled_from([0, 0.01, 0.3, 20]))
def test_whatever_happens_the_last_that_is_told_of_a_ticket_is_how_it_is(
    events: list[Any], rows: int, pace: float
) -> None:
    site = Site()
    poller = Poller(site)
    issues = [site.ticket(), site.ticket(), site.ticket()]
    with mock.patch.object(changes, "ROWS", rows):
        for kind, *given_ in events:
            if kind == "wait":
                site.wait(given_[0])
            elif kind == "change":
                site.change(issues[given_[0] % len(issues)], late=given_[1])
            elif kind == "burst":
                for id_ in issues[:: given_[0]]:
                    site.now += timedelta(microseconds=1)
                    site.change(id_)
            elif kind == "ticket":
                issues.append(site.ticket(category=given_[0]))
            elif kind == "stage":
                heads = [id_ for id_ in issues if id_ in site.paid]
                issues.append(site.stage(heads[given_[0] % len(heads)]))
            elif kind == "log":
                site.log(issues[given_[0] % len(issues)], late=given_[1])
            else:
                site.pace = timedelta(seconds=pace)
                poller.poll(given_[0])
                site.pace = timedelta(0)
        site.settle()
        for _ in range(2):
            poller.poll()
        assert poller.versions == {str(id_): poller.reader.ticket(str(id_)).version for id_ in site.paid}
        site.wait(3)
        poller.poll()
        assert poller.ids() == [], "and then nothing is told any more"
