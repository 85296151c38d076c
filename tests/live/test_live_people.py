"""The actions on people on a real Moodle: what orders made is seen by the people themselves, through the web,
by other functions and in the database, and goes again.
"""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import requests

from bridge.actions import ACTIONS, Context, OperationFailed, OrderRefused, Policy, Site, TicketFile
from bridge.actions.action import NoFiles
from bridge.actions.planning import Wanted, carry_out, plan_order, take_back
from tests.live.conftest import RealMoodle

pytestmark = pytest.mark.live

PASSWORD = "Pass-1234-Слово"
BOOT = "define('CLI_SCRIPT', 1); require 'config.php'; require_once \"$CFG->dirroot/user/lib.php\";"
NEW_ACCOUNT = (
    BOOT
    + """
require_once "$CFG->dirroot/user/externallib.php"; [, $name, $country, $field, $value, $password] = $argv;
\\core\\session\\manager::set_user(get_admin());
$made = core_user_external::create_users([['username' => $name, 'password' => $password,
    'firstname' => 'Анна', 'lastname' => 'Ёлкина', 'email' => "$name@example.org", 'country' => $country,
    'customfields' => [['type' => $field, 'value' => $value]]]]);
echo $made[0]['id'];
"""
)
"""An account made by core's own web service function, not by the bridge."""
TABLES = (
    BOOT
    + """
$rows = [];
foreach (['role', 'role_assignments', 'role_allow_assign', 'user_enrolments', 'enrol', 'cohort',
          'cohort_members', 'groups', 'groups_members', 'user_info_field', 'user_info_category',
          'user_info_data', 'course', 'local_otbridge_rule', 'local_otbridge_ruled'] as $table) {
    foreach ($DB->get_records($table, null, 'id') as $row) {
        unset($row->cacherev, $row->timemodified, $row->value);
        $rows[$table][] = json_encode($row);
    }
}
echo json_encode($rows);
"""
)
ACCOUNTS = (
    BOOT
    + """
[, $names] = $argv; $all = [];
foreach (explode(',', $names) as $name) {
    $user = $DB->get_record('user', ['username' => $name]);
    $all[$name] = $user ? [$user->firstname, $user->lastname, $user->department, $user->country,
        get_user_preferences('create_password', '0', $user), profile_user_record($user->id)->{$argv[2]} ?? '',
        array_values(array_map(fn($one) => $one->shortname, enrol_get_users_courses($user->id)))] : null;
}
echo json_encode($all);
"""
).replace("config.php';", 'config.php\'; require_once "$CFG->dirroot/user/profile/lib.php";')
RESETS = BOOT + "echo $DB->count_records('user_password_resets', ['userid' => $argv[1]]);"
CAN = (
    BOOT
    + """
[, $user, $course] = $argv;
echo json_encode([has_capability('moodle/course:manageactivities', context_course::instance($course), $user),
    array_values(array_map(fn($one) => $one->shortname,
        get_user_roles(context_course::instance($course), $user, false)))]);
"""
)
SWEEP = BOOT + "(new \\local_otbridge\\task\\sweep())->execute();"
LIVES_IN = BOOT + "$DB->set_field('user', 'country', $argv[2], ['id' => $argv[1]]);"


class Files:
    """A ticket with one file."""

    def __init__(self, path: Path) -> None:
        content = path.read_bytes()
        self.file = TicketFile(path.name, hashlib.sha256(content).hexdigest(), len(content), path)

    def get(self, _name: str) -> TicketFile:
        return self.file

    def by_digest(self, _sha256: str) -> TicketFile:
        return self.file


class Order:
    """An order on the real site, done and taken back."""

    def __init__(self, real: RealMoodle, files: Files | None = None) -> None:
        self.site = Site(real.bridge, Policy(), patience=60.0)
        self.context = Context(real.bridge, files=files or NoFiles())
        self.opkey = str(uuid.uuid4())
        self.fetch = files.by_digest if files else lambda _: pytest.fail("no files")

    def do(self, *wanted: tuple[str, dict[str, Any]]) -> dict[str, Any]:
        planned = plan_order([Wanted(*one) for one in wanted], self.context, self.site, ACTIONS)
        self.evidence = carry_out(planned.frozen(), self.opkey, self.site, self.fetch, ACTIONS)
        return self.evidence

    def back(self) -> None:
        take_back(self.evidence, str(uuid.uuid4()), self.opkey, self.site, ACTIONS)


class Browser:
    """Somebody's browser."""

    def __init__(self, url: str) -> None:
        self.url, self.session = url, requests.Session()

    def log_in(self, username: str, password: str) -> str:
        page = self.session.get(f"{self.url}/login/index.php", timeout=60).text
        token = re.search(r'name="logintoken" value="(\w+)"', page)
        form = {"username": username, "password": password, "logintoken": token[1] if token else ""}
        return self.session.post(f"{self.url}/login/index.php", data=form, timeout=60).text

    def course(self, course: int) -> requests.Response:
        return self.session.get(f"{self.url}/course/view.php?id={course}", timeout=60)

    def ask_for_a_password(self, username: str) -> str:
        page = self.session.get(f"{self.url}/login/forgot_password.php", timeout=60).text
        key = re.search(r'name="sesskey" type="hidden" value="(\w+)"', page)
        form = {
            "sesskey": key[1] if key else "",
            "_qf__login_forgot_password_form": "1",
            "username": username,
            "submitbuttonusername": "Search",
        }
        return self.session.post(f"{self.url}/login/forgot_password.php", data=form, timeout=60).text


def rows(real: RealMoodle) -> dict[str, list[str]]:
    found: dict[str, list[str]] = json.loads(real.cli("-r", TABLES))
    return found


def differing(before: dict[str, list[str]], after: dict[str, list[str]]) -> dict[str, Sequence[str]]:
    return {
        table: sorted(set(before.get(table, ())) ^ set(after.get(table, ())))
        for table in before.keys() | after.keys()
        if before.get(table) != after.get(table)
    }


def a_course(unique: str) -> tuple[str, dict[str, Any]]:
    return "create-course", {"fullname": f"Олимпиада {unique}", "shortname": unique, "category_id": "1"}


def a_field(name: str) -> tuple[str, dict[str, Any]]:
    field = {"shortname": name, "name": "Класс", "type": "menu", "options": ["5", "6"], "signup": True}
    return "create-profile-fields", {"field": [field], "category": f"Школа {name}"}


def test_people_of_a_windows_table_have_accounts_courses_and_a_way_to_a_password(
    real: RealMoodle, tmp_path: Path, unique: str
) -> None:
    one, two, field = f"a{unique}", f"b{unique}", f"k{unique}"
    table = tmp_path / "Сотрудники.csv"
    table.write_bytes(
        (
            f"Фамилия;Имя;Логин;Почта;Отдел;Страна;cohort1;course1;group1;profile_field_{field}\r\n"
            f"Ёлкин;Семён;{one.upper()};{one}@example.ru;Цех № 5;Россия;Новые {unique};{unique};Смена;6\r\n"
            f"Щукина;Юлия;{two};{two}@example.ru;;KZ;;;;\r\n"
        ).encode("cp1251")
    )
    before = rows(real)
    course = Order(real)
    course.do(a_course(unique), a_field(field))
    people = Order(real, Files(table))
    evidence = people.do(("create-users", {"users_file": table.name, "create_missing": True}))
    assert evidence["remarks"] == [f"логин «{one.upper()}» записан строчными буквами: {one}"]
    made = {one["username"]: one["user_id"] for one in evidence["people"]}
    found = json.loads(real.cli("-r", ACCOUNTS, "--", f"{one},{two}", field))
    assert found[one] == ["Семён", "Ёлкин", "Цех № 5", "RU", "1", "6", [unique]]
    assert found[two][:4] == ["Юлия", "Щукина", "", "KZ"]
    Browser(real.url).ask_for_a_password(one)
    assert real.cli("-r", RESETS, "--", str(made[one])) == "1"

    with pytest.raises(OrderRefused) as caught:
        Order(real, Files(table)).do(("create-users", {"users_file": table.name, "create_missing": True}))
    assert caught.value.code == "people-exist"
    people.back()
    course.back()
    assert differing(before, rows(real)) == {}
    assert json.loads(real.cli("-r", ACCOUNTS, "--", one, field))[one] is None


def test_a_rule_enrols_a_new_account_of_another_road_and_suspends_who_moved(
    real: RealMoodle, unique: str
) -> None:
    field, person, other = f"k{unique}", f"p{unique}", f"q{unique}"
    rule = {"when": {"country": ["Россия", "KZ"], field: "6"}, "group": "Шестые"}
    course = Order(real).do(a_course(unique))["course_id"]
    before = rows(real)
    order = Order(real)
    order.do(
        a_field(field),
        ("create-groups", {"course": unique, "groups": "Шестые"}),
        ("auto-enrol", {"rule": [{**rule, "course": unique}]}),
    )
    user = real.cli("-r", NEW_ACCOUNT, "--", person, "RU", field, "6", PASSWORD)
    real.cli("-r", NEW_ACCOUNT, "--", other, "RU", field, "5", PASSWORD)
    theirs, others = Browser(real.url), Browser(real.url)
    assert person not in theirs.log_in(person, "wrong")
    theirs.log_in(person, PASSWORD)
    others.log_in(other, PASSWORD)
    assert f"Олимпиада {unique}" in theirs.course(course).text
    assert "/course/view.php" in theirs.course(course).url
    assert "/enrol/index.php" in others.course(course).url, "who does not match is not enrolled"
    assert json.loads(real.cli("-r", CAN, "--", user, str(course))) == [False, ["student"]]

    with pytest.raises(OperationFailed, match="changed since"):
        order.back()
    real.cli("-r", LIVES_IN, "--", user, "DE")
    real.cli("-r", SWEEP)
    assert "/course/view.php" not in theirs.course(course).url, "suspended"
    real.cli("-r", LIVES_IN, "--", user, "KZ")
    theirs.session.cookies.clear()
    theirs.log_in(person, PASSWORD)
    assert "/course/view.php" in theirs.course(course).url, "back by logging in"
    clean = BOOT + "delete_user($DB->get_record('user', ['username' => $argv[1]]));"
    for name in (person, other):
        real.cli("-r", clean, "--", name)
    order.back()
    assert differing(before, rows(real)) == {}
    real.admin.write("core_course_delete_courses", courseids=[course])


def test_a_role_lets_a_person_edit_and_only_what_was_given_is_taken_back(
    real: RealMoodle, unique: str
) -> None:
    course = Order(real)
    (course_id,) = {course.do(a_course(unique))["course_id"]}
    people = Order(real)
    people.do(
        (
            "create-users",
            {
                "user": [
                    {
                        "username": f"{name}{unique}",
                        "firstname": "А",
                        "lastname": "Б",
                        "email": f"{name}{unique}@example.org",
                        "idnumber": f"N-{name}{unique}",
                    }
                    for name in ("t", "s")
                ]
            },
        )
    )
    before = rows(real)
    enrol = Order(real)
    enrol.do(
        ("enrol-users", {"course": unique, "users": f"t{unique}, s{unique}"}),
        (
            "assign-roles",
            {"course": unique, "role": "editingteacher", "users": f"T{unique}@example.org", "by": "email"},
        ),
    )
    teacher, learner = (
        str(one["id"])
        for one in real.bridge.read(
            "core_user_get_users_by_field", field="username", values=[f"t{unique}", f"s{unique}"]
        )
    )
    can, roles = json.loads(real.cli("-r", CAN, "--", teacher, str(course_id)))
    assert (can, sorted(roles)) == (True, ["editingteacher", "student"])
    assert json.loads(real.cli("-r", CAN, "--", learner, str(course_id))) == [False, ["student"]]
    again = Order(real)
    evidence = again.do(
        ("enrol-users", {"course": unique, "users": f"N-s{unique}", "by": "idnumber"}),
    )
    assert (evidence["enrolled"], evidence["before"]) == (0, 1)
    again.back()
    enrol.back()
    assert differing(before, rows(real)) == {}
    for code, wanted in (
        ("rolenotallowed", ("assign-roles", {"course": unique, "role": "manager", "users": f"t{unique}"})),
        ("no-such-people", ("enrol-users", {"course": unique, "users": f"x{unique}"})),
        ("userprotected", ("enrol-users", {"course": unique, "users": "otbridge"})),
    ):
        with pytest.raises(OrderRefused) as caught:
            Order(real).do(wanted)
        assert caught.value.code == code
    people.back()
    course.back()


def test_an_olympiad_of_28_courses_is_one_order(real: RealMoodle, tmp_path: Path, unique: str) -> None:
    field, countries = f"y{unique}", ("RU", "BY", "KZ", "UZ")
    names = [(f"{unique}-{country}-{year}", country, year) for country in countries for year in range(5, 12)]
    made = real.admin.write(
        "core_course_create_courses",
        courses=[{"fullname": one, "shortname": one, "categoryid": 1} for one, _, _ in names],
    )
    courses = {one["shortname"]: int(one["id"]) for one in made}
    table = tmp_path / "Олимпиада.csv"
    rows_of = "\r\n".join(f"{one};{country};{year}" for one, country, year in names)
    table.write_bytes(f"Курс;Страна;profile_field_{field}\r\n{rows_of}\r\n".encode("cp1251"))
    before = rows(real)
    fields = {"shortname": field, "name": "Год обучения", "type": "menu", "options": "5\n6\n7\n8\n9\n10\n11"}
    order = Order(real, Files(table))
    evidence = order.do(
        ("create-profile-fields", {"field": [fields], "category": f"Олимпиада {unique}"}),
        ("auto-enrol", {"rules_file": table.name}),
    )
    assert len(evidence["parts"][1]["rules"]) == 28
    person = f"p{unique}"
    real.cli("-r", NEW_ACCOUNT, "--", person, "BY", field, "7", PASSWORD)
    found = json.loads(real.cli("-r", ACCOUNTS, "--", person, field))
    assert found[person][6] == [f"{unique}-BY-7"], "into their course, and no other"
    real.cli("-r", BOOT + "delete_user($DB->get_record('user', ['username' => $argv[1]]));", "--", person)
    order.back()
    assert differing(before, rows(real)) == {}
    real.admin.write("core_course_delete_courses", courseids=list(courses.values()))
