"""frontpage.set: all courses in one list on the front page, without categories."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from bridge.sandbox.moodle.schema import Fault, Shape, choice, flag
from bridge.sandbox.moodle.setting_steps import Settings, SettingStep
from bridge.sandbox.moodle.steps.base import Planned

if TYPE_CHECKING:
    from bridge.sandbox.moodle.site import Site


class FrontpageSet(SettingStep):
    """See the module."""

    name: ClassVar[str] = "frontpage.set"
    shape: ClassVar[Shape] = Shape(
        {
            "by": choice("startdate", "fullname", "shortname", "idnumber", "timecreated"),
            "descending": flag(default=False),
        }
    )
    results: ClassVar[Mapping[str, str]] = {"changed": "bool", "showcase": "bool", "url": "text"}
    needs: ClassVar[tuple[str, ...]] = ("moodle/course:update",)

    def check(self, site: Site, params: Mapping[str, Any]) -> Iterator[Fault]:
        """See `StepKind.check`."""
        last = None
        for category in site.store.rows("SELECT id FROM category ORDER BY path"):
            rows = site.store.rows("SELECT * FROM course WHERE category = ?", category["id"])
            rows.sort(key=lambda row: (row[params["by"]], row["id"]), reverse=params["descending"])
            if rows and last is not None:
                one, other = last[params["by"]], rows[0][params["by"]]
                if one < other if params["descending"] else one > other:
                    facts = {"first": last["fullname"], "second": rows[0]["fullname"]}
                    yield Fault("by", "frontpagecategories", "The order would cross categories", facts)
                    return
            last = rows[-1] if rows else last

    def check_within(self, site: Site, params: Mapping[str, Any], planned: Planned) -> Iterator[Fault]:  # noqa: ARG002
        """See `StepKind.check_within`."""
        if planned.setdefault(("frontpage", 0), params) is not params:
            yield Fault("", "elementtwice", "It is set twice", {"element": "frontpage"})

    def wanted(self, site: Site, params: Mapping[str, Any]) -> Settings:  # noqa: ARG002 (as others)
        """See `SettingStep.wanted`."""
        return {("frontpage", 0): "allcourses"}

    def told(self, site: Site, params: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG002 (as others)
        """See `SettingStep.told`."""
        return {"showcase": False, "url": f"{site.url}/?redirect=0"}


KIND = FrontpageSet()
