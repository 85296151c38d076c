"""create-course: orders as a form gives them, the category, the picture, and the one step."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bridge.actions import OrderInvalid, OrderRefused, Plan, TicketFile, validate
from bridge.actions.create_course import ACTION
from bridge.actions.create_course.params import CreateCourseParams
from bridge.actions.program import File, Use, ref
from tests.unit.actions.fake_moodle import FakeMoodle, make_context

CATEGORIES = "core_course_get_categories"
ORDER = {"fullname": "Введение", "shortname": "intro", "category_id": "2"}
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20


def plan(*categories: dict[str, Any], files: Any = None, **params: Any) -> tuple[Plan, FakeMoodle]:
    moodle = FakeMoodle(**{CATEGORIES: lambda **_: list(categories or ({"id": 2, "name": "Наука"},))})
    context = make_context(moodle, **({"files": files} if files else {}))
    made = ACTION.plan(validate(CreateCourseParams, {**ORDER, **params}), context)
    assert moodle.written == [], "a plan only reads"
    return made, moodle


def step(**params: Any) -> Any:
    (only,) = plan(**params)[0].part.steps
    assert (only.kind, only.label) == ("course.create", "course")
    return only.params


def refusal(*categories: dict[str, Any], **params: Any) -> OrderRefused:
    with pytest.raises(OrderRefused) as caught:
        plan(*categories, **params)
    assert caught.value.code in ACTION.words.customers
    return caught.value


class Files:
    def __init__(self, path: Path, content: bytes) -> None:
        path.write_bytes(content)
        self.file = TicketFile("лого.png", "a" * 64, len(content), path)

    def get(self, name: str) -> TicketFile:
        assert name == self.file.name
        return self.file


def test_sections_are_lines_of_a_form_and_the_first_one_is_described() -> None:
    made = step(sections="Тема 1\r\n\n Тема 2 ", first_section="Начните <здесь>\n\nи дальше")
    assert made["sections"] == [
        {"name": "Тема 1", "summaryhtml": "<p>Начните &lt;здесь&gt;</p><p>и дальше</p>"},
        {"name": "Тема 2", "summaryhtml": ""},
    ]


def test_the_step_says_all_that_was_ordered() -> None:
    made = step(idnumber="i-1", description="О курсе", visible="нет", format="weeks")
    assert made == {
        "category": 2,
        "fullname": "Введение",
        "shortname": "intro",
        "idnumber": "i-1",
        "format": "weeks",
        "summaryhtml": "<p>О курсе</p>",
        "visible": False,
        "sections": [],
    }


def test_what_the_order_counts_and_makes() -> None:
    made, _ = plan(sections="А\nБ")
    assert made.counts == {"courses": 1, "empty_courses": 1, "sections": 2}
    assert made.makes == {"course": ref("course", "id")}
    assert made.summary == ("create course Введение (intro) in category Наука (2)", "2 sections")


def test_a_category_is_found_by_its_name_where_one_only_bears_it() -> None:
    _, moodle = plan(category_id=None, category="Наука")
    assert moodle.calls(CATEGORIES) == [
        {"criteria": [{"key": "name", "value": "Наука"}], "addsubcategories": False}
    ]
    two = ({"id": 2, "name": "Наука"}, {"id": 3, "name": "Наука"})
    assert refusal(*two, category_id=None, category="Наука").facts["candidates"] == list(two)


def test_a_category_that_is_not_there_is_told() -> None:
    moodle = FakeMoodle(**{CATEGORIES: lambda **_: []})
    with pytest.raises(OrderRefused) as caught:
        ACTION.plan(validate(CreateCourseParams, ORDER), make_context(moodle))
    assert (caught.value.code, caught.value.facts["category"]) == ("no-such-category", "2")


@pytest.mark.parametrize(
    "params",
    [
        {"category_id": None},
        {"category": "Наука"},
        {"fullname": " "},
        {"fullname": "x" * 255},
        {"format": "singleactivity"},
        {"first_section": "без секций"},
        {"sections": "\n".join("x" * 256 for _ in range(2))},
        {"nonsense": "1"},
    ],
)
def test_faults_of_an_order_are_told(params: Any) -> None:
    with pytest.raises(OrderInvalid):
        validate(CreateCourseParams, {**ORDER, **params})


def test_a_picture_of_the_ticket_goes_along_by_its_digest(tmp_path: Path) -> None:
    made, _ = plan(files=Files(tmp_path / "p", PNG), picture="лого.png")
    assert made.part.files == (File("a" * 64, "лого.png", len(PNG)),)
    assert made.part.steps[0].params["picture"] == Use("a" * 64)


@pytest.mark.parametrize("content", [b"", b"<svg onload=...>", b"PK\x03\x04"])
def test_a_file_that_is_no_picture_is_refused_whatever_its_name_says(tmp_path: Path, content: bytes) -> None:
    assert refusal(files=Files(tmp_path / "p", content), picture="лого.png").code == "picture-unusable"


def test_a_picture_that_the_ticket_does_not_have_is_told() -> None:
    with pytest.raises(OrderRefused) as caught:
        plan(picture="нет.png")
    assert (caught.value.code, caught.value.facts["customers"]) == ("file-missing", True)


def test_the_evidence_shows_the_course() -> None:
    made = {
        "id": 7,
        "fullname": "Введение",
        "shortname": "intro",
        "url": "u",
        "sections": [4, 5],
        "general": 3,
    }
    assert ACTION.evidence({"course": made}, FakeMoodle()) == {
        "kind": "new-course",
        "course_id": 7,
        "fullname": "Введение",
        "shortname": "intro",
        "url": "u",
        "sections": 2,
    }
