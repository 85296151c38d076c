"""create-role: a new role with exactly the ordered capabilities and context levels.

Source: seed, item 2.9.1 ("Необходимо предоставить права доступа новому сотруднику или слушателю") and 2.5
(role model: roles, the capabilities of each, the contexts where each may be assigned).
"""

from bridge.actions.action import Action
from bridge.actions.create_role.params import CreateRoleParams
from bridge.actions.create_role.plan import evidence, judge, plan, taken_back
from bridge.actions.create_role.policy import CreateRoleRules
from bridge.actions.create_role.words import WORDS

ACTION = Action(
    name="create-role",
    params=CreateRoleParams,
    words=WORDS,
    steps=frozenset({"role.create"}),
    capabilities=frozenset(
        {"local/otbridge:view", "local/otbridge:run", "local/otbridge:managerole", "moodle/role:manage"}
    ),
    plan=plan,
    evidence=evidence,
    taken_back=taken_back,
    judge=judge,
    rules=CreateRoleRules,
)

__all__ = ["ACTION"]
