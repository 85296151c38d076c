"""add-pages: pages of text in sections of a course."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.actions import OrderInvalid, validate
from bridge.actions.add_pages import ACTION
from bridge.actions.add_pages.params import AddPagesParams
from tests.unit.actions.fake_moodle import FakeMoodle, make_context
from tests.unit.actions.test_places import make_moodle


def order(*pages: dict[str, Any], **params: Any) -> AddPagesParams:
    found = validate(AddPagesParams, {"course": "intro", "page": list(pages), **params})
    assert isinstance(found, AddPagesParams)
    return found


def test_each_page_is_a_step() -> None:
    moodle = make_moodle()
    pages = order(
        {"name": "О курсе", "text": "Раз\n\nДва & <три>"},
        {"name": "О курсе", "text": "…", "section": "Знакомство", "description": "Кратко"},
        section="3",
    )
    found = ACTION.plan(pages, make_context(moodle))
    assert moodle.written == [], "a plan only reads"
    first, second = (one.params for one in found.part.steps)
    assert (first["type"], first["section"]) == ("page", 3)
    assert first["settings"] == {"contenthtml": "<p>Раз</p><p>Два &amp; &lt;три&gt;</p>"}
    assert (second["section"], second["introhtml"]) == (1, "<p>Кратко</p>")
    assert found.counts == {"pages": 2, "characters": len("Раз\n\nДва & <три>")}
    assert found.summary[0] == "add 2 pages to course Введение (7)"


@pytest.mark.parametrize(
    ("page", "told"),
    [
        ({"text": " \n "}, "page №2, text: не должно быть пустым"),
        ({"text": "a\x0bb"}, r"page №2, text: содержит управляющий символ U\+000B"),
        ({"name": "О КУРСЕ"}, "страница названа дважды: «О курсе» и «О КУРСЕ»"),
        ({"idnumber": "a"}, "idnumber указан дважды: «a»"),
    ],
)
def test_faults_of_an_order_are_told_where_they_stand(page: Any, told: str) -> None:
    first = {"name": "О курсе", "text": "…", "idnumber": "a"}
    with pytest.raises(OrderInvalid, match=told):
        order(first, {"name": "Дальше", "text": "…", **page})


def test_the_evidence_has_links() -> None:
    results = {"page1": {"cmid": 5, "instance": 3, "url": "https://lms/5", "name": "О курсе"}}
    found = ACTION.evidence(results, FakeMoodle())
    assert found == {"kind": "pages", "pages": [{"cmid": 5, "name": "О курсе", "url": "https://lms/5"}]}
    assert ACTION.words.evidence(found).endswith("О курсе (https://lms/5)")
    assert ACTION.taken_back(found) == {"kind": "pages-deleted", "pages": ["О курсе"]}
