"""enrol-users: people into courses, with a role, a group and dates.

Source: seed, item 2.9.1 ("Необходимо предоставить права доступа новому сотруднику или слушателю", "В
образовательную траекторию необходимо добавить или исключить дисциплину"). Whom Moodle enrols by hand already,
stays as they are; whose enrolment differs from the order is named.
"""

from bridge.actions.accounts import CAPABILITIES, GROUPS
from bridge.actions.action import Action
from bridge.actions.enrol_users.params import EnrolUsersParams
from bridge.actions.enrol_users.plan import evidence, plan, taken_back
from bridge.actions.enrol_users.words import WORDS
from bridge.actions.people import USERS

ACTION = Action(
    name="enrol-users",
    params=EnrolUsersParams,
    words=WORDS,
    steps=frozenset({"user.enrol", "group.add_member"}),
    reads=frozenset({"core_course_get_courses_by_field", USERS, GROUPS}),
    capabilities=CAPABILITIES
    | {
        "local/otbridge:view",
        "local/otbridge:run",
        "enrol/manual:enrol",
        "moodle/role:assign",
        "moodle/course:managegroups",
    },
    plan=plan,
    evidence=evidence,
    taken_back=taken_back,
)

__all__ = ["ACTION"]
