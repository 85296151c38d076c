"""create-course: an empty course with its sections, in a category of the site.

Source: seed, item 4 ("Создание пустого курса (до 10 тематических секций), настройка его формата,
переименование секций, добавление изображения и описания вводной (первой) секции"). The picture is the
course's own here; one within the section's text is a specialist's.
"""

from bridge.actions.action import Action
from bridge.actions.create_course.params import CreateCourseParams
from bridge.actions.create_course.plan import evidence, plan, taken_back
from bridge.actions.create_course.words import WORDS

ACTION = Action(
    name="create-course",
    params=CreateCourseParams,
    words=WORDS,
    steps=frozenset({"course.create"}),
    reads=frozenset({"core_course_get_categories"}),
    capabilities=frozenset(
        {
            "local/otbridge:view",
            "local/otbridge:run",
            "moodle/course:create",
            "moodle/course:update",
            "moodle/course:delete",
        }
    ),
    plan=plan,
    evidence=evidence,
    taken_back=taken_back,
)

__all__ = ["ACTION"]
