"""The plugin's six functions, on the embedded Moodle and on a real one (`-m live`): the same suite for both.

Each kind of step is run twice under one key, its faults are named by path, a program that fails leaves
nothing, and what was done is taken back.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from bridge.actions.program import File, Program, Step, Use, ref
from bridge.moodle_ws import MoodleClient, MoodleRefused, ParameterError, connect

PREFIX = "local_otbridge_"
COURSE_DELETE = "core_course_delete_courses"
COURSE_BY_FIELD = "core_course_get_courses_by_field"
USERS_BY_FIELD = "core_user_get_users_by_field"
COHORTS = "core_cohort_search_cohorts"
PATIENCE = 120.0
"""Seconds for a heavy program: a real site's cron may start once a minute."""
OPERATION = {
    "opkey", "kind", "undoes", "ticket", "status", "progress", "step", "stepsdone", "stepstotal", "result",
    "errorcode", "error", "faults", "undone", "timecreated", "timestarted", "timefinished",
}  # fmt: skip
TICKET = "OT-17"


def _key() -> str:
    return str(uuid.uuid4())


def unique(prefix: str) -> str:
    return f"{prefix}{uuid.uuid4().hex[:10]}"


def program(*steps: Step, files: tuple[File, ...] = ()) -> Program:
    return Program(steps, files, TICKET)


def course_step(label: str = "course", **params: Any) -> Step:
    name = unique("c-")
    return Step(
        "course.create", label, {"category": 1, "fullname": f"Курс {name}", "shortname": name, **params}
    )


def role_step(label: str = "role", **params: Any) -> Step:
    return Step("role.create", label, {"shortname": unique("role"), "name": "Роль", **params})


def module_step(kind: str, **settings: Any) -> Step:
    own = {"section": 0, "type": kind, "name": f"Элемент {kind}", "settings": settings}
    return Step("module.add", kind, {"course": ref("course", "id"), **own})


def person_step(label: str = "person", **params: Any) -> Step:
    name = unique("p-")
    own = {"username": name, "firstname": "Иван", "lastname": "Ёлкин", "email": f"{name}@example.ru"}
    return Step("user.create", label, {**own, **params})


def field_step(label: str = "field", **params: Any) -> Step:
    own = {"shortname": unique("f"), "name": "Класс", "category": "Мост", "options": ["5", "6"]}
    return Step("profile.create_field", label, {**own, "datatype": "menu", **params})


def cohort_step(**params: Any) -> Step:
    return Step("cohort.create", "cohort", {"name": unique("Приём "), **params})


def enrol_step(**params: Any) -> Step:
    own = {"course": ref("course", "id"), "user": ref("person", "id"), "role": "student"}
    return Step("user.enrol", "enrolled", {**own, **params})


def way_step(method: str, **params: Any) -> Step:
    return Step(
        "enrol.add",
        f"by_{method}",
        {"course": ref("course", "id"), "method": method, "role": "student", **params},
    )


def rule_step(*conditions: Mapping[str, Any], **params: Any) -> Step:
    place = {} if "cohort" in params else {"course": ref("course", "id"), "role": "student"}
    own = {"name": "Правило", "conditions": [dict(one) for one in conditions], "onleave": "keep"}
    return Step("rule.create", "rule", {**own, **place, **params})


GIFT = "::1:: Дважды два? {=4 ~5}\n\n::2:: Трижды три? {=9 ~6}\n"


class Site:
    """A Moodle as the bridge speaks to it; what its operations made is taken back at the end."""

    def __init__(self, url: str, token: str, transport: Any = "rest") -> None:
        self.url, self.token = url, token
        self.client = connect(url, token, transport=transport)
        self._made: list[str] = []

    def check(self, what: Program | str, draftitemid: int = 0) -> Any:
        text = what if isinstance(what, str) else what.canonical()
        return self.client.read(PREFIX + "check", program=text, draftitemid=draftitemid)

    def faults(self, what: Program | str, draftitemid: int = 0) -> dict[str, str]:
        """Codes by path."""
        answer = self.check(what, draftitemid)
        assert answer["ok"] is (not answer["faults"])
        for one in answer["faults"]:
            assert isinstance(json.loads(one["facts"]), (dict, list))
            assert one["message"]
        return {one["path"]: one["code"] for one in answer["faults"]}

    def send(self, what: Program | str, opkey: str, draftitemid: int = 0) -> dict[str, Any]:
        text = what if isinstance(what, str) else what.canonical()
        self._made.append(opkey)
        return dict(self.client.write(PREFIX + "run", opkey=opkey, program=text, draftitemid=draftitemid))

    def run(self, what: Program, opkey: str = "", draftitemid: int = 0) -> dict[str, Any]:
        """Run it and wait for its end."""
        return self.ended(self.send(what, opkey or _key(), draftitemid))

    def made(self, what: Program, opkey: str = "", draftitemid: int = 0) -> Any:
        """The results by label of a program that is done."""
        operation = self.run(what, opkey, draftitemid)
        assert (operation["status"], operation["error"]) == ("done", "")
        return json.loads(operation["result"])

    def undo(self, undoes: str, opkey: str = "") -> dict[str, Any]:
        operation = self.client.write(PREFIX + "undo", opkey=opkey or _key(), undoes=undoes)
        return self.ended(dict(operation))

    def operation(self, opkey: str) -> dict[str, Any]:
        return dict(self.client.read(PREFIX + "get_operation", opkey=opkey))

    def ended(self, operation: dict[str, Any]) -> dict[str, Any]:
        deadline, seen = time.monotonic() + PATIENCE, [operation["progress"]]
        while operation["status"] in {"queued", "running", "undoing"}:
            assert time.monotonic() < deadline, f"did not end in {PATIENCE:g} s; does cron run?"
            time.sleep(0.05)
            operation = self.operation(operation["opkey"])
            seen.append(operation["progress"])
        assert operation["kind"] == "undo" or operation["status"] == "failed" or seen == sorted(seen)
        assert operation["timecreated"] <= operation["timestarted"] <= operation["timefinished"]
        return operation

    def courses(self, shortname: str) -> list[Any]:
        return list(self.client.read(COURSE_BY_FIELD, field="shortname", value=shortname)["courses"])

    def upload(self, path: Path) -> tuple[int, File]:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        area = self.client.upload(path, digest)
        return area, File(digest, path.name, path.stat().st_size)

    def clear(self) -> None:
        for opkey in reversed(self._made):
            operation = self.operation(opkey)
            if operation["status"] in {"done", "failed"} and not operation["undone"]:
                self.ended(dict(self.client.write(PREFIX + "undo", opkey=_key(), undoes=opkey)))
        self.client.close()


@pytest.fixture
def site(moodle_site: Any) -> Iterator[Site]:
    made = Site(moodle_site.url, moodle_site.token)
    yield made
    made.clear()


@pytest.fixture
def admin(moodle_site: Any) -> Iterator[MoodleClient]:
    """A client that may create and change courses: the embedded Moodle's own may."""
    token = moodle_site.token
    if type(moodle_site).__name__ == "RealMoodle":
        token = os.environ.get("MOODLE_ADMIN_TOKEN", "")
        if not token:
            pytest.skip("MOODLE_ADMIN_TOKEN names nobody who may create courses")
    with connect(moodle_site.url, token) as client:
        yield client


@pytest.fixture
def deleted(site: Site) -> dict[str, Any]:
    """A course that lies in the recycle bin: its id and names."""
    step = course_step(idnumber=unique("idn-"))
    made = site.made(program(step))["course"]
    site.client.write(COURSE_DELETE, courseids=[made["id"]])
    return {
        "courseid": made["id"],
        **{name: step.params[name] for name in ("fullname", "shortname", "idnumber")},
    }


def entry_step(concept: str, **params: Any) -> Step:
    own = {"glossary": ref("glossary", "cmid"), "concept": concept, "definitionhtml": "<p>Зверь</p>"}
    return Step("glossary.add_entry", unique("entry"), {**own, **params})


def backup_step(**params: Any) -> Step:
    return Step("backup.configure", "backups", params)


def theme_step(**params: Any) -> Step:
    return Step("theme.apply", "theme", {"theme": "boost", "activate": False, **params})


def certificate_step(**params: Any) -> Step:
    lines = [{"kind": "text", "text": "Сертификат"}, {"kind": "learner"}, {"kind": "grade"}]
    own = {"course": ref("course", "id"), "section": 0, "name": "Сертификат", "lines": lines}
    return Step("certificate.add", "certificate", {**own, **params})


ANSWER = {"texthtml": "Ответ"}
RIGHT = {**ANSWER, "correct": True}


def page_step(title: str, kind: str, *answers: Mapping[str, Any]) -> Step:
    own = {"lesson": ref("lesson", "cmid"), "title": title, "contenthtml": "<p>…</p>", "type": kind}
    return Step("lesson.add_page", unique("page"), {**own, "answers": [dict(one) for one in answers]})


def chain_steps() -> list[Step]:
    """A course in which the second element opens after the first."""
    course = {"course": ref("course", "id")}
    first, second = {"cm": ref("label", "cmid")}, {"cm": ref("assign", "cmid")}
    return [
        course_step(),
        Step("module.add", "label", {**course, "section": 0, "type": "page", "name": "Вводная",
                                     "settings": {"contenthtml": "<p>…</p>"}}),
        module_step("assign"),
        Step("course.update", "on", {**course, "completion": True}),
        Step("completion.set", "c", {**course, "element": first, "tracking": "automatic", "view": True}),
        Step("access.restrict", "r", {**course, "element": second,
                                      "conditions": [{"type": "completion", "element": first}]}),
    ]  # fmt: skip


def grade_steps() -> list[Step]:
    """Scales, a category, a grade that teachers enter, and a formula over them."""
    course = {"course": ref("course", "id")}
    return [
        course_step(),
        module_step("quiz", grade="10"),
        Step("grade.create_scale", "scale", {**course, "name": "Зачёт", "items": ["Незачёт", "Зачёт"]}),
        Step("grade.create_category", "lec", {**course, "name": "Лекции", "idnumber": "lec"}),
        Step("grade.create_item", "l1", {**course, "name": "Лекция 1", "scale": ref("scale", "id"),
                                         "category": ref("lec", "id")}),
        Step("grade.set", "q", {**course, "element": {"cm": ref("quiz", "cmid")}, "idnumber": "exam",
                                "gradepass": "6"}),
        Step("grade.set", "total", {**course, "total": True, "aggregation": "mean", "hidden": False,
                                    "formula": "=if([[lec]]>=80,[[exam]]*10,0)"}),
    ]  # fmt: skip


def restriction(**condition: Any) -> list[Step]:
    """A course whose first section is restricted."""
    own = {"course": ref("course", "id"), "section": 0, "conditions": [condition]}
    return [course_step(), Step("access.restrict", "r", own)]


def on_course(kind: str, label: str = "it", **params: Any) -> list[Step]:
    """A new course, and a step in it."""
    return [course_step(), Step(kind, label, {"course": ref("course", "id"), **params})]


def restore_step(site: Site, deleted: Mapping[str, Any], **params: Any) -> Step:
    backup, *_ = site.client.read(PREFIX + "find_backups", courseid=deleted["courseid"])["backups"]
    return Step("course.restore", "course", {"ref": backup["ref"], "category": 1, **params})


# --- get_info


@pytest.mark.parametrize("transport", ["rest", "soap"])
def test_get_info_tells_versions_capabilities_and_steps(moodle_site: Any, transport: Any) -> None:
    with connect(moodle_site.url, moodle_site.token, transport=transport) as client:
        info = client.read(PREFIX + "get_info")
    assert info["release"][0].isdigit()
    assert info["pluginversion"] >= 2026112903
    assert abs(info["time"] - time.time()) < 300
    granted = {item["name"]: item["granted"] for item in info["capabilities"]}
    assert {"local/otbridge:view", "local/otbridge:restore", "local/otbridge:managerole"} <= granted.keys()
    assert granted["local/otbridge:view"]
    steps = {one["name"]: one for one in info["steps"]}
    assert {
        "course.restore",
        "course.create",
        "role.create",
        "group.create",
        "grouping.create",
        "grouping.add",
        "group.add_member",
    } <= steps.keys()
    assert {name for name, one in steps.items() if one["heavy"]} >= {"course.restore"}
    assert not steps["group.create"]["heavy"]
    for one in steps.values():
        assert one["available"] or one["reason"]
        assert all("/" in capability for capability in json.loads(one["needs"]))
    limits = json.loads(info["limits"])
    assert limits["steps"] >= 2000
    assert limits["program"] >= 4 * 1024 * 1024
    assert isinstance(json.loads(info["policy"]), dict)


# --- operations and their keys


@pytest.mark.parametrize("transport", ["rest", "soap"])
def test_a_key_that_was_never_seen_is_the_operation_none(moodle_site: Any, transport: Any) -> None:
    opkey = _key()
    with connect(moodle_site.url, moodle_site.token, transport=transport) as client:
        operation = client.read(PREFIX + "get_operation", opkey=opkey)
    assert operation.keys() == OPERATION
    assert (operation["opkey"], operation["status"], operation["progress"]) == (opkey, "none", 0)


@pytest.mark.parametrize("function", ["get_operation", "undo", "run"])
def test_a_key_that_is_no_uuid_is_a_bad_parameter(site: Site, function: str) -> None:
    rest = {
        "get_operation": {},
        "undo": {"undoes": _key()},
        "run": {"program": program(role_step()).canonical()},
    }
    with pytest.raises(ParameterError):
        site.client.write(PREFIX + function, opkey="1", **rest[function])


STEPS: dict[str, Callable[[Site], Program]] = {
    "role.create": lambda _: program(role_step(archetype="student")),
    "course.create": lambda _: program(course_step(sections=[{"name": "Тема 1"}])),
    "group.create": lambda _: program(
        course_step(), Step("group.create", "one", {"course": ref("course", "id"), "name": "А"})
    ),
    "grouping.create": lambda _: program(
        course_step(), Step("grouping.create", "one", {"course": ref("course", "id"), "name": "П"})
    ),
    "question.import": lambda _: program(
        course_step(),
        Step("question.import", "bank", {"course": ref("course", "id"), "format": "gift", "text": GIFT}),
    ),
    "quiz.add_questions": lambda _: program(
        course_step(),
        Step("question.import", "bank", {"course": ref("course", "id"), "format": "gift", "text": GIFT}),
        module_step("quiz"),
        Step("quiz.add_questions", "q", {"quiz": ref("quiz", "cmid"), "questions": ref("bank", "ids")}),
    ),
    "grouping.add": lambda _: program(
        course_step(),
        Step("grouping.create", "flow", {"course": ref("course", "id"), "name": "П"}),
        Step("group.create", "a", {"course": ref("course", "id"), "name": "А"}),
        Step("grouping.add", "added", {"grouping": ref("flow", "id"), "group": ref("a", "id")}),
    ),
    "group.add_member": lambda _: program(
        course_step(),
        person_step(),
        enrol_step(),
        Step("group.create", "a", {"course": ref("course", "id"), "name": "А"}),
        Step("group.add_member", "in", {"group": ref("a", "id"), "user": ref("enrolled", "user")}),
    ),
    "module.add": lambda _: program(
        course_step(),
        module_step("assign", duedate=1801515540, gradepass="60.5", submissiontypes=["file", "onlinetext"]),
    ),
    "module.add folder": lambda _: program(course_step(), module_step("folder", display="inline")),
    "module.add page": lambda _: program(course_step(), module_step("page", contenthtml="<p>Текст</p>")),
    "lesson.add_page": lambda _: program(
        course_step(),
        module_step("lesson", maxanswers=6),
        page_step("Введение", "content", {"texthtml": "Далее &lt;", "jump": "next"}),
        page_step("Вопрос", "multichoice", {"texthtml": "<p>Да</p>", "correct": True}, {"texthtml": "Нет"}),
    ),
    "completion.set and access.restrict": lambda _: program(*chain_steps()),
    "course.update": lambda _: program(
        course_step(), Step("course.update", "on", {"course": ref("course", "id"), "showgrades": False})
    ),
    "completion.set_criteria": lambda _: program(
        *chain_steps(),
        Step(
            "completion.set_criteria",
            "done",
            {"course": ref("course", "id"), "elements": [{"cm": ref("label", "cmid")}], "gradepass": "60"},
        ),
    ),
    "category.create": lambda _: program(
        Step("category.create", "top", {"name": unique("Раздел ")}),
        Step("category.create", "low", {"parent": ref("top", "id"), "name": "1 курс", "visible": False}),
        course_step(category=ref("low", "id")),
    ),
    "category.sort_courses": lambda _: program(
        Step("category.create", "top", {"name": unique("Раздел ")}),
        course_step("one", category=ref("top", "id"), startdate=1801515540),
        course_step("two", category=ref("top", "id"), startdate=1801515530),
        Step("category.sort_courses", "sorted", {"category": ref("top", "id"), "by": "startdate"}),
    ),
    "grades": lambda _: program(*grade_steps()),
    "glossary.add_entry": lambda _: program(
        course_step(), module_step("glossary", displayformat="faq"), entry_step("Ёж"), entry_step("Норма")
    ),
    "profile.create_field": lambda _: program(
        field_step(),
        field_step("more", datatype="checkbox", options=[], defaultvalue="да", required=True),
        field_step("born", datatype="datetime", options=[]),
    ),
    "user.create": lambda _: program(
        field_step(),
        person_step(country="RU", city="Тула", profile=[{"field": ref("field", "input"), "value": "6"}]),
    ),
    "role.assign": lambda _: program(
        role_step(contextlevels=["system", "coursecat"]),
        person_step(),
        Step("role.assign", "all", {"role": ref("role", "shortname"), "user": ref("person", "id")}),
        Step(
            "role.assign",
            "category",
            {"role": ref("role", "shortname"), "user": ref("person", "id"), "category": 1},
        ),
    ),
    "user.enrol": lambda _: program(
        course_step(), person_step(), enrol_step(timestart=1800000000, timeend=1900000000)
    ),
    "cohort.create": lambda _: program(cohort_step(idnumber=unique("i-"))),
    "cohort.add_member": lambda _: program(
        cohort_step(),
        person_step(),
        Step("cohort.add_member", "in", {"cohort": ref("cohort", "id"), "user": ref("person", "id")}),
    ),
    "enrol.add": lambda _: program(
        course_step(),
        cohort_step(),
        person_step(),
        Step("cohort.add_member", "in", {"cohort": ref("cohort", "id"), "user": ref("person", "id")}),
        way_step("cohort", cohort=ref("cohort", "id")),
        way_step("self", key="Слово-2026", most=30),
    ),
    "rule.create": lambda _: program(
        field_step(),
        course_step(),
        rule_step(
            {"field": "country", "values": ["RU"]}, {"field": ref("field", "input"), "values": ["5", "6"]}
        ),
        person_step(country="RU", profile=[{"field": ref("field", "input"), "value": "6"}]),
    ),
    "backup.configure": lambda _: program(backup_step(hour=4, minute=35, keep=5, **{"with": ["users"]})),
    "theme.apply": lambda _: program(
        theme_step(theme="classic", brandcolor="#aa3300", scss=".otbridge {\n  color: $primary;\n}")
    ),
    "site.audit": lambda _: program(Step("site.audit", "audit", {"lang": "ru"})),
    "certificate.add": lambda _: program(course_step(), certificate_step(mingrade="60.5")),
}


def offered(site: Site, kind: str) -> Program:
    """The program of a kind of steps; skips the test where the site has no such kind."""
    what = STEPS[kind](site)
    known = {one["name"] for one in site.client.read(PREFIX + "get_info")["steps"] if one["available"]}
    if not {step.kind for step in what.steps} <= known:
        pytest.skip(f"the site has no step {kind}")
    return what


@pytest.mark.parametrize("kind", STEPS)
def test_a_program_twice_under_one_key_is_one_operation(site: Site, kind: str) -> None:
    what, opkey = offered(site, kind), _key()
    first = site.run(what, opkey)
    assert (first["kind"], first["status"], first["progress"]) == ("run", "done", 1)
    assert (first["stepsdone"], first["stepstotal"], first["ticket"]) == (
        len(what.steps),
        len(what.steps),
        TICKET,
    )
    results = json.loads(first["result"])
    assert results.keys() == {step.label for step in what.steps}
    assert all(isinstance(one, dict) for one in results.values()), "nothing to tell is an object, too"
    spaced = json.dumps(json.loads(what.canonical()), indent=1)
    assert site.send(spaced, opkey) == site.send(what, opkey) == site.operation(opkey) == first


@pytest.mark.parametrize("kind", STEPS)
def test_what_a_program_did_is_taken_back_once(site: Site, kind: str) -> None:
    what, opkey, undo = offered(site, kind), _key(), _key()
    site.made(what, opkey)
    operation = site.undo(opkey, undo)
    assert (operation["kind"], operation["undoes"], operation["status"]) == ("undo", opkey, "done")
    result = json.loads(operation["result"])
    assert len(result["undone"]) == len(what.steps)
    assert result["left"] == []
    assert site.operation(opkey)["undone"] == undo
    assert site.undo(opkey, undo) == operation
    with pytest.raises(MoodleRefused) as caught:
        site.undo(opkey)
    assert caught.value.errorcode == "alreadyundone"
    again = site.made(what)
    assert again.keys() == {step.label for step in what.steps}, "nothing is left in the way"


# --- programs that are applied again


def bringing(what: Program) -> Program:
    """The program whose steps take up what is there already."""
    steps = []
    for step in what.steps:
        category = {"category": "Вопросы"} if step.kind == "question.import" else {}
        steps.append(Step(step.kind, step.label, {**category, **step.params, "existing": "bring"}))
    return Program(tuple(steps), what.files, what.ticket)


NOT_FOUND_AGAIN = frozenset(
    {
        "access.restrict",
        "backup.configure",
        "category.create",
        "category.sort_courses",
        "certificate.add",
        "cohort.add_member",
        "cohort.create",
        "completion.set and access.restrict",
        "completion.set_criteria",
        "course.update",
        "enrol.add",
        "grades",
        "group.add_member",
        "profile.create_field",
        "role.assign",
        "rule.create",
        "site.audit",
        "theme.apply",
        "user.create",
        "user.enrol",
    }
)
"""Programs with steps that take no `existing`: they set something, make what is not looked for, or say in
their results whether it is new.
"""


@pytest.mark.parametrize("kind", [kind for kind in STEPS if kind not in NOT_FOUND_AGAIN])
def test_a_program_that_is_applied_again_changes_nothing(site: Site, kind: str) -> None:
    what, second = bringing(offered(site, kind)), _key()
    first = site.made(what)
    assert not any("existing" in result for result in first.values())
    kept = {label: {**result, "existing": "kept"} for label, result in first.items()}
    assert site.made(what, second) == kept
    operation = site.undo(second)
    assert (operation["status"], json.loads(operation["result"])["left"]) == ("done", [])
    assert site.made(what) == kept, "what was there before is not taken back with the second one"


def test_what_is_there_already_is_brought_to_what_the_program_says(site: Site) -> None:
    only_where(site, "lesson.add_page", "glossary.add_entry", "group.create")
    names = {"shortname": unique("c-"), "fullname": "Курс"}

    def wanted(course: str, sections: list[str], text: str, group: str) -> Program:
        own = {"idnumber": "а-1", "name": group}
        return bringing(
            program(
                course_step(**{**names, "fullname": course}, sections=[{"name": one} for one in sections]),
                Step("group.create", "group", {"course": ref("course", "id"), **own}),
                module_step("page", contenthtml="<p>Текст</p>"),
                module_step("lesson"),
                Step("module.add", "words", {**module_step("glossary").params, "introhtml": text}),
                Step("glossary.add_entry", "entry", {**_ENTRY, "definitionhtml": text}),
            )
        )

    before = wanted("Курс", ["Тема 1"], "<p>Раз</p>", "А")
    after = wanted("Курс 2", ["Тема первая", "Тема 2"], "<p>Два</p>", "Б")
    first, opkey = site.made(before), _key()
    second = site.made(after, opkey)
    assert {label: result["existing"] for label, result in second.items()} == {
        "course": "changed",
        "group": "changed",
        "page": "kept",
        "lesson": "kept",
        "words": "changed",
        "entry": "changed",
    }
    assert second["course"]["id"] == first["course"]["id"]
    assert len(second["course"]["sections"]) == 2
    (course,) = site.courses(names["shortname"])
    assert course["fullname"] == "Курс 2"
    assert {one["existing"] for one in site.made(after).values()} == {"kept"}
    assert site.undo(opkey)["status"] == "done"
    (course,) = site.courses(names["shortname"])
    assert course["fullname"] == "Курс"
    assert {one["existing"] for one in site.made(before).values()} == {"kept"}


_ENTRY = {"glossary": ref("words", "cmid"), "concept": "Ёж"}


def test_what_was_brought_and_changed_since_is_not_put_back(site: Site) -> None:
    step = course_step()
    first, second, third = (
        bringing(program(Step(step.kind, step.label, {**step.params, "fullname": name})))
        for name in ("Первый", "Второй", "Третий")
    )
    opkey = _key()
    site.made(first)
    site.made(second, opkey)
    site.made(third)
    operation = site.undo(opkey)
    assert (operation["status"], operation["errorcode"]) == ("failed", "changedsince")
    assert site.courses(step.params["shortname"])[0]["fullname"] == "Третий"


def test_a_check_says_what_is_there_already(site: Site) -> None:
    step = course_step()
    site.made(program(step))
    assert site.faults(program(step)) == {"steps[0].shortname": "shortnametaken"}
    what = bringing(program(Step(step.kind, step.label, {**step.params, "fullname": "Другой"})))
    assert site.faults(what) == {}
    ((path, code, facts),) = [
        (one["path"], one["code"], json.loads(one["facts"])) for one in site.check(what)["notes"]
    ]
    assert (path, code, facts) == ("steps[0]", "existschanged", {"params": "fullname"})


def test_questions_that_are_there_in_part_are_refused(site: Site) -> None:
    only_where(site, "question.import")
    course = course_step()
    site.made(bringing(program(course, import_step())))
    more = import_step(text=GIFT + "\n::3:: Четырежды четыре? {=16 ~12}\n")
    assert site.faults(bringing(program(course, more))) == {"steps[1]": "questionspartly"}


@pytest.mark.parametrize("existing", ["keep", True, None, 1])
def test_another_word_for_what_is_there_already_is_a_fault(site: Site, existing: Any) -> None:
    step = course_step(existing=existing)
    assert site.faults(program(step)) == {"steps[0].existing": "paramchoice"}


def test_a_step_that_knows_nothing_again_says_so(site: Site, deleted: dict[str, Any]) -> None:
    step = restore_step(site, deleted, existing="bring")
    assert site.faults(program(step)) == {"steps[0].existing": "paramchoice"}


def test_a_key_serves_one_program_only(site: Site) -> None:
    opkey = _key()
    site.run(program(role_step()), opkey)
    with pytest.raises(MoodleRefused) as caught:
        site.run(program(role_step()), opkey)
    assert caught.value.errorcode == "opkeyreused"
    with pytest.raises(MoodleRefused) as caught:
        site.undo(_key(), opkey)
    assert caught.value.errorcode in {"opkeyreused", "unknownoperation"}


def test_what_was_never_done_cannot_be_undone(site: Site) -> None:
    with pytest.raises(MoodleRefused) as caught:
        site.undo(_key())
    assert caught.value.errorcode == "unknownoperation"


def test_eight_calls_with_one_key_at_once_make_one_role(moodle_site: Any, site: Site) -> None:
    what, opkey = program(role_step()).canonical(), _key()

    def send(_: int) -> Any:
        with connect(moodle_site.url, moodle_site.token) as own:
            return own.write(PREFIX + "run", opkey=opkey, program=what)

    with ThreadPoolExecutor(8) as pool:
        operations = list(pool.map(send, range(8)))
    site._made.append(opkey)
    assert {operation["opkey"] for operation in operations} == {opkey}
    assert site.ended(site.operation(opkey))["status"] == "done"


@pytest.mark.parametrize("transport", ["rest", "soap"])
def test_texts_come_through_as_they_are(moodle_site: Any, transport: Any) -> None:
    site = Site(moodle_site.url, moodle_site.token, transport)
    name = '$Охрана & «труд» a<b \\ "кавычки" 😀 ё'
    step = course_step(fullname=name, sections=[{"name": "A & B <1>", "summaryhtml": "<p>1 &lt; 2</p>"}])
    made = site.made(program(step))["course"]
    assert made["fullname"] == name
    (course,) = site.courses(step.params["shortname"])
    assert (course["id"], course["fullname"]) == (made["id"], name)
    site.clear()


# --- questions and quizzes


def import_step(**params: Any) -> Step:
    wanted = {"course": ref("course", "id"), "format": "gift", "text": GIFT, "category": "Вопросы"}
    return Step("question.import", "bank", {**wanted, **params})


def quiz_step(**settings: Any) -> Step:
    step = module_step("quiz")
    return Step(step.kind, step.label, {**step.params, "settings": settings})


def only_where(site: Site, *kinds: str) -> None:
    for kind in kinds:
        offered(site, kind)


def test_questions_go_into_a_bank_and_a_quiz(site: Site) -> None:
    only_where(site, "quiz.add_questions")
    added = {"quiz": ref("quiz", "cmid"), "questions": ref("bank", "ids"), "maxmark": "2"}
    quiz = quiz_step(attempts=2, grade="10", gradepass="6.5", timelimit=600, shuffleanswers=False)
    made = site.made(program(course_step(), quiz, import_step(), Step("quiz.add_questions", "q", added)))
    assert made["bank"]["count"] == len(made["bank"]["ids"]) == 2
    assert (made["q"]["count"], float(made["q"]["sumgrades"])) == (2, 4.0)
    assert f"id={made['quiz']['cmid']}" in made["quiz"]["url"]


def test_a_text_that_starts_with_a_dollar_is_no_reference(site: Site) -> None:
    only_where(site, "question.import")
    step = import_step(text=f"$CATEGORY: Тема\n\n{GIFT}", category="")
    assert site.made(program(course_step(), step))["bank"]["count"] == 2


@pytest.mark.parametrize(
    ("params", "path", "code"),
    [
        ({"text": "::Q:: Половина трёх? {#1,5}"}, "text", "questioncomma"),
        ({"text": "::Q1:: Раз? {=a ~b}\n::Q2:: Два? {=c ~d}"}, "text", "questionjoined"),
        ({"text": "$CATEGORY: Тема\n::Q:: Раз? {=a ~b}"}, "text", "questioncategory"),
        ({"text": "Раз?\n-a\n+-b"}, "text", "questionbraces"),
        ({"text": "::Q:: Небо синее? {Верно}"}, "text", "questiontruefalse"),
        ({"text": "::Q:: Раз? {~a ~b}"}, "text", "questionnoright"),
        ({"format": "aiken", "text": "Раз?\nA. a\nB. b\nANSWER: E"}, "text", "questionanswer"),
        ({"format": "aiken", "text": "Раз?\nА) a\nБ) b\nANSWER: A"}, "text", "questionletter"),
        ({"format": "xml", "text": "<quiz>"}, "text", "questionsunreadable"),
        ({"format": "xml", "text": "<questions/>"}, "text", "questionsunreadable"),
        ({"format": "xml", "text": "<quiz><question type='nosuch'/></quiz>"}, "text", "questiontype"),
        ({"text": ""}, "text", "textorfile"),
        ({"category": "a/b"}, "category", "parampattern"),
    ],
)
def test_questions_that_would_be_stored_wrong_are_refused(
    site: Site, params: dict[str, Any], path: str, code: str
) -> None:
    only_where(site, "question.import")
    found = site.faults(program(course_step(), import_step(**params)))
    assert found == {f"steps[1].{path}": code}


def test_settings_of_a_quiz_are_checked(site: Site) -> None:
    only_where(site, "quiz.add_questions")
    quiz = quiz_step(timeopen=2000, timeclose=1000, gradepass="11", grade="10")
    assert site.faults(program(course_step(), quiz)) == {
        "steps[1].settings.timeclose": "timesorder",
        "steps[1].settings.gradepass": "paramrange",
    }
    unknown = site.faults(program(course_step(), quiz_step(attempt=1)))
    assert unknown == {"steps[1].settings.attempt": "paramunknown"}


# --- faults, named by path


def _with(**changes: Any) -> str:
    return json.dumps({**program(role_step()).document, **changes})


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("no JSON", {"": "programinvalid"}),
        ("[]", {"": "programinvalid"}),
        (_with(version=2), {"": "programinvalid"}),
        (_with(steps=[]), {"steps": "paramcount"}),
        (_with(steps=[{"step": "no.such", "as": "a"}]), {"steps[0].step": "unknownstep"}),
        (_with(steps=[{"step": "role.create", "as": "A"}]), {"steps[0].as": "labelform"}),
        (_with(steps=[*program(role_step()).document["steps"], *program(role_step()).document["steps"]]),
         {"steps[1].as": "labeltwice"}),
        (_with(ticket="x" * 101), {"ticket": "paramlength"}),
    ],
)  # fmt: skip
def test_what_is_no_program_is_named_by_its_path(site: Site, text: str, faults: dict[str, str]) -> None:
    assert site.faults(text) == faults
    with pytest.raises(MoodleRefused) as caught:
        site.client.write(PREFIX + "run", opkey=_key(), program=text)
    assert caught.value.errorcode in faults.values()


def _missing_name() -> Step:
    return Step("course.create", "course", {"category": 1, "shortname": unique("c-")})


@pytest.mark.parametrize(
    ("steps", "faults"),
    [
        ([_missing_name()], {"steps[0].fullname": "parammissing"}),
        ([course_step(fullname=" ")], {"steps[0].fullname": "paramlength"}),
        ([course_step(fullname="x" * 255)], {"steps[0].fullname": "paramlength"}),
        ([course_step(fullname="a\x01b")], {"steps[0].fullname": "paramcontrol"}),
        ([course_step(category="1")], {"steps[0].category": "paramtype"}),
        ([course_step(visible=1)], {"steps[0].visible": "paramtype"}),
        ([course_step(nonsense=1)], {"steps[0].nonsense": "paramunknown"}),
        ([course_step(category=999_999_999)], {"steps[0].category": "categorynotfound"}),
        ([course_step(format="nosuch")], {"steps[0].format": "formatnotfound"}),
        ([course_step(sections=[{"name": "a"}, {"nam": "b"}])],
         {"steps[0].sections[1].nam": "paramunknown", "steps[0].sections[1].name": "parammissing"}),
        ([course_step(), Step("group.create", "g", {"course": ref("course", "no"), "name": "А"})],
         {"steps[1].course": "referencefield"}),
        ([course_step(), Step("group.create", "g", {"course": ref("course", "url"), "name": "А"})],
         {"steps[1].course": "referencetype"}),
        ([role_step(archetype="nosuch")], {"steps[0].archetype": "unknownarchetype"}),
        ([role_step(contextlevels=["nosuch"])], {"steps[0].contextlevels[0]": "paramchoice"}),
        ([role_step(allowassign=["nosuch"])], {"steps[0].allowassign[0]": "unknownrole"}),
        ([role_step(shortname="student")], {"steps[0].shortname": "shortnametaken"}),
        ([role_step(capabilities=[{"name": "moodle/no:such", "permission": "allow"}])],
         {"steps[0].capabilities[0].name": "unknowncapability"}),
        ([role_step(capabilities=[{"name": "moodle/course:view", "permission": "maybe"}])],
         {"steps[0].capabilities[0].permission": "paramchoice"}),
        ([role_step("a", archetype="nosuch"), course_step(category=999_999_999)],
         {"steps[0].archetype": "unknownarchetype", "steps[1].category": "categorynotfound"}),
        ([course_step(), module_step("assign", duedate=2, cutoffdate=1)],
         {"steps[1].settings.cutoffdate": "timesorder"}),
        ([course_step(), module_step("assign", grade=50, gradepass="50.5")],
         {"steps[1].settings.gradepass": "paramrange"}),
        ([course_step(), module_step("assign", grade=101)], {"steps[1].settings.grade": "paramrange"}),
        ([course_step(), module_step("assign", submissiontypes=["paper"])],
         {"steps[1].settings.submissiontypes[0]": "paramchoice"}),
        ([course_step(), module_step("page")], {"steps[1].settings.contenthtml": "parammissing"}),
        ([course_step(), module_step("resource")], {"steps[1].files": "paramcount"}),
        ([course_step(), module_step("lesson"), page_step("А", "multichoice", ANSWER, ANSWER)],
         {"steps[2].answers": "norightanswer"}),
        ([course_step(), module_step("lesson"), page_step("А", "truefalse", RIGHT)],
         {"steps[2].answers": "paramcount"}),
        ([course_step(), module_step("lesson"), page_step("А", "content", {"texthtml": "<b>Далее</b>"})],
         {"steps[2].answers[0].texthtml": "plaintext"}),
        ([course_step(), module_step("lesson"), page_step("А", "content", {**ANSWER, "score": 1})],
         {"steps[2].answers[0].score": "noscores"}),
        ([course_step(), module_step("glossary"), entry_step("Ёж"), entry_step("ёж")],
         {"steps[3].concept": "concepttaken"}),
        ([course_step(), module_step("glossary"), entry_step("a<b")], {"steps[2].concept": "parampattern"}),
        ([course_step(), module_step("glossary"), entry_step("а" * 256)],
         {"steps[2].concept": "paramlength"}),
        ([person_step(username="Ivanov")], {"steps[0].username": "usernameform"}),
        ([person_step(username="іvanov")], {"steps[0].username": "usernameform"}),
        ([person_step(username="guest")], {"steps[0].username": "usernametaken"}),
        ([person_step(username="adm1n")], {"steps[0].username": "usernamealike"}),
        ([person_step(email="иванов@")], {"steps[0].email": "emailform"}),
        ([person_step(email="a@b.ru"), person_step("twin", email="A@b.ru")],
         {"steps[1].email": "emailtaken"}),
        ([person_step(username="same-login"), person_step("twin", username="same-login")],
         {"steps[1].username": "usernametaken"}),
        ([person_step(country="XX")], {"steps[0].country": "countrynotfound"}),
        ([person_step(lang="tlh")], {"steps[0].lang": "langnotfound"}),
        ([person_step(auth="nologin")], {"steps[0].auth": "authnotallowed"}),
        ([person_step(firstname="а" * 101)], {"steps[0].firstname": "paramlength"}),
        ([person_step(lastname=" ")], {"steps[0].lastname": "paramlength"}),
        ([person_step(suspended=1)], {"steps[0].suspended": "paramunknown"}),
        ([person_step(profile=[{"field": "profile_field_nosuch", "value": "1"}])],
         {"steps[0].profile[0].field": "unknownprofilefield"}),
        ([field_step(options=["5"])], {"steps[0].options": "paramcount"}),
        ([field_step(options=["5", "5"])], {"steps[0].options[1]": "optiontwice"}),
        ([field_step(defaultvalue="9")], {"steps[0].defaultvalue": "profilevalue"}),
        ([field_step(datatype="social")], {"steps[0].datatype": "paramchoice"}),
        ([person_step(), Step("role.assign", "r", {"role": "nosuch", "user": ref("person", "id")})],
         {"steps[1].role": "unknownrole"}),
        ([person_step(), Step("role.assign", "r", {"role": "manager", "user": ref("person", "id")})],
         {"steps[1].role": "rolenotallowed"}),
        ([Step("role.assign", "r", {"role": "student", "user": 1, "category": 1})],
         {"steps[0].role": "rolenotallowed", "steps[0].user": "userprotected"}),
        ([course_step(), person_step(), enrol_step(role="coursecreator")],
         {"steps[2].role": "rolenotallowed"}),
        ([course_step(), person_step(), enrol_step(timestart=20, timeend=10)],
         {"steps[2].timeend": "timesorder"}),
        ([course_step(), way_step("cohort")], {"steps[1].cohort": "parammissing"}),
        ([course_step(), way_step("self", timestart=20, timeend=10)], {"steps[1].timeend": "timesorder"}),
        ([course_step(), cohort_step(), way_step("cohort", cohort=ref("cohort", "id"), key="x")],
         {"steps[2].method": "notforcohort"}),
        ([course_step(), rule_step({"field": "password", "values": ["x"]})],
         {"steps[1].conditions[0].field": "unknownprofilefield"}),
        ([course_step(), rule_step({"field": "country", "values": ["Россия"]})],
         {"steps[1].conditions[0].values": "countrynotfound"}),
        ([course_step(), rule_step({"field": "city", "values": ["Тула"]}, role="manager")],
         {"steps[1].role": "rolenotallowed"}),
        ([course_step(), rule_step({"field": "city", "values": ["Тула"]}, onleave="delete")],
         {"steps[1].onleave": "paramchoice"}),
        ([backup_step()], {"steps[0]": "nosettings"}),
        ([backup_step(keep=7)], {"steps[0].keep": "paramchoice"}),
        ([backup_step(destination="/no/such/folder")], {"steps[0].destination": "foldernotwritable"}),
        ([backup_step(**{"with": ["users"], "without": ["users"]})],
         {"steps[0].without[0]": "settingtwice"}),
        ([theme_step(theme="nosuch")], {"steps[0].theme": "themenotfound"}),
        ([theme_step(navbardark="on")], {"steps[0].navbardark": "settingunknown"}),
        ([theme_step(preset="nosuch.scss")], {"steps[0].preset": "presetnotfound"}),
        ([theme_step(presetscss=".a { color: red; }")], {"steps[0].preset": "presetname"}),
        ([theme_step(scss=".a {\n color: $$nosuch;\n}")], {"steps[0].scss": "scssinvalid"}),
        ([theme_step(scss=".a { background: url(//x.example/a.png) }")], {"steps[0].scss": "scssaddress"}),
        (restriction(type="group", name="Нет"), {"steps[1].conditions[0].name": "nosuchgroup"}),
        (restriction(type="group"), {"steps[1].conditions[0].group": "conditionempty"}),
        (restriction(type="date", until=5, **{"from": 5}), {"steps[1].conditions[0].until": "timesorder"}),
        (restriction(type="grade", total=True, min="60", max="60"),
         {"steps[1].conditions[0].min": "graderange"}),
        (restriction(type="profile", field="nosuchfield", value="1"),
         {"steps[1].conditions[0].field": "nosuchprofilefield"}),
        ([*chain_steps()[:4], chain_steps()[5]], {"steps[4].conditions[0].element": "completionnone"}),
        ([*chain_steps(), Step("completion.set", "d", chain_steps()[4].params)],
         {"steps[6].element": "elementtwice"}),
        ([*chain_steps()[:4], Step("completion.set", "d", {**chain_steps()[4].params, "tracking": "none"})],
         {"steps[4].tracking": "completionconditions"}),
        ([*chain_steps()[:5],
          Step("access.restrict", "s", {
              "course": ref("course", "id"), "element": {"cm": ref("label", "cmid")},
              "conditions": [{"type": "completion", "element": {"cm": ref("label", "cmid")}}]})],
         {"steps[5].conditions": "restrictionloop"}),
        (on_course("completion.set_criteria"), {"steps[1].elements": "conditionempty"}),
        (on_course("grade.create_scale", name="Ш", items=["а"]), {"steps[1].items": "paramcount"}),
        (on_course("grade.create_category", name="К", gradepass="101"),
         {"steps[1].gradepass": "paramrange"}),
        (on_course("grade.create_item", name="И", weight="2"), {"steps[1].weight": "weightunused"}),
        (on_course("grade.set", total=True, formula="=[[нет]]"), {"steps[1].formula": "formulaunknown"}),
        (on_course("grade.set", total=True, formula="=sum(1;2)"), {"steps[1].formula": "formulabad"}),
        ([*grade_steps()[:4],
          Step("grade.set", "t", {"course": ref("course", "id"), "item": ref("lec", "item"),
                                  "formula": "=[[нет]]"})],
         {"steps[4].formula": "formulaunknown"}),
        ([Step("category.create", "a", {"name": "А"}), Step("category.create", "b", {"name": "А"})],
         {"steps[1].name": "categorynametaken"}),
        ([Step("course.restore", "c", {"category": 1})], {"steps[0].ref": "reforfile"}),
        ([Step("course.restore", "c", {"category": 1, "ref": "recyclebin:999999999"})],
         {"steps[0].ref": "backupnotfound"}),
        ([Step("course.restore", "c", {"category": 1, "ref": "folder:../../config.php"})],
         {"steps[0].ref": "backupnotfound"}),
    ],
)  # fmt: skip
def test_faults_are_found_beforehand_and_named_by_path(
    site: Site, steps: list[Step], faults: dict[str, str]
) -> None:
    what, opkey = program(*steps), _key()
    assert site.faults(what) == faults
    with pytest.raises((MoodleRefused, ParameterError)) as caught:
        site.send(what, opkey)
    assert caught.value.errorcode in faults.values()
    assert any(path in caught.value.detail for path in faults)
    assert site.operation(opkey)["status"] == "none", "a refusal leaves the key free"


@pytest.mark.parametrize(
    ("params", "faults"),
    [
        ({"section": 9}, {"steps[1].section": "sectionnotfound"}),
        ({"lines": [{"kind": "text"}]}, {"steps[1].lines[0].text": "paramlength"}),
        ({"lines": [{"kind": "date", "space": 200}]}, {"steps[1].lines[0]": "offpage"}),
        ({"margin": 200}, {"steps[1].margin": "paramrange"}),
    ],
)
def test_faults_of_certificates_are_found_beforehand(
    site: Site, params: dict[str, Any], faults: dict[str, str]
) -> None:
    only_where(site, "certificate.add")
    course = site.made(program(course_step()))["course"]["id"]
    step = certificate_step(**params, course=course)
    assert site.faults(program(role_step(), step)) == faults


def test_a_broken_style_is_named_by_its_text_and_line(site: Site) -> None:
    only_where(site, "theme.apply")
    answer = site.check(program(theme_step(scss=".a {\n  color: $nosuch;\n}")))
    facts = json.loads(answer["faults"][0]["facts"])
    assert (facts["where"], facts["line"], facts["text"]) == ("scss", 2, "color: $nosuch;")
    assert "$nosuch" in facts["reason"]


def test_an_audit_tells_of_the_site_and_changes_nothing(site: Site) -> None:
    only_where(site, "site.audit")
    info = site.client.read(PREFIX + "get_info")
    report = site.made(offered(site, "site.audit"))["audit"]["report"]
    assert report["versions"]["release"] == info["release"]
    assert "local_otbridge" in {one["component"] for one in report["plugins"]}
    assert report["core"] == {"state": "nolist"}
    assert {one["status"] for one in report["checks"]} <= {
        "ok", "na", "info", "unknown", "warning", "critical", "error",
    }  # fmt: skip
    assert report.keys() == {"time", "versions", "plugins", "core", "schema", "checks", "backups", "cron"}


def test_a_list_of_checksums_is_of_one_release(site: Site, tmp_path: Path) -> None:
    only_where(site, "site.audit")
    sums = tmp_path / "sums.txt"
    sums.write_text(f"# otbridge checksums 1\n# version: 1\n# release: 1.0\n{'0' * 64}  index.php\n")
    area, file = site.upload(sums)
    step = Step("site.audit", "audit", {"checksums": Use(file.sha256)})
    core = site.made(program(step, files=(file,)), draftitemid=area)["audit"]["report"]["core"]
    assert (core["state"], core["list"]["version"]) == ("otherrelease", "1")
    sums.write_text("something else")
    area, file = site.upload(sums)
    step = Step("site.audit", "audit", {"checksums": Use(file.sha256)})
    assert site.faults(program(step, files=(file,)), area) == {"steps[0].checksums": "checksumsinvalid"}


def test_a_forward_reference_is_a_fault(site: Site) -> None:
    document = program(course_step(), Step("group.create", "g", {"course": 2, "name": "А"})).document
    document["steps"][0]["category"] = "$g.id"
    assert site.faults(json.dumps(document))["steps[0].category"] == "referencelabel"
    document["steps"][0]["category"] = "$nonsense"
    assert site.faults(json.dumps(document))["steps[0].category"] == "referenceform"


def test_all_unknown_capabilities_are_named(site: Site) -> None:
    unknown = ("moodle/no:such", "moodle/course:view", "mod/none:such")
    step = role_step(capabilities=[{"name": name, "permission": "allow"} for name in unknown])
    named = [json.loads(one["facts"])["name"] for one in site.check(program(step))["faults"]]
    assert named == ["moodle/no:such", "mod/none:such"]


def test_check_tells_whether_a_program_is_light(site: Site, deleted: dict[str, Any]) -> None:
    light = site.check(program(role_step()))
    assert (light["ok"], light["heavy"], light["faults"]) == (True, False, [])
    assert site.check(program(restore_step(site, deleted)))["heavy"] is True


def _late_fault(site: Site) -> Program:
    """A program whose seventh step fails, as nothing tells beforehand: nobody is enrolled in its course."""
    groups = [
        Step("group.create", f"g{number}", {"course": ref("course", "id"), "name": f"{number}"})
        for number in range(5)
    ]
    user = site.client.site_info()["userid"]
    member = Step("group.add_member", "member", {"group": ref("g3", "id"), "user": user})
    return program(course_step(), *groups, member, role_step())


def test_a_fault_in_a_late_step_leaves_nothing(site: Site) -> None:
    what = _late_fault(site)
    operation = site.run(what)
    assert (operation["status"], operation["errorcode"]) == ("failed", "notenrolled")
    (fault,) = json.loads(operation["faults"])
    assert (fault["path"].startswith("steps[6]"), fault["code"]) == (True, "notenrolled")
    assert json.loads(operation["result"]) == {"left": []}
    assert site.courses(what.steps[0].params["shortname"]) == []
    assert site.send(what, operation["opkey"]) == operation, "a failure stays the key's answer"


def test_what_two_steps_of_a_program_both_want_is_found_beforehand(site: Site) -> None:
    course = course_step()
    group = {"course": ref("course", "id"), "name": "А"}
    role = role_step()
    found = site.faults(
        program(
            course,
            Step("course.create", "again", {**course.params}),
            Step("group.create", "a", group),
            Step("group.create", "b", group),
            role,
            Step("role.create", "twin", {**role.params}),
        )
    )
    assert found == {
        "steps[1].shortname": "shortnametaken",
        "steps[3].name": "groupnametaken",
        "steps[5].shortname": "shortnametaken",
    }


# --- files


def test_files_are_compared_with_their_digests(site: Site, tmp_path: Path) -> None:
    picture = tmp_path / "picture.png"
    picture.write_bytes(
        bytes.fromhex(
            "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
            "1f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
        )
    )
    area, file = site.upload(picture)
    step = course_step(picture=Use(file.sha256))
    what = program(step, files=(file,))
    assert site.faults(what) == {}
    assert site.faults(what, area) == {}
    other = File("0" * 64, "other.png", 5)
    unsent = program(course_step(picture=Use(other.sha256)), files=(other,))
    assert site.faults(unsent, area) == {"files[0]": "filemissing"}
    with pytest.raises(MoodleRefused) as caught:
        site.send(what, _key())
    assert caught.value.errorcode == "filemissing"
    assert site.made(what, draftitemid=area)["course"]["shortname"] == step.params["shortname"]


def test_an_uploaded_file_that_is_no_backup_is_refused(site: Site, tmp_path: Path) -> None:
    path = tmp_path / "a.mbz"
    path.write_bytes(b"no backup")
    area, file = site.upload(path)
    what = program(Step("course.restore", "c", {"category": 1, "file": Use(file.sha256)}), files=(file,))
    assert site.faults(what, area) == {"steps[0].file": "backupinvalid"}
    with pytest.raises(MoodleRefused) as caught:
        site.send(what, _key(), area)
    assert caught.value.errorcode == "backupinvalid"


# --- course.create


def test_a_course_is_made_with_its_sections(site: Site, admin: MoodleClient) -> None:
    step = course_step(
        idnumber=unique("i-"),
        summaryhtml="<p>О курсе</p>",
        visible=False,
        sections=[{"name": f"Тема {n}", "summaryhtml": f"<p>{n}</p>"} for n in (1, 2, 3)],
    )
    made = site.made(program(step))["course"]
    assert len(made["sections"]) == 3
    assert made["url"] == f"{site.url}/course/view.php?id={made['id']}"
    contents = admin.read("core_course_get_contents", courseid=made["id"])
    assert [one["id"] for one in contents] == [made["general"], *made["sections"]]
    assert [one["name"] for one in contents][1:] == ["Тема 1", "Тема 2", "Тема 3"]
    (course,) = admin.read(COURSE_BY_FIELD, field="idnumber", value=step.params["idnumber"])["courses"]
    assert (course["visible"], course["format"]) == (0, "topics")


def test_a_course_that_somebody_worked_in_is_not_destroyed(site: Site) -> None:
    step, opkey = course_step(), _key()
    made = site.made(program(step), opkey)["course"]
    time.sleep(1.1)  # Moodle counts in seconds
    site.made(program(Step("group.create", "g", {"course": made["id"], "name": "Позже"})))
    operation = site.undo(opkey)
    assert (operation["status"], operation["errorcode"]) == ("failed", "changedsince")
    (fault,) = json.loads(operation["faults"])
    assert fault["path"] == "steps[0]"
    assert json.loads(operation["result"])["left"] == ["steps[0] course.create"]
    assert site.courses(step.params["shortname"])
    assert site.operation(opkey)["undone"] == ""


# --- role.create


def test_a_role_is_made_as_ordered(site: Site) -> None:
    step = role_step(
        name="Тьютор",
        contextlevels=["course", "module"],
        capabilities=[
            {"name": "moodle/course:view", "permission": "allow"},
            {"name": "moodle/course:delete", "permission": "prohibit"},
        ],
        allowassign=["student"],
    )
    result = site.made(program(step))["role"]
    assert (result["shortname"], result["name"]) == (step.params["shortname"], "Тьютор")
    assert sorted(result["contextlevels"]) == ["course", "module"]
    assert {item["name"]: item["permission"] for item in result["capabilities"]} == {
        "moodle/course:view": "allow",
        "moodle/course:delete": "prohibit",
    }
    assert str(result["id"]) in result["url"]


def test_a_role_with_an_archetype_starts_from_its_defaults(site: Site) -> None:
    step = role_step(
        archetype="student", capabilities=[{"name": "mod/forum:replypost", "permission": "prevent"}]
    )
    result = site.made(program(step))["role"]
    permissions = {item["name"]: item["permission"] for item in result["capabilities"]}
    assert permissions["mod/forum:viewdiscussion"] == "allow"
    assert permissions["mod/forum:replypost"] == "prevent"
    assert sorted(result["contextlevels"]) == ["course", "module"]


# --- groups


def test_groups_are_unique_in_a_course(site: Site) -> None:
    made = site.made(
        program(course_step(), Step("group.create", "g", {"course": ref("course", "id"), "name": "А"}))
    )
    again = Step("group.create", "g", {"course": made["course"]["id"], "name": "А"})
    assert site.faults(program(again)) == {"steps[0].name": "groupnametaken"}
    nowhere = Step("group.create", "g", {"course": 999_999_999, "name": "А"})
    assert site.faults(program(nowhere)) == {"steps[0].course": "coursenotfound"}


def test_a_member_must_be_there_and_enrolled(site: Site) -> None:
    steps = (course_step(), Step("group.create", "g", {"course": ref("course", "id"), "name": "А"}))
    nobody = Step("group.add_member", "m", {"group": ref("g", "id"), "user": 999_999_999})
    assert site.faults(program(*steps, nobody)) == {"steps[2].user": "usernotfound"}
    made = site.made(program(*steps))
    outsider = Step("group.add_member", "m", {"group": made["g"]["id"], "user": 1})
    assert set(site.faults(program(outsider)).values()) <= {"notenrolled", "usernotfound"}


# --- people


def test_an_account_is_found_by_its_login_address_and_number(site: Site) -> None:
    person = person_step(idnumber=unique("n-"))
    made = site.made(program(person))["person"]
    assert made["fullname"] == "Иван Ёлкин"
    for field, value in (("username", made["username"]), ("email", person.params["email"])):
        (found,) = site.client.read(USERS_BY_FIELD, field=field, values=[value])
        assert (found["id"], found["username"]) == (made["id"], made["username"])


def test_a_rule_enrols_whoever_matches_it_later(site: Site) -> None:
    field, course = field_step(), course_step()
    condition = {"field": ref("field", "input"), "values": ["6"]}
    made = site.made(program(field, course, rule_step(condition)))
    assert (made["rule"]["matching"], made["rule"]["enrolled"]) == (0, 0)
    group = {"course": made["course"]["id"], "name": "Группа"}
    for value, in_it in (("6", True), ("5", False)):
        person = person_step(profile=[{"field": made["field"]["input"], "value": value}])
        user = site.made(program(person))["person"]["id"]
        opkey = _key()
        member = Step("group.add_member", "m", {"group": ref("g", "id"), "user": user})
        operation = site.run(program(Step("group.create", "g", group), member), opkey)
        assert (operation["status"] == "done") is in_it, operation["error"]
        if in_it:
            assert site.undo(opkey)["status"] == "done"


def test_who_has_it_already_keeps_it_when_the_second_order_is_taken_back(site: Site) -> None:
    made = site.made(program(course_step(), person_step(), enrol_step()))
    again = {"course": made["course"]["id"], "user": made["person"]["id"], "role": "student"}
    opkey = _key()
    result = site.made(program(Step("user.enrol", "again", again)), opkey)["again"]
    assert (result["isnew"], result["rolenew"]) == (False, False)
    assert site.undo(opkey)["status"] == "done"
    third = site.made(program(Step("user.enrol", "again", again)))["again"]
    assert third["isnew"] is False
    other = program(Step("user.enrol", "again", {**again, "timeend": 1900000000}))
    assert site.faults(other) == {"steps[0].user": "enrolledotherwise"}


def test_cohorts_and_ways_in_stand_once(site: Site) -> None:
    cohort = cohort_step(idnumber=unique("i-"))
    made = site.made(program(course_step(), cohort, way_step("cohort", cohort=ref("cohort", "id"))))
    course, id_ = made["course"]["id"], made["cohort"]["id"]
    twice = Step(
        "enrol.add", "twice", {"course": course, "method": "cohort", "role": "student", "cohort": id_}
    )
    same_number = cohort_step(idnumber=cohort.params["idnumber"].upper())
    same_name = Step("cohort.create", "second", {"name": cohort.params["name"]})
    assert site.faults(program(twice, same_number, same_name)) == {
        "steps[0].method": "enroltwice",
        "steps[1].idnumber": "idnumbertaken",
        "steps[2].name": "cohortnametaken",
    }
    found = site.client.read(
        COHORTS, query=cohort.params["name"], context={"contextlevel": "system"}, includes="all"
    )["cohorts"]
    assert [(one["id"], one["name"]) for one in found] == [(id_, cohort.params["name"])]


# --- find_backups and course.restore


@pytest.mark.parametrize("criterion", ["courseid", "idnumber", "shortname", "fullname"])
def test_a_deleted_course_is_found_by_each_criterion(
    site: Site, deleted: dict[str, Any], criterion: str
) -> None:
    answer = site.client.read(PREFIX + "find_backups", **{criterion: deleted[criterion]})
    (backup,) = answer["backups"]
    assert {name: backup[name] for name in deleted} == deleted
    assert (backup["source"], backup["categoryid"], answer["truncated"]) == ("recyclebin", 1, False)
    assert backup["size"] > 0
    assert abs(backup["timecreated"] - time.time()) < 300
    assert abs(backup["stored"] - time.time()) < 300
    assert backup["samesite"] is True
    assert answer["lookalikes"] == []


def test_all_criteria_must_match(site: Site, deleted: dict[str, Any]) -> None:
    wanted = {**deleted, "idnumber": "another"}
    assert site.client.read(PREFIX + "find_backups", **wanted)["backups"] == []


def test_a_name_that_only_looks_alike_is_named(site: Site, deleted: dict[str, Any]) -> None:
    alike = deleted["fullname"].replace("Курс ", "Kypc\u00a0")
    answer = site.client.read(PREFIX + "find_backups", fullname=alike)
    assert (answer["backups"], answer["lookalikes"]) == ([], [deleted["fullname"]])


@pytest.mark.parametrize("criteria", [{}, {"shortname": "a", "limit": 0}])
def test_a_search_without_criteria_or_limit_is_a_bad_parameter(site: Site, criteria: dict[str, Any]) -> None:
    with pytest.raises(ParameterError):
        site.client.read(PREFIX + "find_backups", **criteria)


def test_a_deleted_course_comes_back_under_its_names_and_goes_again(
    site: Site, deleted: dict[str, Any]
) -> None:
    opkey, what = _key(), program(restore_step(site, deleted))
    assert site.send(what, opkey)["status"] in {"queued", "running", "done"}
    operation = site.ended(site.operation(opkey))
    assert (operation["status"], operation["errorcode"], operation["error"]) == ("done", "", "")
    result = json.loads(operation["result"])["course"]
    assert (result["fullname"], result["shortname"]) == (deleted["fullname"], deleted["shortname"])
    assert (result["category"], result["source"]) == (1, "recyclebin")
    assert isinstance(result["activities"], dict)
    (found,) = site.courses(deleted["shortname"])
    assert found["id"] == result["id"]
    assert site.send(what, opkey) == operation
    assert site.undo(opkey)["status"] == "done"
    assert site.courses(deleted["shortname"]) == []


def test_a_course_that_was_restored_and_lost_again_is_one_course(site: Site, deleted: dict[str, Any]) -> None:
    again = site.made(program(restore_step(site, deleted)))["course"]["id"]
    (backup,) = site.client.read(PREFIX + "find_backups", courseid=deleted["courseid"])["backups"]
    assert (backup["origin"], backup["alive"]) == (deleted["courseid"], again)
    site.client.write(COURSE_DELETE, courseids=[again])
    for criterion in ("courseid", "shortname"):
        asked = {criterion: deleted[criterion]}
        found = site.client.read(PREFIX + "find_backups", **asked)["backups"]
        assert {one["courseid"] for one in found} == {deleted["courseid"], again}
        assert {(one["origin"], one["alive"]) for one in found} == {(deleted["courseid"], 0)}


def test_a_copy_that_is_gone_gives_way_to_an_older_one(site: Site, deleted: dict[str, Any]) -> None:
    step = restore_step(site, deleted)
    refs = {"ref": "recyclebin:0", "older": [step.params["ref"]]}
    result = site.made(program(Step(step.kind, step.label, {**step.params, **refs})))["course"]
    assert result["shortname"] == deleted["shortname"]
    assert len(result["warnings"]) == 1


def test_eight_restores_with_one_key_at_once_make_one_course(
    moodle_site: Any, site: Site, deleted: dict[str, Any]
) -> None:
    opkey, what = _key(), program(restore_step(site, deleted, users=False)).canonical()

    def send(_: int) -> None:
        with connect(moodle_site.url, moodle_site.token) as own:
            own.write(PREFIX + "run", opkey=opkey, program=what)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(send, range(8)))
    site._made.append(opkey)
    operation = site.ended(site.operation(opkey))
    assert operation["status"] == "done"
    courses = site.client.read(COURSE_BY_FIELD)["courses"]
    assert [one["id"] for one in courses if one["fullname"].startswith(deleted["fullname"])] == [
        json.loads(operation["result"])["course"]["id"]
    ]


def test_a_running_operation_cannot_be_undone(site: Site, deleted: dict[str, Any]) -> None:
    opkey = _key()
    operation = site.send(program(restore_step(site, deleted)), opkey)
    if operation["status"] == "done":
        pytest.skip("it was done at once")
    with pytest.raises(MoodleRefused) as caught:
        site.client.write(PREFIX + "undo", opkey=_key(), undoes=opkey)
    assert caught.value.errorcode == "notended"
    site.ended(site.operation(opkey))


def test_a_short_name_of_a_living_course_is_refused_and_the_key_stays_free(
    site: Site, deleted: dict[str, Any]
) -> None:
    site.made(program(course_step(shortname=deleted["shortname"])))
    opkey = _key()
    with pytest.raises(MoodleRefused) as caught:
        site.send(program(restore_step(site, deleted)), opkey)
    assert caught.value.errorcode == "shortnametaken"
    assert site.operation(opkey)["status"] == "none"
