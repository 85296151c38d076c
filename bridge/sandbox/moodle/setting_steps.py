"""Steps that change settings of things that are there: what was set is kept, and comes back unless somebody
set it otherwise since.
"""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bridge.sandbox.moodle.steps.base import Changed, Failure, Planned, StepKind, Work

if TYPE_CHECKING:
    from bridge.sandbox.moodle.site import Site

Settings = Mapping[tuple[str, int], Any]
"""Values by what is set and of which thing (its id); None: nothing is set."""


def get(site: Site, what: str, thing: int) -> Any:
    """What is set; None where nothing is."""
    row = site.store.row("SELECT value FROM setting WHERE what = ? AND thing = ?", what, thing)
    return None if row is None else json.loads(row["value"])


def put(site: Site, what: str, thing: int, value: Any) -> None:
    """Set it; None: nothing."""
    site.store.execute("DELETE FROM setting WHERE what = ? AND thing = ?", what, thing)
    if value is not None:
        site.store.insert("setting", what=what, thing=thing, value=json.dumps(value, ensure_ascii=False))


class SettingStep(StepKind):
    """A step that sets something."""

    @abstractmethod
    def wanted(self, site: Site, params: Mapping[str, Any]) -> Settings:
        """What shall be set.

        Raises:
            Failure: it cannot be.
        """

    def told(self, site: Site, params: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG002 (some tell no more)
        """What it returns beside `changed`."""
        return {}

    def run(self, work: Work, params: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """See `StepKind.run`."""
        site = work.site
        planned: Planned = {}
        for fault in (*self.check(site, params), *self.check_within(site, params, planned)):
            raise Failure(fault.code, fault.message)
        kept = []
        for (what, thing), value in self.wanted(site, params).items():
            kept.append([what, thing, get(site, what, thing), value])
            put(site, what, thing, value)
        changed = any(before != after for _, _, before, after in kept)
        return {"changed": changed, **self.told(site, params)}, {"settings": kept}

    def undo(self, site: Site, result: Mapping[str, Any], kept: Mapping[str, Any]) -> None:  # noqa: ARG002 (kept says all)
        """See `StepKind.undo`."""
        for what, thing, before, after in kept["settings"]:
            if get(site, what, thing) not in (before, after):
                raise Changed(f"{what} of {thing}")
        for what, thing, before, _ in kept["settings"]:
            put(site, what, thing, before)
