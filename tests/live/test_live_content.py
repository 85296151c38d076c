"""The actions on content on a real Moodle: made by one order, looked at in its database, taken back."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from bridge.actions import ACTIONS, Context, OperationFailed, OrderRefused, Policy, Site, TicketFile
from bridge.actions.planning import Wanted, carry_out, plan_order, take_back
from bridge.actions.registry import examples
from bridge.flow.orders import read_params
from tests.live.conftest import RealMoodle
from tests.unit.actions.test_examples import ExampleFiles

pytestmark = pytest.mark.live

CONTENT = ("create-assignments", "create-glossary", "add-pages", "create-lesson", "add-files")
LOOK = """
define('CLI_SCRIPT', 1); require 'config.php'; $course = (int) $argv[1];
$all = fn($sql) => array_values(array_map('array_values', array_map('get_object_vars',
    $DB->get_records_sql($sql, [$course]))));
echo json_encode([
    'assign' => $all("SELECT a.id, a.name, a.duedate, a.cutoffdate, g.grademax, g.gradepass FROM {assign} a
        JOIN {grade_items} g ON g.itemmodule = 'assign' AND g.iteminstance = a.id WHERE a.course = ?
        ORDER BY a.id"),
    'handed' => $all("SELECT p.id, p.plugin, a.name FROM {assign_plugin_config} p JOIN {assign} a
        ON a.id = p.assignment WHERE a.course = ? AND p.subtype = 'assignsubmission' AND p.name = 'enabled'
        AND p.value = '1' AND p.plugin IN ('file', 'onlinetext') ORDER BY p.id"),
    'entry' => $all("SELECT e.id, e.concept, e.definition, e.approved FROM {glossary_entries} e
        JOIN {glossary} g ON g.id = e.glossaryid WHERE g.course = ? ORDER BY e.id"),
    'alias' => $all("SELECT l.id, l.alias FROM {glossary_alias} l
        JOIN {glossary_entries} e ON e.id = l.entryid JOIN {glossary} g ON g.id = e.glossaryid
        WHERE g.course = ? ORDER BY l.id"),
    'page' => $all("SELECT p.id, p.title, p.qtype, p.nextpageid FROM {lesson_pages} p
        JOIN {lesson} l ON l.id = p.lessonid WHERE l.course = ? ORDER BY p.id"),
    'answer' => $all("SELECT a.id, a.answer, a.jumpto, a.score FROM {lesson_answers} a
        JOIN {lesson} l ON l.id = a.lessonid WHERE l.course = ? ORDER BY a.id"),
    'text' => $all("SELECT p.id, p.name, p.content FROM {page} p WHERE p.course = ? ORDER BY p.id"),
]);
"""
WALK = """
define('CLI_SCRIPT', 1); require 'config.php'; [, $course, $name, $choice] = $argv;
require_once "$CFG->dirroot/user/lib.php"; require_once "$CFG->dirroot/mod/lesson/classes/external.php";
require_once "$CFG->libdir/enrollib.php"; require_once "$CFG->libdir/gradelib.php";
$user = $DB->get_record('user', ['username' => $name]);
if (!$user) {
    $id = user_create_user(['username' => $name, 'firstname' => 'А', 'lastname' => 'Б', 'confirmed' => 1,
        'email' => "$name@example.org", 'auth' => 'manual', 'mnethostid' => $CFG->mnet_localhost_id], false);
    enrol_try_internal_enrol($course, $id, $DB->get_field('role', 'id', ['shortname' => 'student']));
    $user = $DB->get_record('user', ['id' => $id]);
}
\\core\\session\\manager::set_user($user);
$lesson = $DB->get_record('lesson', ['course' => $course], '*', MUST_EXIST);
[$content, $question] = array_values($DB->get_records('lesson_pages', ['lessonid' => $lesson->id], 'id'));
$answers = array_values($DB->get_records('lesson_answers', ['pageid' => $question->id], 'id'));
mod_lesson_external::launch_attempt($lesson->id);
$next = mod_lesson_external::process_page($lesson->id, $content->id, [['name' => 'jumpto', 'value' => '-1']]);
$seen = mod_lesson_external::process_page($lesson->id, $question->id,
    [['name' => 'answerid', 'value' => (string) $answers[(int) $choice]->id],
     ['name' => '_qf__lesson_display_answer_form_multichoice_singleanswer', 'value' => '1']]);
mod_lesson_external::finish_attempt($lesson->id);
$grade = grade_get_grades($course, 'mod', 'lesson', $lesson->id, $user->id)->items[0];
echo json_encode([$next['newpageid'] == $question->id, $seen['correctanswer'], (float) $grade->gradepass,
    (float) $grade->grades[$user->id]->grade]);
"""
"""A learner goes through the lesson and chooses an answer."""


def order_of(action: str) -> dict[str, Any]:
    """The action's example, for the course that the same order makes."""
    text = examples(action)["order.toml"].partition("[params]\n")[2].replace("[params.", "[")
    found = read_params("order.toml", text.encode())
    assert isinstance(found, dict), found
    for place in (found, *found.get("page", ())):
        if place.get("section", "0") != "0":
            place["section"] = "1"
    return {name: value for name, value in found.items() if name != "course"}


def test_all_content_is_as_it_was_ordered_and_goes_again(
    real: RealMoodle, tmp_path: Path, unique: str
) -> None:
    site, files = Site(real.bridge, Policy(), patience=60.0), ExampleFiles(tmp_path)
    course = {"fullname": f"R&D {unique}", "shortname": unique, "category_id": "1", "sections": "Знакомство"}
    wanted = [Wanted("create-course", course), *(Wanted(one, order_of(one)) for one in CONTENT)]
    planned = plan_order(wanted, Context(real.bridge, files=files), site, ACTIONS)
    opkey = str(uuid.uuid4())
    evidence = carry_out(planned.frozen(), opkey, site, files.by_digest, ACTIONS)
    (id_,) = {one["course_id"] for one in evidence["parts"] if "course_id" in one}

    assert real.contents(id_) == sorted(
        [
            ("assign", "Отзыв о практике", ()),
            ("assign", "Эссе", ()),
            ("folder", "Раздаточные материалы", ("Таблица 1.xlsx", "Таблица 2.xlsx")),
            ("forum", "Announcements", ()),
            ("glossary", "Словарь курса", ()),
            ("lesson", "Техника безопасности", ()),
            ("page", "О курсе", ("index.html",)),
            ("page", "Что почитать", ("index.html",)),
            ("resource", "Программа курса", ("programma-2026.pdf",)),
            ("resource", "Устав", ("Устав.pdf",)),
        ]
    )
    found: Mapping[str, list[list[Any]]] = json.loads(real.cli("-r", LOOK, "--", str(id_)))
    essay, report = ([name, int(due), int(cut), float(most), float(least)]
                     for _, name, due, cut, most, least in found["assign"])  # fmt: skip
    assert essay == ["Эссе", 1801515540, 1802098800, 100.0, 60.5]
    assert report == ["Отзыв о практике", 0, 0, 10.0, 0.0]
    assert [row[1:] for row in found["handed"]] == [["file", "Эссе"], ["onlinetext", "Отзыв о практике"]]
    assert [(row[1], int(row[3])) for row in found["entry"]] == [("Норма-час", 1), ("Заявка", 1)]
    assert found["entry"][1][2] == "<p>Обращение заказчика.</p><p>Обрабатывается в порядке очереди.</p>"
    assert [row[1] for row in found["alias"]] == ["н.-ч.", "нормо-час"]
    first, second = found["page"]
    assert [(row[1], int(row[2])) for row in (first, second)] == [("Введение", 20), ("Вопрос", 3)]
    assert (int(first[3]), int(second[3])) == (int(second[0]), 0), "one page leads to the other"
    assert [(row[1], int(row[2]), int(row[3])) for row in found["answer"]] == [
        ("Далее", -1, 0),
        ("<p>Позвонить 101</p>", -1, 1),
        ("<p>Подождать</p>", -40, 0),
    ]
    assert found["text"][0][2] == "<p>Курс длится восемь недель.</p><p>Вопросы задавайте на форуме.</p>"

    for order, code in (
        ({"assignment": [{"name": "Б", "grade": "1000000"}]}, "paramrange"),
        ({"assignment": [{"name": "Б", "file_types": ".nosuchending"}]}, "filetypeunknown"),
        ({"section": "Нет", "assignment": [{"name": "Б"}]}, "no-such-section"),
    ):
        with pytest.raises(OrderRefused) as caught:
            bad = [Wanted("create-assignments", {"course": unique, **order})]
            plan_order(bad, Context(real.bridge), site, ACTIONS)
        assert caught.value.code == code

    take_back(evidence, str(uuid.uuid4()), opkey, site, ACTIONS)
    assert real.course_by("shortname", unique) == []


def test_a_lesson_is_walked_through_and_then_not_destroyed(real: RealMoodle, unique: str) -> None:
    site, opkey = Site(real.bridge, Policy(), patience=60.0), str(uuid.uuid4())
    course = {"fullname": unique, "shortname": unique, "category_id": "1", "sections": "Знакомство"}
    made = carry_out(
        plan_order([Wanted("create-course", course)], Context(real.bridge), site, ACTIONS).frozen(),
        str(uuid.uuid4()),
        site,
        no_files,
        ACTIONS,
    )
    wanted = [Wanted("create-lesson", {**order_of("create-lesson"), "course": unique})]
    planned = plan_order(wanted, Context(real.bridge), site, ACTIONS)
    evidence = carry_out(planned.frozen(), opkey, site, no_files, ACTIONS)
    for choice, right, grade in (("0", True, 100.0), ("1", False, 0.0)):
        walked = json.loads(real.cli("-r", WALK, "--", str(made["course_id"]), f"{unique}{choice}", choice))
        assert walked == [True, right, 50.0, grade]
    with pytest.raises(OperationFailed) as caught:
        take_back(evidence, str(uuid.uuid4()), opkey, site, ACTIONS)
    assert caught.value.code == "changedsince", "what people did there is not destroyed"
    assert ("lesson", "Техника безопасности", ()) in real.contents(made["course_id"])
    real.admin.write("core_course_delete_courses", courseids=[made["course_id"]])


def no_files(_: str) -> TicketFile:
    raise AssertionError("a lesson uses no files")
