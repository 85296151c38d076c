"""create-users: accounts of people, from the order or from a table, with their cohorts, courses and groups.

Source: seed, item 2.9.1 ("Необходимо предоставить права доступа новому сотруднику или слушателю"), and
Moodle's own upload of users (admin/tool/uploaduser), whose columns the table has. Passwords are made and
mailed by Moodle's scheduled task; they never stand in an order.
"""

from bridge.actions.accounts import CAPABILITIES, COHORTS, GROUPS
from bridge.actions.action import Action
from bridge.actions.create_users.params import CreateUsersParams
from bridge.actions.create_users.plan import evidence, plan, taken_back
from bridge.actions.create_users.policy import CreateUsersRules
from bridge.actions.create_users.words import WORDS
from bridge.actions.people import USERS

ACTION = Action(
    name="create-users",
    params=CreateUsersParams,
    words=WORDS,
    steps=frozenset({"user.create", "cohort.create", "cohort.add_member", "user.enrol", "group.create"})
    | {"group.add_member"},
    reads=frozenset({"core_course_get_courses_by_field", USERS, COHORTS, GROUPS}),
    capabilities=CAPABILITIES
    | {
        "local/otbridge:view",
        "local/otbridge:run",
        "moodle/user:create",
        "moodle/cohort:assign",
        "moodle/cohort:manage",
        "moodle/cohort:view",
        "enrol/manual:enrol",
        "moodle/role:assign",
        "moodle/course:managegroups",
    },
    plan=plan,
    evidence=evidence,
    taken_back=taken_back,
    rules=CreateUsersRules,
)

__all__ = ["ACTION"]
