"""module.add: an activity or a resource in a section of a course."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from bridge.sandbox.moodle.schema import Fault, Field, Items, Shape, choice, flag, html, line, number, record
from bridge.sandbox.moodle.steps.base import Changed, Failure, StepKind, Work, known

if TYPE_CHECKING:
    from bridge.sandbox.moodle.site import Site

TYPES = ("quiz", "assign", "lesson", "glossary", "page", "url", "label", "resource", "folder")


class ModuleAdd(StepKind):
    """See the module. The settings of each type are the real plugin's to judge; here they are kept only."""

    name: ClassVar[str] = "module.add"
    shape: ClassVar[Shape] = Shape(
        {
            "course": record("course"),
            "section": number(least=0),
            "type": choice(*TYPES),
            "name": line(255),
            "introhtml": html(),
            "showintro": flag(default=False),
            "idnumber": line(100, ""),
            "visible": flag(default=True),
            "settings": Field("object", {}),
            "files": Items(Field("file")),
        }
    )
    results: ClassVar[Mapping[str, str]] = {"cmid": "cm", "instance": "int", "url": "text"}
    needs: ClassVar[tuple[str, ...]] = ("moodle/course:manageactivities",)

    def check(self, site: Site, params: Mapping[str, Any]) -> Iterator[Fault]:
        """See `StepKind.check`."""
        course, section = params["course"], params["section"]
        if not known(course):
            return
        if known(section) and not site.store.row(
            "SELECT 1 FROM section WHERE course = ? AND number = ?", course, section
        ):
            yield Fault(
                "section",
                "sectionnotfound",
                f"Course {course} has no section {section}",
                {"section": section},
            )

    def run(self, work: Work, params: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """See `StepKind.run`."""
        site = work.site
        for fault in self.check(site, params):
            raise Failure(fault.code, fault.message)
        module = site.store.insert(
            "module",
            course=params["course"],
            section=params["section"],
            modname=params["type"],
            name=params["name"],
            contextid=site.store.new_context(),
        )
        url = f"{site.url}/mod/{params['type']}/view.php?id={module}"
        return {"cmid": module, "instance": module, "url": url}, {"name": params["name"]}

    def undo(self, site: Site, result: Mapping[str, Any], kept: Mapping[str, Any]) -> None:
        """See `StepKind.undo`."""
        found = site.store.row("SELECT name FROM module WHERE id = ?", result["cmid"])
        if found is None:
            return
        if found["name"] != kept["name"]:
            raise Changed(f"module {kept['name']}")
        if site.store.row("SELECT 1 FROM part WHERE module = ?", result["cmid"]):
            raise Changed(f"module {kept['name']}")
        site.store.execute("DELETE FROM module WHERE id = ?", result["cmid"])


KIND = ModuleAdd()
