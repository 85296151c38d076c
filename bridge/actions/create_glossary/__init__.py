"""create-glossary: a glossary of a course with its terms.

Source: seed, item 4 ("Создание элемента «Глоссарий» (до 10 терминов до 1800 знаков)"), and item 2.1 (work
with the customer's materials). Moodle accepts a blank concept, breaks at one over 255 characters, and tells ё
from е by its database (Moodle 4.5, PostgreSQL and MariaDB).
"""

from bridge.actions.action import Action
from bridge.actions.create_glossary.params import CreateGlossaryParams
from bridge.actions.create_glossary.plan import evidence, plan, taken_back
from bridge.actions.create_glossary.words import WORDS
from bridge.actions.elements import CAPABILITIES
from bridge.actions.places import READS

ACTION = Action(
    name="create-glossary",
    params=CreateGlossaryParams,
    words=WORDS,
    steps=frozenset({"module.add", "glossary.add_entry"}),
    reads=READS,
    capabilities=CAPABILITIES
    | {
        "mod/glossary:addinstance",
        "mod/glossary:approve",
        "mod/glossary:manageentries",
        "mod/glossary:write",
    },
    plan=plan,
    evidence=evidence,
    taken_back=taken_back,
)

__all__ = ["ACTION"]
