"""build-site on a real Moodle: a prototype at the limits of service 2.4 by one order, applied twice, taken
back, and the database looked at in between.
"""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

import pytest

from bridge.actions import ACTIONS, Context, Policy, Site
from bridge.actions.planning import Wanted, carry_out, plan_order, take_back
from bridge.settings import default_catalogue
from tests.live.conftest import RealMoodle
from tests.unit.actions.test_examples import ExampleFiles

pytestmark = pytest.mark.live

ROWS = """
define('CLI_SCRIPT', 1); require 'config.php'; $found = [];
foreach (['course', 'course_sections', 'course_modules', 'quiz', 'quiz_slots', 'question',
          'question_categories', 'assign', 'lesson', 'lesson_pages', 'lesson_answers', 'glossary',
          'glossary_entries', 'resource', 'page', 'role', 'role_capabilities', 'groups', 'grade_items',
          'context', 'tag', 'event'] as $table) {
    $found[$table] = $DB->count_records($table);
}
$kept = "component <> 'user' AND component <> 'tool_recyclebin'";
$found['files'] = $DB->count_records_select('files', $kept);
echo json_encode($found);
"""


def prototype(stem: str) -> dict[str, Any]:
    """What service 2.4 sells, at its limits."""
    text = "Учебный текст. " * 100
    gift = "\n\n".join(
        f"::Вопрос {n}:: Сколько будет {n} и {n}? {{={2 * n} ~{2 * n + 1}}}" for n in range(1, 9)
    )
    sections = [f"Тема {number}" for number in range(1, 11)]
    full = {
        "fullname": f"Полный курс {stem}",
        "shortname": stem,
        "category_id": "1",
        "description": "О курсе",
        "sections": "\n".join(sections),
        "first_section": "С чего начать",
        "groups": "Группа А\nГруппа Б",
        "quiz": [
            {
                "name": f"Тест {n}",
                "section": sections[n],
                "format": "gift",
                "attempts": "2",
                "questions": gift[: gift.index("::Вопрос 8::")],
            }
            for n in range(4)
        ],
        "assignment": [
            {"name": f"Задание {n}", "section": sections[n], "description": text} for n in range(6)
        ],
        "lesson": [
            {"name": f"Лекция {n}", "page": [{"name": f"Страница {m}", "text": text} for m in range(5)]}
            for n in range(2)
        ],
        "glossary": [
            {"name": "Словарь", "term": [{"concept": f"Термин {n}", "definition": text} for n in range(10)]}
        ],
        "file": [{"file": f"{n}.pdf", "section": sections[n]} for n in range(6)]
        + [{"file": f"{n}.mp3", "name": f"Запись {n}", "section": sections[n]} for n in range(6)],
    }
    empty = [{"fullname": f"Курс {n}", "shortname": f"{stem}-{n}", "category_id": "1"} for n in range(10)]
    return {"course": [full, *empty]}


def test_a_prototype_is_one_order_that_changes_nothing_when_applied_again(
    real: RealMoodle, tmp_path: Path, unique: str
) -> None:
    service = next(one for one in default_catalogue() if one.id == "2.4")
    files = ExampleFiles(tmp_path)
    site = Site(real.bridge, Policy(), patience=120.0)

    def build(opkey: str) -> dict[str, Any]:
        context = Context(real.bridge, files=files, service="2.4", limits=service.limits)
        planned = plan_order([Wanted("build-site", prototype(unique))], context, site, ACTIONS, "OT-24")
        return carry_out(planned.frozen(), opkey, site, files.by_digest, ACTIONS)

    before = json.loads(real.cli("-r", ROWS))
    first, second = str(uuid.uuid4()), str(uuid.uuid4())
    made = build(first)
    assert (made["changed"], made["kept"]) == (0, 0)
    assert len(made["courses"]) == 11
    assert made["elements"] == {"assign": 6, "glossary": 1, "lesson": 2, "quiz": 4, "resource": 12}
    after = json.loads(real.cli("-r", ROWS))
    assert after["question"] - before["question"] == 28
    assert after["quiz_slots"] - before["quiz_slots"] == 28
    again = build(second)
    assert (again["made"], again["changed"], again["kept"]) == (0, 0, made["made"])
    assert again["courses"] == made["courses"]
    assert json.loads(real.cli("-r", ROWS)) == after, "applied again it changes nothing"
    take_back(again, str(uuid.uuid4()), second, site, ACTIONS)
    assert json.loads(real.cli("-r", ROWS)) == after
    take_back(made, str(uuid.uuid4()), first, site, ACTIONS)
    assert json.loads(real.cli("-r", ROWS)) == before
