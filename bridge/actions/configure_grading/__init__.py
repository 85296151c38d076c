"""configure-grading: scales, categories, weights, formulas, grades to pass, and when a course is completed.

Source: seed, item 4 ("Настройка отображения итоговой оценки и параметров выполнения одного курса в личном
кабинете", and the ticket about certificates: scales, categories, a formula, a grade to pass). Moodle stores
formulas that fail at the next look at the grades, finds no circles, takes a grade to pass above the highest,
and deletes everybody's completion when criteria change (4.5.6); each is refused or done otherwise.
"""

from bridge.actions.action import Action
from bridge.actions.configure_grading.params import ConfigureGradingParams
from bridge.actions.configure_grading.plan import evidence, plan, taken_back
from bridge.actions.configure_grading.words import WORDS

ACTION = Action(
    name="configure-grading",
    params=ConfigureGradingParams,
    words=WORDS,
    steps=frozenset(
        {
            "completion.set_criteria",
            "course.update",
            "grade.create_category",
            "grade.create_item",
            "grade.create_scale",
            "grade.set",
        }
    ),
    reads=frozenset({"core_course_get_courses_by_field"}),
    capabilities=frozenset(
        {
            "local/otbridge:view",
            "local/otbridge:run",
            "moodle/course:manageactivities",
            "moodle/course:managescales",
            "moodle/course:update",
            "moodle/grade:manage",
        }
    ),
    plan=plan,
    evidence=evidence,
    taken_back=taken_back,
)

__all__ = ["ACTION"]
