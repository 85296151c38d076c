"""The actions on courses on a real Moodle: done by one order each, looked at as a learner in the web and in
its database, taken back.
"""

from __future__ import annotations

import http.cookiejar
import json
import re
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from bridge.actions import ACTIONS, Context, OperationFailed, OrderRefused, Policy, Site
from bridge.actions.planning import Wanted, carry_out, plan_order, take_back
from tests.live.conftest import RealMoodle
from tests.unit.actions.test_examples import ExampleFiles

pytestmark = pytest.mark.live

PASSWORD = "Learner-1234"
ROWS = """
define('CLI_SCRIPT', 1); require 'config.php'; $found = [];
foreach (json_decode($argv[1], true) as $sql) { $found[] = array_values(array_map(fn($row) =>
    array_map('strval', array_values((array) $row)), $DB->get_records_sql($sql))); }
echo json_encode($found);
"""
GRADE = """
define('CLI_SCRIPT', 1); require 'config.php'; require_once "$CFG->libdir/gradelib.php";
[, $course, $user, $grades] = $argv;
foreach (json_decode($grades, true) as $name => $grade) {
    $item = grade_item::fetch(['courseid' => $course, 'itemname' => $name]);
    $item->update_final_grade((int) $user, $grade);
}
grade_regrade_final_grades($course);
"""


class Learner:
    """A learner with a browser that keeps cookies and understands nothing else."""

    def __init__(self, real: RealMoodle, name: str, courses: Sequence[int]) -> None:
        self._url = real.url
        jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self._browser = urllib.request.build_opener(jar)
        (made,) = real.admin.write(
            "core_user_create_users",
            users=[
                {
                    "username": name,
                    "password": PASSWORD,
                    "firstname": "Анна",
                    "lastname": "Ученица",
                    "email": f"{name}@example.org",
                }
            ],
        )
        self.id = int(made["id"])
        wanted = [{"roleid": 5, "userid": self.id, "courseid": course} for course in courses]
        real.admin.write("enrol_manual_enrol_users", enrolments=wanted)
        form = self.get("/login/index.php").decode()
        found = re.search(r'name="logintoken" value="([^"]+)"', form)
        assert found, "the login form has a token"
        self.get(
            "/login/index.php",
            {"username": name, "password": PASSWORD, "logintoken": found[1]},
        )
        assert "login/logout.php" in self.get("/my/").decode()

    def get(self, path: str, form: Mapping[str, str] | None = None) -> bytes:
        """A page, also one that is refused."""
        address = path if path.startswith("http") else f"{self._url}{path}"
        data = urllib.parse.urlencode(form).encode() if form else None
        try:
            with self._browser.open(address, data, timeout=120) as answer:
                return bytes(answer.read())
        except urllib.error.HTTPError as error:
            return error.read()


def rows(real: RealMoodle, *queries: str) -> list[list[list[str]]]:
    """What queries find in the site's database."""
    found: list[list[list[str]]] = json.loads(real.cli("-r", ROWS, "--", json.dumps(queries)))
    return found


def of_course(course: int, table: str, fields: str, column: str = "course") -> str:
    """A query for the rows of a course."""
    return f"SELECT id, {fields} FROM {{{table}}} WHERE {column} = {course} ORDER BY id"


class Bench:
    """Orders on the real site, taken back in reverse order at the end."""

    def __init__(self, real: RealMoodle, files: ExampleFiles) -> None:
        self.site, self.files = Site(real.bridge, Policy(), patience=60.0), files
        self._context = Context(real.bridge, files=files)
        self._done: list[tuple[dict[str, Any], str]] = []

    def do(self, *wanted: Wanted) -> dict[str, Any]:
        """Carry out one order."""
        planned = plan_order(wanted, self._context, self.site, ACTIONS)
        opkey = str(uuid.uuid4())
        evidence = carry_out(planned.frozen(), opkey, self.site, self.files.by_digest, ACTIONS)
        self._done.append((evidence, opkey))
        return evidence

    def refusal(self, *wanted: Wanted) -> str:
        """The code by which an order is refused; "": it would be carried out."""
        try:
            plan_order(wanted, self._context, self.site, ACTIONS)
        except OrderRefused as refused:
            return refused.code
        return ""

    def back(self) -> None:
        """Take the last order back."""
        evidence, opkey = self._done.pop()
        take_back(evidence, str(uuid.uuid4()), opkey, self.site, ACTIONS)


@pytest.fixture
def bench(real: RealMoodle, tmp_path: Path) -> Bench:
    return Bench(real, ExampleFiles(tmp_path))


def course_of(evidence: Mapping[str, Any]) -> int:
    return next(int(one["course_id"]) for one in evidence["parts"] if "course_id" in one)


def links(evidence: Mapping[str, Any], kind: str) -> dict[str, str]:
    """Addresses by name of what an action of the order made."""
    part = next(one for one in evidence["parts"] if one["kind"] == kind)
    return {one["name"]: one["url"] for one in part.get(kind, part.get("elements", ()))}


def a_course(unique: str, *sections: str) -> Wanted:
    order = {"fullname": f"Курс {unique}", "shortname": unique, "category_id": "1"}
    return Wanted("create-course", {**order, "sections": list(sections)})


def pages(**texts: str) -> Wanted:
    return Wanted("add-pages", {"page": [{"name": name, "text": text} for name, text in texts.items()]})


def test_a_chain_and_paths_by_group_are_one_order_seen_by_a_learner(
    real: RealMoodle, bench: Bench, unique: str
) -> None:
    made = bench.do(
        a_course(unique, "Тест"),
        Wanted("create-groups", {"groups": ["Базовый", "Углублённый", "Экстернат", "Все"]}),
        pages(Первая="Текст первой", Вторая="Текст второй", Материалы="Текст материалов"),
        Wanted("create-quiz", {"name": "Тест 1", "section": "1"}),
        Wanted("create-quiz", {"name": "Тест 2", "section": "1"}),
        Wanted(
            "restrict-access",
            {
                "chain": ["Первая", "Вторая"],
                "element": [
                    {"element": "Материалы", "not_for": ["Экстернат"]},
                    {"element": "Тест 1", "groups": ["Базовый", "Экстернат"]},
                    {"element": "Тест 2", "groups": ["Углублённый"], "shown": "нет"},
                ],
            },
        ),
    )
    course = course_of(made)
    learner = Learner(real, unique, [course])
    address = links(made, "pages")
    page = learner.get(f"/course/view.php?id={course}").decode()
    assert "Вторая" in page
    assert "Тест 1" in page
    assert "Тест 2" not in page, "hidden while shut"
    assert "Текст второй" not in learner.get(address["Вторая"]).decode(), "shut"
    assert "Текст материалов" in learner.get(address["Материалы"]).decode()
    assert "Текст первой" in learner.get(address["Первая"]).decode()
    assert "Текст второй" in learner.get(address["Вторая"]).decode(), "opened by the first"
    groups = {
        name: id_ for id_, name in rows(real, f"SELECT id, name FROM {{groups}} WHERE courseid = {course}")[0]
    }
    real.cli(
        "-r",
        "define('CLI_SCRIPT', 1); require 'config.php'; require_once \"$CFG->dirroot/group/lib.php\";"
        "groups_add_member((int) $argv[1], (int) $argv[2]);",
        "--",
        groups["Экстернат"],
        str(learner.id),
    )
    assert "Текст материалов" not in learner.get(address["Материалы"]).decode(), "not for this path"

    loop = {"element": "Первая", "after": "Вторая"}
    tracked = {"element": "Вторая", "complete": "manual"}
    order = {"course": unique, "element": [loop, tracked]}
    assert bench.refusal(Wanted("restrict-access", order)) == "restrictionloop"
    again = {"course": unique, "element": [{"element": "Вторая", "opens": "2020-01-01"}]}
    assert bench.refusal(Wanted("restrict-access", again)) == "alreadyrestricted"
    real.admin.write("core_course_delete_courses", courseids=[course])


def test_restrictions_are_taken_back_to_what_was_there(real: RealMoodle, bench: Bench, unique: str) -> None:
    made = bench.do(a_course(unique, "Тема"), pages(Первая="Текст первой", Вторая="Текст второй"))
    course = course_of(made)
    tables = (
        of_course(course, "course_modules", "completion, completionview, availability"),
        of_course(course, "course_sections", "availability"),
        of_course(course, "course", "enablecompletion, showgrades, showcompletionconditions", "id"),
    )
    before = rows(real, *tables)
    order = {
        "course": unique,
        "chain": ["Первая", "Вторая"],
        "element": [{"section": "Тема", "opens": "2099-01-01"}],
    }
    bench.do(Wanted("restrict-access", order))
    assert rows(real, *tables) != before
    bench.back()
    assert rows(real, *tables) == before
    bench.do(Wanted("restrict-access", order))
    real.cli(
        "-r",
        "define('CLI_SCRIPT', 1); require 'config.php';"
        "$DB->set_field('course_sections', 'availability', null, ['course' => $argv[1], 'section' => 1]);"
        "$DB->set_field('course_modules', 'completionview', 0, ['course' => $argv[1]]);",
        "--",
        str(course),
    )
    with pytest.raises(OperationFailed) as caught:
        bench.back()
    assert caught.value.code == "changedsince"
    real.admin.write("core_course_delete_courses", courseids=[course])


def test_the_grading_of_a_certificate_is_one_order_and_moodle_works_it_out(
    real: RealMoodle, bench: Bench, unique: str
) -> None:
    made = bench.do(
        a_course(unique, "Занятия", "Экзамен"),
        Wanted("create-quiz", {"name": "Экзамен", "section": "2", "attempts": "2", "grade": "10"}),
        Wanted(
            "configure-grading",
            {
                "scale": [{"name": f"Посещение {unique}", "items": "Не присутствовал(а)\nПрисутствовал(а)"}],
                "category": [
                    {"name": "Лекции", "idnumber": "lec", "only_graded": "нет", "grade_to_pass": "80"}
                ],
                "entered": [
                    {"name": "Лекция 1", "category": "Лекции", "scale": f"Посещение {unique}"},
                    {"name": "Лекция 2", "category": "Лекции", "scale": f"Посещение {unique}"},
                    {"name": "Практика", "idnumber": "prac", "grade_to_pass": "100"},
                ],
                "element": [{"element": "Экзамен", "idnumber": "exam", "grade_to_pass": "6,5"}],
                "formula": "=ЕСЛИ(И([[lec]]>=80; [[prac]]>=100); 0,5*10*[[exam]]+50; 0)",
                "grade": "100",
                "grade_to_pass": "80",
                "show_grades": "да",
                "complete_grade": "80",
            },
        ),
        Wanted(
            "restrict-access",
            {"element": [{"section": "2", "grade_of": "total", "grade_below": "100"}]},
        ),
    )
    course = course_of(made)
    learner = Learner(real, unique, [course])
    report = f"/grade/report/user/index.php?id={course}"
    for grades, final in (
        ({"Лекция 1": 2, "Лекция 2": 1, "Практика": 100, "Экзамен": 9}, "0.00"),
        ({"Лекция 2": 2}, "95.00"),
    ):
        real.cli("-r", GRADE, "--", str(course), str(learner.id), json.dumps(grades))
        text = re.sub(r"<[^>]+>", " ", learner.get(report).decode())
        assert re.search(rf"Course total.*?\b{re.escape(final)}\b", text, re.DOTALL), final
    formula, criteria = rows(
        real,
        of_course(course, "grade_items", "itemtype, calculation, gradepass", "courseid"),
        of_course(course, "course_completion_criteria", "criteriatype, gradepass"),
    )
    (total,) = (row[2] for row in formula if row[1] == "course")
    assert re.sub(r"gi\d+|\s", "", total) == "=if(and(####>=80,####>=100),0.5*10*####+50,0)"
    assert [row[1:] for row in criteria] == [["6", "80.00000"]]
    with pytest.raises(OperationFailed) as caught:
        bench.back()
    assert caught.value.code == "changedsince", "grades that people got are not destroyed"
    real.admin.write("core_course_delete_courses", courseids=[course])


def test_grading_is_taken_back_row_by_row(real: RealMoodle, bench: Bench, unique: str) -> None:
    made = bench.do(a_course(unique, "Тема"), Wanted("create-quiz", {"name": "Тест", "grade": "10"}))
    course = course_of(made)
    real.cli("-r", GRADE, "--", str(course), "0", "{}")
    fields = "categoryid, itemtype, idnumber, gradepass, aggregationcoef, calculation"
    tables = (
        of_course(course, "grade_items", fields, "courseid"),
        of_course(course, "grade_categories", "aggregation, fullname, depth", "courseid"),
        of_course(course, "scale", "name", "courseid"),
        of_course(course, "course_completion_criteria", "criteriatype"),
    )
    before = rows(real, *tables)
    bench.do(
        Wanted(
            "configure-grading",
            {
                "course": unique,
                "aggregation": "weighted",
                "category": [{"name": "Тесты", "weight": "0,4", "idnumber": "t"}],
                "element": [{"element": "Тест", "category": "Тесты", "grade_to_pass": "5"}],
                "entered": [{"name": "Устно", "weight": "0,6"}],
                "complete_grade": "60",
            },
        )
    )
    after = rows(real, *tables)
    assert after != before
    assert [row[1:3] for row in after[1]] == [["10", "?"], ["0", "Тесты"]]
    bench.back()
    assert rows(real, *tables) == before
    bench.back()
    assert real.course_by("shortname", unique) == []


def test_sixteen_files_in_sixteen_sections_are_replaced_and_come_back(
    real: RealMoodle, bench: Bench, unique: str
) -> None:
    numbers = range(1, 17)
    made = bench.do(
        a_course(unique, *(f"Тема {n}" for n in numbers)),
        Wanted(
            "add-files",
            {"file": [{"file": f"old-{n}.pdf", "name": f"Лекция {n}", "section": str(n)} for n in numbers]},
        ),
    )
    course = course_of(made)
    learner = Learner(real, unique, [course])
    address = links(made, "files")

    def download(number: int) -> str:
        page = learner.get(f"{address[f'Лекция {number}']}&redirect=1")
        found = re.search(rb'https?://[^"\']+/pluginfile\.php/[^"\']+\.pdf', page)
        return (learner.get(found[0].decode()) if found else page).decode(errors="replace")

    files = (
        "SELECT f.id, f.contenthash, f.filename, f.filepath, f.sortorder, f.pathnamehash FROM {files} f "
        "JOIN {context} x ON x.id = f.contextid JOIN {course_modules} c ON c.id = x.instanceid "
        f"WHERE x.contextlevel = 70 AND c.course = {course} AND f.component = 'mod_resource' ORDER BY f.id"
    )
    tables = (files, of_course(course, "resource", "display, displayoptions"))
    before = rows(real, *tables)
    assert download(16) == "old-16.pdf", "each file of the tests holds its own name"
    replaced = [
        {"section": f"Тема {n}", "file": f"new-{n}.pdf"}
        if n % 2
        else {"element": f"Лекция {n}", "file": f"new-{n}.pdf"}
        for n in numbers
    ]
    evidence = bench.do(Wanted("replace-files", {"course": unique, "display": "open", "replace": replaced}))
    assert [(one["old"], one["new"]) for one in evidence["files"]] == [
        (f"old-{n}.pdf", f"new-{n}.pdf") for n in numbers
    ]
    assert [download(n) for n in (1, 2, 16)] == ["new-1.pdf", "new-2.pdf", "new-16.pdf"]
    assert {row[1] for row in rows(real, *tables)[1]} == {"5"}
    bench.back()
    assert rows(real, *tables) == before
    assert download(16) == "old-16.pdf"
    real.admin.write("core_course_delete_courses", courseids=[course])


def test_a_tree_with_courses_in_order_is_one_order_and_goes_again(
    real: RealMoodle, bench: Bench, unique: str
) -> None:
    tables = (
        "SELECT id, name, parent FROM {course_categories} ORDER BY id",
        f"SELECT id, shortname FROM {{course}} WHERE shortname LIKE '%{unique}'",
    )
    before = rows(real, *tables)
    starts = {"в": "2027-03-01", "а": "2027-01-01", "б": "2027-02-01"}
    bench.do(
        Wanted(
            "create-categories",
            {
                "categories": [f"{unique} / 1 курс", f"{unique} / 2 курс"],
                "category": [{"path": f"{unique} / Архив", "idnumber": unique, "visible": "нет"}],
            },
        ),
        Wanted(
            "create-course",
            {
                "category": f"{unique} / 1 курс",
                "course": [
                    {"fullname": f"{name} {unique}", "shortname": f"{name}{unique}", "starts": day}
                    for name, day in starts.items()
                ],
            },
        ),
        Wanted("sort-courses", {"category": f"{unique} / 1 курс"}),
    )
    (found,) = rows(
        real,
        "SELECT c.id FROM {course_categories} c JOIN {course_categories} p ON p.id = c.parent "
        f"WHERE p.name = '{unique}' AND c.name = '1 курс'",
    )
    category = found[0][0]
    page = read(f"{real.url}/course/index.php?categoryid={category}")
    assert list(dict.fromkeys(re.findall(rf"([абв]) {unique}", page))) == ["а", "б", "в"]
    bench.back()
    assert rows(real, *tables) == before


def read(url: str) -> str:
    """A page as somebody reads it who has not logged in."""
    with urllib.request.urlopen(url, timeout=120) as answer:
        return bytes(answer.read()).decode()


def test_courses_on_the_front_page_go_by_their_start(real: RealMoodle, bench: Bench, unique: str) -> None:
    settings = ("SELECT name, value FROM {config} WHERE name IN ('frontpage', 'frontpageloggedin')",)
    before = rows(real, *settings)
    starts = {"в": "2027-03-01", "а": "2027-01-01", "б": "2027-02-01"}
    course: Callable[[str, str], dict[str, str]] = lambda name, day: {  # noqa: E731 (a table of three)
        "fullname": f"{name} {unique}",
        "shortname": f"{name}{unique}",
        "starts": day,
    }
    bench.do(
        Wanted("create-course", {"category_id": "1", "course": [course(*one) for one in starts.items()]})
    )
    order = Wanted("sort-courses", {"by": "startdate", "front_page": "да"})
    if bench.refusal(order) == "frontpagecategories":
        bench.back()
        pytest.skip("the site's courses stand in several categories, in another order")
    bench.do(order)
    page = read(f"{real.url}/?redirect=0")
    assert list(dict.fromkeys(re.findall(rf"([абв]) {unique}", page))) == ["а", "б", "в"]
    bench.back()
    assert rows(real, *settings) == before
    bench.back()
