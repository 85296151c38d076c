"""A ticket out of issues, journals and time entries: what was agreed counts, not what stands there now;
every fault is told at once.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.tickets import StageState, Ticket, TicketState
from bridge.flow.orders.draft import Draft
from bridge.portal.redmine import reading, wire
from bridge.portal.wire import NotTheContract
from tests.unit.redmine import redmine_fakes as fakes
from tests.unit.redmine.redmine_fakes import (
    AT,
    BRIDGE,
    CUSTOMER,
    PAID,
    SPECIALIST,
    STAGE,
    TICKET,
    agrees,
    change,
    entry_json,
    joins,
    journal,
    moves,
    stage_json,
    ticket_json,
    ticket_of,
)

ESTIMATE = ("attr", "estimated_hours")
COEFFICIENT = ("cf", 33)


def problems(*given: Any) -> tuple[str, ...]:
    with pytest.raises(NotTheContract) as caught:
        ticket_of(*given)
    return caught.value.problems


def agreed_ticket(*journals: dict[str, Any], **members: Any) -> dict[str, Any]:
    """A ticket whose subtask was added by journal 1 and whose estimate was agreed by journal 10."""
    return ticket_json(
        agreed="1", journals=[journal(1, joins(STAGE)), journal(10, agrees(), at=60), *journals], **members
    )


def stage_of(**members: Any) -> Any:
    """The one stage of an agreed ticket."""
    (stage,) = ticket_of(agreed_ticket(), [stage_json(**members)]).stages
    return stage


# What an issue says


def test_an_issue_is_a_ticket() -> None:
    upload = {
        "id": 77,
        "filename": "план.txt",
        "filesize": 3,
        "content_type": "text/plain",
        "content_url": "https://x/77",
    }
    told = ticket_of(
        agreed_ticket(attachments=[upload], updated_on=fakes.stamp(90)), [stage_json()], [entry_json(1)]
    )
    assert (told.id, told.number, told.subject, told.category) == ("100", "100", "Роль методиста", PAID)
    assert (told.customer_id, told.customer_name, told.account_id) == ("3", "Школа № 7", "3")
    assert (told.state, told.created_at, told.agreed_at) == (TicketState.OPEN, AT, AT + timedelta(seconds=60))
    assert (told.updated_at, told.withdrawn_at, told.agreement_required) == (
        AT + timedelta(seconds=90),
        None,
        True,
    )
    (file,) = told.attachments
    assert (file.id, file.name, file.size, file.sha256, file.media_type) == (
        "77",
        "план.txt",
        3,
        "",
        "text/plain",
    )
    (stage,) = told.stages
    assert (stage.id, stage.title, stage.estimate, stage.coefficient) == (
        "101",
        "Этап 101",
        Decimal("1.5"),
        1,
    )
    assert (stage.state, stage.portal_revision, stage.accepted_at, stage.rejected_at, stage.comment) == (
        StageState.PLANNED,
        1,
        None,
        None,
        "",
    )
    (entry,) = told.time_entries
    assert (entry.id, entry.stage_id, entry.specialist, entry.category) == (
        "1",
        "101",
        "Иван Специалист",
        "Разработка",
    )
    assert (entry.minutes, entry.at, entry.note) == (30, AT, "")


def test_an_issue_without_a_category_is_a_ticket_without_one() -> None:
    assert ticket_of(ticket_json(category=None)).category == ""


@pytest.mark.parametrize(("state", "status"), list(fakes.CONVENTION.ticket_states.items()))
def test_a_status_stands_for_a_state_of_the_ticket(state: TicketState, status: int) -> None:
    assert ticket_of(ticket_json(status=status)).state is state


@pytest.mark.parametrize(("state", "status"), list(fakes.CONVENTION.stage_states.items()))
def test_a_status_stands_for_a_state_of_the_stage(state: StageState, status: int) -> None:
    assert stage_of(status=status).state is state


def test_a_status_that_stands_for_no_state_is_told_with_its_issue() -> None:
    told = problems(agreed_ticket() | {"status": {"id": 99, "name": "Отложена"}}, [stage_json(status=98)])
    assert told == (
        "#101: the status 'Выдуманный' stands for no state (stage_states)",
        "#100: the status 'Отложена' stands for no state (ticket_states)",
    )


def test_a_stages_status_is_not_a_tickets() -> None:
    assert problems(ticket_json(status=7)) == (
        "#100: the status 'Принята' stands for no state (ticket_states)",
    )


def test_a_withdrawn_ticket_tells_when_it_was_withdrawn() -> None:
    history = [
        journal(1, moves(1, 6), at=5),
        journal(2, moves(6, 1), at=6),
        journal(3, moves(1, 6), at=7),
        journal(4, at=8, notes="жаль"),
    ]
    assert ticket_of(ticket_json(status=6, journals=history)).withdrawn_at == AT + timedelta(seconds=7)
    assert ticket_of(ticket_json(status=1, journals=history[:2])).withdrawn_at is None


# What was agreed


def test_nothing_is_agreed_before_the_box_is_ticked() -> None:
    told = ticket_of(ticket_json(journals=[journal(1, joins(STAGE))]), [stage_json()])
    assert (told.agreed_at, told.stages) == (None, ())


def test_a_box_that_is_no_longer_ticked_is_no_agreement() -> None:
    history = [journal(1, joins(STAGE)), journal(2, agrees()), journal(3, agrees(yes=False))]
    told = ticket_of(ticket_json(agreed="0", journals=history), [stage_json()])
    assert (told.agreed_at, told.stages) == (None, ())


@pytest.mark.parametrize(
    ("what", "old", "members"),
    [(ESTIMATE, "1.5", {"hours": 4.0}), (COEFFICIENT, "1", {"coefficient": "0.6"})],
    ids=["estimate", "K"],
)
def test_what_is_changed_after_the_agreement_counts_once_it_is_agreed_anew(
    what: tuple[str, str], old: str, members: dict[str, Any]
) -> None:
    later = stage_json(**members, journals=[journal(11, change(*what, old, "x"))])
    before, after = ("1.5", "1"), (str(members.get("hours", "1.5")), members.get("coefficient", "1"))
    again = [journal(12, agrees(yes=False), at=70), journal(13, agrees(), at=80)]
    (first,) = ticket_of(agreed_ticket(), [later]).stages
    assert (first.estimate, first.coefficient) == (Decimal(before[0]), Decimal(before[1]))
    anew = ticket_of(agreed_ticket(*again), [later])
    assert (anew.stages[0].estimate, anew.stages[0].coefficient) == (Decimal(after[0]), Decimal(after[1]))
    assert anew.agreed_at == AT + timedelta(seconds=80)


def test_of_several_changes_after_the_agreement_the_first_tells_what_was_agreed() -> None:
    history = [
        journal(5, change(*ESTIMATE, "9", "2")),
        journal(11, change(*ESTIMATE, "2", "3")),
        journal(12, change(*COEFFICIENT, "1", "0.6"), change(*ESTIMATE, "3", "4")),
    ]
    for journals in (history, history[::-1]):
        (stage,) = ticket_of(
            agreed_ticket(), [stage_json(hours=4, coefficient="0.6", journals=journals)]
        ).stages
        assert (stage.estimate, stage.coefficient) == (2, 1)


def test_moments_do_not_matter_where_journals_tell_the_order() -> None:
    later = stage_json(hours=4, journals=[journal(11, change(*ESTIMATE, "1.5", "4"), at=60)])
    assert ticket_of(agreed_ticket(), [later]).stages[0].estimate == Decimal("1.5"), (
        "in the second of the agreement, and yet behind it"
    )


def test_a_change_of_something_else_changes_no_estimate() -> None:
    other = [
        change("cf", "estimated_hours", "7", "8"),
        change("attr", 33, "7", "8"),
        change("attr", "subject", "a", "b"),
    ]
    (stage,) = ticket_of(agreed_ticket(), [stage_json(journals=[journal(11, *other)])]).stages
    assert (stage.estimate, stage.coefficient) == (Decimal("1.5"), 1)


def test_an_estimate_that_was_missing_when_it_was_agreed_is_missing() -> None:
    later = stage_json(hours=2, journals=[journal(11, change(*ESTIMATE, None, "2"))])
    assert problems(agreed_ticket(), [later]) == (
        "#101, estimated time: must say the agreed norm-hours, is ''",
    )


def test_a_subtask_that_came_after_the_agreement_is_no_stage() -> None:
    ticket = agreed_ticket(journal(11, joins(102)))
    both = [stage_json(102), stage_json()]
    assert [one.id for one in ticket_of(ticket, both).stages] == ["101"]
    anew = agreed_ticket(journal(11, joins(102)), journal(12, agrees(yes=False)), journal(13, agrees()))
    assert [one.id for one in ticket_of(anew, both).stages] == ["101", "102"], "in the order of their numbers"


def test_a_subtask_that_left_and_came_back_after_the_agreement_is_no_stage() -> None:
    ticket = agreed_ticket(journal(11, change("attr", "child_id", "101", None)), journal(12, joins(STAGE)))
    assert ticket_of(ticket, [stage_json()]).stages == ()


@pytest.mark.parametrize(("created", "count"), [(59, 1), (60, 1), (61, 0)])
def test_a_subtask_whose_coming_no_journal_tells_is_placed_by_its_moment(created: float, count: int) -> None:
    ticket = ticket_json(agreed="1", journals=[journal(10, agrees(), at=60)])
    assert len(ticket_of(ticket, [stage_json(created_on=fakes.stamp(created))]).stages) == count


def test_a_fault_of_a_subtask_that_was_not_agreed_is_none() -> None:
    assert (
        len(
            ticket_of(
                agreed_ticket(journal(11, joins(102))), [stage_json(), stage_json(102, hours=None, status=99)]
            ).stages
        )
        == 1
    )


def test_a_ticket_may_come_agreed() -> None:
    told = ticket_of(
        ticket_json(agreed="1", journals=[journal(3, joins(STAGE))]), [stage_json(created_on=fakes.stamp(9))]
    )
    assert (told.agreed_at, told.stages) == (AT, ()), "what comes later was not agreed"
    told = ticket_of(
        ticket_json(agreed="1"), [stage_json(hours=4, journals=[journal(5, change(*ESTIMATE, "2", "4"))])]
    )
    assert (told.agreed_at, told.stages[0].estimate) == (AT, 2)


@dataclass
class Site:
    """A ticket as people change it, and beside it what was agreed, told in the simplest way."""

    agreed: bool
    journals: list[dict[str, Any]] = field(default_factory=list)
    stages: dict[int, dict[str, Any]] = field(default_factory=dict)
    deal: dict[int, tuple[str, str]] | None = None
    number: int = 0
    second: int = 0

    def __post_init__(self) -> None:
        self.deal = {} if self.agreed else None

    def write(self, into: list[dict[str, Any]], *details: dict[str, Any]) -> None:
        """A journal; ids grow over the whole Redmine."""
        self.number += 1
        into.append(journal(self.number, *details, at=self.second))

    def add(self, hours: str, coefficient: str) -> None:
        id_ = STAGE + len(self.stages)
        self.stages[id_] = stage_json(
            id_, hours=hours, coefficient=coefficient, created_on=fakes.stamp(self.second), journals=[]
        )
        self.write(self.journals, joins(id_))

    def edit(self, id_: int, hours: str | None, coefficient: str | None) -> None:
        """One journal tells what has really changed, as Redmine does."""
        stage, details = self.stages[id_], []
        if hours is not None and hours != stage["estimated_hours"]:
            details.append(change(*ESTIMATE, stage["estimated_hours"], hours))
            stage["estimated_hours"] = hours
        if coefficient is not None and coefficient != stage["custom_fields"][1]["value"]:
            details.append(change(*COEFFICIENT, stage["custom_fields"][1]["value"], coefficient))
            stage["custom_fields"][1]["value"] = coefficient
        if details:
            self.write(stage["journals"], *details)

    def tick(self, *, yes: bool) -> None:
        if yes != self.agreed:
            self.agreed = yes
            self.write(self.journals, agrees(yes=yes))
            now = {
                id_: (one["estimated_hours"], one["custom_fields"][1]["value"])
                for id_, one in self.stages.items()
            }
            self.deal = now if yes else None

    def told(self, order: random.Random) -> Ticket:
        """What the bridge reads; Redmine tells journals backwards to whom likes it so."""
        stages = [
            {**one, "journals": order.sample(one["journals"], len(one["journals"]))}
            for one in self.stages.values()
        ]
        ticket = ticket_json(
            agreed="01"[self.agreed], journals=order.sample(self.journals, len(self.journals))
        )
        return ticket_of(ticket, order.sample(stages, len(stages)))


HOURS = st.integers(0, 60).map(lambda number: str(Decimal(number) / 20))
KS = st.sampled_from(["1", "0.6", "0,6", "0.05"])
WORKS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), HOURS, KS),
        st.tuples(st.just("edit"), st.integers(0, 9), st.none() | HOURS, st.none() | KS),
        st.tuples(st.just("tick"), st.booleans()),
        st.tuples(st.just("wait"), st.integers(1, 3)),
    ),
    max_size=25,
)


@given(st.booleans(), WORKS, st.randoms(use_true_random=False))
def test_what_counts_is_what_stood_there_when_it_was_agreed(
    at_once: bool, works: list[Any], order: random.Random
) -> None:
    site = Site(at_once)
    for kind, *given_ in works:
        if kind == "add":
            site.add(*given_)
        elif kind == "edit" and site.stages:
            id_ = sorted(site.stages)[given_[0] % len(site.stages)]
            site.edit(id_, *given_[1:])
        elif kind == "tick":
            site.tick(yes=given_[0])
        elif kind == "wait":
            site.second += given_[0]
    told = site.told(order)
    assert (told.agreed_at is not None) == site.agreed
    assert {int(one.id): (one.estimate, one.coefficient) for one in told.stages} == {
        id_: (Decimal(hours), Decimal(k.replace(",", "."))) for id_, (hours, k) in (site.deal or {}).items()
    }


# Acceptance and rejection


def test_an_accepted_stage_tells_when_and_in_which_words() -> None:
    stage = stage_of(
        status=7,
        journals=[journal(20, moves(1, 4), at=1), journal(21, moves(4, 7), at=2, notes="спасибо\r\nвсем")],
    )
    assert (stage.accepted_at, stage.rejected_at, stage.portal_revision) == (
        AT + timedelta(seconds=2),
        None,
        1,
    )
    assert stage.comment == "спасибо\nвсем"


def test_each_rejection_begins_a_revision_and_the_last_word_counts() -> None:
    history = [
        journal(20, moves(4, 8), at=1, notes="не та роль"),
        journal(21, moves(8, 4), at=2),
        journal(22, moves(4, 8), at=3, notes="и эта не та"),
        journal(23, moves(8, 4), at=4, notes="теперь та"),
        journal(24, moves(4, 7), at=5, notes="та"),
    ]
    told = [
        stage_of(status=history[end - 1]["details"][0]["new_value"], journals=history[:end])
        for end in range(1, 6)
    ]
    assert [one.portal_revision for one in told] == [2, 2, 3, 3, 3]
    assert [one.comment for one in told] == ["не та роль", "не та роль", "и эта не та", "и эта не та", "та"]
    assert [one.rejected_at for one in told] == [AT + timedelta(seconds=second) for second in (1, 1, 3, 3, 3)]
    assert [one.accepted_at for one in told] == [None, None, None, None, AT + timedelta(seconds=5)]


@pytest.mark.parametrize("status", [1, 2, 4, 8])
def test_a_stage_that_is_accepted_no_longer_has_no_moment_of_acceptance(status: int) -> None:
    assert (
        stage_of(
            status=status, journals=[journal(20, moves(4, 7)), journal(21, moves(7, status))]
        ).accepted_at
        is None
    )


def test_a_stage_that_is_written_off_keeps_when_and_how_it_was_accepted() -> None:
    stage = stage_of(
        status=9,
        journals=[journal(20, moves(4, 7), at=1, notes="да"), journal(21, moves(7, 9), at=2, user=BRIDGE)],
    )
    assert (stage.accepted_at, stage.comment) == (AT + timedelta(seconds=1), "да")


def test_a_stage_that_was_accepted_by_silence_was_accepted_when_it_was_written_off() -> None:
    history = [
        journal(20, moves(4, 8), at=1, notes="нет"),
        journal(21, moves(8, 4), at=2),
        journal(22, moves(4, 9), at=3, user=BRIDGE),
    ]
    stage = stage_of(status=9, journals=history)
    assert (stage.state, stage.accepted_at, stage.portal_revision) == (
        StageState.WRITTEN_OFF,
        AT + timedelta(seconds=3),
        2,
    )
    assert stage.comment == "", "nobody said a word"


# Numbers that people write


@pytest.mark.parametrize(
    ("told", "hours"),
    [
        (1.5, "1.5"),
        (0, "0"),
        (0.05, "0.05"),
        (0.1, "0.1"),
        (0.15, "0.15"),
        (0.35, "0.35"),
        (2, "2"),
        (0.333, None),
        (0.33, None),
        (0.02, None),
        (-0.5, None),
        (-3, None),
        (None, None),
        (0.01, None),
        (1e30, None),
        (1e-30, "0"),
    ],
)
def test_an_estimate_is_a_multiple_of_three_minutes(told: Any, hours: str | None) -> None:
    if hours is not None:
        assert stage_of(hours=told).estimate == Decimal(hours)
    else:
        (problem,) = problems(agreed_ticket(), [stage_json(hours=told)])
        assert problem.startswith("#101, estimated time: must ")
        if told is not None:
            assert str(Decimal(json.dumps(told))) in problem


def test_an_estimate_in_odd_minutes_is_told_with_the_unit() -> None:
    assert problems(agreed_ticket(), [stage_json(hours=0.33)]) == (
        "#101, estimated time: must be a multiple of 3 minutes (0.05 h), is 0.33",
    )


def test_whole_minutes_come_back_from_redmines_fractions() -> None:
    for minutes in range(0, 601, 3):
        assert stage_of(hours=minutes / 60).estimate == Decimal(minutes) / 60
        assert stage_of(hours=round(minutes / 60, 2)).estimate == Decimal(minutes) / 60


@pytest.mark.parametrize(
    ("told", "coefficient"),
    [
        ("1", "1"),
        ("0.6", "0.6"),
        ("0,6", "0.6"),
        (" 0.6\N{NO-BREAK SPACE}", "0.6"),
        ("0.001", "0.001"),
        ("1.0", "1"),
    ],
)
def test_k_is_a_number_as_people_write_it(told: str, coefficient: str) -> None:
    assert stage_of(coefficient=told).coefficient == Decimal(coefficient)


@pytest.mark.parametrize(
    "told",
    [
        "",
        " ",
        "-1",
        "0",
        "0.0001",
        "1.0001",
        "один",
        "NaN",
        "Infinity",
        "1e30",
        "1e999999",
        "1e-30",
        "1.00000000000000000000000000000000001",
        "9" * 40,
    ],
)
def test_what_is_no_k_is_told_with_its_field(told: str) -> None:
    assert problems(agreed_ticket(), [stage_json(coefficient=told)]) == (
        f"#101, Коэффициент К: must be a number such as 1 or 0.6, is {told!r}",
    )


def test_a_k_that_is_empty_as_nothing_is_told_too() -> None:
    stage = stage_json() | {"custom_fields": [fakes.field(31, ""), fakes.field(33, None)]}
    assert problems(agreed_ticket(), [stage]) == (
        "#101, Коэффициент К: must be a number such as 1 or 0.6, is ''",
    )


# Fields of the order


def test_fields_of_the_order_go_by_their_names() -> None:
    fields = [
        fakes.field(60, "AAAA", "Установка (installation)"),
        fakes.field(61, "2.9.1-access", "Услуга (service)"),
        fakes.field(62, "2", "quantity"),
        fakes.field(63, "a\r\nb", "param_shortname"),
        fakes.field(64, ["x", "y"], "param_capabilities"),
        fakes.field(65, "!", "Отдел"),
        fakes.field(66, "!", "services"),
        fakes.field(67, "!", "param_Name"),
        fakes.field(68, "!", "(service) услуга"),
    ]
    told = ticket_of(ticket_json(*fields))
    assert told.installation == "AAAA"
    assert told.fields == {
        "service": "2.9.1-access",
        "quantity": "2",
        "param_shortname": "a\nb",
        "param_capabilities": "x\ny",
    }


@pytest.mark.parametrize("empty", ["", " \r\n ", None, []])
def test_a_field_that_is_empty_is_left_out(empty: Any) -> None:
    told = ticket_of(
        ticket_json(
            fakes.field(60, empty, "installation"),
            fakes.field(61, empty, "service"),
            fakes.field(62, "1", "service"),
        )
    )
    assert (told.installation, told.fields) == (None, {"service": "1"})


def test_two_fields_of_one_name_are_a_fault() -> None:
    fields = [fakes.field(60, "1", "service"), fakes.field(61, "2", "Услуга (service)")]
    assert problems(ticket_json(*fields)) == ("#100: two fields are called service: rename one of them",)


def test_a_parameter_that_several_actions_know_is_read_from_the_field_of_each() -> None:
    service = fakes.field(60, "2.9.1-access", "service")
    course, role = (
        fakes.field(id_, value, f"Имя {of} (param_shortname)")
        for id_, value, of in ((61, "", "курса"), (62, "curator", "роли"))
    )
    assert ticket_of(ticket_json(service, course, role)).fields == {
        "service": "2.9.1-access",
        "param_shortname": "curator",
    }


def test_a_parameter_that_is_given_twice_is_the_customer_s_to_mend_and_no_fault_of_the_ticket() -> None:
    service = fakes.field(60, "2.9.1-access", "service")
    course, role = (
        fakes.field(id_, value, f"Имя {of} (param_shortname)")
        for id_, value, of in ((61, "c", "курса"), (62, "r", "роли"))
    )
    draft = Draft.of_fields(ticket_of(ticket_json(service, course, role)).fields)
    assert draft is not None
    assert draft.faults == (
        "param_shortname: указано дважды («param_shortname» и «Имя роли (param_shortname)»): оставьте одно",
    )


# Messages


def test_the_description_and_the_notes_are_the_thread() -> None:
    history = [
        journal(1, at=1, user=BRIDGE, notes="принято"),
        journal(2, moves(1, 2), at=2),
        journal(3, at=3, user=SPECIALIST, notes="зачем?\r\n"),
        journal(4, at=4, user=SPECIALIST, notes="не говорите", private_notes=True),
        journal(5, at=5, notes="затем"),
        journal(6, at=6, user=None, notes="кто это?"),
        journal(7, at=7, notes=None),
        journal(8, at=8, notes=" \r\n"),
    ]
    for journals in (history, history[::-1]):
        told = ticket_of(ticket_json(description="Прошу\r\nроль", journals=journals)).thread
        assert [(one.id, one.author, one.visibility, one.text) for one in told] == [
            ("d100", "customer", "customer", "Прошу\nроль"),
            ("j1", "bridge", "customer", "принято"),
            ("j3", "specialist", "customer", "зачем?\n"),
            ("j4", "specialist", "internal", "не говорите"),
            ("j5", "customer", "customer", "затем"),
            ("j6", "specialist", "customer", "кто это?"),
        ]
        assert [one.at for one in told] == [AT + timedelta(seconds=second) for second in (0, 1, 3, 4, 5, 6)]


@pytest.mark.parametrize("nothing", [None, "", " \n"])
def test_an_empty_description_is_no_message(nothing: str | None) -> None:
    assert ticket_of(ticket_json(description=nothing)).thread == ()


def test_what_no_journal_can_keep_is_kept_without_it() -> None:
    fields = [fakes.field(60, "a\x00b", "service"), fakes.field(61, ["a\x00b"], "param_x")]
    upload = {"id": 1, "filename": "a\x00b", "filesize": 1, "content_type": None}
    told = ticket_of(
        agreed_ticket(
            journal(20, notes="a\x00b"), subject="a\x00b", description="a\x00b", attachments=[upload]
        )
        | {"custom_fields": [fakes.field(31, ""), fakes.field(32, "1"), *fields]},
        [stage_json(subject="a\x00b")],
        [entry_json(1, comments="a\x00b")],
    )
    assert "\\x00" not in repr(told)
    assert told.subject == "a\N{REPLACEMENT CHARACTER}b"


# Time


def test_every_minute_comes_back_from_the_hours_that_redmine_prints() -> None:
    entries = [entry_json(minutes, hours=round(minutes / 60, 2)) for minutes in range(601)]
    assert [one.minutes for one in ticket_of(agreed_ticket(), [stage_json()], entries).time_entries] == list(
        range(601)
    )


@given(st.integers(0, 60 * 1000))
def test_any_time_comes_back(minutes: int) -> None:
    (entry,) = ticket_of(ticket_json(), [], [entry_json(1, hours=round(minutes / 60, 2))]).time_entries
    assert entry.minutes == minutes


def test_rows_of_the_ledger_are_no_time() -> None:
    entries = [entry_json(number, activity=activity) for number, activity in enumerate(fakes.ACTIVITIES, 1)]
    told = ticket_of(agreed_ticket(), [stage_json()], entries).time_entries
    assert [(one.id, one.category) for one in told] == [("4", "Разработка"), ("5", "Контент")]


def test_time_belongs_to_an_agreed_stage_or_to_none() -> None:
    entries = [entry_json(4, on=999), entry_json(3, on=102), entry_json(2, on=TICKET), entry_json(1)]
    told = ticket_of(
        agreed_ticket(journal(11, joins(102))), [stage_json(), stage_json(102)], entries
    ).time_entries
    assert [(one.id, one.stage_id) for one in told] == [("1", "101"), ("2", None), ("3", None), ("4", None)]
    assert ticket_of(ticket_json(), [], [entry_json(5, on=None)]).time_entries[0].stage_id is None


@pytest.mark.parametrize("hours", [-0.5, 1e30, Decimal("1e999999")])
def test_hours_that_nobody_can_have_worked_are_a_fault(hours: Any) -> None:
    (problem,) = problems(ticket_json(), [], [entry_json(7, hours=hours)])
    assert problem.startswith("time entry 7: ")


# Versions


@pytest.mark.parametrize(
    "given_",
    [
        (ticket_json(updated_on=fakes.stamp(1)), [stage_json()], []),
        (ticket_json(), [stage_json(updated_on=fakes.stamp(1))], []),
        (ticket_json(), [stage_json()], [entry_json(1, updated_on=fakes.stamp(1))]),
    ],
    ids=["ticket", "stage", "time"],
)
def test_a_later_second_is_a_later_version(given_: Any) -> None:
    crowded = ticket_of(ticket_json(journals=[journal(number) for number in range(1, 1000)]), [stage_json()])
    later = ticket_of(*given_)
    assert later.version > crowded.version
    assert (crowded.updated_at, later.updated_at) == (AT, AT + timedelta(seconds=1))
    assert later.version < 2**53


@pytest.mark.parametrize(
    "given_",
    [
        (
            ticket_json(journals=[journal(1), journal(3)]),
            [stage_json(journals=[journal(2)])],
            [entry_json(1)],
        ),
        (
            ticket_json(journals=[journal(1)]),
            [stage_json(journals=[journal(2), journal(3)])],
            [entry_json(1)],
        ),
        (
            ticket_json(journals=[journal(1)]),
            [stage_json(journals=[journal(2)])],
            [entry_json(1), entry_json(2)],
        ),
        (
            ticket_json(journals=[journal(1)]),
            [stage_json(journals=[journal(2)]), stage_json(102)],
            [entry_json(1)],
        ),
        (
            ticket_json(
                journals=[journal(1)],
                attachments=[{"id": 1, "filename": "a", "filesize": 1, "content_type": None}],
            ),
            [stage_json(journals=[journal(2)])],
            [entry_json(1)],
        ),
    ],
    ids=["a journal of the ticket", "a journal of a stage", "time", "a stage", "a file"],
)
def test_one_more_change_of_the_same_second_is_a_later_version(given_: Any) -> None:
    before = ticket_of(
        ticket_json(journals=[journal(1)]), [stage_json(journals=[journal(2)])], [entry_json(1)]
    )
    assert ticket_of(*given_).version > before.version


def test_the_ledgers_rows_are_no_change_of_the_ticket() -> None:
    assert ticket_of(ticket_json(), [], [entry_json(1, activity=22, updated_on=fakes.stamp(9))]) == ticket_of(
        ticket_json()
    )


def test_more_changes_than_a_version_can_count_never_reach_the_next_second(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reading, "COUNTED", 4)
    many = ticket_of(ticket_json(journals=[journal(number) for number in range(1, 10)]))
    assert many.version < ticket_of(ticket_json(updated_on=fakes.stamp(1))).version


# All faults at once


def test_every_fault_is_told_at_once() -> None:
    fields = [fakes.field(60, "1", "service"), fakes.field(61, "2", "service")]
    ticket = agreed_ticket(journal(2, joins(102))) | {
        "custom_fields": [fakes.field(32, "1"), *fields],
        "status": {"id": 99, "name": "Отложена"},
    }
    bad = stage_json(102, hours=None, coefficient="", status=99)
    bare = stage_json(103, hours=0.33) | {"custom_fields": [], "created_on": fakes.stamp(0)}
    assert problems(ticket, [bad, stage_json(), bare]) == (
        (
            "#100: has no field 31 (issue_fields.key): let its tracker and project have it, "
            "visible to the bridge's role"
        ),
        "#100: two fields are called service: rename one of them",
        "#102, estimated time: must say the agreed norm-hours, is ''",
        "#102, Коэффициент К: must be a number such as 1 or 0.6, is ''",
        "#102: the status 'Выдуманный' stands for no state (stage_states)",
        (
            "#103: has no field 31 (issue_fields.key): let its tracker and project have it, "
            "visible to the bridge's role"
        ),
        (
            "#103: has no field 33 (issue_fields.coefficient): let its tracker and project have "
            "it, visible to the bridge's role"
        ),
        "#103, estimated time: must be a multiple of 3 minutes (0.05 h), is 0.33",
        "#100: the status 'Отложена' stands for no state (ticket_states)",
    )


def test_a_ticket_without_the_field_of_agreement_is_a_fault_and_not_unagreed() -> None:
    assert problems(ticket_json() | {"custom_fields": [fakes.field(31, "")]}) == (
        (
            "#100: has no field 32 (issue_fields.agreed): let its tracker and project have it, "
            "visible to the bridge's role"
        ),
    )


# JSON


@pytest.mark.parametrize(
    "body", [b"", b"{", b"\xff", b"[" * 100_000, b'{"a": 1e99999999999999999999}', b"9" * 5000]
)
def test_what_is_no_json_is_a_fault(body: bytes) -> None:
    with pytest.raises(ValueError):
        wire.document(body)


def test_numbers_stay_as_they_are_written() -> None:
    assert str(wire.document(b'{"hours": 0.10}')["hours"]) == "0.10"
    assert wire.read(
        wire.TimeEntry, wire.document(json.dumps(entry_json(1, hours=0.33)).encode())
    ).hours == Decimal("0.33")


def test_every_member_that_does_not_fit_is_told_with_its_path() -> None:
    with pytest.raises(NotTheContract) as caught:
        wire.read(
            wire.Issue,
            {**ticket_json(), "id": "x", "created_on": "2026-03-01", "journals": [{"id": 1, "details": []}]},
        )
    paths = [one.partition(": ")[0] for one in caught.value.problems]
    assert paths == ["id", "created_on", "journals.0.created_on"]


def test_what_redmine_leaves_out_is_empty() -> None:
    bare = {
        name: value
        for name, value in ticket_json().items()
        if name not in ("category", "description", "custom_fields")
    }
    read = wire.read(wire.Issue, bare)
    assert (read.category, read.description, read.custom_fields, read.allowed_statuses) == (
        None,
        "",
        (),
        None,
    )
    assert read.field(31) is None


def test_a_customers_name_is_the_projects() -> None:
    told = ticket_of(ticket_json(author={"id": CUSTOMER, "name": "Кто-то"}))
    assert (told.customer_id, told.customer_name) == ("3", "Школа № 7")
