"""add-certificate: lines, conditions, the background, and the step."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from bridge.actions import OrderInvalid, OrderRefused, Plan, TicketFile, validate
from bridge.actions.add_certificate import ACTION
from bridge.actions.add_certificate.params import AddCertificateParams
from bridge.actions.program import Ref, Use, ref
from tests.unit.actions.fake_moodle import FakeMoodle, make_context

CONTENTS = [
    {"section": 0, "name": "Общее", "modules": [{"id": 5, "name": "Экзамен"}, {"id": 6, "name": "Опрос"}]},
    {"section": 1, "name": "Тема", "modules": [{"id": 7, "name": "Опрос"}]},
]
ORDER = {"course": "intro", "name": "Сертификат"}


def moodle() -> FakeMoodle:
    return FakeMoodle(
        core_course_get_courses_by_field=lambda **_: {"courses": [{"id": 9, "fullname": "Введение"}]},
        core_course_get_contents=lambda **_: CONTENTS,
    )


def plan(**params: Any) -> Plan:
    context = params.pop("context", {})
    return ACTION.plan(validate(AddCertificateParams, {**ORDER, **params}), make_context(moodle(), **context))


def refusal(**params: Any) -> OrderRefused:
    with pytest.raises(OrderRefused) as caught:
        plan(**params)
    assert caught.value.code in ACTION.words.customers
    return caught.value


def test_an_order_without_lines_gets_the_usual_ones() -> None:
    found = plan(section="Тема")
    (step,) = found.part.steps
    assert (step.kind, step.params["course"], step.params["section"]) == ("certificate.add", 9, 1)
    assert [one["kind"] for one in step.params["lines"]] == [
        "text", "text", "learner", "text", "course", "date",
    ]  # fmt: skip
    assert (step.params["width"], step.params["height"], step.params["mingrade"]) == (297, 210, "")
    assert found.counts == {"certificates": 1}
    assert found.makes == {"certificate": ref("certificate", "cmid")}


def test_lines_and_words_may_be_russian() -> None:
    lines = [{"field": "Имя", "align": "справа", "color": "#AA0000"}, {"text": "Итог:"}, {"field": "оценка"}]
    step = plan(page="книжная", date="завершения", grade_format="баллы", line=lines).part.steps[0].params
    assert (step["width"], step["date"], step["gradeformat"]) == (210, "completed", "points")
    assert step["lines"][0] == {
        "kind": "learner", "text": "", "size": 18, "colour": "#aa0000", "bold": False, "align": "right",
        "space": 4,
    }  # fmt: skip


def test_conditions_are_a_grade_and_elements_by_name_or_number() -> None:
    step = plan(grade_to_pass="80,5", completed="экзамен\n7").part.steps[0].params
    assert (step["mingrade"], step["completed"]) == ("80.5", [5, 7])
    assert refusal(completed="Зачёт").facts["there_are"] == ["5 – Экзамен", "6 – Опрос", "7 – Опрос"]
    assert refusal(completed="Опрос").facts["numbers"] == [6, 7]


def test_a_new_course_has_no_elements_yet() -> None:
    made = {"course": Ref("course", "id", outside=True)}
    order = {"course": "", "context": {"made": made}}
    assert plan(**order).part.steps[0].params["course"] == made["course"]
    assert refusal(completed="Экзамен", **order).code == "no-such-element"


def test_the_background_is_a_picture(tmp_path: Path) -> None:
    class Files:
        """One file."""

        def __init__(self, content: bytes) -> None:
            self._content = content

        def get(self, name: str) -> TicketFile:
            (tmp_path / name).write_bytes(self._content)
            digest = hashlib.sha256(self._content).hexdigest()
            return TicketFile(name, digest, len(self._content), tmp_path / name)

    jpeg = b"\xff\xd8\xff" + b"x" * 20
    found = plan(background="a.jpg", context={"files": Files(jpeg)})
    assert found.part.steps[0].params["background"] == Use(found.part.files[0].sha256)
    assert refusal(background="a.gif", context={"files": Files(b"GIF89a")}).code == "picture-unusable"


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"line": [{"text": "a", "field": "курс"}]}, "укажите одно из двух: text (надпись) или field (поле)"),
        ({"line": [{}]}, "укажите одно из двух"),
        ({"line": [{"text": "a", "size": 5}]}, "line №1, size: слишком маленькое число"),
        ({"grade_to_pass": "101"}, "grade_to_pass: слишком большое число"),
        ({"grade_to_pass": "0"}, "grade_to_pass: должно быть больше нуля"),
        ({"page": "А5"}, "page: недопустимое значение"),
        ({"name": ""}, "name: не должно быть пустым"),
    ],
)
def test_a_fault_names_what_and_why(params: dict[str, Any], said: str) -> None:
    with pytest.raises(OrderInvalid) as caught:
        validate(AddCertificateParams, {**ORDER, **params})
    assert said in str(caught.value)
