"""restrict-access: when elements count as completed, and who may open them.

Source: seed, item 4 ("Настройка ограничений доступа и параметров выполнения до 10 элементов"), item 2.9.1
("открывать следующий элемент курса только после выполнения предыдущего"), item 2.5, and the tickets about
paths, olympiads and certificates. Moodle stores a condition that nobody can fulfil without a word (4.5.6): on
what is not there, on an element whose completion is not tracked, in a circle; each of them is refused by
name.
"""

from bridge.actions.action import Action
from bridge.actions.places import READS
from bridge.actions.restrict_access.params import RestrictAccessParams
from bridge.actions.restrict_access.plan import evidence, plan, taken_back
from bridge.actions.restrict_access.words import WORDS

ACTION = Action(
    name="restrict-access",
    params=RestrictAccessParams,
    words=WORDS,
    steps=frozenset({"access.restrict", "completion.set", "course.update"}),
    reads=READS,
    capabilities=frozenset(
        {
            "local/otbridge:view",
            "local/otbridge:run",
            "moodle/course:manageactivities",
            "moodle/course:update",
        }
    ),
    plan=plan,
    evidence=evidence,
    taken_back=taken_back,
)

__all__ = ["ACTION"]
