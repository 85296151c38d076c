"""configure-backups: automated backups of courses and recycle bins, set after the customer's wishes.

Source: seed, item 5 ("Настройка резервного копирования по пожеланиям Заказчика").
"""

from bridge.actions.action import Action
from bridge.actions.configure_backups.params import ConfigureBackupsParams
from bridge.actions.configure_backups.plan import evidence, plan, taken_back
from bridge.actions.configure_backups.words import WORDS

ACTION = Action(
    name="configure-backups",
    params=ConfigureBackupsParams,
    words=WORDS,
    steps=frozenset({"backup.configure"}),
    capabilities=frozenset({"local/otbridge:view", "local/otbridge:run", "local/otbridge:managesite"}),
    plan=plan,
    evidence=evidence,
    taken_back=taken_back,
    specialists_only=frozenset({"destination"}),
)

__all__ = ["ACTION"]
