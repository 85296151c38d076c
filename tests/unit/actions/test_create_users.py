"""create-users: people of an order and of tables as offices send them."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from bridge.actions import OrderInvalid, OrderRefused, Plan, Policy, TicketFile, validate
from bridge.actions.accounts import COHORTS, GROUPS
from bridge.actions.create_users import ACTION
from bridge.actions.create_users.params import CreateUsersParams
from bridge.actions.create_users.policy import CreateUsersRules
from bridge.actions.people import USERS
from bridge.actions.program import Ref, ref
from tests.unit.actions.fake_moodle import FakeMoodle, make_context

COURSES = "core_course_get_courses_by_field"
IVANOV = {"username": "ivanov", "firstname": "Иван", "lastname": "Иванов", "email": "ivanov@example.ru"}
HEAD = "Фамилия;Имя;Логин;Почта"
THERE = [{"id": 9, "username": "ivanov", "fullname": "Иван Иванов", "email": "old@example.ru"}]


class OneFile:
    def __init__(self, path: Path, content: bytes) -> None:
        self.path = path / "люди.csv"
        self.path.write_bytes(content)

    def get(self, name: str) -> TicketFile:
        content = self.path.read_bytes()
        return TicketFile(name, hashlib.sha256(content).hexdigest(), len(content), self.path)


def plan(
    there: Any = (), made: Any = None, policy: Policy | None = None, files: Any = None, **params: Any
) -> Plan:
    moodle = FakeMoodle(
        **{
            USERS: lambda field, values: [one for one in there if one[field] in values],
            COURSES: lambda field, value: {
                "courses": [{"id": 7, "fullname": "Курс"}] if value == "intro" else []
            },
            COHORTS: lambda query, **_: {"cohorts": [{"id": 3, "name": "Цех", "idnumber": ""}]},
            GROUPS: lambda **_: [{"id": 5, "name": "Смена"}],
        }
    )
    changes = {
        "made": made or {},
        **({"files": files} if files else {}),
        **({"policy": policy} if policy else {}),
    }
    order = validate(CreateUsersParams, params or {"user": [IVANOV]})
    found = ACTION.plan(order, make_context(moodle, **changes))
    assert moodle.written == [], "a plan only reads"
    return found


def from_table(tmp_path: Path, text: str, encoding: str = "cp1251", **params: Any) -> Plan:
    files = OneFile(tmp_path, text.encode(encoding))
    return plan(files=files, users_file="люди.csv", **params)


def faults(tmp_path: Path, text: str, **params: Any) -> list[str]:
    with pytest.raises(OrderRefused) as caught:
        from_table(tmp_path, text, **params)
    assert caught.value.code == "people-unusable"
    assert caught.value.code in ACTION.words.customers
    return list(caught.value.facts["problems"])


def test_a_person_is_an_account_and_what_the_order_puts_them_into() -> None:
    found = plan(
        user=[
            {
                **IVANOV,
                "country": "Россия",
                "profile": {"grade": "6"},
                "cohorts": ["цех"],
                "enrol": [{"course": "intro", "group": "смена"}],
            }
        ]
    )
    account, cohort, course, group = found.part.steps
    assert account.params == {
        **IVANOV,
        "auth": "manual",
        "country": "RU",
        "profile": [{"field": "grade", "value": "6"}],
    }
    user = ref("user1", "id")
    assert (cohort.kind, cohort.params) == ("cohort.add_member", {"cohort": 3, "user": user})
    assert (course.kind, course.params) == ("user.enrol", {"course": 7, "user": user, "role": "student"})
    assert (group.kind, group.params) == ("group.add_member", {"group": 5, "user": user})
    assert found.makes == {"user:ivanov": user}
    assert found.counts == {"people": 1}


def test_a_table_of_an_office_is_read_as_it_is(tmp_path: Path) -> None:
    text = (
        f"{HEAD};Отчество;Отдел;Глобальная группа;Курс;Роль;group1;course2;profile_field_Grade\r\n"
        "Ёлкин;Семён;Yolkin;y@example.ru;Ильич;Цех;Цех;intro;teacher;Смена;intro;6\r\n"
        ";;;;;;;;;;;\r\n"
        'Щукина;"Юлия; мл.";shch;s@example.ru;;;;;;;;\r\n'
    )
    found = from_table(tmp_path, text)
    assert [(one.kind, one.label) for one in found.part.steps] == [
        ("user.create", "user1"),
        ("cohort.add_member", "user1_cohort1"),
        ("user.enrol", "user1_course1"),
        ("group.add_member", "user1_group1"),
        ("user.enrol", "user1_course2"),
        ("user.create", "user2"),
    ]
    first, last = found.part.steps[0].params, found.part.steps[-1].params
    assert (first["username"], first["middlename"], first["department"]) == ("yolkin", "Ильич", "Цех")
    assert first["profile"] == [{"field": "Grade", "value": "6"}]
    assert [one.params["role"] for one in found.part.steps if one.kind == "user.enrol"] == [
        "teacher",
        "student",
    ]
    assert (last["firstname"], last["lastname"]) == ("Юлия; мл.", "Щукина")
    assert found.remarks == ("логин «Yolkin» записан строчными буквами: yolkin",)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1251"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
def test_encoding_and_delimiter_are_told_from_the_content(
    tmp_path: Path, encoding: str, delimiter: str
) -> None:
    text = f"{HEAD}\nИванов;Иван;ivanov;i@example.ru\n".replace(";", delimiter)
    (step,) = from_table(tmp_path, text, encoding).part.steps
    assert (step.params["lastname"], step.params["firstname"]) == ("Иванов", "Иван")


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ("А;Б;петров;p@x.ru", "строка 2: username: «петров»: знака «п» в логине быть не может"),
        ("А;Б;іvanov;p@x.ru", "знака «і» (кириллица, похожая на латиницу) в логине быть не может"),
        ("А;Б;a b;p@x.ru", "знака « » в логине быть не может"),
        ("А;Б;a;иванов", "строка 2: email: «иванов» не адрес электронной почты"),
        ("А;Б;a;p@x.ru, q@x.ru", "не адрес электронной почты"),
        (";Б;a;p@x.ru", "строка 2: lastname: параметр не указан"),
        (
            "А;" + "b" * 101 + ";a;p@x.ru",
            "строка 2: firstname: слишком длинное значение (не более 100 знаков)",
        ),
        ("А;Б;a;p@x.ru\nВ;Г;A;q@x.ru", "строка 3: username «a» уже есть в строке 2"),
        ("А;Б;a;p@x.ru\nВ;Г;b;P@x.ru", "строка 3: email «p@x.ru» уже есть в строке 2"),
        ("А;Б;a;p@x.ru;лишнее", "строка 2: значений 5, а столбцов 4"),
        ('А;"Б;a;p@x.ru\n', "строка 2: кавычки"),
        ("", "в таблице нет людей"),
    ],
)
def test_faults_are_told_by_their_line(tmp_path: Path, rows: str, told: str) -> None:
    assert any(told in one for one in faults(tmp_path, f"{HEAD}\n{rows}\n"))


@pytest.mark.parametrize(
    ("head", "row", "told"),
    [
        ("Фамилия;Имя;Логин", "А;Б;a", "должны быть названия столбцов: email (e-mail или почта"),
        (f"{HEAD};ФИО", "А;Б;a;p@x.ru;В", "таких столбцов нет: ФИО"),
        (f"{HEAD};suspended", "А;Б;a;p@x.ru;1", "таких столбцов нет: suspended"),
        (f"{HEAD};sysrole1", "А;Б;a;p@x.ru;manager", "таких столбцов нет: sysrole1"),
        (f"{HEAD};email", "А;Б;a;p@x.ru;q@x.ru", "столбец указан дважды: email"),
        (f"{HEAD};profile_field_класс", "А;Б;a;p@x.ru;6", "таких столбцов нет: profile_field_класс"),
        (f"{HEAD};пароль", "А;Б;a;p@x.ru;123456", "строка 2: password: пароли в заявках не принимаются"),
        (f"{HEAD};role1", "А;Б;a;p@x.ru;student", "строка 2: role1: курс (course1) не указан"),
        (f"{HEAD};страна", "А;Б;a;p@x.ru;Лапландия", "строка 2: country: «Лапландия»: укажите код страны"),
        (f"{HEAD};номер", "А;Б;a;p@x.ru;1\nВ;Г;b;q@x.ru;1", "строка 3: idnumber «1» уже есть в строке 2"),
    ],
)
def test_wrong_columns_and_their_values_are_told(tmp_path: Path, head: str, row: str, told: str) -> None:
    assert any(told in one for one in faults(tmp_path, f"{head}\n{row}\n"))


def test_a_code_page_that_nobody_can_tell_is_refused_so_that_names_do_not_come_out_wrong(
    tmp_path: Path,
) -> None:
    files = OneFile(tmp_path, f"{HEAD}\nИванов;Иван;ivanov;i@example.ru\n".encode("koi8-r"))
    with pytest.raises(OrderRefused) as caught:
        plan(files=files, users_file="люди.csv")
    assert "сохраните таблицу как «CSV UTF-8»" in caught.value.facts["problems"][0]


def test_people_of_order_and_table_are_held_against_each_other(tmp_path: Path) -> None:
    told = faults(tmp_path, f"{HEAD}\nИванов;Иван;IVANOV;i@example.ru\n", user=[IVANOV])
    assert told == ["строка 2: username «ivanov» уже есть в заказе"]


def test_who_has_an_account_is_named_and_never_changed_silently() -> None:
    with pytest.raises(OrderRefused) as caught:
        plan(THERE)
    assert (caught.value.code, caught.value.facts["people"]) == ("people-exist", ["ivanov (Иван Иванов)"])
    kept = plan(THERE, user=[{**IVANOV, "enrol": [{"course": "intro"}]}], existing="keep")
    (step,) = kept.part.steps
    assert step.params == {"course": 7, "user": 9, "role": "student"}
    assert kept.remarks == ("учётная запись «ivanov» (Иван Иванов) уже была и оставлена без изменений",)
    with pytest.raises(OrderRefused) as caught:
        plan(THERE, user=[IVANOV], existing="keep")
    assert caught.value.code == "nothing-to-do"


def test_an_account_of_somebody_else_is_never_taken_for_theirs() -> None:
    other = [{"id": 9, "username": "ivanov", "fullname": "Игорь Иванов", "email": "igor@example.ru"}]
    enrolled = {**IVANOV, "enrol": [{"course": "intro"}]}
    with pytest.raises(OrderRefused) as caught:
        plan(other, user=[enrolled], existing="keep")
    assert caught.value.code == "other-people"
    assert caught.value.facts["people"] == ["ivanov: Иван Иванов – Игорь Иванов"]
    same_address = [{**other[0], "email": "Ivanov@Example.ru"}]
    assert len(plan(same_address, user=[enrolled], existing="keep").part.steps) == 1


def test_what_is_missing_is_made_only_where_the_order_says_so() -> None:
    person = {**IVANOV, "cohorts": ["Новая"], "enrol": [{"course": "intro", "group": "Новая"}]}
    with pytest.raises(OrderRefused) as caught:
        plan(user=[person])
    assert caught.value.code == "no-such-cohort"
    second = {**person, "username": "b", "email": "b@x.ru"}
    found = plan(user=[person, second], create_missing="да")
    assert [one.kind for one in found.part.steps].count("cohort.create") == 1
    assert [one.kind for one in found.part.steps].count("group.create") == 1
    labels = [one.label for one in found.part.steps]
    assert labels.index("newcohort1") < labels.index("user1_cohort1")


def test_logins_that_look_alike_are_pointed_out() -> None:
    alike = {**IVANOV, "username": "ivan0v", "email": "b@x.ru"}
    assert plan(user=[IVANOV, alike]).remarks == ("логины «ivanov» и «ivan0v» легко спутать",)


def test_the_sites_policy_has_the_last_word() -> None:
    with pytest.raises(OrderRefused) as caught:
        plan(user=[IVANOV], auth="ldap")
    assert caught.value.code == "auth-not-allowed"
    few = Policy((CreateUsersRules(most_people=1),))
    with pytest.raises(OrderRefused) as caught:
        plan(policy=few, user=[IVANOV, {**IVANOV, "username": "b", "email": "b@x.ru"}])
    assert caught.value.code == "too-many-people"
    assert {"auth-not-allowed", "too-many-people"} <= ACTION.words.operators


def test_a_field_that_the_same_order_makes_is_used_by_reference() -> None:
    made = Ref("field1", "input", outside=True)
    (step,) = plan(made={"field:grade": made}, user=[{**IVANOV, "profile": {"grade": "6"}}]).part.steps
    assert step.params["profile"] == [{"field": made, "value": "6"}]


@pytest.mark.parametrize(
    ("params", "told"),
    [
        ({}, "назовите людей"),
        ({"user": [IVANOV, IVANOV]}, "ivanov: login «ivanov» указан дважды"),
        ({"user": [IVANOV, {**IVANOV, "username": "b"}]}, "b: email «ivanov@example.ru» указан дважды"),
        ({"user": [{**IVANOV, "password": "x"}]}, "такого параметра у этой услуги нет"),
        ({"user": [IVANOV], "existing": "update"}, "недопустимое значение; допустимо: 'refuse' или 'keep'"),
    ],
)
def test_faults_of_an_order_are_told(params: Any, told: str) -> None:
    with pytest.raises(OrderInvalid, match=told):
        validate(CreateUsersParams, params)


def test_the_evidence_names_people_and_counts_the_rest() -> None:
    results: dict[str, Any] = {
        "user1": {"id": 1, "username": "a", "fullname": "А"},
        "user1_cohort1": {},
        "user1_course1": {},
        "user1_group1": {},
        "newcohort1": {},
    }
    found = ACTION.evidence(results, FakeMoodle())
    assert found["people"] == [{"user_id": 1, "username": "a", "fullname": "А"}]
    assert (found["enrolments"], found["cohorts"], found["groups"]) == (1, 1, 1)
    assert ACTION.taken_back(found) == {"kind": "people-deleted", "people": ["a"]}
