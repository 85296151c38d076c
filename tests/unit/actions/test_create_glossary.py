"""create-glossary: concepts that Moodle would store wrongly, and the steps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bridge.actions import OrderInvalid, OrderRefused, Plan, TicketFile, validate
from bridge.actions.action import NoFiles
from bridge.actions.create_glossary import ACTION
from bridge.actions.create_glossary.params import CreateGlossaryParams
from bridge.actions.program import ref
from tests.builders import make_ticket, messages
from tests.unit.actions.fake_moodle import FakeMoodle, make_context
from tests.unit.actions.test_places import make_moodle

TERM = {"concept": "Ёж", "definition": "Зверь & <иглы>"}


def order(*terms: dict[str, Any], **params: Any) -> CreateGlossaryParams:
    given = {"course": "intro", "name": "Словарь", "term": list(terms), **params}
    found = validate(CreateGlossaryParams, given)
    assert isinstance(found, CreateGlossaryParams)
    return found


def plan(*terms: dict[str, Any], **params: Any) -> Plan:
    moodle = make_moodle()
    found = ACTION.plan(order(*terms, **params), make_context(moodle))
    assert moodle.written == [], "a plan only reads"
    return found


def test_terms_go_into_the_glossary_that_is_made_first() -> None:
    found = plan(
        {**TERM, "synonyms": "Ежи\nЕжик"}, {"concept": "Норма", "definition": "Мера"}, section="Знакомство"
    )
    glossary, first, second = found.part.steps
    assert (glossary.kind, glossary.params["type"], glossary.params["section"]) == (
        "module.add",
        "glossary",
        1,
    )
    assert glossary.params["settings"] == {"displayformat": "dictionary", "usedynalink": True}
    assert first.kind == second.kind == "glossary.add_entry"
    assert first.params == {
        "glossary": ref("glossary1", "cmid"),
        "concept": "Ёж",
        "definitionhtml": "<p>Зверь &amp; &lt;иглы&gt;</p>",
        "aliases": ["Ежи", "Ежик"],
    }
    assert found.counts == {
        "glossaries": 1,
        "terms": 2,
        "glossary_terms": 2,
        "characters": len("Зверь & <иглы>"),
    }
    assert found.summary == (
        "create glossary Словарь in section 1 (Знакомство) of course Введение (7)",
        "2 terms: Ёж, Норма",
    )


@pytest.mark.parametrize(
    ("term", "told"),
    [
        ({"concept": "  "}, "term №2, concept: не должно быть пустым"),
        ({"concept": "а" * 256}, "term №2, concept: слишком длинное значение"),
        ({"concept": "a < b"}, "term №2, concept: содержит знак <"),
        ({"concept": "a\nb"}, "term №2, concept: содержит перенос строки"),
        ({"definition": ""}, "term №2, definition: не должно быть пустым"),
        ({"concept": "Ёж"}, "термин указан дважды: «Ёж»"),
        ({"concept": "еж"}, "термин указан дважды: «Ёж» и «еж»"),
        ({"synonyms": "<b>"}, "term №2: содержит знак <"),
        ({"synonyms": "Норма"}, "«Норма»: синоним указан дважды: «Норма»"),
    ],
)
def test_a_term_that_moodle_would_get_wrong_is_told_by_its_number(term: Any, told: str) -> None:
    with pytest.raises(OrderInvalid, match=told):
        order(TERM, {"concept": "Норма", "definition": "Мера", **term})


def test_a_glossary_has_terms() -> None:
    with pytest.raises(OrderInvalid, match="назовите термины"):
        order()


def test_the_evidence_has_a_link_and_counts_terms() -> None:
    results: dict[str, Any] = {
        "glossary1": {"cmid": 5, "instance": 3, "url": "https://lms/5", "name": "Словарь"},
        "term1": {"id": 1},
        "term2": {"id": 2},
    }
    found = ACTION.evidence(results, FakeMoodle())
    assert found == {"kind": "glossary", "cmid": 5, "name": "Словарь", "url": "https://lms/5", "terms": 2}
    assert ACTION.words.evidence(found).endswith("https://lms/5")
    assert ACTION.taken_back(found) == {"kind": "glossary-deleted", "name": "Словарь"}


class OneFile(NoFiles):
    """A ticket with one table."""

    def __init__(self, path: Path, content: str) -> None:
        self._file = TicketFile("термины.csv", "a" * 64, len(content), path / "0")
        self._file.path.write_bytes(content.encode("cp1251"))

    def get(self, name: str) -> TicketFile:
        return self._file if name == self._file.name else super().get(name)


def plan_table(path: Path, content: str, *terms: dict[str, Any]) -> Plan:
    wanted = order(*terms, terms_file="термины.csv")
    return ACTION.plan(wanted, make_context(make_moodle(), files=OneFile(path, content)))


def test_terms_come_from_a_table_too(tmp_path: Path) -> None:
    found = plan_table(tmp_path, "Термин;Определение;Синонимы\nНорма;Мера;нормы, норматив\n", TERM)
    assert [one.params["concept"] for one in found.part.steps[1:]] == ["Ёж", "Норма"]
    assert found.part.steps[2].params["aliases"] == ["нормы", "норматив"]
    assert found.counts["terms"] == 2
    assert found.part.files == (), "Moodle does not need the table"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("Термин;Определение\n", ["в таблице нет терминов"]),
        ("Термин\nНорма\n", ["в первой строке должны быть названия столбцов"]),
        (
            "Термин;Определение\n;Мера\nа<б;Мера\nНорма;\nеж;Зверь\nМера;1\nмера;2\n",
            [
                "строка 2: concept: не должно быть пустым",
                "строка 3: concept: содержит знак <",
                "строка 4: definition: не должно быть пустым",
                "строка 5: термин «еж» уже есть в заказе",
                "строка 7: термин «мера» уже есть в строке 6",
            ],
        ),
    ],
)
def test_a_table_that_moodle_would_get_wrong_is_told_by_its_lines(
    tmp_path: Path, content: str, told: Any
) -> None:
    with pytest.raises(OrderRefused) as caught:
        plan_table(tmp_path, content, TERM)
    assert caught.value.code == "terms-unusable"
    facts = {"stage": "Работа", "action": "create-glossary", **caught.value.outcome()}
    message = messages().render("cannot", make_ticket(), facts)
    assert [one for one in told if f"– {one}" not in message] == []
    assert len(caught.value.facts["problems"]) == len(told)
