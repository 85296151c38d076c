"""category.create: a category of courses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from bridge.sandbox.moodle.schema import Fault, Field, Shape, flag, html, line
from bridge.sandbox.moodle.steps.base import Changed, Failure, StepKind, Work, known

if TYPE_CHECKING:
    from bridge.sandbox.moodle.site import Site


class CategoryCreate(StepKind):
    """See the module."""

    name: ClassVar[str] = "category.create"
    shape: ClassVar[Shape] = Shape(
        {
            "parent": Field("category", None),
            "name": line(255),
            "idnumber": line(100, ""),
            "descriptionhtml": html(),
            "visible": flag(default=True),
        }
    )
    results: ClassVar[Mapping[str, str]] = {"id": "category", "name": "text", "url": "text"}
    needs: ClassVar[tuple[str, ...]] = ("moodle/category:manage",)

    def check(self, site: Site, params: Mapping[str, Any]) -> Iterator[Fault]:
        """See `StepKind.check`."""
        name, idnumber = params["name"], params["idnumber"]
        if known(params["parent"]) and site.store.row(
            "SELECT 1 FROM category WHERE parent = ? AND name = ?", params["parent"] or 0, name
        ):
            yield Fault("name", "categorynametaken", f"There is a category {name}", {"name": name})
        if idnumber and site.store.row("SELECT 1 FROM category WHERE idnumber = ?", idnumber):
            message = f"The idnumber {idnumber} is taken"
            yield Fault("idnumber", "idnumbertaken", message, {"idnumber": idnumber})

    def claims(self, params: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
        """See `StepKind.claims`."""
        yield "name", "categorynametaken", ("category", params["parent"], params["name"])
        if params["idnumber"]:
            yield "idnumber", "idnumbertaken", ("category idnumber", params["idnumber"])

    def run(self, work: Work, params: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """See `StepKind.run`."""
        for fault in self.check(work.site, params):
            raise Failure(fault.code, fault.message)
        made = work.site.add_category(
            params["name"], idnumber=params["idnumber"] or None, parent=params["parent"] or 0
        )
        url = f"{work.site.url}/course/index.php?categoryid={made}"
        return {"id": made, "name": params["name"], "url": url}, {"name": params["name"]}

    def undo(self, site: Site, result: Mapping[str, Any], kept: Mapping[str, Any]) -> None:
        """See `StepKind.undo`."""
        row = site.store.row("SELECT name FROM category WHERE id = ?", result["id"])
        if row is None:
            return
        if row["name"] != kept["name"]:
            raise Changed(f"category {kept['name']}")
        inside = site.store.row("SELECT 1 FROM course WHERE category = ?", result["id"])
        if inside or site.store.row("SELECT 1 FROM category WHERE parent = ?", result["id"]):
            raise Failure("categorynotempty", f"There is something in the category {kept['name']}")
        site.store.execute("DELETE FROM category WHERE id = ?", result["id"])


KIND = CategoryCreate()
