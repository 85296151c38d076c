"""create-categories: a tree of categories of courses.

Source: seed, items 2.4 and 2.5 ("создание категорий курсов"), 2.9.1 (extended support). Moodle takes a second
category of the same name in one place without a word (4.5.6).
"""

from bridge.actions.action import Action
from bridge.actions.categories import READS
from bridge.actions.create_categories.params import CreateCategoriesParams
from bridge.actions.create_categories.plan import evidence, plan, taken_back
from bridge.actions.create_categories.words import WORDS

ACTION = Action(
    name="create-categories",
    params=CreateCategoriesParams,
    words=WORDS,
    steps=frozenset({"category.create"}),
    reads=READS,
    capabilities=frozenset({"local/otbridge:view", "local/otbridge:run", "moodle/category:manage"}),
    plan=plan,
    evidence=evidence,
    taken_back=taken_back,
)

__all__ = ["ACTION"]
