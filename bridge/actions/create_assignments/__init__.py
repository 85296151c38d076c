"""create-assignments: assignments of a course, each with its times, its grade and what is handed in.

Source: seed, item 4 ("Создание до 3 элементов «Задание» с описанием до 1800 знаков"), and item 2.1 (work with
the customer's materials). What Moodle stores in silence and gets wrong: an assignment without submission
plugins, a grade to pass above the grade (Moodle 4.5).
"""

from bridge.actions.action import Action
from bridge.actions.create_assignments.params import CreateAssignmentsParams
from bridge.actions.create_assignments.plan import evidence, plan, taken_back
from bridge.actions.create_assignments.words import WORDS
from bridge.actions.elements import CAPABILITIES
from bridge.actions.places import READS

ACTION = Action(
    name="create-assignments",
    params=CreateAssignmentsParams,
    words=WORDS,
    steps=frozenset({"module.add"}),
    reads=READS,
    capabilities=CAPABILITIES | {"mod/assign:addinstance"},
    plan=plan,
    evidence=evidence,
    taken_back=taken_back,
)

__all__ = ["ACTION"]
