"""Which settings of a theme orders may change."""

from __future__ import annotations

from fnmatch import fnmatchcase

from pydantic import Field

from bridge.actions.action import Policy, Rules
from bridge.actions.apply_theme.params import ApplyThemeParams
from bridge.actions.base import OrderRefused

SETTINGS = {
    "brand_color": "brandcolor",
    "preset": "preset",
    "scss": "scss",
    "scss_before": "scsspre",
    "scss_file": "scss",
    "scss_before_file": "scsspre",
    "logo": "logo",
    "compact_logo": "logocompact",
    "favicon": "favicon",
    "background": "backgroundimage",
    "login_background": "loginbackgroundimage",
    "dark_navbar": "navbardark",
}
"""Parameters, and the settings of Moodle that they set."""
OWN_PRESETS = ("default", "default.scss", "plain", "plain.scss")
"""Presets that come with a theme; every other one is a file of the ticket."""


class ApplyThemeRules(Rules):
    """[policy.apply-theme]."""

    settings: tuple[str, ...] = Field(
        (
            "brandcolor",
            "preset",
            "logo",
            "logocompact",
            "favicon",
            "backgroundimage",
            "loginbackgroundimage",
            "navbardark",
        ),
        description="settings of a theme that orders may change; raw SCSS has to be named: `scss`, "
        "`scsspre`, and `presetfiles` for a preset out of a file; patterns with `*` are understood",
    )


def refuse_beyond(params: ApplyThemeParams, policy: Policy) -> None:
    """Refuse an order for settings that the site's policy does not name.

    Raises:
        OrderRefused: `theme-setting`, with all of them.
    """
    wanted = {
        SETTINGS[name] for name in params.model_fields_set if name in SETTINGS and getattr(params, name) != ""
    }
    if params.preset and params.preset not in OWN_PRESETS:
        wanted.add("presetfiles")
    allowed = policy.of(ApplyThemeRules).settings
    beyond = sorted(one for one in wanted if not any(fnmatchcase(one, pattern) for pattern in allowed))
    if beyond:
        raise OrderRefused(
            "theme-setting",
            f"the site's policy does not let orders set {', '.join(beyond)} of a theme",
            settings=beyond,
        )
