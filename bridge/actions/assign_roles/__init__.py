"""assign-roles: a role for people, in the system, in a category or in a course.

Source: seed, item 2.9.1 ("Необходимо предоставить права доступа новому сотруднику или слушателю"). Which
roles may be given where, the plugin's settings, Moodle's own matrix and the risks of the role decide.
"""

from bridge.actions.accounts import CAPABILITIES
from bridge.actions.action import Action
from bridge.actions.assign_roles.params import AssignRolesParams
from bridge.actions.assign_roles.plan import evidence, plan, taken_back
from bridge.actions.assign_roles.policy import AssignRolesRules
from bridge.actions.assign_roles.words import WORDS
from bridge.actions.people import USERS

ACTION = Action(
    name="assign-roles",
    params=AssignRolesParams,
    words=WORDS,
    steps=frozenset({"role.assign"}),
    reads=frozenset({"core_course_get_courses_by_field", "core_course_get_categories", USERS}),
    capabilities=CAPABILITIES | {"local/otbridge:view", "local/otbridge:run", "moodle/role:assign"},
    plan=plan,
    evidence=evidence,
    taken_back=taken_back,
    rules=AssignRolesRules,
)

__all__ = ["ACTION"]
