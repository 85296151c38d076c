"""category.sort_courses: the order of courses in their categories."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from bridge.sandbox.moodle.schema import Fault, Field, Shape, choice, flag
from bridge.sandbox.moodle.setting_steps import Settings, SettingStep
from bridge.sandbox.moodle.steps.base import Planned

if TYPE_CHECKING:
    from bridge.sandbox.moodle.site import Site


class CategorySortCourses(SettingStep):
    """See the module."""

    name: ClassVar[str] = "category.sort_courses"
    shape: ClassVar[Shape] = Shape(
        {
            "category": Field("category", None),
            "by": choice("startdate", "fullname", "shortname", "idnumber", "timecreated"),
            "descending": flag(default=False),
            "subcategories": flag(default=True),
        }
    )
    results: ClassVar[Mapping[str, str]] = {"changed": "bool", "courses": "int", "categories": "int"}
    needs: ClassVar[tuple[str, ...]] = ("moodle/category:manage",)

    def check(self, site: Site, params: Mapping[str, Any]) -> Iterator[Fault]:  # noqa: ARG002 (nothing can fail)
        """See `StepKind.check`."""
        yield from ()

    def check_within(self, site: Site, params: Mapping[str, Any], planned: Planned) -> Iterator[Fault]:  # noqa: ARG002
        """See `StepKind.check_within`."""
        if planned.setdefault(("order", params["category"]), params) is not params:
            yield Fault("category", "elementtwice", "It is sorted twice", {"element": ""})

    def wanted(self, site: Site, params: Mapping[str, Any]) -> Settings:
        """See `SettingStep.wanted`."""
        wanted = {}
        for category in self._categories(site, params):
            rows = site.store.rows("SELECT * FROM course WHERE category = ?", category)
            rows.sort(key=lambda row: (row[params["by"]], row["fullname"], row["id"]))
            ids = [row["id"] for row in rows]
            if ids:
                wanted[("course.order", category)] = ids[::-1] if params["descending"] else ids
        return wanted

    def told(self, site: Site, params: Mapping[str, Any]) -> dict[str, Any]:
        """See `SettingStep.told`."""
        orders = list(self.wanted(site, params).values())
        return {"courses": sum(map(len, orders)), "categories": len(orders)}

    @staticmethod
    def _categories(site: Site, params: Mapping[str, Any]) -> list[int]:
        top = params["category"]
        path = site.category(top)["path"] if top else ""
        below = site.store.rows("SELECT id FROM category WHERE path LIKE ?", f"{path}/%")
        return [*([top] if top else []), *(row["id"] for row in below if params["subcategories"])]


KIND = CategorySortCourses()
