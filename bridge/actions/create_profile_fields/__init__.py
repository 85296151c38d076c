"""create-profile-fields: further fields of people's profiles, in categories.

Source: seed, item 2.5 ("описание организационной структуры" by profile fields) and item 4, the ticket on the
olympiad ("по полям профиля"). A menu's value that is not in its list erases the old one in Moodle, and short
names may repeat: both are refused.
"""

from bridge.actions.action import Action
from bridge.actions.create_profile_fields.params import CreateProfileFieldsParams
from bridge.actions.create_profile_fields.plan import evidence, plan, taken_back
from bridge.actions.create_profile_fields.words import WORDS

ACTION = Action(
    name="create-profile-fields",
    params=CreateProfileFieldsParams,
    words=WORDS,
    steps=frozenset({"profile.create_field"}),
    capabilities=frozenset({"local/otbridge:view", "local/otbridge:run", "moodle/user:update"}),
    plan=plan,
    evidence=evidence,
    taken_back=taken_back,
)

__all__ = ["ACTION"]
