"""create-assignments: orders with tables, times and grades, and the steps."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.actions import OrderInvalid, Plan, validate
from bridge.actions.create_assignments import ACTION
from bridge.actions.create_assignments.params import CreateAssignmentsParams
from tests.unit.actions.fake_moodle import FakeMoodle, make_context
from tests.unit.actions.test_places import make_moodle


def order(*assignments: dict[str, Any], **params: Any) -> CreateAssignmentsParams:
    found = validate(CreateAssignmentsParams, {"course": "intro", "assignment": list(assignments), **params})
    assert isinstance(found, CreateAssignmentsParams)
    return found


def plan(*assignments: dict[str, Any], **params: Any) -> Plan:
    moodle = make_moodle()
    found = ACTION.plan(order(*assignments, **params), make_context(moodle))
    assert moodle.written == [], "a plan only reads"
    return found


def test_each_assignment_is_a_step() -> None:
    found = plan(
        {"name": "Эссе", "description": "Три <темы>", "due": "2027-02-01", "grade_to_pass": "60,5"},
        {"name": "Отчёт", "section": "Знакомство", "hand_in": "both", "visible": "нет", "attempts": "0"},
        section="3",
    )
    essay, report = (one.params for one in found.part.steps)
    assert [one.label for one in found.part.steps] == ["assignment1", "assignment2"]
    assert {name: essay[name] for name in ("course", "section", "type", "name", "introhtml")} == {
        "course": 7,
        "section": 3,
        "type": "assign",
        "name": "Эссе",
        "introhtml": "<p>Три &lt;темы&gt;</p>",
    }
    settings = essay["settings"]
    assert (settings["duedate"], settings["gradepass"], settings["grade"]) == (1801515540, "60.5", 100)
    assert settings["submissiontypes"] == ["file"]
    assert "maxfiles" not in settings, "the site's own default"
    assert (report["section"], report["visible"]) == (1, False)
    assert (report["settings"]["maxattempts"], "gradepass" in report["settings"]) == (0, False)
    assert report["settings"]["submissiontypes"] == ["file", "onlinetext"]
    assert found.counts == {"assignments": 2, "characters": len("Три <темы>")}
    assert found.summary == (
        "create 2 assignments in course Введение (7)",
        "Эссе: section 3 (3), due 2027-02-01 23:59, grade 100",
        "Отчёт: section 1 (Знакомство), grade 100",
    )


@pytest.mark.parametrize(
    ("assignment", "told"),
    [
        ({"name": ""}, "assignment №1, name: не должно быть пустым"),
        ({"name": "а" * 256}, "assignment №1, name: слишком длинное значение"),
        ({"due": "завтра"}, "assignment №1, due: должно быть датой"),
        ({"due": "2027-02-02", "cutoff": "2027-02-01"}, "«Эссе»: cutoff раньше, чем due"),
        ({"opens": "2027-02-02", "cutoff": "2027-02-01"}, "«Эссе»: cutoff раньше, чем opens"),
        ({"opens": "2027-02-02", "grade_by": "2027-02-01"}, "«Эссе»: grade_by раньше, чем opens"),
        ({"grade": "50", "grade_to_pass": "50,5"}, "проходной балл 50,5 больше наивысшей оценки 50"),
        ({"grade": "1000001"}, r"grade: слишком большое число \(не более 1000000\)"),
        ({"grade": "-1"}, r"grade: слишком маленькое число \(не менее 0\)"),
        ({"hand_in": "text", "max_files": "2"}, "max_files и file_types – для файлов"),
        ({"words_at_most": "200"}, "words_at_most – для текста"),
        ({"deadline": "2027-02-02"}, "такого параметра"),
    ],
)
def test_faults_of_an_order_are_told_where_they_stand(assignment: Any, told: str) -> None:
    with pytest.raises(OrderInvalid, match=told):
        order({"name": "Эссе", **assignment})


@pytest.mark.parametrize(
    ("params", "told"),
    [
        ({"assignment": []}, "assignment: не должно быть пустым"),
        ({"assignment": "Эссе"}, "assignment: должно быть списком"),
        ({"assignment": ["Эссе"]}, "assignment №1: должно быть таблицей"),
        ({"assignment": [{"name": "Эссе"}, {"name": "эссе"}]}, "задание названо дважды: «Эссе» и «эссе»"),
        ({"course_id": "7"}, "укажите курс один раз"),
    ],
)
def test_faults_of_the_whole_are_told(params: Any, told: str) -> None:
    with pytest.raises(OrderInvalid, match=told):
        order({"name": "Эссе"}, **params)


def test_the_evidence_has_links() -> None:
    results = {
        "assignment1": {"cmid": 5, "instance": 3, "url": "https://lms/5", "name": "Эссе", "type": "assign"}
    }
    found = ACTION.evidence(results, FakeMoodle())
    assert found == {
        "kind": "assignments",
        "assignments": [{"cmid": 5, "name": "Эссе", "url": "https://lms/5"}],
    }
    assert ACTION.words.evidence(found).endswith("Эссе (https://lms/5)")
    assert ACTION.taken_back(found) == {"kind": "assignments-deleted", "assignments": ["Эссе"]}
