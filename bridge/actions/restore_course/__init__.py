"""restore-course: a course deleted by accident comes back from the newest backup that holds it.

Source: seed, item 2.9.1 ("Заказчик случайно удалил курс"): the copy of that course alone is taken out of the
latest backup and restored; the result is the course as of the backup's date, which the evidence states. The
recycle bin is looked into first.
"""

from bridge.actions.action import Action
from bridge.actions.restore_course.params import RestoreCourseParams
from bridge.actions.restore_course.plan import evidence, plan, taken_back
from bridge.actions.restore_course.words import WORDS

ACTION = Action(
    name="restore-course",
    params=RestoreCourseParams,
    words=WORDS,
    steps=frozenset({"course.restore"}),
    reads=frozenset(
        {
            "local_otbridge_find_backups",
            "core_course_get_courses_by_field",
            "core_course_get_categories",
        }
    ),
    capabilities=frozenset(
        {
            "local/otbridge:view",
            "local/otbridge:run",
            "local/otbridge:restore",
            "moodle/restore:restorecourse",
            "moodle/restore:userinfo",
            "moodle/course:create",
            "moodle/course:delete",
        }
    ),
    plan=plan,
    evidence=evidence,
    taken_back=taken_back,
    specialists_only=frozenset({"private_backups"}),
)

__all__ = ["ACTION"]
