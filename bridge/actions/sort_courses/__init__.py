"""sort-courses: the order of courses in their categories, and on the front page.

Source: seed, item 4, the ticket "Курсы на главной странице по возрастанию даты старта" (the tie to categories
taken off, the showcase sorted by start date). Core sorts once and knows no order by start date; its front
page goes category by category, so that an order across categories is refused there. 3KL's showcase
(local_crw) keeps the order itself.
"""

from bridge.actions.action import Action
from bridge.actions.categories import READS
from bridge.actions.sort_courses.params import SortCoursesParams
from bridge.actions.sort_courses.plan import evidence, plan, taken_back
from bridge.actions.sort_courses.words import WORDS

ACTION = Action(
    name="sort-courses",
    params=SortCoursesParams,
    words=WORDS,
    steps=frozenset({"category.sort_courses", "frontpage.set"}),
    reads=READS,
    capabilities=frozenset(
        {
            "local/otbridge:view",
            "local/otbridge:run",
            "moodle/category:manage",
            "moodle/course:update",
        }
    ),
    plan=plan,
    evidence=evidence,
    taken_back=taken_back,
)

__all__ = ["ACTION"]
