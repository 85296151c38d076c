"""create-lesson: a lesson of a course: pages of text with buttons, and questions between them.

Source: seed, item 4 ("Создание элемента «Лекция» с изображениями и текстом (до 5 страниц до 1800 знаков)"),
and item 2.1 (work with the customer's materials). Pictures are left to a specialist. What Moodle gets wrong
in silence: answers beyond the lesson's own number are lost, and so are scores on pages of text (Moodle 4.5).
"""

from bridge.actions.action import Action
from bridge.actions.create_lesson.params import CreateLessonParams
from bridge.actions.create_lesson.plan import evidence, plan, taken_back
from bridge.actions.create_lesson.words import WORDS
from bridge.actions.elements import CAPABILITIES
from bridge.actions.places import READS

ACTION = Action(
    name="create-lesson",
    params=CreateLessonParams,
    words=WORDS,
    steps=frozenset({"module.add", "lesson.add_page"}),
    reads=READS,
    capabilities=CAPABILITIES | {"mod/lesson:addinstance", "mod/lesson:edit"},
    plan=plan,
    evidence=evidence,
    taken_back=taken_back,
)

__all__ = ["ACTION"]
