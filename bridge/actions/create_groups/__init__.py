"""create-groups: groups of a course, groupings of them, and their members.

Source: seed, item 4, tickets that were really worked on ("В курсе созданы 4 локальных группы и для них
настроены следующие ограничения").
"""

from bridge.actions.action import Action
from bridge.actions.create_groups.params import CreateGroupsParams
from bridge.actions.create_groups.plan import evidence, plan, taken_back
from bridge.actions.create_groups.words import WORDS
from bridge.actions.people import CAPABILITIES, USERS

ACTION = Action(
    name="create-groups",
    params=CreateGroupsParams,
    words=WORDS,
    steps=frozenset({"group.create", "grouping.create", "grouping.add", "group.add_member"}),
    reads=frozenset({"core_course_get_courses_by_field", USERS}),
    capabilities=CAPABILITIES | {"local/otbridge:view", "local/otbridge:run", "moodle/course:managegroups"},
    plan=plan,
    evidence=evidence,
    taken_back=taken_back,
)

__all__ = ["ACTION"]
