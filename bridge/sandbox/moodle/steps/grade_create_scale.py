"""grade.create_scale: a scale of a course."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from bridge.sandbox.moodle.schema import Fault, Items, Shape, html, line, record
from bridge.sandbox.moodle.steps.base import Changed, Failure, StepKind, Work, known

if TYPE_CHECKING:
    from bridge.sandbox.moodle.site import Site


class GradeCreateScale(StepKind):
    """See the module."""

    name: ClassVar[str] = "grade.create_scale"
    shape: ClassVar[Shape] = Shape(
        {
            "course": record("course"),
            "name": line(255),
            "items": Items(line(100), ..., most=50),
            "descriptionhtml": html(),
        }
    )
    results: ClassVar[Mapping[str, str]] = {"id": "scale", "name": "text"}
    needs: ClassVar[tuple[str, ...]] = ("moodle/course:managescales",)

    def check(self, site: Site, params: Mapping[str, Any]) -> Iterator[Fault]:
        """See `StepKind.check`."""
        name = params["name"]
        if known(params["course"]) and site.store.row(
            "SELECT 1 FROM scale WHERE course = ? AND name = ?", params["course"], name
        ):
            yield Fault("name", "scalenametaken", f"There is a scale {name}", {"name": name})
        if len(params["items"]) < 2:
            facts: dict[str, Any] = {"count": len(params["items"]), "min": 2, "max": 50}
            yield Fault("items", "paramcount", "Must be at least 2", facts)
        for place, one in enumerate(params["items"]):
            if "," in one:
                facts = {"value": one, "pattern": "/^[^,]*\\z/"}
                yield Fault(f"items[{place}]", "parampattern", "Must have no comma", facts)

    def claims(self, params: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
        """See `StepKind.claims`."""
        yield "name", "scalenametaken", ("scale", params["course"], params["name"])

    def run(self, work: Work, params: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """See `StepKind.run`."""
        for fault in self.check(work.site, params):
            raise Failure(fault.code, fault.message)
        items = json.dumps(params["items"], ensure_ascii=False)
        made = work.site.store.insert("scale", course=params["course"], name=params["name"], items=items)
        return {"id": made, "name": params["name"]}, {"name": params["name"]}

    def undo(self, site: Site, result: Mapping[str, Any], kept: Mapping[str, Any]) -> None:
        """See `StepKind.undo`."""
        row = site.store.row("SELECT name FROM scale WHERE id = ?", result["id"])
        if row is not None and row["name"] != kept["name"]:
            raise Changed(f"scale {kept['name']}")
        site.store.execute("DELETE FROM scale WHERE id = ?", result["id"])


KIND = GradeCreateScale()
