"""What an operator reads, in their locale (English, Russian): gettext over the catalogues in bridge/locale/.

The locale is the environment's (LANGUAGE, LC_ALL, LC_MESSAGES, LANG). Customers' messages are not here:
bridge.flow.messages.
"""

from __future__ import annotations

import gettext
from functools import cache
from pathlib import Path

DOMAIN = "otbridge"
LOCALES = Path(__file__).with_name("locale")


@cache
def _translations() -> gettext.NullTranslations:
    return gettext.translation(DOMAIN, LOCALES, fallback=True)


def tr(message: str) -> str:
    """The message in the operator's language; itself where there is no translation."""
    return _translations().gettext(message) if message else ""


def noop(message: str) -> str:
    """Marks a message that is translated where it is shown: `tr` is called there."""
    return message
