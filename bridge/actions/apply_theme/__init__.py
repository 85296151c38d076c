"""apply-theme: the look of the site by settings of a theme, with logos, colours, a preset and SCSS.

Source: seed, items 2.2 ("Настройка шаблона оформления … в стиле предоставленного макета"), 2.3 ("Адаптация
внешнего вида") and 4 ("Настройка оформления … по материалам Заказчика"). No code is changed.
"""

from bridge.actions.action import Action
from bridge.actions.apply_theme.params import ApplyThemeParams
from bridge.actions.apply_theme.plan import evidence, plan, taken_back
from bridge.actions.apply_theme.policy import ApplyThemeRules
from bridge.actions.apply_theme.words import WORDS

ACTION = Action(
    name="apply-theme",
    params=ApplyThemeParams,
    words=WORDS,
    steps=frozenset({"theme.apply"}),
    capabilities=frozenset({"local/otbridge:view", "local/otbridge:run", "local/otbridge:managesite"}),
    plan=plan,
    evidence=evidence,
    taken_back=taken_back,
    rules=ApplyThemeRules,
)

__all__ = ["ACTION"]
