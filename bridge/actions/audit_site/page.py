"""The report of an audit as a page: one file without scripts, all text escaped."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from bridge.actions.registry import text

STATES = {
    "ok": "в порядке",
    "na": "не применимо",
    "info": "к сведению",
    "unknown": "не определено",
    "warning": "предупреждение",
    "critical": "опасно",
    "error": "ошибка",
}
"""States of Moodle's checks (core\\check\\result)."""
BAD = ("error", "critical", "warning", "unknown")
"""Those that somebody has to look at, the worst first."""


def page(document: Mapping[str, Any]) -> str:
    """The report in Russian.

    Parameters:
        document: the report of the step site.audit, with `site`, the site's address.
    """
    # Loaded here, for few orders need it.
    from jinja2 import StrictUndefined
    from jinja2.sandbox import SandboxedEnvironment

    environment = SandboxedEnvironment(
        undefined=StrictUndefined, autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["moment"] = _moment
    environment.globals.update(states=STATES, bad=BAD)
    source = text("audit_site", "report.html.j2")
    assert source is not None
    checks = sorted(document["checks"], key=lambda one: _rank(one["status"]))
    return environment.from_string(source).render(**{**document, "checks": checks})


def _rank(status: str) -> int:
    return BAD.index(status) if status in BAD else len(BAD)


def _moment(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%d.%m.%Y %H:%M UTC") if seconds else "никогда"
