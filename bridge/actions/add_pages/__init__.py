"""add-pages: pages with text in sections of a course.

Source: seed, item 2.1 (work with the customer's materials), and item 2.9.1 (teaching material into the
system, a new lesson in a course).
"""

from bridge.actions.action import Action
from bridge.actions.add_pages.params import AddPagesParams
from bridge.actions.add_pages.plan import evidence, plan, taken_back
from bridge.actions.add_pages.words import WORDS
from bridge.actions.elements import CAPABILITIES
from bridge.actions.places import READS

ACTION = Action(
    name="add-pages",
    params=AddPagesParams,
    words=WORDS,
    steps=frozenset({"module.add"}),
    reads=READS,
    capabilities=CAPABILITIES | {"mod/page:addinstance"},
    plan=plan,
    evidence=evidence,
    taken_back=taken_back,
)

__all__ = ["ACTION"]
