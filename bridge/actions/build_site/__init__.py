"""build-site: a piece of a site from one document – roles, courses, and what stands in them.

Source: seed, items 2.4 ("Разработка прототипа среды электронного обучения") and 2.5 ("Внедрение среды
электронного обучения"), and 2.9.1 (business processes).

The document is the order itself, in the form's field or as a TOML or YAML file of the ticket. Each part of it
is one of the other actions, without its course. All of it becomes one program. What is there already
(courses and roles by their short names, elements by ID number or else by name) is brought to what the
document says and is otherwise left alone. A document that is applied again changes nothing, and one that has
grown adds what is new.
"""

from bridge.actions.action import Action
from bridge.actions.build_site.params import BuildSiteParams
from bridge.actions.build_site.parts import ACTIONS
from bridge.actions.build_site.plan import evidence, judge, plan, taken_back
from bridge.actions.build_site.words import WORDS

ACTION = Action(
    name="build-site",
    params=BuildSiteParams,
    words=WORDS,
    steps=frozenset().union(*(one.steps for one in ACTIONS)),
    reads=frozenset().union(*(one.reads for one in ACTIONS)),
    capabilities=frozenset().union(*(one.capabilities for one in ACTIONS)),
    plan=plan,
    judge=judge,
    evidence=evidence,
    taken_back=taken_back,
)

__all__ = ["ACTION"]
